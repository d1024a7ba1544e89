# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the module nvmock_container_runtime without a process of its own, or sends it to the node, where that is possible."""

from __future__ import annotations

from ansible_collections.nvmock.gpu.plugins.module_utils.module.container_runtime import ARGUMENT_SPEC, run
from ansible_collections.nvmock.gpu.plugins.plugin_utils.local_module import LocalModule


class ActionModule(LocalModule):
    """The action of nvmock_container_runtime."""

    NAME = "nvmock.gpu.nvmock_container_runtime"
    ARGUMENT_SPEC = ARGUMENT_SPEC
    FOR_NODES = True
    LOOKS_FIRST = True
    run_module = staticmethod(run)
