# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Two runs on one node: they wait for each other, believe nothing from before, say whom they wait for, and end."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
import threading
import time

import pytest
from host_support import (
    AS_ROOT,
    LOCK,
    MANIFEST,
    MAY_MKNOD,
    absent,
    different,
    open_root,
    present,
    small_node,
    snapshot,
    write,
)

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import HostError
from ansible_collections.nvmock.gpu.plugins.module_utils.host import converge as converging
from ansible_collections.nvmock.gpu.plugins.module_utils.host import lock as locking
from ansible_collections.nvmock.gpu.plugins.module_utils.node import components

CLI = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "bin", "gpu-mockctl")
needs_root = pytest.mark.skipif(not AS_ROOT, reason="another user is needed")

_HOLDER = """
import fcntl, os, sys, time
handle = os.open(sys.argv[1], os.O_RDONLY)
if len(sys.argv) > 3:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
fcntl.flock(handle, fcntl.LOCK_SH if sys.argv[2] == "shared" else fcntl.LOCK_EX)
if "leave" in sys.argv:
    if os.fork():
        os._exit(0)
print("held", flush=True)
time.sleep(120)
"""


class Holder:
    """A process that holds a lock."""

    def __init__(self, path, *arguments):
        self._process = subprocess.Popen(
            [sys.executable, "-c", _HOLDER, path, *arguments], stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self.pid = self._process.pid
        assert self._process.stdout.readline() == "held\n"

    def __enter__(self):
        return self

    def __exit__(self, *_unused):
        os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        self._process.stdout.close()


def _ctl(top, *arguments):
    files = "char" if MAY_MKNOD else "regular"
    return [sys.executable, CLI, "--host-root", str(top), "--gpu-count", "1", "--device-files", files, *arguments]


def test_the_lock_file_is_roots_alone_and_goes_with_the_node(used_node):
    before = snapshot(used_node)
    present(used_node, small_node())
    status = os.lstat(f"{used_node}{LOCK}")
    assert stat.S_IMODE(status.st_mode) == 0o600 and stat.S_ISREG(status.st_mode) and status.st_size == 0
    os.chmod(f"{used_node}{LOCK}", 0o666)
    present(used_node, small_node())
    assert stat.S_IMODE(os.lstat(f"{used_node}{LOCK}").st_mode) == 0o600
    absent(used_node, small_node())
    assert different(before, snapshot(used_node)) == []


@pytest.mark.parametrize("kind", ["link", "directory", "pipe", "of another user", "with text in it"])
def test_something_else_in_the_place_of_the_lock(used_node, kind):
    present(used_node, small_node())
    place = f"{used_node}{LOCK}"
    if kind == "of another user":
        if not AS_ROOT:
            pytest.skip("only root can give files away")
        os.chown(place, 65534, 65534)
    elif kind == "with text in it":
        write(used_node, LOCK, b"of somebody else", 0o600)
    else:
        os.unlink(place)
        {"link": lambda path: os.symlink("/etc/passwd", path), "directory": os.mkdir, "pipe": os.mkfifo}[kind](place)
    before = snapshot(used_node, identity=True)
    with pytest.raises(HostError, match=re.escape(LOCK)) as error:
        present(used_node, small_node(2))
    assert "\n" not in str(error.value)
    assert different(before, snapshot(used_node, identity=True)) == []


@pytest.mark.parametrize("where", [LOCK, "/"])
def test_a_run_that_waits_too_long_names_the_holder(used_node, where, monkeypatch):
    present(used_node, small_node())
    before = snapshot(used_node, identity=True)
    monkeypatch.setattr(locking, "LONGEST_WAIT", 0.5)
    monkeypatch.setattr(locking, "_QUIET_WAIT", 0.1)
    said = []
    with Holder(f"{used_node}{where}", "exclusive") as holder, open_root(str(used_node), []) as root:
        with pytest.raises(HostError) as error:
            converging.change(root, lambda _root: small_node(2), say=said.append)
        named = f"process {holder.pid} ({sys.executable} -c "
        assert named in str(error.value) and "\n" not in str(error.value)
        assert "nothing was changed" in str(error.value)
        assert len(said) == 1 and named in said[0]
        assert different(before, snapshot(used_node, identity=True)) == []


@needs_root
@pytest.mark.parametrize("left", [(), ("leave",)])
@pytest.mark.parametrize("state", ["fresh", "made"])
def test_an_ordinary_user_stops_nobody(used_node, state, left):
    """flock -s /, as a shell does it too: the process that took the lock has ended, another keeps it."""
    os.chmod(used_node, 0o755)
    if state == "made":
        present(used_node, small_node(1))
    with Holder(str(used_node), "shared", "nobody", *left):
        start = time.monotonic()
        present(used_node, small_node(2))
        absent(used_node, small_node(2))
        assert time.monotonic() - start < 5


@needs_root
def test_an_ordinary_user_can_not_hold_the_lock_file(used_node):
    present(used_node, small_node())
    code = f"import os; os.setgid(65534); os.setuid(65534); os.open({str(used_node) + LOCK!r}, os.O_RDONLY)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "PermissionError" in done.stderr


def test_what_was_read_before_the_lock_is_not_believed(used_node, monkeypatch):
    """While a first run waits, the node is removed, and one directory is exchanged; it makes a whole node."""
    present(used_node, small_node(2))
    looks = []

    def look(root):
        looks.append(components.owners_of(root))
        return small_node(2)

    with open_root(str(used_node), small_node(2)) as root:
        assert root.is_directory("/run/nvidia/driver/dev")  # a descriptor that will be stale
        with Holder(f"{used_node}{LOCK}", "exclusive"):
            run = threading.Thread(target=converging.change, args=(root, look))
            run.start()
            time.sleep(0.3)
            assert looks == []
            monkeypatch.setattr(converging, "acquire", lambda root, *_more: locking.Lock(root.directory("/")))
            absent(used_node, small_node(2))
            monkeypatch.undo()
        run.join(20)
    assert looks == [[]]
    assert present(used_node, small_node(2)) == []


def test_a_run_that_is_overtaken_starts_again(used_node):
    """Two first runs with no lock between them: whoever shows the manifest's directory second reads everything anew."""
    looks = []

    def look(_root):
        looks.append(1)
        if len(looks) == 1:
            subprocess.run(
                [sys.executable, "-c", _SILENT.format(path=sys.path, top=str(used_node))],
                check=True,
                capture_output=True,
            )
        return small_node(2)

    with open_root(str(used_node), []) as root:
        converging.change(root, look)
    assert len(looks) == 2
    assert present(used_node, small_node(2)) == []


_SILENT = """
import sys
sys.path[:0] = {path!r}
import host_support as support
from ansible_collections.nvmock.gpu.plugins.module_utils.host import guard, lock
guard.open = support.kernel_devices(support.NO_DRIVER)
lock._acquire_old = lambda handle, wait: None
support.present({top!r}, support.small_node(1))
"""


@pytest.fixture
def sigint_is_not_ignored():
    """A shell lets its background jobs ignore SIGINT, and processes inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("sigint_is_not_ignored")
def test_sigterm_and_sigint_end_a_wait(used_node):
    present(used_node, small_node())
    before = snapshot(used_node, identity=True)
    commands = [(_ctl(used_node), signal.SIGINT, 130), (_ctl(used_node), signal.SIGTERM, -signal.SIGTERM)]
    watch = [sys.executable, CLI, "watch", *_ctl(used_node)[2:]]
    commands += [(watch, signal.SIGTERM, 0), (watch, signal.SIGINT, 0)]
    with Holder(f"{used_node}{LOCK}", "exclusive"):
        for command, number, status in commands:
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
                time.sleep(1.5)
                assert run.poll() is None
                run.send_signal(number)
                out, err = run.communicate(timeout=10)
                assert run.returncode == status, (command, number, out, err)
                assert "Traceback" not in err and len(err.splitlines()) <= 1
    assert different(before, snapshot(used_node, identity=True)) == []


@pytest.mark.parametrize("runs", [2, 5, 20])
def test_runs_at_once_end_as_if_one_came_after_the_other(used_node, runs, tmp_path):
    """Different nodes and removals, started together on a node that is not made yet; each ends with status 0."""
    kinds = [("--gpu-count", "2"), ("--remove",), ("--gpu-count", "3", "--machine", "dgxh100"), ("--mode", "fs")]
    commands = [_ctl(used_node, *kinds[number % len(kinds)]) for number in range(runs)]
    started = [subprocess.Popen(c, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for c in commands]
    for run in started:
        out, err = run.communicate(timeout=120)
        assert (run.returncode, [line for line in err.splitlines() if "waiting for" not in line]) == (0, []), (out, err)
    end = snapshot(used_node)
    _assert_is_a_serial_end(end, used_node, kinds[: min(runs, len(kinds))], tmp_path)


def _assert_is_a_serial_end(end, used_node, kinds, tmp_path):
    """What a run leaves depends on the runs before it in one way only: --mode fs leaves the rest of the node as it is."""
    import itertools
    import shutil

    from host_support import inhabit

    seen = []
    place = str(tmp_path / "serial")
    for length in range(1, len(kinds) + 1):
        for order in itertools.permutations(kinds, length):
            os.mkdir(place)
            inhabit(place)
            for kind in order:
                command = [place if part == str(used_node) else part for part in _ctl(used_node, *kind)]
                subprocess.run(command, check=True, capture_output=True)
            found = snapshot(place)
            shutil.rmtree(place)
            if different(found, end) == []:
                return
            seen.append((order, different(found, end)[:3]))
    raise AssertionError(seen)


@needs_root
def test_runs_of_an_older_version_are_waited_for(used_node):
    """They lock the directory of the host root; so does this version, as long as it works."""
    import fcntl

    handle = os.open(used_node, os.O_RDONLY)
    try:
        held = []

        def look(_root):
            with pytest.raises(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            held.append(1)
            return small_node()

        with open_root(str(used_node), []) as root:
            converging.change(root, look)
        assert held == [1]
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(handle)


def test_a_lock_file_without_a_manifest_is_used(used_node):
    os.makedirs(f"{used_node}/var/lib/nvidia-mock")
    write(used_node, LOCK, b"", 0o600)
    present(used_node, small_node())
    absent(used_node, small_node())
    assert MANIFEST not in snapshot(used_node) and LOCK not in snapshot(used_node)


def test_check_mode_waits_and_changes_nothing(used_node):
    """What it reads in the middle of another run is no node."""
    present(used_node, small_node())
    os.chmod(f"{used_node}{LOCK}", 0o640)
    before = snapshot(used_node, identity=True)
    told = []
    with open_root(str(used_node), small_node(2)) as root:
        run = threading.Thread(
            target=lambda: told.append(converging.change(root, lambda _root: small_node(2), check=True))
        )
        with Holder(f"{used_node}{LOCK}", "exclusive"):
            run.start()
            time.sleep(0.3)
            assert told == []
        run.join(20)
    assert told and told[0]
    assert different(before, snapshot(used_node, identity=True)) == []
