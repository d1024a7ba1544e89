# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA HGX B300: 8 x B300 SXM6 AC.

Sources: those of the board. No source has the PCI bus IDs of such a machine: they are the next free ones. CPU sockets: how such
machines are built in general.
"""

from __future__ import annotations

from .b300_sxm6_ac import MACHINE as _BOARD

MACHINE: dict[str, object] = {
    **_BOARD,
    "gpu_count": 8,
    "gpus_per_socket": 4,
}
