# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA A100 80 GB as a PCIe board.

Sources: product name: published outputs of nvidia-smi; PCI device ID: pci.ids 2026.07.31 and go-nvml v0.13.4-1
pkg/nvml/mock/gpus/a100.go; PCI subsystem ID: published `lspci -nn` outputs; power, clocks, BAR1, PCIe, ECC: NVIDIA's product brief of the
A100 80GB PCIe. Driver, memory and MIG profiles: those of the A100-SXM4-80GB, which has the same GPU and as much memory. NVLink needs a
bridge.
No capture is published: VBIOS, board part and what an idle board measures are unknown.
"""

from __future__ import annotations

from .a100_sxm4_80gb import MACHINE as _SXM4

MACHINE: dict[str, object] = {
    "driver_version": _SXM4["driver_version"],
    "gpu_count": 1,
    "product_name": "NVIDIA A100 80GB PCIe",
    "architecture": "Ampere",
    "brand": "NVIDIA",
    "memory_mib": _SXM4["memory_mib"],
    "compute_capability": "8.0",
    "pci_device_id": "20B510DE",
    "pci_subsystem_id": "153310DE",
    "readings": {
        "bar1_mib": 131072,
        "power_limits_mw": [0, 300000, 0],
        "max_clocks_mhz": [1410, 1410, 1512, 0],
        "pcie_link": [4, 16],
        "ecc_mode": "Enabled",
    },
    "mig_profiles": _SXM4["mig_profiles"],
}
