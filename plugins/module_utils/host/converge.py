# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""One step from wishes to facts: lock the host root, compare, write the difference (or only say it)."""

from __future__ import annotations

from ..values import Value, value
from . import apply as applying
from . import guard
from .entries import Entry
from .manifest import Manifest, read_manifest
from .plan import Changes, Plan, make_plan
from .removal import Node
from .root import HostRoot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


@value
class Component(Value):
    """What belongs together on a node, and is made and removed together."""

    owner: str  # its name in the manifest, such as ``devices:/run/nvidia/driver``
    entries: list[Entry]  # all that it wants; none removes what it once wanted
    strict: tuple[str, ...] = ()  # directories at and below which no symbolic link is followed
    exclusive: tuple[str, ...] = ()  # directories that must be ours, empty or missing
    makes: Callable[[str], bool] | None = None  # whether it can have made something at a path; None: anywhere


def open_root(path: str, components: list[Component]) -> HostRoot:
    """Open the host root *path*, strict where the components are.

    :raises HostError: it does not exist or can't be opened.
    """
    return HostRoot(path, tuple([place for component in components for place in component.strict]))


def converge(
    root: HostRoot,
    components: list[Component],
    check: bool = False,
    take_over: bool = False,
    allow_real_driver: bool = False,
) -> Changes:
    """Bring the node to the state that the components describe; return what was changed (or would be, with *check*).

    :arg root: an open host root, strict where the components are (:func:`open_root`).
    :arg components: those that are not named are left as they are.
    :arg check: change nothing.
    :arg take_over: replace files that are not ours, to be put back on removal.
    :arg allow_real_driver: go on although the node has a real NVIDIA driver.
    :raises HostError: the filesystem does not allow it; nothing was changed.
    :raises GuardError: a real driver, or files that are not ours.
    """
    if not check:
        root.lock()
    known = read_manifest(root)
    tags = known.tags
    if not allow_real_driver and any(component.entries or component.owner in tags for component in components):
        guard.check_no_real_driver(root, known)
    if not check:
        applying.sweep(root, known)
    plan = plan_for(root, components, known, take_over)
    if not check:
        applying.apply(root, plan)
    return plan.changes


def plan_for(root: HostRoot, components: list[Component], known: Manifest, take_over: bool = False) -> Plan:
    """Return the plan for the components on this host root."""
    wanted = {component.owner: component.entries for component in components}
    exclusive = tuple([place for component in components for place in component.exclusive])
    strict = tuple([place for component in components for place in component.strict])
    root.refuse_links_below(strict)
    node = Node(root.observe, root.names, root.is_directory, root.resolved, strict)
    makes = {component.owner: component.makes for component in components}
    return make_plan(wanted, known, node, take_over, exclusive, makes)
