# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA L4: one PCIe board with 24 GB of GDDR6.

Sources: product name, memory: published tables of nvidia-smi; PCI device ID: pci.ids 2026.07.31; PCI subsystem ID: published `lspci -nn`
outputs; power, clocks, BAR1, PCIe, ECC: NVIDIA's product brief of the L4. Driver: that of the captured H100. No NVLink and no MIG.
No whole capture is published: VBIOS, board part and what an idle board measures are unknown.
"""

from __future__ import annotations

MACHINE: dict[str, object] = {
    "driver_version": "580.105.08",
    "gpu_count": 1,
    "product_name": "NVIDIA L4",
    "architecture": "Ada Lovelace",
    "brand": "NVIDIA",
    "memory_mib": 23034,
    "compute_capability": "8.9",
    "pci_device_id": "27B810DE",
    "pci_subsystem_id": "16CA10DE",
    "readings": {
        "bar1_mib": 32768,
        "power_limits_mw": [0, 72000, 0],
        "max_clocks_mhz": [2040, 2040, 6251, 0],
        "pcie_link": [4, 16],
        "ecc_mode": "Enabled",
    },
}
