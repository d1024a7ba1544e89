# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA GB200, one GPU of a tray.

Sources: capture by nvidia-smi 580.173.02 in NVIDIA/k8s-test-infra. NVLinks: NVLink 5, 18 per GPU. No listing of its MIG profiles is
published.
"""

from __future__ import annotations

MACHINE: dict[str, object] = {
    "driver_version": "580.173.02",
    "gpu_count": 1,
    "product_name": "NVIDIA GB200",
    "architecture": "Blackwell",
    "brand": "NVIDIA",
    "memory_mib": 189471,
    "compute_capability": "10.0",
    "pci_device_id": "294110DE",
    "pci_subsystem_id": "204610DE",
    "vbios_version": "97.00.B9.00.69",
    "board_part_number": "900-2G548-A801-000",
    "nvlink_links": 18,
    "addressing_mode": "ATS",
    "readings": {
        "temperature_c": 27,
        "memory_temperature_c": 27,
        "bar1_mib": 262144,
        "power_mw": 165930,
        "power_limits_mw": [200000, 1200000, 1200000],
        "clocks_mhz": [120, 120, 3996, 600],
        "max_clocks_mhz": [2062, 2062, 3996, 1890],
        "pcie_link": [5, 16],
        "ecc_mode": "Enabled",
    },
    "pci_bus_ids": ["0000:29:00.0"],
}
