# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The stand-in programs, run for real with sh."""

from __future__ import annotations

import os
import subprocess

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.layout import programs
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.driver_files import PROGRAMS
from ansible_collections.nvmock.gpu.plugins.module_utils.machine_builder import build_machine


def run(tmp_path, text, *arguments, dev=None):
    path = tmp_path / "program"
    path.write_bytes(text)
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "NVMOCK_DEV": str(dev or tmp_path / "dev")}
    return subprocess.run(["sh", str(path), *arguments], capture_output=True, text=True, check=False, env=environment)


def dev_with(tmp_path, *names):
    dev = tmp_path / "dev"
    (dev / "nvidia-caps").mkdir(parents=True)
    for name in names:
        (dev / name).write_bytes(b"")
    return dev


@pytest.mark.parametrize("option", ["-L", "--list-gpus"])
def test_smi_lists_the_gpus(tmp_path, option):
    machine = build_machine(uuid_seed="s")
    dev_with(tmp_path, *(f"nvidia{index}" for index in range(8)))
    done = run(tmp_path, programs.nvidia_smi(machine), option)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"GPU {gpu.index}: {gpu.name} (UUID: {gpu.uuid})" for gpu in machine.gpus]


def test_smi_shows_only_visible_gpus_numbered_anew(tmp_path):
    """As in a container that was given two of the GPUs."""
    machine = build_machine(uuid_seed="s")
    dev_with(tmp_path, "nvidia3", "nvidia5")
    done = run(tmp_path, programs.nvidia_smi(machine), "-L")
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["GPU 0", "GPU 1"]
    assert machine.gpus[3].uuid in done.stdout and machine.gpus[5].uuid in done.stdout


def test_smi_without_gpus(tmp_path):
    dev_with(tmp_path)
    done = run(tmp_path, programs.nvidia_smi(build_machine()), "-L")
    assert (done.returncode, done.stdout) == (6, "No devices were found\n")


def test_smi_lists_mig_devices(tmp_path):
    machine = build_machine(uuid_seed="s", mig_layout={0: ["3g.20gb", "1g.5gb"], 1: ["7g.40gb"]})
    dev = dev_with(tmp_path, "nvidia0", "nvidia1")
    text = programs.nvidia_smi(machine)
    assert len(run(tmp_path, text, "-L").stdout.splitlines()) == 2  # no capability is visible
    (dev / "nvidia-caps" / "nvidia-cap13").write_bytes(b"")
    lines = run(tmp_path, text, "-L").stdout.splitlines()
    device = machine.gpus[0].mig_devices[0]
    assert lines[1] == f"  MIG 3g.20gb      Device  0: (UUID: {device.uuid})"
    assert len(lines) == 3


@pytest.mark.parametrize(
    "name", ["It's", 'say "hi"', "$(touch pwned)`id`", "back\\slash", "a;b|c&d", "%s %d", "-n", "{braces} {{x}}", "'"]
)
def test_odd_product_names(tmp_path, name):
    machine = build_machine(gpu_count=1, product_name=name, uuid_seed="s")
    dev_with(tmp_path, "nvidia0")
    done = run(tmp_path, programs.nvidia_smi(machine), "-L")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"GPU 0: {name} (UUID: {machine.gpus[0].uuid})\n"
    assert not os.path.exists("pwned")


def test_smi_version_and_help(tmp_path):
    text = programs.nvidia_smi(build_machine())
    done = run(tmp_path, text, "--version")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "NVIDIA-SMI version  : 550.54.15",
        "NVML version        : 550.54",
        "DRIVER version      : 550.54.15",
        "CUDA Version        : 12.4",
    ]
    for arguments in (["-h"], ["--help"], []):
        done = run(tmp_path, text, *arguments)
        assert done.returncode == 0 and "mock" in done.stdout


def test_smi_refuses_what_it_can_not_do(tmp_path):
    for option in ("-q", "--query-gpu=name", "nonsense"):
        done = run(tmp_path, programs.nvidia_smi(build_machine()), option)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"nvidia-smi (mock): '{option}' is not implemented\n"


@pytest.mark.parametrize("name", [name for name, _where, _what in PROGRAMS])
def test_stubs(tmp_path, name):
    purpose = next(row[1] for row in PROGRAMS if row[0] == name)
    text = programs.stub(name, purpose, "550.54.15")
    assert text.startswith(b"#!/bin/sh\n")
    done = run(tmp_path, text, "--version")
    assert (done.returncode, done.stdout) == (0, f"{name}:  version 550.54.15 (mock)\n")
    done = run(tmp_path, text, "--help")
    assert done.returncode == 0 and purpose in done.stdout
    done = run(tmp_path, text, "--do-it")
    assert (done.returncode, done.stdout) == (1, "") and "'--do-it' is not implemented" in done.stderr
