# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA GeForce RTX 2080 SUPER: one PCIe board, of Gigabyte.

Sources: capture by nvidia-smi 610.57.04 in utkuozdemir/nvidia_gpu_exporter. NVLink needs a bridge, and there is no MIG.
"""

from __future__ import annotations

MACHINE: dict[str, object] = {
    "driver_version": "610.57.04",
    "gpu_count": 1,
    "product_name": "NVIDIA GeForce RTX 2080 SUPER",
    "architecture": "Turing",
    "brand": "GeForce",
    "memory_mib": 8192,
    "compute_capability": "7.5",
    "pci_device_id": "1E8110DE",
    "pci_subsystem_id": "40051458",
    "vbios_version": "90.04.7A.40.73",
    "readings": {
        "temperature_c": 33,
        "bar1_mib": 256,
        "power_mw": 38890,
        "power_limits_mw": [105000, 250000, 350000],
        "clocks_mhz": [300, 300, 405, 540],
        "max_clocks_mhz": [2145, 2145, 7751, 1995],
        "pcie_link": [3, 16],
    },
    "pci_bus_ids": ["0000:0c:00.0"],
}
