# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""/proc/driver/nvidia byte for byte, and through a parser like nvidia-container-toolkit's."""

from __future__ import annotations

import re

from ansible_collections.nvmock.gpu.plugins.module_utils.host.entries import DIRECTORY
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.devices import DeviceOptions
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.procfs import procfs_entries
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine

TOP = "/base/proc/driver/nvidia"


def files(machine=None, architecture="x86_64", **options):
    entries = procfs_entries(machine or build_machine(uuid_seed="s"), "/base", architecture, DeviceOptions(**options))
    return {entry.path[len(TOP) + 1 :]: entry for entry in entries if entry.kind != DIRECTORY}


def parsed(content):
    """internal/info/proc of nvidia-container-toolkit: split at the first colon, cut blanks."""
    fields = {}
    for line in content.decode("ascii").split("\n"):
        key, colon, value = line.partition(":")
        if colon:
            fields[key.strip()] = value.strip()
    return fields


def test_what_there_is():
    found = files()
    gpus = [f"gpus/{gpu.pci_bus_id}/information" for gpu in build_machine().gpus]
    assert sorted(found) == sorted(["version", "params", "registry", *gpus])
    assert {entry.mode for entry in found.values()} == {0o444}


def test_information_byte_for_byte():
    machine = build_machine(gpu_count=1, uuids=["GPU-12345678-1234-1234-1234-123456789abc"])
    assert files(machine)["gpus/0000:07:00.0/information"].content == (
        b"Model: \t\t NVIDIA A100-SXM4-40GB\n"
        b"IRQ:   \t\t 64\n"
        b"GPU UUID: \t GPU-12345678-1234-1234-1234-123456789abc\n"
        b"Video BIOS: \t 92.00.45.00.03\n"
        b"Bus Type: \t PCIe\n"
        b"DMA Size: \t 47 bits\n"
        b"DMA Mask: \t 0x7fffffffffff\n"
        b"Bus Location: \t 0000:07:00.0\n"
        b"Device Minor: \t 0\n"
        b"GPU Firmware: \t 550.54.15\n"
        b"GPU Excluded:\t No\n"
    )


def test_information_through_a_parser():
    machine = build_machine("dgxb200", uuid_seed="s")
    found = files(machine)
    for gpu in machine.gpus:
        fields = parsed(found[f"gpus/{gpu.pci_bus_id}/information"].content)
        assert fields["Model"] == gpu.name
        assert fields["GPU UUID"] == gpu.uuid
        assert fields["Bus Location"] == gpu.pci_bus_id
        assert int(fields["Device Minor"]) == gpu.minor
        assert fields["GPU Firmware"] == machine.driver_version
        assert len(fields) == 11


def test_version():
    lines = files()["version"].content.decode().split("\n")
    assert len(lines) == 3 and lines[2] == ""
    assert lines[0].startswith("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  ")
    assert lines[1].startswith("GCC version:  gcc version ")
    # the expression that go-nvlib and others use for the version
    assert re.search(r"Kernel Module\s+(\d+\.\d+(?:\.\d+)?)\s", lines[0]).group(1) == "550.54.15"
    assert "NVIDIA UNIX aarch64 Kernel Module" in files(architecture="aarch64")["version"].content.decode()


def test_params_repeat_the_device_options():
    fields = parsed(files(mode=0o660, uid=3, gid=44)["params"].content)
    assert (fields["DeviceFileUID"], fields["DeviceFileGID"], fields["DeviceFileMode"]) == ("3", "44", str(0o660))
    fields = parsed(files()["params"].content)
    assert (fields["DeviceFileMode"], fields["ModifyDeviceFiles"], fields["RegistryDwords"]) == ("438", "1", '""')
    assert files()["registry"].content == b'Binary: ""\n'


def test_mig_capabilities():
    machine = build_machine(mig_layout={0: ["3g.20gb"]})
    found = {path: entry.content for path, entry in files(machine).items() if path.startswith("capabilities")}
    assert set(found) == {
        "capabilities/mig/config",
        "capabilities/mig/monitor",
        "capabilities/gpu0/mig/gi1/access",
        "capabilities/gpu0/mig/gi1/ci0/access",
    }
    assert found["capabilities/mig/config"] == b"DeviceFileMinor: 1\nDeviceFileMode: 256\nDeviceFileModify: 1\n"
    assert (
        found["capabilities/gpu0/mig/gi1/access"] == b"DeviceFileMinor: 12\nDeviceFileMode: 292\nDeviceFileModify: 1\n"
    )


def test_a_base_of_the_root():
    paths = {entry.path for entry in procfs_entries(build_machine(), "/", "x86_64", DeviceOptions())}
    assert "/proc/driver/nvidia/version" in paths
