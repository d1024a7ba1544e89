# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA HGX H100: 8 x H100 80GB HBM3 in the chassis of another maker.

Sources: those of the DGX H100; driver, PCI bus IDs: capture by nvidia-smi 580.105.08 in NVIDIA/k8s-test-infra.
How its chassis connects the GPUs by PCIe is unknown.
"""

from __future__ import annotations

from .dgxh100 import MACHINE as _DGX

MACHINE: dict[str, object] = {
    **_DGX,
    "driver_version": "580.105.08",
    "gpus_per_pcie_switch": 0,
    "pci_bus_ids": ["0000:%s:00.0" % bus for bus in ("53", "64", "75", "86", "97", "a8", "b9", "ca")],
}
