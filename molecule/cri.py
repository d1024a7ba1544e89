# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A CRI client that can start containers with CDI devices, for the containerd in a node container.

A kubelet fills CDI_devices only with what a device plugin or a DRA driver answered, and ``ctr`` of containerd 1.7 has no option
for it.
Messages and field numbers: k8s.io/cri-api, runtime/v1/api.proto; only the fields that are used here.
"""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import threading
import time
import uuid

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FIELD = descriptor_pb2.FieldDescriptorProto
_TYPES = {
    "string": _FIELD.TYPE_STRING,
    "bytes": _FIELD.TYPE_BYTES,
    "int64": _FIELD.TYPE_INT64,
    "int32": _FIELD.TYPE_INT32,
}

# message: ((field, number, type), ...); a type that ends in "*" is repeated.
_MESSAGES = {
    "PodSandboxMetadata": (("name", 1, "string"), ("uid", 2, "string"), ("namespace", 3, "string")),
    "NamespaceOption": (("network", 1, "int32"),),
    "LinuxSandboxSecurityContext": (("namespace_options", 1, "NamespaceOption"),),
    "LinuxPodSandboxConfig": (("security_context", 2, "LinuxSandboxSecurityContext"),),
    "PodSandboxConfig": (("metadata", 1, "PodSandboxMetadata"), ("linux", 8, "LinuxPodSandboxConfig")),
    "RunPodSandboxRequest": (("config", 1, "PodSandboxConfig"),),
    "RunPodSandboxResponse": (("pod_sandbox_id", 1, "string"),),
    "ContainerMetadata": (("name", 1, "string"),),
    "ImageSpec": (("image", 1, "string"),),
    "CDIDevice": (("name", 1, "string"),),
    "ContainerConfig": (
        ("metadata", 1, "ContainerMetadata"),
        ("image", 2, "ImageSpec"),
        ("command", 3, "string*"),
        ("CDI_devices", 17, "CDIDevice*"),
    ),
    "CreateContainerRequest": (
        ("pod_sandbox_id", 1, "string"),
        ("config", 2, "ContainerConfig"),
        ("sandbox_config", 3, "PodSandboxConfig"),
    ),
    "CreateContainerResponse": (("container_id", 1, "string"),),
    "StartContainerRequest": (("container_id", 1, "string"),),
    "StartContainerResponse": (),
    "ExecSyncRequest": (("container_id", 1, "string"), ("cmd", 2, "string*"), ("timeout", 3, "int64")),
    "ExecSyncResponse": (("stdout", 1, "bytes"), ("stderr", 2, "bytes"), ("exit_code", 3, "int32")),
    "StopPodSandboxRequest": (("pod_sandbox_id", 1, "string"),),
    "StopPodSandboxResponse": (),
    "RemovePodSandboxRequest": (("pod_sandbox_id", 1, "string"),),
    "RemovePodSandboxResponse": (),
    "RemoveImageRequest": (("image", 1, "ImageSpec"),),
    "RemoveImageResponse": (),
}
_NETWORK_OF_THE_NODE = 2
_RELAY = """
import os, socket, threading
containerd = socket.socket(socket.AF_UNIX)
containerd.connect("/run/containerd/containerd.sock")
def send():
    while data := os.read(0, 65536):
        containerd.sendall(data)
    containerd.shutdown(socket.SHUT_WR)
threading.Thread(target=send, daemon=True).start()
while data := containerd.recv(65536):
    os.write(1, data)
"""


def _classes():
    file = descriptor_pb2.FileDescriptorProto(name="cri.proto", package="runtime.v1", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind in fields:
            base = kind.rstrip("*")
            label = _FIELD.LABEL_REPEATED if kind.endswith("*") else _FIELD.LABEL_OPTIONAL
            added = message.field.add(
                name=field, number=number, label=label, type=_TYPES.get(base, _FIELD.TYPE_MESSAGE)
            )
            if base not in _TYPES:
                added.type_name = f".runtime.v1.{base}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"runtime.v1.{name}")) for name in _MESSAGES
    }


_CLASSES = _classes()


class Refused(Exception):
    """containerd's message for a container that it did not create or start."""


