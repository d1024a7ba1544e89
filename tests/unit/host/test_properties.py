# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Random nodes and random wishes: idempotent, independent of history, removable without a trace, or refused untouched."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest
from host_support import AS_ROOT, MAY_MKNOD, different, inhabit, snapshot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import HostError, NvmockError
from ansible_collections.nvmock.gpu.plugins.module_utils.host import entries
from ansible_collections.nvmock.gpu.plugins.module_utils.host.converge import Component, converge
from ansible_collections.nvmock.gpu.plugins.module_utils.host.root import HostRoot

_SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

_NAMES = st.sampled_from(["a", "b", "c d", "é"])
_PLACES = st.sampled_from(["/run/x", "/etc", "/dev", "/var/lib", "/new", "/lib"])
_PATHS = st.builds(lambda place, names: "/".join([place, *names]), _PLACES, st.lists(_NAMES, min_size=1, max_size=3))
_MODES = st.sampled_from([0o644, 0o600, 0o755, 0o444, 0o777])


@st.composite
def _entries(draw):
    path = draw(_PATHS)
    kinds = [entries.FILE, entries.DIRECTORY, entries.SYMLINK] + ([entries.CHAR] if MAY_MKNOD else [])
    kind = draw(st.sampled_from(kinds))
    if kind == entries.FILE:
        entry = entries.file(path, draw(st.sampled_from([b"", b"x", b"\0" * 5000])), draw(_MODES))
    elif kind == entries.DIRECTORY:
        entry = entries.directory(path)  # of two components that disagree about a directory, the last would win
    elif kind == entries.SYMLINK:
        entry = entries.symlink(path, draw(st.sampled_from(["a", "/etc", "../b", "nowhere"])))
    else:
        entry = entries.char_device(path, 195, draw(st.integers(0, 3)), draw(_MODES))
    if AS_ROOT:
        entry.uid = entry.gid = 1234
    return entry


def _fits(wanted):
    """Whether a list of wishes makes sense: one wish a path, and nothing below what is no directory."""
    kinds = {}
    for entry in wanted:
        if entry.path in kinds:
            return False
        kinds[entry.path] = entry.kind
    for path in kinds:
        parent = os.path.dirname(path)
        while parent != "/":
            if kinds.get(parent, entries.DIRECTORY) != entries.DIRECTORY:
                return False
            parent = os.path.dirname(parent)
    return True


@st.composite
def _wishes(draw):
    """Two components; a directory may be wanted by both."""
    wanted = draw(st.lists(_entries(), max_size=8).filter(_fits))
    split = draw(st.integers(0, len(wanted)))
    return {"one": wanted[:split], "two": wanted[split:]}


def _converge(top, wanted, **options):
    with HostRoot(top) as root:
        return converge(root, [Component(owner, entries) for owner, entries in wanted.items()], **options)


class _Node:
    def __enter__(self):
        self.place = tempfile.mkdtemp(prefix="nvmock-test-")
        inhabit(self.place)
        return self.place

    def __exit__(self, *_unused):
        shutil.rmtree(self.place)


@_SETTINGS
@given(_wishes())
def test_idempotent_and_removable(wanted):
    with _Node() as top:
        before = snapshot(top)
        predicted = _converge(top, wanted, check=True)
        assert different(before, snapshot(top)) == []
        assert _converge(top, wanted) == predicted
        there = snapshot(top, identity=True)
        assert _converge(top, wanted) == []
        assert different(there, snapshot(top, identity=True)) == []
        _converge(top, {"two": []})
        _converge(top, {"one": []})
        assert different(before, snapshot(top)) == []


@_SETTINGS
@given(st.lists(_wishes(), min_size=2, max_size=4), st.booleans())
def test_history_does_not_matter(history, separately):
    """After any sequence of wishes the node is as if only the last had ever been asked for, or the last was refused."""
    with _Node() as top:
        before = snapshot(top)
        refused = False
        for wanted in history:
            state = snapshot(top)
            refused = False
            steps = [{tag: wishes} for tag, wishes in wanted.items()] if separately else [wanted]
            for step in steps:
                state = snapshot(top)
                try:
                    _converge(top, step)
                except NvmockError as error:
                    refused = True
                    assert "\n" not in str(error)
                    assert different(state, snapshot(top)) == []
        after = snapshot(top)
        _converge(top, {"one": [], "two": []})
        assert different(before, snapshot(top)) == []
        if not refused:
            _converge(top, history[-1])
            assert different(after, snapshot(top)) == []


def _as_owner(entry):
    if AS_ROOT:
        entry.uid = entry.gid = 1234
    return entry


def test_no_managed_path_goes_through_a_managed_link():
    """It would be lost, and left behind, with the link."""
    link = _as_owner(entries.symlink("/etc/to", "/etc"))
    below = _as_owner(entries.file("/etc/to/a", b""))
    with _Node() as top:
        before = snapshot(top)
        _converge(top, {"one": [link]})
        linked = snapshot(top)
        with pytest.raises(
            HostError, match=r"^/etc/to is a symbolic link of one, but must be a directory for /etc/to/a: "
        ):
            _converge(top, {"two": [below]})
        assert different(linked, snapshot(top)) == []
        _converge(top, {"one": [below]})  # its own link makes room
        assert os.path.isdir(top + "/etc/to") and not os.path.islink(top + "/etc/to")
        assert not os.path.exists(top + "/etc/a")
        _converge(top, {"one": []})
        assert different(before, snapshot(top)) == []


def test_components_that_disagree_about_a_directory_above_do_not_fight():
    """Each leaves the directory that both only pass through as the first made it."""
    one, two = entries.file("/new/a", b""), entries.file("/new/b", b"")
    if AS_ROOT:
        one.uid, two.uid = 12, 34
    with _Node() as top:
        _converge(top, {"one": [one]})
        _converge(top, {"two": [two]})
        for wanted in ({"one": [one]}, {"two": [two]}, {"one": [one]}):
            assert _converge(top, wanted) == []
        os.chmod(top + "/new", 0o700)
        assert [change.path for change in _converge(top, {"one": [one], "two": [two]})] == ["/new"]


@_SETTINGS
@given(_wishes(), _wishes())
def test_on_a_node_with_anything_in_the_way(theirs, wanted):
    """Unmanaged files were there first: refused with nothing changed; or taken over, and restored exactly."""
    for entry in theirs["one"] + theirs["two"]:
        entry.content = entry.content and b"theirs" + entry.content  # what is equal would be adopted
    with _Node() as top:
        _converge(top, theirs)
        manifest = "/var/lib/nvidia-mock"
        shutil.rmtree(top + manifest, ignore_errors=True)  # now all of it is somebody else's
        before = snapshot(top)
        for take_over in (False, True):
            state = snapshot(top)
            try:
                _converge(top, wanted, take_over=take_over)
            except NvmockError as error:
                assert "\n" not in str(error)
                assert different(state, snapshot(top)) == []
            else:
                assert _converge(top, wanted) == []
        _converge(top, {"one": [], "two": []})
        assert different(before, snapshot(top)) == []
