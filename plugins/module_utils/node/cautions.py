# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What a run tells the user about a machine on this node although it succeeds."""

from __future__ import annotations

from ..host.root import HostRoot
from ..machine import drivers
from ..machine.model import Machine

_PCI_DEVICES = "/sys/bus/pci/devices"


def cautions(root: HostRoot, machine: Machine) -> list[str]:
    """Return warnings, one line each.

    A PCI bus ID that the node's kernel has given to a device of its own is one: gpu-feature-discovery and the DRA driver take the
    properties of that device for the GPU's. A driver branch that is not in the table is another.
    """
    return _bus_ids_in_use(root.names(_PCI_DEVICES), machine) + _unknown_branch(machine.driver_version)


def _unknown_branch(driver_version: str) -> list[str]:
    nearest = drivers.nearest_branch(driver_version)
    if nearest is None:
        return []
    cuda = "%d.%d" % drivers.cuda_version(driver_version)
    return [
        f"driver version {driver_version} is of a branch that is not known here: what follows from the version is that of branch"
        f" {nearest}, such as CUDA {cuda}"
    ]


def _bus_ids_in_use(names: list[str], machine: Machine) -> list[str]:
    kernel = {_parts(name) for name in names if name.count(":") == 2}
    used = [gpu.pci_bus_id for gpu in machine.gpus if gpu.pci_bus_id and _parts(gpu.pci_bus_id) in kernel]
    if not used:
        return []
    domains = {domain for domain, _place in kernel}
    span = {domain for domain, _place in (_parts(gpu.pci_bus_id) for gpu in machine.gpus if gpu.pci_bus_id)}
    width = max(span) - min(span) + 1
    free = 1
    while any(domain in domains for domain in range(free, free + width)):
        free += 1
    return [
        f"this node has PCI devices of its own at {', '.join(used)}, which programs that read /sys take for the GPUs;"
        f" pci_domain moves the GPUs to another PCI domain ({free:04x} is free)"
    ]


def _parts(bus_id: str) -> tuple[int, str]:
    """The domain as a number, because the kernel and NVML write it with different numbers of digits."""
    domain, _colon, place = bus_id.partition(":")
    try:
        return int(domain, 16), place
    except ValueError:
        return -1, place
