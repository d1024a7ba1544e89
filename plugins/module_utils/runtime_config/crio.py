# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""CDI in CRI-O: always enabled since 1.23. Only directories that it does not read need a drop-in.

A list in a drop-in replaces those of other files, so it starts with the directories that CRI-O already reads
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
    """Return the directories in the output of ``crio config``, where defaults are commented out; empty if it has none."""
    match = _LIST.search(answer)
    return re.findall(r'"([^"]+)"', match.group(1)) if match else []


def decide(version: str, drop_in: str, text: str, answer: str | None, directories: Sequence[str]) -> Decision:
    """Decide what to set in the drop-in.

    :arg drop_in: its path.
    :arg text: its content; empty if it does not exist.
    :arg answer: the output of ``crio config``, with imported files and defaults. ``None`` if CRI-O can't be run.
    :arg directories: the directories that must be read.
    :raise NvmockError: the drop-in can't be read.
    """
    own = Document(text).get(*_KEY)
    reads = directories_read(answer or "") or (list(DEFAULT_DIRS) if own is MISSING else own)
    more = missing(directories, reads)
    if not more:
        return Decision(f"CDI is always enabled in CRI-O {version}: nothing to change")
    setting = Setting(_KEY, list(directories), "contain", tuple(reads))
    return Decision(f"CRI-O {version} does not read {', '.join(more)}: added in {drop_in}", drop_in, "toml", (setting,))
