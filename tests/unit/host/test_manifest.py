# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The manifest: round trip, versions, and what happens to one that is cut, damaged, lost or in the hands of others."""

from __future__ import annotations

import os
import stat

import pytest
from host_support import (
    AS_ROOT,
    DRIVER_ROOT,
    MANIFEST,
    SPEC,
    absent,
    different,
    full_node,
    owned_by,
    present,
    small_node,
    snapshot,
    write,
)
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import GuardError, HostError
from ansible_collections.nvmock.gpu.plugins.module_utils.host.converge import change, open_root
from ansible_collections.nvmock.gpu.plugins.module_utils.host.entries import CHAR, DIRECTORY, FILE, SYMLINK, Entry
from ansible_collections.nvmock.gpu.plugins.module_utils.host.manifest import Manifest, Owned, facts

# Names as a file system may have them (surrogates stand for bytes that are no UTF-8), without / and NUL.
_CHARACTERS = "abc089. \t\n\r#=,\\:-_@%'\"\u00e9\u2028\U0001f600\udc80\udcff"
_NAMES = st.text(_CHARACTERS, min_size=1, max_size=8).filter(lambda name: name not in (".", ".."))
_PATHS = st.lists(_NAMES, min_size=1, max_size=4).map(lambda names: "/" + "/".join(names))
_TAGS = st.frozensets(_PATHS.map(lambda path: "devices:" + path), min_size=1, max_size=3)
_MODES = st.integers(0, 0o7777)
_IDS = st.integers(0, 2**32 - 2)


@st.composite
def _entries(draw, path, kind):
    entry = Entry(path, kind, draw(_MODES), draw(_IDS), draw(_IDS))
    if kind == FILE:
        entry.content = draw(st.binary(max_size=20))
    elif kind == SYMLINK:
        entry.mode = None
        entry.target = draw(_PATHS)
    elif kind == CHAR:
        entry.major, entry.minor = draw(st.integers(0, 511)), draw(st.integers(0, 2**20 - 1))
    return entry


@st.composite
def _replaced(draw, path):
    kind = draw(st.sampled_from([None, FILE, SYMLINK, CHAR]))
    return None if kind is None else draw(_entries(path, kind))


@st.composite
def _manifests(draw):
    owned = {}
    for path in draw(st.lists(_PATHS, max_size=6)):
        kind = draw(st.sampled_from([DIRECTORY, FILE, SYMLINK, CHAR]))
        made = draw(st.lists(_entries(path, kind).map(facts), min_size=1, max_size=2, unique=True))
        owned[path] = Owned(kind, draw(_TAGS), draw(_replaced(path)), tuple(made))
    faults = draw(st.lists(st.text("abcdefghi_.=,0123456789 ", min_size=1, max_size=20), max_size=3, unique=True))
    return Manifest(owned, draw(st.booleans()), faults=tuple(sorted(faults)))


@given(_manifests())
def test_round_trip(manifest):
    data = manifest.to_bytes()
    again = Manifest.from_bytes(data)
    assert again.owned == manifest.owned
    assert again.in_progress == manifest.in_progress
    assert again.faults == manifest.faults
    assert not again.is_cut
    assert Manifest(again.owned, again.in_progress, faults=again.faults).to_bytes() == data


@given(_manifests(), st.data())
def test_a_cut_is_noticed_and_what_is_before_it_is_read(manifest, data):
    whole = manifest.to_bytes()
    part = Manifest.from_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    assert part.is_cut
    assert part.owned.items() <= manifest.owned.items()


@given(_manifests(), st.data())
def test_another_byte_is_noticed(manifest, data):
    whole = bytearray(manifest.to_bytes())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        again = Manifest.from_bytes(bytes(whole))
    except HostError as error:
        assert "\n" not in str(error)
    else:  # the header and the last line are no facts, but they must not be mistaken for others
        assert again.is_cut or again.owned == manifest.owned


@given(_manifests())
def test_only_faults_make_it_of_a_new_version(manifest):
    """An earlier nvmock.gpu reads what has no faults, and refuses what it would repair without a word."""
    assert manifest.to_bytes().startswith(b"#mtree\n# version: %d\n" % (4 if manifest.faults else 3))
    assert (b"\n# fault: " in manifest.to_bytes()) == bool(manifest.faults)


