# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Changes as a person or a machine reads them: lists of paths, a diff, one line an entry."""

from __future__ import annotations

from .host.entries import CHAR, DIRECTORY, FILE, SYMLINK, Entry
from .host.plan import CREATE, REMOVE, UPDATE, Change
from .machine import Machine

_LETTERS = {DIRECTORY: "d", FILE: "f", SYMLINK: "l", CHAR: "c"}
_LARGEST_SHOWN = 64 * 1024


def paths_by_action(changes: list[Change]) -> dict[str, list[str]]:
    """Return ``{"created": [...], "updated": [...], "removed": [...]}``, each sorted."""
    words = {"created": CREATE, "updated": UPDATE, "removed": REMOVE}
    return {
        word: sorted(change.path for change in changes if change.action == action) for word, action in words.items()
    }


def describe(entry: Entry) -> str:
    """Return one line: type, mode, owner, what is special, path; ``c 0666 0:0 195:0 /dev/nvidia0``."""
    mode = "----" if entry.mode is None else f"{entry.mode:04o}"
    owner = ":".join("-" if number is None else str(number) for number in (entry.uid, entry.gid))
    special = "-"
    tail = ""
    if entry.kind == CHAR:
        special = f"{entry.major}:{entry.minor}"
    elif entry.kind == FILE:
        special = "?" if entry.content is None else str(len(entry.content))
    elif entry.kind == SYMLINK:
        tail = f" -> {entry.target}"
    return f"{_LETTERS.get(entry.kind, '?')} {mode} {owner} {special} {entry.path}{tail}"


def diffs(changes: list[Change], contents_of_new_files: bool = False) -> list[dict[str, str]]:
    """Return Ansible's diff structures: one listing of all changed entries, and one diff for each changed text.

    :arg contents_of_new_files: also show the text of files that are created or removed.
    """
    if not changes:
        return []
    ordered = sorted(changes, key=lambda change: change.path)
    result = [
        {
            "before_header": "entries",
            "after_header": "entries",
            "before": "".join(describe(change.before) + "\n" for change in ordered if change.before is not None),
            "after": "".join(describe(change.after) + "\n" for change in ordered if change.after is not None),
        }
    ]
    for change in ordered:
        before, after = _text(change.before), _text(change.after)
        whole = change.action == UPDATE or contents_of_new_files
        if whole and before != after and before is not None and after is not None:
            result.append({"before_header": change.path, "after_header": change.path, "before": before, "after": after})
    return result


def _text(entry: Entry | None) -> str | None:
    """The text of a file, "" for nothing or something that has no text, None if it is not to be shown."""
    if entry is None or entry.kind != FILE:
        return ""
    if entry.content is None or len(entry.content) > _LARGEST_SHOWN or b"\0" in entry.content:
        return None
    try:
        return entry.content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def gpu_facts(machine: Machine) -> list[dict[str, object]]:
    """Return the GPUs as plain data: index, minor, uuid, name, pci_bus_id, serial, mig_devices."""
    return [
        {
            "index": gpu.index,
            "minor": gpu.minor,
            "uuid": gpu.uuid,
            "name": gpu.name,
            "pci_bus_id": gpu.pci_bus_id,
            "serial": gpu.serial,
            "addressing_mode": gpu.addressing_mode,
            "mig_enabled": gpu.mig_enabled,
            "mig_devices": [
                {
                    "index": device.index,
                    "uuid": device.uuid,
                    "profile": device.profile,
                    "gpu_instance_id": device.gi,
                    "compute_instance_id": device.ci,
                    "memory_mib": device.memory_mib,
                }
                for device in gpu.mig_devices
            ],
        }
        for gpu in machine.gpus
    ]


def machine_facts(machine: Machine) -> dict[str, object]:
    """Return a machine as plain data: machine, driver_version, cuda_version, model, gpus."""
    model = machine.model
    shared: dict[str, object] = {}
    if model is not None:
        shared = {name: getattr(model, name) for name in model.__slots__}
        shared["compute_capability"] = "%d.%d" % model.compute_capability
        shared["mig_profiles"] = [profile.name for profile in model.mig_profiles]
        shared["readings"] = {name: getattr(model.readings, name) for name in model.readings.__slots__}
    return {
        "machine": machine.type_name,
        "driver_version": machine.driver_version,
        "cuda_version": "%d.%d" % machine.cuda_version,
        "model": shared,
        "gpus": gpu_facts(machine),
    }
