# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the module nvmock_objects_info does: it asks the API server of a cluster for several kinds of objects, and for logs."""

from __future__ import annotations

from . import OneLine
from .server import KINDS, Server

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_QUERY: dict[str, Any] = {
    "kind": {"type": "str", "choices": sorted(KINDS), "required": True},
    "namespace": {"type": "str"},
    "name": {"type": "str"},
    "label_selectors": {"type": "list", "elements": "str", "default": []},
    "field_selectors": {"type": "list", "elements": "str", "default": []},
    "logs": {"type": "bool", "default": False},
    "tail_lines": {"type": "int", "default": 200},
}
ARGUMENT_SPEC: dict[str, Any] = {
    "kubeconfig": {"type": "path"},
    "context": {"type": "str"},
    "seconds": {"type": "int", "default": 30},
    "queries": {"type": "list", "elements": "dict", "options": _QUERY, "required": True},
}


def run(module: Any) -> None:
    """Ask, and leave the module with the result.

    :arg module: an AnsibleModule, or what stands for it in a process of Ansible's own.
    """
    params = module.params
    found: list[list[dict[str, Any]]] = []
    with OneLine(module):
        server = Server(params["kubeconfig"], params["context"], params["seconds"])
        found = [server.answer(query) for query in params["queries"]]
    module.exit_json(changed=False, found=found)
