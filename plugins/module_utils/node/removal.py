# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What a removal removes from a node, for every door."""

from __future__ import annotations

from ..host.converge import Component
from ..host.root import HostRoot
from .components import owners_of, to_remove
from .keeper import released


def removal(
    root: HostRoot, parts: frozenset[str], instance: str | None = None, paths: dict[str, str] | None = None
) -> list[Component]:
    """Return the components that a removal removes, and what makes the node nobody's.

    The arguments are those of :func:`.components.to_remove`.

    :raises HostError: the node has a mock, but its manifest was lost.
    """
    if not owners_of(root):
        from .traces import refuse_lost_manifest

        refuse_lost_manifest(root, paths or {})
    return to_remove(root, parts, instance, paths) + released(root, instance)
