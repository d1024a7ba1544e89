# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the options that describe a machine (module_utils/module/change.py, MACHINE_OPTIONS)."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  machine:
    description:
      - The machine type. M(nvmock.gpu.nvmock_machine_info) lists all types.
      - With O(machine_definition), only the name that messages and results use.
    type: raw
    default: dgxa100
  machine_definition:
    description:
      - A machine type of your own, as a mapping of facts. The key C(base) names a machine type to start from.
      - See docs/machine-types.md in the collection for the keys.
    type: dict
  gpu_count:
    description:
      - Number of GPUs, V(1) to V(64). By default, that of the machine type.
    type: int
  product_name:
    description:
      - Product name of the GPUs, instead of that of the machine type.
    type: raw
  pci_bus_ids:
    description:
      - PCI bus ids of the GPUs, such as V(0000:07:00.0), instead of those of the machine type, one per GPU.
    type: list
    elements: raw
  pci_domain:
    description:
      - PCI domain that all GPUs are moved to, as hexadecimal digits in quotes, such as V(0001). GPUs in several domains keep their
        distance from the lowest one.
      - Use it if the node has PCI devices of its own at the bus ids of the GPUs, which M(nvmock.gpu.nvmock_devices) warns about.
    type: raw
  uuids:
    description:
      - UUIDs of the GPUs, such as V(GPU-12345678-1234-1234-1234-123456789abc), one per GPU.
      - By default they are derived from O(uuid_seed).
    type: list
    elements: raw
  uuid_seed:
    description:
      - Text from which UUIDs and serial numbers are derived. The same seed gives the same UUIDs in every run. Use a different
        seed for every node, such as its inventory name.
      - By default, the host name of the node.
    type: raw
  driver_version:
    description:
      - Version of the mock driver, such as V(550.54.15). By default, that of the machine type.
      - Quote a version of two parts. Without quotes, YAML reads C(570.190) as the number 570.19. Numbers are refused, here and in the
        other options that are text.
    type: raw
  mig:
    description:
      - GPUs in MIG mode, as a mapping of GPU index to a list of MIG profiles.
      - An empty list means MIG mode without MIG devices.
    type: dict
  allow_unsupported:
    description:
      - Whether to use a synthetic machine of 8 GPUs for an unknown machine type, instead of failing.
    type: bool
    default: false
"""
