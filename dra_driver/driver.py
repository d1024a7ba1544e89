# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The driver: watches the node, the kubelet's directories and the API server, and keeps all three in agreement."""

from __future__ import annotations

import http.client
import os
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from device_plugin.api_server import ApiError
from device_plugin.log import Once, described, log
from device_plugin.node import Node
from nvmock_gpu.errors import NvmockError
from nvmock_gpu.host.view import HostView

from .devices import OfferedDevice, devices_of
from .health import HealthBoard
from .names import DRIVER, GROUP
from .preparation import Preparation
from .service import SecondDriverError, ServeError, Service
from .slice_keeper import SliceKeeper
from .slices import lists_of
from .store import Store
from .taints import NONE, taint_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from device_plugin.api_server import ApiServer
    from nvmock_gpu.machine.model import Machine

    from .flags import Options

_PATIENCE = 20.0
"""Seconds to wait until a device plugin that was stopped no longer offers GPUs. The kubelet reports every 10 seconds."""


class ClusterError(NvmockError):
    """The cluster can't use this driver."""


class Driver:
    """One driver on one node."""

    def __init__(self, options: Options, server: ApiServer, view: Callable[[str], HostView] = HostView) -> None:
        self.options = options
        self.stopping = threading.Event()
        self._server = server
        self._node = Node(options.host_root, options.driver_root, True, options.cdi_kind, view)
        self._health = HealthBoard(options.node_name)
        self._store = Store(os.path.join(options.kubelet_directory, "plugins", DRIVER), options.cdi_directory)
        self._preparation = Preparation(server, self._store, options.node_name)
        self._service = Service(options.kubelet_directory, self._preparation, self._health)
        self._keeper = SliceKeeper(server, options.node_name, options.interval)
        self._machine: Machine | None = None
        self._devices: list[OfferedDevice] = []
        self._reasons: dict[str, str] = {}
        self._notes: dict[str, str] = {}  # of healthy devices
        self._was_registered = False
        self._waiting = Once()
        self._trouble = Once()

    def run(self) -> None:
        """Run until :attr:`stopping` is set. An error in one check is logged once, and the next check comes as usual.

        :raises ClusterError: the API server does not have ResourceClaims, or a device plugin offers this node's GPUs.
        :raises SecondDriverError: another driver of this name runs on the node.
        """
        self._check_cluster()
        self._store.sweep()
        self._keeper.start()
        try:
            while not self.stopping.is_set():
                try:
                    self.tick()
                    self._trouble.over()
                except SecondDriverError:
                    raise
                except Exception as error:  # other programs write the files on the node and in the kubelet's directory
                    self._trouble.say(f"a check failed, and is repeated: {described(error)}")
                self.stopping.wait(self.options.interval)
        finally:
            self._keeper.stop()
            self._service.stop()
            self._store.close()
            self._say_ready(False)

    def tick(self) -> None:
        """Check everything once."""
        self._look()
        if not self._service.is_there():
            self._service.stop()
            # On a node without a mock, nothing is written. But claims of an earlier machine have to be released.
            if self._machine is None and not self._store.claims:
                self._say_ready(True)
                return
            try:
                self._service.start()
            except SecondDriverError:
                raise
            except ServeError as error:
                self._trouble.say(str(error), "socket")
                self._say_ready(False)
                return
            self._trouble.over("socket")
        # Pods that come before the registration would wait for more than a minute. Later, the slices are independent of it.
        self._was_registered = self._was_registered or self._service.registered
        published = self._was_registered and self._keeper.want(self._slices())
        self._say_ready(published and self._service.registered)

    # -- the node -----------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Take over the machine and the health of its devices."""
        look = self._node.look()
        problem = look.problem
        if look.machine is not None and look.machine != self._machine:
            try:
                self._devices = devices_of(look.machine)
                self._machine = look.machine
                log(f"{len(self._devices)} devices: {' '.join(one.name for one in self._devices)}")
            except Exception as error:
                problem = f"the machine can't be offered: {described(error)}"
        if self._machine is None:
            self._waiting.say(problem)
            return
        reasons = dict.fromkeys((one.name for one in self._devices), problem)
        notes: dict[str, str] = {}
        edits: dict[str, tuple[str, Any]] = {one.name: (one.device.uuid, None) for one in self._devices}
        if not problem:
            try:
                found = self._node.health(one.device for one in self._devices)
                reasons = {one.name: found.reasons.get(one.device.uuid, "") for one in self._devices}
                notes = {one.name: found.notes.get(one.device.uuid, "") for one in self._devices}
                edits = {one.name: (one.device.uuid, self._node.edits(one.device)) for one in self._devices}
            except Exception as error:  # a file of a form that its reader does not expect
                reasons = dict.fromkeys(reasons, f"the node can't be checked: {described(error)}")
        self._log_changes(reasons)
        self._reasons = reasons
        self._notes = notes
        self._health.update(reasons)
        self._preparation.update(edits)

    def _log_changes(self, reasons: dict[str, str]) -> None:
        """Log which devices became unhealthy, and why, or healthy again: one line per reason."""
        changed: dict[str, list[str]] = {}
        for name, reason in reasons.items():
            if reason != self._reasons.get(name, ""):
                changed.setdefault(reason, []).append(name)
        for reason, names in changed.items():
            who = f"all {len(reasons)} devices" if 1 < len(names) == len(reasons) else ", ".join(names)
            verb = "is" if len(names) == 1 else "are"
            log(f"{who} {verb} " + (f"unhealthy: {reason}" if reason else "healthy again"))

    def _slices(self) -> list[list[dict[str, Any]]]:
        taints = {name: taint_of(note, NONE) for name, note in self._notes.items() if note}
        taints.update({name: taint_of(why, self.options.fault_effect) for name, why in self._reasons.items() if why})
        return lists_of(self._devices, taints)

    # -- the cluster --------------------------------------------------------------------------------------------

    def _check_cluster(self) -> None:
        """Refuse a cluster that does not have ResourceClaims, and a node whose GPUs a device plugin offers.

        An API server that does not answer is no reason to end.
        """
        end = time.monotonic() + _PATIENCE
        once = Once()
        while not self.stopping.is_set():
            try:
                self._server.call("GET", GROUP)
                node = self._server.call("GET", f"/api/v1/nodes/{self.options.node_name}")
            except ApiError as error:
                if error.status == http.client.NOT_FOUND:
                    raise ClusterError(
                        f"{error}: resource.k8s.io/v1 is not available: Kubernetes 1.34 or later is needed"
                    ) from None
                once.say(str(error))
                self.stopping.wait(self.options.interval)
                continue
            offered = _offered_by_plugin(node)
            if not offered:
                return
            if time.monotonic() >= end:
                raise ClusterError(
                    f"a device plugin offers {offered} on node {self.options.node_name}: stop it, or run only one of the two"
                    " on a node"
                )
            once.say(f"waiting: a device plugin offers {offered}")
            self.stopping.wait(self.options.interval)

    # -- ends ---------------------------------------------------------------------------------------------------

    def _say_ready(self, ready: bool) -> None:
        """Create or remove the file that the pod's readiness probe checks."""
        path = self.options.ready_file
        if not path or ready == os.path.exists(path):
            return
        if ready:
            with open(path, "w", encoding="ascii"):
                pass
        else:
            with suppress(FileNotFoundError):
                os.unlink(path)


def _offered_by_plugin(node: dict[str, Any]) -> str:
    """The resource of NVIDIA's name that a device plugin offers on a node; an empty text if there is none."""
    allocatable = (node.get("status") or {}).get("allocatable") or {}
    names = [name for name, count in allocatable.items() if name.startswith("nvidia.com/") and str(count) != "0"]
    return min(names, default="")
