# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Runs the module nvmock_kind_cluster_record without a process of its own where that is possible."""

from __future__ import annotations

from ansible_collections.nvmock.gpu.plugins.module_utils.module.kind_cluster_record import ARGUMENT_SPEC, run
from ansible_collections.nvmock.gpu.plugins.plugin_utils.local_module import LocalModule


class ActionModule(LocalModule):
    """The action of nvmock_kind_cluster_record."""

    NAME = "nvmock.gpu.nvmock_kind_cluster_record"
    ARGUMENT_SPEC = ARGUMENT_SPEC
    run_module = staticmethod(run)
