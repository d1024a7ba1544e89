# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Code shared by the Ansible modules that change a node: options, their conversion for the core, and applying components.

No Ansible import here. The options are documented in plugins/doc_fragments. A unit test compares both.
"""

from __future__ import annotations

import os

from .. import parameters
from ..host import diff, guard
from ..host.converge import Component, change
from ..host.plan import Changes
from ..host.root import HostRoot
from ..machine.overrides import OVERRIDES
from ..node import components
from ..node.fault_report import fault_warnings
from ..node.keeper import released
from ..node.mig_state import driver_root_of
from ..node.removal import removal
from .one_line import OneLine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..host.left import Left

MACHINE_OPTIONS: dict[str, Any] = {row.name: row.ansible for row in OVERRIDES}

HOST_OPTIONS: dict[str, Any] = {
    "host_root": {"type": "path", "default": "/"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "take_over": {"type": "bool", "default": False},
    "allow_real_driver": {"type": "bool", "default": False},
    "instance": {"type": "str"},
}


def host_root_from(params: dict[str, Any]) -> str:
    """Return the host root as an absolute path. The default is the node's own /."""
    return parameters.absolute_path("host_root", params["host_root"], root_allowed=True)


def architecture_from(value: str | None) -> str:
    """Return the given CPU architecture, or the node's.

    :raises ParameterError: there is no driver for it.
    """
    from ..layout.stub_library import ARCHITECTURES

    return parameters.one_of("architecture", os.uname().machine if value is None else value, ARCHITECTURES)


def instance_from(params: dict[str, Any]) -> str | None:
    """Return the name of the mock, "" for the mock without a name, None if the option was not given.

    :raises ParameterError: it is not allowed.
    """
    name = params["instance"]
    return parameters.instance_name("instance", name) if name else name


def place_from(params: dict[str, Any], name: str, default: str) -> tuple[str, bool]:
    """Return the path of the option *name*, and whether it was given: then it narrows a removal."""
    given = params[name] is not None
    return parameters.absolute_path(name, params[name] if given else default), given


def owner_from(name: str, number: int | None) -> int | None:
    """Return *number* if it can own a file; the highest 32-bit number stands for none.

    :raises ParameterError: it can't.
    """
    return None if number is None else parameters.integer(name, number, 0, 2**32 - 2)


def run(
    module: Any,
    parts: frozenset[str],
    look: Callable[[HostRoot], list[Component]] | None,
    host_root: str,
    result: dict[str, object],
    instance: str | None = None,
    paths: dict[str, str] | None = None,
    contents_of_new_files: bool = False,
    after: Callable[[HostRoot], None] | None = None,
) -> None:
    """Make what *look* wants on the node, or remove all of these *parts*, and leave the module with the result.

    :arg module: the AnsibleModule; its check mode, diff mode, take_over and allow_real_driver count.
    :arg parts: what the module makes. What the same mock has of it elsewhere is removed: it moves.
    :arg look: reads the node, with the lock held, and returns the components; None for a removal.
    :arg result: further return values; *look* may add to them.
    :arg instance: name of the mock; for a removal None means every mock.
    :arg paths: part -> path that narrows a removal.
    :arg contents_of_new_files: show the text of new files in the diff.
    :arg after: is called when the node was changed, not in check mode.
    """

    def complete(root: HostRoot) -> list[Component]:
        if look is not None:
            wanted = look(root)
            gone = components.moved(root, components.owners_in(wanted), parts, instance or "")
            return gone + wanted + released(root, instance or "")
        return removal(root, parts, instance, paths)

    changes = change_node(module, complete, host_root, look is not None, after)
    if look is not None:
        with OneLine(module), HostRoot(host_root) as root:
            for text in fault_warnings(root, driver_root_of(root, instance or "") or ""):
                module.warn(text)
    result.update(outcome(changes))
    if module._diff:
        result["diff"] = diff.diffs(changes, contents_of_new_files)
    leave(module, result, changes.half_done if look is None else [], changes)


def change_node(
    module: Any,
    look: Callable[[HostRoot], list[Component]],
    host_root: str,
    creates: bool,
    after: Callable[[HostRoot], None] | None = None,
) -> Changes:
    """Bring the node to the state that *look* describes, and pass on what the guard warns about.

    :arg look: reads the node, with the lock held, and returns the components.
    :arg creates: whether the run creates something: then the host root must exist.
    :arg after: is called when the node was changed, not in check mode.
    """
    changes = Changes()
    warnings: list[str] = []
    with OneLine(module):
        if creates or os.path.isdir(host_root):  # nothing to remove where no node is
            with HostRoot(host_root) as root:
                changes = change(
                    root,
                    look,
                    check=module.check_mode,
                    take_over=module.params["take_over"],
                    allow_real_driver=module.params["allow_real_driver"],
                    say=module.warn,
                )
                if after is not None and not module.check_mode:
                    after(root)
                warnings = guard.warnings(root) if creates else []
    for text in warnings:
        module.warn(text)
    return changes


def outcome(changes: Changes) -> dict[str, object]:
    """Return the return values that every module has for what it changed."""
    left = [left.path for left in changes.left]
    return {"changed": bool(changes), **diff.paths_by_action(changes), "left": left}


def leave(module: Any, result: dict[str, object], half_done: list[Left], changes: Changes) -> None:
    """Leave the module with *result*.

    :arg half_done: what should be removed and stays: then the module fails.
    :arg changes: what else is left is only warned about.
    """
    if half_done:
        reasons = "; ".join([str(left) for left in half_done[:3]])
        more = f" (and {len(half_done) - 3} more)" if len(half_done) > 3 else ""
        module.fail_json(msg=f"not everything is removed: {reasons}{more}", **result)
    for left in changes.left:
        module.warn(str(left))
    module.exit_json(**result)
