# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Code shared by the Ansible modules: options, their conversion for the core, and applying components.

No Ansible import here. The options are documented in plugins/doc_fragments. A unit test compares both.
"""

from __future__ import annotations

import os

from . import parameters
from .errors import NvmockError
from .host import diff, guard
from .host.converge import Component, converge, open_root
from .machine.overrides import OVERRIDES
from .node.components import owners_of, removed
from .node.keeper import released

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MACHINE_OPTIONS: dict[str, Any] = {row.name: row.ansible for row in OVERRIDES}

HOST_OPTIONS: dict[str, Any] = {
    "host_root": {"type": "path", "default": "/"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "take_over": {"type": "bool", "default": False},
    "allow_real_driver": {"type": "bool", "default": False},
}


def host_root_from(params: dict[str, Any]) -> str:
    """Return the host root as an absolute path. The default is the node's own /."""
    return parameters.absolute_path("host_root", params["host_root"], root_allowed=True)


def architecture_from(value: str | None) -> str:
    """Return the given CPU architecture, or the node's.

    :raises ParameterError: there is no driver for it.
    """
    from .layout.stub_library import ARCHITECTURES

    return parameters.one_of("architecture", os.uname().machine if value is None else value, ARCHITECTURES)


def run(
    module: Any,
    family: str,
    wanted: list[Component],
    host_root: str,
    contents_of_new_files: bool = False,
    **result: object,
) -> None:
    """Apply the components *wanted* to the node, and exit the module with the result.

    :arg module: the AnsibleModule, whose check mode, diff mode, take_over and allow_real_driver are used.
    :arg family: other components of this family of owners are removed from the node.
    :arg contents_of_new_files: show the text of new files in the diff.
    :arg result: further return values.
    """
    warnings: list[str] = []
    try:
        changes = []
        if wanted or os.path.isdir(host_root):  # without a node there is nothing to remove
            with open_root(host_root, wanted) as root:
                owners = {component.owner for component in wanted}
                gone = removed([owner for owner in owners_of(root, family) if owner not in owners])
                changes = converge(
                    root,
                    gone + wanted + released(root),
                    check=module.check_mode,
                    take_over=module.params["take_over"],
                    allow_real_driver=module.params["allow_real_driver"],
                )
                warnings = guard.warnings(root) if wanted else []
    except NvmockError as error:
        module.fail_json(msg=str(error))
    for text in warnings:
        module.warn(text)
    result["changed"] = bool(changes)
    result.update(diff.paths_by_action(changes))
    if module._diff:
        result["diff"] = diff.diffs(changes, contents_of_new_files)
    module.exit_json(**result)
