# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The health of GPUs by their state: faults, and the recovery action."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from nvmock_gpu.errors import HostError
from nvmock_gpu.host.view import HostView
from nvmock_gpu.layout.driver_tree import library_directories
from nvmock_gpu.layout.state_faults import HARMLESS_XIDS, MOST_XID, unhealthy
from nvmock_gpu.layout.state_file import NAME, State, read_state
from nvmock_gpu.layout.state_settings import number_of
from nvmock_gpu.layout.state_values import evaluated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .resources import Device

_BOOT = "/proc/sys/kernel/random/boot_id"
_ALL = ("all", "xids")
DISABLE, ENABLE = "DP_DISABLE_HEALTHCHECKS", "DP_ENABLE_HEALTHCHECKS"
"""Variables of the environment of NVIDIA's device plugin: Xids, separated by commas, or one of the words for all."""


def skipped_xids(environment: Mapping[str, str]) -> frozenset[int] | None:
    """Xids that do not count; None if the health by the state does not count at all.

    A word that is neither a number nor means all is ignored, as in NVIDIA's plugin.
    """
    disabled, enabled = (
        [word.strip().lower() for word in environment.get(name, "").split(",")] for name in (DISABLE, ENABLE)
    )
    numbers = frozenset(int(word) for word in disabled if word.isdecimal() and int(word) <= MOST_XID)
    if any(word in _ALL for word in disabled):
        return None
    if any(word in _ALL for word in enabled):
        return frozenset()
    return (HARMLESS_XIDS | numbers) - frozenset(int(word) for word in enabled if word.isdecimal())


class GpuState:
    """The state file of a driver installation, read again only if it has changed.

    :arg driver_root: where the driver installation is on the node.
    """

    def __init__(self, driver_root: str) -> None:
        self._driver_root = driver_root.rstrip("/")
        self._skipped = skipped_xids(os.environ)
        self._stamp: object = None
        self._state: State | None = None
        with HostView("/") as here:
            self._boot = _number_of_boot(here.read_bytes(_BOOT) or b"")

    def look(self, view: HostView, driver_version: str) -> None:
        """Read the state as it is now. Without a file, or with a damaged one, GPUs are at rest."""
        name = NAME.format(V=driver_version)
        for directory in library_directories():
            path = f"{self._driver_root}/{directory}/{name}"
            stamp = view.identity(path)
            if stamp is None:
                continue
            if stamp != self._stamp:
                self._state = self._read(view.read_bytes(path) or b"", path)
                self._stamp = stamp
            return
        self._stamp = self._state = None

    def _read(self, content: bytes, path: str) -> State | None:
        try:
            state = read_state(content, path)
        except HostError:
            return None
        is_of_now = not (state.boot and self._boot and state.boot != self._boot)
        return state if is_of_now else None

    def reason(self, device: Device) -> str:
        """Why a device is unhealthy, "" if it is not."""
        return "" if self._skipped is None else self._told(device, self._skipped)

    def note(self, device: Device) -> str:
        """What has happened to a healthy device, "" if nothing has."""
        return self._told(device, frozenset())

    def _told(self, device: Device, skipped: frozenset[int]) -> str:
        own = {} if self._state is None else self._state.of_gpu(device.gpu.index)
        if not own:
            return ""
        action = evaluated(own, int(time.time() * 1000)).get(number_of("recovery_action"), 0)
        instance = None if device.mig is None else (device.mig.gi, device.mig.ci)
        return unhealthy(own, action, skipped, instance)


def _number_of_boot(content: bytes) -> int:
    text = content.decode("ascii", "replace").strip().replace("-", "")[:16]
    try:
        return int(text, 16)
    except ValueError:
        return 0
