# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The two sockets of a DRA driver: the kubelet finds the first in its plugins_registry, which names the second."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import grpc

from device_plugin.log import log
from device_plugin.service import answers, identity
from nvmock_gpu.errors import NvmockError

from . import kubelet_api as api
from .names import DRIVER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .health import HealthBoard
    from .preparation import Preparation

# The kubelet takes the first version that it knows of each service.
VERSIONS = ("v1.DRAPlugin", "v1beta1.DRAPlugin", "v1.DRAResourceHealth", "v1alpha1.DRAResourceHealth")
_DRA = ("k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin", "k8s.io.kubelet.pkg.apis.dra.v1beta1.DRAPlugin")
_HEALTH = ("v1.DRAResourceHealth", "v1alpha1.DRAResourceHealth")
_REGISTRATION = "pluginregistration.Registration"
_MOST_STREAMS = 16
"""A kubelet has one health stream. More are left over from before, or belong to other programs."""
_WORKERS = 8
_PATH_MAX = 107  # bytes of sun_path


class ServeError(NvmockError):
    """The driver can't be served."""


class Service:
    """Registration, DRAPlugin and DRAResourceHealth.

    :arg kubelet_directory: the kubelet's root directory, with the same path here and on the node.
    :ivar registered: whether the kubelet has accepted the driver.
    """

    def __init__(self, kubelet_directory: str, preparation: Preparation, health: HealthBoard) -> None:
        self.directory = os.path.join(kubelet_directory, "plugins", DRIVER)
        self._socket = os.path.join(self.directory, "dra.sock")
        self._registration = os.path.join(kubelet_directory, "plugins_registry", f"{DRIVER}-reg.sock")
        self.registered = False
        self._preparation = preparation
        self._health = health
        self._servers: list[tuple[str, grpc.Server]] = []
        self._identities: dict[str, tuple[int, int] | None] = {}
        self._streams = threading.BoundedSemaphore(_MOST_STREAMS)

    def start(self) -> None:
        """Listen on both sockets.

        :raises ServeError: another driver of this name listens there, or a socket can't be made.
        """
        for path in (self._socket, self._registration):
            if len(os.fsencode(path)) > _PATH_MAX:
                raise ServeError(f"{path} is longer than {_PATH_MAX} bytes, so it can't be a socket")
            if os.path.lexists(path):
                if answers(path):
                    raise ServeError(f"another DRA driver {DRIVER} serves {path}: stop one of the two")
                os.unlink(path)
                log(f"removed the stale socket {path}")
        os.makedirs(self.directory, mode=0o750, exist_ok=True)
        dra = {
            "NodePrepareResources": _unary(self.NodePrepareResources, api.NodePrepareResourcesRequest),
            "NodeUnprepareResources": _unary(self.NodeUnprepareResources, api.NodeUnprepareResourcesRequest),
        }
        health = {
            "NodeWatchResources": grpc.unary_stream_rpc_method_handler(
                self.NodeWatchResources,
                request_deserializer=api.NodeWatchResourcesRequest.FromString,
                response_serializer=api.NodeWatchResourcesResponse.SerializeToString,
            )
        }
        registration = {
            "GetInfo": _unary(self.GetInfo, api.InfoRequest),
            "NotifyRegistrationStatus": _unary(self.NotifyRegistrationStatus, api.RegistrationStatus),
        }
        # The registration comes last, because the kubelet calls the other socket at once.
        self._serve(self._socket, {**dict.fromkeys(_DRA, dra), **dict.fromkeys(_HEALTH, health)})
        self._serve(self._registration, {_REGISTRATION: registration})

    def _serve(self, path: str, services: Mapping[str, Mapping[str, Any]]) -> None:
        pool = ThreadPoolExecutor(max_workers=_MOST_STREAMS + _WORKERS)
        server = grpc.server(pool, options=(("grpc.so_reuseport", 0),))
        for name, handlers in services.items():
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, handlers),))
        try:
            server.add_insecure_port("unix://" + path)
        except RuntimeError:
            raise ServeError(
                f"{path}: the socket can't be made: is the directory mounted and writable for root?"
            ) from None
        server.start()
        self._servers.append((path, server))
        self._identities[path] = identity(path)

    def stop(self) -> None:
        """Stop listening. The kubelet then forgets the driver, and deletes its slices after 30 seconds."""
        for path, server in reversed(self._servers):
            foreign = identity(path) not in (None, self._identities[path])
            # The kubelet ignores names in its plugins_registry that begin with a dot.
            aside = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}")
            if foreign:  # gRPC removes whatever has the path of its socket
                os.rename(path, aside)
            server.stop(1).wait(3)
            with suppress(FileNotFoundError):
                if foreign:
                    os.rename(aside, path)
                else:
                    os.unlink(path)
        self._servers = []
        self.registered = False

    def is_there(self) -> bool:
        """Whether both sockets still exist."""
        return bool(self._servers) and all(identity(path) == known for path, known in self._identities.items())

    # -- calls --------------------------------------------------------------------------------------------------

    def GetInfo(self, _request: api.InfoRequest, _context: grpc.ServicerContext) -> api.PluginInfo:
        return api.PluginInfo(type="DRAPlugin", name=DRIVER, endpoint=self._socket, supported_versions=VERSIONS)

    def NotifyRegistrationStatus(
        self, request: api.RegistrationStatus, _context: grpc.ServicerContext
    ) -> api.RegistrationStatusResponse:
        if request.plugin_registered:
            log("registered with the kubelet")
        else:
            log(f"the kubelet refuses the driver: {request.error}")
        self.registered = request.plugin_registered
        return api.RegistrationStatusResponse()

    def NodePrepareResources(
        self, request: api.NodePrepareResourcesRequest, _context: grpc.ServicerContext
    ) -> api.NodePrepareResourcesResponse:
        response = api.NodePrepareResourcesResponse()
        for claim in request.claims:
            devices, error = self._preparation.prepare(claim)
            response.claims[claim.uid].CopyFrom(api.NodePrepareResourceResponse(devices=devices, error=error))
        return response

    def NodeUnprepareResources(
        self, request: api.NodeUnprepareResourcesRequest, _context: grpc.ServicerContext
    ) -> api.NodeUnprepareResourcesResponse:
        response = api.NodeUnprepareResourcesResponse()
        for claim in request.claims:
            error = self._preparation.unprepare(claim)
            response.claims[claim.uid].CopyFrom(api.NodeUnprepareResourceResponse(error=error))
        return response

    def NodeWatchResources(
        self, _request: api.NodeWatchResourcesRequest, context: grpc.ServicerContext
    ) -> Iterator[api.NodeWatchResourcesResponse]:
        if not self._streams.acquire(blocking=False):
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, f"more than {_MOST_STREAMS} open streams")
        try:
            context.add_callback(self._health.wake)
            seen = -1
            while True:
                found = self._health.next(seen, context.is_active)
                if found is None:
                    return
                seen, message = found
                yield message
        finally:
            self._streams.release()


def _unary(function: Any, request: Any) -> grpc.RpcMethodHandler:
    return grpc.unary_unary_rpc_method_handler(
        function,
        request_deserializer=request.FromString,
        response_serializer=lambda response: response.SerializeToString(),
    )
