# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Text that YAML reads as something else without quotes is refused with a message that says to quote it, through every door."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import subprocess
import sys

import plays
import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils import parameters
from ansible_collections.nvmock.gpu.plugins.module_utils.errors import ParameterError
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.overrides import OVERRIDES
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.types import definition

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
PLUGINS = "ansible_collections.nvmock.gpu.plugins"
# What people write without quotes, and what they mean.
UNQUOTED = ["570.190", "430.14", "0000:17:00.0", "17:00", "2026-11-30", "yes", "0x10", "1_000", "007", ".5", "1e3"]
CHECKS = {
    name: function
    for name, function in inspect.getmembers(parameters, inspect.isfunction)
    if "return" in function.__annotations__ and "-> str" in inspect.getsource(function).splitlines()[0]
}
TEXTS = [row for row in OVERRIDES if row.ansible["type"] == "raw"]
LISTS = [row for row in OVERRIDES if row.ansible.get("elements") == "raw"]


def is_text(value):
    return isinstance(value, str)


def refused(call, *parts):
    with pytest.raises(ParameterError) as caught:
        call()
    message = str(caught.value)
    assert "quote it, because without quotes YAML reads it as" in message and "\n" not in message
    for part in parts:
        assert part in message


def test_the_words_are_no_texts():
    assert not any(is_text(yaml.safe_load(word)) for word in UNQUOTED if word not in ("1e3",))


@pytest.mark.parametrize("name", sorted({*CHECKS, "two_numbers"}))
@pytest.mark.parametrize("word", UNQUOTED)
def test_every_check_of_text(name, word):
    value = yaml.safe_load(word)
    more = {"hex_digits": (8,), "one_of": (("a", "b"),)}.get(name, ())
    if not is_text(value):
        refused(lambda: getattr(parameters, name)("parameter", value, *more), "parameter: ")


def test_which_checks_there_are():
    assert {"driver_version", "product_name", "bus_id", "gpu_uuid", "vbios", "hex_digits", "string"} <= set(CHECKS)


@given(st.floats() | st.integers() | st.booleans() | st.dates())
def test_any_number(value):
    refused(lambda: parameters.string("parameter", value))


def test_the_options_that_are_texts():
    assert [row.name for row in TEXTS] == ["machine", "product_name", "pci_domain", "uuid_seed", "driver_version"]
    assert [row.name for row in LISTS] == ["pci_bus_ids", "uuids"]
    assert not any("str" in (row.ansible["type"], row.ansible.get("elements")) for row in OVERRIDES)


@pytest.mark.parametrize("name", ["nvmock_devices", "nvmock_driver_tree", "nvmock_cdi_spec"])
@pytest.mark.parametrize("row", TEXTS + LISTS, ids=lambda row: row.name)
def test_the_options_of_a_module(name, row, tmp_path, capsys):
    value = yaml.safe_load("570.190")
    module = importlib.import_module(f"{PLUGINS}.modules.{name}")
    with (
        patch_module_args({"host_root": str(tmp_path), row.name: [value] if row in LISTS else value}),
        pytest.raises(SystemExit) as left,
    ):
        module.main()
    result = json.loads(capsys.readouterr().out)
    assert left.value.code != 0
    assert result["msg"].startswith(f"{row.name}: 570.19 is not allowed: must be text: quote it"), result["msg"]
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "name, option",
    [
        ("nvmock_cdi_spec", "toolkit_release"),
        ("nvmock_kind_cluster_info", "kind_minimum"),
        ("nvmock_kind_cluster_info", "kubectl_minimum"),
    ],
)
def test_a_version_of_two_parts(name, option, tmp_path, capsys):
    places = {"host_root": str(tmp_path)}
    if name != "nvmock_cdi_spec":
        places = {"name": "x", "record": str(tmp_path / "record"), "kubeconfig": str(tmp_path / "kubeconfig")}
    module = importlib.import_module(f"{PLUGINS}.modules.{name}")
    with patch_module_args({**places, option: yaml.safe_load("1.20")}), pytest.raises(SystemExit) as left:
        module.main()
    result = json.loads(capsys.readouterr().out)
    assert left.value.code != 0
    assert result["msg"].startswith(f"{option}: 1.2 is not allowed: must be text: quote it"), result["msg"]
    assert os.listdir(tmp_path) == []


