# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The lock that keeps two runs on one node apart.

The lock is flock(2) on a file beside the manifest that only root can open, so no other user can hold it. A node that
nvmock.gpu does not use has no such file. There, the first change makes it (``apply``), and a run that finds then that another
was first starts again. The file goes with the manifest. So whoever gets the lock compares the inode of the path with that
of the open file.

Older versions lock the directory of the host root. That lock is taken as well, first. As every user can hold it, a
run waits only for a process of root or of its own user.
"""

from __future__ import annotations

import os
import stat
import time

from ..errors import HostError
from . import manifest as manifests
from .root import split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .root import HostRoot

PATH = manifests.LOCK
NAME = split(PATH)[1]
MODE = 0o600

LONGEST_WAIT = 60.0
"""Seconds for which one process may hold the lock before a run gives up."""

_QUIET_WAIT = 3.0  # seconds after which a waiting run says so
_UNKNOWN_WAIT = 10.0  # seconds for a holder of the old lock that is in another PID namespace
_LOCKS = "/proc/locks"


class Interrupted(HostError):
    """A signal that the process has blocked ends the wait."""


class Overtaken(Exception):
    """Another run was first: what was read no longer counts."""


class Holder:
    """A process that holds a lock: its number, its real user id and its command line."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.uid = -1
        self.command = "?"
        try:
            with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as handle:
                # A user's set-user-id program has the real id of the user.
                self.uid = next((int(line.split()[1]) for line in handle if line.startswith("Uid:")), -1)
            with open(f"/proc/{pid}/cmdline", "rb") as handle:
                text = handle.read(200).replace(b"\0", b" ").decode("utf-8", "replace").strip()
            self.command = "".join(character if character.isprintable() else "?" for character in text) or "?"
        except (OSError, ValueError):
            pass  # it ended meanwhile


class Lock:
    """A lock that is held.

    :arg top: descriptor of the host root, which has the lock of older versions.
    :arg handle: the open lock file; None if the node has none yet, or this user can't open it.
    :arg is_missing: the node has no lock file yet.
    """

    def __init__(self, top: int, handle: int | None = None, is_missing: bool = False) -> None:
        self._top = top
        self._handle = handle
        self.is_missing = is_missing

    def adopt(self, handle: int) -> None:
        """Hold *handle*, a new lock file that is locked already."""
        self._handle = handle
        self.is_missing = False

    def release(self) -> None:
        """Release the lock."""
        import fcntl

        if self._handle is not None:
            os.close(self._handle)
        self._handle = None
        fcntl.flock(self._top, fcntl.LOCK_UN)


def acquire(root: HostRoot, say: Callable[[str], None] | None = None, check: bool = False) -> Lock:
    """Wait until no other run works on this host root. Descriptors of directories from before are dropped.

    :arg say: is told once that the run waits, and for whom.
    :arg check: change nothing, not even the mode of the lock file.
    :raises HostError: another process held the lock for too long, or the lock file can't be used.
    :raises Interrupted: a blocked SIGTERM or SIGINT arrived during the wait.
    """
    wait = _Wait(root.path, say)
    top = _opened(root)
    _acquire_old(top, wait)
    while True:
        root.drop()
        directory = root.directory(manifests.STATE_DIRECTORY)
        if directory is None:
            return Lock(top, is_missing=True)
        try:
            handle = _open(directory, check)
        except FileNotFoundError:
            return Lock(top, is_missing=True)
        except PermissionError:
            return Lock(top)  # this user can't change the node either
        try:
            while not _is_locked(handle):
                wait.pause(_holders(handle))
            root.drop()
            if _is_at_its_path(root, handle):
                return Lock(top, handle)
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def make(directory: int) -> int:
    """Make the lock file in *directory*, and return it open and locked.

    :raises Overtaken: another run has made it.
    """
    flags = os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        handle = os.open(NAME, flags, MODE, dir_fd=directory)
    except (FileExistsError, FileNotFoundError):
        raise Overtaken from None
    if not _is_locked(handle):
        os.close(handle)
        raise Overtaken
    return handle


