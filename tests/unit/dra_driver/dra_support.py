# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A node in a directory, a fake kubelet over real Unix sockets, and a fake API server."""

from __future__ import annotations

import copy
import itertools
import os
import threading

import grpc

from device_plugin.api_server import ApiError
from dra_driver import kubelet_api as api
from dra_driver.driver import Driver
from dra_driver.flags import parse
from dra_driver.names import DRIVER, GROUP
from plugin_support import MockNode, eventually

__all__ = ["DraNode", "eventually"]
OPTIONS = (("grpc.default_authority", "localhost"),)
NAME = "n"


class FakeApiServer:
    """Nodes, ResourceSlices and ResourceClaims, with resource versions, as the API server has them."""

    def __init__(self):
        self.node = {"metadata": {"name": NAME, "uid": "node-uid"}, "status": {"allocatable": {"cpu": "2"}}}
        self.slices = {}
        self.claims = {}
        self.calls = []
        self.has_group = True
        self.down = False
        # What the server makes of a slice that it stores, such as a server without a feature.
        self.accept = lambda spec: spec
        self._number = itertools.count(1)
        self._lock = threading.RLock()

    def call(self, method, path, body=None, _content_type="application/json"):
        with self._lock:
            if self.down:
                raise ApiError("the API server at fake:443: connection refused")
            self.calls.append((method, path))
            if path.endswith("?dryRun=All"):
                return {**body, "spec": self.accept(copy.deepcopy(body["spec"]))}
            return copy.deepcopy(self._call(method, path.partition("?")[0], copy.deepcopy(body)))

    def _call(self, method, path, body):
        if path == f"/api/v1/nodes/{NAME}":
            return self.node
        if not self.has_group:
            raise ApiError(f"the API server refuses {method} {path}: Not Found", 404)
        if path == GROUP:
            return {"resources": []}
        if "/resourceclaims/" in path:
            _empty, _apis, _group, _v1, _namespaces, namespace, _kind, name = path.split("/")
            if (namespace, name) not in self.claims:
                raise ApiError(f"the API server refuses GET {path}: not found", 404)
            return self.claims[namespace, name]
        assert path.startswith(f"{GROUP}/resourceslices"), path
        return self._slice(method, path.rpartition("resourceslices")[2].lstrip("/"), body)

    def _slice(self, method, name, body):
        if method == "GET":
            return {"items": list(self.slices.values())}
        if method == "POST":
            name = body["metadata"].pop("generateName") + f"{next(self._number):05d}"
            body["metadata"]["name"] = name
        elif name not in self.slices:
            raise ApiError(f"the API server refuses {method} {name}: not found", 404)
        elif method == "DELETE":
            return self.slices.pop(name)
        elif body["metadata"]["resourceVersion"] != self.slices[name]["metadata"]["resourceVersion"]:
            raise ApiError(f"the API server refuses PUT {name}: the object has been modified", 409)
        body["spec"] = self.accept(body["spec"])
        for device in body["spec"].get("devices", []):
            for taint in device.get("taints", []):
                taint.setdefault("timeAdded", f"time-{next(self._number)}")
        body["metadata"]["resourceVersion"] = str(next(self._number))
        self.slices[name] = body
        return body

    def allocate(self, name, *devices, namespace="default", uid=None, **more):
        """Make a claim whose requests ``r0``, ``r1`` and so on have *devices*.

        A device with ``!`` is for monitoring. Of ``gpu-0@s`` it has the share ``s``.
        """
        results = [
            {
                "request": f"r{number}",
                "driver": DRIVER,
                "pool": NAME,
                "device": device.partition("@")[0].removesuffix("!"),
                **({"adminAccess": True} if device.endswith("!") else {}),
                **({"shareID": device.partition("@")[2]} if "@" in device else {}),
            }
            for number, device in enumerate(devices)
        ]
        claim = {
            "metadata": {"namespace": namespace, "name": name, "uid": uid or f"uid-{name}"},
            "status": {"allocation": {"devices": {"results": results, **more}}},
        }
        self.claims[namespace, name] = claim
        return api.Claim(namespace=namespace, name=name, uid=claim["metadata"]["uid"])

    def devices(self):
        """The devices of all slices, by name."""
        with self._lock:
            return {one["name"]: one for part in self.slices.values() for one in part["spec"].get("devices", [])}


