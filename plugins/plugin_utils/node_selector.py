# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Which nodes a node selector selects. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Fields = Mapping[str, Any]

# Labels that every DaemonSet and Job of the role in_cluster selects in addition to the given ones.
ALWAYS = {"kubernetes.io/os": "linux"}


def nodes_of(nodes: Iterable[Fields], machines: Iterable[Fields]) -> dict[str, list[str]]:
    """Return, per machine name, the names of the nodes with all labels of its node_selector, in their order.

    :arg nodes: as the API server returns them. ``machines`` are entries of in_cluster_machines.
    """
    labels = {node["metadata"]["name"]: node["metadata"].get("labels") or {} for node in nodes}
    return {
        machine["name"]: [
            name
            for name, has in labels.items()
            if {**ALWAYS, **(machine.get("node_selector") or {})}.items() <= dict(has).items()
        ]
        for machine in machines
    }
