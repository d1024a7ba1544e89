# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What containerd injects into three kinds of containers: a Debian with ldconfig, one without, and one without glibc.

On the node that has MIG devices; with the playbook's specification, and one without hooks.
"""

from __future__ import annotations

import json

import node_images
import nvml_listing
import pytest
from injection import CONTROL, gpu_node, mig_nodes, nodes_of_all, seen

ONLY_ON = "nvmock-molecule-worker2"
KINDS = pytest.mark.parametrize("kind", ["nvidia.com/gpu", "nvidia.com/hookless"])
LIBRARIES = "/var/lib/nvidia-mock/driver/lib64"


@pytest.fixture(scope="module", autouse=True)
def hookless(host, variables):
    """The second specification."""

    def make(**options):
        options = json.dumps({"path": "/etc/cdi/hookless.yaml", "class": "hookless", "instance": "hookless", **options})
        assert host.ansible("nvmock.gpu.nvmock_cdi_spec", options, check=False)["changed"]

    make(
        hook_mode="none",
        machine=variables["gpu_node_machine"],
        gpu_count=variables["gpu_node_gpu_count"],
        mig=variables["gpu_node_mig"],
        uuid_seed=variables["inventory_hostname"],
    )
    yield
    make(state="absent")


@pytest.fixture(scope="module")
def busybox(host, node, containerd):
    node_images.load_busybox(node, host)
    yield node_images.BUSYBOX
    containerd.remove_image(node_images.BUSYBOX)


@pytest.fixture(scope="module")
def debian(node, containerd):
    node_images.load_debian(node)
    yield node_images.DEBIAN
    containerd.remove_image(node_images.DEBIAN)


@KINDS
def test_a_mig_device_by_index_and_by_uuid(run_with, busybox, machine, kind):
    gpu = machine.gpus[3]
    assert len(gpu.mig_devices) == 2
    for device in gpu.mig_devices:
        expected = sorted([*CONTROL, gpu_node(gpu), *mig_nodes(gpu, device)])
        assert seen(run_with, busybox, f"{kind}=3:{device.index}") == expected
        assert seen(run_with, busybox, f"{kind}={device.uuid}") == expected


def test_a_gpu_without_hooks(run_with, busybox, machine):
    expected = sorted([*CONTROL, gpu_node(machine.gpus[1])])
    assert seen(run_with, busybox, "nvidia.com/hookless=1") == expected
    assert seen(run_with, busybox, f"nvidia.com/hookless={machine.gpus[1].uuid}") == expected
    assert seen(run_with, busybox, "nvidia.com/hookless=all") == nodes_of_all(machine)


@KINDS
def test_libraries_and_programs_are_at_their_places(run_with, busybox, machine, kind):
    """Even if no program can use them; nvidia-smi is static."""
    version = machine.driver_version
    names = ["libcuda.so", "libcuda.so.1", f"libcuda.so.{version}", "libnvidia-ml.so.1", f"libnvidia-ml.so.{version}"]
    script = (
        f"cd /lib64 && for n in {' '.join(names)}; do test -s $n && echo $n; done;"
        " command -v nvidia-smi; nvidia-smi -L; echo $NVIDIA_VISIBLE_DEVICES"
    )
    status, said = run_with(busybox, [f"{kind}=1"], script)
    gpu = machine.gpus[1]
    expected = [*names, "/usr/bin/nvidia-smi", f"GPU 0: {gpu.name} (UUID: {gpu.uuid})", "void"]
    assert (status, said.splitlines()) == (0, expected)


@KINDS
def test_every_library_is_the_nodes(host, run_with, busybox, machine, kind):
    sums = f"sha256sum *.so.{machine.driver_version} vdpau/*.so.{machine.driver_version}"
    status, said = run_with(busybox, [f"{kind}=1"], f"cd /lib64 && busybox {sums}")
    assert status == 0, said
    assert len(said.splitlines()) > 30
    assert said == host.check_output(f"cd {LIBRARIES} && {sums}") + "\n"


def test_ldconfig_lists_the_libraries(run_with, debian):
    status, said = run_with(debian, ["nvidia.com/gpu=0"], "ldconfig -p")
    assert status == 0
    for name in ("libcuda.so.1", "libcuda.so", "libnvidia-ml.so.1"):
        assert f"\t{name} (libc6" in said


@KINDS
def test_nvml_knows_what_the_container_was_given(run_with, image, machine, kind):
    """The library is opened by its name, in a container without ldconfig."""

    def told(*devices):
        status, said = run_with(image, [f"{kind}={device}" for device in devices], nvml_listing.SCRIPT)
        assert status == 0, said
        return said.splitlines()

    first, second, cut = machine.gpus[1], machine.gpus[2], machine.gpus[3]
    every_mig = [device for gpu in machine.gpus for device in gpu.mig_devices]
    version = machine.driver_version
    assert told("1") == nvml_listing.lines(version, [first])
    assert told(second.uuid, "1") == nvml_listing.lines(version, [first, second])
    assert told(cut.mig_devices[1].uuid) == nvml_listing.lines(version, [cut], [cut.mig_devices[1]])
    assert told("all") == nvml_listing.lines(version, machine.gpus, every_mig)


OPENED = ["libcuda.so.1", "libnvidia-ml.so.1"]


@KINDS
def test_a_program_opens_the_libraries_by_name(run_with, debian, kind):
    opens = 'perl -MDynaLoader -e "exit(!DynaLoader::dl_load_file(shift))" $n'
    status, said = run_with(debian, [f"{kind}=0"], f"for n in {' '.join(OPENED)}; do {opens} && echo $n; done")
    assert (status, said.split()) == (0, OPENED)


@KINDS
def test_a_program_opens_them_without_ldconfig_in_the_container(run_with, image, kind):
    opens = 'python3 -c "import ctypes, sys; [print(ctypes.CDLL(name)._name) for name in sys.argv[1:]]"'
    status, said = run_with(image, [f"{kind}=0"], f"command -v ldconfig; {opens} {' '.join(OPENED)}")
    assert (status, said.split()) == (0, OPENED)
