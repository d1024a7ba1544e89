# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Runs on real directories: idempotence, repair of each artefact, growing and shrinking, exact removal, modes, owners."""

from __future__ import annotations

import itertools
import os
import shutil
import stat

import pytest
from host_support import (
    AS_ROOT,
    BASE,
    DRIVER_ROOT,
    LOCK,
    MANIFEST,
    MAY_MKNOD,
    OWNER,
    SPEC,
    absent,
    different,
    full_node,
    owned_by,
    present,
    record_replaced,
    small_node,
    snapshot,
    write,
)

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import GuardError, HostError
from ansible_collections.nvmock.gpu.plugins.module_utils.host.entries import CHAR, DIRECTORY, FILE, SYMLINK
from ansible_collections.nvmock.gpu.plugins.module_utils.host.root import HostRoot
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.driver_tree import DriverTreeOptions
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.node import components


def test_what_is_wanted_is_there(node):
    wanted = full_node(8, dri=True)
    changes = present(node, wanted)
    found = snapshot(node)
    assert {change.path for change in changes} | {LOCK, MANIFEST} == set(found)
    for component in wanted:
        for entry in component.entries:
            kind, mode, _uid, _gid, special = found[entry.path]
            if entry.kind == DIRECTORY:
                assert (kind, mode) == (stat.S_IFDIR, entry.mode), entry.path
            elif entry.kind == FILE:
                assert (kind, mode, special) == (stat.S_IFREG, entry.mode, entry.content), entry.path
            elif entry.kind == SYMLINK:
                assert (kind, special) == (stat.S_IFLNK, entry.target), entry.path
            else:
                numbers = (entry.major, entry.minor)
                assert (kind, mode, special) == (stat.S_IFCHR, entry.mode, numbers), entry.path


@pytest.mark.parametrize("inhabited", [True, False])
def test_second_run_touches_nothing(fresh, inhabited):
    top = fresh(inhabited)
    wanted = full_node(8, dri=True, mig={0: ["3g.20gb", "1g.5gb"]})
    present(top, wanted)
    before = snapshot(top, identity=True)
    assert present(top, wanted) == []
    assert different(before, snapshot(top, identity=True)) == []


def test_check_predicts_and_changes_nothing(used_node):
    before = snapshot(used_node, identity=True)
    predicted = present(used_node, full_node(), check=True)
    assert different(before, snapshot(used_node, identity=True)) == []
    assert present(used_node, full_node()) == predicted
    predicted = present(used_node, full_node(3), check=True)
    assert present(used_node, full_node(3)) == predicted
    predicted = absent(used_node, full_node(), check=True)
    before = snapshot(used_node, identity=True)
    assert absent(used_node, full_node()) == predicted
    assert different(before, snapshot(used_node, identity=True)) != []


def _ways_to_break(entry):
    """(name, function of the path on disk) of every way in which an entry of this kind can go wrong."""

    def replaced_by(make):
        def broken(path):
            if os.path.isdir(path) and not os.path.islink(path):
                os.rename(path, path + ".aside")
            else:
                os.unlink(path)
            make(path)

        return broken

    def text(path):
        with open(path, "wb") as handle:
            handle.write(b"something else")

    def other_text(path):
        kept = stat.S_IMODE(os.stat(path).st_mode)
        os.chmod(path, kept | 0o200)  # only root writes to what nobody may write to
        text(path)
        os.chmod(path, kept)

    def emptied(path):
        kept = stat.S_IMODE(os.stat(path).st_mode)
        os.chmod(path, kept | 0o200)
        os.truncate(path, 0)
        os.chmod(path, kept)

    def mode(path):
        os.chmod(path, 0o640 if entry.kind != DIRECTORY else 0o700)

    ways = [("deleted", os.unlink)] if entry.kind != DIRECTORY else []
    if entry.kind != SYMLINK:
        ways.append(("mode", mode))
    if AS_ROOT:
        ways.append(("owner", lambda path: os.chown(path, 12, -1, follow_symlinks=False)))
        ways.append(("group", lambda path: os.chown(path, -1, 34, follow_symlinks=False)))
    if entry.kind != DIRECTORY:
        ways.append(("type: directory", replaced_by(os.mkdir)))
        ways.append(("type: pipe", replaced_by(os.mkfifo)))
    if entry.kind != SYMLINK and entry.kind != DIRECTORY:
        ways.append(("type: link", replaced_by(lambda path: os.symlink("elsewhere", path))))
    if entry.kind == SYMLINK:
        ways.append(("target", replaced_by(lambda path: os.symlink("elsewhere", path))))
        ways.append(("type: file", replaced_by(text)))
    if entry.kind == FILE:
        ways.append(("content", other_text))
        ways.append(("content: empty", emptied) if entry.content else ("longer", other_text))
    if entry.kind == CHAR:
        ways.append(("type: file", replaced_by(text)))
        other = os.makedev(entry.major, entry.minor + 1)
        ways.append(("minor", replaced_by(lambda path: os.mknod(path, stat.S_IFCHR | entry.mode, other))))
        major = os.makedev(entry.major + 1, entry.minor)
        ways.append(("major", replaced_by(lambda path: os.mknod(path, stat.S_IFCHR | entry.mode, major))))
    return ways


