# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The components of a run with the faults that are on the node's files, and without them.

As a rule there are none. So what computes them is only imported if the manifest has some.
"""

from __future__ import annotations

from ..host.converge import Component
from ..host.manifest import read_manifest
from ..host.root import HostRoot
from ..machine.model import Machine


def with_faults(root: HostRoot, machine: Machine, wanted: list[Component]) -> list[Component]:
    """Return what a run wants while the faults are on that the manifest has."""
    if not read_manifest(root).faults:
        return wanted
    from .file_faults import faulty_components

    return faulty_components(root, machine, wanted)


def without_faults(root: HostRoot, machine: Machine, instance: str) -> list[Component]:
    """Return what a run that makes a specification alone needs to see the node without faults, as components."""
    if not read_manifest(root).faults:
        return []
    from .file_faults import healed_components

    return healed_components(root, machine, instance)
