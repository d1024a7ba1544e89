# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the module nvmock_node without a process of its own, or sends it to the node, where that is possible."""

from __future__ import annotations

from ansible_collections.nvmock.gpu.plugins.module_utils.module.node import ARGUMENT_SPEC, run
from ansible_collections.nvmock.gpu.plugins.plugin_utils.local_module import LocalModule


class ActionModule(LocalModule):
    """The action of nvmock_node."""

    NAME = "nvmock.gpu.nvmock_node"
    ARGUMENT_SPEC = ARGUMENT_SPEC
    FOR_NODES = True
    run_module = staticmethod(run)
