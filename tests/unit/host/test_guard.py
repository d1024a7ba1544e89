# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The guard: marks of a real driver refuse the run with a message that says how to continue; a GPU without one is a warning."""

from __future__ import annotations

import os

import pytest
from host_support import absent, different, kernel_devices, present, small_node, snapshot, write

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


MARKS = ["/proc/driver/nvidia", "/sys/module/nvidia", "/sys/bus/pci/drivers/nvidia", "/proc/devices"]


@pytest.mark.parametrize("mark", MARKS)
def test_marks_in_the_host_root(used_node, mark):
    _plant(used_node, mark)
    before = snapshot(used_node, identity=True)
    for check in (True, False):
        with pytest.raises(GuardError) as error:
            present(used_node, small_node(), check=check)
        assert str(error.value).startswith(mark) and "\n" not in str(error.value)
        assert "set allow_real_driver to continue anyway" in str(error.value)
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


def check_majors(root, machine, options):
    guard.check_majors(root, components.majors(machine, options), components.registered_majors(options))


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
            check_majors(root, machine, DeviceOptions())
        assert str(error.value) == (
            "uvm_major: 235 is not allowed: must be a major that is not in use (aux has it; 237 is free)"
        )
        with pytest.raises(ParameterError, match="caps_major: 236 is not allowed"):
            check_majors(root, machine, DeviceOptions(uvm_major=237))
        check_majors(root, machine, DeviceOptions(uvm_major=237, caps_major=238))
        # Without MIG there are no capability nodes, so their major does not matter.
        check_majors(root, build_machine(), DeviceOptions(uvm_major=237))


def test_all_majors_taken(used_node, monkeypatch):
    names = {number: f"some{number}" for number in range(1, 512)} | {195: "nvidia"}
    taken = "Character devices:\n" + "".join(f"{number} {name}\n" for number, name in names.items())
    monkeypatch.setattr(guard, "open", kernel_devices(taken), raising=False)
    with HostRoot(str(used_node)) as root, pytest.raises(ParameterError, match="some235 has it; no other is free"):
        check_majors(root, build_machine(), DeviceOptions())


def test_a_major_of_the_nvidia_driver_is_accepted(used_node, monkeypatch):
    monkeypatch.setattr(guard, "open", kernel_devices(REAL), raising=False)
    with HostRoot(str(used_node)) as root:
        check_majors(root, build_machine(), DeviceOptions())


@pytest.mark.parametrize("major, options", [(195, {}), (226, {"dri": True})])
@pytest.mark.parametrize("where", ["host root", "kernel"])
def test_a_registered_major_of_another_driver(used_node, monkeypatch, where, major, options):
    text = f"Character devices:\n{major} foreign\n\nBlock devices:\n"
    place = "/proc/devices"
    if where == "kernel":
        monkeypatch.setattr(guard, "open", kernel_devices(text), raising=False)
        place += " of this machine"
    else:
        os.mkdir(f"{used_node}/proc")
        write(used_node, "/proc/devices", text.encode())
    with HostRoot(str(used_node)) as root:
        with pytest.raises(GuardError, match=f"^{place} lists {major} foreign: .*set device_files to regular"):
            components.restore_at_boot(root, DeviceOptions(**options), build_machine())
        components.restore_at_boot(root, DeviceOptions(regular_files=True, **options), build_machine())
        if options:
            components.restore_at_boot(root, DeviceOptions(), build_machine())


@pytest.mark.parametrize("name", ["drm", "nvidia-frontend"])
def test_a_registered_major_of_its_own_driver(used_node, monkeypatch, name):
    major = {"drm": 226, "nvidia-frontend": 195}[name]
    monkeypatch.setattr(guard, "open", kernel_devices(f"Character devices:\n{major} {name}\n"), raising=False)
    with HostRoot(str(used_node)) as root:
        check_majors(root, build_machine(), DeviceOptions(dri=True))


# Warnings


