# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""CDI in Podman: always on since 4.1.

Before 5.5 it always reads /etc/cdi and /var/run/cdi. Since then it can be told
(https://github.com/containers/podman/pull/25717), and some releases read /etc/cdi alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from .decision import DEFAULT_DIRS, Decision, Refused, missing
from .settings import Setting, apply
from .versions import at_least

PROGRAM = "podman"
MINIMUM = "4.1.0"
CONFIGURABLE = "5.5"

_KEY = ("engine", "cdi_spec_dirs")


def decide(version: str, drop_in: str, text: str, directories: Sequence[str]) -> Decision:
    """What to set in the drop-in.

    :arg drop_in: its path.
    :arg text: what is in it; empty if it is not there.
    :arg directories: those that must be read.
    :raise Refused: this release can't be told of other directories.
    """
    nothing = Decision(f"CDI is always on in Podman {version}: nothing to change")
    if not at_least(version, CONFIGURABLE):
        more = missing(directories, DEFAULT_DIRS)
        if more:
            raise Refused(
                f"cdi_spec_dirs: podman {version} reads {' and '.join(DEFAULT_DIRS)} only (5.5 and newer can be told): leave "
                f"{', '.join(more)} out, or podman"
            )
        return nothing
    more = missing(directories, ["/etc/cdi"])
    if not more:
        return nothing
    # Appended to what other files or the default say, as a plain list would take its place.
    setting = Setting(_KEY, [*more, {"append": True}])
    _text, changes = apply(text, "toml", [setting])
    if not changes:
        return Decision(f"{drop_in} has Podman {version} read {', '.join(more)}: nothing to change")
    return Decision(
        f"Podman {version} does not read {', '.join(more)}: added in {drop_in}", drop_in, "toml", (setting,)
    )
