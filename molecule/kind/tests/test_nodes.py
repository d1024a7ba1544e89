# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The nodes of the cluster pass the checks of the scenario default, and the container runtime and kubelet accept them."""

from __future__ import annotations

import importlib.util
import json
import os

import pytest
import testinfra
import yaml

_spec = importlib.util.spec_from_file_location(
    "node_checks", os.path.join(os.path.dirname(__file__), "..", "..", "default", "tests", "test_node.py")
)
node_checks = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(node_checks)

PLACES = ("/run/nvidia", "/var/lib/nvidia-mock", "/etc/cdi", "/usr/local", "/dev")

# The checks of the other scenario, with fixtures of this one.
machine = node_checks.machine
variables = node_checks.variables
test_every_entry_is_there = node_checks.test_every_entry_is_there_with_its_type_mode_owner_and_target
test_every_file_has_its_bytes = node_checks.test_every_file_has_its_bytes
test_device_numbers_are_those_of_the_driver = node_checks.test_device_numbers_are_those_of_the_driver
test_procfs_reads_like_the_drivers = node_checks.test_procfs_reads_like_the_drivers
test_nvidia_smi_lists_the_gpus = node_checks.test_nvidia_smi_lists_the_gpus
test_the_machine_file_tells_the_same_uuids = node_checks.test_the_machine_file_tells_the_same_uuids
test_the_specification_names_every_device = node_checks.test_the_specification_names_every_device
test_every_host_path_of_the_specification_exists = node_checks.test_every_host_path_of_the_specification_exists
test_the_manifest_lists_every_managed_path = node_checks.test_the_manifest_lists_every_managed_path


@pytest.fixture(scope="module")
def root():
    return ""


@pytest.fixture(scope="module")
def owner():
    """root, independent of the user who runs the tests."""
    return 0


@pytest.fixture(scope="module")
def listing(host):
    found = {}
    for place in PLACES:
        for path, entry in node_checks.read_listing(host, place).items():
            found[place if path == "/" else place + path] = entry
    return found


@pytest.fixture(scope="module")
def regular_files(listing):
    assert not node_checks.stand_ins(listing)
    return False


def test_the_node_restores_itself_at_boot(host):
    """The tmpfiles.d file is not enough: kind's node images have no systemd-tmpfiles-setup.service in sysinit.target."""
    assert "/dev/nvidia0" in host.file("/etc/tmpfiles.d/nvmock-dev.conf").content_string
    assert host.check_output("systemctl is-active nvmock-run-nvidia-driver.service") == "active"


def test_containerd_reads_specifications(host):
    dump = host.check_output("containerd config dump")
    assert "cdi_spec_dirs" in dump and "/etc/cdi" in dump
    assert "enable_cdi = false" not in dump


def test_uuids_of_the_nodes_differ(host, machine, variables):
    spec = yaml.safe_load(host.file(node_checks.SPEC).content_string)
    names = {device["name"] for device in spec["devices"]}
    assert {gpu.uuid for gpu in machine.gpus if not gpu.mig_enabled} <= names
    others = [name for name in variables["groups"]["nodes"] if name != variables["inventory_hostname"]]
    assert others
    for name in others:
        other = testinfra.get_host(f"docker://{name}")
        facts = json.loads(other.file(f"{node_checks.DRIVER_ROOT}/etc/nvmock/machine.json").content_string)
        assert facts["gpus"]
        assert not names & {gpu["uuid"] for gpu in facts["gpus"]}
