# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Tesla T4, one board.

Sources: capture by nvidia-smi 595.91.07 in NVIDIA/k8s-test-infra. No NVLink and no MIG.
"""

from __future__ import annotations

MACHINE: dict[str, object] = {
    "driver_version": "595.91.07",
    "gpu_count": 1,
    "product_name": "Tesla T4",
    "architecture": "Turing",
    "brand": "NVIDIA",
    "memory_mib": 15360,
    "compute_capability": "7.5",
    "pci_device_id": "1EB810DE",
    "pci_subsystem_id": "12A210DE",
    "vbios_version": "90.04.96.00.02",
    "board_part_number": "900-2G183-A800-001",
    "readings": {
        "temperature_c": 33,
        "bar1_mib": 256,
        "power_mw": 33510,
        "power_limits_mw": [60000, 70000, 70000],
        "clocks_mhz": [1590, 1590, 5000, 1470],
        "max_clocks_mhz": [1590, 1590, 5001, 1470],
        "pcie_link": [3, 16],
        "ecc_mode": "Enabled",
    },
    "pci_bus_ids": ["0000:00:1e.0"],
}
