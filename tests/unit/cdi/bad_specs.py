# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Specifications that are wrong by one thing, and what is said about each. docs/cdi.md shows the same messages."""

from __future__ import annotations

import copy

GOOD = {
    "cdiVersion": "0.5.0",
    "kind": "nvidia.com/gpu",
    "devices": [
        {"name": "0", "containerEdits": {"deviceNodes": [{"path": "/dev/nvidia0", "hostPath": "/dev/nvidia0"}]}}
    ],
    "containerEdits": {
        "env": ["NVIDIA_VISIBLE_DEVICES=void"],
        "mounts": [{"hostPath": "/d/libcuda.so.1", "containerPath": "/lib64/libcuda.so.1", "options": ["ro", "bind"]}],
        "hooks": [
            {"hookName": "createContainer", "path": "/usr/bin/nvidia-cdi-hook", "args": ["nvidia-cdi-hook", "chmod"]}
        ],
    },
}


def _bad(path, value):
    """The good one with the value at a path (keys and indices) replaced; None takes it away."""
    spec = copy.deepcopy(GOOD)
    place = spec
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return spec


_DEVICE = ("devices", 0)
_NODE = (*_DEVICE, "containerEdits", "deviceNodes", 0)
_HOOK = ("containerEdits", "hooks", 0)
_MOUNT = ("containerEdits", "mounts", 0)

BAD = [
    (None, "spec: must be a map, is empty"),
    ([], "spec: must be a map, is a list"),
    (_bad(("cdiVersion",), None), "spec: cdiVersion is missing"),
    (_bad(("cdiVersion",), "9.9.9"), 'cdiVersion: invalid version "9.9.9"'),
    (_bad(("cdiVersion",), "0.3.0"), 'cdiVersion: is "0.3.0", but the spec version must be at least v0.5.0'),
    (_bad(("cdiVersion",), 0.5), "cdiVersion: must be text, is 0.5"),
    (_bad(("kind",), None), "spec: kind is missing"),
    (_bad(("kind",), "gpu"), 'kind: "gpu" must be VENDOR/CLASS'),
    (_bad(("kind",), "1nvidia.com/gpu"), 'kind: invalid vendor. "1nvidia.com", should start with letter'),
    (_bad(("kind",), "nvidia.com/g pu"), "kind: invalid class. invalid character ' ' in name \"g pu\""),
    (_bad(("kind",), "nvidia.com/gpu-"), 'kind: invalid class. "gpu-", should end with a letter or digit'),
    (_bad(("driver",), "nvidia"), "spec: unknown field 'driver'"),
    (_bad(("devices",), None), "spec: devices is missing"),
    (_bad(("devices",), []), "devices: invalid spec, no devices"),
    (_bad(("devices",), {"0": {}}), "devices: must be a list"),
    (_bad((*_DEVICE, "name"), ""), "devices[0].name: invalid (empty) device name"),
    (_bad((*_DEVICE, "name"), "-0"), 'devices[0].name: invalid name "-0", should start with a letter or digit'),
    (_bad((*_DEVICE, "name"), "0/1"), "devices[0].name: invalid character '/' in device name \"0/1\""),
    (_bad((*_DEVICE, "name"), 0), "devices[0].name: must be text, is 0"),
    (_bad(("devices",), GOOD["devices"] * 2), 'devices[1].name: invalid spec, multiple device "0"'),
    (_bad((*_DEVICE, "containerEdits"), {}), 'devices[0]: device "0": invalid device, empty device edits'),
    (_bad((*_DEVICE, "containerEdits"), {"mounts": []}), 'devices[0]: device "0": invalid device, empty device edits'),
    (_bad((*_DEVICE, "containerEdits"), None), "devices[0]: containerEdits is missing"),
    (_bad((*_DEVICE, "annotations"), {"a b": "c"}), "devices[0].annotations"),
    (_bad((*_DEVICE, "annotations"), {"a": 1}), "devices[0].annotations: 'a': 1 must be text"),
    (_bad((*_NODE, "path"), ""), "devices[0].containerEdits.deviceNodes[0].path: invalid (empty) device path"),
    (_bad((*_NODE, "type"), "x"), 'devices[0].containerEdits.deviceNodes[0].type: invalid type "x"'),
    (
        _bad((*_NODE, "permissions"), "rwx"),
        'devices[0].containerEdits.deviceNodes[0].permissions: invalid permissions "rwx"',
    ),
    (
        _bad((*_NODE, "major"), "195"),
        "devices[0].containerEdits.deviceNodes[0].major: must be a whole number, is '195'",
    ),
    (
        _bad((*_NODE, "fileMode"), -1),
        "devices[0].containerEdits.deviceNodes[0].fileMode: must be a whole number from 0",
    ),
    (_bad((*_NODE, "host"), "/dev/nvidia0"), "devices[0].containerEdits.deviceNodes[0]: unknown field 'host'"),
    (_bad(("containerEdits", "env"), ["void"]), 'containerEdits.env[0]: invalid environment variable "void"'),
    (_bad(("containerEdits", "env"), ["=void"]), 'containerEdits.env[0]: invalid environment variable "=void"'),
    (_bad(("containerEdits", "env"), "A=b"), "containerEdits.env: must be a list of texts"),
    (_bad((*_HOOK, "hookName"), "later"), 'containerEdits.hooks[0].hookName: invalid hook name "later"'),
    (_bad((*_HOOK, "path"), ""), "containerEdits.hooks[0].path: invalid hook with empty path"),
    (_bad((*_HOOK, "env"), ["X"]), 'containerEdits.hooks[0].env[0]: invalid environment variable "X"'),
    (
        _bad((*_MOUNT, "containerPath"), ""),
        "containerEdits.mounts[0].containerPath: invalid mount, empty container path",
    ),
    (_bad((*_MOUNT, "hostPath"), ""), "containerEdits.mounts[0].hostPath: invalid mount, empty host path"),
    (_bad((*_MOUNT, "hostPath"), None), "containerEdits.mounts[0]: hostPath is missing"),
    (_bad((*_MOUNT, "type"), 1), "containerEdits.mounts[0].type: must be text, is 1"),
    (_bad(("containerEdits", "additionalGids"), [44]), "must be at least v0.7.0"),
    (_bad(("containerEdits", "additionalGids"), ["44"]), "containerEdits.additionalGids[0]: must be a whole number"),
    (_bad(("annotations",), {"a": "b"}), "must be at least v0.6.0"),
    (_bad(("kind",), "nvidia.com/gpu.coherent"), "must be at least v0.6.0"),
    (_bad(("containerEdits", "intelRdt"), {"closID": "a/b"}), "must be at least v0.7.0"),
    (_bad(("containerEdits", "netDevices"), [{"hostInterfaceName": "eth0", "name": "a"}]), "must be at least v1.1.0"),
]
