# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What is decided for a container runtime: the settings to make, or nothing, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..errors import NvmockError
from .settings import Setting

# Where the CDI library looks by itself, and so every runtime that is told nothing else:
# https://github.com/cncf-tags/container-device-interface/blob/main/pkg/cdi/spec-dirs.go
DEFAULT_DIRS = ("/etc/cdi", "/var/run/cdi")


class Refused(NvmockError):
    """CDI can't be switched on by changing a file of ours, or not as it was asked for."""


class Decision(NamedTuple):
    """What to do to one runtime.

    :arg reason: why, in words, to be shown to people.
    :arg path: the file to change; empty if nothing has to be changed.
    :arg language: what it is written in, ``toml`` or ``json``.
    :arg settings: what must hold in it.
    """

    reason: str
    path: str = ""
    language: str = "toml"
    settings: tuple[Setting, ...] = ()


def missing(directories: Sequence[str], known: Sequence[str]) -> list[str]:
    """The directories that are not among those that are known, in order, each once."""
    return [one for one in dict.fromkeys(directories) if one not in known]
