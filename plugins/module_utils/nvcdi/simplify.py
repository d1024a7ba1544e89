# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Simplifies a specification as the tool does: no duplicates, sorted, and a device with all edits.

After pkg/nvcdi/transform (simplify, deduplicate, remove, sorter, merged-device).
"""

from __future__ import annotations

from ..cdi.spec import ordered_edits
from ..host.view import clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..cdi.spec import Edits, Entry, Spec

# Lists of edits in which a device does not repeat the common edits.
_SHARED = ("env", "deviceNodes", "netDevices", "hooks", "mounts")


def simplify(spec: Spec) -> None:
    """Remove duplicates, remove the common edits from devices, and sort; devices that follow each other go on sharing edits."""
    common = spec["containerEdits"] = _sorted(_unique(spec["containerEdits"]))
    before: Edits | None = None
    after: Edits = {}
    for device in spec["devices"]:
        if device["containerEdits"] is not before:
            before = device["containerEdits"]
            after = _sorted(_without(_unique(device["containerEdits"]), common))
        device["containerEdits"] = after
    spec["devices"].sort(key=lambda device: device["name"])


def add_all_device(spec: Spec, name: str = "all") -> None:
    """Append a device with the edits of all devices, unless a device has that name."""
    if any(device["name"] == name for device in spec["devices"]):
        return
    merged: Edits = {}
    for device in spec["devices"]:
        for field, entries in device["containerEdits"].items():
            if isinstance(entries, list):
                merged[field] = merged.get(field, []) + entries
            else:
                merged[field] = entries
    # The other devices are simple already.
    edits = _sorted(_without(_unique(ordered_edits(merged)), spec["containerEdits"]))
    spec["devices"].append({"name": name, "containerEdits": edits})
    spec["devices"].sort(key=lambda device: device["name"])


def _sorted(edits: Edits) -> Edits:
    for field, path in (("deviceNodes", "path"), ("mounts", "containerPath")):
        if field in edits:
            # By depth, so that a mount never hides a mount below it.
            edits[field] = sorted(
                edits[field],
                key=lambda entry, path=path: (clean(entry[path]).count("/"), entry[path]),  # type: ignore[misc]
            )
    return edits


def _unique(edits: Edits) -> Edits:
    tidy: Edits = {}
    for field, value in edits.items():
        if field == "additionalGids":
            tidy[field] = sorted(set(value))
        elif isinstance(value, list):
            tidy[field] = _unique_of(value)
        else:
            tidy[field] = value
    return tidy


def _unique_of(entries: list[Entry]) -> list[Entry]:
    """Return the entries without those that are equal to one before them."""
    kept = []
    known: dict[str, list[Entry]] = {}  # dicts can't be keys: by a text that most of them differ in
    for entry in entries:
        similar = known.setdefault(_quickly(entry), [])
        if entry not in similar:
            similar.append(entry)
            kept.append(entry)
    return kept


def _quickly(entry: Entry | str) -> str:
    if isinstance(entry, str):
        return entry
    text: str = entry.get("containerPath") or entry.get("path") or ""
    return "\n".join([text, *entry["args"]]) if "args" in entry else text  # all hooks have one path


def _without(edits: Edits, common: Edits) -> Edits:
    """Return the edits without the common ones, or all of them if nothing would be left."""
    left: Edits = {}
    for field, value in edits.items():
        if field in _SHARED and field in common:
            shared: list[Entry] = common[field]
            value = [entry for entry in value if entry not in shared]
        if value:
            left[field] = value
    return left or edits
