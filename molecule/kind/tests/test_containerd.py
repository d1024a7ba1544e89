# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""containerd injects the GPUs of every node that the playbook made, through CRI."""

from __future__ import annotations

import pytest
from cri import Refused
from injection import CONTROL, gpu_node, nodes_of_all, seen


def test_a_gpu_by_index_and_by_uuid(run_with, image, machine):
    gpus = [gpu for gpu in machine.gpus if not gpu.mig_enabled]
    assert len(gpus) > 1
    for gpu in gpus:
        expected = sorted([*CONTROL, gpu_node(gpu)])
        assert seen(run_with, image, f"nvidia.com/gpu={gpu.index}") == expected
        assert seen(run_with, image, f"nvidia.com/gpu={gpu.uuid}") == expected


def test_two_gpus(run_with, image, machine):
    expected = sorted([*CONTROL, *map(gpu_node, machine.gpus[:2])])
    assert seen(run_with, image, "nvidia.com/gpu=0", "nvidia.com/gpu=1") == expected


def test_all(run_with, image, machine):
    assert seen(run_with, image, "nvidia.com/gpu=all") == nodes_of_all(machine)


def test_nvidia_smi_and_the_environment(run_with, image, machine):
    status, said = run_with(image, ["nvidia.com/gpu=1"], "nvidia-smi -L; echo $NVIDIA_VISIBLE_DEVICES")
    gpu = machine.gpus[1]
    assert (status, said.splitlines()) == (0, [f"GPU 0: {gpu.name} (UUID: {gpu.uuid})", "void"])


def test_a_container_without_devices_sees_none(run_with, image):
    assert seen(run_with, image) == []
    assert run_with(image, [], "command -v nvidia-smi")[0] != 0


def test_a_device_that_is_not_there(containerd, image):
    with pytest.raises(Refused, match=r"unresolvable CDI devices nvidia\.com/gpu=7$"):
        containerd.start(image, ["nvidia.com/gpu=7"])
