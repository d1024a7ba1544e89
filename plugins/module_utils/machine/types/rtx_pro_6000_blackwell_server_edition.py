# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA RTX PRO 6000 Blackwell Server Edition: one PCIe board with 96 GB of GDDR7.

Sources: product name, memory: published tables of nvidia-smi (580); PCI device ID: pci.ids 2026.07.31; power, PCIe, number of
multiprocessors, decoders, encoders and JPEG decoders: NVIDIA's data sheet. MIG profiles, their memory, multiprocessors and placements:
NVIDIA's MIG user guide; engines of an instance: its quarters of the board's, all or none by the attribute of the profile, as that
guide describes the attributes. Driver: that of the captured B200. No NVLink.
No whole capture is used: PCI subsystem, VBIOS, board part and what an idle board measures are unknown.
"""

from __future__ import annotations

_MIG_PROFILES = [
    {"name": "1g.24gb", "memory_slices": 1, "starts": [0, 1, 2, 3], "memory_mib": 24192, "instances": 4,
     "multiprocessors": 46, "engines": {"copy": 1, "decoder": 1, "encoder": 1, "jpeg": 1, "ofa": 0}},
    {"name": "1g.24gb+me", "memory_slices": 1, "starts": [0, 1, 2, 3], "memory_mib": 24192, "instances": 1,
     "multiprocessors": 46, "engines": {"copy": 1, "decoder": 1, "encoder": 1, "jpeg": 1, "ofa": 1}},
    {"name": "1g.24gb+gfx", "memory_slices": 1, "starts": [0, 1, 2, 3], "memory_mib": 24192, "instances": 4,
     "multiprocessors": 46, "engines": {"copy": 1, "decoder": 1, "encoder": 1, "jpeg": 1, "ofa": 0}},
    {"name": "1g.24gb+me.all", "memory_slices": 1, "starts": [0, 1, 2, 3], "memory_mib": 24192, "instances": 1,
     "multiprocessors": 46, "engines": {"copy": 1, "decoder": 4, "encoder": 4, "jpeg": 4, "ofa": 1}},
    {"name": "1g.24gb-me", "memory_slices": 1, "starts": [0, 1, 2, 3], "memory_mib": 24192, "instances": 4,
     "multiprocessors": 46, "engines": {"copy": 1, "decoder": 0, "encoder": 0, "jpeg": 0, "ofa": 0}},
    {"name": "2g.48gb", "memory_slices": 2, "starts": [0, 2], "memory_mib": 48512, "instances": 2,
     "multiprocessors": 94, "engines": {"copy": 2, "decoder": 2, "encoder": 2, "jpeg": 2, "ofa": 0}},
    {"name": "2g.48gb+gfx", "memory_slices": 2, "starts": [0, 2], "memory_mib": 48512, "instances": 2,
     "multiprocessors": 94, "engines": {"copy": 2, "decoder": 2, "encoder": 2, "jpeg": 2, "ofa": 0}},
    {"name": "2g.48gb+me.all", "memory_slices": 2, "starts": [0, 2], "memory_mib": 48512, "instances": 1,
     "multiprocessors": 94, "engines": {"copy": 2, "decoder": 4, "encoder": 4, "jpeg": 4, "ofa": 1}},
    {"name": "2g.48gb-me", "memory_slices": 2, "starts": [0, 2], "memory_mib": 48512, "instances": 2,
     "multiprocessors": 94, "engines": {"copy": 2, "decoder": 0, "encoder": 0, "jpeg": 0, "ofa": 0}},
    {"name": "4g.96gb", "memory_slices": 4, "starts": [0], "memory_mib": 97152, "instances": 1,
     "multiprocessors": 188, "engines": {"copy": 4, "decoder": 4, "encoder": 4, "jpeg": 4, "ofa": 1}},
    {"name": "4g.96gb+gfx", "memory_slices": 4, "starts": [0], "memory_mib": 97152, "instances": 1,
     "multiprocessors": 188, "engines": {"copy": 4, "decoder": 4, "encoder": 4, "jpeg": 4, "ofa": 1}},
]  # fmt: skip

MACHINE: dict[str, object] = {
    "driver_version": "580.105.08",
    "gpu_count": 1,
    "product_name": "NVIDIA RTX PRO 6000 Blackwell Server Edition",
    "architecture": "Blackwell",
    "brand": "NVIDIA",
    "memory_mib": 97887,
    "compute_capability": "12.0",
    "pci_device_id": "2BB510DE",
    "pci_subsystem_id": "000010DE",
    "readings": {
        "power_limits_mw": [0, 600000, 0],
        "pcie_link": [5, 16],
    },
    "mig_profiles": _MIG_PROFILES,
}
