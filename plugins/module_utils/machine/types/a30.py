# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA A30: one PCIe board with 24 GB of HBM2.

Sources: product name: published outputs of nvidia-smi; memory, PCI device ID, MIG memory, multiprocessors, engines: go-nvml v0.13.4-1
pkg/nvml/mock/gpus/a30.go; PCI subsystem ID: published `lspci -nn` outputs; power, clocks, BAR1, PCIe, ECC: NVIDIA's product brief of
the A30. MIG placements: `nvidia-smi mig -lgipp` in NVIDIA's MIG user guide. Driver: that of the DGX A100. NVLink needs a bridge.
No capture is published: VBIOS, board part and what an idle board measures are unknown.
"""

from __future__ import annotations

_MIG_PROFILES = [
    {"name": "1g.6gb", "memory_slices": 1, "starts": [0, 1, 2, 3], "memory_mib": 5836, "instances": 4,
     "multiprocessors": 14, "engines": {"copy": 1, "decoder": 0, "encoder": 0, "jpeg": 0, "ofa": 0}},
    {"name": "1g.6gb+me", "memory_slices": 1, "starts": [0, 1, 2, 3], "memory_mib": 5836, "instances": 1,
     "multiprocessors": 14, "engines": {"copy": 1, "decoder": 1, "encoder": 0, "jpeg": 1, "ofa": 1}},
    {"name": "2g.12gb", "memory_slices": 2, "starts": [0, 2], "memory_mib": 11672, "instances": 2,
     "multiprocessors": 28, "engines": {"copy": 2, "decoder": 2, "encoder": 0, "jpeg": 0, "ofa": 0}},
    {"name": "2g.12gb+me", "memory_slices": 2, "starts": [0, 2], "memory_mib": 11672, "instances": 1,
     "multiprocessors": 28, "engines": {"copy": 2, "decoder": 2, "encoder": 0, "jpeg": 1, "ofa": 1}},
    {"name": "4g.24gb", "memory_slices": 4, "starts": [0], "memory_mib": 23344, "instances": 1,
     "multiprocessors": 56, "engines": {"copy": 4, "decoder": 4, "encoder": 0, "jpeg": 1, "ofa": 1}},
]  # fmt: skip

MACHINE: dict[str, object] = {
    "driver_version": "550.54.15",
    "gpu_count": 1,
    "product_name": "NVIDIA A30",
    "architecture": "Ampere",
    "brand": "NVIDIA",
    "memory_mib": 24576,
    "compute_capability": "8.0",
    "pci_device_id": "20B710DE",
    "pci_subsystem_id": "153210DE",
    "readings": {
        "bar1_mib": 32768,
        "power_limits_mw": [0, 165000, 0],
        "max_clocks_mhz": [1440, 1440, 1215, 0],
        "pcie_link": [4, 16],
        "ecc_mode": "Enabled",
    },
    "mig_profiles": _MIG_PROFILES,
}
