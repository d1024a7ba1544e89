# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What a program answered."""

from __future__ import annotations

import concurrent.futures
import subprocess
from collections.abc import Sequence
from typing import NamedTuple


class Answer(NamedTuple):
    """How a program ended.

    ``status`` is its exit status, or -1 where it could not be started or did not end in time. ``missing`` says that there is no
    such program on the PATH.
    """

    status: int
    stdout: str = ""
    stderr: str = ""
    missing: bool = False

    def reason(self, default: str) -> str:
        """The last line with text that it wrote to its standard error."""
        lines = [line.strip() for line in self.stderr.splitlines() if line.strip()]
        return lines[-1] if lines else default


def ask(command: Sequence[str], seconds: int) -> Answer:
    """Run *command* without input; one that takes longer than *seconds* is killed."""
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
    """The answers of *commands*, in their order. They run at the same time."""
    if not commands:
        return []
    with concurrent.futures.ThreadPoolExecutor(max_workers=min(len(commands), 16)) as pool:
        return list(pool.map(lambda command: ask(command, seconds), commands))
