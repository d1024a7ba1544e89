# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the tests of kind have, for tests of what runs in a cluster."""

from __future__ import annotations

import importlib.util
import pathlib
import sys

_KIND = pathlib.Path(__file__).parents[1] / "kind" / "conftest.py"
_spec = importlib.util.spec_from_file_location("kind_support", _KIND)
kind_support = importlib.util.module_from_spec(_spec)
sys.modules["kind_support"] = kind_support
_spec.loader.exec_module(kind_support)

pytest_configure = kind_support.pytest_configure
play, node_image, kept = kind_support.play, kind_support.node_image, kind_support.kept