def test_faults_go_with_their_components(used_node):
    """A run keeps the faults, and whoever changes them is given those of before."""
    wanted = small_node()
    present(used_node, wanted)
    seen = []

    def edit(faults):
        seen.append(faults)
        return ("cdi_spec one", "devices two", "devices.blue three")

    with open_root(str(used_node), wanted) as root:
        change(root, lambda _root: [], faults=edit)
    assert seen == [()] and known(used_node).faults == ("cdi_spec one", "devices two")
    present(used_node, wanted)
    assert known(used_node).faults == ("cdi_spec one", "devices two")
    absent(used_node, [one for one in wanted if one.owner.startswith("cdi_spec")])
    assert known(used_node).faults == ("devices two",)


def known(top):
    return Manifest.from_bytes(snapshot(top)[MANIFEST][4])


_GOOD = Manifest(
    {"/dev/nvidia0": Owned(CHAR, frozenset(["devices:/run"]), None, ("type=char device=linux,195,0",))}
).to_bytes()


@given(st.binary(max_size=60), st.integers(0, len(_GOOD)))
def test_junk_is_refused_in_one_line_or_read(junk, at):
    """Whatever is in the file: a manifest, or a HostError; and no path that leads out."""
    for data in (junk, _GOOD + junk, _GOOD[:at] + junk, _GOOD[:at] + junk + _GOOD[at:], b"#mtree\n" + junk + b"\n"):
        try:
            manifest = Manifest.from_bytes(data)
        except HostError as error:
            assert "\n" not in str(error)
            assert MANIFEST in str(error)
        else:
            for path in manifest.owned:
                assert path.startswith("/") and not {"", ".", ".."} & set(path[1:].split("/"))


