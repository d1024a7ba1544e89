# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""One resource, served to the kubelet on a Unix socket."""

from __future__ import annotations

import os
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc

from nvmock_gpu.errors import NvmockError

from . import api
from .allocation import answer
from .log import Once, log, one_line
from .node import Health
from .preference import RequestError, prefer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nvmock_gpu.machine.model import Machine

    from .resources import Resource

VERSION = "v1beta1"
HEALTHY = "Healthy"
UNHEALTHY = "Unhealthy"
KUBELET_SOCKET = "kubelet.sock"
SOCKET_PREFIX = "nvmock-"
MOST_STREAMS = 16
"""A kubelet has one ListAndWatch stream. More are left over from before, or belong to other programs."""
_WORKERS = 8
_PATH_MAX = 107  # bytes of sun_path
_METHODS = {
    "GetDevicePluginOptions": (api.Empty, api.DevicePluginOptions),
    "GetPreferredAllocation": (api.PreferredAllocationRequest, api.PreferredAllocationResponse),
    "Allocate": (api.AllocateRequest, api.AllocateResponse),
    "PreStartContainer": (api.PreStartContainerRequest, api.PreStartContainerResponse),
}


class ServeError(NvmockError):
    """The resource can't be served."""


@dataclass
class Offer:
    """What is offered at one moment.

    :ivar numa: NUMA node by UUID, if it is known.
    """

    machine: Machine
    resource: Resource
    health: Health = field(default_factory=Health)
    numa: dict[str, int] = field(default_factory=dict)

    def devices(self) -> api.ListAndWatchResponse:
        """The list for the kubelet."""
        response = api.ListAndWatchResponse()
        for device_id, device in self.resource.devices.items():
            one = response.devices.add(
                ID=device_id, health=UNHEALTHY if device.uuid in self.health.reasons else HEALTHY
            )
            if device.uuid in self.numa:
                one.topology.nodes.add(ID=self.numa[device.uuid])
        return response


