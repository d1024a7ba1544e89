# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The specifications of a node as a runtime sees them, and paths that are transformed."""

from __future__ import annotations

import copy
import json

import pytest
from bad_specs import GOOD
from cdi_support import complete, make

from ansible_collections.nvmock.gpu.plugins.module_utils.cdi.registry import load_registry
from ansible_collections.nvmock.gpu.plugins.module_utils.errors import ParameterError
from ansible_collections.nvmock.gpu.plugins.module_utils.host.view import HostView
from ansible_collections.nvmock.gpu.plugins.module_utils.nvcdi.transform import RootTransform


def write(root, path, spec):
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(spec if isinstance(spec, str) else json.dumps(spec))


def test_two_files_of_one_directory_hide_the_device(tmp_path):
    write(tmp_path, "etc/cdi/a.json", GOOD)
    write(tmp_path, "etc/cdi/b.yaml", GOOD)
    registry = load_registry(HostView(str(tmp_path)))
    assert registry.names == []
    assert registry.conflicts == {"nvidia.com/gpu=0": ["/etc/cdi/a.json", "/etc/cdi/b.yaml"]}
    assert registry.errors == ['conflicting device "nvidia.com/gpu=0" (specs "/etc/cdi/b.yaml", "/etc/cdi/a.json")']


def test_var_run_goes_before_etc(tmp_path):
    write(tmp_path, "etc/cdi/a.json", GOOD)
    write(tmp_path, "var/run/cdi/b.json", GOOD)
    registry = load_registry(HostView(str(tmp_path)))
    assert registry.devices == {"nvidia.com/gpu=0": "/var/run/cdi/b.json"}
    assert registry.shadowed == {"nvidia.com/gpu=0": ["/etc/cdi/a.json"]}


def test_names_without_quotes_are_names(tmp_path):
    """Go's reader takes the number for text: the device is there, and clashes."""
    write(tmp_path, "etc/cdi/a.json", GOOD)
    edits = "containerEdits: {env: [A=1, B=true], hooks: [{hookName: poststop, path: /x, args: [755]}]}"
    write(tmp_path, "etc/cdi/b.yaml", f"cdiVersion: 0.5.0\nkind: nvidia.com/gpu\ndevices:\n- name: 0\n  {edits}\n")
    registry = load_registry(HostView(str(tmp_path)))
    assert registry.conflicts == {"nvidia.com/gpu=0": ["/etc/cdi/a.json", "/etc/cdi/b.yaml"]}
    write(tmp_path, "etc/cdi/b.yaml", "devices: " + "[" * 300 + "]" * 300)
    assert load_registry(HostView(str(tmp_path))).names == ["nvidia.com/gpu=0"]


def test_a_file_that_is_not_valid_is_passed_over(tmp_path):
    write(tmp_path, "etc/cdi/a.json", GOOD)
    write(tmp_path, "etc/cdi/b.yaml", "kind: [")
    write(tmp_path, "etc/cdi/c.json", {**GOOD, "kind": "x.com/y", "surplus": 1})
    write(tmp_path, "etc/cdi/notes.txt", "not read")
    registry = load_registry(HostView(str(tmp_path)))
    assert registry.names == ["nvidia.com/gpu=0"]
    assert [error.partition(":")[0] for error in registry.errors] == ["/etc/cdi/b.yaml", "/etc/cdi/c.json"]


@pytest.mark.parametrize(
    ("release", "path", "expected"),
    [
        ("1.20", "/host/dev/nvidia0", "/dev/nvidia0"),
        ("1.20", "/hostile/dev", "/ile/dev"),  # a plain prefix
        ("head", "/hostile/dev", "/hostile/dev"),  # whole components
        ("1.20", "/dev/nvidia0", "/dev/nvidia0"),
    ],
)
def test_a_root_is_replaced(release, path, expected):
    assert RootTransform("/host", "/", "host", release).path(path) == expected


