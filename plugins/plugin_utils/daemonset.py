# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Which DaemonSets are rolled out. Pure. The fields are those of DaemonSetStatus in the Kubernetes API (apps/v1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.nvmock.gpu.plugins.module_utils.module.settled import rolled_out


def names_of_rolled_out(daemonsets: Iterable[Mapping[str, Any]], nodes: Mapping[str, int] | None = None) -> list[str]:
    """Return the names of the DaemonSets that are rolled out, in their order.

    :arg nodes: name -> required number of nodes. A DaemonSet that is not listed must not run on any node. If None, each must run
        on at least one node.
    """
    names = []
    for daemonset in daemonsets:
        name = daemonset["metadata"]["name"]
        if rolled_out(daemonset, None if nodes is None else nodes.get(name, 0)):
            names.append(name)
    return names
