# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA H100 80GB HBM3 (SXM5), one board.

Sources: those of the DGX H100; driver and PCI bus ID: capture by nvidia-smi 580.105.08 in NVIDIA/k8s-test-infra.
"""

from __future__ import annotations

from .dgxh100 import MACHINE as _H100

MACHINE: dict[str, object] = {
    **_H100,
    "driver_version": "580.105.08",
    "gpu_count": 1,
    "pci_bus_ids": ["0000:53:00.0"],
}
