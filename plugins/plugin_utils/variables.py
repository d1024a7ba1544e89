# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Which variables look like misspelt ones of this collection. Its own files say which ones there are."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable

COLLECTION = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PLAYBOOKS = "gpu_mock"
# How similar two names are, from 0 to 1. Names with the same prefix are compared without it: cuont and count are 0.8. gpu_machine is near
# to gpu_node_machine (0.81).
_NEAR = 0.75
_NEAR_WITH_PREFIX = 0.8
_TEXTS = (".yml", ".j2")
# Options that have no default in a file.
_WITHOUT_DEFAULT = {PLAYBOOKS: ("gpu_mock_nodes",)}


def roles() -> list[str]:
    """Return the names of the roles, and PLAYBOOKS; each variable begins with one of them."""
    return [*sorted(os.listdir(os.path.join(COLLECTION, "roles"))), PLAYBOOKS]


def options(role: str) -> set[str]:
    """Return the variables that users set, of a role or of the playbooks."""
    if role == PLAYBOOKS:
        path, depth = os.path.join(COLLECTION, "playbooks", "vars", "gpu_mock.yml"), ""
    else:
        path, depth = os.path.join(COLLECTION, "roles", role, "meta", "argument_specs.yml"), " {6}"
    # A parser of YAML in Python takes longer than the role's own checks.
    found = re.findall(rf"(?m)^{depth}({role}_\w+):", _read(path))
    return {*found, *_WITHOUT_DEFAULT.get(role, ())}


def _own_names(role: str) -> set[str]:
    """Return every name with the prefix of *role* in the collection's own files: also results and parameters of task files."""
    names = set()
    for folder in ("roles", "playbooks"):
        for place, _directories, files in os.walk(os.path.join(COLLECTION, folder)):
            for file in files:
                if file.endswith(_TEXTS):
                    names.update(re.findall(rf"\b{role}_\w+", _read(os.path.join(place, file))))
    return names


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def misspelt(given: Iterable[str], role: str) -> list[str]:
    """Return one line for each variable with the prefix of *role* that is near to an option of it.

    Variables that are not near to any may be the user's own.
    """
    options_of_role = options(role)
    suspects = sorted({name for name in given if name.startswith(f"{role}_")} - options_of_role)
    if not suspects:
        return []
    own = _own_names(role)
    return [line for line in (_line(name, options_of_role, role) for name in suspects if name not in own) if line]


def unknown(extra: Iterable[str]) -> list[str]:
    """Return one line for each extra variable (``-e``) that no role and no playbook has, but looks like one of theirs."""
    lines = []
    every = {role: options(role) for role in roles()}
    together = set().union(*every.values())
    for name in sorted(set(extra) - together):
        role = next((role for role in every if name.startswith(f"{role}_")), None)
        if role is not None and name in _own_names(role):
            continue
        line = _line(name, together if role is None else every[role], role)
        if not line and role is not None:
            where = "docs/reference.md" if role == PLAYBOOKS else f"'ansible-doc -t role nvmock.gpu.{role}'"
            line = f"{name}: there is no such variable: {where} lists those that there are"
        if line:
            lines.append(line)
    return lines


def _line(name: str, known: set[str], role: str | None) -> str:
    prefix = "" if role is None else f"{role}_"
    names = [other[len(prefix) :] for other in sorted(known)]
    near = difflib.get_close_matches(name[len(prefix) :], names, 1, _NEAR if prefix else _NEAR_WITH_PREFIX)
    return f"{name}: there is no such variable: did you mean {prefix}{near[0]}?" if near else ""
