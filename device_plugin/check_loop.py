# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The main loop of the device plugin and of the DRA driver: one check of everything after another, and the file that says the result."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from .log import Once, described

if TYPE_CHECKING:
    from collections.abc import Callable


class CheckLoop:
    """Repeats a check.

    :arg interval: seconds between two checks.
    :arg ready_file: exists while all is well; the pod's readiness probe looks for it. Empty for none.
    :ivar stopping: ends the loop.
    """

    def __init__(self, interval: float, ready_file: str) -> None:
        self.stopping = threading.Event()
        self._interval = interval
        self._ready_file = ready_file
        self._trouble = Once()

    def run(self, check: Callable[[], bool]) -> None:
        """Call *check* until :attr:`stopping` is set. An error is logged once, and the next check comes as usual.

        :arg check: returns whether all is well.
        """
        try:
            while not self.stopping.is_set():
                ready = False
                try:
                    ready = check()
                    self._trouble.over()
                except Exception as error:  # other programs write the files on the node and in the kubelet's directory
                    self._trouble.say(f"a check failed, and is repeated: {described(error)}")
                self._say_ready(ready)
                self.stopping.wait(self._interval)
        finally:
            self._say_ready(False)

    def _say_ready(self, ready: bool) -> None:
        path = self._ready_file
        if not path or ready == os.path.exists(path):
            return
        if ready:
            with open(path, "w", encoding="ascii"):
                pass
        else:
            with suppress(FileNotFoundError):
                os.unlink(path)
