# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA HGX H200: 8 x H200 in the chassis of another maker.

Sources: those of the board. No source has the PCI bus IDs of such a machine: they are the next free ones. CPU sockets: how such
machines are built in general.
"""

from __future__ import annotations

from .h200 import MACHINE as _BOARD

MACHINE: dict[str, object] = {
    **_BOARD,
    "gpu_count": 8,
    "gpus_per_pcie_switch": 0,
    "pci_bus_ids": [],
}
