# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a DaemonSet is rolled out. Pure. The fields are those of DaemonSetStatus in the Kubernetes API (apps/v1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def rolled_out(daemonset: Mapping[str, Any], nodes: int | None = None) -> bool:
    """Whether a pod of the newest template is ready on each selected node.

    :arg daemonset: the object, as the API server returns it.
    :arg nodes: the required number of nodes. If None, at least one.
    """
    status = daemonset.get("status") or {}
    # The status can still be that of an earlier template.
    if status.get("observedGeneration", 0) < daemonset["metadata"].get("generation", 0):
        return False
    scheduled = status.get("desiredNumberScheduled", 0)
    if scheduled != nodes if nodes is not None else scheduled < 1:
        return False
    return bool(scheduled == status.get("updatedNumberScheduled", 0) == status.get("numberReady", 0))


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
