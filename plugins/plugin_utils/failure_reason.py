# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The reason why a task failed, in one line. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

# docker writes this to stderr after every build with its legacy builder, also after a successful one.
_NOTICE = re.compile(r"DEPRECATED|legacy builder|buildx")
# The message of ansible.builtin.command for every program that fails.
_SAYS_NOTHING = "non-zero return code"


def failure_reason(result: Mapping[str, object], default: str = "no output") -> str:
    """Return the last non-empty line of ``stderr``, or the first line of ``msg``, or *default*.

    :arg result: the registered result of a task. The result of a skipped task has neither.
    """
    lines = [line.strip() for line in str(result.get("stderr") or "").splitlines()]
    said = [line for line in lines if line and not _NOTICE.search(line)]
    if said:
        return said[-1]
    message = str(result.get("msg") or "").strip()
    return default if message in ("", _SAYS_NOTHING) else message.splitlines()[0]
