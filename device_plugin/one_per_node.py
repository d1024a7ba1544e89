# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""On a node, either device plugins or one DRA driver offer the GPUs. Together they would give one GPU to two pods.

A program that offers GPUs holds flock(2) on the kubelet's directory of device plugins: device plugins a shared lock, a DRA driver an
exclusive one. The lock ends with its process, so there is no file to remove and none that can be left over.
"""

from __future__ import annotations

import fcntl
import os
import time

DEVICE_PLUGIN = "gpu-mock-device-plugin"
DRA_DRIVER = "gpu-mock-dra-driver"
_PAUSE = 5.0
"""Seconds that the other program must be gone. If only its pod restarts, it is back within them."""


class Seat:
    """The right to offer the GPUs of a node.

    :arg directory: the kubelet's ``device-plugins``.
    :arg exclusive: whether this is the DRA driver.
    :arg pause: seconds between the end of the other program and the first :meth:`take` that succeeds.
    """

    def __init__(self, directory: str, exclusive: bool, pause: float = _PAUSE) -> None:
        self._directory = directory
        self._exclusive = exclusive
        self._pause = pause
        self._other = ""
        self._not_before = 0.0
        self._descriptor: int | None = None

    def take(self) -> str:
        """Take the right, and hold it until :meth:`leave` or the end of the process.

        :returns: which program has it; an empty text if this one has it now.
        :raises OSError: the directory can't be opened.
        """
        if self._descriptor is not None:
            return ""
        descriptor = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        now = time.monotonic()
        if not _lock(descriptor, fcntl.LOCK_EX if self._exclusive else fcntl.LOCK_SH):
            self._other = DEVICE_PLUGIN if self._exclusive and _lock(descriptor, fcntl.LOCK_SH) else DRA_DRIVER
            self._not_before = now + self._pause
        elif now >= self._not_before:
            self._descriptor = descriptor
            return ""
        os.close(descriptor)
        return f"{self._other} offers the GPUs of this node: stop it, or run only one of the two here"

    def leave(self) -> None:
        """Let another program offer the GPUs."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
