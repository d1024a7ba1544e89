# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the Ansible modules share: options, how they become what the core wants, and what is done with a component.

No Ansible import here. The documentation of the options is in plugins/doc_fragments; a unit test holds the two equal.
"""

from __future__ import annotations

import os

from . import parameters
from .errors import NvmockError
from .host import diff
from .host.converge import Component, converge, open_root
from .machine.overrides import OVERRIDES
from .node.components import owners_of, removed

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
    """Return the host root as an absolute path; the node's own / if nothing else was said."""
    return parameters.absolute_path("host_root", params["host_root"], root_allowed=True)


def architecture_from(value: str | None) -> str:
    """Return the CPU architecture: the one asked for, else the node's.

    :raises ParameterError: no driver for it.
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
    """Bring the components *wanted* about on the node and leave the module with the result.

    :arg module: the AnsibleModule; its check mode, diff mode, take_over and allow_real_driver count.
    :arg family: what the node has of this family of owners and is not in *wanted* is removed.
    :arg contents_of_new_files: show the text of new files in the diff.
    :arg result: further return values.
    """
    try:
        changes = []
        if wanted or os.path.isdir(host_root):  # nothing to remove where no node is
            with open_root(host_root, wanted) as root:
                owners = {component.owner for component in wanted}
                gone = removed([owner for owner in owners_of(root, family) if owner not in owners])
                changes = converge(
                    root,
                    gone + wanted,
                    check=module.check_mode,
                    take_over=module.params["take_over"],
                    allow_real_driver=module.params["allow_real_driver"],
                )
    except NvmockError as error:
        module.fail_json(msg=str(error))
    result["changed"] = bool(changes)
    result.update(diff.paths_by_action(changes))
    if module._diff:
        result["diff"] = diff.diffs(changes, contents_of_new_files)
    module.exit_json(**result)
