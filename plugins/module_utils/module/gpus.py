# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The options that choose GPUs of a node, for the modules that change GPUs. They are documented in plugins/doc_fragments/gpus.py."""

from __future__ import annotations

from .. import parameters
from ..host.root import HostRoot
from ..node import DEFAULT_DRIVER_ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

GPU_OPTIONS: dict[str, Any] = {
    "host_root": {"type": "path", "default": "/"},
    "driver_root": {"type": "path", "default": DEFAULT_DRIVER_ROOT},
    "gpus": {"type": "list", "elements": "str"},
}


def node_from(params: dict[str, Any]) -> tuple[HostRoot, str]:
    """Return the open host root, and the driver root.

    :raises ParameterError: one is no absolute path.
    :raises HostError: the host root can't be opened.
    """
    driver_root = parameters.absolute_path("driver_root", params["driver_root"], root_allowed=True)
    host_root = parameters.absolute_path("host_root", params["host_root"], root_allowed=True)
    return HostRoot(host_root), driver_root
