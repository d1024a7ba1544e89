# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Says which faults are on the GPUs of a node, for verification and for runs, which leave them."""

from __future__ import annotations

from ..errors import NvmockError
from ..host.root import HostRoot
from ..layout.fault_words import described
from ..layout.state_faults import is_of_faults
from .state import NodeState


def faults_on(root: HostRoot, driver_root: str) -> list[str]:
    """Return a text per fault: its GPU, its kind and its options. Without a driver installation there are no faults."""
    try:
        node = NodeState(root, driver_root)
        state = node.read()
    except NvmockError:
        return []
    if not any(is_of_faults(number) for _gpu, number in state.entries):
        return []
    return [f"GPU {gpu}: fault {text}" for gpu in node.gpus() for text in described(state.of_gpu(gpu))]


def fault_warnings(root: HostRoot, driver_root: str) -> list[str]:
    """Return the line that a run says about faults, which it leaves on; none if there are no faults."""
    found = faults_on(root, driver_root)
    return [f"{'; '.join(found)}: left on, until nvmock_fault or gpu-mockctl fault takes it off"] if found else []
