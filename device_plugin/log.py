# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""One line per message on stderr, which becomes the pod's log."""

from __future__ import annotations

import sys
import threading

_lock = threading.Lock()


def log(message: str) -> None:
    with _lock:
        print(message, file=sys.stderr, flush=True)


class Once:
    """Logs a message only if it differs from the last one, so that a lasting problem is logged once."""

    def __init__(self) -> None:
        self._last = ""

    def say(self, message: str) -> None:
        if message != self._last:
            self._last = message
            if message:
                log(message)

    def over(self) -> None:
        self._last = ""
