# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Does what NVIDIA's device plugin does that can go wrong on a mock node: looks for NVML where it looks, makes its calls in
its order, writes a CDI specification where it writes it, and offers the GPUs. Runs in the image gpu-mockctl."""

from __future__ import annotations

import ctypes
import glob
import json
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import yaml

sys.path.insert(0, "/opt/nvmock-gpu")
from device_plugin import api

DRIVER_ROOT = "/driver-root"
LIBRARY_DIRECTORIES = ("usr/lib64", "usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "lib64")
SOCKETS = "/var/lib/kubelet/device-plugins"
SPEC = "/var/run/cdi/k8s.device-plugin.nvidia.com-gpu.json"
CONTROL = ("/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia-modeset")
TIMEOUT = 10


class Nvml:
    """NVML's calls; any that fails ends the program, as it ends NVIDIA's."""

    def __init__(self) -> None:
        found = (f"{DRIVER_ROOT}/{directory}/libnvidia-ml.so.1" for directory in LIBRARY_DIRECTORIES)
        path = next(filter(os.path.exists, found), "libnvidia-ml.so.1")
        try:
            self._library = ctypes.CDLL(path)
        except OSError as error:
            sys.exit(f"error starting plugins: ERROR_LIBRARY_NOT_FOUND: {error}")

    def __call__(self, name, *arguments, allowed=(0,)):
        status = getattr(self._library, name)(*arguments)
        if status not in allowed:
            sys.exit(f"error starting plugins: {name} gives {status}")
        return status

    def text(self, name, device):
        buffer = ctypes.create_string_buffer(96)
        self(name, device, buffer, len(buffer))
        return buffer.value.decode()

    def number(self, name, *arguments):
        value = ctypes.c_uint()
        self(name, *arguments, ctypes.byref(value))
        return value.value


class Gpu:
    """As the plugin's device map has it."""

    def __init__(self, nvml, index):
        handle = ctypes.c_void_p()
        nvml("nvmlDeviceGetHandleByIndex_v2", index, ctypes.byref(handle))
        pair = (ctypes.c_uint * 2)()
        nvml("nvmlDeviceGetMigMode", handle, pair, ctypes.byref(pair, 4), allowed=(0, 3))
        self.name = nvml.text("nvmlDeviceGetName", handle)
        self.uuid = nvml.text("nvmlDeviceGetUUID", handle)
        self.minor = nvml.number("nvmlDeviceGetMinorNumber", handle)
        pci = ctypes.create_string_buffer(68)
        nvml("nvmlDeviceGetPciInfo_v3", handle, pci)
        self.bus_id = pci.raw[36:].split(b"\0")[0].decode()
        memory = (ctypes.c_ulonglong * 3)()
        nvml("nvmlDeviceGetMemoryInfo", handle, memory)
        self.memory = memory[0] >> 20
        nvml("nvmlDeviceGetCudaComputeCapability", handle, pair, ctypes.byref(pair, 4))
        self.capability = f"{pair[0]}.{pair[1]}"


def devices():
    nvml = Nvml()
    # Once for the platform, once for the devices.
    for _time in range(2):
        nvml("nvmlInit_v2")
        gpus = [Gpu(nvml, index) for index in range(nvml.number("nvmlDeviceGetCount_v2"))]
        nvml("nvmlShutdown")
    for gpu in gpus:
        print(f"gpu {gpu.uuid} {gpu.name} minor={gpu.minor} {gpu.bus_id} {gpu.memory}MiB {gpu.capability}")
    threading.Thread(target=watch_health, args=(nvml, gpus), daemon=True).start()
    return nvml, gpus


def watch_health(nvml, gpus):
    """Anything but a time-out of the wait would make all devices unhealthy for good."""
    nvml("nvmlInit_v2")
    events = ctypes.c_void_p()
    nvml("nvmlEventSetCreate", ctypes.byref(events))
    for gpu in gpus:
        handle, types = ctypes.c_void_p(), ctypes.c_ulonglong()
        nvml("nvmlDeviceGetHandleByUUID", gpu.uuid.encode(), ctypes.byref(handle))
        nvml("nvmlDeviceGetSupportedEventTypes", handle, ctypes.byref(types))
        nvml("nvmlDeviceRegisterEvents", handle, ctypes.c_ulonglong(types.value & 0xB), events)
    data = ctypes.create_string_buffer(64)
    status = nvml("nvmlEventSetWait_v2", events, data, 1000, allowed=range(1000))
    print("health: watching" if status == TIMEOUT else f"health: all unhealthy, the wait gives {status}")


def device_nodes(paths):
    """Host paths: below the driver root if that has device nodes, else as NVIDIA_DEV_ROOT says."""
    below = os.path.isdir(DRIVER_ROOT + "/dev")
    seen, named = (DRIVER_ROOT, "NVIDIA_DRIVER_ROOT") if below else ("", "NVIDIA_DEV_ROOT")
    root = os.environ[named].rstrip("/")
    return [{"path": path, "hostPath": root + path} for path in paths if os.path.exists(seen + path)]


