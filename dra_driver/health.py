# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The health of the devices, for the kubelet's stream: pods show it in ``allocatedResourcesStatus``."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from nvmock_gpu.errors import shortened

from . import kubelet_api as api

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REPEAT = 10.0
_TIMEOUT = 30
"""Seconds after which the kubelet shows the health as unknown, unless it has heard of the device again."""
_MOST_MESSAGE = 1000


class HealthBoard:
    """What is known of each device now.

    :arg pool: name of the node's pool.
    """

    def __init__(self, pool: str) -> None:
        self._pool = pool
        self._changed = threading.Condition()
        self._reasons: dict[str, str] = {}
        self._number = 0

    def update(self, reasons: Mapping[str, str]) -> None:
        """Set the health of all devices.

        :arg reasons: by name of the device; an empty text if it is healthy.
        """
        with self._changed:
            if dict(reasons) != self._reasons:
                self._reasons = dict(reasons)
                self._number += 1
                self._changed.notify_all()

    def wake(self) -> None:
        """Let all who wait look whether their stream has ended."""
        with self._changed:
            self._changed.notify_all()

    def next(self, seen: int, is_active: Callable[[], bool]) -> tuple[int, api.NodeWatchResourcesResponse] | None:
        """Wait for the next message of a stream.

        :arg seen: number of the message before; -1 for the first one.
        :returns: the number and the message; None if the stream has to end.
        """
        with self._changed:
            self._changed.wait_for(lambda: not is_active() or self._number != seen, REPEAT)
            if not is_active():
                return None
            return self._number, self._message()

    def _message(self) -> api.NodeWatchResourcesResponse:
        response = api.NodeWatchResourcesResponse()
        now = int(time.time())
        for name, reason in self._reasons.items():
            response.devices.add(
                device=api.DeviceIdentifier(pool_name=self._pool, device_name=name),
                health=api.UNHEALTHY if reason else api.HEALTHY,
                last_updated_time=now,
                health_check_timeout_seconds=_TIMEOUT,
                message=shortened(reason, _MOST_MESSAGE),
            )
        return response