def test_each_broken_artefact_is_repaired_alone(used_node):
    """Every entry of a full node, and every way in which each kind can break (the product of both would take a minute)."""
    wanted = full_node(2, dri=True)
    present(used_node, wanted)
    good = snapshot(used_node)
    entries = [entry for component in wanted for entry in component.entries]
    tried = set()
    for number, entry in enumerate(entries):
        ways = _ways_to_break(entry)
        for turn, (name, breaks) in enumerate(ways):
            if turn != number % len(ways) and (entry.kind, name) in tried:
                continue
            tried.add((entry.kind, name))
            breaks(str(used_node) + entry.path)
            broken = different(good, snapshot(used_node))
            assert broken == [entry.path], (entry.path, name)
            changes = present(used_node, wanted)
            assert [change.path for change in changes] == [entry.path], (entry.path, name)
            assert different(good, snapshot(used_node)) == [], (entry.path, name)
    assert {kind for kind, _way in tried} >= {DIRECTORY, FILE, SYMLINK}
    assert not MAY_MKNOD or (CHAR, "major") in tried


def test_repair_touches_only_what_is_broken(used_node):
    wanted = full_node(2)
    present(used_node, wanted)
    before = snapshot(used_node, identity=True)
    os.chmod(f"{used_node}{DRIVER_ROOT}/bin/nvidia-smi", 0o600)
    present(used_node, wanted)
    touched = different(before, snapshot(used_node, identity=True))
    # The directories' own times change with the rename in them; the manifest is written for the time of the run.
    assert touched == sorted([f"{DRIVER_ROOT}/bin", f"{DRIVER_ROOT}/bin/nvidia-smi", "/var/lib/nvidia-mock", MANIFEST])


def test_a_deleted_directory_comes_back_whole(used_node):
    wanted = full_node(2)
    present(used_node, wanted)
    good = snapshot(used_node)
    aside = str(used_node) + ".aside"
    for place in ("/run/nvidia", BASE, BASE + "/proc", DRIVER_ROOT, DRIVER_ROOT + "/lib64", DRIVER_ROOT + "/bin"):
        os.rename(str(used_node) + place, aside)
        changes = present(used_node, wanted)
        assert all(change.path == place or change.path.startswith(place + "/") for change in changes)
        assert different(good, snapshot(used_node)) == []
        shutil.rmtree(aside)


@pytest.mark.parametrize("inhabited", [True, False])
def test_eight_four_eight(fresh, inhabited):
    top = fresh(inhabited)
    present(top, full_node(8, dri=True))
    eight = snapshot(top)
    changes = present(top, full_node(4, dri=True))
    assert f"{BASE}/dev/nvidia7" in {change.path for change in changes if change.action == "remove"}
    four = snapshot(top)
    assert not [path for path in four if path.endswith(("nvidia4", "nvidia7", "renderD135", "0000:bd:00.0"))]
    present(top, full_node(8, dri=True))
    assert different(eight, snapshot(top)) == []
    other = fresh(inhabited)
    present(other, full_node(4, dri=True))
    assert different(four, snapshot(other)) == []


