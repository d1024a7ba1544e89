# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA B200, one board.

Sources: those of the DGX B200; PCI bus ID: capture by nvidia-smi 580.105.08 in NVIDIA/k8s-test-infra.
"""

from __future__ import annotations

from .dgxb200 import MACHINE as _B200

MACHINE: dict[str, object] = {
    **_B200,
    "gpu_count": 1,
    "pci_bus_ids": ["0000:8f:00.0"],
}