def _open(directory: int, check: bool) -> int:
    """Open the lock file.

    :raises FileNotFoundError: there is none.
    :raises PermissionError: this user can't.
    :raises HostError: something else is in its place.
    """
    try:
        handle = os.open(NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
    except (FileNotFoundError, PermissionError):
        raise
    except OSError as error:
        raise HostError(f"{PATH} can't be opened: {error.strerror}") from None
    try:
        _check(handle, check)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _check(handle: int, check: bool) -> None:
    """Take care that only root, or the user who runs this, can hold the lock.

    :raises HostError: that can't be.
    """
    try:
        status = os.fstat(handle)
    except OSError as error:
        raise HostError(f"{PATH}: {error.strerror}") from None
    if not stat.S_ISREG(status.st_mode) or status.st_size or status.st_uid not in (0, os.geteuid()):
        raise HostError(f"{PATH} is not an empty file of root, so it is not the lock of nvmock.gpu: move it away")
    if stat.S_IMODE(status.st_mode) != MODE and not check:
        try:
            os.fchmod(handle, MODE)
        except OSError:
            return  # a read-only filesystem, for example


def _is_at_its_path(root: HostRoot, handle: int) -> bool:
    """Whether the path still leads to the file that is open: its last holder may have removed it."""
    found = root.status(PATH)
    try:
        status = os.fstat(handle)
    except OSError as error:
        raise HostError(f"{PATH}: {error.strerror}") from None
    return found is not None and (found.st_dev, found.st_ino) == (status.st_dev, status.st_ino)


def _is_locked(handle: int) -> bool:
    """Lock *handle* if nobody holds it; return whether it is locked now."""
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise HostError(f"host_root: can't be locked: {error.strerror}") from None
    return True


def _opened(root: HostRoot) -> int:
    handle = root.directory("/")
    if handle is None:
        raise HostError(f"host_root: {root.path} vanished")
    return handle


def _acquire_old(handle: int, wait: _Wait) -> None:
    """Take the lock of older versions, unless only other users hold it."""
    unknown_until = time.monotonic() + _UNKNOWN_WAIT
    while not _is_locked(handle):
        holders = _holders(handle)
        of_note = [holder for holder in holders if holder.uid in (0, os.getuid())]
        if not of_note and (holders or time.monotonic() > unknown_until):
            return
        wait.pause(of_note)


class _Wait:
    """A wait with an end, which tells what it waits for."""

    def __init__(self, path: str, say: Callable[[str], None] | None) -> None:
        self._path = path
        self._say = say
        self._start: float | None = None
        self._holders: list[int] = []
        self._since = 0.0  # from when on they have held the lock
        self._step = 0.01

    def pause(self, holders: list[Holder]) -> None:
        """Sleep for a moment.

        :raises HostError: it has taken too long.
        :raises Interrupted: a blocked signal ends it.
        """
        now = time.monotonic()
        if self._start is None:
            self._start = self._since = now
        pids = [holder.pid for holder in holders]
        if pids != self._holders:  # many short runs are no reason to give up
            self._holders, self._since = pids, now
        if now - self._since > LONGEST_WAIT:
            raise HostError(
                f"host_root: {self._path}: {_named(holders)} has held the lock for more than {LONGEST_WAIT:.0f} seconds: "
                "wait until it ends, or end it; nothing was changed"
            )
        if now - self._start > _QUIET_WAIT and self._say is not None:
            self._say(f"waiting for {_named(holders)}, which holds the lock of {self._path}")
            self._say = None
        import signal

        if not signal.sigpending().isdisjoint((signal.SIGTERM, signal.SIGINT)):
            raise Interrupted(f"host_root: {self._path}: interrupted while waiting for the lock; nothing was changed")
        time.sleep(self._step)
        self._step = min(self._step * 1.5, 0.1)


def _named(holders: list[Holder]) -> str:
    if not holders:
        return "a process in another PID namespace"
    return f"process {holders[0].pid} ({holders[0].command})"


def _holders(handle: int) -> list[Holder]:
    """The processes that hold flock(2) on the file *handle*, as far as this process can see them."""
    status = os.fstat(handle)
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    try:
        with open(_LOCKS, encoding="ascii", errors="replace") as lines:
            found = [line.split() for line in lines]
    except OSError:
        return []
    # "1: FLOCK  ADVISORY  WRITE 1234 00:1b:5678 0 EOF"; a process that waits has "->" as the second word.
    locks = [(int(words[4]), words[5]) for words in found if len(words) > 5 and words[1] == "FLOCK"]
    holders = [Holder(pid) for pid, where in locks if where == place]
    holders = [holder for holder in holders if holder.uid >= 0]
    if not holders and locks:
        # The process that took the lock has ended and left it to another, as flock(1) does in a shell; or the filesystem
        # (overlay, btrfs) has another device number in that list.
        numbers = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
        holders = [Holder(pid) for pid in numbers if _has_locked(pid, status)]
    return holders


def _has_locked(pid: int, status: os.stat_result) -> bool:
    """Whether an open file of the process *pid* is the one of *status*, with a lock on it (proc_pid_fdinfo(5))."""
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            found = os.stat(f"/proc/{pid}/fd/{name}")
            if (found.st_dev, found.st_ino) == (status.st_dev, status.st_ino):
                with open(f"/proc/{pid}/fdinfo/{name}", encoding="ascii", errors="replace") as handle:
                    if "FLOCK" in handle.read():
                        return True
    except OSError:
        pass  # it ended, or it belongs to another user
    return False
