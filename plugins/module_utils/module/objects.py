# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the module nvmock_objects does: it applies objects to a cluster, or removes them."""

from __future__ import annotations

import time

from ..errors import NvmockError
from .one_line import OneLine
from .server import KINDS, Server

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ARGUMENT_SPEC: dict[str, Any] = {
    "kubeconfig": {"type": "path"},
    "context": {"type": "str"},
    "seconds": {"type": "int", "default": 30},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "definitions": {"type": "list", "elements": "dict", "required": True},
    "remove_first": {"type": "list", "elements": "dict", "default": []},
    "wait_seconds": {"type": "int", "default": 180},
}
# What the server or a controller changes by itself.
_OF_THE_SERVER = ("managedFields", "resourceVersion", "generation")
_POLL_SECONDS = 0.1


def run(module: Any) -> None:
    """Apply or remove the objects, and leave the module with the result.

    :arg module: an AnsibleModule, or what stands for it in a process of Ansible's own.
    """
    params, dry_run = module.params, module.check_mode
    changes: list[tuple[dict[str, Any], dict[str, Any]]] = []
    present = params["state"] == "present"
    with OneLine(module):
        for name in ("remove_first", "definitions"):
            for number, definition in enumerate(params[name]):
                _check(f"{name}: number {number + 1}", definition)
        server = Server(params["kubeconfig"], params["context"], params["seconds"])
        unwanted = params["remove_first"] + ([] if present else params["definitions"])
        removed = [one for one in (server.remove(one, dry_run) for one in unwanted) if one]
        changes = [(_content(one), {}) for one in removed]
        if not dry_run:
            _wait(server, removed, params["wait_seconds"])
        for definition in params["definitions"] if present else []:
            before, after = server.apply(definition, dry_run)
            changes.append((_content(before or {}), _content(after)))
    changes = [(before, after) for before, after in changes if before != after]
    names = [_name(after or before) for before, after in changes]
    diff = [
        {"before": before, "after": after, "before_header": name, "after_header": name}
        for name, (before, after) in zip(names, changes)
    ]
    module.exit_json(changed=bool(changes), objects=names, diff=diff)


def _check(where: str, definition: dict[str, Any]) -> None:
    kind, metadata = definition.get("kind"), definition.get("metadata")
    if kind not in KINDS:
        raise NvmockError(f"{where}: kind '{kind}' is not allowed: must be one of {', '.join(sorted(KINDS))}")
    if not isinstance(metadata, dict) or not metadata.get("name"):
        raise NvmockError(f"{where}: metadata.name is missing: must be the name of a {kind}")
    if KINDS[kind][2] and not metadata.get("namespace"):
        raise NvmockError(f"{where}: metadata.namespace is missing: must be the namespace of the {kind}")


def _wait(server: Server, removed: list[dict[str, Any]], seconds: int) -> None:
    end = time.monotonic() + seconds
    for definition in removed:
        while server.exists(definition):
            if time.monotonic() > end:
                raise NvmockError(f"{_name(definition)} still exists after {seconds} s")
            time.sleep(_POLL_SECONDS)


def _content(one: dict[str, Any]) -> dict[str, Any]:
    """What the user describes of an object: its status and what the server counts are not."""
    metadata = {key: value for key, value in one.get("metadata", {}).items() if key not in _OF_THE_SERVER}
    return {**{key: value for key, value in one.items() if key != "status"}, "metadata": metadata} if one else {}


def _name(one: dict[str, Any]) -> str:
    return f"{one['kind']} {one['metadata']['name']}"
