# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA DGX A100 with 640 GB: 8 x A100-SXM4-80GB.

Sources: those of the board; PCI bus IDs, PCIe switches and CPU sockets: those of the DGX A100 with 320 GB, because both are the same
chassis (the user guide is one for both).
"""

from __future__ import annotations

from .a100_sxm4_80gb import MACHINE as _BOARD
from .dgxa100 import MACHINE as _DGX

MACHINE: dict[str, object] = {
    **_BOARD,
    "gpu_count": 8,
    "gpus_per_pcie_switch": _DGX["gpus_per_pcie_switch"],
    "gpus_per_socket": _DGX["gpus_per_socket"],
    "pci_bus_ids": _DGX["pci_bus_ids"],
}