def test_other_driver_version_leaves_no_stale_file(fresh):
    def tree(version):
        machine = build_machine(uuid_seed="node", driver_version=version)
        return [components.driver_tree(machine, DRIVER_ROOT, DriverTreeOptions(uid=OWNER, gid=OWNER))]

    top = fresh()
    present(top, tree("550.54.15"))
    present(top, tree("580.65.06"))
    changed = snapshot(top)
    assert not [path for path in changed if "550.54.15" in path]
    top = fresh()
    present(top, tree("580.65.06"))
    assert different(changed, snapshot(top)) == []


@pytest.mark.parametrize("inhabited", [True, False])
def test_absent_in_any_order_leaves_nothing(fresh, inhabited):
    wanted = small_node(2) + full_node(2)[2:3]
    orders = list(itertools.permutations(wanted))[:: 5 if inhabited else 9]
    for order in orders:
        top = fresh(inhabited)
        before = snapshot(top)
        present(top, wanted)
        for component in order:
            absent(top, [component])
        assert different(before, snapshot(top)) == [], [component.owner for component in order]
        assert absent(top, wanted) == []


def test_present_in_any_order_is_the_same(fresh):
    wanted = small_node(2)
    top = fresh()
    present(top, wanted)
    reference = snapshot(top)
    for order in list(itertools.permutations(wanted))[::3]:
        top = fresh()
        for component in order:
            present(top, [component])
        assert different(reference, snapshot(top)) == [], [component.owner for component in order]


def test_absent_keeps_unmanaged_files_in_managed_directories(used_node):
    wanted = full_node(2)
    before = snapshot(used_node)
    present(used_node, wanted)
    ours = [
        f"{DRIVER_ROOT}/lib64",
        f"{BASE}/dev",
        f"{BASE}/proc/driver/nvidia/gpus/0000:0f:00.0",
        "/var/lib/nvidia-mock",
    ]
    theirs = {}
    for place in ours:
        write(used_node, f"{place}/theirs", b"mine, not yours", 0o604)
    os.symlink("nowhere", f"{used_node}{DRIVER_ROOT}/lib64/a-link")
    kept = snapshot(used_node)
    for path in [*(f"{place}/theirs" for place in ours), f"{DRIVER_ROOT}/lib64/a-link"]:
        theirs[path] = kept[path]
        while path := os.path.dirname(path).rstrip("/"):
            theirs[path] = kept[path]
    absent(used_node, wanted)
    assert different({**before, **theirs}, snapshot(used_node)) == []
    # And a new life in the same directories works, which then are not ours to remove.
    present(used_node, wanted, take_over=True)
    absent(used_node, wanted)
    assert different({**before, **theirs}, snapshot(used_node)) == []


def test_absent_of_a_damaged_node(used_node):
    """What is not as it was made stays, is named, and can be removed once it is out of the way; links are not followed."""
    before = snapshot(used_node)
    wanted = full_node(1)
    present(used_node, wanted)
    top = str(used_node)
    shutil.rmtree(f"{top}{DRIVER_ROOT}/bin")
    write(top, f"{DRIVER_ROOT}/bin", b"a file in place of a directory")
    os.rename(f"{top}{DRIVER_ROOT}/lib64", f"{top}/aside")
    os.symlink("/aside", f"{top}{DRIVER_ROOT}/lib64")
    os.unlink(f"{top}/dev/nvidiactl")
    os.mkdir(f"{top}/dev/nvidiactl")
    os.unlink(f"{top}/dev/nvidia0")
    os.makedirs(f"{top}/dev/nvidia0/used")
    aside = snapshot(f"{top}/aside")
    for _again in range(2):
        changes = absent(used_node, wanted)
        assert [left.path for left in changes.left] == ["/dev/nvidia0", f"{DRIVER_ROOT}/bin", f"{DRIVER_ROOT}/lib64"]
        assert changes.left[2].why == "is a symbolic link now" and changes.left[2].below > 20
        assert len(changes.half_done) == 3 and len(changes.staying) == 3
        assert snapshot(f"{top}/aside") == aside
    assert changes == []
    shutil.rmtree(f"{top}/aside")
    os.unlink(f"{top}{DRIVER_ROOT}/lib64")
    os.unlink(f"{top}{DRIVER_ROOT}/bin")
    shutil.rmtree(f"{top}/dev/nvidia0")
    assert absent(used_node, wanted).left == ()
    assert different(before, snapshot(used_node)) == []