def plug_in(top, address, vendor="0x10de", kind="0x030200", driver=None):
    """A PCI device as sysfs shows it: a link into /sys/devices."""
    device = top / "sys/devices/pci0000:00" / address
    device.mkdir(parents=True)
    (device / "vendor").write_text(vendor + "\n")
    (device / "class").write_text(kind + "\n")
    devices = top / "sys/bus/pci/devices"
    devices.mkdir(parents=True, exist_ok=True)
    (devices / address).symlink_to(f"../../../devices/pci0000:00/{address}")
    if driver is not None:
        place = top / "sys/bus/pci/drivers" / driver
        place.mkdir(parents=True, exist_ok=True)
        (device / "driver").symlink_to(f"../../../bus/pci/drivers/{driver}")


def warnings_of(top):
    with HostRoot(str(top)) as root:
        return guard.warnings(root)


@pytest.fixture
def no_cards_here(monkeypatch):
    """This machine has no GPU, whatever machine it is."""
    below = guard._cards_below
    monkeypatch.setattr(guard, "_cards_below", lambda root: {} if root.path == "/" else below(root))


@pytest.mark.parametrize(
    "device, words",
    [
        ({}, "has no driver"),
        ({"kind": "0x030000", "driver": "nouveau"}, "has the driver nouveau"),
        ({"driver": "vfio-pci"}, "has the driver vfio-pci"),
        ({"driver": "nvidia"}, None),
        ({"kind": "0x040300"}, None),
        ({"vendor": "0x1002"}, None),
    ],
)
def test_a_real_gpu_without_the_nvidia_driver(used_node, no_cards_here, device, words):
    plug_in(used_node, "0000:03:00.0", **device)
    plug_in(used_node, "0000:00:1f.2", vendor="0x8086", kind="0x010601")
    texts = warnings_of(used_node)
    assert len(texts) == (words is not None)
    for text in texts:
        assert text.startswith("PCI device 0000:03:00.0 is a real NVIDIA GPU") and "\n" not in text
        assert words.removeprefix("has ") in text


def test_a_gpu_of_this_machine_counts_for_every_host_root(used_node, monkeypatch):
    monkeypatch.setattr(guard, "_cards_below", lambda root: {"0000:09:00.0": ""} if root.path == "/" else {})
    assert len(warnings_of(used_node)) == 1


@pytest.mark.parametrize(
    "path, words",
    [
        ("/sys/module/nvgpu", "Jetson"),
        ("/etc/nv_tegra_release", "Jetson"),
        ("/dev/dxg", "WSL"),
    ],
)
def test_other_kinds_of_gpu(used_node, no_cards_here, path, words):
    (used_node / path[1:]).parent.mkdir(parents=True, exist_ok=True)
    write(used_node, path)
    [text] = warnings_of(used_node)
    assert text.startswith(f"{path} exists: ") and words in text and "\n" not in text


def test_a_sysfs_that_can_not_be_read_warns_of_nothing(used_node, no_cards_here):
    (used_node / "sys/bus/pci/devices/0000:03:00.0/vendor").mkdir(parents=True)
    assert warnings_of(used_node) == []


def test_nothing_to_warn_of(used_node, no_cards_here):
    assert warnings_of(used_node) == []


def test_may_mknod_answers():
    assert guard.may_mknod() in (True, False)


@pytest.mark.parametrize(("vendor", "is_told"), [("10de2330", True), ("80860d57", False)])
def test_the_table_of_pci_devices_is_asked_first(used_node, no_cards_here, vendor, is_told):
    """A node may have hundreds of devices: without one of NVIDIA's in the table, none is looked at."""
    plug_in(used_node, "0000:09:00.0")
    table = used_node / "proc/bus/pci/devices"
    table.parent.mkdir(parents=True)
    table.write_text(f"0000\t80861237\t0\n0900\t{vendor}\t10\t\n")
    with HostRoot(str(used_node)) as root:
        assert [line.split()[2] for line in guard.warnings(root)] == ["0000:09:00.0"] * is_told
