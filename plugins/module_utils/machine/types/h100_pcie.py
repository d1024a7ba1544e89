# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA H100 80 GB as a PCIe board.

Sources: product name, memory: published tables of nvidia-smi; PCI device ID: pci.ids 2026.07.31; PCI subsystem ID: published `lspci -nn`
outputs; power, clocks, BAR1, PCIe, ECC, number of multiprocessors: NVIDIA's product brief and data sheet of the H100 PCIe. MIG memory,
placements and engines: those of the H100 80GB HBM3, which has as much memory; multiprocessors of an instance: its sevenths of the GPU's
114 by NVIDIA's MIG user guide, rounded down. Driver: that of the captured H100. NVLink needs a bridge.
No capture is published: VBIOS, board part and what an idle board measures are unknown.
"""

from __future__ import annotations

_MIG_PROFILES = [
    {"name": "1g.10gb", "memory_slices": 1, "starts": [0, 1, 2, 3, 4, 5, 6], "memory_mib": 9984, "instances": 7,
     "multiprocessors": 16, "engines": {"copy": 1, "decoder": 1, "encoder": 0, "jpeg": 1, "ofa": 0}},
    {"name": "1g.10gb+me", "memory_slices": 1, "starts": [0, 1, 2, 3, 4, 5, 6], "memory_mib": 9984, "instances": 1,
     "multiprocessors": 16, "engines": {"copy": 1, "decoder": 1, "encoder": 0, "jpeg": 1, "ofa": 1}},
    {"name": "1g.20gb", "memory_slices": 2, "starts": [0, 2, 4, 6], "memory_mib": 20096, "instances": 4,
     "multiprocessors": 16, "engines": {"copy": 1, "decoder": 1, "encoder": 0, "jpeg": 1, "ofa": 0}},
    {"name": "2g.20gb", "memory_slices": 2, "starts": [0, 2, 4], "memory_mib": 20096, "instances": 3,
     "multiprocessors": 32, "engines": {"copy": 2, "decoder": 2, "encoder": 0, "jpeg": 2, "ofa": 0}},
    {"name": "3g.40gb", "memory_slices": 4, "starts": [0, 4], "memory_mib": 40448, "instances": 2,
     "multiprocessors": 48, "engines": {"copy": 3, "decoder": 3, "encoder": 0, "jpeg": 3, "ofa": 0}},
    {"name": "4g.40gb", "memory_slices": 4, "starts": [0], "memory_mib": 40448, "instances": 1,
     "multiprocessors": 65, "engines": {"copy": 4, "decoder": 4, "encoder": 0, "jpeg": 4, "ofa": 0}},
    {"name": "7g.80gb", "memory_slices": 8, "starts": [0], "memory_mib": 81152, "instances": 1,
     "multiprocessors": 114, "engines": {"copy": 8, "decoder": 7, "encoder": 0, "jpeg": 7, "ofa": 1}},
]  # fmt: skip

MACHINE: dict[str, object] = {
    "driver_version": "580.105.08",
    "gpu_count": 1,
    "product_name": "NVIDIA H100 PCIe",
    "architecture": "Hopper",
    "brand": "NVIDIA",
    "memory_mib": 81559,
    "compute_capability": "9.0",
    "pci_device_id": "233110DE",
    "pci_subsystem_id": "162610DE",
    "readings": {
        "bar1_mib": 131072,
        "power_limits_mw": [0, 350000, 0],
        "max_clocks_mhz": [1755, 1755, 1593, 0],
        "pcie_link": [5, 16],
        "ecc_mode": "Enabled",
    },
    "mig_profiles": _MIG_PROFILES,
}
