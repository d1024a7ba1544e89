# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA GB300, one GPU of a tray.

Sources: capture by nvidia-smi 580.173.02 in NVIDIA/k8s-test-infra. NVLinks: NVLink 5, 18 per GPU. No listing of its MIG profiles is
published.
"""

from __future__ import annotations

MACHINE: dict[str, object] = {
    "driver_version": "580.173.02",
    "gpu_count": 1,
    "product_name": "NVIDIA GB300",
    "architecture": "Blackwell",
    "brand": "NVIDIA",
    "memory_mib": 284208,
    "compute_capability": "10.3",
    "pci_device_id": "31C210DE",
    "pci_subsystem_id": "21F110DE",
    "vbios_version": "97.10.4A.00.1A",
    "board_part_number": "900-2G548-0081-000",
    "nvlink_links": 18,
    "addressing_mode": "ATS",
    "readings": {
        "temperature_c": 38,
        "memory_temperature_c": 38,
        "bar1_mib": 524288,
        "power_mw": 180290,
        "power_limits_mw": [200000, 1400000, 1400000],
        "clocks_mhz": [120, 120, 3996, 600],
        "max_clocks_mhz": [2070, 2070, 3996, 1912],
        "pcie_link": [6, 16],
        "ecc_mode": "Enabled",
    },
    "pci_bus_ids": ["0008:06:00.0"],
}
