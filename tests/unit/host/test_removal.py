# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What a removal deletes: only what is as it was made, where the component can have made it, and through no link."""

from __future__ import annotations

import os
import shutil
import stat

import pytest
from host_support import (
    BASE,
    DRIVER_ROOT,
    MANIFEST,
    MAY_MKNOD,
    OWNER,
    SPEC,
    absent,
    different,
    full_node,
    present,
    record_replaced,
    small_node,
    snapshot,
    write,
)

from ansible_collections.nvmock.gpu.plugins.module_utils.host.entries import CHAR, DIRECTORY, FILE, SYMLINK
from ansible_collections.nvmock.gpu.plugins.module_utils.host.manifest import LOCK, Manifest, Owned
from ansible_collections.nvmock.gpu.plugins.module_utils.host.owner import Owner
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.devices import DeviceOptions
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.node import components
from ansible_collections.nvmock.gpu.plugins.module_utils.node.places import can_have_made

LIBRARY = f"{DRIVER_ROOT}/lib64/libcuda.so.550.54.15"


def _replaced_by(make):
    def change(path):
        os.unlink(path)
        make(path)

    return change


def _text(path):
    with open(path, "wb") as handle:
        handle.write(b"mine")


def _same_size(path):
    with open(path, "r+b") as handle:
        handle.seek(-1, os.SEEK_END)
        last = handle.read(1)
        handle.seek(-1, os.SEEK_END)
        handle.write(bytes([last[0] ^ 1]))


CHANGED = {
    "content": (LIBRARY, _text),
    "one bit": (LIBRARY, _same_size),
    "longer than any file": (LIBRARY, lambda path: os.truncate(path, 17 << 20)),
    "a link instead of a file": (SPEC, _replaced_by(lambda path: os.symlink("/etc/passwd", path))),
    "another target": (f"{DRIVER_ROOT}/lib64/libcuda.so.1", _replaced_by(lambda path: os.symlink("mine", path))),
    "a file instead of a link": (f"{DRIVER_ROOT}/lib64/libcuda.so.1", _replaced_by(_text)),
    "a pipe": (SPEC, _replaced_by(os.mkfifo)),
    "a file instead of a device": ("/dev/nvidia0", _replaced_by(_text)),
}
if MAY_MKNOD:
    CHANGED["other numbers"] = (
        "/dev/nvidia0",
        _replaced_by(lambda path: os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(195, 1))),
    )


@pytest.mark.parametrize("name", CHANGED)
def test_what_was_changed_stays_is_named_and_repaired_by_the_next_run(used_node, name):
    path, change = CHANGED[name]
    before = snapshot(used_node)
    present(used_node, small_node())
    good = snapshot(used_node)
    change(str(used_node) + path)
    changed = snapshot(used_node)[path]
    predicted = absent(used_node, small_node(), check=True)
    changes = absent(used_node, small_node())
    assert [(left.path, left.why) for left in changes.left] == [(path, "was changed since it was made")]
    assert (predicted, predicted.left) == (changes, changes.left)
    after = snapshot(used_node)
    assert after[path] == changed
    left = {place for place in different(before, after) if place != path}
    assert left <= {
        place for place in good if path.startswith(place + "/") or MANIFEST.startswith(place) or place == LOCK
    }
    assert absent(used_node, small_node()) == []
    present(used_node, small_node())
    assert different(good, snapshot(used_node)) == []
    assert absent(used_node, small_node()).left == ()
    assert different(before, snapshot(used_node)) == []


def test_mode_and_owner_do_not_count(used_node):
    before = snapshot(used_node)
    present(used_node, small_node())
    os.chmod(str(used_node) + SPEC, 0o600)
    os.chmod(str(used_node) + DRIVER_ROOT, 0o700)
    assert absent(used_node, small_node()).left == ()
    assert different(before, snapshot(used_node)) == []


def test_what_a_smaller_machine_leaves_is_compared_as_well(used_node):
    present(used_node, small_node(2))
    path = f"{BASE}/proc/driver/nvidia/gpus/0000:0f:00.0/information"
    write(used_node, path, b"mine")
    changes = present(used_node, small_node(1))
    assert [left.path for left in changes.left] == [path]
    assert snapshot(used_node)[path][4] == b"mine"
    assert present(used_node, small_node(1)) == []
    present(used_node, small_node(2))
    assert snapshot(used_node)[path][4] != b"mine"


def test_a_manifest_can_not_make_a_removal_delete_other_things(used_node):
    """Whatever a manifest lists: a component makes nothing there."""
    present(used_node, small_node())
    manifest = Manifest.from_bytes(snapshot(used_node)[MANIFEST][4])
    write(used_node, "/etc/shadow", b"root:x\n", 0o600)
    write(used_node, "/usr/lib/libc.so.6", b"libc")
    os.symlink("a", f"{used_node}/usr/lib/link")
    for path, kind in (("/etc/shadow", FILE), ("/usr/lib/libc.so.6", FILE), ("/usr/lib/link", SYMLINK)):
        for number, tag in enumerate(sorted(manifest.tags - {"manifest"})):
            if number == hash(kind) % 3 or path == "/etc/shadow":
                manifest.owned[path] = Owned(kind, frozenset([tag]))
                write(used_node, MANIFEST, Manifest(manifest.owned).to_bytes())
                changes = absent(used_node, small_node(), check=True)
                assert path in [left.path for left in changes.half_done]
                assert path not in [change.path for change in changes]
                assert path not in [change.path for change in present(used_node, small_node(2), check=True)]
        del manifest.owned[path]


