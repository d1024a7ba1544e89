# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA's Python bindings of the driver API (cuda-bindings) see the machine through libcuda.so.1."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils import native
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.cuda_facts import cuda_facts
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine

from .nvml_node import make_nodes

SCRIPT = """
import json
from cuda.bindings import driver

def call(name, *arguments):
    status, *answers = getattr(driver, name)(*arguments)
    assert status == driver.CUresult.CUDA_SUCCESS, (name, status)
    return answers[0] if len(answers) == 1 else answers

call("cuInit", 0)
told = {"version": call("cuDriverGetVersion"), "gpus": [], "statuses": {}}
for number in range(call("cuDeviceGetCount")):
    device = call("cuDeviceGet", number)
    context = call("cuDevicePrimaryCtxRetain", device)
    call("cuCtxSetCurrent", context)
    told["gpus"].append({
        "name": call("cuDeviceGetName", 100, device).rstrip(b"\\0 ").decode(),
        "uuid": call("cuDeviceGetUuid", device).bytes.hex(),
        "memory": call("cuDeviceTotalMem", device),
        "bus": call("cuDeviceGetPCIBusId", 32, device).rstrip(b"\\0 ").decode(),
        "free": call("cuMemGetInfo"),
        "current": int(call("cuCtxGetDevice")),
    })
    statuses = [driver.cuDeviceGetAttribute(which, device)[0].name for which in driver.CUdevice_attribute]
    told["statuses"].update({status: statuses.count(status) for status in statuses})
told["alloc"] = driver.cuMemAlloc(1)[0].name
told["text"] = call("cuGetErrorString", driver.CUresult.CUDA_ERROR_NO_DEVICE).decode()
print(json.dumps(told))
"""


@pytest.mark.parametrize("name", ["dgxa100", "dgxb200"])
def test_cuda_bindings(cuda_image, tmp_path, name):
    if not importlib.util.find_spec("cuda") or not importlib.util.find_spec("cuda.bindings"):
        pytest.skip("NVIDIA's bindings are not there: pip install cuda-bindings")
    machine = build_machine(name, uuid_seed="s")
    (tmp_path / "libcuda.so.1").write_bytes(native.with_facts(cuda_image, cuda_facts(machine)))
    make_nodes(machine, tmp_path / "dev")
    environment = {"LD_LIBRARY_PATH": str(tmp_path), "NVMOCK_DEV": str(tmp_path / "dev"), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        env={**environment, "CUDA_VISIBLE_DEVICES": "5,2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["version"] == machine.cuda_version[0] * 1000 + machine.cuda_version[1] * 10
    memory = machine.model.memory_mib << 20
    assert told["gpus"] == [
        {
            "name": gpu.name,
            "uuid": gpu.uuid[4:].replace("-", ""),
            "memory": memory,
            "bus": gpu.pci_bus_id.upper(),
            "free": [memory, memory],
            "current": place,
        }
        for place, gpu in enumerate((machine.gpus[5], machine.gpus[2]))
    ]
    # Newer attributes than those of the driver's CUDA version are invalid.
    assert set(told["statuses"]) <= {"CUDA_SUCCESS", "CUDA_ERROR_NOT_SUPPORTED", "CUDA_ERROR_INVALID_VALUE"}
    assert told["statuses"]["CUDA_SUCCESS"] > 100
    assert (told["alloc"], told["text"]) == ("CUDA_ERROR_NOT_SUPPORTED", "no CUDA-capable device is detected")
