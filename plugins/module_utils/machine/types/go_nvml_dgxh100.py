# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""go-nvml's mock of a DGX H100: its product name, memory, driver and MIG figures.

Source: go-nvml 2f9e261f pkg/nvml/mock/dgxh100; MIG placements of NVIDIA's MIG user guide. The MIG memory exceeds eighths of the
GPU, so NVIDIA's programs give some profiles other names. Everything else is the H100's.
"""

from __future__ import annotations

from .dgxh100 import MACHINE as _H100

MACHINE: dict[str, object] = {
    **_H100,
    "driver_version": "550.54.15",
    "product_name": "NVIDIA H100 80GB HBM3",
    "memory_mib": 81920,
    "report": {},
    "pci_bus_ids": ["0000:%02x:00.0" % bus for bus in range(8)],
    # name, memory slices, starts, memory in MiB, instances, multiprocessors, engines (copy, decoder, encoder, jpeg, ofa)
    "mig_profiles": [
        ["1g.10gb", 1, [0, 1, 2, 3, 4, 5, 6], 10240, 7, 16, [1, 1, 0, 0, 0]],
        ["1g.10gb+me", 1, [0, 1, 2, 3, 4, 5, 6], 10240, 1, 16, [1, 1, 0, 1, 1]],
        ["1g.20gb", 2, [0, 2, 4, 6], 20480, 4, 16, [1, 1, 0, 0, 0]],
        ["2g.20gb", 2, [0, 2, 4], 20480, 3, 32, [2, 1, 0, 0, 0]],
        ["3g.40gb", 4, [0, 4], 40960, 2, 48, [3, 2, 0, 0, 0]],
        ["4g.40gb", 4, [0], 40960, 1, 64, [4, 2, 0, 0, 0]],
        ["7g.80gb", 8, [0], 81920, 1, 112, [7, 5, 0, 0, 0]],
    ],
}