DAMAGE = {
    "text": b"hello\n",
    "binary": bytes(range(256)),
    "no type": b"#mtree\n./dev/nvidia0 tags=devices:/run\n",
    "unknown type": b"#mtree\n./dev/nvidia0 type=socket tags=devices:/run\n",
    "no tags": b"#mtree\n./dev/nvidia0 type=char\n",
    "out of the root": b"#mtree\n./../../etc/passwd type=file tags=devices:/run/nvidia/driver\n",
    "out of the root, inside": b"#mtree\n./dev/../../etc/passwd type=file tags=devices:/run/nvidia/driver\n",
    "not normalised": b"#mtree\n.//dev//nvidia0 type=file tags=devices:/run/nvidia/driver\n",
    "the root itself": b"#mtree\n./ type=dir tags=devices:/run/nvidia/driver\n",
    "bad escape": b"#mtree\n./dev/\\9 type=file tags=x\n",
    "bad replacement": b"#mtree\n./dev/nvidia0 type=file tags=x replaced=file:0644:0:0:zz\n",
    "replacement without numbers": b"#mtree\n./dev/nvidia0 type=file tags=x replaced=char:0644:0:0:\n",
    "NUL in an escape": b"#mtree\n./dev/nvidia\\000 type=file tags=x\n",
    "NUL": b"#mtree\n./dev/nvidia\0 type=file tags=x\n",
    "NUL in a link": b"#mtree\n./dev/nvidia0 type=file tags=x replaced=link:0:0:0:6100\n",
    "link to nothing": b"#mtree\n./dev/nvidia0 type=file tags=x replaced=link:0:0:0:\n",
    "huge mode": b"#mtree\n./dev/nvidia0 type=file tags=x replaced=file:" + b"7" * 30 + b":0:0:\n",
    "huge owner": b"#mtree\n./dev/nvidia0 type=file tags=x replaced=file:644:99999999999:0:\n",
    "negative owner": b"#mtree\n./dev/nvidia0 type=file tags=x replaced=file:644:-1:0:\n",
    "huge major": b"#mtree\n./dev/nvidia0 type=file tags=x replaced=char:644:0:0:"
    + b"99999999,0".hex().encode()
    + b"\n",
    "a directory that was replaced": b"#mtree\n./dev/nvidia0 type=file tags=x replaced=dir:755:0:0:\n",
    "a path twice": b"#mtree\n./dev/x type=file tags=x\n./dev/x type=file tags=x\n",
    "no tag": b"#mtree\n./dev/x type=file tags=\n",
    "odd facts": b"#mtree\n./dev/x type=file link=x tags=y\n",
    "odd words": b"#mtree\n./dev/x type=file tags=y mode=4755\n",
    "a line after the last": _GOOD + b"./etc/shadow type=file tags=devices:/run\n",
    "a line more": _GOOD.replace(b"# run: complete\n", b"# run: complete\n./etc/shadow type=file tags=devices:/run\n"),
    "a line less": b"".join(line for line in _GOOD.splitlines(True) if b"nvidia0" not in line),
    "a fault in a version without them": _GOOD.replace(b"# run", b"# fault: devices x\n# run"),
    "a later version": _GOOD.replace(b"# version: 3\n", b"# version: 5\n"),
    "no version": _GOOD.replace(b"# version: 3\n", b"# version: two\n"),
    "a version too long to read": _GOOD.replace(b"# version: 3\n", b"# version: " + b"9" * 5000 + b"\n"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_changes_nothing(used_node, name):
    present(used_node, small_node())
    write(used_node, MANIFEST, DAMAGE[name])
    before = snapshot(used_node, identity=True)
    for run in (lambda: present(used_node, small_node()), lambda: absent(used_node, small_node())):
        with pytest.raises(HostError) as error:
            run()
        assert MANIFEST in str(error.value) and "\n" not in str(error.value)
    assert different(before, snapshot(used_node, identity=True)) == []


@pytest.mark.parametrize("kind", ["directory", "link", "pipe", "link to a manifest"])
def test_something_else_in_its_place(used_node, kind):
    present(used_node, small_node())
    place = str(used_node) + MANIFEST
    os.rename(place, place + ".aside")
    if kind == "directory":
        os.mkdir(place)
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        os.symlink(os.path.basename(place) + ".aside" if "manifest" in kind else "/etc/passwd", place)
    before = snapshot(used_node, identity=True)
    for run in (lambda: present(used_node, small_node()), lambda: absent(used_node, small_node())):
        with pytest.raises(HostError) as error:
            run()
        assert MANIFEST in str(error.value) and "\n" not in str(error.value)
    assert different(before, snapshot(used_node, identity=True)) == []


def test_a_later_version_is_named(used_node):
    present(used_node, small_node())
    write(used_node, MANIFEST, DAMAGE["a later version"])
    with pytest.raises(
        HostError, match=r"was written by a newer nvmock.gpu .*version 5.*: use that one or a newer one"
    ):
        present(used_node, small_node())


def test_a_huge_manifest_is_refused_at_once(used_node):
    present(used_node, small_node())
    os.truncate(str(used_node) + MANIFEST, 3 << 30)
    for run in (present, absent):
        with pytest.raises(HostError, match=f"^{MANIFEST}: has 3221225472 bytes, more than any manifest: "):
            run(used_node, small_node())


CUTS = {
    "empty": 0,
    "in the header": 20,
    "after the header": 120,
    "in a line": 700,
    "before the last line": -30,
    "last": -1,
}


def is_as_before(top, before):
    """Whether everything is as before, but for directories that may have been there before."""
    after = snapshot(top)
    return before.items() <= after.items() and all(
        stat.S_ISDIR(after[path][0]) for path in after.keys() - before.keys()
    )


@pytest.mark.parametrize("name", CUTS)
def test_a_cut_manifest_is_completed_by_the_next_run(used_node, name):
    write(used_node, "/run/other")
    before = snapshot(used_node)
    present(used_node, small_node())
    good = snapshot(used_node)
    write(used_node, MANIFEST, good[MANIFEST][4][: CUTS[name]])
    cut = snapshot(used_node, identity=True)
    with pytest.raises(HostError, match="its end is missing, so that it does not name everything: run again"):
        absent(used_node, small_node())
    assert different(cut, snapshot(used_node, identity=True)) == []
    assert present(used_node, small_node()) == []
    assert different(good, snapshot(used_node)) in ([], [MANIFEST])
    assert present(used_node, small_node()) == []
    absent(used_node, small_node())
    assert is_as_before(used_node, before)


@pytest.mark.parametrize("separately", [False, True])
@pytest.mark.parametrize("inhabited", [False, True])
def test_a_lost_manifest_comes_back(fresh, inhabited, separately):
    """What is equal to what is wanted is managed again, what is damaged is repaired, and all can be removed."""
    top = fresh(inhabited)
    if inhabited:
        os.makedirs(f"{top}/run", exist_ok=True)  # an empty directory is never taken for a managed one
    before = snapshot(top)
    present(top, full_node(2))
    good = snapshot(top)
    os.unlink(str(top) + MANIFEST)
    if not separately:
        write(top, f"{DRIVER_ROOT}/bin/nvidia-smi", b"edited", 0o755)
    os.chmod(str(top) + SPEC, 0o600)
    os.unlink(f"{top}{DRIVER_ROOT}/lib64/libcuda.so.1")
    wanted = full_node(2)
    # Directories that several components use are adopted with the last of them: the run after that completes the manifest.
    for part in [wanted[:3], wanted[3:4], wanted[4:], wanted] if separately else [wanted]:
        present(top, part)
    assert different(good, snapshot(top)) in ([], [MANIFEST])
    absent(top, full_node(2))
    assert is_as_before(top, before)


def test_a_lost_manifest_leaves_no_changed_directory(used_node):
    """Directories that only nvmock.gpu uses get their modes back with what is in them."""
    present(used_node, full_node(1))
    good = snapshot(used_node)
    os.unlink(str(used_node) + MANIFEST)
    os.chmod(f"{used_node}{DRIVER_ROOT}/lib64", 0o2700)
    present(used_node, full_node(1))
    assert different(good, snapshot(used_node)) in ([], [MANIFEST])
    assert present(used_node, full_node(1)) == []


def test_a_lost_manifest_adopts_no_device_nodes_alone(used_node):
    """They are the same on a node with a real driver that is not loaded."""
    nodes = full_node(1)[1:2]
    present(used_node, nodes)
    os.unlink(str(used_node) + MANIFEST)
    nodes[0].entries = [entry for entry in nodes[0].entries if entry.path.startswith("/dev/")]
    with pytest.raises(GuardError, match=r"exists and was not made by nvmock.gpu"):
        present(used_node, nodes)


@pytest.mark.skipif(not AS_ROOT, reason="only root can give files away")
@pytest.mark.parametrize("place", [MANIFEST, os.path.dirname(MANIFEST)])
@pytest.mark.parametrize("what", ["mode", "group", "owner"])
def test_a_manifest_that_others_can_write_is_refused(used_node, place, what):
    present(used_node, small_node())
    path = str(used_node) + place
    if what == "owner":
        os.chown(path, 65534, 0)
    else:
        os.chmod(path, os.stat(path).st_mode | (0o002 if what == "mode" else 0o020))
    before = snapshot(used_node, identity=True)
    for run in (present, absent):
        with pytest.raises(
            HostError, match=f"^{place}: (mode|owner) .* lets others decide what is deleted: .*chmod 0"
        ) as error:
            run(used_node, small_node())
        assert "\n" not in str(error.value)
    assert different(before, snapshot(used_node, identity=True)) == []


def test_a_foreign_directory_for_the_manifest_is_not_used(used_node):
    os.mkdir(f"{used_node}{os.path.dirname(MANIFEST)}")
    os.chmod(f"{used_node}{os.path.dirname(MANIFEST)}", 0o777)
    with pytest.raises(HostError, match=r"^/var/lib/nvidia-mock: mode 0777 lets others"):
        present(used_node, small_node())


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o755])
def test_the_mode_of_the_manifest_is_held(used_node, mode):
    present(used_node, small_node())
    good = snapshot(used_node)
    os.chmod(str(used_node) + MANIFEST, mode)
    assert present(used_node, small_node()) == []
    assert different(good, snapshot(used_node)) == []


@pytest.mark.skipif(not AS_ROOT, reason="only root can give files away")
def test_the_directory_of_the_manifest_is_not_given_away(used_node):
    wanted = owned_by(small_node(), 65534, 65534)
    present(used_node, wanted)
    assert snapshot(used_node)[os.path.dirname(MANIFEST)][2:4] == (0, 0)
    assert present(used_node, wanted) == []


@pytest.mark.skipif(not AS_ROOT, reason="only root can give files away")
def test_root_works_on_a_host_root_of_another_user(used_node):
    """Whoever has the whole tree has its manifest."""
    present(used_node, small_node())
    for path in ("", os.path.dirname(MANIFEST), MANIFEST):
        os.chown(str(used_node) + path, 65534, 65534)
    assert absent(used_node, small_node()) != []