def test_nothing_comes_back_where_no_component_makes_anything(used_node):
    present(used_node, small_node())
    manifest = Manifest.from_bytes(snapshot(used_node)[MANIFEST][4])
    line = b"./usr/lib/evil type=file tags=devices:/run/nvidia/driver replaced=file:4755:0:0:6576696c\n"
    first = Manifest(manifest.owned).to_bytes().decode().splitlines(True)
    listed = Manifest.from_bytes(("".join([first[0], first[3]]) + line.decode()).encode())
    manifest.owned.update(listed.owned)
    write(used_node, MANIFEST, Manifest(manifest.owned).to_bytes())
    assert [left.path for left in absent(used_node, small_node()).half_done] == ["/usr/lib/evil"]
    assert "/usr/lib/evil" not in snapshot(used_node)


def test_no_set_user_id_bit_comes_back_from_the_manifest(used_node):
    present(used_node, small_node())
    record_replaced(used_node, SPEC, mode=0o4755, uid=0, gid=0, content=b"theirs")
    absent(used_node, small_node())
    assert snapshot(used_node)[SPEC][1:] == (0o755, 0, 0, b"theirs")


def test_what_the_manifest_has_comes_back_into_a_directory_that_is_gone(used_node):
    present(used_node, small_node())
    record_replaced(used_node, SPEC, mode=0o640, uid=OWNER, gid=OWNER, content=b"theirs")
    shutil.rmtree(f"{used_node}/etc/cdi")
    absent(used_node, small_node())
    assert snapshot(used_node)[SPEC][1] == 0o640


def test_a_change_of_what_replaced_a_file_stays(used_node):
    write(used_node, SPEC, b"theirs")
    present(used_node, small_node(), take_over=True)
    write(used_node, SPEC, b"mine")
    assert [left.path for left in absent(used_node, small_node()).left] == [SPEC]
    assert snapshot(used_node)[SPEC][4] == b"mine"
    write(used_node, SPEC, b"theirs")
    assert absent(used_node, small_node()).left == ()
    assert snapshot(used_node)[SPEC][4] == b"theirs"
    assert MANIFEST not in snapshot(used_node)


@pytest.mark.parametrize("place", ["lib64", "bin", ""])
def test_a_directory_that_became_a_link(used_node, place):
    """It leads to the files of a real driver, say, which have the same names."""
    wanted = small_node()
    present(used_node, wanted)
    path = f"{DRIVER_ROOT}/{place}".rstrip("/")
    os.rename(str(used_node) + path, f"{used_node}/usr/lib/real")
    os.symlink("/usr/lib/real", str(used_node) + path)
    real = snapshot(f"{used_node}/usr/lib/real")
    (left,) = absent(used_node, wanted).left
    assert str(left).startswith(f"{path} is a symbolic link now: left as it is, with ")
    assert snapshot(f"{used_node}/usr/lib/real") == real
    present(used_node, wanted)
    assert snapshot(f"{used_node}/usr/lib/real") == real
    assert absent(used_node, wanted).left == ()


def test_one_directory_under_two_names(node):
    os.makedirs(f"{node}/run")
    os.makedirs(f"{node}/var")
    os.symlink("/run", f"{node}/var/run")
    before = snapshot(node)
    options = DeviceOptions(uid=OWNER, gid=OWNER, regular_files=not MAY_MKNOD)
    devices = components.devices(build_machine(gpu_count=1, uuid_seed="node"), f"/var{BASE}", options, "x86_64", True)
    spec = components.cdi_spec(f"{BASE}/x.yaml", {f"{BASE}/x.yaml": b"gpus: 1\n"}, OWNER, OWNER)
    for order in ([devices, spec], [spec, devices]):
        present(node, order)
        assert present(node, order) == []
        absent(node, order[:1])
        assert len(snapshot(node)) > 4
        absent(node, order[1:])
        assert different(before, snapshot(node)) == []


def test_every_place_of_a_component_is_one_where_it_can_have_made_something():
    for component in full_node(2, dri=True, mig={0: ["3g.20gb"]}):
        owner = Owner.from_tag(component.owner)
        assert owner.tag == component.owner
        for entry in component.entries:
            if entry.kind in (FILE, SYMLINK, CHAR):
                assert can_have_made(owner, entry.path), (component.owner, entry.path)
                assert component.makes(entry.path)
            else:
                assert entry.kind == DIRECTORY
        (gone,) = components.removed([component.owner])
        assert (gone.strict, gone.entries) == (component.strict, [])


@pytest.mark.parametrize(
    "owner, tag",
    [
        (Owner("devices", "/run/nvidia/driver"), "devices:/run/nvidia/driver"),
        (Owner("dev_root", "/run/nvidia/driver", "", "/"), "devices:/run/nvidia/driver@/"),
        (Owner("dev_root", "/run/x", "blue.1", "/opt/y"), "devices.blue.1:/run/x@/opt/y"),
        (Owner("driver_tree", "/opt/a@b:c", "b-c"), "driver_tree.b-c:/opt/a@b:c"),
        (Owner("cdi_spec", "/etc/cdi/x@/y.yaml"), "cdi_spec:/etc/cdi/x@/y.yaml"),
    ],
)
def test_names_of_owners(owner, tag):
    assert owner.tag == tag
    assert Owner.from_tag(tag) == owner


@pytest.mark.parametrize("tag", ["manifest", "", "devices", "devices:", "devices:x", "socks:/run", "one"])
def test_names_that_are_of_no_owner(tag):
    assert Owner.from_tag(tag) is None
