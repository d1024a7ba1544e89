# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A compute tray of an NVIDIA GB300 NVL72: 4 x GB300 and two Grace CPUs.

Sources: those of the board; PCI bus IDs: capture of a tray by nvidia-smi 580.173.02 in NVIDIA/k8s-test-infra. GPUs per CPU: NVIDIA's
description of the tray. What the capture says of the tray's place in the rack is not part of a machine type.
"""

from __future__ import annotations

from .gb300 import MACHINE as _BOARD

MACHINE: dict[str, object] = {
    **_BOARD,
    "gpu_count": 4,
    "gpus_per_socket": 2,
    "pci_bus_ids": ["0008:06:00.0", "0009:06:00.0", "0018:06:00.0", "0019:06:00.0"],
}
