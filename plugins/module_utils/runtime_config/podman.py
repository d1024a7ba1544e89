# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""CDI in Podman: always enabled since 4.1.

Before 5.5 it always reads /etc/cdi and /var/run/cdi. Since then the directories can be configured
(https://github.com/containers/podman/pull/25717), and some releases only read /etc/cdi.
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
    """Decide what to set in the drop-in.

    :arg drop_in: its path.
    :arg text: its content; empty if it does not exist.
    :arg directories: the directories that must be read.
    :raise Refused: the directories of this release can't be configured.
    """
    nothing = Decision(f"CDI is always enabled in Podman {version}: nothing to change")
    if not at_least(version, CONFIGURABLE):
        more = missing(directories, DEFAULT_DIRS)
        if more:
            raise Refused(
                f"cdi_spec_dirs: podman {version} only reads {' and '.join(DEFAULT_DIRS)} (5.5 and newer are configurable): remove "
                f"{', '.join(more)}, or podman"
            )
        return nothing
    more = missing(directories, ["/etc/cdi"])
    if not more:
        return nothing
    # Appended to the list of other files or the default, because a plain list would replace it.
    setting = Setting(_KEY, [*more, {"append": True}])
    _text, changes = apply(text, "toml", [setting])
    if not changes:
        return Decision(f"{drop_in} lists {', '.join(more)} for Podman {version}: nothing to change")
    return Decision(
        f"Podman {version} does not read {', '.join(more)}: added in {drop_in}", drop_in, "toml", (setting,)
    )