class Service:
    """The DevicePlugin service of one resource.

    Each ListAndWatch stream waits in a thread of the server's pool until something changes. The pool has threads for
    :data:`MOST_STREAMS` streams and :data:`_WORKERS` more, and a further stream ends the oldest one. So streams never use the
    threads that the other calls need.

    :arg directory: the kubelet's plugin directory.
    :arg cdi: how devices are passed to a container: ``field`` or ``off``.
    :ivar forgotten: whether the stream that followed the last registration has ended.
    """

    def __init__(self, directory: str, offer: Offer, cdi: str, one_only: bool) -> None:
        self.name = offer.resource.name
        self.endpoint = SOCKET_PREFIX + self.name.partition("/")[2] + ".sock"
        self.path = os.path.join(directory, self.endpoint)
        self.forgotten = False
        self._directory = directory
        self._offer = offer
        # What the streams send. Each change has a number, because comparing lists of thousands of shares takes long.
        self._list = offer.devices()
        self._list_number = 1
        self._cdi = cdi
        self._one_only = one_only
        self._changed = threading.Condition()
        self._stopped = False
        # The open streams, oldest first.
        self._streams: list[grpc.ServicerContext] = []
        # The first stream since the last registration: the kubelet opens it at once.
        self._watcher: grpc.ServicerContext | None = None
        self._crowd = Once()
        self._server: grpc.Server | None = None
        self._identity: tuple[int, int] | None = None

    # -- life ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Listen on the socket. A stale socket of a dead plugin is removed.

        :raises ServeError: another plugin listens there, or the socket can't be made.
        """
        if len(os.fsencode(self.path)) > _PATH_MAX:
            raise ServeError(f"{self.path} is too long for a socket: {_PATH_MAX} bytes are allowed")
        try:
            if os.path.lexists(self.path):
                if answers(self.path):
                    raise ServeError(f"{self.path}: another gpu-mock-device-plugin serves {self.name} here: stop one")
                os.unlink(self.path)
                log(f"{self.name}: removed the stale socket {self.path}")
            pool = ThreadPoolExecutor(max_workers=MOST_STREAMS + _WORKERS)
            server = grpc.server(pool, options=(("grpc.so_reuseport", 0),))
            server.add_generic_rpc_handlers((self._handlers(),))
            server.add_insecure_port("unix://" + self.path)
            server.start()
            self._identity = identity(self.path)
        except (OSError, RuntimeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "the socket can't be made"
            raise ServeError(f"{self.path}: {reason}: is the directory mounted and writable for root?") from None
        self._server = server

    def stop(self) -> None:
        """End all streams, stop listening, remove the socket."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._server is not None:
            self._server.stop(grace=1).wait(3)
        if self.is_there():
            with suppress(OSError):  # a starting kubelet removes it as well
                os.unlink(self.path)

    def is_there(self) -> bool:
        """Whether this service's socket still exists: a starting kubelet removes all sockets in the directory."""
        return self._identity is not None and identity(self.path) == self._identity

    def register(self) -> None:
        """Register the resource with the kubelet.

        :raises ServeError: the kubelet does not answer, or refuses.
        """
        with self._changed:
            self._watcher, self.forgotten = None, False
        request = api.RegisterRequest(version=VERSION, endpoint=self.endpoint, resource_name=self.name)
        request.options.get_preferred_allocation_available = True
        path = os.path.join(self._directory, KUBELET_SOCKET)
        # Go's servers refuse the authority that grpc derives from a socket's path.
        with grpc.insecure_channel("unix://" + path, options=(("grpc.default_authority", "localhost"),)) as channel:
            call = channel.unary_unary(
                f"/{VERSION}.Registration/Register",
                request_serializer=api.RegisterRequest.SerializeToString,
                response_deserializer=api.Empty.FromString,
            )
            try:
                call(request, timeout=5)
            except grpc.RpcError as error:
                if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
                    raise ServeError(
                        f"{path}: no kubelet answers there (it is starting, or the socket is stale)"
                    ) from None
                raise ServeError(f"the kubelet refuses {self.name}: {error.details()}") from None

    def update(self, offer: Offer) -> None:
        """Serve *offer* from now on, and send the kubelet a changed list."""
        devices = offer.devices()
        with self._changed:
            _log_changes(self._offer.health, offer)
            self._offer = offer
            if devices != self._list:
                self._list = devices
                self._list_number += 1
                self._changed.notify_all()

    # -- calls --------------------------------------------------------------------------------------------------

    def _handlers(self) -> grpc.GenericRpcHandler:
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(
                getattr(self, name),
                request_deserializer=request.FromString,
                response_serializer=response.SerializeToString,
            )
            for name, (request, response) in _METHODS.items()
        }
        handlers["ListAndWatch"] = grpc.unary_stream_rpc_method_handler(
            self.ListAndWatch,
            request_deserializer=api.Empty.FromString,
            response_serializer=api.ListAndWatchResponse.SerializeToString,
        )
        return grpc.method_handlers_generic_handler(f"{VERSION}.DevicePlugin", handlers)

    def GetDevicePluginOptions(self, _request: api.Empty, _context: grpc.ServicerContext) -> api.DevicePluginOptions:
        return api.DevicePluginOptions(get_preferred_allocation_available=True)

    def PreStartContainer(
        self, _request: api.PreStartContainerRequest, _context: grpc.ServicerContext
    ) -> api.PreStartContainerResponse:
        return api.PreStartContainerResponse()

    def ListAndWatch(self, _request: api.Empty, context: grpc.ServicerContext) -> Iterator[api.ListAndWatchResponse]:
        oldest = self._opened(context)
        if oldest is not None:
            self._crowd.say(f"{self.name}: more than {MOST_STREAMS} open ListAndWatch streams: the oldest is ended")
            oldest.cancel()
        sent = 0
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda sent=sent: self._stopped or not context.is_active() or self._list_number != sent
                )
                if self._stopped or not context.is_active():
                    return
                sent, devices = self._list_number, self._list
            yield devices

    def _opened(self, context: grpc.ServicerContext) -> grpc.ServicerContext | None:
        """Note an open stream.

        :returns: the stream that must end, if there are too many.
        """

        def ended() -> None:
            with self._changed:
                if context in self._streams:
                    self._streams.remove(context)
                    self._crowd.over()
                if context is self._watcher:
                    self.forgotten = True
                self._changed.notify_all()

        with self._changed:
            self._streams.append(context)
            if self._watcher is None:
                self._watcher = context
            oldest = self._streams.pop(0) if len(self._streams) > MOST_STREAMS else None
        if not context.add_callback(ended):
            ended()  # it ended before this thread began
        return oldest

    def GetPreferredAllocation(
        self, request: api.PreferredAllocationRequest, context: grpc.ServicerContext
    ) -> api.PreferredAllocationResponse:
        response = api.PreferredAllocationResponse()
        offer = self._offer
        try:
            for one in request.container_requests:
                ids = prefer(
                    offer.machine,
                    offer.resource,
                    one.available_deviceIDs,
                    one.must_include_deviceIDs,
                    one.allocation_size,
                )
                response.container_responses.add(deviceIDs=ids)
        except RequestError as error:
            self._refuse(context, grpc.StatusCode.INVALID_ARGUMENT, str(error))
        return response

    def Allocate(self, request: api.AllocateRequest, context: grpc.ServicerContext) -> api.AllocateResponse:
        response = api.AllocateResponse()
        offer = self._offer
        try:
            if not request.container_requests:
                raise RequestError("no container requests a device")
            for one in request.container_requests:
                for device_id in one.devicesIDs:
                    device = offer.resource.devices.get(device_id)
                    if device is not None and device.uuid in offer.health.reasons:
                        reason = offer.health.reasons[device.uuid]
                        self._refuse(
                            context, grpc.StatusCode.FAILED_PRECONDITION, f"{device.uuid} is unhealthy: {reason}"
                        )
                response.container_responses.append(
                    answer(
                        offer.resource,
                        one.devicesIDs,
                        self._cdi,
                        offer.health.cdi_names,
                        offer.health.control_nodes,
                        self._one_only,
                    )
                )
                log(f"{self.name}: allocated {' '.join(one.devicesIDs)}")
        except RequestError as error:
            self._refuse(context, grpc.StatusCode.INVALID_ARGUMENT, str(error))
        return response

    def _refuse(self, context: grpc.ServicerContext, code: grpc.StatusCode, message: str) -> None:
        log(f"{self.name}: refused: {message}")
        context.abort(code, one_line(message))


