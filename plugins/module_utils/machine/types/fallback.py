# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The synthetic type that replaces an unknown machine type if the user allows it.

Source: the fallback topology of the GPU Mock on kind (NVIDIA/k8s-test-infra ca4e4842): 8 GPUs at 0000:81:00.0 and up, with
numbered UUIDs; everything else is the A100's.
"""

from __future__ import annotations

from .dgxa100 import MACHINE as _A100

MACHINE: dict[str, object] = {
    **_A100,
    "pci_bus_ids": ["0000:%02x:00.0" % (0x81 + index) for index in range(8)],
    "uuids": ["GPU-%08d-%04d-%04d-%04d-%012d" % ((index + 1,) * 5) for index in range(8)],
}
