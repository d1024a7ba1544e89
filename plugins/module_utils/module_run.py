# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What every state-making module does with its concern: converge it and report, or fail with one line."""

from __future__ import annotations

import os

from . import report
from .concerns import Concern, tags_of
from .errors import NvmockError
from .host.converge import converge
from .host.root import HostRoot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .host.entries import Entry


def run(
    module: Any,
    family: str,
    wanted: list[Concern],
    host_root: str,
    contents_of_new_files: bool = False,
    **result: object,
) -> None:
    """Bring the concerns *wanted* about on the node and leave the module with the result.

    :arg module: the AnsibleModule; its check mode, diff mode, take_over and allow_real_driver count.
    :arg family: what the node has of this family of tags and is not in *wanted* is removed.
    :arg contents_of_new_files: show the text of new files in the diff.
    :arg result: further return values.
    """
    try:
        changes = []
        if wanted or os.path.isdir(host_root):  # nothing to remove where no node is
            with HostRoot(host_root, tuple(path for concern in wanted for path in concern.strict)) as root:
                entries: dict[str, list[Entry]] = {tag: [] for tag in tags_of(root, family)}
                entries.update((concern.tag, concern.entries) for concern in wanted)
                changes = converge(
                    root,
                    entries,
                    check=module.check_mode,
                    take_over=module.params["take_over"],
                    exclusive=tuple(path for concern in wanted for path in concern.exclusive),
                    allow_real_driver=module.params["allow_real_driver"],
                )
    except NvmockError as error:
        module.fail_json(msg=str(error))
    result["changed"] = bool(changes)
    result.update(report.paths_by_action(changes))
    if module._diff:
        result["diff"] = report.diffs(changes, contents_of_new_files)
    module.exit_json(**result)
