# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the module nvmock_kind_cluster_record does."""

from __future__ import annotations

from ..kind_cluster import record_file
from .one_line import OneLine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ARGUMENT_SPEC: dict[str, Any] = {
    "path": {"type": "path", "required": True},
    "record": {"type": "dict", "required": True},
}


def run(module: Any) -> None:
    """Write the record, and leave the module with the result.

    :arg module: an AnsibleModule, or what stands for it in a process of Ansible's own.
    """
    path, text = module.params["path"], record_file.text_of(module.params["record"])
    before, good = record_file.present(path)
    changed = not good or before != text
    if changed and not module.check_mode:
        with OneLine(module):
            record_file.write(path, text)
    diff = {"before": before, "after": text, "before_header": path, "after_header": path}
    module.exit_json(changed=changed, **({"diff": diff} if changed and module._diff else {}))
