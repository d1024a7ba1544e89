# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA A100-SXM4-40GB, one board.

Sources: those of the DGX A100; driver and PCI bus ID: capture by nvidia-smi 570.148.08 in NVIDIA/k8s-test-infra.
"""

from __future__ import annotations

from .dgxa100 import MACHINE as _A100

MACHINE: dict[str, object] = {
    **_A100,
    "driver_version": "570.148.08",
    "gpu_count": 1,
    "pci_bus_ids": ["0000:06:00.0"],
}
