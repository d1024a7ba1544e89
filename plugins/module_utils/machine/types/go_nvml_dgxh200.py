# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""go-nvml's mock of a DGX H200: its product name, memory, driver and MIG figures.

Source: go-nvml 2f9e261f pkg/nvml/mock/dgxh200; MIG placements of NVIDIA's MIG user guide. The MIG memory exceeds eighths of the
GPU, so NVIDIA's programs give some profiles other names. It has no readings, and a PCI device ID
(2333) that no board has. VBIOS and board part are an H100's.
"""

from __future__ import annotations

from .dgxh200 import MACHINE as _H200

_MIG_PROFILES = [
    {"name": "1g.18gb", "memory_slices": 1, "starts": [0, 1, 2, 3, 4, 5, 6], "memory_mib": 18432, "instances": 7,
     "multiprocessors": 16, "engines": {"copy": 1, "decoder": 1, "encoder": 0, "jpeg": 0, "ofa": 0}},
    {"name": "1g.18gb+me", "memory_slices": 1, "starts": [0, 1, 2, 3, 4, 5, 6], "memory_mib": 18432, "instances": 1,
     "multiprocessors": 16, "engines": {"copy": 1, "decoder": 1, "encoder": 0, "jpeg": 1, "ofa": 1}},
    {"name": "1g.35gb", "memory_slices": 2, "starts": [0, 2, 4, 6], "memory_mib": 35840, "instances": 4,
     "multiprocessors": 16, "engines": {"copy": 1, "decoder": 1, "encoder": 0, "jpeg": 0, "ofa": 0}},
    {"name": "2g.35gb", "memory_slices": 2, "starts": [0, 2, 4], "memory_mib": 35840, "instances": 3,
     "multiprocessors": 32, "engines": {"copy": 2, "decoder": 1, "encoder": 0, "jpeg": 0, "ofa": 0}},
    {"name": "3g.71gb", "memory_slices": 4, "starts": [0, 4], "memory_mib": 72704, "instances": 2,
     "multiprocessors": 48, "engines": {"copy": 3, "decoder": 2, "encoder": 0, "jpeg": 0, "ofa": 0}},
    {"name": "4g.71gb", "memory_slices": 4, "starts": [0], "memory_mib": 72704, "instances": 1,
     "multiprocessors": 64, "engines": {"copy": 4, "decoder": 2, "encoder": 0, "jpeg": 0, "ofa": 0}},
    {"name": "7g.141gb", "memory_slices": 8, "starts": [0], "memory_mib": 144384, "instances": 1,
     "multiprocessors": 112, "engines": {"copy": 7, "decoder": 5, "encoder": 0, "jpeg": 0, "ofa": 0}},
]  # fmt: skip

MACHINE: dict[str, object] = {
    **_H200,
    "driver_version": "550.54.15",
    "product_name": "NVIDIA H200 141GB HBM3e",
    "memory_mib": 144384,
    "pci_device_id": "233310DE",
    "pci_subsystem_id": "233310DE",
    "vbios_version": "96.00.99.00.01",
    "board_part_number": "692-2G520-0200-000",
    "pci_bus_ids": ["0000:%02x:00.0" % bus for bus in range(8)],
    "readings": {},
    "report": {},
    "mig_profiles": _MIG_PROFILES,
}
