# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What only the system itself can refuse: read-only and full file systems, missing rights; and two runs at a time.

Each case runs in a process of its own, which is given the conditions and prints one line.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import textwrap

import pytest
from host_support import AS_ROOT, BASE, MAY_MKNOD, SPEC, absent, different, full_node, present, small_node, snapshot

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import HostError

HERE = os.path.dirname(os.path.abspath(__file__))

_PROGRAM = """
import sys
sys.path[:0] = {path!r}
import host_support as support
from ansible_collections.nvmock.gpu.plugins.module_utils.host import guard
guard.open = support.kernel_devices(support.NO_DRIVER)
{rights}
from ansible_collections.nvmock.gpu.plugins.module_utils.errors import NvmockError
try:
    {code}
    print("done")
except NvmockError as error:
    print(type(error).__name__ + ": " + str(error))
"""


def _can_unshare():
    if not AS_ROOT or not shutil.which("unshare") or not shutil.which("mount"):
        return False
    command = ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /mnt"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


needs_mounts = pytest.mark.skipif(not _can_unshare(), reason="needs root, unshare(1) and leave to mount")
needs_root = pytest.mark.skipif(not AS_ROOT, reason="only root can become another user or drop capabilities")


def _program(code, rights=""):
    collections = [path for path in sys.path if os.path.isdir(os.path.join(path, "ansible_collections"))]
    paths = [HERE, *(os.path.abspath(path) for path in collections)]
    return _PROGRAM.format(path=paths, code=code, rights=textwrap.dedent(rights))


