# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The driver needs grpcio and protobuf, which only the tests' environment has to have."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
import types

import pytest

# gRPC's fork handlers stay with the process: programs that later tests start would meet them.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.abspath(os.path.join(HERE, "..", "..", "..")))
sys.path.append(os.path.join(HERE, "..", "device_plugin"))

import device_plugin.log
from dra_support import DraNode


@pytest.fixture
def node():
    # A socket's path is short: pytest's directories are not.
    place = tempfile.mkdtemp(prefix="nvd")
    one = DraNode(place)
    yield one
    one.close()
    shutil.rmtree(place)


@pytest.fixture
def said(monkeypatch):
    """A function that returns what the driver has logged so far."""
    stream = io.StringIO()
    monkeypatch.setattr(device_plugin.log, "sys", types.SimpleNamespace(stderr=stream))
    return stream.getvalue
