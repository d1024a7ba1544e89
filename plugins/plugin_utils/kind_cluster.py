# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""From the nodes that are wanted to kind's configuration, to inventory hosts, and to what a wait still waits for. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

ROLES = ("control-plane", "worker")
Fields = Mapping[str, Any]


def config(nodes: Iterable[Fields], name: str, more: Fields) -> dict[str, Any]:
    """The document for ``kind create cluster --config``.

    :arg nodes: entries of kind_cluster_nodes, of which role, labels and config count.
    :arg more: top-level fields, which win.
    """
    wanted = []
    for node in nodes:
        labels = {"labels": node["labels"]} if node.get("labels") else {}
        wanted.append({"role": node["role"], **labels, **(node.get("config") or {})})
    return {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", "name": name, "nodes": wanted, **more}


def hosts(containers: Iterable[Fields], wanted: Iterable[Fields]) -> list[dict[str, Any]]:
    """The inventory hosts of node containers: the n-th control-plane of *wanted* is kind's n-th control-plane.

    :arg containers: as nvmock_kind_cluster_info returns them in nodes, in their order.
    :arg wanted: entries of kind_cluster_nodes, of which role, name and host_vars count. There may be fewer than containers.
    """
    containers, wanted = list(containers), list(wanted)
    found = []
    for role in ROLES:
        entries = iter([entry for entry in wanted if entry["role"] == role])
        for one in containers:
            if one["role"] != role:
                continue
            entry = next(entries, {})
            found.append(
                {
                    "name": entry.get("name") or one["name"],
                    "container": one["name"],
                    "role": role,
                    "image": one["image"],
                    "host_vars": entry.get("host_vars") or {},
                }
            )
    return found


def not_ready(answer: str, containers: Iterable[str]) -> list[str]:
    """A line for each node that the API server does not know or that is not Ready, and for each pod of the DNS that is not.

    :arg answer: the output of ``kubectl get nodes,pods --output json`` in the namespace kube-system; empty for none.
    :arg containers: the names of the node containers, which are those of the nodes.
    :raises ValueError: the answer is no JSON.
    """
    items = json.loads(answer or "{}").get("items") or []
    known = {item["metadata"]["name"] for item in items if item["kind"] == "Node"}
    lines = [f"{name} has not joined" for name in containers if name not in known]
    for item in items:
        # A cluster without a pod of this label has no DNS of kind's: there is nothing to wait for then.
        if item["kind"] == "Node" or (item["metadata"].get("labels") or {}).get("k8s-app") == "kube-dns":
            reason = _reason(item.get("status") or {})
            if reason:
                lines.append(f"{item['kind'].lower()} {item['metadata']['name']} ({reason})")
    return lines


def _reason(status: Fields) -> str:
    """Why a node or a pod of this status is not Ready; empty where it is."""
    ready = next((one for one in status.get("conditions") or [] if one["type"] == "Ready"), None)
    if ready is None:
        return "no status yet"
    if ready["status"] == "True":
        return ""
    return str(ready.get("message") or status.get("phase") or "no reason given")
