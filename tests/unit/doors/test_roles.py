# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The role gpu_node: every option of its modules can be set, and what is set arrives."""

from __future__ import annotations

import importlib
import json
import os
import re

import plays
import pytest
import yaml

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
ROLE = os.path.join(ROOT, "roles", "gpu_node")
FILES = "char" if os.geteuid() == 0 else "regular"
NODE = {"gpu_node_uuid_seed": "roles", "gpu_node_gpu_count": 2, "gpu_node_device_files": FILES}
SPEC = "etc/cdi/example.json"


def read(*path):
    with open(os.path.join(ROLE, *path), encoding="utf-8") as handle:
        return yaml.safe_load(handle)


def test_every_option_of_the_module_has_a_variable_that_says_the_same():
    given = next(
        task["nvmock.gpu.nvmock_node"] for task in read("tasks", "main.yml") if "nvmock.gpu.nvmock_node" in task
    )
    spec = importlib.import_module("ansible_collections.nvmock.gpu.plugins.modules.nvmock_node").ARGUMENT_SPEC
    assert set(spec) == set(given)
    variables = read("meta", "argument_specs.yml")["argument_specs"]["main"]["options"]
    said = {}
    for option, expression in given.items():
        [variable] = set(re.findall(r"\bgpu_node_\w+", expression)) - {"gpu_node_state"} or {"gpu_node_state"}
        facts = said[variable] = variables[variable]
        for key in ("choices", "elements"):
            taken = spec[option].get(key, ())
            assert sorted(facts.get(key, ())) == sorted("str" if taken == "raw" else taken), f"{variable}: {key}"
    assert set(said) == set(variables)


@pytest.mark.parametrize("name", ["nvmock_devices", "nvmock_driver_tree", "nvmock_cdi_spec"])
def test_the_module_has_every_option_of_the_three(name):
    modules = "ansible_collections.nvmock.gpu.plugins.modules."
    whole = importlib.import_module(modules + "nvmock_node").ARGUMENT_SPEC
    single = importlib.import_module(modules + name).ARGUMENT_SPEC
    # The path has another name, and what the device nodes are is known.
    assert set(single) - set(whole) <= {"path", "devices_are_files"}
    differing = {option for option in single if option in whole and whole[option] != single[option]}
    # nvmock_cdi_spec does not remove a driver installation, so that its default is the path.
    assert differing <= {"driver_root"}


SHAPE = {
    "gpu_node_cdi_spec_path": f"/{SPEC}",
    "gpu_node_cdi_vendor": "example.com",
    "gpu_node_cdi_class": "mock",
    "gpu_node_cdi_device_ids": ["1"],
    "gpu_node_cdi_device_name_strategies": ["type-index"],
    "gpu_node_cdi_all_device": False,
    "gpu_node_cdi_disabled_hooks": ["all"],
    "gpu_node_cdi_enabled_hooks": ["update-ldcache"],
    "gpu_node_cdi_ldconfig_path": "@/sbin/ldconfig",
    "gpu_node_cdi_feature_flags": ["enable-coherent-annotations"],
    "gpu_node_machine_definition": {"base": "dgxa100", "addressing_mode": "ATS"},
}
PATHS = {"gpu_node_driver_root": "/opt/driver", "gpu_node_base": "/opt/base", "gpu_node_cdi_spec_path": f"/{SPEC}"}


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    """Nodes in directories, all in one run of Ansible, and copies of what they were in between."""
    place = tmp_path_factory.mktemp("nodes")

    def gpu_node(name, state="present", **variables):
        facts = {**NODE, "gpu_node_host_root": str(place / name), "gpu_node_state": state}
        return plays.role("gpu_node", **facts, **variables)

    def keep(name, copy):
        return plays.shell(f"cp -a {place / name} {place / copy}")

    for name in ("shape", "hook", "moved"):
        (place / name).mkdir()
    spec = place / "moved" / SPEC
    plays.run(
        place,
        [
            gpu_node("shape", **SHAPE),
            keep("shape", "shape-made"),
            gpu_node("shape", "absent", gpu_node_cdi_spec_path=f"/{SPEC}"),
            plays.refused(gpu_node("hook", gpu_node_cdi_disabled_hooks=["enable-cuda-compatt"]), place / "hook-said"),
            gpu_node("moved", **PATHS, gpu_node_verify=False),
            plays.shell(f"cp {spec} {place}/spec && printf mine > {spec}"),
            plays.refused(gpu_node("moved", "absent"), place / "moved-said"),
            keep("moved", "moved-left"),
            plays.shell(f"cat {place}/spec > {spec}"),
            gpu_node("moved", "absent"),
        ],
    )
    return place


def test_a_specification_of_another_shape(nodes):
    made = nodes / "shape-made"
    spec = json.loads((made / SPEC).read_text())
    assert spec["kind"] == "example.com/mock" and spec["cdiVersion"] == "0.3.0"
    assert [device["name"] for device in spec["devices"]] == ["gpu1"]
    assert "annotations" not in spec["devices"][0]
    args = [hook["args"][1:] for hook in spec["containerEdits"]["hooks"]]
    assert args == [
        ["update-ldcache", "--ldconfig-path", "@/sbin/ldconfig", "--folder", "/lib64", "--folder", "/lib64/vdpau"]
    ]
    assert sorted(os.listdir(made / "etc/cdi")) == ["example.coherent.json", "example.json"]
    assert os.listdir(nodes / "shape") == []


def test_a_wrong_hook_is_named(nodes):
    assert os.listdir(nodes / "hook") == []
    said = (nodes / "hook-said").read_text()
    assert "enable-cuda-compatt" in said and "gpu_node_cdi_disabled_hooks" in said


def test_the_defaults_that_narrow_no_removal_are_the_defaults():
    defaults, private = read("defaults", "main.yml"), read("vars", "main.yml")
    assert len(private) == 3
    for name, value in private.items():
        assert defaults[name.replace("_gpu_node_default_", "gpu_node_")] == value


def test_absent_removes_everything_wherever_it_is_and_names_what_was_changed(nodes):
    left = nodes / "moved-left"
    assert f"/{SPEC} was changed since it was made: left as it is" in (nodes / "moved-said").read_text()
    assert sorted(os.listdir(left)) == ["etc", "var"] and (left / SPEC).read_text() == "mine"
    assert os.listdir(nodes / "moved") == []
