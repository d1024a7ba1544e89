# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Which GPUs of a machine are near each other.

NVLink: all GPUs are connected through NVSwitches, with all links of a GPU, like on boards with SXM GPUs. After that come GPUs of
one PCIe switch, then GPUs of one CPU socket, if the machine's facts contain them.
"""

from __future__ import annotations

from nvmock_gpu.machine.model import Gpu, Machine

_LINK = 100
_SAME_SWITCH = 20
_SAME_SOCKET = 10


def nearness(machine: Machine, one: Gpu, other: Gpu) -> int:
    """How well two GPUs are connected; a higher score is nearer."""
    model = machine.model
    if model is None:
        return 0
    score = model.nvlink_links * _LINK
    if _share(model.gpus_per_pcie_switch, one, other):
        return score + _SAME_SWITCH
    return score + _SAME_SOCKET if _share(model.gpus_per_socket, one, other) else score


def _share(count: int, one: Gpu, other: Gpu) -> bool:
    return count > 0 and one.index // count == other.index // count
