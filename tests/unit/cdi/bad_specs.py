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


def _bad(path, value, version=None):
    """The good one with the value at a path (keys and indices) replaced; None takes a key away."""
    spec = copy.deepcopy(GOOD)
    if version:
        spec["cdiVersion"] = version
    place = spec
    for key in path[:-1]:
        place = place[key]
    if value is None and isinstance(place, dict):
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return spec


def _annotated(annotations, of_device=False):
    return _bad((*_DEVICE, "annotations") if of_device else ("annotations",), annotations, version="0.6.0")


def _edits(name, value, version="1.1.0"):
    return _bad(("containerEdits", name), value, version)


def _net(host_name, name):
    return {"hostInterfaceName": host_name, "name": name}


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
    (_bad(("kind",), "n/gpu"), 'kind: invalid vendor. "n", should have two characters or more'),
    (_bad(("kind",), "nvidia.com/x"), 'kind: invalid class. "x", should have two characters or more'),
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
    (_bad(("containerEdits", "intelRdt"), {"closID": "a"}), "must be at least v0.7.0"),
    (_edits("intelRdt", {"closID": "a/b"}), "containerEdits.intelRdt.closID: invalid ClosID"),
    (_bad(("containerEdits", "netDevices"), [{"hostInterfaceName": "eth0", "name": "a"}]), "must be at least v1.1.0"),
    # -- versions and kinds
    (_bad(("cdiVersion",), ""), 'cdiVersion: invalid version ""'),
    (_bad(("cdiVersion",), "0.5"), 'cdiVersion: invalid version "0.5"'),
    (_bad(("cdiVersion",), "1.2.0"), 'cdiVersion: invalid version "1.2.0"'),
    (_bad(("cdiVersion",), "0.2.0"), 'cdiVersion: is "0.2.0", but the spec version must be at least v0.5.0'),
    (_bad(("kind",), 7), "kind: must be text, is 7"),
    (_bad(("kind",), ""), 'kind: "" must be VENDOR/CLASS'),
    (_bad(("kind",), "/gpu"), 'kind: "/gpu" must be VENDOR/CLASS'),
    (_bad(("kind",), "nvidia.com/"), 'kind: "nvidia.com/" must be VENDOR/CLASS'),
    (_bad(("kind",), "nvidia.com/gpu/x"), "kind: invalid class. invalid character '/' in name \"gpu/x\""),
    (_bad(("kind",), "nvidia:com/gpu"), "kind: invalid vendor. invalid character ':' in name \"nvidia:com\""),
    (_bad(("kind",), "nvidia./gpu"), 'kind: invalid vendor. "nvidia.", should end with a letter or digit'),
    (_bad(("kind",), "nvidia.com/_gpu"), 'kind: invalid class. "_gpu", should start with letter'),
    # -- devices
    (_bad(("devices",), ["0"]), "devices[0]: must be a map, is a str"),
    (_bad((*_DEVICE, "name"), None), "devices[0]: name is missing"),
    (_bad((*_DEVICE, "name"), "0:"), 'devices[0].name: invalid name "0:", should end with a letter or digit'),
    (_bad((*_DEVICE, "name"), "g\u00e9u"), "devices[0].name: invalid character '\\xe9' in device name"),
    (_bad((*_DEVICE, "name"), "a\nb"), "devices[0].name: invalid character '\\n' in device name \"a\\nb\""),
    (
        _bad((*_DEVICE, "edits"), {}),
        "devices[0]: unknown field 'edits': must be one of name, annotations, containerEdits",
    ),
    (_bad((*_DEVICE, "containerEdits"), []), "devices[0].containerEdits: must be a map, is []"),
    (_bad((*_DEVICE, "containerEdits"), {"env": ["x"]}), "devices[0].containerEdits.env[0]: invalid environment"),
    # -- annotations
    (_bad(("annotations",), ["a"]), "annotations: must be a map, is ['a']"),
    (_annotated({"a": 1}), "annotations: 'a': 1 must be text: put it in quotes"),
    (_annotated({"a b": "c"}), 'annotations: invalid key "a b": must be NAME or PREFIX/NAME'),
    (_annotated({"": "c"}), 'annotations: invalid key ""'),
    (_annotated({"-a": "c"}), 'annotations: invalid key "-a"'),
    (_annotated({"a/b/c": "d"}), 'annotations: invalid key "a/b/c"'),
    (_annotated({"a_b/c": "d"}), 'annotations: invalid key "a_b/c"'),
    (_annotated({"/c": "d"}), 'annotations: invalid key "/c"'),
    (_annotated({"x" * 64: "c"}), f'annotations: invalid key "{"x" * 64}"'),
    (_annotated({"x" * 254 + "/c": "d"}), "annotations: invalid key"),
    (_annotated({"a": "x" * (256 * 1024)}), "annotations: annotations size 262145 is larger than limit 262144"),
    (_annotated({"a b": "c"}, of_device=True), 'devices[0].annotations: invalid key "a b"'),
    (_annotated({"a": None}, of_device=True), "devices[0].annotations: 'a': None must be text"),
    # -- device nodes
    (_bad(_NODE, "/dev/nvidia0"), "devices[0].containerEdits.deviceNodes[0]: must be a map, is a str"),
    (_bad((*_NODE, "path"), None), "devices[0].containerEdits.deviceNodes[0]: path is missing"),
    (_bad((*_NODE, "hostPath"), 1), "devices[0].containerEdits.deviceNodes[0].hostPath: must be text, is 1"),
    (_bad((*_NODE, "major"), -1), "deviceNodes[0].major: invalid (negative) device number -1"),
    (_bad((*_NODE, "minor"), -1), "deviceNodes[0].minor: invalid (negative) device number -1"),
    (_bad((*_NODE, "minor"), 1 << 63), "deviceNodes[0].minor: must be a whole number, is 9223372036854775808"),
    (_bad((*_NODE, "major"), True), "deviceNodes[0].major: must be a whole number, is True"),
    (
        _bad((*_NODE, "fileMode"), "0666"),
        "deviceNodes[0].fileMode: must be a whole number from 0 to 4294967295, is '0666'",
    ),
    (_bad((*_NODE, "uid"), -1), "deviceNodes[0].uid: must be a whole number from 0"),
    (_bad((*_NODE, "gid"), 1 << 32), "deviceNodes[0].gid: must be a whole number from 0 to 4294967295, is 4294967296"),
    (_bad((*_NODE, "permissions"), 7), "deviceNodes[0].permissions: must be text, is 7"),
    (_bad((*_NODE, "permissions"), "None"), 'deviceNodes[0].permissions: invalid permissions "None"'),
    # -- edits
    (_bad(("containerEdits",), []), "containerEdits: must be a map, is []"),
    (
        _bad(("containerEdits", "devices"), []),
        "containerEdits: unknown field 'devices': must be one of env, deviceNodes,",
    ),
    (_bad(("containerEdits", "mounts"), {}), "containerEdits.mounts: must be a list, is {}"),
    (_bad(("containerEdits", "env"), [1]), "containerEdits.env[0]: must be text, is 1"),
    (
        _bad(("containerEdits", "additionalGids"), [-1]),
        "containerEdits.additionalGids[0]: must be a whole number from 0",
    ),
    # -- hooks
    (_bad(_HOOK, None), "containerEdits.hooks[0]: must be a map, is empty"),
    (_bad((*_HOOK, "hookName"), None), "containerEdits.hooks[0]: hookName is missing"),
    (_bad((*_HOOK, "path"), None), "containerEdits.hooks[0]: path is missing"),
    (_bad((*_HOOK, "arguments"), []), "containerEdits.hooks[0]: unknown field 'arguments'"),
    (_bad((*_HOOK, "args"), "chmod"), "containerEdits.hooks[0].args: must be a list of texts, is 'chmod'"),
    (_bad((*_HOOK, "args"), ["chmod", 755]), "containerEdits.hooks[0].args[1]: must be text, is 755"),
    (_bad((*_HOOK, "timeout"), -1), "containerEdits.hooks[0].timeout: must be a whole number from 0"),
    # -- mounts
    (_bad((*_MOUNT, "containerPath"), None), "containerEdits.mounts[0]: containerPath is missing"),
    (_bad((*_MOUNT, "options"), "ro,bind"), "containerEdits.mounts[0].options: must be a list of texts, is 'ro,bind'"),
    (_bad((*_MOUNT, "options"), [True]), "containerEdits.mounts[0].options[0]: must be text, is True"),
    (_bad((*_MOUNT, "source"), "/"), "containerEdits.mounts[0]: unknown field 'source'"),
    (_bad((*_MOUNT, "type"), "bind", version="0.3.0"), 'is "0.3.0", but the spec version must be at least v0.5.0'),
    # -- network devices and cache allocation, new in 1.1.0
    (_edits("netDevices", [{"name": "a"}]), "containerEdits.netDevices[0]: hostInterfaceName is missing"),
    (_edits("netDevices", [{"hostInterfaceName": "a"}]), "containerEdits.netDevices[0]: name is missing"),
    (_edits("netDevices", ["eth0"]), "containerEdits.netDevices[0]: must be a map, is a str"),
    (
        _edits("netDevices", [_net("", "a")]),
        "netDevices[0].hostInterfaceName: invalid linux net device, must not be empty",
    ),
    (_edits("netDevices", [_net("a", "")]), "netDevices[0].name: invalid linux net device, must not be empty"),
    (
        _edits("netDevices", [_net("a", "b"), _net("a", "c")]),
        "netDevices[1].hostInterfaceName: invalid linux net device, du",
    ),
    (
        _edits("netDevices", [_net("a", "c"), _net("b", "c")]),
        'netDevices[1].name: invalid linux net device, duplicate "c"',
    ),
    (_edits("netDevices", [{**_net("a", "b"), "mtu": 1}]), "containerEdits.netDevices[0]: unknown field 'mtu'"),
    (_edits("intelRdt", {"closID": ".."}), "containerEdits.intelRdt.closID: invalid ClosID: must be a file name, or /"),
    (_edits("intelRdt", {"closID": "a\n"}), "containerEdits.intelRdt.closID: invalid ClosID"),
    (_edits("intelRdt", {"closID": "x" * 4096}), "containerEdits.intelRdt.closID: invalid ClosID"),
    (_edits("intelRdt", {"closID": 1}), "containerEdits.intelRdt.closID: must be text, is 1"),
    (_edits("intelRdt", {"enableCMT": True}), "containerEdits.intelRdt: unknown field 'enableCMT'"),
    (_edits("intelRdt", {"schemata": "L3:0=f"}), "containerEdits.intelRdt.schemata: must be a list of texts"),
    (_edits("intelRdt", {"enableMonitoring": "yes"}), "intelRdt.enableMonitoring: must be true or false, is 'yes'"),
    (_edits("intelRdt", []), "containerEdits.intelRdt: must be a map, is []"),
    (_edits("intelRdt", {"schemata": []}, "1.0.0"), "must be at least v1.1.0"),
    (_edits("intelRdt", {"enableMonitoring": True}, "1.0.0"), "must be at least v1.1.0"),
    (_edits("intelRdt", {}, "0.6.0"), "must be at least v0.7.0"),
]

