# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The CDI version that a specification needs (specs-go/version.go of the CDI library 1.1.0)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .spec import Edits, Spec

VERSIONS = ("0.3.0", "0.4.0", "0.5.0", "0.6.0", "0.7.0", "0.8.0", "1.0.0", "1.1.0")


def minimum_version(spec: Spec) -> str:
    """The lowest version whose fields suffice."""
    devices = spec.get("devices") or []
    all_edits: list[Edits] = [spec.get("containerEdits") or {}]
    all_edits += [device.get("containerEdits") or {} for device in devices]
    for edits in all_edits:
        rdt = edits.get("intelRdt") or {}
        if edits.get("netDevices") or rdt.get("schemata") is not None or rdt.get("enableMonitoring"):
            return "1.1.0"
    if any(edits.get("additionalGids") or edits.get("intelRdt") is not None for edits in all_edits):
        return "0.7.0"
    _vendor, _slash, name = spec.get("kind", "").partition("/")
    if "." in name or spec.get("annotations") or any(device.get("annotations") for device in devices):
        return "0.6.0"
    if any(device.get("name", "")[:1].isdecimal() for device in devices):
        return "0.5.0"
    if any(node.get("hostPath") for edits in all_edits for node in edits.get("deviceNodes") or []):
        return "0.5.0"
    if any(mount.get("type") for edits in all_edits for mount in edits.get("mounts") or []):
        return "0.4.0"
    return VERSIONS[0]
