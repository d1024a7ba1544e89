# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The libraries of the driver installation in a program: size, load and initialization, calls per second; and nvidia-smi -q -x."""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
# Name: (initialization, what finds the first device, what is asked)
CALLS = {
    "libcuda.so.1": ("cuInit", "cuDeviceGet", "cuDeviceGetAttribute"),
    "libnvidia-ml.so.1": ("nvmlInitWithFlags", "nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetMemoryInfo"),
}


def rows() -> list[tuple[str, str, str, str]]:
    """The table's rows; none without a C compiler, or on an architecture without libraries."""
    compiler = shutil.which("cc")
    if not compiler or platform.machine() not in ("x86_64", "aarch64"):
        return []
    found = []
    with tempfile.TemporaryDirectory() as place:
        program = os.path.join(place, "library_calls")
        source = os.path.join(HERE, "library_calls.c")
        subprocess.run([compiler, "-O2", "-o", program, source, "-ldl"], check=True)
        command = [sys.executable, os.path.join(ROOT, "bin", "gpu-mockctl"), "--host-root", place]
        subprocess.run([*command, "--device-files", "regular"], check=True, capture_output=True)
        libraries = os.path.join(place, "var/lib/nvidia-mock/driver/lib64")
        for name, calls in CALLS.items():
            path = os.path.join(libraries, name)
            environment = {"NVMOCK_DEV": os.path.join(place, "dev")}
            done = subprocess.run([program, path, *calls], env=environment, check=True, capture_output=True, text=True)
            load, start, speed = (float(word) for word in done.stdout.split())
            size = os.path.getsize(path)
            found.append((f"{name}, {size / 1024:.0f} KB: load", "201", f"{load / 1e6:.6f}", ""))
            found.append((f"{name}: {calls[0]}, 8 GPUs", "201", f"{start / 1e6:.6f}", ""))
            found.append((f"{name}: {calls[2]}", "2000000", f"{1 / speed:.9f}", f"{speed / 1e6:.0f} M/s"))
        program = os.path.join(os.path.dirname(libraries), "bin", "nvidia-smi")
        nothing = _median(["/bin/true"], environment)
        whole = _median([program, "-q", "-x"], environment)
        found.append(("/bin/true", "101", f"{nothing:.6f}", "1.0"))
        found.append(("nvidia-smi -q -x, 8 GPUs", "101", f"{whole:.6f}", f"{whole / nothing:.1f}"))
    return found


def _median(command: list[str], environment: dict[str, str]) -> float:
    """The seconds of a process, whose output nobody reads."""
    times = []
    for _run in range(101):
        start = time.perf_counter()
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return statistics.median(times)
