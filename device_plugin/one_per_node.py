# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""On a node, either device plugins or one DRA driver offer the GPUs. Together they would give one GPU to two pods.

Whoever offers GPUs holds flock(2) on the kubelet's directory of device plugins: device plugins a shared lock, a DRA driver an exclusive
one. The lock ends with its process, so there is no file to remove and none that can be left over.
"""

from __future__ import annotations

import fcntl
import os
import time

from nvmock_gpu.errors import NvmockError

DEVICE_PLUGIN = "gpu-mock-device-plugin"
DRA_DRIVER = "gpu-mock-dra-driver"
_PATIENCE = 15.0
"""Seconds to wait for the other program. If one replaces the other, the old pod ends within its grace period."""


class OccupiedError(NvmockError):
    """Another program offers the GPUs of this node."""


def occupy(directory: str, exclusive: bool, patience: float = _PATIENCE) -> int:
    """Hold the lock until the process ends.

    :arg directory: the kubelet's ``device-plugins``.
    :arg exclusive: whether this is the DRA driver.
    :returns: the descriptor that holds the lock.
    :raises OccupiedError: another program offers the GPUs; the message names it.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    end = time.monotonic() + patience
    while not _lock(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH):
        if time.monotonic() >= end:
            other = DEVICE_PLUGIN if exclusive and _lock(descriptor, fcntl.LOCK_SH) else DRA_DRIVER
            os.close(descriptor)
            raise OccupiedError(f"{other} offers the GPUs of this node: stop it, or run only one of the two here")
        time.sleep(min(0.2, patience))
    return descriptor


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
