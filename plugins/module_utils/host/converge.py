# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""One step from wishes to facts: lock the host root, compare, write the difference (or only say it)."""

from __future__ import annotations

from . import apply as applying
from . import guard
from .entries import Entry
from .manifest import Manifest, read_manifest
from .plan import Change, Plan, make_plan
from .root import HostRoot


def converge(
    root: HostRoot,
    wanted: dict[str, list[Entry]],
    check: bool = False,
    take_over: bool = False,
    exclusive: tuple[str, ...] = (),
    allow_real_driver: bool = False,
) -> list[Change]:
    """Bring the node to the state that *wanted* describes and return what was changed (or would be, with *check*).

    :arg root: an open host root, strict at the directories that are ours alone.
    :arg wanted: for each component (a tag such as ``devices:/run/nvidia/driver``) all that it wants; an empty list removes
        what it once wanted.
    :arg check: change nothing.
    :arg take_over: replace files that are not ours, to be put back on removal.
    :arg exclusive: directories that must be ours, empty or missing.
    :arg allow_real_driver: go on although the node has a real NVIDIA driver.
    :raises HostError: the filesystem does not allow it; nothing was changed.
    :raises GuardError: a real driver, or files that are not ours.
    """
    if not check:
        root.lock()
    known = read_manifest(root)
    if not allow_real_driver and any(wanted.values()):
        guard.check_no_real_driver(root, known)
    if not check:
        applying.sweep(root, known)
    plan = plan_for(root, wanted, known, take_over, exclusive)
    if not check:
        applying.apply(root, plan)
    return plan.changes


def plan_for(
    root: HostRoot,
    wanted: dict[str, list[Entry]],
    known: Manifest,
    take_over: bool = False,
    exclusive: tuple[str, ...] = (),
) -> Plan:
    """Return the plan for *wanted* on this host root."""
    return make_plan(wanted, known, root.observe, root.names, root.is_directory, take_over, exclusive)
