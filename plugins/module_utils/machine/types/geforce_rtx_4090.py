# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA GeForce RTX 4090: one PCIe board with 24 GB of GDDR6X.

Sources: product name, brand, memory: published outputs of nvidia-smi; PCI device ID: pci.ids 2026.07.31; power, PCIe: NVIDIA's
specification of the GeForce RTX 4090. Boards of other makers have other limits. Driver: that of the captured B200. No NVLink and no MIG.
No capture is used: PCI subsystem (the maker's), VBIOS and what an idle board measures are unknown.
"""

from __future__ import annotations

MACHINE: dict[str, object] = {
    "driver_version": "580.105.08",
    "gpu_count": 1,
    "product_name": "NVIDIA GeForce RTX 4090",
    "architecture": "Ada Lovelace",
    "brand": "GeForce",
    "memory_mib": 24564,
    "compute_capability": "8.9",
    "pci_device_id": "268410DE",
    "pci_subsystem_id": "000010DE",
    "readings": {
        "power_limits_mw": [0, 450000, 0],
        "pcie_link": [4, 16],
    },
}
