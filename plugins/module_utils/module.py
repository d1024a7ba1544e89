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
from .host.converge import Component, change
from .host.root import HostRoot
from .machine.overrides import OVERRIDES
from .node.components import owners_of, removed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
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
    look: Callable[[HostRoot], list[Component]] | None,
    host_root: str,
    result: dict[str, object],
    contents_of_new_files: bool = False,
) -> None:
    """Bring about on the node what *look* wants, and leave the module with the result.

    :arg module: the AnsibleModule; its check mode, diff mode, take_over and allow_real_driver count.
    :arg family: what the node has of this family of owners, and *look* does not want, is removed.
    :arg look: reads the node, with the lock held, and returns the components; None to remove the family.
    :arg result: further return values; *look* may add to them.
    :arg contents_of_new_files: show the text of new files in the diff.
    """

    def complete(root: HostRoot) -> list[Component]:
        wanted = [] if look is None else look(root)
        owners = {component.owner for component in wanted}
        return removed([owner for owner in owners_of(root, family) if owner not in owners]) + wanted

    changes = []
    with OneLine(module):
        if look is not None or os.path.isdir(host_root):  # nothing to remove where no node is
            with HostRoot(host_root) as root:
                changes = change(
                    root,
                    complete,
                    check=module.check_mode,
                    take_over=module.params["take_over"],
                    allow_real_driver=module.params["allow_real_driver"],
                    say=module.warn,
                )
    result["changed"] = bool(changes)
    result.update(diff.paths_by_action(changes))
    if module._diff:
        result["diff"] = diff.diffs(changes, contents_of_new_files)
    module.exit_json(**result)


class OneLine:
    """A context in which every error ends the module with one line.

    :arg module: the AnsibleModule.
    """

    def __init__(self, module: Any) -> None:
        self._module = module

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, NvmockError):
            self._module.fail_json(msg=str(error))
        if isinstance(error, Exception):  # a bug, or data of a kind that nobody expected
            self._module.fail_json(msg="unexpected error: " + " ".join(f"{type(error).__name__}: {error}".split()))
