# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The driver: watches the node, the kubelet's directories and the API server, and keeps all three in agreement."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from device_plugin.api_server import ApiError
from device_plugin.check_loop import CheckLoop
from device_plugin.log import Once, described, log
from device_plugin.node import Node
from device_plugin.one_per_node import Seat
from device_plugin.service import plugins_in
from nvmock_gpu.host.view import HostView

from .cluster import check_claims, check_partitions
from .cutter import Cutter
from .devices import OfferedDevice, counter_sets, devices_of
from .health import HealthBoard
from .names import DRIVER
from .preparation import Preparation
from .service import ServeError, Service
from .slice_keeper import SliceKeeper
from .slices import contents_of
from .store import Store
from .taints import NONE, taint_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from device_plugin.api_server import ApiServer
    from nvmock_gpu.machine.model import Machine

    from .flags import Options
    from .slices import Content


class Driver:
    """One driver on one node."""

    def __init__(self, options: Options, server: ApiServer, view: Callable[[str], HostView] = HostView) -> None:
        self.options = options
        self._loop = CheckLoop(options.interval, options.ready_file)
        self.stopping = self._loop.stopping
        self._plugin_directory = os.path.join(options.kubelet_directory, "device-plugins")
        self._seat = Seat(self._plugin_directory, exclusive=True)
        self._alone = False
        self._server = server
        self._node = Node(options.host_root, options.driver_root, True, options.cdi_kind, view)
        self._health = HealthBoard(options.node_name)
        self._store = Store(os.path.join(options.kubelet_directory, "plugins", DRIVER), options.cdi_directory)
        cutter = Cutter(options, view) if options.dynamic_mig else None
        self._preparation = Preparation(server, self._store, options.node_name, cutter)
        self._service = Service(options.kubelet_directory, self._preparation, self._health)
        self._keeper = SliceKeeper(server, options.node_name, options.interval)
        self._machine: Machine | None = None
        self._dynamic: frozenset[int] = frozenset()
        self._devices: list[OfferedDevice] = []
        self._reasons: dict[str, str] = {}
        self._notes: dict[str, str] = {}  # of healthy devices
        self._edits: dict[str, tuple[str, Any]] = {}
        self._was_registered = False
        self._waiting = Once()
        self._trouble = Once()

    def run(self) -> None:
        """Run until :attr:`stopping` is set.

        :raises ClusterError: the API server does not have ResourceClaims.
        """
        self._check_cluster()
        self._keeper.start()
        try:
            self._loop.run(self.tick)
        finally:
            self._keeper.stop()
            self._service.stop()
            self._store.close()
            self._seat.leave()

    def tick(self) -> bool:
        """Check everything once.

        :returns: whether the kubelet has the driver, and the API server its devices.
        """
        self._look()
        served = self._service.is_there()
        # On a node without a mock, nothing is written. But claims of an earlier machine have to be released.
        if not served and self._machine is None and not self._store.claims:
            return True
        if not self._is_alone():
            return False
        if self._machine is not None:
            self._preparation.update(self._edits, self._devices)
        if not served:
            self._service.stop()
            # If another driver of this name has taken the sockets, the slices are its own.
            self._keeper.want(None)
            try:
                self._service.start()
            except ServeError as error:
                self._trouble.say(str(error), "socket")
                return False
            self._trouble.over("socket")
        # Pods that come before the registration would wait for more than a minute. Later, the slices are independent of it.
        self._was_registered = self._was_registered or self._service.registered
        published = self._was_registered and self._keeper.want(self._slices())
        return published and self._service.registered

    # -- the node -----------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Take over the machine and the health of its devices."""
        dynamic = self._preparation.dynamic()
        look = self._node.look()
        problem = look.problem
        if look.machine is not None and (look.machine, dynamic) != (self._machine, self._dynamic):
            try:
                self._offer(devices_of(look.machine, dynamic))
                self._machine, self._dynamic = look.machine, dynamic
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
                found = self._node.health(
                    [one.device for one in self._devices if one.exists],
                    [one.device for one in self._devices if not one.exists],
                )
                reasons = {one.name: found.reasons.get(one.device.uuid, "") for one in self._devices}
                notes = {one.name: found.notes.get(one.device.uuid, "") for one in self._devices}
                edits.update(
                    (one.name, (one.device.uuid, self._node.edits(one.device))) for one in self._devices if one.exists
                )
            except Exception as error:  # a file of a form that its reader does not expect
                reasons = dict.fromkeys(reasons, f"the node can't be checked: {described(error)}")
        self._log_changes(reasons)
        self._reasons = reasons
        self._notes = notes
        self._health.update({**reasons, **self._preparation.problems})
        self._edits = edits

    def _offer(self, devices: list[OfferedDevice]) -> None:
        """Take over the devices, and log them if they are others than before."""
        names = [[one.name for one in some if not one.is_partition] for some in (self._devices, devices)]
        counts = [sum(one.is_partition for one in some) for some in (self._devices, devices)]
        self._devices = devices
        if names[0] != names[1] or counts[0] != counts[1]:
            more = f", and {counts[1]} MIG devices that are created on demand" if counts[1] else ""
            log(f"{len(names[1])} devices: {' '.join(names[1])}{more}")

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

    def _slices(self) -> list[Content]:
        taints = {name: taint_of(note, NONE) for name, note in self._notes.items() if note}
        taints.update({name: taint_of(why, self.options.fault_effect) for name, why in self._reasons.items() if why})
        sets = [] if self._machine is None else counter_sets(self._machine, self._dynamic)
        return contents_of(self._devices, taints, self.options.share_gpus, sets)

    # -- the cluster --------------------------------------------------------------------------------------------

    def _check_cluster(self) -> None:
        """Refuse a cluster that can't use this driver. An API server that does not answer is no reason to end."""
        once = Once()
        while not self.stopping.is_set():
            try:
                check_claims(self._server)
                if self.options.dynamic_mig:
                    check_partitions(self._server, self.options.node_name)
                return
            except ApiError as error:
                once.say(str(error))
                self.stopping.wait(self.options.interval)

    def _is_alone(self) -> bool:
        """Whether no other program offers the GPUs of this node. It stays so: the collection's programs wait from now on."""
        if not self._alone:
            other = self._seat.take()
            if not other:
                offered = _offered_by_plugin(self._server.call("GET", f"/api/v1/nodes/{self.options.node_name}"))
                # A kubelet that has lost its checkpoint leaves the resource of an earlier plugin on the node.
                plugins = sorted(plugins_in(self._plugin_directory)) if offered else []
                if plugins:
                    other = (
                        f"a device plugin offers {offered} on node {self.options.node_name} ({', '.join(plugins)}): stop it,"
                        " or run only one of the two"
                    )
            self._trouble.say(other and f"waiting: {other}", "seat")
            if not other:
                self._alone = True
                # Another driver may have changed them since the start.
                self._store.load()
                self._store.sweep()
        return self._alone


def _offered_by_plugin(node: dict[str, Any]) -> str:
    """The resource of NVIDIA's name that a device plugin offers on a node; an empty text if there is none."""
    allocatable = (node.get("status") or {}).get("allocatable") or {}
    names = [name for name, count in allocatable.items() if name.startswith("nvidia.com/") and str(count) != "0"]
    return min(names, default="")
