# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The result of running a program."""

from __future__ import annotations

import concurrent.futures
import subprocess
from collections.abc import Sequence
from typing import NamedTuple


class Answer(NamedTuple):
    """The result of a program.

    ``status`` is its exit status, or -1 if it could not be started or did not end in time. ``missing`` is true if the program is
    not on the PATH.
    """

    status: int
    stdout: str = ""
    stderr: str = ""
    missing: bool = False

    def reason(self, default: str) -> str:
        """Return the last non-empty line that the program wrote to standard error, or *default*."""
        lines = [line.strip() for line in self.stderr.splitlines() if line.strip()]
        return lines[-1] if lines else default


def ask(command: Sequence[str], seconds: int) -> Answer:
    """Run *command* without input. It is killed if it takes longer than *seconds*."""
    try:
        done = subprocess.run(
            list(command), stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False, errors="replace"
        )
    except FileNotFoundError:
        return Answer(-1, missing=True)
    except OSError as error:
        return Answer(-1, stderr=str(error))
    except subprocess.TimeoutExpired:
        return Answer(-1, stderr=f"no answer in {seconds} s")
    return Answer(done.returncode, done.stdout, done.stderr)


def ask_all(commands: Sequence[Sequence[str]], seconds: int) -> list[Answer]:
    """Run *commands* in parallel, and return their results in the same order."""
    if not commands:
        return []
    with concurrent.futures.ThreadPoolExecutor(max_workers=min(len(commands), 16)) as pool:
        return list(pool.map(lambda command: ask(command, seconds), commands))