def identity(path: str) -> tuple[int, int] | None:
    """Return what distinguishes a socket from a later one with the same path."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def answers(path: str) -> bool:
    """Whether a process listens on a socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(path)
        except OSError:
            return False
        return True


def plugins_in(directory: str, but: str = "") -> dict[str, tuple[int, int]]:
    """The sockets of running device plugins in the kubelet's directory, with their identities.

    :arg but: beginning of the names to leave out.
    """
    found = {}
    for entry in os.listdir(directory):
        path = os.path.join(directory, entry)
        known = identity(path)
        known_name = entry == KUBELET_SOCKET or (but and entry.startswith(but))
        if entry.endswith(".sock") and not known_name and known is not None and answers(path):
            found[path] = known
    return found


def _log_changes(before: Health, after: Offer) -> None:
    """Log which devices became unhealthy, and why, or healthy again: one line per reason."""
    uuids = dict.fromkeys(device.uuid for device in after.resource.devices.values())
    changed: dict[str | None, list[str]] = {}
    for uuid in uuids:
        reason = after.health.reasons.get(uuid)
        if reason != before.reasons.get(uuid):
            changed.setdefault(reason, []).append(uuid)
    for reason, some in changed.items():
        if len(some) == 1:
            who = f"{some[0]} is"
        else:
            who = ("all %d devices" % len(uuids) if len(some) == len(uuids) else ", ".join(some)) + " are"
        log(f"{after.resource.name}: {who} " + ("healthy again" if reason is None else f"unhealthy: {reason}"))
