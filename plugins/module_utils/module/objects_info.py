# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the module nvmock_objects_info does: it asks the API server of a cluster for several kinds of objects, and for logs."""

from __future__ import annotations

import time

from ..errors import NvmockError
from .one_line import OneLine
from .server import KINDS, Server
from .settled import WAITED_FOR, wait_is_over

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
    "wait_seconds": {"type": "int", "default": 0},
}
_POLL_SECONDS = 0.2


def run(module: Any) -> None:
    """Ask, and leave the module with the result.

    :arg module: an AnsibleModule, or what stands for it in a process of Ansible's own.
    """
    params = module.params
    found: list[list[dict[str, Any]]] = []
    in_time = True
    with OneLine(module):
        server = Server(params["kubeconfig"], params["context"], params["seconds"])
        found, in_time = answers(server, params["queries"], params["wait_seconds"])
    module.exit_json(changed=False, found=found, in_time=in_time)


def answers(server: Server, queries: list[dict[str, Any]], seconds: int) -> tuple[list[list[dict[str, Any]]], bool]:
    """Return what the queries ask for when it has ended or is ready, or the time is over, and whether the time was enough.

    :raises NvmockError: no answer, or one that is no success. While waiting, only if the last one is.
    """
    kinds = [query["kind"] for query in queries]
    waiting = [number for number, kind in enumerate(kinds) if kind in WAITED_FOR] if seconds else []
    end = time.monotonic() + seconds
    # Logs are wanted of the end only.
    found = [server.answer({**query, "logs": query["logs"] and not waiting}) for query in queries]
    problem = None
    while not wait_is_over(kinds, found) and time.monotonic() < end:
        time.sleep(_POLL_SECONDS)
        try:
            for number in waiting:
                found[number] = server.answer({**queries[number], "logs": False})
            problem = None
        except NvmockError as error:
            problem = error
    if problem is not None:
        raise problem
    for number in waiting:
        if queries[number]["logs"]:
            found[number] = server.answer(queries[number])
    return found, wait_is_over(kinds, found)
