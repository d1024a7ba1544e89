# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A node in a directory, and a kubelet that is none, over real Unix sockets."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc

from device_plugin import api
from device_plugin.flags import parse
from device_plugin.plugin import Plugin
from nvmock_gpu.host.view import HostView, Status
from nvmock_gpu.machine.file import read_machine_file

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
CTL = os.path.join(ROOT, "bin", "gpu-mockctl")
CONTROL = {"nvidiactl": (195, 255), "nvidia-modeset": (195, 254), "nvidia-uvm": (235, 0), "nvidia-uvm-tools": (235, 1)}
CONTROL["null"] = (1, 3)
OPTIONS = (("grpc.default_authority", "localhost"),)


def eventually(check, seconds=60.0):
    """Wait until *check* holds; its value. The limit is for tests that fail: others do not wait for it."""
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


class FakeKubelet:
    """Serves Registration, follows ListAndWatch of whoever registered last, as the kubelet does."""

    def __init__(self, directory):
        self.directory = directory
        self.path = os.path.join(directory, "kubelet.sock")
        self.registered = []
        self.lists = {}
        self.refuse = ""
        self._streams = {}
        self._channels = {}
        self._server = None

    def start(self):
        # A starting kubelet empties its directory.
        for name in os.listdir(self.directory):
            os.unlink(os.path.join(self.directory, name))
        self._server = grpc.server(ThreadPoolExecutor(max_workers=4))
        handler = grpc.unary_unary_rpc_method_handler(
            self._register, api.RegisterRequest.FromString, api.Empty.SerializeToString
        )
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("v1beta1.Registration", {"Register": handler}),)
        )
        self._server.add_insecure_port("unix://" + self.path)
        self._server.start()

    def stop(self):
        for stream in self._streams.values():
            stream.cancel()
        for channel in self._channels.values():
            channel.close()
        self._streams, self._channels, self.lists = {}, {}, {}
        if self._server is not None:
            self._server.stop(0).wait()
            self._server = None

    def restart(self):
        self.stop()
        self.registered = []
        self.start()

    def _register(self, request, context):
        if self.refuse:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, self.refuse)
        # In this order: who sees the plugin's devices sees its registration, too.
        self.registered.append(request)
        self.connect(request.resource_name, os.path.join(self.directory, request.endpoint))
        return api.Empty()

    def connect(self, name, path):
        old = self._streams.pop(name, None)
        if old is not None:
            old.cancel()
        channel = self._channels[name] = grpc.insecure_channel("unix://" + path, options=OPTIONS)
        stream = channel.unary_stream(
            "/v1beta1.DevicePlugin/ListAndWatch",
            api.Empty.SerializeToString,
            api.ListAndWatchResponse.FromString,
        )(api.Empty())
        self._streams[name] = stream

        def follow():
            try:
                for response in stream:
                    if self._streams.get(name) is stream:
                        self.lists[name] = {one.ID: one.health for one in response.devices}
            except grpc.RpcError:
                pass
            if self._streams.get(name) is stream:
                self.lists.pop(name, None)  # the plugin is gone

        threading.Thread(target=follow, daemon=True).start()

    def call(self, name, method, request, raw=False):
        response = getattr(api, method.removeprefix("Get") + "Response")
        return self._channels[name].unary_unary(
            f"/v1beta1.DevicePlugin/{method}",
            None if raw else type(request).SerializeToString,
            response.FromString,
        )(request, timeout=60)

    def allocate(self, name, *ids):
        request = api.AllocateRequest(container_requests=[api.ContainerAllocateRequest(devicesIDs=ids)])
        return self.call(name, "Allocate", request).container_responses[0]

    def prefer(self, name, available, size, must=()):
        request = api.PreferredAllocationRequest()
        request.container_requests.add(available_deviceIDs=available, must_include_deviceIDs=must, allocation_size=size)
        return list(self.call(name, "GetPreferredAllocation", request).container_responses[0].deviceIDs)

    def healthy(self, name="nvidia.com/gpu"):
        return sorted(one for one, health in self.lists.get(name, {}).items() if health == "Healthy")


class MockNode:
    """A host root, made by gpu-mockctl, whose device files count as the device nodes that they stand for."""

    def __init__(self, place):
        self.host_root = os.path.join(place, "node")
        self.plugins = os.path.join(place, "k")
        os.mkdir(self.host_root)
        os.mkdir(self.plugins)
        self.odd_devices = {}
        self.published = []
        self.labelled = True
        self.kubelet = FakeKubelet(self.plugins)
        self.version = "v1.37.2"
        self._plugin = None
        self._thread = None
        self._failure = None

    def make(self, *flags):
        subprocess.run(
            [
                sys.executable,
                CTL,
                "--host-root",
                self.host_root,
                "--device-files",
                "regular",
                "--uuid-seed",
                "n",
                *flags,
            ],
            check=True,
            capture_output=True,
        )
        return self

    @property
    def machine(self):
        with open(self.path("var/lib/nvidia-mock/driver/etc/nvmock/machine.json"), "rb") as file:
            return read_machine_file(file.read())

    @property
    def uuids(self):
        return [gpu.uuid for gpu in self.machine.gpus]

    def path(self, *parts):
        return os.path.join(self.host_root, *parts)

    def view(self, root):
        odd = self.odd_devices

        class DeviceView(HostView):
            def read_status(self, path):
                status = super().read_status(path)
                name = path.rpartition("/")[2]
                if status is None or not status.is_file or "/dev/" not in path:
                    return status
                if name in odd:
                    return odd[name]
                if name[6:].isdigit():
                    return Status(0o020666, 0, 0, 195, int(name[6:]))
                if name.startswith("nvidia-cap"):
                    return Status(0o020444, 0, 0, 236, int(name[10:]))
                numbers = CONTROL[name]
                return Status(0o020666, 0, 0, *numbers)

        return DeviceView(root)

    def plugin(self, *flags):
        """Start the plugin in a thread."""
        places = ["--host-root", self.host_root, "--plugin-directory", self.plugins]
        options = parse([*places, "--interval", "0.05", "--node-name", "n", *flags])

        def publish(labels):
            self.published.append(labels)
            return self.labelled

        self._plugin = Plugin(options, lambda: self.version, publish, self.view)

        def run():
            try:
                self._plugin.run()
            except Exception as error:
                self._failure = error

        self._failure = None
        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def stop_plugin(self):
        if self._thread is not None:
            self._plugin.stopping.set()
            self._thread.join(60)
            assert not self._thread.is_alive()
            self._thread = None

    def failure(self):
        """What ended the plugin."""
        self._thread.join(60)
        return self._failure

    def fault(self, uuid, reason=None):
        place = self.path("run/nvidia-mock/faults")
        os.makedirs(place, exist_ok=True)
        if reason is None:
            os.unlink(os.path.join(place, uuid))
        else:
            with open(os.path.join(place, uuid), "w", encoding="utf-8") as file:
                file.write(reason)

    def gpu_fault(self, *words):
        """Change the faults in the state of the GPUs, as ``gpu-mockctl fault`` does."""
        command = [sys.executable, CTL, "fault", *words, "--host-root", self.host_root]
        subprocess.run(command, check=True, capture_output=True)

    def close(self):
        self.stop_plugin()
        self.kubelet.stop()
