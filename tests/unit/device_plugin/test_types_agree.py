# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Each machine type: procfs, CDI, machine file, NVML, nvidia-smi and labels of one node say the same about its GPUs."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys

import pytest
import yaml

from device_plugin.labels import labels_of
from device_plugin.resources import Sharing
from nvmock_gpu.machine import types
from nvmock_gpu.machine.file import PATH, read_machine_file
from plugin_support import ROOT

DRIVER_ROOT = "var/lib/nvidia-mock/driver"
TYPES = [*types.names(), types.FALLBACK, *(f"go-nvml-{name}" for name in ("dgxa100", "dgxb200", "dgxh100", "dgxh200"))]

# What is unknown of a board is not supported.
# NVML through NVIDIA's bindings, in a process of its own because the library is found by its environment.
ASK_NVML = """
import json
from pynvml import *

def known(getter, handle):
    try:
        return getter(handle)
    except NVMLError_NotSupported:
        return None

nvmlInit()
version = nvmlSystemGetCudaDriverVersion()
print(json.dumps({
    "driver": nvmlSystemGetDriverVersion(),
    "cuda": [version // 1000, version % 1000 // 10],
    "gpus": [
        [nvmlDeviceGetName(h), nvmlDeviceGetUUID(h), nvmlDeviceGetPciInfo(h).busId.lower(), nvmlDeviceGetMemoryInfo(h).total >> 20,
         list(nvmlDeviceGetCudaComputeCapability(h)), nvmlDeviceGetSerial(h), "%08X" % nvmlDeviceGetPciInfo(h).pciDeviceId,
         known(nvmlDeviceGetVbiosVersion, h), known(nvmlDeviceGetBoardPartNumber, h), "%08X" % nvmlDeviceGetPciInfo(h).pciSubSystemId,
         known(nvmlDeviceGetPowerManagementDefaultLimit, h)]
        for h in map(nvmlDeviceGetHandleByIndex, range(nvmlDeviceGetCount()))
    ],
}))
"""
SMI = (
    "name,uuid,pci.bus_id,memory.total,driver_version,compute_cap,serial,pci.device_id,vbios_version,pci.sub_device_id,"
    "power.default_limit"
)
UNKNOWN = "[N/A]"


def ask(command, top):
    environment = {**os.environ, "NVMOCK_DEV": f"{top}/dev", "LD_LIBRARY_PATH": f"{top}/{DRIVER_ROOT}/lib64"}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


@pytest.mark.skipif(platform.machine() not in ("x86_64", "aarch64"), reason="programs are for these architectures")
@pytest.mark.parametrize("name", TYPES)
def test_every_interface_says_the_same(tmp_path, name):
    top = tmp_path / "node"
    top.mkdir()
    files = "char" if os.geteuid() == 0 else "regular"
    command = [sys.executable, "-I", "-S", os.path.join(ROOT, "bin", "gpu-mockctl"), "--machine", name]
    subprocess.run(
        [*command, "--host-root", str(top), "--device-files", files, "--uuid-seed", "s"],
        check=True,
        capture_output=True,
    )

    machine = read_machine_file((top / DRIVER_ROOT / PATH).read_bytes())
    model = machine.model
    expected = [
        [
            *(gpu.name, gpu.uuid, ("0000" + gpu.pci_bus_id)[-16:], model.memory_mib, list(model.compute_capability)),
            *(gpu.serial, model.pci_device_id, model.vbios_version or None, model.board_part_number or None),
            *(model.pci_subsystem_id, (model.readings.power_limits_mw or (0, 0, 0))[1] or None),
        ]
        for gpu in machine.gpus
    ]
    assert {gpu.name for gpu in machine.gpus} == {model.product_name}

    told = json.loads(ask([sys.executable, "-c", ASK_NVML], top))
    assert (told["driver"], tuple(told["cuda"])) == (machine.driver_version, machine.cuda_version)
    assert told["gpus"] == expected

    rows = ask([str(top / DRIVER_ROOT / "bin/nvidia-smi"), f"--query-gpu={SMI}", "--format=csv,noheader,nounits"], top)
    for row, gpu in zip(rows.splitlines(), expected, strict=True):
        product, uuid, bus, memory, driver, capability, serial, device, *more = row.split(", ")
        numbers = [int(number) for number in capability.split(".")]
        assert [product, uuid, bus.lower(), int(memory), numbers, serial, device[2:]] == gpu[:7]
        vbios, _part, subsystem, power = gpu[7:]
        watts = UNKNOWN if power is None else f"{power / 1000:.2f}"
        assert more == [vbios or UNKNOWN, "0x" + subsystem, watts]
        assert driver == machine.driver_version

    proc = top / "run/nvidia/driver/proc/driver/nvidia"
    assert sorted(os.listdir(proc / "gpus")) == sorted(gpu.pci_bus_id for gpu in machine.gpus)
    assert f"  {machine.driver_version}  " in (proc / "version").read_text()
    for gpu in machine.gpus:
        lines = (
            line.partition(":") for line in (proc / "gpus" / gpu.pci_bus_id / "information").read_text().split("\n")
        )
        facts = {key: value.strip() for key, _colon, value in lines}
        assert (facts["Model"], facts["GPU UUID"], facts["Bus Location"]) == (gpu.name, gpu.uuid, gpu.pci_bus_id)
        assert facts["Video BIOS"] == (model.vbios_version.lower() or "??.??.??.??.??")

    specification = yaml.safe_load((top / "etc/cdi/nvidia.yaml").read_text())
    names = {device["name"] for device in specification["devices"]}
    assert {str(gpu.index) for gpu in machine.gpus} <= names
    mounts = {mount["containerPath"] for mount in specification["containerEdits"]["mounts"]}
    assert f"/lib64/libnvidia-ml.so.{machine.driver_version}" in mounts

    labels = labels_of(machine, "none", Sharing())
    assert labels["nvidia.com/gpu.product"] == model.product_name.replace(" ", "-")
    assert labels["nvidia.com/gpu.memory"] == str(model.memory_mib) and labels["nvidia.com/gpu.count"] == str(
        len(machine.gpus)
    )
    assert labels["nvidia.com/cuda.runtime-version.full"] == "%d.%d" % machine.cuda_version
    mode = "display" if name.startswith("geforce") or name.endswith("workstation-edition") else "compute"
    assert labels["nvidia.com/gpu.mode"] == (mode if name in types.names() else "unknown")
    assert labels["nvidia.com/mig.capable"] == str(bool(model.mig_profiles)).lower()
