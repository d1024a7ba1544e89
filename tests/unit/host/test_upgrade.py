# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Nodes that an earlier version made: their manifest is read, they become what this version makes, and can be removed."""

from __future__ import annotations

import os
import subprocess
import sys

import earlier_nodes
import pytest
from host_support import MANIFEST, MAY_MKNOD, different, snapshot

from ansible_collections.nvmock.gpu.plugins.module_utils.host.manifest import Manifest

pytestmark = pytest.mark.skipif(not MAY_MKNOD, reason="needs root with CAP_MKNOD")

CLI = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "bin", "gpu-mockctl")


def _run(top, *arguments):
    command = [sys.executable, "-I", "-S", CLI, "--host-root", str(top), "--uuid-seed", "node", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("name", earlier_nodes.ARGUMENTS)
def test_the_manifest_of_an_earlier_node_names_what_is_there(node, name):
    earlier_nodes.lay_out(name, node)
    found = snapshot(node)
    manifest = Manifest.from_bytes(found[MANIFEST][4])
    assert not manifest.in_progress
    others = {"/run", "/run/systemd", "/run/systemd/system", "/etc", "/etc/cdi", "/dev"} if name == "taken" else set()
    assert set(manifest.owned) | {MANIFEST} | others == set(found)


def test_the_listing_is_that_of_the_trees(fresh):
    lines = []
    for name in [*earlier_nodes.ARGUMENTS, "taken-before"]:
        top = fresh(False)
        earlier_nodes.lay_out(name, top)
        lines += [f"# {name}\n", *earlier_nodes.listing(snapshot(top))]
    with open(os.path.join(earlier_nodes.DATA, "earlier_nodes.txt"), encoding="utf-8") as handle:
        assert handle.readlines() == lines


@pytest.mark.parametrize("name", earlier_nodes.ARGUMENTS)
def test_one_run_makes_an_earlier_node_equal_to_a_fresh_one(fresh, name):
    top = fresh(False)
    earlier_nodes.lay_out("taken-before" if name == "taken" else "empty", top)
    _run(top, *earlier_nodes.ARGUMENTS[name])
    expected = snapshot(top)
    top = fresh(False)
    earlier_nodes.lay_out(name, top)
    _run(top, *earlier_nodes.ARGUMENTS[name])
    # What an earlier version took over stays where it is, in the manifest. Now it is a file with a hidden name.
    hidden = {path for path in expected if "/.nvmock.kept-" in path}
    others = {MANIFEST, *hidden} if hidden else set()
    assert set(different(expected, snapshot(top))) == others
    assert "up to date" in _run(top, *earlier_nodes.ARGUMENTS[name])
    assert set(different(expected, snapshot(top))) == others


@pytest.mark.parametrize("before", [[], ["--mode", "cdi"], ["--mode", "fs"]], ids=" ".join)
@pytest.mark.parametrize("name", earlier_nodes.ARGUMENTS)
def test_an_earlier_node_is_removed_completely(fresh, name, before):
    top = fresh(False)
    earlier_nodes.lay_out("taken-before" if name == "taken" else "empty", top)
    expected = snapshot(top)
    top = fresh(False)
    earlier_nodes.lay_out(name, top)
    if before:
        _run(top, "--remove", *before)
    assert _run(top, "--remove").startswith("mock GPU node removed\n")
    assert different(expected, snapshot(top)) == []


def test_an_earlier_node_moves(fresh):
    top = fresh(False)
    _run(top, *earlier_nodes.ARGUMENTS["paths"])
    expected = snapshot(top)
    top = fresh(False)
    earlier_nodes.lay_out("default", top)
    _run(top, *earlier_nodes.ARGUMENTS["paths"])
    assert different(expected, snapshot(top)) == []


def test_an_earlier_version_reads_the_manifest_of_this_one(node):
    """It ignores comments and words that it does not know: here is all that it asks of a line."""
    _run(node, *earlier_nodes.ARGUMENTS["default"])
    text = snapshot(node)[MANIFEST][4].decode()
    assert text.startswith("#mtree\n") and text.endswith("\n") and "# run: complete\n" in text
    for line in text.splitlines():
        if not line.startswith("#"):
            first, *words = line.split(" ")
            values = dict(word.split("=", 1) for word in words)
            assert first.startswith("./") and values["type"] in ("dir", "file", "link", "char") and values["tags"]
