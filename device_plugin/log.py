# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""One line per message on stderr, which becomes the pod's log."""

from __future__ import annotations

import sys
import threading

from nvmock_gpu.errors import shortened

_lock = threading.Lock()
_MOST = 8000  # characters of a line: the UUIDs of 64 GPUs fit


def log(message: str) -> None:
    with _lock:
        print(one_line(message), file=sys.stderr, flush=True)


def one_line(text: str) -> str:
    """Return *text*, which can contain what a file on the node says, as one line that any terminal and gRPC accept."""
    if not text.isprintable():
        text = "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
    return shortened(text, _MOST)


def described(error: Exception) -> str:
    """An unexpected error in a few words."""
    return shortened(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__, 300)


class Once:
    """Logs a message only if it differs from the last one about the same thing, so that a lasting problem is logged once."""

    def __init__(self) -> None:
        self._last: dict[str, str] = {}

    def say(self, message: str, about: str = "") -> None:
        if message != self._last.get(about, ""):
            self._last[about] = message
            if message:
                log(message)

    def over(self, about: str = "") -> None:
        self._last.pop(about, None)
