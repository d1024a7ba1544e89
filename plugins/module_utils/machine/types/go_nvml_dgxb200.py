# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""go-nvml's mock of a DGX B200: its product name, memory, driver and MIG figures.

Source: go-nvml 2f9e261f pkg/nvml/mock/dgxb200; MIG placements of NVIDIA's MIG user guide. The MIG memory exceeds eighths of the
GPU, so NVIDIA's programs give some profiles other names. The PCI device ID and everything else is the B200's (go-nvml has 2B00).
"""

from __future__ import annotations

from .dgxb200 import MACHINE as _B200

MACHINE: dict[str, object] = {
    **_B200,
    "driver_version": "560.28.03",
    "product_name": "NVIDIA B200 180GB HBM3e",
    "memory_mib": 184320,
    "report": {},
    "pci_bus_ids": ["0000:%02x:00.0" % bus for bus in range(8)],
    # name, memory slices, starts, memory in MiB, instances, multiprocessors, engines (copy, decoder, encoder, jpeg, ofa)
    "mig_profiles": [
        ["1g.23gb", 1, [0, 1, 2, 3, 4, 5, 6], 23552, 7, 18, [1, 1, 0, 0, 0]],
        ["1g.23gb+me", 1, [0, 1, 2, 3, 4, 5, 6], 23552, 1, 18, [1, 1, 1, 1, 1]],
        ["1g.45gb", 2, [0, 2, 4, 6], 46080, 4, 18, [1, 1, 0, 0, 0]],
        ["2g.45gb", 2, [0, 2, 4], 46080, 3, 36, [2, 2, 1, 1, 1]],
        ["3g.90gb", 4, [0, 4], 92160, 2, 54, [3, 3, 2, 2, 2]],
        ["4g.90gb", 4, [0], 92160, 1, 72, [4, 4, 2, 2, 2]],
        ["7g.180gb", 8, [0], 184320, 1, 126, [7, 7, 4, 4, 4]],
    ],
}