# What libraries take although it looks odd.
ALLOWED = [
    _bad(("cdiVersion",), "v0.5.0"),
    _bad(("cdiVersion",), "1.1.0"),
    _bad(("containerEdits",), None),
    _bad(("containerEdits",), {}),
    {**GOOD, "annotations": None, "containerEdits": None},
    _bad(("kind",), "A_b-c.d1/E_f-g2"),
    _bad((*_DEVICE, "name"), "A0_.:-z"),
    _bad((*_DEVICE, "containerEdits"), {"intelRdt": {}}, version="0.7.0"),
    _bad((*_DEVICE, "containerEdits"), {"additionalGids": [0]}, version="0.7.0"),
    _bad((*_DEVICE, "containerEdits"), {"netDevices": [_net("a", "b"), _net("b", "a")]}, version="1.1.0"),
    _annotated({"A.b-c/D_e.f": "", "x": "y"}),
    _bad((*_NODE, "permissions"), "none"),
    _bad((*_NODE, "permissions"), "mmw"),
    _bad((*_NODE, "type"), ""),
    _bad((*_NODE, "uid"), 0),
    _bad((*_NODE, "path"), "relative"),
    _bad((*_HOOK, "timeout"), 0),
    _bad(("containerEdits", "env"), ["A=", "B==", "C= d"]),
    _edits("intelRdt", {"closID": "/", "l3CacheSchema": "L3:0=f", "memBwSchema": "MB:0=1", "schemata": ["L2:0=f"]}),
]
