# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Runs a program and stops it at every system call that changes a filesystem: to count, to refuse one, to kill.

The kernel tells the supervisor of such a call before it is made (seccomp_unotify(2)), so nothing of this is inside of the
program. Linux 5.9 or later, on x86_64 or aarch64.
"""

from __future__ import annotations

import array
import ctypes
import errno
import fcntl
import os
import platform
import select
import signal
import socket
import struct
import sys
import tempfile
import time
from collections.abc import Callable

from product import Outcome


def _table(text: str) -> dict[str, int]:
    words = text.split()
    return dict(zip(words[::2], map(int, words[1::2])))


_X86_64 = _table(
    "write 1 pwrite64 18 writev 20 open 2 openat 257 openat2 437 creat 85 sendfile 40 copy_file_range 326 fallocate 285"
    " truncate 76 ftruncate 77 rename 82 renameat 264 renameat2 316 mkdir 83 mkdirat 258 rmdir 84 link 86 linkat 265"
    " symlink 88 symlinkat 266 mknod 133 mknodat 259 unlink 87 unlinkat 263 chmod 90 fchmod 91 fchmodat 268 fchmodat2 452"
    " chown 92 fchown 93 lchown 94 fchownat 260 utimensat 280 setxattr 188 lsetxattr 189 fsetxattr 190 removexattr 197"
    " lremovexattr 198 fremovexattr 199 fsync 74 fdatasync 75 sync 162 syncfs 306"
)
_AARCH64 = _table(
    "write 64 pwrite64 68 writev 66 openat 56 openat2 437 sendfile 71 copy_file_range 285 fallocate 47 truncate 45"
    " ftruncate 46 renameat 38 renameat2 276 mkdirat 34 linkat 37 symlinkat 36 mknodat 33 unlinkat 35 fchmod 52"
    " fchmodat 53 fchmodat2 452 fchown 55 fchownat 54 utimensat 88 setxattr 5 lsetxattr 6 fsetxattr 7 removexattr 14"
    " lremovexattr 15 fremovexattr 16 fsync 82 fdatasync 83 sync 81 syncfs 267"
)
# machine -> (AUDIT_ARCH_*, numbers, number of seccomp(2))
_MACHINES = {"x86_64": (0xC000003E, _X86_64, 317), "aarch64": (0xC00000B7, _AARCH64, 277)}
_WRITES = ("write", "pwrite64", "writev")
SPACE = ("write", "pwrite64", "writev", "open", "openat", "openat2", "creat", "mkdir", "mkdirat", "mknod", "mknodat")
SPACE += ("link", "linkat", "symlink", "symlinkat", "sendfile", "copy_file_range", "fallocate")

_SET_FILTER, _NEW_LISTENER = 1, 8
_ALLOW, _NOTIFY = 0x7FFF0000, 0x7FC00000
_RECEIVE, _SEND, _CONTINUE = 0xC0502100, 0xC0182101, 1
_NO_NEW_PRIVILEGES = 38
_LIBC = ctypes.CDLL(None, use_errno=True)

# What is done with a call: None to let it happen, an errno to refuse it, KILL to kill the program before it.
KILL = -1
Judge = Callable[[int, str], "int | None"]
"""(number of the call from 1 on, its name) -> what is done with it."""


def missing() -> str:
    """Return why this machine can't supervise; an empty text if it can."""
    if platform.machine() not in _MACHINES:
        return f"no table of system calls for {platform.machine()}"
    outcome, count, _calls = run(["/bin/sh", "-c", "echo x > /dev/null"], lambda _number, _name: None)
    return "" if outcome.ok and count else f"seccomp notifications do not work here: {outcome}"


