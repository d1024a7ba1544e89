# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the nodes of a cluster offer of nvidia.com, which pods have it, and what is wrong. Pure.

The fields are those of NodeStatus and PodSpec in the Kubernetes API. A pod has what its containers request, as the scheduler counts
it: the sum of its containers or the largest request of an init container, whichever is larger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Object = Mapping[str, Any]

_DOMAIN = "nvidia.com/"
_ENDED = ("Succeeded", "Failed")
_PLUGIN = "gpu-mock-device-plugin"
"""The label app.kubernetes.io/name of the device plugin's pods."""


def report(nodes: Iterable[Object], pods: Iterable[Object]) -> dict[str, Any]:
    """Return the report: ``nodes`` by name, ``pods`` that have something, and ``problems``, one line for each."""
    users = [pod for pod in map(_user, pods_of(pods)) if pod["resources"]]
    plugins = {pod["spec"]["nodeName"]: pod for pod in pods_of(pods) if _label(pod) == _PLUGIN}
    problems: list[str] = []
    found = {}
    for node in sorted(nodes, key=lambda one: str(one["metadata"]["name"])):
        name = node["metadata"]["name"]
        plugin = plugins.get(name)
        facts = {"ready": _is_ready(node), "resources": _resources(node, users), "plugin": _plugin(plugin)}
        if facts["resources"] or plugin is not None:
            found[name] = facts
            problems += _problems(name, facts)
    return {"nodes": found, "pods": users, "problems": problems}


def pods_of(pods: Iterable[Object]) -> list[Object]:
    """The pods that are on a node and have not ended, by namespace and name."""
    running = [pod for pod in pods if pod["spec"].get("nodeName") and pod.get("status", {}).get("phase") not in _ENDED]
    return sorted(running, key=lambda pod: (pod["metadata"]["namespace"], pod["metadata"]["name"]))


def text(found: Mapping[str, Any]) -> list[str]:
    """Return the report for people."""
    lines = []
    for name, node in found["nodes"].items():
        state = "ready" if node["ready"] else "NOT READY"
        lines.append(f"{name}: {state}, device plugin {node['plugin']}")
        for resource, counts in node["resources"].items():
            unhealthy = f", {counts['unhealthy']} UNHEALTHY" if counts["unhealthy"] else ""
            lines.append(
                f"  {resource}: {counts['offered']} offered, {counts['allocated']} allocated, {counts['free']} free{unhealthy}"
            )
        for pod in found["pods"]:
            if pod["node"] == name:
                what = ", ".join([f"{count} {resource}" for resource, count in pod["resources"].items()])
                lines.append(f"    {pod['namespace']}/{pod['name']} ({pod['phase']}): {what}")
    if not lines:
        lines.append("No node offers anything of nvidia.com.")
    lines += [f"PROBLEM {problem}" for problem in found["problems"]] or ["Health: no problems"]
    return lines


def _user(pod: Object) -> dict[str, Any]:
    spec = pod["spec"]
    inits = spec.get("initContainers") or []
    # A sidecar is an init container that goes on running.
    running = [*spec.get("containers", []), *[one for one in inits if one.get("restartPolicy") == "Always"]]
    wanted: dict[str, int] = {}
    for container in running:
        for resource, count in _requests(container).items():
            wanted[resource] = wanted.get(resource, 0) + count
    for container in inits:
        for resource, count in _requests(container).items():
            wanted[resource] = max(wanted.get(resource, 0), count)
    metadata = pod["metadata"]
    return {
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "node": spec["nodeName"],
        "phase": pod.get("status", {}).get("phase", "Unknown"),
        "resources": dict(sorted(wanted.items())),
    }


def _requests(container: Object) -> dict[str, int]:
    """What the container requests; an extended resource has its limit as its request."""
    resources = container.get("resources") or {}
    together = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return {name: int(count) for name, count in together.items() if name.startswith(_DOMAIN) and int(count)}


def _resources(node: Object, users: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    status = node.get("status", {})
    capacity, allocatable = (_counts(status.get(key) or {}) for key in ("capacity", "allocatable"))
    mine = [pod for pod in users if pod["node"] == node["metadata"]["name"]]
    found = {}
    for resource in sorted(capacity):
        offered = allocatable.get(resource, 0)
        allocated = sum(pod["resources"].get(resource, 0) for pod in mine)
        # A resource that a plugin no longer offers stays with the count 0.
        if capacity[resource] or allocated:
            found[resource] = {
                "offered": offered,
                "allocated": allocated,
                "free": max(offered - allocated, 0),
                "unhealthy": capacity[resource] - offered,
            }
    return found


def _counts(quantities: Mapping[str, str]) -> dict[str, int]:
    return {name: int(count) for name, count in quantities.items() if name.startswith(_DOMAIN)}


def _is_ready(thing: Object) -> bool:
    conditions = thing.get("status", {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _plugin(pod: Object | None) -> str:
    if pod is None:
        return "missing"
    restarts = sum(one.get("restartCount", 0) for one in pod.get("status", {}).get("containerStatuses") or [])
    return ("ready" if _is_ready(pod) else "NOT READY") + (f", {restarts} restarts" if restarts else "")


def _problems(name: str, facts: Mapping[str, Any]) -> list[str]:
    problems = [] if facts["ready"] else [f"{name}: the node is not ready: kubectl describe node {name}"]
    if facts["plugin"].startswith("NOT READY"):
        problems.append(f"{name}: the device plugin is not ready: kubectl -A logs -l app.kubernetes.io/name={_PLUGIN}")
    for resource, counts in facts["resources"].items():
        if counts["unhealthy"]:
            problems.append(
                f"{name}: {counts['unhealthy']} {resource} unhealthy: gpu-mockctl verify on the node names what is missing"
            )
        if counts["allocated"] > counts["offered"]:
            problems.append(f"{name}: pods have {counts['allocated']} {resource}, but {counts['offered']} offered")
    return problems


def _label(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get("app.kubernetes.io/name", ""))
