# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA H200 (SXM5), one board.

Sources: those of the DGX H200; driver and PCI bus ID: capture by nvidia-smi 590.48.01 in utkuozdemir/nvidia_gpu_exporter.
"""

from __future__ import annotations

from .dgxh200 import MACHINE as _H200

MACHINE: dict[str, object] = {
    **_H200,
    "driver_version": "590.48.01",
    "gpu_count": 1,
    "pci_bus_ids": ["0000:83:00.0"],
}