def run(command: list[str], judge: Judge, environment: dict[str, str] | None = None) -> tuple[Outcome, int, list[str]]:
    """Run *command*, asking *judge* before each system call that changes a filesystem.

    :returns: how it ended, the number of such calls, and their names.
    """
    env = {"PATH": os.path.dirname(sys.executable) + ":/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
    env.update(environment or {})
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        here, there = socket.socketpair()
        child = os.fork()
        if child == 0:
            _become(command, env, out.fileno(), err.fileno(), there)
        there.close()
        listener = _listener(here)
        here.close()
        calls: list[str] = []
        status = _supervise(child, listener, judge, calls) if listener >= 0 else os.waitpid(child, 0)[1]
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "backslashreplace"))
    outcome = Outcome(os.waitstatus_to_exitcode(status), texts[0], texts[1], 0.0, False)
    return outcome, len(calls), calls


def _become(command: list[str], env: dict[str, str], out: int, err: int, there: socket.socket) -> None:
    try:
        os.chdir("/")
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        listener = _filter()
        there.sendmsg([b"l"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [listener]))])
        there.close()
        os.close(listener)
        os.execve(command[0], command, env)
    finally:
        os._exit(126)


def _filter() -> int:
    """Install the filter in this process; return the descriptor by which the supervisor hears of calls."""
    arch, numbers, seccomp = _MACHINES[platform.machine()]
    wanted = sorted(numbers.values())
    code = [(0x20, 0, 0, 4), (0x15, 1, 0, arch), (0x06, 0, 0, _ALLOW), (0x20, 0, 0, 0)]
    code += [(0x15, len(wanted) - index, 0, number) for index, number in enumerate(wanted)]
    code += [(0x06, 0, 0, _ALLOW), (0x06, 0, 0, _NOTIFY)]
    program = b"".join(struct.pack("HBBI", *line) for line in code)
    buffer = ctypes.create_string_buffer(program)
    head = struct.pack("HxxxxxxQ", len(code), ctypes.addressof(buffer))
    _LIBC.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    listener = _LIBC.syscall(seccomp, _SET_FILTER, _NEW_LISTENER, ctypes.create_string_buffer(head))
    if listener < 0:
        os._exit(125)
    return int(listener)


def _listener(here: socket.socket) -> int:
    here.settimeout(60)
    message, rights, _flags, _address = here.recvmsg(1, socket.CMSG_SPACE(4))
    if not message or not rights:
        return -1
    return int(array.array("i", rights[0][2])[0])


def _supervise(child: int, listener: int, judge: Judge, calls: list[str]) -> int:
    """Answer until the child has ended; return its wait status."""
    names = {number: name for name, number in _MACHINES[platform.machine()][1].items()}
    deadline = time.monotonic() + 120
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    try:
        while True:
            for _descriptor, events in poll.poll(100):
                if events & select.POLLIN:
                    _answer(listener, judge, calls, names)
                else:  # nobody has the filter any more
                    return os.waitpid(child, 0)[1]
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return status
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
    finally:
        os.close(listener)


def _answer(listener: int, judge: Judge, calls: list[str], names: dict[int, str]) -> None:
    request = bytearray(80)
    try:
        fcntl.ioctl(listener, _RECEIVE, request)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EINTR):  # the program was killed meanwhile
            return
        raise
    identity, pid, _flags, number, _arch, _pointer, *arguments = struct.unpack("QIIiIQ6Q", request)
    name = names[number]
    verdict = None
    if _changes(name, arguments):
        calls.append(name)
        verdict = judge(len(calls), name)
    if verdict == KILL:
        os.kill(pid, signal.SIGKILL)
        return
    answer = struct.pack("QqiI", identity, 0, -verdict if verdict else 0, 0 if verdict else _CONTINUE)
    try:
        fcntl.ioctl(listener, _SEND, answer)
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise


def _changes(name: str, arguments: list[int]) -> bool:
    """Whether the call changes something: an open that creates, a write to anything but the output."""
    if name == "openat":
        return bool(arguments[2] & os.O_CREAT)
    if name == "open":
        return bool(arguments[1] & os.O_CREAT)
    return name not in _WRITES or arguments[0] > 2
