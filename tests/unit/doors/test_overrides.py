# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What can be said of a machine is one table: flags, the role in_cluster and the documentation are held to it."""

from __future__ import annotations

import os

import jinja2
import pytest
import yaml

from ansible_collections.nvmock.gpu.plugins.module_utils.cli.flags import parse
from ansible_collections.nvmock.gpu.plugins.module_utils.cli.machine_flags import machine_flags, machine_from
from ansible_collections.nvmock.gpu.plugins.module_utils.machine import overrides
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.overrides import OVERRIDES

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
# In a cluster the seed is the node's name, and there are no files and no environment to take these from.
NOT_IN_CLUSTER = {"machine_definition", "uuid_seed", "allow_unsupported"}
VALUES = {
    "machine": "dgxh100",
    "gpu_count": 2,
    "product_name": "NVIDIA Test",
    "pci_bus_ids": ["0000:01:00.0", "0000:02:00.0"],
    "pci_domain": "0010",
    "uuids": ["GPU-12345678-1234-1234-1234-123456789abc", "GPU-12345678-1234-1234-1234-123456789abd"],
    "driver_version": "555.42.02",
    "mig": {"0": ["1g.10gb", "1g.10gb"], "1": []},
}


def role_options():
    path = os.path.join(ROOT, "roles", "in_cluster", "meta", "argument_specs.yml")
    with open(path, encoding="utf-8") as handle:
        machines = yaml.safe_load(handle)["argument_specs"]["main"]["options"]["in_cluster_machines"]
    return machines["options"]


def arguments_of(machine):
    """The arguments that the role's template makes of a machine."""
    folder = os.path.join(ROOT, "roles", "in_cluster", "templates")
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(folder), autoescape=False)
    return environment.get_template("machine_args.j2").make_module({"machine": machine}).args


def test_the_role_has_the_same_options():
    options = role_options()
    rows = {row.name: row.ansible for row in OVERRIDES if row.name not in NOT_IN_CLUSTER}
    assert set(options) - {"name", "node_selector"} == set(rows) == set(VALUES)
    for name, ansible in rows.items():
        for key in ("type", "elements"):
            # A module takes text raw, so that it can refuse a number. The role's documentation says what is meant.
            meant = "str" if ansible.get(key) == "raw" else ansible.get(key)
            assert options[name].get(key) == meant, f"{name}.{key}"


@pytest.mark.parametrize("names", [[name] for name in VALUES] + [list(VALUES)], ids="-".join)
def test_what_the_role_is_told_arrives(names):
    """From the role's variable over its template and the flags to the machine that the modules would make of it."""
    plain = {"machine": "dgxa100", "gpu_count": 3 if "gpu_count" in names else 2}
    machine = {**plain, **{name: VALUES[name] for name in names}}
    arguments = [argument.replace("$(NODE_NAME)", "worker") for argument in arguments_of(machine)]
    by_flags = machine_from(parse(machine_flags(), arguments))
    assert by_flags == overrides.machine_from({**machine, "uuid_seed": "worker"})
    assert by_flags != overrides.machine_from({**plain, "uuid_seed": "worker"})


def test_every_flag_is_documented():
    with open(os.path.join(ROOT, "docs", "reference.md"), encoding="utf-8") as handle:
        text = handle.read()
    for flag in machine_flags():
        assert f"`--{flag.name}`" in text, flag.name