def test_what_was_taken_over_is_not_lost_behind_a_directory(used_node):
    write(used_node, "/dev/nvidia0", b"theirs")
    present(used_node, full_node(1), take_over=True)
    os.unlink(f"{used_node}/dev/nvidia0")
    os.makedirs(f"{used_node}/dev/nvidia0/used")
    assert [left.path for left in absent(used_node, full_node(1)).left] == ["/dev/nvidia0"]
    shutil.rmtree(f"{used_node}/dev/nvidia0")
    absent(used_node, full_node(1))
    assert snapshot(used_node)["/dev/nvidia0"][4] == b"theirs"
    assert MANIFEST not in snapshot(used_node)


def test_shrinking_keeps_unmanaged_files_in_managed_directories(used_node):
    present(used_node, full_node(4))
    place = f"{BASE}/proc/driver/nvidia/gpus/0000:4e:00.0"
    write(used_node, f"{place}/theirs", b"x")
    present(used_node, full_node(2))
    found = snapshot(used_node)
    assert f"{place}/theirs" in found
    assert f"{place}/information" not in found
    present(used_node, full_node(4))
    os.unlink(f"{used_node}{place}/theirs")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_umask_does_not_matter(fresh, umask):
    top = fresh()
    present(top, full_node(1))
    reference = snapshot(top)
    top = fresh()
    old = os.umask(umask)
    try:
        present(top, full_node(1))
        assert os.umask(umask) == umask
    finally:
        os.umask(old)
    assert different(reference, snapshot(top)) == []


def test_set_group_id_parents_do_not_matter(fresh):
    top = fresh(False)
    present(top, full_node(1))
    reference = snapshot(top)
    top = fresh(False)
    if AS_ROOT:
        os.chown(top, 0, 1234)
    os.chmod(top, 0o2775)
    present(top, full_node(1))
    found = snapshot(top)
    found[MANIFEST] = reference[MANIFEST] if found[MANIFEST][4] == reference[MANIFEST][4] else found[MANIFEST]
    without_group = {path: facts[:3] + facts[4:] for path, facts in found.items()}
    assert without_group == {path: facts[:3] + facts[4:] for path, facts in reference.items()}
    if AS_ROOT:  # where the owner is given the group is, too
        groups = {entry.path: found[entry.path][3] for component in full_node(1) for entry in component.entries}
        assert set(groups.values()) == {0}
    absent(top, full_node(1))
    assert snapshot(top) == {}


@pytest.mark.skipif(not AS_ROOT, reason="only root can give files away")
def test_owners_are_as_asked_for(used_node):
    wanted = owned_by(full_node(1), 65534, 65533)
    present(used_node, wanted)
    found = snapshot(used_node)
    for component in wanted:
        for entry in component.entries:
            assert found[entry.path][2:4] == (65534, 65533), entry.path
    assert present(used_node, wanted) == []


@pytest.mark.skipif(not AS_ROOT, reason="only root can give files away")
def test_a_link_in_a_new_directory_gets_its_group_at_once(used_node):
    wanted = owned_by(full_node(1), 0, 65533)
    present(used_node, wanted)
    found = snapshot(used_node)
    links = [entry.path for component in wanted for entry in component.entries if entry.kind == SYMLINK]
    assert links and {found[path][2:4] for path in links} == {(0, 65533)}


# --- what is not ours ---


def _plant_foreign(top):
    """Something else at the place of each kind of entry."""
    os.makedirs(f"{top}{DRIVER_ROOT}/lib64")
    os.makedirs(f"{top}{DRIVER_ROOT}/bin")
    write(top, f"{DRIVER_ROOT}/bin/nvidia-smi", b"a real one", 0o700)
    write(top, f"{DRIVER_ROOT}/lib64/libcuda.so.1", b"a file in place of a link", 0o444)
    os.symlink("/opt/real/libcuda.so", f"{top}{DRIVER_ROOT}/lib64/libcuda.so.550.54.15")
    write(top, SPEC, b"somebody's specification\n", 0o640)
    if MAY_MKNOD:
        os.mknod(f"{top}/dev/nvidia0", stat.S_IFCHR | 0o660, os.makedev(195, 3))
        os.chown(f"{top}/dev/nvidia0", 0, 44)
    else:
        write(top, "/dev/nvidia0", b"", 0o640)
    if AS_ROOT:
        os.chown(f"{top}{SPEC}", 12, 34)
        os.chown(f"{top}{DRIVER_ROOT}/lib64/libcuda.so.550.54.15", 56, 78, follow_symlinks=False)


