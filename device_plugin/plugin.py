# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The plugin's main loop, which checks the node and the kubelet's socket once a second and follows both."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from nvmock_gpu.errors import NvmockError
from nvmock_gpu.host.view import HostView

from .allocation import FIELD, OFF
from .check_loop import CheckLoop
from .labels import labels_of
from .log import Once, described, log
from .node import Health, Look, Node
from .one_per_node import Seat
from .resources import OfferError, offer
from .service import KUBELET_SOCKET, SOCKET_PREFIX, Offer, ServeError, Service, identity, plugins_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from nvmock_gpu.machine.model import Machine

    from .flags import Options
    from .resources import Resource

# The oldest release that the collection supports. Kubelets before 1.29 would silently ignore the CDI field.
MINIMUM_KUBELET = (1, 31)


class KubeletError(NvmockError):
    """The node's kubelet is too old."""


class Plugin:
    """One plugin on one node.

    :arg kubelet_version: returns the node's kubelet version (``v1.31.0``), None if it can't be determined.
    :arg publish: is called repeatedly with the labels that the node should have, and returns whether the node has them; None to
        set no labels.
    """

    def __init__(
        self,
        options: Options,
        kubelet_version: Callable[[], str | None],
        publish: Callable[[dict[str, str]], bool] | None,
        view: Callable[[str], HostView] = HostView,
    ) -> None:
        self.options = options
        self._loop = CheckLoop(options.interval, options.ready_file)
        self.stopping = self._loop.stopping
        self._seat = Seat(options.plugin_directory, exclusive=False)
        self._kubelet_version = kubelet_version
        self._publish = publish
        self._node = Node(options.host_root, options.driver_root, options.cdi != OFF, options.cdi_kind, view)
        self._kubelet: tuple[int, int] | None = None
        self._services: dict[str, Service] = {}
        self._registered: set[str] = set()
        self._rivals: dict[str, dict[str, tuple[int, int]]] = {}
        self._machine: Machine | None = None
        self._resources: list[Resource] = []
        self._labels: dict[str, str] = {}
        self._labelled = publish is None
        self._waiting = Once()
        self._trouble = Once()

    def run(self) -> None:
        """Run until :attr:`stopping` is set.

        :raises KubeletError: the node's kubelet is too old for the CDI field.
        """
        self._check_kubelet()
        try:
            self._loop.run(self.tick)
        finally:
            self._stop_services()
            self._seat.leave()

    def tick(self) -> bool:
        """Check everything once.

        :returns: whether the kubelet has all resources, and the node its labels.
        """
        offers = self._look()
        other = self._seat.take() if offers else ""
        self._trouble.say(other and f"waiting: {other}", "seat")
        if other:
            return False
        kubelet = identity(os.path.join(self.options.plugin_directory, KUBELET_SOCKET))
        if kubelet != self._kubelet or any(not service.is_there() for service in self._services.values()):
            # A starting kubelet has removed the plugin's sockets and its registrations.
            self._stop_services()
            self._kubelet = kubelet
        if kubelet is None:
            if offers:
                self._waiting.say(f"waiting for a kubelet: no {KUBELET_SOCKET} in {self.options.plugin_directory}")
            return not offers and self._labelled
        self._serve(offers)
        self._watch_rivals()
        return self._registered == set(offers) and self._labelled

    # -- the node -----------------------------------------------------------------------------------------------

    def _look(self) -> dict[str, Offer]:
        """The resources as they are now, by name."""
        look = self._node.look()
        if look.machine is not None and look.machine != self._machine:
            try:
                self._take(look.machine)
            except Exception as error:
                look = Look(None, f"the machine can't be offered: {described(error)}")
        if self._publish is not None:
            self._labelled = self._publish(self._labels if look.machine is not None else {})
        if self._machine is None:
            self._waiting.say(look.problem)
            return {}
        offers = {}
        for resource in self._resources:
            offers[resource.name] = self._offer(self._machine, resource, look.problem)
        return offers

    def _offer(self, machine: Machine, resource: Resource, problem: str) -> Offer:
        """A resource with the health of its devices.

        :arg problem: why all devices are unhealthy.
        """
        devices = {device.uuid: device for device in resource.devices.values()}
        if not problem:
            try:
                numa = {uuid: self._node.numa_node(device) for uuid, device in devices.items()}
                known = {uuid: number for uuid, number in numa.items() if number is not None}
                return Offer(machine, resource, self._node.health(devices.values()), known)
            except Exception as error:  # a file of a form that its reader does not expect
                problem = f"the node can't be checked: {described(error)}"
        return Offer(machine, resource, Health(dict.fromkeys(devices, problem)))

    def _take(self, machine: Machine) -> None:
        self._labels = labels_of(machine, self.options.mig_strategy, self.options.sharing)
        self._machine = machine
        if not self.options.devices:
            return
        try:
            self._resources = offer(machine, self.options.mig_strategy, self.options.sharing)
        except OfferError as error:
            log(str(error))
            self._resources = []
        for resource in self._resources:
            log(f"{resource.name}: {len(resource.devices)} devices")

    # -- the kubelet --------------------------------------------------------------------------------------------

    def _check_kubelet(self) -> None:
        version = self._kubelet_version() if self.options.cdi == FIELD and self.options.devices else None
        release = parse_version(version or "")
        if release is not None and release < MINIMUM_KUBELET:
            least = ".".join(map(str, MINIMUM_KUBELET))
            raise KubeletError(
                f"--cdi: '{FIELD}' is not possible with kubelet {version}: Kubernetes {least} or later is needed"
                f" ('{OFF}' passes device nodes only)"
            )

    def _serve(self, offers: dict[str, Offer]) -> None:
        for name in [name for name in self._services if name not in offers]:
            log(f"{name}: no longer offered")
            self._drop(name)
        for name, one in offers.items():
            service = self._services.get(name)
            if service is not None:
                service.update(one)
                if name in self._registered:
                    continue
            else:
                # Start with all devices healthy, so that unhealthy ones are logged.
                first = Offer(one.machine, one.resource)
                service = Service(self.options.plugin_directory, first, self.options.cdi, self.options.sharing.one_only)
                try:
                    service.start()
                except ServeError as error:
                    self._trouble.say(str(error), name)
                    continue
                self._trouble.over(name)
                service.update(one)
                self._services[name] = service
            self._register(service)

    def _register(self, service: Service) -> None:
        try:
            service.register()
        except ServeError as error:
            self._trouble.say(str(error), service.name)
            return
        self._trouble.over(service.name)
        self._waiting.over()
        self._registered.add(service.name)
        log(f"{service.name}: registered with the kubelet")

    def _watch_rivals(self) -> None:
        """Handle another plugin for the same resource.

        The kubelet keeps only the plugin that registered last. Log that, and register again when the other one is gone.
        """
        for name, service in self._services.items():
            if name in self._rivals:
                if any(identity(path) != known for path, known in self._rivals[name].items()):
                    del self._rivals[name]
                    self._registered.discard(name)  # the next tick registers again
            elif name in self._registered and service.forgotten:
                others = plugins_in(self.options.plugin_directory, SOCKET_PREFIX)
                if others:
                    self._rivals[name] = others
                    log(
                        f"{name}: the kubelet no longer uses this plugin: another plugin offers it as well"
                        f" ({', '.join(sorted(others))}): stop one of the two"
                    )
                else:
                    # No other plugin exists: the kubelet is about to restart, or the connection broke.
                    self._registered.discard(name)

    # -- ends ---------------------------------------------------------------------------------------------------

    def _drop(self, name: str) -> None:
        self._services.pop(name).stop()
        self._registered.discard(name)
        self._rivals.pop(name, None)

    def _stop_services(self) -> None:
        for name in list(self._services):
            self._drop(name)


def parse_version(text: str) -> tuple[int, int] | None:
    """Return (1, 31) for ``v1.31.0-rc.1``; None for anything else."""
    match = re.match(r"v?([0-9]+)\.([0-9]+)", text)
    return None if match is None else (int(match[1]), int(match[2]))
