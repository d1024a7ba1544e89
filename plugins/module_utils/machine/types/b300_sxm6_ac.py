# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA B300: one air-cooled SXM6 board with 288 GB of HBM3e.

Sources: product name, memory, driver branch: published tables of nvidia-smi (580); compute capability: NVIDIA's list of CUDA GPUs; PCI
device ID: pci.ids 2026.07.31. MIG profiles, number of instances, share of the multiprocessors and placements: NVIDIA's MIG user guide;
multiprocessors: those of the B200, which has as many (148); MIG memory: the eighths of the GPU, rounded down to 64 MiB, because no
listing is published. NVLinks: NVLink 5, 18 per GPU.
No capture is published: PCI subsystem, VBIOS, board part, engines of an instance, limits and what an idle board measures are unknown.
"""

from __future__ import annotations

_MIG_PROFILES = [
    {"name": "1g.34gb", "memory_slices": 1, "starts": [0, 1, 2, 3, 4, 5, 6], "memory_mib": 34368, "instances": 7, "multiprocessors": 18},
    {"name": "1g.34gb+me", "memory_slices": 1, "starts": [0, 1, 2, 3, 4, 5, 6], "memory_mib": 34368, "instances": 1,
     "multiprocessors": 18},
    {"name": "1g.67gb", "memory_slices": 2, "starts": [0, 2, 4, 6], "memory_mib": 68736, "instances": 4, "multiprocessors": 18},
    {"name": "2g.67gb", "memory_slices": 2, "starts": [0, 2, 4], "memory_mib": 68736, "instances": 3, "multiprocessors": 36},
    {"name": "3g.135gb", "memory_slices": 4, "starts": [0, 4], "memory_mib": 137472, "instances": 2, "multiprocessors": 54},
    {"name": "4g.135gb", "memory_slices": 4, "starts": [0], "memory_mib": 137472, "instances": 1, "multiprocessors": 72},
    {"name": "7g.269gb", "memory_slices": 8, "starts": [0], "memory_mib": 275008, "instances": 1, "multiprocessors": 148},
]  # fmt: skip

MACHINE: dict[str, object] = {
    "driver_version": "580.105.08",
    "gpu_count": 1,
    "product_name": "NVIDIA B300 SXM6 AC",
    "architecture": "Blackwell",
    "brand": "NVIDIA",
    "memory_mib": 275040,
    "compute_capability": "10.3",
    "pci_device_id": "318210DE",
    "pci_subsystem_id": "000010DE",
    "nvlink_links": 18,
    "mig_profiles": _MIG_PROFILES,
}