def write_spec(gpus):
    found = [*glob.glob(f"{DRIVER_ROOT}/lib64/libnvidia-ml.so.*.*"), f"{DRIVER_ROOT}/bin/nvidia-smi"]
    inside = [path.removeprefix(DRIVER_ROOT) for path in found]
    root = os.environ["NVIDIA_DRIVER_ROOT"]
    mount = [{"hostPath": root + path, "containerPath": path, "options": ["ro", "nosuid", "bind"]} for path in inside]
    # The path of bin is not in every image's search path.
    mount[-1]["containerPath"] = "/usr/bin/nvidia-smi"
    hook = os.environ["NVIDIA_CDI_HOOK_PATH"]
    folder = ["nvidia-cdi-hook", "update-ldcache", "--folder", "/lib64"]
    spec = {
        "cdiVersion": "0.5.0",
        "kind": "k8s.device-plugin.nvidia.com/gpu",
        "devices": [
            {"name": gpu.uuid, "containerEdits": {"deviceNodes": device_nodes([f"/dev/nvidia{gpu.minor}"])}}
            for gpu in gpus
        ],
        "containerEdits": {
            "env": ["NVIDIA_VISIBLE_DEVICES=void"],
            "deviceNodes": device_nodes(CONTROL),
            "mounts": mount,
            "hooks": [{"hookName": "createContainer", "path": hook, "args": folder}],
        },
    }
    with open(SPEC, "w", encoding="utf-8") as file:
        json.dump(spec, file)
    print(f"wrote {SPEC}")


def answer(ids):
    """Of Allocate, for one container."""
    response = api.ContainerAllocateResponse()
    names = sorted({one.partition("::")[0] for one in ids})
    strategy = os.environ["DEVICE_LIST_STRATEGY"]
    if strategy == "envvar":
        response.envs["NVIDIA_VISIBLE_DEVICES"] = ",".join(names)
    else:
        for name in names:
            response.cdi_devices.add(name=f"k8s.device-plugin.nvidia.com/gpu={name}")
    if os.environ["PASS_DEVICE_SPECS"] == "true":
        paths = [path for path in CONTROL if os.path.exists(path)]
        paths += [f"/dev/nvidia{gpu.minor}" for gpu in GPUS if gpu.uuid in names]
        for path in paths:
            host = os.environ["NVIDIA_DEV_ROOT"].rstrip("/") + path
            response.devices.add(container_path=path, host_path=host, permissions="rw")
    return response


class Service(grpc.GenericRpcHandler):
    def __init__(self, ids):
        self._ids = ids

    def service(self, call):
        method = call.method.rpartition("/")[2]
        if method == "ListAndWatch":
            return grpc.unary_stream_rpc_method_handler(
                self._list, api.Empty.FromString, api.ListAndWatchResponse.SerializeToString
            )
        if method == "Allocate":
            return grpc.unary_unary_rpc_method_handler(
                lambda request, _context: api.AllocateResponse(
                    container_responses=[answer(one.devicesIDs) for one in request.container_requests]
                ),
                api.AllocateRequest.FromString,
                api.AllocateResponse.SerializeToString,
            )
        return grpc.unary_unary_rpc_method_handler(
            lambda _request, _context: api.DevicePluginOptions(),
            api.Empty.FromString,
            api.DevicePluginOptions.SerializeToString,
        )

    def _list(self, _request, context):
        response = api.ListAndWatchResponse()
        for one in self._ids:
            response.devices.add(ID=one, health="Healthy")
        yield response
        ended = threading.Event()
        context.add_callback(ended.set)
        ended.wait()


def sharing():
    """Name of the resource, and how many times each GPU is offered."""
    if "CONFIG_FILE" not in os.environ:
        return "gpu", 1
    with open(os.environ["CONFIG_FILE"], encoding="utf-8") as file:
        slicing = yaml.safe_load(file)["sharing"]["timeSlicing"]
    replicas = {one["name"]: one["replicas"] for one in slicing["resources"]}.get("nvidia.com/gpu", 1)
    return "gpu.shared" if slicing["renameByDefault"] and replicas > 1 else "gpu", replicas


NVML, GPUS = devices()
if os.environ["DEVICE_LIST_STRATEGY"].startswith("cdi-"):
    write_spec(GPUS)
RESOURCE, REPLICAS = sharing()
IDS = [gpu.uuid if REPLICAS == 1 else f"{gpu.uuid}::{number}" for gpu in GPUS for number in range(REPLICAS)]
ENDPOINT = f"nvidia-{RESOURCE}.sock"
SERVER = grpc.server(ThreadPoolExecutor(8), handlers=[Service(IDS)])
SERVER.add_insecure_port(f"unix://{SOCKETS}/{ENDPOINT}")
SERVER.start()
with grpc.insecure_channel(
    f"unix://{SOCKETS}/kubelet.sock", options=[("grpc.default_authority", "localhost")]
) as channel:
    register = channel.unary_unary(
        "/v1beta1.Registration/Register", api.RegisterRequest.SerializeToString, api.Empty.FromString
    )
    register(api.RegisterRequest(version="v1beta1", endpoint=ENDPOINT, resource_name=f"nvidia.com/{RESOURCE}"))
print(f"nvidia.com/{RESOURCE}: registered {len(IDS)}")
STOP = threading.Event()
signal.signal(signal.SIGTERM, lambda _number, _frame: STOP.set())
STOP.wait()
SERVER.stop(0).wait()
