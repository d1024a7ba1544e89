# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Check the node with testinfra (stat, cat, readlink), not with the code that wrote it.

What should be there comes from two sides: facts written out here (numbers, names, formats that real software relies on),
and the complete list of entries that the layouts give for this host's variables. tests/mutation breaks every artefact
in turn and expects this file to fail.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys

import pytest
import yaml

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "..", ".build"))
sys.path.append(os.path.join(os.path.dirname(__file__), "..", ".."))

import nvml_listing

from ansible_collections.nvmock.gpu.plugins.module_utils.host.entries import CHAR, DIRECTORY, FILE, SYMLINK
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.devices import DeviceOptions
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.driver_tree import DriverTreeOptions
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.node import components

BASE = "/run/nvidia/driver"
DRIVER_ROOT = "/var/lib/nvidia-mock/driver"
SPEC = "/etc/cdi/nvidia.yaml"


def machine_of(variables):
    return build_machine(
        variables.get("gpu_node_machine", "dgxa100"),
        gpu_count=variables.get("gpu_node_gpu_count"),
        uuid_seed=variables["inventory_hostname"],
        mig_layout=variables.get("gpu_node_mig"),
    )


def read_listing(host, root):
    """Everything on the node, in two commands: path -> (type letter, mode, uid, link target, major:minor in hex)."""
    found = {}
    command = host.run("cd %s && find . -printf '%%y\\t%%m\\t%%U\\t%%l\\t%%p\\n'", root)
    assert command.rc == 0, command.stderr
    devices = host.run("cd %s && find . -type c -exec stat -c '%%t:%%T %%n' {} +", root).stdout
    numbers = dict(reversed(line.split(" ", 1)) for line in devices.splitlines())
    for line in command.stdout.splitlines():
        letter, mode, uid, target, path = line.split("\t")
        found[path[1:] or "/"] = (letter, int(mode, 8), int(uid), target, numbers.get(path))
    return found


def stand_ins(listing):
    """Whether regular files replace device nodes, if mknod is not permitted: all of them or no one."""
    kinds = {listing[f"{place}/nvidiactl"][0] for place in (BASE + "/dev", "/dev") if f"{place}/nvidiactl" in listing}
    assert len(kinds) == 1, "no control node, or a mixture of files and devices"
    if os.geteuid() == 0 and not os.environ.get("NVMOCK_TEST_REGULAR_FILES"):
        assert kinds == {"c"}
    return kinds == {"f"}


@pytest.fixture(scope="module")
def variables(host):
    # testinfra does not render templates, so the directory of a node is repeated here.
    variables = host.ansible.get_variables()
    place = os.path.join(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], "nodes", variables["inventory_hostname"])
    return {**variables, "gpu_node_host_root": place}


@pytest.fixture(scope="module")
def root(variables):
    return variables["gpu_node_host_root"]


@pytest.fixture(scope="module")
def machine(variables):
    return machine_of(variables)


@pytest.fixture(scope="module")
def listing(host, root):
    return read_listing(host, root)


@pytest.fixture(scope="module")
def regular_files(listing):
    return stand_ins(listing)


@pytest.fixture(scope="module")
def owner():
    """The owner of the node's files: on an embedded node, the user who runs the tests."""
    return os.geteuid()


def wanted(variables, machine, regular_files):
    options = DeviceOptions(dri=variables.get("gpu_node_dri", False), regular_files=regular_files)
    architecture = os.uname().machine
    tree = DriverTreeOptions(layout=variables.get("gpu_node_layout", "lib64"), architecture=architecture)
    parts = [
        components.devices(machine, BASE, options, architecture, restore_at_boot=False),
        components.dev_root_devices(machine, BASE, "/", options, restore_at_boot=False),
        components.dev_root_devices(machine, BASE, DRIVER_ROOT, options, restore_at_boot=False),
        components.driver_tree(machine, DRIVER_ROOT, tree),
    ]
    return {entry.path: entry for part in parts for entry in part.entries}


