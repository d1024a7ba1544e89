# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Says which faults are on a node, for verification and for runs, which leave them.

As a rule there are none. So what reads faults is only imported if there are some.
"""

from __future__ import annotations

from ..errors import NvmockError
from ..host.manifest import read_manifest
from ..host.owner import DRIVER_TREE
from ..host.root import HostRoot
from .components import owners_of
from .mig_state import has_state_faults

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..machine.model import Machine


def faults_on(root: HostRoot, driver_root: str) -> list[str]:
    """Return a text per fault of the mock with this driver installation: its GPU, its kind and its options."""
    return [*_of_state(root, driver_root), *_of_files(root, driver_root)]


def fault_warnings(root: HostRoot, driver_root: str, machine: Machine | None = None) -> list[str]:
    """Return the line that a run says about faults, which it leaves on; none if there are no faults.

    :arg machine: the machine that the run has made, if the caller knows it.
    """
    if machine is not None and not read_manifest(root).faults and not has_state_faults(root, machine, driver_root):
        return []
    found = faults_on(root, driver_root)
    return [f"{'; '.join(found)}: left on, until nvmock_fault or gpu-mockctl fault takes it off"] if found else []


def _of_state(root: HostRoot, driver_root: str) -> list[str]:
    """Without a driver installation there are no such faults."""
    from ..layout.fault_words import described
    from ..layout.state_faults import is_of_faults
    from .state import NodeState

    try:
        node = NodeState(root, driver_root)
        state = node.read()
    except NvmockError:
        return []
    if not any(is_of_faults(number) for _gpu, number in state.entries):
        return []
    return [f"GPU {gpu}: fault {text}" for gpu in node.gpus() for text in described(state.of_gpu(gpu))]


def _of_files(root: HostRoot, driver_root: str) -> list[str]:
    """The faults of all mocks of the node if none has this driver installation: parts can be removed alone."""
    texts = read_manifest(root).faults
    if not texts:
        return []
    from .file_faults import faults_of

    owners = owners_of(root)
    instances = {owner.instance for owner in owners if owner.part == DRIVER_TREE and owner.path == driver_root}
    lines = []
    for instance in sorted(instances or {owner.instance for owner in owners}):
        for fault in faults_of(texts, instance):
            lines += [f"GPU {gpu}: fault {fault.kind}" for gpu in fault.gpus] or [f"node: fault {fault.text}"]
    return lines
