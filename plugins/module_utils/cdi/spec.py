# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The data of a CDI specification: plain dicts with keys in the order of the library's structs.

Source: CDI SPEC.md 1.1.0 and specs-go/config.go. A key is left out where Go's ``omitempty`` leaves it out, so equal
dicts are equal JSON.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Spec = dict[str, Any]
    Edits = dict[str, Any]
    Entry = dict[str, Any]

# The struct's order of fields in containerEdits.
EDIT_FIELDS = ("env", "deviceNodes", "netDevices", "hooks", "mounts", "intelRdt", "additionalGids")


def device_node(
    path: str,
    host_path: str = "",
    major: int = 0,
    minor: int = 0,
    file_mode: int = 0,
    permissions: str = "",
    gid: int = 0,
) -> Entry:
    """Return a device node. Numbers that are 0 and empty texts are left out."""
    node: Entry = {"path": path}
    if host_path:
        node["hostPath"] = host_path
    if major:
        node["major"] = major
    if minor:
        node["minor"] = minor
    if file_mode:
        node["fileMode"] = file_mode
    if permissions:
        node["permissions"] = permissions
    if gid:
        node["gid"] = gid
    return node


def mount(host_path: str, container_path: str, options: Sequence[str]) -> Entry:
    return {"hostPath": host_path, "containerPath": container_path, "options": list(options)}


def hook(path: str, args: list[str], env: list[str], name: str = "createContainer") -> Entry:
    """Return a hook. nvidia-cdi-hook runs as createContainer hook, except for one hook that works on the node (createRuntime)."""
    return {"hookName": name, "path": path, "args": args, "env": env}


class Found:
    """The results of discovery, in its order, for ``containerEdits``."""

    __slots__ = ("env", "device_nodes", "hooks", "mounts", "gids")

    def __init__(self) -> None:
        self.env: list[str] = []
        self.device_nodes: list[Entry] = []
        self.hooks: list[Entry] = []
        self.mounts: list[Entry] = []
        self.gids: list[int] = []

    def add_hook(self, entry: Entry | None) -> None:
        """Add a hook if there is one."""
        if entry is not None:
            self.hooks.append(entry)

    def edits(self) -> Edits:
        """The edits without empty lists."""
        edits: Edits = {
            "env": self.env,
            "deviceNodes": self.device_nodes,
            "hooks": self.hooks,
            "mounts": self.mounts,
            "additionalGids": self.gids,
        }
        return {name: value for name, value in edits.items() if value}


def device(name: str, edits: Edits, annotations: dict[str, str] | None = None) -> Entry:
    if annotations:
        return {"name": name, "annotations": annotations, "containerEdits": edits}
    return {"name": name, "containerEdits": edits}


def all_edits(spec: Spec) -> list[Edits]:
    """Return the common edits, and those of each device."""
    return [spec.get("containerEdits") or {}] + [device["containerEdits"] for device in spec["devices"]]


def ordered_edits(edits: Edits) -> Edits:
    """The same edits, keys in the struct's order, empty ones left out."""
    return {name: edits[name] for name in EDIT_FIELDS if edits.get(name)}


_ORDERS = {
    "spec": ("cdiVersion", "kind", "annotations", "devices", "containerEdits"),
    "devices": ("name", "annotations", "containerEdits"),
    "containerEdits": EDIT_FIELDS,
    "deviceNodes": ("path", "hostPath", "type", "major", "minor", "fileMode", "permissions", "uid", "gid"),
    "netDevices": ("hostInterfaceName", "name"),
    "hooks": ("hookName", "path", "args", "env", "timeout"),
    "mounts": ("hostPath", "containerPath", "options", "type"),
    "intelRdt": ("closID", "l3CacheSchema", "memBwSchema", "schemata", "enableMonitoring"),
}
# Fields that are written also when they are empty: what Go's structs do not mark with omitempty.
_ALWAYS = frozenset(("cdiVersion", "kind", "devices", "name", "path", "hookName", "containerPath", "hostInterfaceName"))
# Pointers in Go: a 0 in them is a value.
_POINTERS = frozenset(("fileMode", "uid", "gid", "timeout", "intelRdt"))


def canonical(spec: Spec) -> Spec:
    """The same valid specification as Go would write it: the structs' order of fields, empty ones left out."""
    ordered: Spec = _ordered("spec", spec)
    return ordered


def _ordered(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    ordered = {}
    for name in _ORDERS[kind]:
        value = data.get(name)
        if isinstance(value, dict) and name in _ORDERS:
            value = _ordered(name, value)
        elif isinstance(value, list) and name in _ORDERS:
            value = [_ordered(name, entry) for entry in value]
        elif isinstance(value, dict):
            value = dict(sorted(value.items()))
        kept = (
            name in _ALWAYS
            or (kind == "devices" and name == "containerEdits")
            or (kind == "mounts" and name == "hostPath")
        )
        if value or kept or (name in _POINTERS and value is not None):
            ordered[name] = value
    return ordered
