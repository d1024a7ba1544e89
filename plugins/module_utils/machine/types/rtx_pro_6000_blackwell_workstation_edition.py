# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA RTX PRO 6000 Blackwell Workstation Edition: one PCIe board with 96 GB of GDDR7.

Sources: product name, memory: published tables of nvidia-smi; brand: that of other boards for workstations; PCI device ID: pci.ids
2026.07.31; power, PCIe: NVIDIA's data sheet. Driver, MIG profiles: those of the Server Edition, which has the same GPU and memory.
No NVLink.
No whole capture is used: PCI subsystem, VBIOS, board part and what an idle board measures are unknown.
"""

from __future__ import annotations

from .rtx_pro_6000_blackwell_server_edition import MACHINE as _SERVER

MACHINE: dict[str, object] = {
    **_SERVER,
    "product_name": "NVIDIA RTX PRO 6000 Blackwell Workstation Edition",
    "brand": "NVIDIA RTX",
    "pci_device_id": "2BB110DE",
}
