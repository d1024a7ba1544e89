# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The tests of the host package run as on a machine without a GPU, whatever machine they run on."""

from __future__ import annotations

import os
import shutil

import host_support
import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.host import guard


@pytest.fixture(autouse=True, scope="session")
def _kernel_without_driver():
    patch = pytest.MonkeyPatch()
    patch.setattr(guard, "open", host_support.kernel_devices(host_support.NO_DRIVER), raising=False)
    yield
    patch.undo()


@pytest.fixture(autouse=True, scope="session")
def _usual_umask():
    old = os.umask(0o022)
    yield
    os.umask(old)


@pytest.fixture(autouse=True, scope="session")
def _no_wait_for_the_disk():
    """Thousands of runs would wait a tenth of a second each. That fsync(2) is called is a test of its own."""
    patch = pytest.MonkeyPatch()
    patch.setattr(os, "fsync", lambda _handle: None)
    yield
    patch.undo()


@pytest.fixture
def node(tmp_path):
    """An empty host root."""
    top = tmp_path / "node"
    top.mkdir()
    return top


@pytest.fixture
def used_node(node):
    """A host root that holds files of others."""
    host_support.inhabit(node)
    return node


@pytest.fixture
def fresh(tmp_path):
    """Make host roots one after the other, the former removed: for tests that need hundreds of them."""
    top = tmp_path / "again"

    def make(inhabited=True):
        if top.exists():
            shutil.rmtree(top)
        top.mkdir()
        if inhabited:
            host_support.inhabit(top)
        return top

    return make
