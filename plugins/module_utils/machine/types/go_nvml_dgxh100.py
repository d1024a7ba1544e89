# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""go-nvml's mock of a DGX H100: its product name, memory, driver and MIG figures.

Source: go-nvml 2f9e261f pkg/nvml/mock/dgxh100; MIG placements of NVIDIA's MIG user guide. The MIG memory exceeds eighths of the
GPU, so NVIDIA's programs give some profiles other names. Everything else is the H100's.
"""

from __future__ import annotations

from .dgxh100 import MACHINE as _H100

_MIG_PROFILES = [
    {"name": "1g.10gb", "memory_slices": 1, "starts": [0, 1, 2, 3, 4, 5, 6], "memory_mib": 10240, "instances": 7,
     "multiprocessors": 16, "engines": {"copy": 1, "decoder": 1, "encoder": 0, "jpeg": 0, "ofa": 0}},
    {"name": "1g.10gb+me", "memory_slices": 1, "starts": [0, 1, 2, 3, 4, 5, 6], "memory_mib": 10240, "instances": 1,
     "multiprocessors": 16, "engines": {"copy": 1, "decoder": 1, "encoder": 0, "jpeg": 1, "ofa": 1}},
    {"name": "1g.20gb", "memory_slices": 2, "starts": [0, 2, 4, 6], "memory_mib": 20480, "instances": 4,
     "multiprocessors": 16, "engines": {"copy": 1, "decoder": 1, "encoder": 0, "jpeg": 0, "ofa": 0}},
    {"name": "2g.20gb", "memory_slices": 2, "starts": [0, 2, 4], "memory_mib": 20480, "instances": 3,
     "multiprocessors": 32, "engines": {"copy": 2, "decoder": 1, "encoder": 0, "jpeg": 0, "ofa": 0}},
    {"name": "3g.40gb", "memory_slices": 4, "starts": [0, 4], "memory_mib": 40960, "instances": 2,
     "multiprocessors": 48, "engines": {"copy": 3, "decoder": 2, "encoder": 0, "jpeg": 0, "ofa": 0}},
    {"name": "4g.40gb", "memory_slices": 4, "starts": [0], "memory_mib": 40960, "instances": 1,
     "multiprocessors": 64, "engines": {"copy": 4, "decoder": 2, "encoder": 0, "jpeg": 0, "ofa": 0}},
    {"name": "7g.80gb", "memory_slices": 8, "starts": [0], "memory_mib": 81920, "instances": 1,
     "multiprocessors": 112, "engines": {"copy": 7, "decoder": 5, "encoder": 0, "jpeg": 0, "ofa": 0}},
]  # fmt: skip

MACHINE: dict[str, object] = {
    **_H100,
    "driver_version": "550.54.15",
    "product_name": "NVIDIA H100 80GB HBM3",
    "memory_mib": 81920,
    "report": {},
    "pci_bus_ids": ["0000:%02x:00.0" % bus for bus in range(8)],
    "mig_profiles": _MIG_PROFILES,
}