def _output(program, *wrap):
    done = subprocess.run(
        [*wrap, sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1, done.stdout
    return done.stdout.strip()


def _in_mounts(script, program):
    """Run *program* in a mount namespace of its own, after the shell commands *script*."""
    return _output(program, "unshare", "-m", "sh", "-ec", script + '\nexec "$@"', "sh")


@needs_mounts
@pytest.mark.parametrize("state", ["fresh", "made"])
def test_read_only(used_node, state):
    if state == "made":
        present(used_node, small_node(2))
    before = snapshot(used_node, identity=True)
    script = f"mount --bind {used_node} {used_node}; mount -o remount,bind,ro {used_node}"
    said = _in_mounts(script, _program(f"support.present({str(used_node)!r}, support.small_node(1))"))
    assert said.startswith("HostError: ") and "Read-only file system" in said and "nothing was changed" in said
    if state == "made":  # what is as it should be needs no writing
        same = _program(f"support.present({str(used_node)!r}, support.small_node(2))")
        assert _in_mounts(script, same) == "done"
        said = _in_mounts(script, _program(f"support.absent({str(used_node)!r}, support.small_node(2))"))
        assert said.startswith("HostError: ") and "Read-only file system" in said
    assert different(before, snapshot(used_node, identity=True)) == []


@needs_mounts
@pytest.mark.parametrize("size", ["4k", "16k", "64k", "200k"])
@pytest.mark.parametrize("limit", ["size", "nr_inodes"])
def test_a_full_filesystem_is_an_error_and_leaves_nothing(tmp_path, size, limit):
    """A small tmpfs: too few bytes or too few inodes for a node."""
    top = tmp_path / "small"
    top.mkdir()
    inodes = {"4k": "2", "16k": "9", "64k": "40", "200k": "150"}[size]
    option = f"size={size}" if limit == "size" else f"nr_inodes={inodes}"
    code = f"""before = support.snapshot({str(top)!r})
    try:
        support.present({str(top)!r}, support.full_node(8))
    finally:
        assert support.snapshot({str(top)!r}) == before"""
    said = _in_mounts(f"mount -t tmpfs -o {option} none {top}", _program(code))
    assert said.startswith("HostError: ") and "No space left on device" in said and "nothing was changed" in said


@needs_mounts
def test_full_while_growing(tmp_path):
    """A node that fits, on a file system that the bigger one does not fit: it stays as it is."""
    top = tmp_path / "small"
    top.mkdir()
    code = f"""support.present({str(top)!r}, support.full_node(1))
    before = support.snapshot({str(top)!r})
    try:
        support.present({str(top)!r}, support.full_node(64))
    finally:
        assert support.snapshot({str(top)!r}) == before
        support.absent({str(top)!r}, support.full_node(1))
        assert support.snapshot({str(top)!r}) == {{}}"""
    said = _in_mounts(f"mount -t tmpfs -o nr_inodes=400 none {top}", _program(code))
    assert said.startswith("HostError: ") and "No space left on device" in said and "nothing was changed" in said


# The libraries are read before the rights go: they may lie where only root may read.
_NOBODY = """
import fcntl, os
from ansible_collections.nvmock.gpu.plugins.module_utils.machine import build
from ansible_collections.nvmock.gpu.plugins.module_utils.node import components
support.full_node(1)
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
"""


@pytest.fixture
def reachable():
    """A host root that every user can reach."""
    with tempfile.TemporaryDirectory(prefix="nvmock-test-") as place:
        os.chmod(place, 0o755)
        top = os.path.join(place, "node")
        os.mkdir(top)
        yield top


@needs_root
@pytest.mark.parametrize("prepared", [False, True])
def test_another_user(reachable, prepared):
    if prepared:
        present(reachable, small_node(1))
    before = snapshot(reachable, identity=True)
    said = _output(_program(f"support.present({reachable!r}, support.small_node(2))", _NOBODY))
    assert said.startswith("HostError: ") and "Permission denied" in said and "nothing was changed" in said
    assert different(before, snapshot(reachable, identity=True)) == []
    if prepared:
        said = _output(_program(f"support.absent({reachable!r}, support.small_node(2))", _NOBODY))
        assert said.startswith("HostError: ") and "Permission denied" in said
        assert different(before, snapshot(reachable, identity=True)) == []


@needs_root
def test_host_root_that_may_not_be_read(reachable):
    os.chmod(reachable, 0o700)
    said = _output(_program(f"support.present({reachable!r}, support.small_node(1))", _NOBODY))
    assert said == f"HostError: host_root: {reachable}: Permission denied"


@needs_root
def test_an_ordinary_user_can_not_change_the_owner_of_files(reachable):
    os.chown(reachable, 65534, 65534)
    before = snapshot(reachable)
    said = _output(
        _program(
            f"support.OWNER = 0; support.MAY_MKNOD = False; support.present({reachable!r}, support.small_node())",
            _NOBODY,
        )
    )
    assert said.startswith("HostError: ") and "Operation not permitted" in said and "nothing was changed" in said
    assert different(before, snapshot(reachable)) == []


@pytest.mark.skipif(not MAY_MKNOD or not shutil.which("setpriv"), reason="needs root with CAP_MKNOD and setpriv(1)")
@pytest.mark.parametrize("prepared", [False, True])
def test_without_cap_mknod(used_node, prepared):
    if prepared:
        present(used_node, small_node(1))
    before = snapshot(used_node, identity=not prepared)
    code = f"support.MAY_MKNOD = True; support.present({str(used_node)!r}, support.small_node(2))"
    said = _output(_program(code), "setpriv", "--bounding-set=-mknod", "--inh-caps=-mknod")
    assert said.startswith("MknodError: ") and "run as root with CAP_MKNOD" in said
    assert "device_files=regular" in said and "nothing was changed" in said
    after = snapshot(used_node, identity=not prepared)
    if prepared:
        assert different(before, after) == []
    else:  # the manifest lay in /var/lib for a moment, which moved that directory's times
        assert [
            path for path in different(before, after) if path not in ("/", "/var", "/var/lib", "/dev", "/run")
        ] == []
    answer = "print(guard.may_mknod(), end=' ')"
    assert _output(_program(answer), "setpriv", "--bounding-set=-mknod", "--inh-caps=-mknod") == "False done"


@needs_root
def test_regular_files_without_cap_mknod(reachable):
    """What an ordinary user gets: a whole node of regular files, and it can be taken away again."""
    os.chown(reachable, 65534, 65534)
    code = f"""support.OWNER = None; support.MAY_MKNOD = False
    support.present({reachable!r}, support.full_node(2))
    assert support.present({reachable!r}, support.full_node(2)) == []
    found = support.snapshot({reachable!r})
    assert found[{BASE + "/dev/nvidia1"!r}][:4] == (0o100000, 0o666, 65534, 65534)
    support.absent({reachable!r}, support.full_node(2))
    assert support.snapshot({reachable!r}) == {{}}"""
    assert _output(_program(code, _NOBODY)) == "done"


@pytest.mark.skipif(not MAY_MKNOD, reason="needs leave to make block devices")
def test_a_block_device_in_place_of_a_managed_file(used_node):
    present(used_node, small_node())
    good = snapshot(used_node)
    os.unlink(f"{used_node}/dev/nvidia0")
    os.mknod(f"{used_node}/dev/nvidia0", 0o060666, os.makedev(195, 0))
    assert [change.path for change in present(used_node, small_node())] == ["/dev/nvidia0"]
    assert different(good, snapshot(used_node)) == []


def test_runs_at_the_same_time_wait_for_each_other(used_node):
    """Four processes, each going to and fro between its own two states; the end is one of the last states, whole."""
    code = f"""for number in range(6):
        support.present({str(used_node)!r}, support.small_node(1 + (number + {{offset}}) % 2))"""
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", _program(code.format(offset=offset))],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for offset in (0, 1, 0)
    ]
    for run in runs:
        out, err = run.communicate(timeout=60)
        assert (run.returncode, out, err) == (0, "done\n", "")
    end = snapshot(used_node)
    gpus = 2 if "/dev/nvidia1" in end else 1
    assert present(used_node, small_node(gpus)) == []
    absent(used_node, small_node(2))
    present(used_node, small_node(gpus))
    assert different(end, snapshot(used_node)) == []


def test_missing_host_root(tmp_path):
    with pytest.raises(HostError, match=r"host_root: the directory .*/none does not exist: create it, or name another"):
        present(tmp_path / "none", small_node())
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(HostError, match=r"host_root: .*/file: Not a directory"):
        present(tmp_path / "file", small_node())


def test_no_descriptor_is_left_open(used_node):
    before = os.listdir("/proc/self/fd")
    present(used_node, full_node(2))
    present(used_node, full_node(1))
    absent(used_node, full_node(1))
    assert len(os.listdir("/proc/self/fd")) == len(before)
    assert SPEC not in snapshot(used_node)