class _Socket:
    """A local socket that is connected to containerd's. ``docker exec`` carries each connection, so it needs neither root nor a
    local engine."""

    def __init__(self, node):
        self._command = ["docker", "exec", "-i", node, "python3", "-c", _RELAY]
        self._directory = tempfile.TemporaryDirectory(prefix="nvmock-cri-")
        self.path = os.path.join(self._directory.name, "socket")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen()
        self._carriers = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:  # shut down
                return
            with connection:
                # Without containerd, a connection ends at once with a message on stderr. gRPC tries again.
                self._carriers.append(
                    subprocess.Popen(self._command, stdin=connection, stdout=connection, stderr=subprocess.DEVNULL)
                )

    def close(self):
        """Close the socket after the client's last connection. Each carrier ends with its connection."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        for carrier in self._carriers:
            carrier.wait(timeout=20)
        self._directory.cleanup()


class Containerd:
    """The containerd of a node, and a pod with all containers of the test. Leaving the context removes the pod."""

    def __init__(self, node):
        self._socket = _Socket(node)
        # The default authority of a unix socket is its path, which containerd's HTTP/2 refuses.
        options = [("grpc.default_authority", "localhost"), ("grpc.max_reconnect_backoff_ms", 500)]
        self._channel = grpc.insecure_channel(f"unix:{self._socket.path}", options=options)
        self._pod = {
            "metadata": {"name": "cdi-test", "uid": uuid.uuid4().hex, "namespace": "default"},
            "linux": {"security_context": {"namespace_options": {"network": _NETWORK_OF_THE_NODE}}},
        }
        self._sandbox = None
        self._started = 0

    def __enter__(self):
        return self

    def __exit__(self, *_unused):
        if self._sandbox:
            self._call("StopPodSandbox", pod_sandbox_id=self._sandbox)
            self._call("RemovePodSandbox", pod_sandbox_id=self._sandbox)
        self._channel.close()
        self._socket.close()

    def _call(self, method, service="RuntimeService", **fields):
        request = _CLASSES[f"{method}Request"](**fields)
        call = self._channel.unary_unary(
            f"/runtime.v1.{service}/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=_CLASSES[f"{method}Response"].FromString,
        )
        end = time.monotonic() + 30
        while True:
            try:
                return call(request, timeout=60, wait_for_ready=True)
            except grpc.RpcError as error:
                # After a restart: the connection is being lost, or CRI is not ready yet.
                restarts = error.code() is grpc.StatusCode.UNAVAILABLE or "not initialized yet" in error.details()
                if not restarts or time.monotonic() > end:
                    raise Refused(error.details()) from None
            time.sleep(0.1)

    def start(self, image, devices):
        """Start a container that sleeps and has the CDI *devices*; return its id.

        :raises Refused: containerd would not.
        """
        if self._sandbox is None:
            self._sandbox = self._call("RunPodSandbox", config=self._pod).pod_sandbox_id
        self._started += 1
        config = {
            "metadata": {"name": f"cdi-test-{self._started}"},
            "image": {"image": image},
            "command": ["sleep", "600"],
            "CDI_devices": [{"name": name} for name in devices],
        }
        created = self._call("CreateContainer", pod_sandbox_id=self._sandbox, config=config, sandbox_config=self._pod)
        self._call("StartContainer", container_id=created.container_id)
        return created.container_id

    def run(self, container, script):
        """Run *script* with sh in a container; return (exit status, output on stdout and stderr)."""
        done = self._call("ExecSync", container_id=container, cmd=["sh", "-c", script], timeout=30)
        return done.exit_code, (done.stdout + done.stderr).decode()

    def remove_image(self, image):
        """Remove an image with all its names: ``ctr images rm`` would keep the name that CRI has added."""
        self._call("RemoveImage", service="ImageService", image={"image": image})
