# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Bring a node to a state: lock the host root, look at it, compare, and write the difference or only report it."""

from __future__ import annotations

import os

from ..errors import HostError
from ..values import Value, value
from . import guard
from . import manifest as manifests
from .entries import CHAR, DIRECTORY, FILE, SYMLINK, Entry
from .hidden import STAGED
from .lock import Lock, Overtaken, acquire
from .looking import Node
from .manifest import Manifest, read_manifest
from .plan import Changes, Plan, make_plan
from .root import HostRoot, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_NAME = 255  # bytes: NAME_MAX of Linux
_MOST_TRIES = 20


@value
class Component(Value):
    """What belongs together on a node: it is made and removed together."""

    owner: str  # its name in the manifest, such as ``devices:/run/nvidia/driver``
    entries: list[Entry]  # all that it wants; an empty list removes what it once wanted
    strict: tuple[str, ...] = ()  # directories at and below which no symbolic link is followed
    exclusive: tuple[str, ...] = ()  # directories that must be empty or missing, or were made by nvmock.gpu
    makes: Callable[[str], bool] | None = None  # whether it can have made something at a path; None: anywhere
    keeps: frozenset[str] = frozenset()  # paths that it has and that stay as they are, beside the entries


def open_root(path: str, components: list[Component]) -> HostRoot:
    """Open the host root *path*, strict where the components are.

    :raises HostError: it does not exist or can't be opened.
    """
    return HostRoot(path, strict_of(components))


def converge(
    root: HostRoot,
    components: list[Component],
    check: bool = False,
    take_over: bool = False,
    allow_real_driver: bool = False,
) -> Changes:
    """:func:`change` for components that do not depend on what is on the node."""
    return change(root, lambda _root: components, check, take_over, allow_real_driver)


def change(
    root: HostRoot,
    look: Callable[[HostRoot], list[Component]],
    check: bool = False,
    take_over: bool = False,
    allow_real_driver: bool = False,
    say: Callable[[str], None] | None = None,
    faults: Callable[[tuple[str, ...]], tuple[str, ...]] | None = None,
) -> Changes:
    """Bring the node to the state that the components describe; return what was changed (or would be, with *check*).

    :arg root: an open host root.
    :arg look: reads the node and returns the components; those that it does not name are left as they are. It is called
        with the lock held, and again if another run was first.
    :arg check: change nothing. The lock keeps a run at the same time from showing a node that is half changed.
    :arg take_over: replace unmanaged files, which come back on removal.
    :arg allow_real_driver: go on although the node has a real NVIDIA driver.
    :arg say: is told once if the run has to wait for the lock.
    :arg faults: is given the faults in the manifest, and returns those of after the run. Without it they stay.
    :raises HostError: the filesystem does not allow it; nothing was changed.
    :raises GuardError: a real driver, or unmanaged files.
    """
    for _try in range(_MOST_TRIES):
        root.drop()
        lock = acquire(root, say, check)
        try:
            return _change_once(root, look(root), None if check else lock, take_over, allow_real_driver, faults)
        except Overtaken:
            pass  # what was read no longer counts
        finally:
            lock.release()
    raise HostError(f"{manifests.STATE_DIRECTORY}: other runs make and remove it all the time; nothing was changed")


def _change_once(
    root: HostRoot,
    components: list[Component],
    lock: Lock | None,
    take_over: bool,
    allow_real_driver: bool,
    faults: Callable[[tuple[str, ...]], tuple[str, ...]] | None,
) -> Changes:
    root.be_strict(strict_of(components))
    found = read_manifest(root)
    tags = found.tags
    if not allow_real_driver and any(component.entries or component.owner in tags for component in components):
        guard.check_no_real_driver(root, found)
    if lock is not None and _may_have_leftovers(root, found):
        from .sweep import sweep

        sweep(root, found)
    if found.in_progress:
        from .sweep import settled

        found = settled(root, found)
    plan = plan_for(root, components, found, take_over, None if faults is None else faults(found.faults))
    if lock is not None and not plan.is_done:
        from .apply import apply

        apply(root, plan, lock)
    return plan.changes


def _may_have_leftovers(root: HostRoot, found: Manifest) -> bool:
    """Whether a killed run may have left something behind: as a rule not, which is known without more code.

    Without a manifest in progress, that is where the manifest is, or where its directories would be.
    """
    if found.in_progress:
        return True
    place = "/"
    for directory in manifests.DIRECTORIES:
        if root.directory(directory) is None:
            break
        place = directory
    try:
        names = root.names(place)
    except HostError:
        return False  # whoever can't list it can't have left anything in it
    return any(name.startswith(STAGED) for name in names)


def plan_for(
    root: HostRoot,
    components: list[Component],
    known: Manifest,
    take_over: bool = False,
    faults: tuple[str, ...] | None = None,
) -> Plan:
    """Return the plan for the components on this host root.

    :arg faults: the faults of the node's files from now on, None for those of before.
    :raises HostError: it can't be made on any node, or not on this one.
    """
    _check_paths(components)
    wanted = {component.owner: component.entries for component in components}
    exclusive = tuple([place for component in components for place in component.exclusive])
    node = Node(root.seen, root.names, root.is_directory, root.real, strict_of(components))
    makes = {component.owner: component.makes for component in components}
    keeps = {component.owner: component.keeps for component in components if component.keeps}
    return make_plan(wanted, known, node, take_over, exclusive, makes, keeps, faults)


def strict_of(components: list[Component]) -> tuple[str, ...]:
    """Return the paths at and below which the components allow no symbolic link."""
    return tuple([place for component in components for place in component.strict])


_WORDS = {FILE: "a file", SYMLINK: "a symbolic link", CHAR: "a character device"}


def _check_paths(components: list[Component]) -> None:
    """Refuse what no filesystem can hold.

    :raises HostError: a name is too long, or something would be below what is not a directory.
    """
    kinds = {manifests.PATH: FILE, manifests.LOCK: FILE}
    for component in components:
        for entry in component.entries:
            if entry.path in (manifests.PATH, manifests.LOCK):
                raise HostError(f"{entry.path} belongs to nvmock.gpu itself: name another path")
            kinds[entry.path] = entry.kind
    good = {"/"}
    for path in kinds:
        place = path
        while place not in good:
            if place != path and kinds.get(place, DIRECTORY) != DIRECTORY:
                raise HostError(f"{path} can't be made: {place} is {_WORDS[kinds[place]]}, not a directory")
            parent, name = split(place)
            # A character has at most four bytes.
            if len(name) > _LONGEST_NAME // 4 and len(os.fsencode(name)) > _LONGEST_NAME:
                raise HostError(f"{path} can't be made: {name[:20]}... has more than {_LONGEST_NAME} bytes")
            if kinds.get(place, DIRECTORY) == DIRECTORY:
                good.add(place)
            place = parent
