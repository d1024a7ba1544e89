# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA HGX B200: 8 x B200 in the chassis of another maker.

Sources: those of the DGX B200; PCI bus IDs: capture by nvidia-smi 580.105.08 in NVIDIA/k8s-test-infra.
How its chassis connects the GPUs by PCIe is unknown.
"""

from __future__ import annotations

from .dgxb200 import MACHINE as _DGX

MACHINE: dict[str, object] = {
    **_DGX,
    "gpus_per_pcie_switch": 0,
    "pci_bus_ids": ["0000:%s:00.0" % bus for bus in ("8f", "90", "96", "97", "c4", "c5", "cb", "cc")],
}
