# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""go-nvml's mock of a DGX A100, with the PCI bus IDs of the GPU Mock on kind.

Sources: go-nvml 2f9e261f pkg/nvml/mock/dgxa100; NVIDIA/k8s-test-infra ca4e4842 (bus IDs from 0000:00:00.0 on, which are devices
of other makers on real machines). Everything else is the A100's.
"""

from __future__ import annotations

from .dgxa100 import MACHINE as _A100

MACHINE: dict[str, object] = {
    **_A100,
    "report": {},
    "pci_bus_ids": ["0000:%02x:00.0" % bus for bus in range(8)],
}
