# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Which GPUs of a machine are near each other.

NVLink: every machine type of the collection joins all of its GPUs through NVSwitches, with all links of a GPU; a type of
one's own that says `nvlink_links` is taken to do the same, as boards with SXM GPUs do. Below that: GPUs of one CPU socket,
and of one PCIe switch, as `nvidia-smi topo -m` shows them on the real machines.
"""

from __future__ import annotations

from nvmock_gpu.machine import Gpu, Machine

# GPUs per PCIe switch, GPUs per CPU socket. DGX A100: two GPUs share a switch; DGX H100, H200 and B200: a switch a GPU.
PCIE = {
    "dgxa100": (2, 4),
    "dgxh100": (1, 4),
    "dgxh200": (1, 4),
    "dgxb200": (1, 4),
}
_LINK = 100
_SAME_SWITCH = 20
_SAME_SOCKET = 10


def nearness(machine: Machine, one: Gpu, other: Gpu) -> int:
    """How well two GPUs are joined; more is nearer."""
    links = 0 if machine.model is None else machine.model.nvlink_links
    score = links * _LINK
    if machine.type_name in PCIE:
        per_switch, per_socket = PCIE[machine.type_name]
        if one.index // per_switch == other.index // per_switch:
            score += _SAME_SWITCH
        elif one.index // per_socket == other.index // per_socket:
            score += _SAME_SOCKET
    return score
