# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Symbolic links planted at every path under the roots and above them: never followed out of the host root."""

from __future__ import annotations

import os
import shutil

import pytest
from host_support import BASE, DRIVER_ROOT, MANIFEST, SPEC, absent, different, present, small_node, snapshot, write

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import NvmockError
from ansible_collections.nvmock.gpu.plugins.module_utils.host.root import HostRoot

TARGETS = {
    "absolute, out of the host root": "{canary}",
    "relative, out of the host root": "../../../../../../../../../../../../../..{canary}",
    "to the host root": "/",
    "up": "..",
    "to a directory inside": "/inside",
    "loop": "{name}",
    "dangling": "/nowhere/at/all",
}


@pytest.fixture
def canary(tmp_path):
    """A directory outside of the host root that looks inviting."""
    place = tmp_path / "canary"
    for path in ("dev", "driver", "lib64", "bin", "lib/nvidia-mock", "nvidia-mock", "nvidia/driver"):
        (place / path).mkdir(parents=True)
    for path in ("nvidia0", "dev/nvidia0", "nvidia.yaml", "manifest.mtree", "nvidia-smi", "bin/nvidia-smi"):
        (place / path).write_bytes(b"")
    return place


def _places():
    """Every path of a small node, and every directory above."""
    places = set()
    for component in small_node():
        for entry in component.entries:
            path = entry.path
            while path != "/":
                places.add(path)
                path = os.path.dirname(path)
    return sorted({*places, MANIFEST, os.path.dirname(MANIFEST)})


def _plant(top, path, target):
    """Put a link at *path*, moving aside what is there; return whether something was."""
    place = str(top) + path
    os.makedirs(os.path.dirname(place), exist_ok=True)
    there = os.path.lexists(place)
    if there:
        os.rename(place, place + ".aside")
    os.symlink(target, place)
    return there


def _run(run, *args, **options):
    """Run; a refusal must be one line."""
    try:
        run(*args, **options)
    except NvmockError as error:
        assert "\n" not in str(error), error
        return str(error)
    return None


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("moment", ["before present", "after present"])
def test_links_are_never_followed_out(fresh, canary, kind, moment):
    untouched = snapshot(canary, identity=True)
    for path in _places():
        top = fresh()
        os.mkdir(f"{top}/inside")
        write(top, "/inside/precious", b"of somebody else")
        if moment == "after present":
            present(top, small_node())
        target = TARGETS[kind].format(canary=canary, name=os.path.basename(path))
        _plant(top, path, target)
        inside = snapshot(f"{top}/inside")["/precious"]
        before = snapshot(top, identity=True)
        refused = _run(present, top, small_node())
        if refused is not None:
            assert different(before, snapshot(top, identity=True)) == [], (path, refused)
        _run(present, top, small_node(2))
        _run(present, top, small_node(1), take_over=True)
        _run(absent, top, small_node(2))
        assert different(untouched, snapshot(canary, identity=True)) == [], path
        assert snapshot(f"{top}/inside")["/precious"] == inside, path


def test_a_link_in_place_of_a_file_is_replaced_not_followed(used_node, canary):
    present(used_node, small_node())
    good = snapshot(used_node)
    for path in (SPEC, "/dev/nvidia0", f"{DRIVER_ROOT}/bin/nvidia-smi", f"{DRIVER_ROOT}/lib64/libcuda.so.550.54.15"):
        os.unlink(str(used_node) + path)
        os.symlink(f"{canary}/nvidia0", str(used_node) + path)
        assert [change.path for change in present(used_node, small_node())] == [path]
    assert different(good, snapshot(used_node)) == []
    assert (canary / "nvidia0").read_bytes() == b""


LEGITIMATE = {
    "/run -> var/run, relative": ("/run", "var/really-run"),
    "/run absolute": ("/run", "/var/really-run"),
    "/etc absolute": ("/etc", "/usr/etc"),
    "/etc/cdi relative": ("/etc/cdi", "../usr/etc"),
    "/etc/cdi through the top": ("/etc/cdi", "../../../../../usr/etc"),
    "/var/lib": ("/var/lib", "/usr/etc"),
    "/dev": ("/dev", "usr/etc"),
}


@pytest.mark.parametrize("name", LEGITIMATE)
def test_links_above_our_directories_lead_where_the_node_would_go(node, name):
    """/var/run -> /run, /lib -> usr/lib and the like are how nodes are built."""
    path, target = LEGITIMATE[name]
    for place in ("/var/really-run", "/usr/etc"):
        os.makedirs(f"{node}{place}")
    os.makedirs(os.path.dirname(str(node) + path), exist_ok=True)
    os.symlink(target, str(node) + path)
    before = snapshot(node)
    wanted = small_node(2)
    present(node, wanted)
    assert present(node, wanted) == []
    found = snapshot(node)
    where = "/var/really-run" if "run" in target else "/usr/etc"
    assert [place for place in found if place.startswith(where + "/")], found.keys()
    assert os.readlink(str(node) + path) == target
    present(node, small_node(1))
    absent(node, wanted)
    assert different(before, snapshot(node)) == []


def test_a_base_below_a_link(node):
    """/var/run/nvidia/driver is /run/nvidia/driver."""
    os.makedirs(f"{node}/run")
    os.makedirs(f"{node}/var")
    os.symlink("../run", f"{node}/var/run")
    with HostRoot(str(node)) as root:
        assert root.is_directory("/var/run")
        assert not root.is_directory("/var/run/nvidia")
        os.mkdir(f"{node}/run/nvidia")
        assert root.is_directory("/var/run/nvidia")


def test_strict_directories_refuse_links(node, canary):
    os.makedirs(f"{node}{BASE}")
    shutil.rmtree(f"{node}{BASE}")
    os.symlink(str(canary), f"{node}{BASE}")
    before = snapshot(node, identity=True)
    refused = _run(present, node, small_node())
    assert refused is not None and BASE in refused and "symbolic link" in refused
    assert different(before, snapshot(node, identity=True)) == []


def test_loops_and_long_chains_end_in_one_line(node):
    os.symlink("b", f"{node}/a")
    os.symlink("a", f"{node}/b")
    for number in range(60):
        os.symlink(f"chain{number + 1}", f"{node}/chain{number}")
    os.mkdir(f"{node}/chain60")
    with HostRoot(str(node)) as root:
        for path in ("/a", "/chain0"):
            with pytest.raises(NvmockError, match=r"^/(a|chain0): too many levels of symbolic links$"):
                root.directory(path)
        assert root.is_directory("/chain59")


def test_dotdot_in_a_path_does_not_leave_the_root(node):
    with HostRoot(str(node)) as root:
        for path in ("/..", "/../..", "/../canary", "/dev/../..", "/./."):
            with pytest.raises(NvmockError):
                root.directory(path)