def test_every_entry_is_there_with_its_type_mode_owner_and_target(variables, machine, listing, regular_files, owner):
    letters = {DIRECTORY: "d", FILE: "f", SYMLINK: "l", CHAR: "c"}
    wrong = []
    for path, entry in wanted(variables, machine, regular_files).items():
        found = listing.get(path)
        if found is None:
            wrong.append(f"{path}: missing")
            continue
        letter, mode, uid, target, numbers = found
        if letter != letters[entry.kind]:
            wrong.append(f"{path}: type {letter}")
        if entry.kind != SYMLINK and mode != entry.mode:
            wrong.append(f"{path}: mode {mode:o}")
        if uid != owner:
            wrong.append(f"{path}: owner {uid}")
        if entry.kind == SYMLINK and target != entry.target:
            wrong.append(f"{path}: leads to {target}")
        if entry.kind == CHAR and numbers != f"{entry.major:x}:{entry.minor:x}":
            wrong.append(f"{path}: device {numbers}")
    assert not wrong


def test_every_file_has_its_bytes(host, root, variables, machine, regular_files):
    files = {path: entry for path, entry in wanted(variables, machine, regular_files).items() if entry.kind == FILE}
    # One command for all files: one per file would take a tenth of a second in a container.
    said = host.run("cd %s/ && sha256sum " + " ".join("." + path for path in files), root).stdout
    sums = dict(reversed(line.split("  ", 1)) for line in said.splitlines())
    wrong = [path for path, entry in files.items() if sums.get("." + path) != hashlib.sha256(entry.content).hexdigest()]
    assert not wrong


def test_there_is_no_other_managed_path(variables, machine, listing, regular_files):
    expected = {"/dev/null", *wanted(variables, machine, regular_files)}
    for path in list(expected):  # parent directories are created implicitly
        while path.count("/") > 1:
            path = path.rpartition("/")[0]
            expected.add(path)
    ours = (BASE, DRIVER_ROOT, "/dev")
    assert [
        path for path in listing if path.startswith(tuple(top + "/" for top in ours)) and path not in expected
    ] == []


def test_the_null_device_that_the_specification_mounts(listing, regular_files, owner):
    """Every system has one, but no directory."""
    kind, mode, uid, _target, numbers = listing["/dev/null"]
    assert (kind, mode, uid) == ("f" if regular_files else "c", 0o666, owner)
    assert regular_files or numbers == "1:3"


def test_device_numbers_are_those_of_the_driver(listing, machine, regular_files):
    if regular_files:
        pytest.skip("mknod is not permitted here: the device nodes are regular files")
    for place in (BASE + "/dev", "/dev", DRIVER_ROOT + "/dev"):
        for gpu in machine.gpus:
            assert listing[f"{place}/nvidia{gpu.index}"][4] == f"c3:{gpu.index:x}"
            assert listing[f"{place}/nvidia{gpu.index}"][1] == 0o666
        assert listing[f"{place}/nvidiactl"][4] == "c3:ff"
        assert listing[f"{place}/nvidia-modeset"][4] == "c3:fe"
        assert listing[f"{place}/nvidia-uvm"][4] == "eb:0"
        assert listing[f"{place}/nvidia-uvm-tools"][4] == "eb:1"


def test_procfs_reads_like_the_drivers(host, root, machine):
    version = host.file(f"{root}{BASE}/proc/driver/nvidia/version").content_string.splitlines()
    assert version[0].startswith("NVRM version: NVIDIA UNIX ")
    assert f"  {machine.driver_version}  " in version[0]
    assert version[1].startswith("GCC version:  gcc version ")
    for gpu in machine.gpus:
        text = host.file(f"{root}{BASE}/proc/driver/nvidia/gpus/{gpu.pci_bus_id}/information").content_string
        fields = {
            key.strip(): value.strip() for key, _colon, value in (line.partition(":") for line in text.splitlines())
        }
        assert list(fields) == [
            "Model",
            "IRQ",
            "GPU UUID",
            "Video BIOS",
            "Bus Type",
            "DMA Size",
            "DMA Mask",
            "Bus Location",
            "Device Minor",
            "GPU Firmware",
            "GPU Excluded",
        ]
        assert fields["GPU UUID"] == gpu.uuid
        assert fields["Device Minor"] == str(gpu.minor)


