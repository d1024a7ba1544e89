# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The tmpfiles.d lines, as text and through systemd-tmpfiles itself."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils.host.entries import (
    CHAR,
    DIRECTORY,
    FILE,
    SYMLINK,
    char_device,
    directory,
    file,
    symlink,
)
from ansible_collections.nvmock.gpu.plugins.module_utils.host.guard import may_mknod
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.devices import DeviceOptions
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.tmpfiles import (
    tmpfiles_entries,
    tmpfiles_path,
    unit_name,
)
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.node import components

TMPFILES = shutil.which("systemd-tmpfiles")


def lines(*entries):
    made = tmpfiles_entries(list(entries), "/run/x")
    return made[0].content.decode().split("\n")[1:-1] if made else []


def test_lines():
    node = char_device("/dev/nvidia0", 195, 0)
    node.uid, node.gid = 0, 44
    assert lines(node) == ["c /dev/nvidia0 0666 0 44 - 195:0"]
    assert lines(directory("/run/x")) == ["d /run/x 0755 - - -"]
    assert lines(symlink("/run/x/a", "../b%c")) == ["L /run/x/a - - - - ../b%%c"]
    assert lines(file("/run/x/v", b"one\ttab\\\n50%\n", 0o444)) == ["f /run/x/v 0444 - - - one\\ttab\\\\\\n50%%\\n"]
    assert lines(file("/run/x/e", b"")) == ["f /run/x/e 0644 - - -"]


def test_only_what_does_not_survive_a_restart():
    assert lines(file("/etc/x", b"x"), char_device("/var/lib/d/dev/nvidia0", 195, 0)) == []
    assert tmpfiles_entries([], "/run/x") == []


def test_names_are_distinct():
    places = ("/run/nvidia/driver", "/run/nvidia-driver", "/run-nvidia/driver", "/dev", "/run")
    assert len({tmpfiles_path(place) for place in places}) == len(places)
    assert tmpfiles_path("/run/nvidia/driver") == "/etc/tmpfiles.d/nvmock-run-nvidia-driver.conf"


_PLACES = st.lists(st.text("ab-@.\\x40 ", min_size=1, max_size=4), min_size=1, max_size=3).map(
    lambda names: "/" + "/".join(names)
)
_INSTANCES = st.sampled_from(["", "a", "a-b", "a.b", "a_b", "dev", "run-a"])


@given(st.tuples(_PLACES, _INSTANCES), st.tuples(_PLACES, _INSTANCES))
def test_no_two_places_or_instances_share_a_file(one, other):
    assert (tmpfiles_path(*one) == tmpfiles_path(*other)) is (one == other)
    assert (unit_name(*one) == unit_name(*other)) is (one == other)


def test_the_names_of_an_instance():
    assert tmpfiles_path("/run/a-b", "blue-1") == "/etc/tmpfiles.d/nvmock.blue\\x2d1-run-a@b.conf"
    assert unit_name("/run/a-b", "blue-1") == "nvmock.blue\\x2d1-run-a\\x2db.service"


def test_a_unit_applies_the_lines_outside_of_dev():
    assert [entry.path for entry in tmpfiles_entries([char_device("/dev/nvidia0", 195, 0)], "/dev")] == [
        "/etc/tmpfiles.d/nvmock-dev.conf"
    ]
    made, unit, link = tmpfiles_entries([directory("/run/a-b/c d%")], "/run/a-b/c d%")
    assert unit.path == "/etc/systemd/system/nvmock-run-a\\x2db-c\\x20d\\x25.service"
    assert f'\nExecStart=systemd-tmpfiles --create "{made.path.replace("%", "%%")}"\n'.encode() in unit.content
    assert link.path == "/etc/systemd/system/sysinit.target.wants/" + unit.path.rpartition("/")[2]
    assert link.target == "../" + unit.path.rpartition("/")[2]


ANALYZE = shutil.which("systemd-analyze")


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("place", ["/run/nvidia/driver", "/run/with blank/100%", "/run/a'b", '/run/a"b'])
def test_systemd_understands_the_unit(tmp_path, place):
    _made, unit, _link = tmpfiles_entries([directory(place)], place)
    path = tmp_path / unit.path.rpartition("/")[2]
    path.write_bytes(unit.content)
    done = subprocess.run([ANALYZE, "verify", "--man=no", path], capture_output=True, text=True, check=False)
    assert str(path.name) not in done.stderr, done.stderr


def _restored(top, entries, place):
    """Write the tmpfiles.d file into the host root *top* and let systemd-tmpfiles work on it."""
    made, *_unit = tmpfiles_entries(entries, place)
    path = str(top) + made.path
    os.makedirs(os.path.dirname(path))
    with open(path, "wb") as handle:
        handle.write(made.content)
    return subprocess.run(
        [TMPFILES, "--create", f"--root={top}", made.path.rpartition("/")[2]],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )


@pytest.mark.skipif(TMPFILES is None, reason="systemd-tmpfiles is not installed")
@pytest.mark.skipif(not may_mknod(), reason="needs root with CAP_MKNOD")
@pytest.mark.parametrize(
    "base", ["/run/nvidia/driver", "/run/with blank/100%", "/run/a'b", '/run/a"b', "/run/back\\slash"]
)
def test_systemd_brings_back_everything(tmp_path, base):
    machine = build_machine(product_name='It\'s "odd" \\ 100%', mig_layout={0: ["1g.5gb"]})
    options = DeviceOptions(dri=True, uid=0, gid=0)
    wanted = components.devices(machine, base, options, "x86_64", False).entries
    top = tmp_path / "node"
    top.mkdir()
    done = _restored(top, wanted, base)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    for entry in wanted:
        status = os.lstat(str(top) + entry.path)
        kind = {CHAR: stat.S_ISCHR, DIRECTORY: stat.S_ISDIR, FILE: stat.S_ISREG, SYMLINK: stat.S_ISLNK}[entry.kind]
        assert kind(status.st_mode), entry.path
        if entry.kind != SYMLINK:
            assert stat.S_IMODE(status.st_mode) == entry.mode, entry.path
        if entry.kind == FILE:
            with open(str(top) + entry.path, "rb") as handle:
                assert handle.read() == entry.content, entry.path
        elif entry.kind == CHAR:
            assert (os.major(status.st_rdev), os.minor(status.st_rdev)) == (entry.major, entry.minor)
        elif entry.kind == SYMLINK:
            assert os.readlink(str(top) + entry.path) == entry.target
