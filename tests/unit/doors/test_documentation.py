# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What is documented is what there is: module options and role variables."""

from __future__ import annotations

import importlib
import os

import pytest
import yaml

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
PLUGINS = "ansible_collections.nvmock.gpu.plugins"


def fragment_options(name):
    module = importlib.import_module(f"{PLUGINS}.doc_fragments.{name}")
    return yaml.safe_load(module.ModuleDocFragment.DOCUMENTATION)["options"]


@pytest.mark.parametrize(
    "name",
    [
        "nvmock_node",
        "nvmock_devices",
        "nvmock_driver_tree",
        "nvmock_cdi_spec",
        "nvmock_fault",
        "nvmock_gpu_state",
        "nvmock_machine_info",
        "nvmock_verify",
        "nvmock_objects",
        "nvmock_objects_info",
        "nvmock_image_info",
        "nvmock_kind_cluster_record",
        "nvmock_container_runtime",
    ],
)
def test_every_module_option_is_documented_as_it_is(name):
    module = importlib.import_module(f"{PLUGINS}.modules.{name}")
    options_module = importlib.import_module(f"{PLUGINS}.module_utils.module.change")
    spec = getattr(module, "ARGUMENT_SPEC", options_module.MACHINE_OPTIONS)
    documentation = yaml.safe_load(module.DOCUMENTATION)
    documented = {}
    for fragment in documentation["extends_documentation_fragment"]:
        short = fragment.split(".")[2]
        if short != "attributes":
            documented.update(fragment_options(short))
    documented.update(documentation.get("options", {}))
    assert set(documented) == set(spec)
    for option, facts in spec.items():
        for key in ("type", "default", "choices", "elements"):
            assert documented[option].get(key) == facts.get(key), f"{option}.{key}"


@pytest.mark.parametrize("role", sorted(os.listdir(os.path.join(ROOT, "roles"))))
def test_every_default_of_a_role_is_specified(role):
    place = os.path.join(ROOT, "roles", role)
    with open(os.path.join(place, "defaults", "main.yml"), encoding="utf-8") as handle:
        defaults = yaml.safe_load(handle)
    with open(os.path.join(place, "meta", "argument_specs.yml"), encoding="utf-8") as handle:
        options = yaml.safe_load(handle)["argument_specs"]["main"]["options"]
    assert set(defaults) - set(options) == set()
    assert all(name.startswith(role + "_") for name in options)
    for name, value in defaults.items():
        assert not options[name].get("required"), name
        if "default" in options[name]:
            assert options[name]["default"] == value, name