def test_host_paths_are_added_and_hooks_follow():
    spec = copy.deepcopy(GOOD)
    del spec["devices"][0]["containerEdits"]["deviceNodes"][0]["hostPath"]
    changed = RootTransform("/", "/node", "host", "1.20")(spec)
    assert changed["devices"][0]["containerEdits"]["deviceNodes"][0] == {
        "path": "/dev/nvidia0",
        "hostPath": "/node/dev/nvidia0",
    }
    assert changed["containerEdits"]["mounts"][0]["hostPath"] == "/node/d/libcuda.so.1"
    assert changed["containerEdits"]["mounts"][0]["containerPath"] == "/lib64/libcuda.so.1"
    assert changed["containerEdits"]["hooks"][0]["path"] == "/node/usr/bin/nvidia-cdi-hook"
    assert changed["cdiVersion"] == spec["cdiVersion"]


def test_devices_that_share_their_edits_are_changed_once(tmp_path):
    spec = make(tmp_path, complete(), device_name_strategies=("index", "uuid"))
    before = copy.deepcopy(spec)
    changed = RootTransform("/", "/node", "host", "1.20")(spec)
    assert spec == before
    nodes = [node for device in changed["devices"] for node in device["containerEdits"]["deviceNodes"]]
    assert {node["hostPath"] for node in nodes} == {"/node/dev/nvidia0", "/node/dev/nvidia1"}
    assert RootTransform("/x", "/x", "host", "1.20")(spec) == before


HOOKS = [
    {"hookName": "createContainer", "path": "/r/hook", "args": ["hook", "--link", "/r/a::/r/b", "/r/c"]},
    {"hookName": "startContainer", "path": "/r/hook", "args": ["hook", "/r/c"]},
    {"hookName": "poststop", "path": "/r/hook", "args": ["hook", "/r/a::/r/b"]},
]


@pytest.mark.parametrize(
    ("relative_to", "expected"),
    [
        (
            "host",
            [
                ("/n/hook", ["hook", "--link", "/r/a::/r/b", "/r/c"]),
                ("/r/hook", ["hook", "/r/c"]),
                ("/n/hook", ["hook", "/n/a::/n/b"]),
            ],
        ),
        (
            "container",
            [
                ("/r/hook", ["hook", "--link", "/n/a::/n/b", "/n/c"]),
                ("/n/hook", ["hook", "/n/c"]),
                ("/r/hook", ["hook", "/r/a::/r/b"]),
            ],
        ),
    ],
)
def test_which_paths_of_hooks_are_the_hosts(relative_to, expected):
    spec = {**GOOD, "containerEdits": {"hooks": HOOKS}}
    hooks = RootTransform("/r", "/n", relative_to, "1.20")(spec)["containerEdits"]["hooks"]
    assert [(hook["path"], hook["args"]) for hook in hooks] == expected


@pytest.mark.parametrize(
    ("release", "old", "new", "path", "expected"),
    [
        ("1.20", "", "/n", "/dev/nvidia0", "/n/dev/nvidia0"),
        ("1.20", "/host", "", "/host/dev", "/dev"),
        ("1.20", "/host/", "/n", "/host/dev", "/n/dev"),
        ("1.20", "/host", "/n/", "/host", "/n"),
        ("head", "", "/n", "/dev/nvidia0", "/n/dev/nvidia0"),
        ("head", "/host/", "/n", "/host/dev", "/n/dev"),
        ("head", "/host/", "/n", "/hostile", "/hostile"),
        ("head", "/host", "/n", "/host", "/n"),
        ("head", "/", "/n", "relative", "relative"),
    ],
)
def test_roots_that_are_empty_or_end_in_a_slash(release, old, new, path, expected):
    assert RootTransform(old, new, "host", release).path(path) == expected


def test_paths_in_the_container():
    changed = RootTransform("/lib64", "/usr/lib", "container", "1.20")(GOOD)
    assert changed["containerEdits"]["mounts"][0]["containerPath"] == "/usr/lib/libcuda.so.1"
    assert changed["containerEdits"]["mounts"][0]["hostPath"] == "/d/libcuda.so.1"
    with pytest.raises(ParameterError, match="relative_to"):
        RootTransform("/", "/", "somewhere", "1.20")
