# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Nodes that an earlier version made: their manifest is read, they become what this version makes, and can be removed."""

from __future__ import annotations

import os

import earlier_nodes
import pytest
from host_support import MANIFEST, MAY_MKNOD, snapshot

from ansible_collections.nvmock.gpu.plugins.module_utils.host.manifest import Manifest

pytestmark = pytest.mark.skipif(not MAY_MKNOD, reason="needs root with CAP_MKNOD")


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
