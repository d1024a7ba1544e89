# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The plugin needs grpcio and protobuf, which only the tests' environment has to have."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
import types

import pytest

# gRPC's fork handlers stay with the process: programs that later tests start would meet them on their way.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
sys.path.insert(0, ROOT)

import device_plugin.log
from plugin_support import MockNode


@pytest.fixture
def node():
    # A socket's path is short: pytest's directories are not.
    place = tempfile.mkdtemp(prefix="nvp")
    one = MockNode(place)
    yield one
    one.close()
    shutil.rmtree(place)


@pytest.fixture
def said(monkeypatch):
    """A function: what the plugin has said so far. (capfd loses what is written while it is read.)"""
    stream = io.StringIO()
    monkeypatch.setattr(device_plugin.log, "sys", types.SimpleNamespace(stderr=stream))
    return stream.getvalue
