# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a container engine has an image, and which nodes of a kind cluster do not have it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .answer import Answer
from .containers import LABEL_CLUSTER, LABEL_ROLE, ROLES

AskAll = Callable[[Sequence[Sequence[str]], int], list[Answer]]

_SECONDS = 30


def look(engine: str, image: str, cluster: str, ask_all: AskAll) -> dict[str, Any]:
    """Return ``id``, the ID of the image in the engine, or an empty text; ``nodes`` of the cluster; ``missing``, those without it.

    Images are compared by their ID, like ``kind load`` does. If IDs of the engine and of the nodes are of different kinds, all nodes are
    missing, and ``kind load`` decides.

    :arg cluster: empty for no cluster.
    :arg ask_all: runs commands in parallel: (commands, seconds) -> answers.
    """
    commands = [[engine, "image", "inspect", "--format", "{{.Id}}", image]]
    if cluster:
        names = '{{.Names}}\t{{.Label "' + LABEL_ROLE + '"}}'
        commands.append([engine, "ps", "--filter", f"label={LABEL_CLUSTER}={cluster}", "--format", names])
    here, *listed = ask_all(commands, _SECONDS)
    found = _digest(here.stdout) if here.status == 0 else ""
    lines = [line.partition("\t") for answer in listed if answer.status == 0 for line in answer.stdout.splitlines()]
    nodes = sorted(name for name, _tab, role in lines if role in ROLES)
    template = ["--output", "go-template", "--template", "{{.status.id}}"]
    answers = ask_all([[engine, "exec", node, "crictl", "inspecti", *template, image] for node in nodes], _SECONDS)
    missing = [
        node
        for node, answer in zip(nodes, answers)
        if not found or answer.status != 0 or _digest(answer.stdout) != found
    ]
    return {"id": found, "nodes": nodes, "missing": missing}


def _digest(text: str) -> str:
    """podman writes an ID without the name of its algorithm."""
    return text.strip().rpartition(":")[2]
