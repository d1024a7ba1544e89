# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The driver's programs, of both architectures (what they answer in detail: tests/unit/layout/test_programs.py)."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils import native
from ansible_collections.nvmock.gpu.plugins.module_utils.layout import programs
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine

from .conftest import runner


@pytest.fixture
def driver_program(request, programs, monkeypatch, tmp_path):
    """Runs a program made of the image under test: driver_program(maker, arguments)."""
    architecture, variant = request.param
    for name in (native.DRIVER_PROGRAM, native.SMI):
        image = programs(name, architecture, variant).read_bytes()
        monkeypatch.setitem(native.unpacked, (name, architecture), image)
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "nvidiactl").touch()

    def run(make, *arguments):
        path = tmp_path / "program"
        path.write_bytes(make(architecture))
        path.chmod(0o755)
        command = [*runner(architecture), str(path), *arguments]
        environment = {"NVMOCK_DEV": str(tmp_path / "dev")}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=30)

    run.dev = tmp_path / "dev"
    return run


def smi(**machine):
    return lambda architecture: programs.nvidia_smi(build_machine(uuid_seed="s", **machine), architecture)


def test_nvidia_smi(driver_program):
    for index in (0, 1, 4):
        (driver_program.dev / f"nvidia{index}").touch()
    machine = build_machine(uuid_seed="s")
    done = driver_program(smi(), "-L")
    assert done.stdout.splitlines() == [
        f"GPU {number}: {gpu.name} (UUID: {gpu.uuid})" for number, gpu in enumerate(machine.gpus[i] for i in (0, 1, 4))
    ]
    done = driver_program(smi(), "--query-gpu=uuid,memory.total", "--format=csv,noheader", "-i", "2")
    assert done.stdout == f"{machine.gpus[4].uuid}, 40960 MiB\n"
    done = driver_program(smi())
    assert done.returncode == 0 and {len(line) for line in done.stdout.splitlines()[1:]} == {91, 89}
    assert driver_program(smi(), "-q").returncode == 0


def test_mig_devices(driver_program):
    for name in ("nvidia0", "nvidia-caps/nvidia-cap13", "nvidia-caps/nvidia-cap12"):
        (driver_program.dev / name).parent.mkdir(exist_ok=True)
        (driver_program.dev / name).touch()
    lines = driver_program(smi(gpu_count=1, mig_layout={0: ["3g.20gb"]}), "-L").stdout.splitlines()
    assert len(lines) == 2 and lines[1].startswith("  MIG 3g.20gb     Device  0: (UUID: MIG-")
    mode = driver_program(smi(gpu_count=1, mig_layout={0: ["3g.20gb"]}), "--query-gpu=mig.mode.current", "--format=csv")
    assert mode.stdout == "mig.mode.current\nEnabled\n"


def test_a_stub_program_prints_its_version(driver_program):
    def make(architecture):
        return programs.stub("nvidia-modprobe", "loads kernel modules", "550.54.15", architecture)

    assert driver_program(make, "--version").stdout == "nvidia-modprobe:  version 550.54.15 (mock)\n"
    assert driver_program(make, "-u").returncode == 1


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    payload=st.binary(max_size=300)
    | st.lists(st.sampled_from(["smi", "gpu", "mig", "\t", "\n", "0", "x"])).map("".join)
)
def test_any_text_behind_it(driver_program, payload):
    """A damaged program ends; it is never killed by a signal."""
    data = payload if isinstance(payload, bytes) else payload.encode()
    for name in ("nvidia0", "nvidiax"):
        (driver_program.dev / name).touch()

    def image(name):
        return lambda architecture: native.binary(name, architecture) + data + b"nvmock1 %08x\n" % len(data)

    for arguments in (["-L"], [], ["--query-gpu=index,name,pci.bus,serial", "--format=csv"], ["-q", "-x"]):
        assert driver_program(image(native.SMI), *arguments).returncode in (0, 1, 2, 6)
    assert driver_program(image(native.DRIVER_PROGRAM), "--version").returncode in (0, 1)
