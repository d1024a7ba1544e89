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

    Content = dict[str, list[dict[str, Any]]]

MOST_DEVICES = 64
"""Devices of a slice. The API server accepts 128, but only 64 if one has a taint or consumes counters."""
MOST_COUNTER_SETS = 8
"""Counter sets of a slice, which then has no devices."""
CONTENTS = ("sharedCounters", "devices")
"""The fields of a slice of which it has one."""


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


def contents_of(
    devices: Sequence[OfferedDevice],
    taints: Mapping[str, dict[str, str]],
    shared: bool = False,
    counter_sets: Sequence[dict[str, Any]] = (),
) -> list[Content]:
    """What each slice has: counter sets, or devices.

    As in NVIDIA's driver, each GPU that is cut on demand has a slice of its own.

    :arg taints: the taint of a device, by name.
    :arg shared: whether several claims may share a GPU.
    :arg counter_sets: those of the GPUs that are cut on demand.
    """
    found: list[Content] = _parts("sharedCounters", counter_sets, MOST_COUNTER_SETS)
    own: dict[int | None, list[dict[str, Any]]] = {}
    for device in devices:
        one = device.in_slice(shared)
        if device.name in taints:
            one["taints"] = [taints[device.name]]
        own.setdefault(device.device.gpu.index if device.counters else None, []).append(one)
    for one_slice in own.values():
        found += _parts("devices", one_slice, MOST_DEVICES)
    return found


def _parts(field: str, entries: Sequence[dict[str, Any]], most: int) -> list[Content]:
    return [{field: list(entries[start : start + most])} for start in range(0, len(entries), most)]


def changes(existing: Sequence[dict[str, Any]], wanted: Sequence[Content], node: str) -> list[Change]:
    """What makes *existing*, all slices of this driver and node, those with the contents *wanted*; in the order of the calls."""
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
    different = [place for place, content in enumerate(wanted) if _plain(by_place.get(place)) != content]
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


def _spec(content: Content, old: dict[str, Any] | None, node: str, generation: int, count: int) -> dict[str, Any]:
    since = {}
    for one in [] if old is None else old["spec"].get("devices") or []:
        for taint in one.get("taints") or []:
            since[one["name"], taint["key"], taint.get("value"), taint["effect"]] = taint.get("timeAdded")
    made = dict(content)
    if "devices" not in content:
        return {"driver": DRIVER, "nodeName": node, "pool": _new_pool(node, generation, count), **made}
    made["devices"] = []
    for one in content["devices"]:
        taints = [dict(taint) for taint in one.get("taints") or []]
        for taint in taints:
            # The time when a taint appeared stays if another device changes.
            time = since.get((one["name"], taint["key"], taint.get("value"), taint["effect"]))
            if time:
                taint["timeAdded"] = time
        made["devices"].append({**one, "taints": taints} if taints else one)
    return {"driver": DRIVER, "nodeName": node, "pool": _new_pool(node, generation, count), **made}


def _plain(one: dict[str, Any] | None) -> Content | None:
    """The content of a slice without what the API server adds."""
    if one is None:
        return None
    if one["spec"].get("sharedCounters"):
        return {"sharedCounters": one["spec"]["sharedCounters"]}
    devices = []
    for device in one["spec"].get("devices") or []:
        taints = [{key: taint[key] for key in taint if key != "timeAdded"} for taint in device.get("taints") or []]
        devices.append({**device, "taints": taints} if taints else device)
    return {"devices": devices}
