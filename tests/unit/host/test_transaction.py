# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""All or none, where the error lasts as well: full disks, immutable files, mount points, lower layers, exceptions of any class."""

from __future__ import annotations

import contextlib
import fnmatch
import os
import re

import pytest
from host_support import (
    AS_ROOT,
    BASE,
    DRIVER_ROOT,
    LOCK,
    MANIFEST,
    SPEC,
    STAGED,
    Killed,
    absent,
    different,
    faults,
    full_node,
    present,
    small_node,
    snapshot,
    write,
)
from test_system import _in_mounts, _program, needs_mounts

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import HostError
from ansible_collections.nvmock.gpu.plugins.module_utils.host import entries, hidden
from ansible_collections.nvmock.gpu.plugins.module_utils.host.converge import Component
from ansible_collections.nvmock.gpu.plugins.module_utils.host.manifest import Manifest

NEVER = 1 << 30


def _runs_in(place, code):
    place.mkdir()
    said = _in_mounts(":", _program(f"import hard_places; hard_places.{code.format(top=str(place))}"))
    assert said == "done", said


@needs_mounts
@pytest.mark.parametrize("step", ["create", "change", "remove"])
@pytest.mark.parametrize("limit", ["size", "inodes"])
def test_a_full_disk_at_every_step(tmp_path, step, limit):
    _runs_in(tmp_path / "small", f"full({{top!r}}, {step!r}, {limit!r})")


@needs_mounts
def test_immutable_files_and_directories(tmp_path):
    _runs_in(tmp_path / "small", "immutable({top!r})")


@needs_mounts
def test_mount_points(tmp_path):
    _runs_in(tmp_path / "small", "mounted({top!r})")


@needs_mounts
def test_pipes_sockets_and_block_devices_come_back(tmp_path):
    _runs_in(tmp_path / "small", "odd_kinds({top!r})")


@needs_mounts
@pytest.mark.parametrize("whole", [True, False])
def test_a_node_in_a_lower_layer(tmp_path, whole):
    _runs_in(tmp_path / "small", f"overlay({{top!r}}, {whole})")


@needs_mounts
def test_what_can_not_be_cleaned_up_is_named(tmp_path):
    _runs_in(tmp_path / "small", "no_way_to_clean_up({top!r})")


def test_hidden_names_are_read_by_no_program(used_node):
    """At each point of a change: ldconfig, tmpfiles.d, CDI libraries and nvidia-ctk take no hidden name for theirs."""
    names = set()
    for at in range(1, 200, 3):
        present(used_node, small_node(1))
        with faults(at, Killed()) as faulty, contextlib.suppress(Killed):
            present(used_node, small_node(2))
        names |= {part for path in snapshot(used_node) for part in path.split("/") if part.startswith(".nvmock")}
        if not faulty.tripped:
            break
    names.add(hidden.kept_name("nvidia.yaml", lambda _name: False))
    assert len(names) > 20
    for name in names:
        for pattern in ("*.so", "*.so.*", "*.conf", "*.yaml", "*.json", "nvidia*"):
            assert not fnmatch.fnmatch(name, pattern), (name, pattern)


@pytest.mark.parametrize(
    "error", [OverflowError("too big"), ValueError("embedded\nnull"), RecursionError(), MemoryError()]
)
@pytest.mark.parametrize("run", [small_node, None])
def test_any_exception_ends_in_undo_and_one_line(used_node, error, run):
    present(used_node, small_node(2))
    before = snapshot(used_node)
    for at in range(1, 60, 4):
        with faults(at, error) as faulty:
            try:
                if run is None:
                    absent(used_node, small_node(2))
                else:
                    present(used_node, run(1))
            except HostError as refused:
                assert "\n" not in str(refused)
                assert type(error).__name__ in str(refused)
                if "everything else is done" in str(refused):
                    break
                assert different(before, snapshot(used_node)) == [], (at, str(refused))
            except type(error):
                assert different(before, snapshot(used_node)) == [], at
        assert faulty.tripped


def test_ctrl_c_ends_in_undo(used_node):
    present(used_node, small_node(2))
    before = snapshot(used_node)
    for at in range(1, 40, 3):
        with faults(at, KeyboardInterrupt()), pytest.raises(KeyboardInterrupt):
            present(used_node, small_node(1))
        if "/dev/nvidia1" not in snapshot(used_node):
            break  # past the point of no return
        assert different(before, snapshot(used_node)) == [], at


