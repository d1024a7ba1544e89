# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The tests of the host package run as on a machine without a GPU, whatever machine they run on."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

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
def fresh():
    """Make host roots one after the other, the former one removed: for tests that need hundreds of them.

    They are in memory if there is a file system for that. A host root with *prepare*, a function that changes it, is prepared once and
    then made of the snapshot of the first one.
    """
    memory = "/dev/shm"
    prepared = {}
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as place:
        top = Path(place, "node")

        def make(inhabited=True, prepare=None):
            if top.exists():
                shutil.rmtree(top)
            key = (inhabited, prepare)
            if key in prepared:
                host_support.restore(top, prepared[key])
                return top
            top.mkdir()
            if inhabited:
                host_support.inhabit(top)
            if prepare is not None:
                prepare(top)
            prepared[key] = host_support.snapshot(top)
            return top

        yield make
