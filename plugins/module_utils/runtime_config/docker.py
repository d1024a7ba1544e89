# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""CDI in the Docker daemon: the feature ``cdi`` of daemon.json.

Supported since 25.0, enabled by default since 28.2 (https://github.com/moby/moby/pull/49963).
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
    """Decide what to set in daemon.json.

    :arg text: the content of the file; empty if it does not exist.
    :arg directories: the directories that must be read.
    :raise NvmockError: the file is not a JSON object, or a setting has another type.
    """
    by_default = at_least(version, ON_BY_DEFAULT)
    switch = Setting(_FEATURE, True, "correct" if by_default else "set")
    settings = (switch, Setting(_DIRS, list(directories), "contain", DEFAULT_DIRS))
    _text, changes = apply(text, "json", list(settings))
    default = f"CDI is {'enabled' if by_default else 'disabled'} by default in Docker {version}"
    if not changes:
        _text, absent = apply(text, "json", [switch._replace(ensure="set")])
        said = default if absent else f"{path} enables CDI in Docker {version}"
        return Decision(f"{said}: nothing to change")
    words = []
    for change in changes:
        if change.path == _FEATURE:
            words.append(default if change.before is None else f"{path} disables CDI in Docker {version}")
        else:
            words.append(f"Docker {version} does not read all of {', '.join(directories)}")
    keys = ", ".join(".".join(one.path) for one in changes)
    return Decision(f"{' and '.join(words)}: {keys} set in {path}", path, "json", settings)
