# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""scripts/dump-gpu, on a mock: what it writes makes the same machine, and has every reading."""

from __future__ import annotations

import json
import os
import pathlib
import platform
import subprocess
import sys

import pytest
import yaml

from ansible_collections.nvmock.gpu.plugins.module_utils import native

ROOT = pathlib.Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(platform.machine() not in native.ARCHITECTURES, reason="no library for this machine")


def run(*command, **environment):
    return subprocess.run(
        [sys.executable, *map(str, command)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_a_dump_makes_the_same_machine(tmp_path):
    node, out = tmp_path / "node", tmp_path / "out"
    node.mkdir()
    mockctl = ROOT / "bin" / "gpu-mockctl"
    made = run(mockctl, "--host-root", node, "--machine", "dgxh100", "--gpu-count", "2", "--device-files", "regular")
    assert made.returncode == 0, made.stderr
    driver = node / "var/lib/nvidia-mock/driver"
    environment = {
        "NVMOCK_DEV": str(node / "dev"),
        "LD_LIBRARY_PATH": str(driver / "lib64"),
        "PATH": f"{driver / 'bin'}:{os.environ['PATH']}",
    }
    done = run(ROOT / "scripts" / "dump-gpu", out, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads((out / "nvml.json").read_text())
    assert sorted(told) == ["GPU 0", "GPU 1"]
    first = told["GPU 0"]
    assert len(first) > 1000 and not [name for name, value in first.items() if str(value).startswith("not asked")]
    assert first["nvmlDeviceGetName"] == "NVIDIA H100 80GB HBM3"
    assert first["nvmlDeviceGetTemperature(0)"] == 29
    assert first["nvmlDeviceGetClockInfo(2)"] == 2619
    assert first["nvmlDeviceGetFanSpeed"] == "error 3: Not Supported"
    imported = run(mockctl, "machines", "import", out / "nvidia-smi.txt")
    definition = yaml.safe_load(imported.stdout)
    assert imported.returncode == 0, imported.stderr
    shipped = yaml.safe_load(run(mockctl, "machines", "--machine", "dgxh100", "--output", "json").stdout)["definition"]
    for key in ("product_name", "memory_mib", "compute_capability", "pci_device_id", "nvlink_links", "readings"):
        assert definition[key] == shipped[key], key


def test_without_a_driver_it_says_so(tmp_path):
    done = run(ROOT / "scripts" / "dump-gpu", tmp_path / "out", NVMOCK_DEV=str(tmp_path), LD_LIBRARY_PATH=str(tmp_path))
    assert done.returncode == 1 and done.stderr.startswith("dump-gpu: ") and done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_other_arguments_are_refused():
    done = run(ROOT / "scripts" / "dump-gpu")
    assert (done.returncode, done.stdout) == (2, "")
