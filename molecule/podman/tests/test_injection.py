# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""podman injects the devices: what a container then sees, for every kind of device name and both hook styles.

The node is a directory, so the host paths of its specifications are transformed (gpu-mockctl cdi transform root) to those
of this machine.
"""

from __future__ import annotations

import os

import pytest
from podman_support import run_in

CONTROL = ["nvidia-modeset c3:fe 666", "nvidia-uvm eb:0 666", "nvidia-uvm-tools eb:1 666", "nvidiactl c3:ff 666"]
LIBRARIES = f"/usr/lib/{os.uname().machine}-linux-gnu"
KINDS = ["nvidia.com/gpu", "nvidia.com/hookless"]


LIST_NODES = 'cd /dev && for n in nvidia* nvidia-caps/*; do [ -c $n ] && stat -c "%n %t:%T %a" $n; done; true'


def nodes_of(host, specs, variables, *devices):
    done = run_in(host, specs, variables["podman_image"], devices, LIST_NODES)
    assert done.rc == 0, done.stderr
    return sorted(done.stdout.split("\n")[:-1])


def gpu_node(minor):
    return f"nvidia{minor} c3:{minor:x} 666"


def mig_nodes(machine, device):
    first = 3 + (2 * 15 + device.gi) * 9
    return [f"nvidia-caps/nvidia-cap{number} ec:{number:x} 444" for number in (first, first + 1 + device.ci)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_gpu_by_index(host, specs, variables, kind):
    assert nodes_of(host, specs, variables, f"{kind}=0") == sorted([*CONTROL, gpu_node(0)])
    assert nodes_of(host, specs, variables, f"{kind}=1") == sorted([*CONTROL, gpu_node(1)])


@pytest.mark.parametrize("kind", KINDS)
def test_a_gpu_by_uuid(host, specs, variables, machine, kind):
    assert nodes_of(host, specs, variables, f"{kind}={machine.gpus[1].uuid}") == sorted([*CONTROL, gpu_node(1)])


def test_two_gpus(host, specs, variables):
    both = nodes_of(host, specs, variables, "nvidia.com/gpu=0", "nvidia.com/gpu=1")
    assert both == sorted([*CONTROL, gpu_node(0), gpu_node(1)])


@pytest.mark.parametrize("kind", KINDS)
def test_all(host, specs, variables, machine, kind):
    expected = [*CONTROL, gpu_node(0), gpu_node(1), gpu_node(2)]
    for device in machine.gpus[2].mig_devices:
        expected += mig_nodes(machine, device)
    assert nodes_of(host, specs, variables, f"{kind}=all") == sorted(expected)


@pytest.mark.parametrize("kind", KINDS)
def test_a_mig_device_by_index_and_uuid(host, specs, variables, machine, kind):
    for position, device in enumerate(machine.gpus[2].mig_devices):
        expected = sorted([*CONTROL, gpu_node(2), *mig_nodes(machine, device)])
        assert nodes_of(host, specs, variables, f"{kind}=2:{position}") == expected
        assert nodes_of(host, specs, variables, f"{kind}={device.uuid}") == expected


def test_a_device_that_is_not_there(host, specs, variables):
    done = run_in(host, specs, variables["podman_image"], ["nvidia.com/gpu=7"], "true")
    assert done.rc != 0
    assert "unresolvable CDI devices nvidia.com/gpu=7" in done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_libraries_and_programs_are_at_their_places(host, specs, variables, machine, kind):
    script = (
        f"cd {LIBRARIES} && for n in libcuda.so libcuda.so.1 libcuda.so.550.54.15 libnvidia-ml.so.1 libnvidia-ml.so.550.54.15;"
        " do test -s $n && echo $n; done; command -v nvidia-smi; nvidia-smi -L; echo $NVIDIA_VISIBLE_DEVICES"
    )
    done = run_in(host, specs, variables["podman_image"], [f"{kind}=1"], script)
    assert done.rc == 0, done.stderr
    assert done.stdout.split("\n")[:-1] == [
        "libcuda.so",
        "libcuda.so.1",
        "libcuda.so.550.54.15",
        "libnvidia-ml.so.1",
        "libnvidia-ml.so.550.54.15",
        "/usr/bin/nvidia-smi",
        f"GPU 0: {machine.gpus[1].name} (UUID: {machine.gpus[1].uuid})",
        "void",
    ]


def test_ldconfig_lists_the_libraries(host, specs, variables):
    done = run_in(host, specs, variables["podman_image"], ["nvidia.com/gpu=0"], "ldconfig -p")
    assert done.rc == 0, done.stderr
    for name in ("libcuda.so.1", "libcuda.so", "libnvidia-ml.so.1"):
        assert f"\t{name} (libc6" in done.stdout


# The dynamic linker itself opens the library by name, like dlopen, and perl's DynaLoader calls dlopen.
DLOPEN = (
    'for n in libcuda.so.1 libnvidia-ml.so.1; do perl -MDynaLoader -e "exit(!DynaLoader::dl_load_file(shift))" $n'
    " && echo opened $n; done; LD_PRELOAD=libcuda.so.1 true"
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_program_opens_the_libraries_by_name(host, specs, variables, kind):
    done = run_in(host, specs, variables["podman_image"], [f"{kind}=0"], DLOPEN)
    assert done.stdout.split("\n")[:-1] == ["opened libcuda.so.1", "opened libnvidia-ml.so.1"]
    assert "cannot be preloaded" not in done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_every_library_is_the_nodes(host, specs, variables, kind):
    """Every injected file below the library directory has the node's bytes and the node's name."""
    root = variables["gpu_node_host_root"] + "/var/lib/nvidia-mock/driver"
    sums = f"cd {LIBRARIES} && for n in *.so.550.54.15 vdpau/*.so.550.54.15; do sha256sum $n; done"
    done = run_in(host, specs, variables["podman_image"], [f"{kind}=0"], sums)
    assert done.rc == 0, done.stderr
    assert len(done.stdout.splitlines()) > 30
    assert done.stdout == host.run(f"cd {root} && {sums.replace('cd /', 'cd ')}").stdout


def test_the_linker_cache_has_the_libraries_without_ldconfig_in_the_container(host, specs, image_without_ldconfig):
    script = (
        "command -v ldconfig; for n in libcuda.so.1 libnvidia-ml.so.1; do grep -qa $n /etc/ld.so.cache && echo $n; done"
    )
    done = run_in(host, specs, image_without_ldconfig, ["nvidia.com/gpu=0"], script)
    assert done.stdout.split() == ["libcuda.so.1", "libnvidia-ml.so.1"], done.stderr


def test_a_program_opens_them_without_ldconfig_in_the_container(host, specs, image_without_ldconfig):
    done = run_in(host, specs, image_without_ldconfig, ["nvidia.com/gpu=0"], "command -v ldconfig; " + DLOPEN)
    assert done.stdout.split("\n")[:-1] == ["opened libcuda.so.1", "opened libnvidia-ml.so.1"]
    assert "cannot be preloaded" not in done.stderr


def test_a_container_without_devices_sees_none(host, specs, variables):
    done = run_in(host, specs, variables["podman_image"], [], "ls /dev | grep nvidia; command -v nvidia-smi; true")
    assert done.stdout == ""
