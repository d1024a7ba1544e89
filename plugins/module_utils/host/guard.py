# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The guard: a node that has a real NVIDIA driver is refused, and one that may get a driver later is warned about.

A mock's device nodes have the numbers of the real ones. With a driver in the kernel they would open the real GPUs, or the
devices of another driver that has the same major.

The marks of a loaded driver are its entries in procfs and sysfs, and its lines in /proc/devices (open-gpu-kernel-modules,
kernel-open/nvidia/nv.c registers ``nvidia-frontend`` or ``nvidia``, and per file ``nvidia-uvm``, ``nvidia-caps``).
"""

from __future__ import annotations

from ..errors import GuardError, HostError, ParameterError
from .manifest import Manifest
from .root import HostRoot

_PCI_DEVICES = "/sys/bus/pci/devices"
_PCI_TABLE = "/proc/bus/pci/devices"
_MARKS = ("/proc/driver/nvidia", "/sys/module/nvidia", "/sys/bus/pci/drivers/nvidia")
_OWN_DEVICES = "/proc/devices"

# PCI: NVIDIA's vendor id, and the base class of display controllers. Its audio and USB functions are other classes.
_NVIDIA_VENDOR = b"0x10de"
_NVIDIA_ID = b"10de"
_DISPLAY_CLASS = b"0x03"

# Paths of nodes on which programs find a real GPU in another way: what such a node is, and what that means.
_OTHER_GPUS = {
    "/sys/module/nvgpu": "a Jetson, whose GPU has device nodes of other names",
    "/etc/nv_tegra_release": "a Jetson, whose GPU has device nodes of other names",
    "/dev/dxg": "WSL, where the real GPU is reached through this device",
}

_CONTINUE = "set allow_real_driver to continue anyway"


def character_majors(text: str) -> dict[int, str]:
    """Return the character device majors of a /proc/devices: ``{195: "nvidia-frontend", ...}``."""
    majors = {}
    for line in text.partition("Block devices:")[0].split("\n"):
        number, _blank, name = line.strip().partition(" ")
        if number.isdigit():
            majors[int(number)] = name.strip()
    return majors


def check_no_real_driver(root: HostRoot, known: Manifest) -> None:
    """Refuse a node with a real NVIDIA driver.

    :raises GuardError: the message names the mark that was found and how to continue.
    """
    for mark in _MARKS:
        if mark not in known.owned and root.status(mark) is not None:
            raise GuardError(f"{mark} exists: this node seems to have a real NVIDIA driver; {_CONTINUE}")
    for where, text in _devices(root):
        for major, name in character_majors(text).items():
            if name.startswith("nvidia"):
                raise GuardError(f"{where} lists {major} {name}: the kernel has a real NVIDIA driver; {_CONTINUE}")


def check_majors(root: HostRoot, wanted: dict[str, tuple[int, str]], registered: dict[int, str]) -> None:
    """Refuse a device major that the kernel has given to another driver.

    :arg wanted: parameter name -> (major, name prefix of the driver it belongs to).
    :arg registered: majors that no parameter changes -> name prefix of the driver they belong to.
    :raises ParameterError: a major of a parameter is taken; the message names its owner and a free major.
    :raises GuardError: a registered major is taken; the message names its owner.
    """
    for where, text in _devices(root):
        taken = character_majors(text)
        for major, driver in registered.items():
            owner = taken.get(major)
            if owner is not None and not owner.startswith(driver):
                raise GuardError(
                    f"{where} lists {major} {owner}: device nodes with this major would open devices of {owner};"
                    " set device_files to regular to create regular files instead"
                )
        for parameter, (major, driver) in wanted.items():
            owner = taken.get(major)
            if owner is not None and not owner.startswith(driver):
                others = (*range(major, 512), *range(major))
                free = next(
                    (f"{number} is free" for number in others if number and number not in taken), "no other is free"
                )
                raise ParameterError(parameter, major, f"a major that is not in use ({owner} has it; {free})")


def warnings(root: HostRoot) -> list[str]:
    """Return what a person should know about the node, one line each: a GPU whose driver is not loaded, Jetson, WSL."""
    found = {path: words for path, words in _OTHER_GPUS.items() if root.status(path) is not None}
    texts = [
        f"{path} exists: this node seems to be {words}; programs may use that GPU instead of the mock GPUs"
        for path, words in found.items()
    ]
    for address, driver in sorted(_cards(root).items()):
        texts.append(
            f"PCI device {address} is a real NVIDIA GPU with {f'the driver {driver}' if driver else 'no driver'}: before"
            " the NVIDIA driver is loaded, remove the mock GPUs, because their device nodes have the same numbers"
        )
    return texts


def _cards(root: HostRoot) -> dict[str, str]:
    """PCI address -> kernel driver ("" without one) of the NVIDIA GPUs of the node and of this machine."""
    cards = _cards_below(root)
    if root.path != "/":
        with HostRoot("/") as machine:
            cards.update(_cards_below(machine))
    return cards


def _cards_below(root: HostRoot) -> dict[str, str]:
    if not _may_have_nvidia(root):
        return {}
    cards = {}
    try:
        for address in root.names(_PCI_DEVICES):
            device = f"{_PCI_DEVICES}/{address}"
            if root.read(f"{device}/vendor").strip() == _NVIDIA_VENDOR:
                link = root.observe(f"{device}/driver")
                driver = "" if link is None else (link.target or "").rpartition("/")[2]
                if driver != "nvidia" and root.read(f"{device}/class").startswith(_DISPLAY_CLASS):
                    cards[address] = driver
    except HostError:
        pass  # a sysfs that can't be read: nothing to learn from it
    return cards


def _may_have_nvidia(root: HostRoot) -> bool:
    """Whether a PCI device is NVIDIA's, or it is unknown: one file instead of some for each of hundreds of devices.

    In its lines, a tab and eight digits for vendor and device follow bus, device and function (drivers/pci/proc.c of Linux). What
    else begins with these digits only costs time.
    """
    try:
        if root.status(_PCI_TABLE) is None:
            return True
        return b"\t" + _NVIDIA_ID in root.read(_PCI_TABLE)
    except HostError:
        return True


def _devices(root: HostRoot) -> list[tuple[str, str]]:
    """The node's /proc/devices, and that of the running kernel, whose devices its device nodes would open."""
    found = []
    if root.status(_OWN_DEVICES) is not None:
        found.append((_OWN_DEVICES, root.read(_OWN_DEVICES).decode("ascii", "replace")))
    if root.path != "/":
        try:
            with open(_OWN_DEVICES, encoding="utf-8", errors="replace") as handle:
                found.append((_OWN_DEVICES + " of this machine", handle.read()))
        except OSError:
            pass  # no procfs: nothing to learn from it
    return found


def may_mknod() -> bool:
    """Whether this process may make character devices: CAP_MKNOD in the initial user namespace (capabilities(7))."""
    try:
        with open("/proc/self/status", encoding="utf-8", errors="replace") as handle:
            effective = next((line.split()[1] for line in handle if line.startswith("CapEff:")), "0")
        with open("/proc/self/uid_map", encoding="utf-8") as handle:
            identity = handle.read().split() == ["0", "0", "4294967295"]
    except OSError:
        return True  # unknown: the attempt will tell
    return identity and bool(int(effective, 16) & 1 << 27)
