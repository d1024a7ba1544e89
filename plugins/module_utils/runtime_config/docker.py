# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""CDI in the Docker daemon: the feature ``cdi`` of daemon.json.

Known since 25.0, on by default since 28.2 (https://github.com/moby/moby/pull/49963).
"""

from __future__ import annotations

from collections.abc import Sequence

from .decision import DEFAULT_DIRS, Decision
from .settings import Setting, apply
from .versions import at_least

PROGRAM = "dockerd"
MINIMUM = "25.0.0"
ON_BY_DEFAULT = "28.2"

_FEATURE = ("features", "cdi")
_DIRS = ("cdi-spec-dirs",)


def decide(version: str, path: str, text: str, directories: Sequence[str]) -> Decision:
    """What to set in daemon.json.

    :arg text: the file; empty if it is not there.
    :arg directories: those that must be read.
    :raise NvmockError: the file is no JSON object, or has something else where a setting should be.
    """
    by_default = at_least(version, ON_BY_DEFAULT)
    switch = Setting(_FEATURE, True, "correct" if by_default else "set")
    settings = (switch, Setting(_DIRS, list(directories), "contain", DEFAULT_DIRS))
    _text, changes = apply(text, "json", list(settings))
    default = f"CDI is {'on' if by_default else 'off'} by default in Docker {version}"
    if not changes:
        _text, absent = apply(text, "json", [switch._replace(ensure="set")])
        said = default if absent else f"{path} has CDI on in Docker {version}"
        return Decision(f"{said}: nothing to change")
    words = []
    for change in changes:
        if change.path == _FEATURE:
            words.append(default if change.before is None else f"{path} has CDI off in Docker {version}")
        else:
            words.append(f"Docker {version} does not read all of {', '.join(directories)}")
    keys = ", ".join(".".join(one.path) for one in changes)
    return Decision(f"{' and '.join(words)}: {keys} set in {path}", path, "json", settings)
