# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Pure: the ResourceSlices of a node, and what has to be changed to get them.

All slices of a pool have one generation and the number of slices. A scheduler uses only the newest generation, and only if it is
complete. So one slice can be changed alone; a larger change raises the generation, writes all slices, and deletes the others last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .names import DRIVER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .devices import OfferedDevice

MOST_DEVICES = 64
"""Devices of a slice. The API server accepts 128, but only 64 if one has a taint."""


@dataclass(frozen=True)
class Change:
    """A call of the API server.

    :ivar old: the slice to replace or to delete; None to create one.
    :ivar spec: the specification that it should have; None to delete it.
    :ivar place: number of the slice in its pool.
    """

    old: dict[str, Any] | None
    spec: dict[str, Any] | None
    place: int = 0


def lists_of(
    devices: Sequence[OfferedDevice], taints: Mapping[str, dict[str, str]], shared: bool = False
) -> list[list[dict[str, Any]]]:
    """The devices of each slice.

    :arg taints: the taint of a device, by name.
    :arg shared: whether several claims may share a GPU.
    """
    found = []
    for device in devices:
        one = device.in_slice(shared)
        if device.name in taints:
            one["taints"] = [taints[device.name]]
        found.append(one)
    return [found[start : start + MOST_DEVICES] for start in range(0, len(found), MOST_DEVICES)]


def changes(existing: Sequence[dict[str, Any]], wanted: Sequence[list[dict[str, Any]]], node: str) -> list[Change]:
    """What makes *existing*, all slices of this driver and node, those with the devices *wanted*; in the order of the calls."""
    by_place: dict[int, dict[str, Any]] = {}
    surplus = []
    newest = max((_pool(one).get("generation", 0) for one in existing), default=0)
    for one in sorted(existing, key=lambda one: one["metadata"]["name"]):
        place = _place(one)
        if place is None or place >= len(wanted) or place in by_place:
            surplus.append(one)
        else:
            by_place[place] = one
    whole = len(by_place) == len(wanted) and not surplus
    whole = whole and all(
        _pool(one) == _new_pool(node, newest, len(wanted)) and one["spec"].get("nodeName") == node
        for one in by_place.values()
    )
    different = [place for place, devices in enumerate(wanted) if _plain(by_place.get(place)) != devices]
    if whole and len(different) <= 1:
        generation, places = newest, different
    else:
        generation, places = newest + 1, list(range(len(wanted)))
    found = [
        Change(by_place.get(place), _spec(wanted[place], by_place.get(place), node, generation, len(wanted)), place)
        for place in places
    ]
    return found + [Change(one, None) for one in surplus]


def name_prefix(place: int, node: str) -> str:
    """The beginning of a slice's name, to which the API server adds a random end."""
    return f"{place:05d}-{DRIVER}-{node}-"


def _place(one: dict[str, Any]) -> int | None:
    number, dash, _rest = one["metadata"]["name"].partition("-")
    return int(number) if dash and len(number) == 5 and number.isdigit() else None


def _pool(one: dict[str, Any]) -> dict[str, Any]:
    pool: dict[str, Any] = one["spec"]["pool"]
    return pool


def _new_pool(node: str, generation: int, count: int) -> dict[str, Any]:
    return {"name": node, "generation": generation, "resourceSliceCount": count}


def _spec(
    devices: list[dict[str, Any]], old: dict[str, Any] | None, node: str, generation: int, count: int
) -> dict[str, Any]:
    since = {}
    for one in [] if old is None else old["spec"].get("devices") or []:
        for taint in one.get("taints") or []:
            since[one["name"], taint["key"], taint.get("value"), taint["effect"]] = taint.get("timeAdded")
    made = []
    for one in devices:
        taints = [dict(taint) for taint in one.get("taints") or []]
        for taint in taints:
            # The time when a taint appeared stays if another device changes.
            time = since.get((one["name"], taint["key"], taint.get("value"), taint["effect"]))
            if time:
                taint["timeAdded"] = time
        made.append({**one, "taints": taints} if taints else one)
    return {"driver": DRIVER, "nodeName": node, "pool": _new_pool(node, generation, count), "devices": made}


def _plain(one: dict[str, Any] | None) -> list[dict[str, Any]] | None:
    """The devices of a slice without what the API server adds."""
    if one is None:
        return None
    devices = []
    for device in one["spec"].get("devices") or []:
        taints = [{key: taint[key] for key in taint if key != "timeAdded"} for taint in device.get("taints") or []]
        devices.append({**device, "taints": taints} if taints else device)
    return devices
