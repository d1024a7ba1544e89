# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The manifest: round trip, and damage of every kind ends in one line with nothing changed."""

from __future__ import annotations

import os

import pytest
from host_support import MANIFEST, absent, different, present, small_node, snapshot, write
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import HostError
from ansible_collections.nvmock.gpu.plugins.module_utils.host.entries import CHAR, DIRECTORY, FILE, SYMLINK, Entry
from ansible_collections.nvmock.gpu.plugins.module_utils.host.manifest import Manifest, Owned

# Names as a file system may have them (surrogates stand for bytes that are no UTF-8), without / and NUL.
_CHARACTERS = "abc089. \t\n\r#=,\\:-_@%'\"\u00e9\u2028\U0001f600\udc80\udcff"
_NAMES = st.text(_CHARACTERS, min_size=1, max_size=8).filter(lambda name: name not in (".", ".."))
_PATHS = st.lists(_NAMES, min_size=1, max_size=4).map(lambda names: "/" + "/".join(names))
_TAGS = st.frozensets(_PATHS.map(lambda path: "devices:" + path), min_size=1, max_size=3)
_MODES = st.integers(0, 0o7777)
_IDS = st.integers(0, 2**32 - 2)


@st.composite
def _replaced(draw, path):
    kind = draw(st.sampled_from([None, FILE, SYMLINK, CHAR]))
    if kind is None:
        return None
    entry = Entry(path, kind, draw(_MODES), draw(_IDS), draw(_IDS))
    if kind == FILE:
        entry.content = draw(st.binary(max_size=20))
    elif kind == SYMLINK:
        entry.mode = None
        entry.target = draw(_PATHS)
    else:
        entry.major, entry.minor = draw(st.integers(0, 511)), draw(st.integers(0, 2**20 - 1))
    return entry


@st.composite
def _manifests(draw):
    owned = {}
    for path in draw(st.lists(_PATHS, max_size=6)):
        kind = draw(st.sampled_from([DIRECTORY, FILE, SYMLINK, CHAR]))
        owned[path] = Owned(kind, draw(_TAGS), draw(_replaced(path)))
    return Manifest(owned, draw(st.booleans()))


@given(_manifests())
def test_round_trip(manifest):
    data = manifest.to_bytes()
    again = Manifest.from_bytes(data)
    assert again.owned == manifest.owned
    assert again.in_progress == manifest.in_progress
    assert again.to_bytes() == data


_GOOD = Manifest({"/dev/nvidia0": Owned(CHAR, frozenset(["devices:/run"]))}).to_bytes()


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
    "empty": b"",
    "text": b"hello\n",
    "binary": bytes(range(256)),
    "cut in a line": _GOOD[:-3],
    "cut in the header": _GOOD[:20],
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


def test_lost_manifest_means_files_of_others(used_node):
    """Without the manifest nothing is ours: present asks for take_over, absent removes nothing."""
    present(used_node, small_node())
    os.unlink(str(used_node) + MANIFEST)
    before = snapshot(used_node, identity=True)
    assert absent(used_node, small_node()) == []
    assert different(before, snapshot(used_node, identity=True)) == []
    present(used_node, small_node(), take_over=True)
    assert present(used_node, small_node()) == []
