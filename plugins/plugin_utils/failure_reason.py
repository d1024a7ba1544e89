# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Why a task failed, in one line. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

# What docker writes on stderr after every build by its legacy builder, whether that failed or not.
_NOTICE = re.compile(r"DEPRECATED|legacy builder|buildx")
# What ansible.builtin.command says of every program that fails.
_SAYS_NOTHING = "non-zero return code"


def failure_reason(result: Mapping[str, object], default: str = "no output") -> str:
    """The last line with text in ``stderr``, else the first of ``msg``, else *default*.

    :arg result: a task's registered result. Where the task was skipped, it has neither.
    """
    lines = [line.strip() for line in str(result.get("stderr") or "").splitlines()]
    said = [line for line in lines if line and not _NOTICE.search(line)]
    if said:
        return said[-1]
    message = str(result.get("msg") or "").strip()
    return default if message in ("", _SAYS_NOTHING) else message.splitlines()[0]