@pytest.mark.parametrize("node_of", [small_node, full_node])
def test_unowned_files_are_refused_or_taken_over_and_put_back(used_node, node_of):
    _plant_foreign(used_node)
    before = snapshot(used_node, identity=True)
    with pytest.raises(GuardError) as refused:
        present(used_node, node_of(1))
    assert "take_over" in str(refused.value) and "\n" not in str(refused.value)
    without = [component for component in node_of(1) if not component.owner.startswith("driver_tree")]
    with pytest.raises(GuardError, match=r"/dev/nvidia0 \(and 1 more\) exists and was not made by nvmock\.gpu"):
        present(used_node, without)
    assert different(before, snapshot(used_node, identity=True)) == []
    before = snapshot(used_node)
    present(used_node, node_of(1), take_over=True)
    assert snapshot(used_node)[f"{DRIVER_ROOT}/bin/nvidia-smi"][1] == 0o755
    assert present(used_node, node_of(1)) == []
    present(used_node, node_of(2))
    absent(used_node, node_of(1))
    assert different(before, snapshot(used_node)) == []


def test_an_identical_link_or_device_is_not_removed_later(used_node):
    """They are the same on a real node, so that they prove nothing."""
    tree = full_node(1)[3]
    tree.entries = [entry for entry in tree.entries if entry.kind == SYMLINK]
    link = tree.entries[0]
    os.makedirs(os.path.dirname(str(used_node) + link.path))
    os.symlink(link.target, str(used_node) + link.path)
    before = snapshot(used_node)
    with pytest.raises(GuardError):
        present(used_node, [tree])
    present(used_node, [tree], take_over=True)
    absent(used_node, [tree])
    assert different(before, snapshot(used_node)) == []


def test_directory_where_a_file_should_be(used_node):
    os.makedirs(f"{used_node}/dev/nvidia0/inside")
    before = snapshot(used_node, identity=True)
    for take_over in (False, True):
        with pytest.raises(HostError, match=r"^/dev/nvidia0 is a directory, but .* must be there: move it away$"):
            present(used_node, small_node(), take_over=take_over)
    assert different(before, snapshot(used_node, identity=True)) == []


def test_a_directory_with_files_in_place_of_a_managed_file(used_node):
    present(used_node, small_node())
    os.unlink(f"{used_node}/dev/nvidia0")
    os.makedirs(f"{used_node}/dev/nvidia0/inside")
    before = snapshot(used_node, identity=True)
    with pytest.raises(HostError, match=r"^/dev/nvidia0 is a directory with files in it"):
        present(used_node, small_node())
    assert different(before, snapshot(used_node, identity=True)) == []


def test_nothing_of_another_component_makes_room_for_a_directory(used_node):
    present(used_node, small_node())
    before = snapshot(used_node, identity=True)
    wanted = components.cdi_spec("/dev/nvidia0/nvidia.yaml", {"/dev/nvidia0/nvidia.yaml": b"{}"}, OWNER, OWNER)
    message = r"^/dev/nvidia0 is a .* of devices:.*, but must be a directory for /dev/nvidia0/nvidia\.yaml: name another place$"
    with pytest.raises(HostError, match=message):
        present(used_node, [wanted])
    assert different(before, snapshot(used_node, identity=True)) == []


@pytest.mark.parametrize(
    "place", ["/run/nvidia", BASE, BASE + "/dev", DRIVER_ROOT, DRIVER_ROOT + "/lib64", "/etc", "/var"]
)
def test_file_where_a_directory_should_be(fresh, place):
    top = fresh(False)
    os.makedirs(os.path.dirname(str(top) + place), exist_ok=True)
    write(top, place, b"a file")
    before = snapshot(top, identity=True)
    for take_over in (False, True):
        # Without take_over, a used directory of somebody else's is refused before anything in it is looked at.
        with pytest.raises((HostError, GuardError)) as error:
            present(top, small_node(), take_over=take_over)
        assert str(error.value).split(" ", maxsplit=1)[0] in ((place,) if take_over else (place, BASE, DRIVER_ROOT))
        assert "\n" not in str(error.value)
        assert different(before, snapshot(top, identity=True)) == []


