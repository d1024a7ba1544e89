# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""go-nvml's mock of a DGX H200: its product name, memory, driver and MIG figures.

Source: go-nvml 2f9e261f pkg/nvml/mock/dgxh200; MIG placements of NVIDIA's MIG user guide. The MIG memory exceeds eighths of the
GPU, so NVIDIA's programs give some profiles other names. It has no readings, and a PCI device ID
(2333) that no board has. VBIOS and board part are an H100's.
"""

from __future__ import annotations

from .dgxh200 import MACHINE as _H200

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
    # name, memory slices, starts, memory in MiB, instances, multiprocessors, engines (copy, decoder, encoder, jpeg, ofa)
    "mig_profiles": [
        ["1g.18gb", 1, [0, 1, 2, 3, 4, 5, 6], 18432, 7, 16, [1, 1, 0, 0, 0]],
        ["1g.18gb+me", 1, [0, 1, 2, 3, 4, 5, 6], 18432, 1, 16, [1, 1, 0, 1, 1]],
        ["1g.35gb", 2, [0, 2, 4, 6], 35840, 4, 16, [1, 1, 0, 0, 0]],
        ["2g.35gb", 2, [0, 2, 4], 35840, 3, 32, [2, 1, 0, 0, 0]],
        ["3g.71gb", 4, [0, 4], 72704, 2, 48, [3, 2, 0, 0, 0]],
        ["4g.71gb", 4, [0], 72704, 1, 64, [4, 2, 0, 0, 0]],
        ["7g.141gb", 8, [0], 144384, 1, 112, [7, 5, 0, 0, 0]],
    ],
}
