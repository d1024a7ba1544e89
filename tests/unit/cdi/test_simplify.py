# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What becomes of edits before they are written: nothing twice, sorted, the device ``all``, the version they need."""

from __future__ import annotations

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.cdi.version import minimum_version
from ansible_collections.nvmock.gpu.plugins.module_utils.nvcdi.simplify import add_all_device, simplify


def node(path, **more):
    return {"path": path, **more}


def mount(path):
    return {"hostPath": "/h" + path, "containerPath": path, "options": ["ro"]}


def spec_of(common, **devices):
    return {
        "cdiVersion": "",
        "kind": "a.b/c",
        "devices": [{"name": name.replace("_", "-"), "containerEdits": edits} for name, edits in devices.items()],
        "containerEdits": common,
    }


def simplified(common, **devices):
    spec = spec_of(common, **devices)
    simplify(spec)
    return spec


def test_nothing_is_there_twice_and_groups_are_sorted():
    common = {
        "env": ["B=1", "A=1", "B=1"],
        "deviceNodes": [node("/dev/b"), node("/dev/b"), node("/dev/b", gid=4)],
        "additionalGids": [44, 7, 44],
    }
    edits = simplified(common, x={"env": ["X=1"]})["containerEdits"]
    assert edits["env"] == ["B=1", "A=1"]
    assert edits["deviceNodes"] == [node("/dev/b"), node("/dev/b", gid=4)]
    assert edits["additionalGids"] == [7, 44]


def test_a_device_does_not_repeat_common_edits_unless_it_had_none_left():
    common = {"env": ["A=1"], "deviceNodes": [node("/dev/ctl")], "additionalGids": [44]}
    spec = simplified(
        common,
        more={"env": ["A=1"], "deviceNodes": [node("/dev/ctl"), node("/dev/0")]},
        same={"env": ["A=1"], "deviceNodes": [node("/dev/ctl")]},
        groups={"env": ["A=1"], "additionalGids": [44]},
    )
    edits = {device["name"]: device["containerEdits"] for device in spec["devices"]}
    assert edits == {
        "more": {"deviceNodes": [node("/dev/0")]},
        "same": {"env": ["A=1"], "deviceNodes": [node("/dev/ctl")]},
        "groups": {"additionalGids": [44]},
    }


def test_shallow_paths_go_first_and_names_by_their_bytes():
    common = {
        "mounts": [mount("/b/c/d"), mount("/z"), mount("/a//x/"), mount("/a/b")],
        "hooks": [{"hookName": "poststop", "path": "/z"}, {"hookName": "poststop", "path": "/a"}],
    }
    devices = {"10": 1, "all": 1, "GPU_a": 1, "2": 1, "gpu0": 1, "0:1": 1}
    spec = simplified(common, **{name: {"env": ["A=1"]} for name in devices})
    assert [entry["containerPath"] for entry in spec["containerEdits"]["mounts"]] == ["/z", "/a//x/", "/a/b", "/b/c/d"]
    assert [hook["path"] for hook in spec["containerEdits"]["hooks"]] == ["/z", "/a"]  # their order means something
    assert [device["name"] for device in spec["devices"]] == ["0:1", "10", "2", "GPU-a", "all", "gpu0"]


def test_the_device_all_has_everything_once_and_in_order():
    spec = simplified(
        {"deviceNodes": [node("/dev/ctl")]},
        b={"deviceNodes": [node("/dev/1")], "env": ["B=1"], "additionalGids": [44, 7]},
        a={"deviceNodes": [node("/dev/dri/card0"), node("/dev/0")], "env": ["A=1", "B=1"], "additionalGids": [44]},
    )
    add_all_device(spec)
    assert [device["name"] for device in spec["devices"]] == ["a", "all", "b"]
    assert spec["devices"][1]["containerEdits"] == {
        "env": ["A=1", "B=1"],
        "deviceNodes": [node("/dev/0"), node("/dev/1"), node("/dev/dri/card0")],
        "additionalGids": [7, 44],
    }
    before = len(spec["devices"])
    add_all_device(spec)
    assert len(spec["devices"]) == before


@pytest.mark.parametrize(
    ("change", "version"),
    [
        ({}, "0.3.0"),
        ({"edits": {"mounts": [{**mount("/a"), "type": "bind"}]}}, "0.4.0"),
        ({"edits": {"mounts": [{**mount("/a"), "type": ""}]}}, "0.3.0"),
        ({"name": "0"}, "0.5.0"),
        ({"name": "GPU-0"}, "0.3.0"),
        ({"edits": {"deviceNodes": [node("/dev/a", hostPath="/dev/a")]}}, "0.5.0"),
        ({"edits": {"deviceNodes": [node("/dev/a", gid=4, fileMode=438)]}}, "0.3.0"),
        ({"kind": "nvidia.com/gpu.x"}, "0.6.0"),
        ({"annotations": {"a": "b"}}, "0.6.0"),
        ({"annotations": {}}, "0.3.0"),
        ({"device_annotations": {"a": "b"}}, "0.6.0"),
        ({"edits": {"additionalGids": [44]}}, "0.7.0"),
        ({"edits": {"additionalGids": []}}, "0.3.0"),
        ({"edits": {"intelRdt": {}}}, "0.7.0"),
        ({"edits": {"intelRdt": {"enableMonitoring": False}}}, "0.7.0"),
        ({"edits": {"intelRdt": {"enableMonitoring": True}}}, "1.1.0"),
        ({"edits": {"intelRdt": {"schemata": []}}}, "1.1.0"),
        ({"edits": {"netDevices": [{"hostInterfaceName": "a", "name": "b"}]}}, "1.1.0"),
        ({"name": "0", "annotations": {"a": "b"}, "edits": {"additionalGids": [44]}}, "0.7.0"),
    ],
)
@pytest.mark.parametrize("common", [True, False])
def test_the_lowest_version_that_has_the_fields(change, version, common):
    edits = change.get("edits", {})
    device = {"name": change.get("name", "gpu0"), "containerEdits": {} if common else edits}
    device["annotations"] = change.get("device_annotations", {})
    spec = {
        "kind": change.get("kind", "nvidia.com/gpu"),
        "devices": [device],
        "containerEdits": edits if common else {},
    }
    if "annotations" in change:
        spec["annotations"] = change["annotations"]
    assert minimum_version(spec) == version
