# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""CDI in CRI-O: always on since 1.23; only directories that it does not read need a drop-in.

A list in a drop-in takes the place of those in other files, so it is made of what CRI-O reads already
(crio.conf.d(5) of https://github.com/cri-o/cri-o).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .decision import DEFAULT_DIRS, Decision, missing
from .settings import Setting
from .toml_edit import MISSING, Document

PROGRAM = "crio"
MINIMUM = "1.23.0"

_KEY = ("crio", "runtime", "cdi_spec_dirs")
_LIST = re.compile(r"(?m)^(?:# )?cdi_spec_dirs = \[([^\]]*)\]")


def directories_read(answer: str) -> list[str]:
    """The directories in what ``crio config`` prints, where what is the default stands behind ``# ``; empty if it has none."""
    match = _LIST.search(answer)
    return re.findall(r'"([^"]+)"', match.group(1)) if match else []


def decide(version: str, drop_in: str, text: str, answer: str | None, directories: Sequence[str]) -> Decision:
    """What to set in the drop-in.

    :arg drop_in: its path.
    :arg text: what is in it; empty if it is not there.
    :arg answer: what ``crio config`` prints: imported files and defaults included. ``None`` if it can't be asked.
    :arg directories: those that must be read.
    :raise NvmockError: the drop-in can't be read.
    """
    own = Document(text).get(*_KEY)
    reads = directories_read(answer or "") or (list(DEFAULT_DIRS) if own is MISSING else own)
    more = missing(directories, reads)
    if not more:
        return Decision(f"CDI is always on in CRI-O {version}: nothing to change")
    setting = Setting(_KEY, list(directories), "contain", tuple(reads))
    return Decision(f"CRI-O {version} does not read {', '.join(more)}: added in {drop_in}", drop_in, "toml", (setting,))
