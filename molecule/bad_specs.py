# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Specifications that the collection refuses, for the runtimes of the scenarios: each differs from GOOD by one error."""

from __future__ import annotations

import copy

DEVICE = "example.com/gpu=0"
GOOD = {
    "cdiVersion": "0.5.0",
    "kind": "example.com/gpu",
    "devices": [{"name": "0", "containerEdits": {"deviceNodes": [{"path": "/dev/nvidia0", "hostPath": "/dev/null"}]}}],
    "containerEdits": {"env": ["NVIDIA_VISIBLE_DEVICES=void"]},
}


def _changed(what):
    spec = copy.deepcopy(GOOD)
    what(spec, spec["devices"][0])
    return spec


def _set(place, **values):
    place.update(values)


# (the specification, the collection's message)
BAD = {
    "empty edits": (
        _changed(lambda spec, device: _set(device, containerEdits={})),
        "invalid device, empty device edits",
    ),
    "unknown field": (
        _changed(lambda spec, device: _set(spec, driver="nvidia")),
        "unknown field 'driver'",
    ),
    "unknown field of a node": (
        _changed(lambda spec, device: _set(device["containerEdits"]["deviceNodes"][0], host="/dev/null")),
        "unknown field 'host'",
    ),
    "bad device name": (
        _changed(lambda spec, device: _set(device, name="0/1")),
        "invalid",
    ),
    "bad class": (
        _changed(lambda spec, device: _set(spec, kind="example.com/g pu")),
        "invalid",
    ),
    "no such version": (
        _changed(lambda spec, device: _set(spec, cdiVersion="9.9.9")),
        'invalid version "9.9.9"',
    ),
    "two devices of one name": (
        _changed(lambda spec, device: spec["devices"].append(copy.deepcopy(device))),
        'multiple device "0"',
    ),
    "a variable without a value": (
        _changed(lambda spec, device: _set(spec["containerEdits"], env=["void"])),
        "must be NAME=value",
    ),
    "a hook that no runtime knows": (
        _changed(lambda spec, device: _set(spec["containerEdits"], hooks=[{"hookName": "later", "path": "/bin/true"}])),
        "invalid hook name",
    ),
    "a mount to nowhere": (
        _changed(
            lambda spec, device: _set(spec["containerEdits"], mounts=[{"hostPath": "/etc", "containerPath": ""}]),
        ),
        "empty container path",
    ),
}

TOO_LOW = _changed(lambda spec, device: _set(spec, cdiVersion="0.3.0"))
OTHER = _changed(lambda spec, device: _set(spec["containerEdits"], env=["NVIDIA_VISIBLE_DEVICES=other"]))


def _edits(**edits):
    return _changed(lambda spec, device: _set(device, containerEdits=edits))


# Valid, but the host paths do not exist: only starting a container shows it.
NOWHERE = {
    "no node": _edits(deviceNodes=[{"path": "/dev/nvidia0", "hostPath": "/nowhere/nvidia0"}]),
    "a file for a node": _edits(deviceNodes=[{"path": "/dev/nvidia0", "hostPath": "/etc/hostname"}]),
    "no file to mount": _edits(
        mounts=[{"hostPath": "/nowhere/libcuda.so.1", "containerPath": "/usr/lib/libcuda.so.1", "options": ["bind"]}]
    ),
    "no hook": _edits(
        hooks=[{"hookName": "createContainer", "path": "/nowhere/nvidia-cdi-hook", "args": ["nvidia-cdi-hook"]}]
    ),
}
