# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""go-nvml's mock of a DGX B200: its product name, memory, driver and MIG figures.

Source: go-nvml 2f9e261f pkg/nvml/mock/dgxb200; MIG placements of NVIDIA's MIG user guide. The MIG memory exceeds eighths of the
GPU, so NVIDIA's programs give some profiles other names. The PCI device ID and everything else is the B200's (go-nvml has 2B00).
"""

from __future__ import annotations

from .dgxb200 import MACHINE as _B200

_MIG_PROFILES = [
    {"name": "1g.23gb", "memory_slices": 1, "starts": [0, 1, 2, 3, 4, 5, 6], "memory_mib": 23552, "instances": 7,
     "multiprocessors": 18, "engines": {"copy": 1, "decoder": 1, "encoder": 0, "jpeg": 0, "ofa": 0}},
    {"name": "1g.23gb+me", "memory_slices": 1, "starts": [0, 1, 2, 3, 4, 5, 6], "memory_mib": 23552, "instances": 1,
     "multiprocessors": 18, "engines": {"copy": 1, "decoder": 1, "encoder": 1, "jpeg": 1, "ofa": 1}},
    {"name": "1g.45gb", "memory_slices": 2, "starts": [0, 2, 4, 6], "memory_mib": 46080, "instances": 4,
     "multiprocessors": 18, "engines": {"copy": 1, "decoder": 1, "encoder": 0, "jpeg": 0, "ofa": 0}},
    {"name": "2g.45gb", "memory_slices": 2, "starts": [0, 2, 4], "memory_mib": 46080, "instances": 3,
     "multiprocessors": 36, "engines": {"copy": 2, "decoder": 2, "encoder": 1, "jpeg": 1, "ofa": 1}},
    {"name": "3g.90gb", "memory_slices": 4, "starts": [0, 4], "memory_mib": 92160, "instances": 2,
     "multiprocessors": 54, "engines": {"copy": 3, "decoder": 3, "encoder": 2, "jpeg": 2, "ofa": 2}},
    {"name": "4g.90gb", "memory_slices": 4, "starts": [0], "memory_mib": 92160, "instances": 1,
     "multiprocessors": 72, "engines": {"copy": 4, "decoder": 4, "encoder": 2, "jpeg": 2, "ofa": 2}},
    {"name": "7g.180gb", "memory_slices": 8, "starts": [0], "memory_mib": 184320, "instances": 1,
     "multiprocessors": 126, "engines": {"copy": 7, "decoder": 7, "encoder": 4, "jpeg": 4, "ofa": 4}},
]  # fmt: skip

MACHINE: dict[str, object] = {
    **_B200,
    "driver_version": "560.28.03",
    "product_name": "NVIDIA B200 180GB HBM3e",
    "memory_mib": 184320,
    "report": {},
    "pci_bus_ids": ["0000:%02x:00.0" % bus for bus in range(8)],
    "mig_profiles": _MIG_PROFILES,
}
