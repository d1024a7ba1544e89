# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A compute tray of an NVIDIA GB200 NVL72: 4 x GB200 and two Grace CPUs.

Sources: those of the board; PCI bus IDs: capture of a tray by nvidia-smi 580.173.02 in NVIDIA/k8s-test-infra. GPUs per CPU: NVIDIA's
description of the tray. What the capture says of the tray's place in the rack is not part of a machine type.
"""

from __future__ import annotations

from .gb200 import MACHINE as _BOARD

MACHINE: dict[str, object] = {
    **_BOARD,
    "gpu_count": 4,
    "gpus_per_socket": 2,
    "pci_bus_ids": ["0000:29:00.0", "0000:3f:00.0", "0000:9c:00.0", "0000:b2:00.0"],
}
