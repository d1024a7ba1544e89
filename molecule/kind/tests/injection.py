# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What a container must see."""

from __future__ import annotations

CONTROL = ["nvidia-modeset c3:fe 666", "nvidia-uvm eb:0 666", "nvidia-uvm-tools eb:1 666", "nvidiactl c3:ff 666"]
_LIST = 'cd /dev && for n in nvidia* nvidia-caps/*; do [ -c $n ] && stat -c "%n %t:%T %a" $n; done; true'


def gpu_node(gpu):
    return f"nvidia{gpu.minor} c3:{gpu.minor:x} 666"


def mig_nodes(gpu, device):
    """The capability nodes of a MIG device's instances, by the numbers of the driver's mig-minors table."""
    first = 3 + (gpu.minor * 15 + device.gi) * 9
    return [f"nvidia-caps/nvidia-cap{number} ec:{number:x} 444" for number in (first, first + 1 + device.ci)]


def nodes_of_all(machine):
    """The nodes behind the device "all"."""
    expected = [*CONTROL, *map(gpu_node, machine.gpus)]
    for gpu in machine.gpus:
        for device in gpu.mig_devices:
            expected += mig_nodes(gpu, device)
    return sorted(set(expected))


def seen(run_with, image, *devices):
    """The NVIDIA device nodes in a container, with their numbers and modes."""
    status, said = run_with(image, devices, _LIST)
    assert status == 0, said
    return sorted(said.splitlines())