def test_a_stray_tree_with_an_old_hidden_name_is_left_alone(used_node):
    """However deep; only after an older version was killed is it removed, and then whole."""
    present(used_node, small_node(1))
    place = f"{used_node}{DRIVER_ROOT}/lib64/.nvmock.tmp"
    os.mkdir(place)
    handle = os.open(place, os.O_PATH)
    for _level in range(1500):
        os.mkdir("d", dir_fd=handle)
        deeper = os.open("d", os.O_PATH, dir_fd=handle)
        os.close(handle)
        handle = deeper
    os.close(handle)
    for gpus in (2, 1):
        present(used_node, small_node(gpus))
        assert os.path.isdir(place)
    with open(f"{used_node}{MANIFEST}", "rb") as made:
        manifest = Manifest.from_bytes(made.read())
    write(used_node, MANIFEST, Manifest(manifest.owned, in_progress=True).to_bytes())
    present(used_node, small_node(1))
    assert not os.path.lexists(place)


def test_hidden_names_of_others_are_left_alone(used_node):
    """A run removes only names with its own number, even after a kill."""
    present(used_node, small_node(1))
    theirs = [f"{DRIVER_ROOT}/lib64/{STAGED}0123abcd-1", f"/dev/{STAGED}keep", f"/var/lib/nvidia-mock/{STAGED}x"]
    for path in theirs:
        write(used_node, path, b"of somebody else")
    with faults(30, Killed()), pytest.raises(Killed):
        present(used_node, small_node(2))
    present(used_node, small_node(2))
    left = [path for path in snapshot(used_node) if ".nvmock.tmp" in path]
    assert left == sorted(theirs) or sorted(left) == sorted(theirs)


@pytest.mark.parametrize(
    "path, reason",
    [
        ("/dev/nvidia0/x.yaml", "/dev/nvidia0 is a character device, not a directory"),
        (f"{MANIFEST}/x.yaml", f"{MANIFEST} is a file, not a directory"),
        (f"{LOCK}/x.yaml", f"{LOCK} is a file, not a directory"),
        (MANIFEST, "belongs to nvmock.gpu itself"),
        ("/etc/cdi/" + "n" * 251 + ".yaml", "has more than 255 bytes"),
        ("/etc/cdi/" + "ü" * 126 + ".yaml", "has more than 255 bytes"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_paths_that_can_not_be_are_refused_before_anything_is_done(used_node, path, reason, check):
    device = entries.char_device("/dev/nvidia0", 195, 0)
    wanted = [Component("devices:/x", [device]), Component("cdi_spec:/x", [entries.file(path, b"")])]
    before = snapshot(used_node, identity=True)
    with pytest.raises(HostError, match=re.escape(reason)) as refused:
        present(used_node, wanted, check=check)
    assert "\n" not in str(refused.value)
    assert different(before, snapshot(used_node, identity=True)) == []


def test_one_directory_under_two_names(used_node):
    """/var/run is a link to /run here."""
    one = Component("one:/x", [entries.directory("/var/run/new"), entries.file("/var/run/new/a", b"a")])
    two = Component("two:/x", [entries.directory("/run/new"), entries.file("/run/new/b", b"b")])
    present(used_node, [one, two])
    found = snapshot(used_node)
    assert found["/run/new/a"][4] == b"a" and found["/run/new/b"][4] == b"b"
    assert present(used_node, [one, two]) == []


@pytest.mark.skipif(not AS_ROOT, reason="counts calls on a node of root")
def test_each_new_file_is_synced_once_before_the_first_rename(used_node, monkeypatch):
    from ansible_collections.nvmock.gpu.plugins.module_utils.host import put, steps

    order = []

    class Watched:
        def __getattr__(self, name):
            real = getattr(os, name)
            if name == "fsync":

                def call(handle):
                    order.append(("fsync", os.readlink(f"/proc/self/fd/{handle}")))
                    return real(handle)

                return call
            if name == "rename":

                def renamed(source, target, **places):
                    order.append(("rename", target))
                    return real(source, target, **places)

                return renamed
            return real

    wanted = full_node(2)
    monkeypatch.setattr(put, "os", Watched())
    monkeypatch.setattr(steps, "os", Watched())
    present(used_node, wanted)
    renames = [index for index, (what, _name) in enumerate(order) if what == "rename"]
    synced = [name for what, name in order if what == "fsync"]
    assert len(set(synced)) >= len(synced) - 2  # the manifest's directory, each time that the manifest changes
    files = {entry.path for component in wanted for entry in component.entries if entry.kind == "file"}
    before = [name for what, name in order[: renames[0]] if what == "fsync" and not os.path.isdir(name)]
    assert len(before) >= len(files)
    after = [name for what, name in order[renames[-1] :] if what == "fsync"]
    top = str(used_node)
    for place in ("/dev", "/etc/cdi", BASE, f"{DRIVER_ROOT}/lib64", "/var/lib/nvidia-mock"):
        assert top + place in after, place
    assert os.path.exists(top + SPEC)
