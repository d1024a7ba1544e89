# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What DRA drivers offer and pods use. Pure. The fields are those of ResourceSlice and ResourceClaim (resource.k8s.io/v1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def devices_by_node(slices: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the names of the devices of each node, in the order of the slices' names."""
    found: dict[str, list[str]] = {}
    for one in sorted(slices, key=lambda one: str(one["metadata"]["name"])):
        node = one["spec"].get("nodeName")
        if node:
            found.setdefault(node, []).extend(device["name"] for device in one["spec"].get("devices") or [])
    return found


def users(claims: Iterable[Mapping[str, Any]], driver: str) -> list[str]:
    """Return what has devices of *driver*: ``pod NAMESPACE/NAME``, or another kind of object, sorted and without repetition."""
    found = set()
    for claim in claims:
        status = claim.get("status") or {}
        results = ((status.get("allocation") or {}).get("devices") or {}).get("results") or []
        if any(result.get("driver") == driver for result in results):
            for user in status.get("reservedFor") or []:
                kind = str(user.get("resource", "pods")).removesuffix("s")
                found.add(f"{kind} {claim['metadata']['namespace']}/{user['name']}")
    return sorted(found)
