# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The decision for a container runtime: the settings to make, if any, and the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..errors import NvmockError
from .settings import Setting

# The default directories of the CDI library, and of every runtime that is not configured otherwise:
# https://github.com/cncf-tags/container-device-interface/blob/main/pkg/cdi/spec-dirs.go
DEFAULT_DIRS = ("/etc/cdi", "/var/run/cdi")


class Refused(NvmockError):
    """CDI can't be enabled by changing a managed file, or not with the requested directories."""


class Decision(NamedTuple):
    """What to do to one runtime.

    :arg reason: the reason, to show to users.
    :arg path: the file to change; empty if no change is needed.
    :arg language: its format, ``toml`` or ``json``.
    :arg settings: the settings that it must have.
    """

    reason: str
    path: str = ""
    language: str = "toml"
    settings: tuple[Setting, ...] = ()


def missing(directories: Sequence[str], known: Sequence[str]) -> list[str]:
    """Return the directories that are not in *known*, in order, without duplicates."""
    return [one for one in dict.fromkeys(directories) if one not in known]