def test_a_mode_is_a_number_or_text(tmp_path, capsys):
    """0660 without quotes is the number of that mode, not the octal text of another one."""
    module = importlib.import_module(f"{PLUGINS}.modules.nvmock_devices")
    files = "char" if os.geteuid() == 0 else "regular"
    arguments = {
        "host_root": str(tmp_path),
        "gpu_count": 1,
        "device_files": files,
        "device_mode": yaml.safe_load("0660"),
    }
    with patch_module_args(arguments), pytest.raises(SystemExit) as left:
        module.main()
    assert left.value.code == 0, capsys.readouterr().out
    assert os.stat(tmp_path / "dev/nvidia0").st_mode & 0o777 == 0o660


@pytest.mark.parametrize(
    "key", [*sorted(key for key, value in definition("dgxa100").items() if is_text(value)), "pci_bus_ids", "uuids"]
)
def test_a_machine_definition(key):
    value = [1020.0] if key in ("pci_bus_ids", "uuids") else 430.14
    refused(lambda: build_machine(definition={"base": "dgxa100", key: value}), f"machine_definition.{key}")


@pytest.mark.parametrize("line", ["driver_version: 570.190", "pci_bus_ids: [0000:17:00.0]", "product_name: 100"])
def test_a_machine_file(tmp_path, line):
    path = tmp_path / "machine.yaml"
    path.write_text(f"base: dgxa100\n{line}\n")
    command = [sys.executable, os.path.join(ROOT, "bin/gpu-mockctl"), "--machine-file", str(path), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert f"{line.partition(':')[0]}: " in done.stderr and "quote it" in done.stderr


VARIABLES = [
    ("gpu_node", "main", {"gpu_node_driver_version": 570.190}, "gpu_node_driver_version: 570.19 is not"),
    ("gpu_node", "main", {"gpu_node_device_mode": 0o660}, "gpu_node_device_mode: 432 is not"),
    ("gpu_node", "main", {"gpu_node_pci_bus_ids": [1020.0]}, "pci_bus_ids: 1020.0 is not"),
    (
        "in_cluster",
        "validate",
        {"in_cluster_machines": [{"name": "a", "driver_version": 570.190}]},
        "in_cluster_machines: driver_version 570.19 is not",
    ),
    (
        "in_cluster",
        "validate",
        {"in_cluster_machines": [{"name": "a", "pci_bus_ids": ["0000:01:00.0", 1020.0]}]},
        "in_cluster_machines: pci_bus_ids 1020.0 is not",
    ),
    (
        "kind_cluster",
        "validate",
        {"kind_cluster_kubernetes_minimum": 1.30},
        "kind_cluster_kubernetes_minimum: 1.3 is not",
    ),
    ("gpu_node", "main", {"gpu_node_cdi_toolkit_release": 1.20}, "gpu_node_cdi_toolkit_release: 1.2 is not"),
    (
        "device_plugin",
        "nvidia",
        {"device_plugin_nvidia_chart_version": 0.20},
        "device_plugin_nvidia_chart_version: 0.2 is not",
    ),
]


@pytest.fixture(scope="module")
def refusals(tmp_path_factory):
    """A directory with a node and a message for each row of VARIABLES, all of one run of Ansible."""
    place = tmp_path_factory.mktemp("refusals")
    files = "char" if os.geteuid() == 0 else "regular"
    tasks = []
    for number, (role, tasks_from, variables, _words) in enumerate(VARIABLES):
        node = place / f"node{number}"
        node.mkdir()
        fixed = {"gpu_node_host_root": str(node), "gpu_node_device_files": files} if role == "gpu_node" else {}
        tasks.append(plays.refused(plays.role(role, tasks_from, **fixed, **variables), place / f"said{number}"))
    plays.run(place, tasks)
    return place


@pytest.mark.parametrize("number", range(len(VARIABLES)), ids=[str(row[2]) for row in VARIABLES])
def test_a_variable_of_a_role(refusals, number):
    said = " ".join((refusals / f"said{number}").read_text().split())
    assert VARIABLES[number][3] in said and "quote it" in said, said
    assert os.listdir(refusals / f"node{number}") == []