@pytest.mark.parametrize("below", ["", "/x", "/x/y"])
def test_a_path_below_a_file_is_named_in_the_message(used_node, below):
    write(used_node, "/etc/file", b"a file")
    with HostRoot(str(used_node)) as root, pytest.raises(HostError) as error:
        root.names("/etc/file" + below)
    what = f"must be one for /etc/file{below}" if below else "something must go into it"
    assert str(error.value) == f"/etc/file is not a directory, but {what}: move it away"
    with HostRoot(str(used_node)) as root, pytest.raises(HostError, match=f"must be one for /etc/file{below}/z: "):
        root.status(f"/etc/file{below}/z")


@pytest.mark.skipif(not AS_ROOT, reason="needs extended attributes of a trusted process")
def test_what_is_taken_over_comes_back_with_all_that_it_had(used_node):
    """It is moved aside, not copied: inode, times, attributes and other names of a file stay; its content is read nowhere."""
    place = f"{used_node}{SPEC}"
    write(used_node, SPEC, b"secret", 0o600)
    os.truncate(place, 17 * 1024 * 1024)
    os.setxattr(place, "user.note", b"of somebody else")
    os.utime(place, ns=(1, 2))
    os.link(place, f"{used_node}/etc/other-name")
    os.mkfifo(f"{used_node}/dev/nvidia0", 0o600)
    before = {path: os.lstat(f"{used_node}{path}") for path in (SPEC, "/dev/nvidia0")}
    present(used_node, small_node(), take_over=True)
    with open(f"{used_node}{MANIFEST}", "rb") as handle:
        manifest = handle.read()
    assert b"secret".hex().encode() not in manifest
    assert manifest.count(b" replaced=aside:.nvmock.kept-") == 2
    assert present(used_node, small_node()) == []
    absent(used_node, small_node())
    for path, status in before.items():
        now = os.lstat(f"{used_node}{path}")
        assert (now.st_ino, now.st_mtime_ns, now.st_nlink, now.st_mode) == (
            status.st_ino,
            status.st_mtime_ns,
            status.st_nlink,
            status.st_mode,
        )
    assert os.getxattr(place, "user.note") == b"of somebody else"
    assert [path for path in snapshot(used_node) if "nvmock" in path] == []


@pytest.mark.skipif(not AS_ROOT, reason="the manifest says that root owned the file")
def test_what_an_older_version_took_over_comes_back(used_node):
    """Its manifest has the content in it."""
    present(used_node, small_node())
    record_replaced(used_node, SPEC, mode=0o640, uid=12, gid=34, content=b"text")
    absent(used_node, small_node())
    assert snapshot(used_node)[SPEC][1:] == (0o640, 12, 34, b"text")


def test_a_foreign_driver_root_is_refused(used_node):
    tree = [component for component in full_node(1) if component.owner.startswith("driver_tree")]
    os.makedirs(f"{used_node}{DRIVER_ROOT}/usr")
    before = snapshot(used_node, identity=True)
    with pytest.raises(GuardError, match=r"is not empty and was not made by nvmock\.gpu .* take_over"):
        present(used_node, tree)
    assert different(before, snapshot(used_node, identity=True)) == []
    before = snapshot(used_node)
    present(used_node, tree, take_over=True)
    absent(used_node, tree)
    assert different(before, snapshot(used_node)) == []


def test_a_directory_that_also_has_the_manifest_is_repaired(fresh):
    """What only passes through a directory repairs it, if no other component has it."""
    top = fresh(False)
    present(top, full_node(1))
    good = snapshot(top)
    os.chmod(f"{top}/var", 0o700)
    if os.geteuid() == 0:
        os.chown(f"{top}/var", 65534, 0)
    present(top, full_node(1))
    assert different(good, snapshot(top)) == []
