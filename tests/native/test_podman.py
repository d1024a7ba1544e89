# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A real runtime runs every hook of a specification, for containers that have nothing: no shell, no loader, no /etc.

podman reads /etc/cdi: the specification is bound there in a mount namespace of its own, so nothing of the machine changes.
"""

from __future__ import annotations

import json
import os
import pathlib
import platform
import shutil
import subprocess
import tempfile
import time

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.cdi.serialize import serialize
from ansible_collections.nvmock.gpu.plugins.module_utils.host.root import HostRoot
from ansible_collections.nvmock.gpu.plugins.module_utils.layout import programs
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.node import DEFAULT_DRIVER_ROOT, cdi_spec
from ansible_collections.nvmock.gpu.plugins.module_utils.nvcdi.options import Options
from ansible_collections.nvmock.gpu.plugins.module_utils.nvcdi.releases import DEFAULT_RELEASE
from ansible_collections.nvmock.gpu.plugins.module_utils.nvcdi.transform import HOST, RootTransform

from .conftest import ROOT
from .test_hook import cached, compat, needs_ldconfig

CLI = ROOT / "bin" / "gpu-mockctl"
RELEASE = DEFAULT_RELEASE
HOOKS = {
    "create-symlinks", "enable-cuda-compat", "update-ldcache", "disable-device-node-modification", "chmod",
    "update-application-profile", "apply-cuda-memory-limits",
}  # fmt: skip


def _works():
    """podman starts a container here, without CDI."""
    if os.geteuid() != 0:
        return "it needs root"
    missing = [name for name in ("podman", "runc", "unshare") if not shutil.which(name)]
    return f"{', '.join(missing)} not installed" if missing else ""


pytestmark = [pytest.mark.skipif(bool(_works()), reason=_works() or "-"), needs_ldconfig]


def call(*command, **more):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **more)


class Podman:
    """podman with storage of its own."""

    def __init__(self, place, specifications):
        self.place = place
        self.specifications = specifications

    def __call__(self, rootfs, devices, *command, script="", variables=()):
        podman = ["podman", "--root", self.place / "root", "--runroot", self.place / "run"]
        podman += ["--runtime", "runc", "--cgroup-manager", "cgroupfs", "run", "--rm", "--network", "none"]
        podman += ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]
        podman += [f"--device={device}" for device in devices] + [f"--env={variable}" for variable in variables]
        script = f'mount --bind "{self.specifications}" /etc/cdi; {script}\nexec "$@"'
        return call("unshare", "--mount", "sh", "-ec", script, "sh", *podman, "--rootfs", rootfs, *command)


@pytest.fixture(scope="module")
def specification(tmp_path_factory):
    """A node in a directory, and its specification for this machine's podman, with all hooks on."""
    node = str(tmp_path_factory.mktemp("node"))
    place = tmp_path_factory.mktemp("cdi")
    done = call(CLI, "--host-root", node, "--gpu-count", "2", "--with-hook", "--with-dri", "--uuid-seed", "s")
    assert done.returncode == 0, done.stderr
    with HostRoot(node) as root:
        machine = build_machine(gpu_count=2, uuid_seed="s")
        options = Options(
            mode="nvml", driver_root=DEFAULT_DRIVER_ROOT, dev_root="/", enabled_hooks=("chmod",), architecture="x86_64"
        )
        spec = cdi_spec.make(machine, root, options, cdi_spec.SpecFile(), []).specs[0]
    text = json.dumps(spec)
    assert {hook for hook in HOOKS if f'"{hook}"' in text} == HOOKS
    content = serialize(RootTransform("/", node, HOST, RELEASE)(json.loads(text)), False)
    (place / "nvidia.yaml").write_bytes(content)
    return place


def remove(state):
    """podman tidies up after a container in a process of its own, which may still make files."""
    for _attempt in range(20):
        shutil.rmtree(state, ignore_errors=True)
        time.sleep(0.2)
        if not state.exists():
            return


