# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA A10: one PCIe board with 24 GB of GDDR6.

Sources: product name, memory, driver: published tables of nvidia-smi (550.127.05); PCI device ID: pci.ids 2026.07.31; PCI subsystem ID:
published `lspci -nn` outputs; power, clocks, BAR1, PCIe, ECC: NVIDIA's product brief of the A10. No NVLink and no MIG.
No whole capture is published: VBIOS, board part and what an idle board measures are unknown.
"""

from __future__ import annotations

MACHINE: dict[str, object] = {
    "driver_version": "550.127.05",
    "gpu_count": 1,
    "product_name": "NVIDIA A10",
    "architecture": "Ampere",
    "brand": "NVIDIA",
    "memory_mib": 23028,
    "compute_capability": "8.6",
    "pci_device_id": "223610DE",
    "pci_subsystem_id": "148210DE",
    "readings": {
        "bar1_mib": 32768,
        "power_limits_mw": [0, 150000, 0],
        "max_clocks_mhz": [1695, 1695, 6251, 0],
        "pcie_link": [4, 16],
        "ecc_mode": "Enabled",
    },
}
