# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The guard: nothing is done to a node that has a real NVIDIA driver, unless the user insists.

The marks of a real driver are its procfs and sysfs entries and its lines in /proc/devices (open-gpu-kernel-modules,
kernel-open/nvidia/nv.c registers ``nvidia-frontend`` or ``nvidia`` and, per file, ``nvidia-uvm``, ``nvidia-caps``).
A mock's device nodes carry the real numbers: with a driver in the kernel they would open the real GPUs.
"""

from __future__ import annotations

from ..errors import GuardError, ParameterError
from .manifest import Manifest
from .root import HostRoot

_MARKS = ("/proc/driver/nvidia", "/sys/module/nvidia")
_OWN_DEVICES = "/proc/devices"

_INSIST = "say allow_real_driver to go on all the same"


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

    :raises GuardError: the message names the mark that was found and how to go on.
    """
    for mark in _MARKS:
        if mark not in known.owned and root.status(mark) is not None:
            raise GuardError(f"{mark} exists: this node seems to have a real NVIDIA driver; {_INSIST}")
    for where, text in _devices(root):
        for major, name in character_majors(text).items():
            if name.startswith("nvidia"):
                raise GuardError(f"{where} lists {major} {name}: the kernel has a real NVIDIA driver; {_INSIST}")


def check_majors(root: HostRoot, wanted: dict[str, tuple[int, str]]) -> None:
    """Refuse a device major that the kernel has given to another driver.

    :arg wanted: parameter name -> (major, name prefix of the driver it belongs to).
    :raises ParameterError: a major is taken; the message names its owner.
    """
    for _where, text in _devices(root):
        taken = character_majors(text)
        for parameter, (major, driver) in wanted.items():
            owner = taken.get(major)
            if owner is not None and not owner.startswith(driver):
                others = (*range(major, 512), *range(major))
                free = next(
                    (f"{number} is free" for number in others if number and number not in taken), "none is free"
                )
                raise ParameterError(parameter, major, f"a major that is not in use ({owner} has it; {free})")


def _devices(root: HostRoot) -> list[tuple[str, str]]:
    """The node's /proc/devices and that of the running kernel, which is where its device nodes would lead."""
    found = []
    if root.status(_OWN_DEVICES) is not None:
        found.append((_OWN_DEVICES, root.read(_OWN_DEVICES).decode("ascii", "replace")))
    if root.path != "/":
        try:
            with open(_OWN_DEVICES, encoding="utf-8", errors="replace") as handle:
                found.append((_OWN_DEVICES + " of this machine", handle.read()))
        except OSError:
            pass  # no procfs here: nothing to learn from it
    return found


def may_mknod() -> bool:
    """Whether this process may make character devices: CAP_MKNOD in the initial user namespace (capabilities(7))."""
    try:
        with open("/proc/self/status", encoding="utf-8", errors="replace") as handle:
            effective = next((line.split()[1] for line in handle if line.startswith("CapEff:")), "0")
        with open("/proc/self/uid_map", encoding="utf-8") as handle:
            identity = handle.read().split() == ["0", "0", "4294967295"]
    except OSError:
        return True  # not known: let the attempt tell
    return identity and bool(int(effective, 16) & 1 << 27)