@pytest.fixture(scope="module")
def podman(specification):
    made = not os.path.isdir("/etc/cdi")
    if made:
        os.mkdir("/etc/cdi")
    state = pathlib.Path(tempfile.mkdtemp(prefix="nv"))  # podman takes no long names here
    try:
        runner = Podman(state, specification)
        plain = state / "plain"
        (plain / "bin").mkdir(parents=True)
        (plain / "bin/program").write_bytes(programs.stub("program", "says hello", "1", platform.machine()))
        (plain / "bin/program").chmod(0o755)
        done = runner(plain, [], "/bin/program", "--version")
        if done.returncode:
            pytest.skip(f"podman starts no container here, even without devices: {done.stderr.strip()[-200:]}")
        yield runner
    finally:
        remove(state)
        if made:
            os.rmdir("/etc/cdi")


def test_a_container_from_scratch(podman, tmp_path):
    """The programs run there, the libraries are in its cache, the links at their places."""
    rootfs = tmp_path / "rootfs"
    rootfs.mkdir()
    done = podman(rootfs, ["nvidia.com/gpu=1"], "/bin/nvidia-smi", "-L")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1 and done.stdout.startswith("GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-")
    assert os.readlink(rootfs / "lib64/libcuda.so") == "libcuda.so.1"
    libraries = cached(rootfs)
    assert libraries["libcuda.so.1"] == "/lib64/libcuda.so.1"
    assert libraries["libnvidia-ml.so.1"] == "/lib64/libnvidia-ml.so.1"
    profile = rootfs / "etc/nvidia/nvidia-application-profiles-rc.d/10-container.conf"
    assert '"EGLVisibleDGPUDevices",0x2]' in profile.read_text()  # the second GPU alone
    assert (rootfs / "var/run/nvidia-container-devices/void").exists()  # what the runtime has made to mount over


def test_all_gpus_and_a_second_start(podman, tmp_path):
    rootfs = tmp_path / "rootfs"
    rootfs.mkdir()
    for _round in range(2):
        done = podman(rootfs, ["nvidia.com/gpu=all"], "/bin/nvidia-smi", "--query-gpu=index", "--format=csv,noheader")
        assert (done.returncode, done.stdout) == (0, "0\n1\n"), done.stderr
    assert sorted(path.name for path in (rootfs / "etc/ld.so.conf.d").iterdir()) == [
        "00-nvcr-nvmock.conf",
        "zz-nvcr-nvmock.conf",
    ]


def test_newer_cuda_libraries_of_the_container_come_first(podman, tmp_path):
    class Container:
        root = tmp_path / "rootfs"

    Container.root.mkdir()
    conf = compat(Container, "600.1")
    done = podman(Container.root, ["nvidia.com/gpu=0"], "/bin/nvidia-smi", "--version")
    assert done.returncode == 0, done.stderr
    assert conf.read_text() == "/usr/local/cuda-13/compat\n"


def test_memory_limits_are_checked_before_the_container_starts(podman, tmp_path):
    """By the hook that works on the node, of each GPU that the container has."""
    rootfs = tmp_path / "rootfs"
    rootfs.mkdir()
    for device in ("nvidia.com/gpu=0", "nvidia.com/gpu=all"):
        done = podman(rootfs, [device], "/bin/nvidia-smi", "-L", variables=("NVIDIA_GPU_MEMORY_LIMIT=1024",))
        assert done.returncode == 0 and done.stdout.startswith("GPU 0: "), done.stderr
        done = podman(rootfs, [device], "/bin/nvidia-smi", "-L", variables=("NVIDIA_GPU_MEMORY_LIMIT=4Gi",))
        assert done.returncode != 0 and done.stdout == "" and "NVIDIA_GPU_MEMORY_LIMIT=4Gi: must be" in done.stderr


def test_a_hostile_container(podman, tmp_path):
    rootfs, outside = tmp_path / "rootfs", tmp_path / "outside"
    rootfs.mkdir()
    outside.mkdir()
    (rootfs / "etc").mkdir()
    (rootfs / "etc/ld.so.conf.d").symlink_to("../" * 30 + str(outside).lstrip("/"))
    (rootfs / "etc/nvidia").symlink_to(outside)
    done = podman(rootfs, ["nvidia.com/gpu=0"], "/bin/nvidia-smi", "-L")
    assert done.returncode != 0 and "nvidia-cdi-hook: cannot" in done.stderr
    assert os.listdir(outside) == []
