# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What a program in a container sees through NVML, which it opens by name; for containers with Python."""

from __future__ import annotations

import shlex

_PROGRAM = """
import ctypes
nvml = ctypes.CDLL("libnvidia-ml.so.1")
def text(name, *arguments):
    buffer = ctypes.create_string_buffer(96)
    status = getattr(nvml, name)(*arguments, buffer, 96)
    return buffer.value.decode() if status == 0 else "error %d" % status
status = nvml.nvmlInit_v2()
print("nvml", "driver", text("nvmlSystemGetDriverVersion") if status == 0 else "error %d" % status)
count = ctypes.c_uint()
nvml.nvmlDeviceGetCount_v2(ctypes.byref(count))
for index in range(count.value):
    gpu = ctypes.c_void_p()
    nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(gpu))
    print("nvml", text("nvmlDeviceGetName", gpu), text("nvmlDeviceGetUUID", gpu))
    for place in range(7):
        mig = ctypes.c_void_p()
        if nvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, place, ctypes.byref(mig)) == 0:
            print("nvml", text("nvmlDeviceGetName", mig), text("nvmlDeviceGetUUID", mig))
"""
SCRIPT = "python3 -c " + shlex.quote(_PROGRAM)


def lines(driver_version, gpus, mig_devices=()):
    """The output of the script if exactly these GPUs and these MIG devices are visible."""
    expected = [f"nvml driver {driver_version}"]
    for gpu in gpus:
        expected.append(f"nvml {gpu.name} {gpu.uuid}")
        expected += [f"nvml {gpu.name} MIG {one.profile} {one.uuid}" for one in gpu.mig_devices if one in mig_devices]
    return expected