def test_nvidia_smi_lists_the_gpus(host, root, variables, machine):
    place = "usr/bin" if variables.get("gpu_node_layout") else "bin"
    listed = host.run("NVMOCK_DEV=%s/dev %s/%s/nvidia-smi -L", root, root + DRIVER_ROOT, place)
    assert listed.rc == 0
    gpus = [line for line in listed.stdout.splitlines() if line.startswith("GPU ")]
    assert gpus == [f"GPU {gpu.index}: {gpu.name} (UUID: {gpu.uuid})" for gpu in machine.gpus]
    assert sum("MIG" in line.split(":")[0] for line in listed.stdout.splitlines()) == sum(
        len(gpu.mig_devices) for gpu in machine.gpus
    )


def test_nvml_knows_the_gpus(host, root, variables, machine):
    """A program on the node that opens the library by its name."""
    place = f"usr/lib/{os.uname().machine}-linux-gnu" if variables.get("gpu_node_layout") else "lib64"
    environment = f"LD_LIBRARY_PATH=%s NVMOCK_DEV=%s {nvml_listing.SCRIPT.replace('%', '%%')}"
    done = host.run(environment, f"{root}{DRIVER_ROOT}/{place}", root + "/dev")
    assert done.rc == 0, done.stderr
    every_mig = [device for gpu in machine.gpus for device in gpu.mig_devices]
    assert done.stdout.splitlines() == nvml_listing.lines(machine.driver_version, machine.gpus, every_mig)


def test_the_machine_file_tells_the_same_uuids(host, root, machine):
    facts = json.loads(host.file(f"{root}{DRIVER_ROOT}/etc/nvmock/machine.json").content_string)
    assert [gpu["uuid"] for gpu in facts["gpus"]] == [gpu.uuid for gpu in machine.gpus]


def test_the_specification_names_every_device(host, root, listing, machine, variables, owner):
    letter, mode, uid, _target, _numbers = listing[SPEC]
    assert (letter, mode, uid) == ("f", 0o644, owner)
    text = host.file(root + SPEC).content_string
    assert "# by hand" not in text
    spec = yaml.safe_load(text)
    assert spec["kind"] == "nvidia.com/gpu"
    names = {device["name"] for device in spec["devices"]}
    expected = {"all"}
    for gpu in machine.gpus:
        if gpu.mig_enabled:
            for device in gpu.mig_devices:
                expected |= {f"{gpu.index}:{device.index}", device.uuid}
        else:
            expected |= {str(gpu.index), gpu.uuid}
    assert names == expected
    hooks = variables.get("gpu_node_cdi_hook_mode", "toolkit") == "toolkit"
    assert bool(spec["containerEdits"].get("hooks")) == hooks


def test_every_host_path_of_the_specification_exists(host, root, listing):
    spec = yaml.safe_load(host.file(root + SPEC).content_string)
    edits = [spec["containerEdits"], *(device["containerEdits"] for device in spec["devices"])]
    for edit in edits:
        for node in edit.get("deviceNodes", []):
            assert node.get("hostPath", node["path"]) in listing
        for mount in edit.get("mounts", []):
            assert mount["hostPath"] in listing
        for hook in edit.get("hooks", []):
            assert listing[hook["path"]][1] & stat.S_IXUSR


def test_unmanaged_files_are_unchanged(host, root, listing):
    assert listing["/etc/cdi"][1] == 0o750
    assert listing["/etc/cdi/vendor.yaml"][1] == 0o640
    assert "vendor.example/device" in host.file(root + "/etc/cdi/vendor.yaml").content_string


def test_the_manifest_lists_every_managed_path(host, root, variables, machine, regular_files):
    manifest = host.file(root + "/var/lib/nvidia-mock/manifest.mtree").content_string
    assert "# run: complete\n" in manifest
    listed = {line.split(" ")[0][1:] for line in manifest.splitlines() if line.startswith("./")}
    assert set(wanted(variables, machine, regular_files)) - listed == set()
    assert SPEC in listed