class FakeDraKubelet:
    """Registers a driver as the kubelet does, and calls it."""

    def __init__(self, directory):
        self.registry = os.path.join(directory, "plugins_registry")
        self.health = {}
        self._channels = []
        self._info = None
        self._stream = None

    def register(self, accept=True):
        path = os.path.join(self.registry, f"{DRIVER}-reg.sock")
        eventually(lambda: os.path.exists(path))
        registration = self._channel(path)
        self._info = self._unary(
            registration, "pluginregistration.Registration/GetInfo", api.InfoRequest(), api.PluginInfo
        )
        self._dra = self._channel(self._info.endpoint)
        status = api.RegistrationStatus(plugin_registered=accept, error="" if accept else "no")
        self._unary(
            registration,
            "pluginregistration.Registration/NotifyRegistrationStatus",
            status,
            api.RegistrationStatusResponse,
        )
        return self._info

    def _channel(self, path):
        channel = grpc.insecure_channel("unix://" + path, options=OPTIONS)
        self._channels.append(channel)
        return channel

    @staticmethod
    def _unary(channel, method, request, response):
        return channel.unary_unary(f"/{method}", type(request).SerializeToString, response.FromString)(
            request, timeout=30, wait_for_ready=True
        )

    def prepare(self, *claims, version="v1"):
        """The answers by UID."""
        request = api.NodePrepareResourcesRequest(claims=claims)
        method = f"k8s.io.kubelet.pkg.apis.dra.{version}.DRAPlugin/NodePrepareResources"
        return dict(self._unary(self._dra, method, request, api.NodePrepareResourcesResponse).claims)

    def unprepare(self, *claims, version="v1"):
        request = api.NodeUnprepareResourcesRequest(claims=claims)
        method = f"k8s.io.kubelet.pkg.apis.dra.{version}.DRAPlugin/NodeUnprepareResources"
        return dict(self._unary(self._dra, method, request, api.NodeUnprepareResourcesResponse).claims)

    def watch(self, version="v1"):
        """Follow the health of the devices in :attr:`health`: (health, message) by name."""
        stream = self._stream = self.stream(version)

        def follow():
            try:
                for response in stream:
                    self.health = {one.device.device_name: (one.health, one.message) for one in response.devices}
            except grpc.RpcError:
                pass

        threading.Thread(target=follow, daemon=True).start()

    def stream(self, version="v1"):
        """Open a stream of the devices' health."""
        return self._dra.unary_stream(
            f"/{version}.DRAResourceHealth/NodeWatchResources",
            api.NodeWatchResourcesRequest.SerializeToString,
            api.NodeWatchResourcesResponse.FromString,
        )(api.NodeWatchResourcesRequest())

    def close(self):
        if self._stream is not None:
            self._stream.cancel()
        for channel in self._channels:
            channel.close()


class DraNode(MockNode):
    """A node with a driver instead of a device plugin."""

    def __init__(self, place):
        super().__init__(place)
        self.place = place
        self.kubelet_directory = os.path.join(place, "l")
        self.cdi = self.path("var/run/cdi")
        for name in ("plugins", "plugins_registry", "device-plugins"):
            os.makedirs(os.path.join(self.kubelet_directory, name))
        self.server = FakeApiServer()
        self.dra_kubelet = FakeDraKubelet(self.kubelet_directory)
        self._driver = None

    def driver(self, *flags):
        """Start the driver in a thread."""
        places = ["--host-root", self.host_root, "--kubelet-directory", self.kubelet_directory]
        places += ["--cdi-directory", self.cdi, "--ready-file", self.ready]
        options = parse([*places, "--interval", "0.05", "--node-name", NAME, *flags])
        self._driver = driver = Driver(options, self.server, self.view)
        self._failure = None

        def run():
            try:
                driver.run()
            except Exception as error:
                self._failure = error

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        return self

    def registered_driver(self, *flags):
        """A driver that the kubelet has accepted and whose slices are there."""
        self.driver(*flags)
        self.dra_kubelet.register()
        eventually(lambda: os.path.exists(self.ready))
        return self

    @property
    def ready(self):
        return os.path.join(self.place, "ready")

    def stop_driver(self):
        if self._thread is not None:
            self._driver.stopping.set()
            self._thread.join(60)
            assert not self._thread.is_alive()
            self._thread = None

    def spec_of(self, uid):
        return os.path.join(self.cdi, f"k8s.gpu.nvidia.com-claim_{uid}.json")

    def close(self):
        self.dra_kubelet.close()
        self.stop_driver()
        super().close()
