# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA A10G, one board.

Sources: capture by nvidia-smi 515.105.01 in influxdata/telegraf, in which the PCI IDs are hidden; PCI device ID: pci.ids. No source
has the subsystem and the board part. No NVLink and no MIG.
"""

from __future__ import annotations

MACHINE: dict[str, object] = {
    "driver_version": "515.105.01",
    "gpu_count": 1,
    "product_name": "NVIDIA A10G",
    "architecture": "Ampere",
    "brand": "NVIDIA",
    "memory_mib": 23028,
    "compute_capability": "8.6",
    "pci_device_id": "223710DE",
    "pci_subsystem_id": "000010DE",
    "vbios_version": "94.02.75.00.01",
    "readings": {
        "temperature_c": 17,
        "bar1_mib": 32768,
        "power_mw": 25580,
        "power_limits_mw": [100000, 300000, 300000],
        "clocks_mhz": [210, 210, 405, 555],
        "max_clocks_mhz": [1710, 1710, 6251, 1500],
        "pcie_link": [4, 16],
        "ecc_mode": "Enabled",
    },
    "pci_bus_ids": ["0000:00:1e.0"],
}
