# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The guard: marks of a real driver refuse the run with a message that says how to go on."""

from __future__ import annotations

import os

import pytest
from host_support import NO_DRIVER, absent, different, kernel_devices, present, small_node, snapshot, write

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import GuardError, HostError, ParameterError
from ansible_collections.nvmock.gpu.plugins.module_utils.host import guard
from ansible_collections.nvmock.gpu.plugins.module_utils.host.root import HostRoot
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.devices import DeviceOptions
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.node import components

REAL = """Character devices:
  1 mem
195 nvidia-frontend
235 nvidia-uvm
511 nvidia-caps

Block devices:
195 not-a-character-device
"""


def _plant(top, mark):
    if mark == "/proc/devices":
        os.mkdir(f"{top}/proc")
        write(top, mark, REAL.encode())
    else:
        os.makedirs(str(top) + mark)


@pytest.mark.parametrize("mark", ["/proc/driver/nvidia", "/sys/module/nvidia", "/proc/devices"])
def test_marks_in_the_host_root(used_node, mark):
    _plant(used_node, mark)
    before = snapshot(used_node, identity=True)
    for check in (True, False):
        with pytest.raises(GuardError) as error:
            present(used_node, small_node(), check=check)
        assert str(error.value).startswith(mark) and "\n" not in str(error.value)
        assert "say allow_real_driver to go on all the same" in str(error.value)
    assert different(before, snapshot(used_node, identity=True)) == []
    before = snapshot(used_node)
    present(used_node, small_node(), allow_real_driver=True)
    made = snapshot(used_node, identity=True)
    with pytest.raises(GuardError, match="^" + mark):
        absent(used_node, small_node())
    assert different(made, snapshot(used_node, identity=True)) == []
    absent(used_node, small_node(), allow_real_driver=True)
    assert different(before, snapshot(used_node)) == []


def test_a_node_with_a_real_driver_and_no_mock_has_nothing_to_remove(used_node):
    _plant(used_node, "/sys/module/nvidia")
    assert absent(used_node, small_node()) == []


def test_take_over_is_not_allow_real_driver(used_node):
    _plant(used_node, "/sys/module/nvidia")
    with pytest.raises(GuardError):
        present(used_node, small_node(), take_over=True)


def test_driver_in_the_running_kernel(used_node, monkeypatch):
    monkeypatch.setattr(guard, "open", kernel_devices(REAL), raising=False)
    with pytest.raises(
        GuardError, match=r"^/proc/devices of this machine lists 195 nvidia-frontend: .*allow_real_driver"
    ):
        present(used_node, small_node())
    present(used_node, small_node(), allow_real_driver=True)


def test_no_procfs_is_no_driver(used_node, monkeypatch):
    def missing(*_args, **_kwargs):
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(guard, "open", missing, raising=False)
    present(used_node, small_node())


def test_proc_devices_that_is_no_file(used_node):
    os.makedirs(f"{used_node}/proc/devices")
    with pytest.raises(HostError, match=r"^/proc/devices: "):
        present(used_node, small_node())


def test_majors_of_a_proc_devices():
    assert guard.character_majors(REAL) == {1: "mem", 195: "nvidia-frontend", 235: "nvidia-uvm", 511: "nvidia-caps"}
    assert guard.character_majors("") == {}
    assert guard.character_majors("Character devices:\n 10 misc\nnonsense\n") == {10: "misc"}


@pytest.mark.parametrize("where", ["host root", "kernel"])
def test_taken_major(used_node, monkeypatch, where):
    text = "Character devices:\n235 aux\n236 media\n\nBlock devices:\n237 sd\n"
    if where == "kernel":
        monkeypatch.setattr(guard, "open", kernel_devices(text), raising=False)
    else:
        os.mkdir(f"{used_node}/proc")
        write(used_node, "/proc/devices", text.encode())
    machine = build_machine(mig_layout={0: ["1g.5gb"]})
    with HostRoot(str(used_node)) as root:
        with pytest.raises(ParameterError) as error:
            guard.check_majors(root, components.majors(machine, DeviceOptions()))
        assert str(error.value) == (
            "uvm_major: 235 is not allowed: must be a major that is not in use (aux has it; 237 is free)"
        )
        with pytest.raises(ParameterError, match="caps_major: 236 is not allowed"):
            guard.check_majors(root, components.majors(machine, DeviceOptions(uvm_major=237)))
        guard.check_majors(root, components.majors(machine, DeviceOptions(uvm_major=237, caps_major=238)))
        # Without MIG there are no capability nodes, so their major does not matter.
        guard.check_majors(root, components.majors(build_machine(), DeviceOptions(uvm_major=237)))


def test_all_majors_taken(used_node, monkeypatch):
    taken = "Character devices:\n" + "".join(f"{number} some{number}\n" for number in range(1, 512))
    monkeypatch.setattr(guard, "open", kernel_devices(taken), raising=False)
    with HostRoot(str(used_node)) as root, pytest.raises(ParameterError, match="some235 has it; none is free"):
        guard.check_majors(root, components.majors(build_machine(), DeviceOptions()))


def test_a_major_of_the_nvidia_driver_is_accepted(used_node, monkeypatch):
    monkeypatch.setattr(guard, "open", kernel_devices(REAL), raising=False)
    with HostRoot(str(used_node)) as root:
        guard.check_majors(root, components.majors(build_machine(), DeviceOptions()))


def test_may_mknod_answers():
    assert guard.may_mknod() in (True, False)
    assert guard.character_majors(NO_DRIVER)[195] == "drm-of-a-test"
