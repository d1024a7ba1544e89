# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Converts kind_cluster_nodes to kind's configuration and to inventory hosts, and finds what is not Ready. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

ROLES = ("control-plane", "worker")
Fields = Mapping[str, Any]
# A kubelet tells the API server of new devices with its next status. By default there is one every 10 seconds, so that the GPUs of a
# plugin that has just started can be requested after 5 seconds on average, and after 10 at most.
_KUBELET = "kind: KubeletConfiguration\nnodeStatusUpdateFrequency: 3s\n"
_PATCHES = "kubeadmConfigPatches"


def config(nodes: Iterable[Fields], name: str, more: Fields) -> dict[str, Any]:
    """Return the document for ``kind create cluster --config``.

    :arg nodes: entries of kind_cluster_nodes, of which role, labels and config are used.
    :arg more: additional top-level fields, which take precedence. Patches of kubeadm's configuration come after the one that is always
        there.
    """
    wanted = []
    for node in nodes:
        labels = {"labels": node["labels"]} if node.get("labels") else {}
        wanted.append({"role": node["role"], **labels, **(node.get("config") or {})})
    patches = [_KUBELET, *(more.get(_PATCHES) or [])]
    fields = {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", "name": name, "nodes": wanted}
    return {**fields, **more, _PATCHES: patches}


def hosts(containers: Iterable[Fields], wanted: Iterable[Fields]) -> list[dict[str, Any]]:
    """Return the inventory hosts of node containers. The n-th control-plane of *wanted* is kind's n-th control-plane.

    :arg containers: the return value nodes of nvmock_kind_cluster_info, in its order.
    :arg wanted: entries of kind_cluster_nodes, of which role, name and host_vars are used. There can be fewer entries than
        containers.
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
    """Return a line per node that has not joined or is not Ready, and per DNS pod that is not Ready.

    :arg answer: the output of ``kubectl get nodes,pods --output json`` in the namespace kube-system. It can be empty.
    :arg containers: the names of the node containers, which are also the names of the nodes.
    :raises ValueError: the answer is not JSON.
    """
    items = json.loads(answer or "{}").get("items") or []
    known = {item["metadata"]["name"] for item in items if item["kind"] == "Node"}
    lines = [f"{name} has not joined" for name in containers if name not in known]
    for item in items:
        # A cluster without a pod with this label does not have kind's DNS, so there is nothing to wait for.
        if item["kind"] == "Node" or (item["metadata"].get("labels") or {}).get("k8s-app") == "kube-dns":
            reason = _reason(item.get("status") or {})
            if reason:
                lines.append(f"{item['kind'].lower()} {item['metadata']['name']} ({reason})")
    return lines


def _reason(status: Fields) -> str:
    """Return why a node or a pod with this status is not Ready; empty if it is Ready."""
    ready = next((one for one in status.get("conditions") or [] if one["type"] == "Ready"), None)
    if ready is None:
        return "no status yet"
    if ready["status"] == "True":
        return ""
    return str(ready.get("message") or status.get("phase") or "no reason given")
