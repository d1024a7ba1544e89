# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA A100 40 GB as a PCIe board.

Sources: product name and PCI device ID: go-nvml v0.13.4-1 pkg/nvml/mock/gpus/a100.go; PCI subsystem ID: published `lspci -nn` outputs;
power, clocks, BAR1, PCIe, ECC: NVIDIA's product brief of the A100 PCIe. Driver, memory and MIG profiles: those of the A100-SXM4-40GB,
which has the same GPU and memory. NVLink needs a bridge.
No capture is published: VBIOS, board part and what an idle board measures are unknown.
"""

from __future__ import annotations

from .dgxa100 import MACHINE as _SXM4

MACHINE: dict[str, object] = {
    "driver_version": _SXM4["driver_version"],
    "gpu_count": 1,
    "product_name": "NVIDIA A100-PCIE-40GB",
    "architecture": "Ampere",
    "brand": "NVIDIA",
    "memory_mib": _SXM4["memory_mib"],
    "compute_capability": "8.0",
    "pci_device_id": "20F110DE",
    "pci_subsystem_id": "145F10DE",
    "readings": {
        "bar1_mib": 65536,
        "power_limits_mw": [0, 250000, 0],
        "max_clocks_mhz": [1410, 1410, 1215, 0],
        "pcie_link": [4, 16],
        "ecc_mode": "Enabled",
    },
    "mig_profiles": _SXM4["mig_profiles"],
}
