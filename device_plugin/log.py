# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""One line a message on stderr, which is what a pod's log is made of."""

from __future__ import annotations

import sys
import threading

_lock = threading.Lock()


def log(message: str) -> None:
    with _lock:
        print(message, file=sys.stderr, flush=True)


class Once:
    """Says a message only when it is another one than before: what goes on for long is said once."""

    def __init__(self) -> None:
        self._last = ""

    def say(self, message: str) -> None:
        if message != self._last:
            self._last = message
            if message:
                log(message)

    def over(self) -> None:
        self._last = ""
