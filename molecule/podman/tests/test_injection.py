# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""podman injects the devices: what a container then sees, for every kind of device name and both hook styles.

podman reads /etc/cdi, and the node is a directory: so the specifications are transformed (gpu-mockctl cdi transform root)
to the paths of this machine and mounted at /etc/cdi in a mount namespace of their own. Nothing of the machine changes.
"""

from __future__ import annotations

import os
import sys

import pytest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
sys.path.insert(0, os.path.join(ROOT, ".build"))

from ansible_collections.nvmock.gpu.plugins.module_utils.machine_builder import build_machine

PODMAN = (
    # runc on its own cgroups works with both cgroup versions; the limits are those that root always may set.
    "podman --runtime runc --cgroup-manager cgroupfs run --rm --network none"
    " --ulimit nofile=1024:1024 --ulimit nproc=1024:1024"
)
CONTROL = ["nvidia-modeset c3:fe 666", "nvidia-uvm eb:0 666", "nvidia-uvm-tools eb:1 666", "nvidiactl c3:ff 666"]
LIBRARIES = "/usr/lib/x86_64-linux-gnu" if os.uname().machine == "x86_64" else "/usr/lib/aarch64-linux-gnu"


@pytest.fixture(scope="module")
def variables(host):
    return host.ansible.get_variables()


@pytest.fixture(scope="module")
def machine(variables):
    return build_machine(
        uuid_seed=variables["inventory_hostname"],
        gpu_count=variables["gpu_node_gpu_count"],
        mig_layout=variables["gpu_node_mig"],
    )


@pytest.fixture(scope="module")
def specs(host, variables, tmp_path_factory):
    """A directory with the node's specifications, their host paths transformed to those of this machine."""
    place = str(tmp_path_factory.mktemp("cdi"))
    root = variables["gpu_node_host_root"]
    for name in ("nvidia.yaml", "hookless.yaml"):
        done = host.run(
            "%s cdi transform root --from / --to %s --relative-to host --input %s --output %s",
            ROOT + "/bin/gpu-mockctl",
            root,
            f"{root}/etc/cdi/{name}",
            f"{place}/{name}",
        )
        assert done.rc == 0, done.stderr
    return place


@pytest.fixture(scope="module")
def image_without_ldconfig(host, variables):
    name = variables["podman_image"] + "-without-ldconfig"
    script = "rm -f /sbin/ldconfig /usr/sbin/ldconfig /etc/ld.so.cache"
    container = "nvmock-test-without-ldconfig"
    run = PODMAN.replace(" --rm", f" --name {container}")
    host.run("podman rm -f %s", container)
    assert host.run(f"{run} {variables['podman_image']} sh -c '{script}'").rc == 0
    assert host.run("podman commit -q %s %s", container, name).rc == 0
    host.run("podman rm -f %s", container)
    yield name
    host.run("podman rmi %s", name)


def run_in(host, specs, image, devices, script):
    """Run *script* with sh in a container of *image* that has the CDI *devices*; return the result."""
    options = " ".join(f"--device {device}" for device in devices)
    inner = f"mount --bind {specs} /etc/cdi && exec {PODMAN} {options} {image} sh -c '{script}'"
    made = host.run("mkdir /etc/cdi").rc == 0  # a place to mount on
    try:
        return host.run("unshare --mount --propagation private sh -c %s", inner)
    finally:
        if made:
            host.run("rmdir /etc/cdi")


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


@pytest.mark.parametrize("kind", ["nvidia.com/gpu", "nvidia.com/hookless"])
def test_a_gpu_by_index(host, specs, variables, kind):
    assert nodes_of(host, specs, variables, f"{kind}=0") == sorted([*CONTROL, gpu_node(0)])
    assert nodes_of(host, specs, variables, f"{kind}=1") == sorted([*CONTROL, gpu_node(1)])


def test_a_gpu_by_uuid(host, specs, variables, machine):
    assert nodes_of(host, specs, variables, f"nvidia.com/gpu={machine.gpus[1].uuid}") == sorted([*CONTROL, gpu_node(1)])


def test_two_gpus(host, specs, variables):
    both = nodes_of(host, specs, variables, "nvidia.com/gpu=0", "nvidia.com/gpu=1")
    assert both == sorted([*CONTROL, gpu_node(0), gpu_node(1)])


@pytest.mark.parametrize("kind", ["nvidia.com/gpu", "nvidia.com/hookless"])
def test_all(host, specs, variables, machine, kind):
    expected = [*CONTROL, gpu_node(0), gpu_node(1), gpu_node(2)]
    for device in machine.gpus[2].mig_devices:
        expected += mig_nodes(machine, device)
    assert nodes_of(host, specs, variables, f"{kind}=all") == sorted(expected)


def test_a_mig_device_by_index_and_uuid(host, specs, variables, machine):
    for position, device in enumerate(machine.gpus[2].mig_devices):
        expected = sorted([*CONTROL, gpu_node(2), *mig_nodes(machine, device)])
        assert nodes_of(host, specs, variables, f"nvidia.com/gpu=2:{position}") == expected
        assert nodes_of(host, specs, variables, f"nvidia.com/gpu={device.uuid}") == expected


def test_a_device_that_is_not_there(host, specs, variables):
    done = run_in(host, specs, variables["podman_image"], ["nvidia.com/gpu=7"], "true")
    assert done.rc != 0
    assert "unresolvable CDI devices nvidia.com/gpu=7" in done.stderr


@pytest.mark.parametrize("kind", ["nvidia.com/gpu", "nvidia.com/hookless"])
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


# The dynamic linker itself opens the library by name, as dlopen would, and perl's DynaLoader calls dlopen.
DLOPEN = (
    'for n in libcuda.so.1 libnvidia-ml.so.1; do perl -MDynaLoader -e "exit(!DynaLoader::dl_load_file(shift))" $n'
    " && echo opened $n; done; LD_PRELOAD=libcuda.so.1 true"
)


@pytest.mark.parametrize("kind", ["nvidia.com/gpu", "nvidia.com/hookless"])
def test_a_program_opens_the_libraries_by_name(host, specs, variables, kind):
    done = run_in(host, specs, variables["podman_image"], [f"{kind}=0"], DLOPEN)
    assert done.stdout.split("\n")[:-1] == ["opened libcuda.so.1", "opened libnvidia-ml.so.1"]
    assert "cannot be preloaded" not in done.stderr


def test_a_program_opens_them_where_the_container_has_no_ldconfig(host, specs, image_without_ldconfig):
    done = run_in(host, specs, image_without_ldconfig, ["nvidia.com/gpu=0"], "command -v ldconfig; " + DLOPEN)
    assert done.stdout.split("\n")[:-1] == ["opened libcuda.so.1", "opened libnvidia-ml.so.1"]
    assert "cannot be preloaded" not in done.stderr


def test_a_container_without_devices_sees_none(host, specs, variables):
    done = run_in(host, specs, variables["podman_image"], [], "ls /dev | grep nvidia; command -v nvidia-smi; true")
    assert done.stdout == ""
