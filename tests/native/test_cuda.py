# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""libcuda.so.1 tells programs what the machine is: a deviceQuery, compared with the facts and with libnvidia-ml.so.1."""

from __future__ import annotations

import ctypes
import os

import pynvml
import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.machine import types
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.model import Gpu, Machine

from . import nvml_node
from .cuda_node import (
    INVALID_CONTEXT,
    INVALID_DEVICE,
    INVALID_VALUE,
    NO_DEVICE,
    NOT_FOUND,
    NOT_INITIALIZED,
    NOT_SUPPORTED,
    SUCCESS,
    bare,
    loaded,
    names,
    running,
)

MACHINES = {name: build_machine(name, uuid_seed="s") for name in types.names()}
MACHINES["own"] = build_machine(
    "own",
    {
        "product_name": "NVIDIA GeForce RTX 9999",
        "driver_version": "535.54.03",
        "memory_mib": 3000,
        "compute_capability": "8.9",
        "architecture": "Ada",
        "pci_bus_ids": ["00010009:01:1f.0", "0019:01:00.0", "ffffffff:ff:00.0"],
    },
    uuid_seed="s",
)
LAYOUT = {1: ["3g.40gb", "1g.10gb"], 6: ["1g.10gb"] * 7}
MIG = build_machine("dgxh100", uuid_seed="s", mig_layout=LAYOUT)
# What deviceQuery and PyTorch's device properties say of real boards: multiprocessors, bits of the bus, MiB of L2 cache, memory clock
BOARDS = {
    "dgxa100": (108, 5120, 40, 1215000),
    "dgxh100": (132, 5120, 50, 2619000),
    "tesla-t4": (40, 256, 4, 5001000),
    "l40s": (142, 384, 96, 9001000),
    "a10g": (80, 384, 6, 6251000),
}
# The same by compute capability: threads, blocks, shared memory of a multiprocessor; shared memory of a block, by default and at most
LIMITS = {
    (7, 5): (1024, 16, 65536, 49152, 65536),
    (8, 0): (2048, 32, 167936, 49152, 166912),
    (8, 6): (1536, 16, 102400, 49152, 101376),
    (8, 9): (1536, 24, 102400, 49152, 101376),
    (9, 0): (2048, 32, 233472, 49152, 232448),
    (10, 0): (2048, 32, 233472, 49152, 232448),
    (10, 3): (2048, 32, 233472, 49152, 232448),
    (10, 7): (2048, 32, 233472, 49152, 232448),  # no table has it yet: the next older one's
    (12, 0): (1536, 24, 102400, 49152, 101376),
}


@pytest.fixture(params=MACHINES)
def name(request):
    return request.param


def test_device_query(cuda_image, name):
    machine = MACHINES[name]
    model = machine.model
    with loaded(cuda_image, machine) as cuda:
        version = cuda.ask("cuDriverGetVersion", ctypes.c_int())
        assert (version // 1000, version % 1000 // 10) == machine.cuda_version
        cuda.start()
        assert cuda.count() == len(machine.gpus)
        for device, gpu in enumerate(machine.gpus):
            assert cuda.ask("cuDeviceGet", ctypes.c_int(-1), device) == device
            assert (cuda.name(device), cuda.uuid(device)) == (gpu.name, bare(gpu.uuid))
            assert cuda.uuid(device, "cuDeviceGetUuid") == bare(gpu.uuid)
            assert cuda.memory(device) == model.memory_mib << 20
            minor = ctypes.c_int()
            major = ctypes.c_int()
            assert cuda.status("cuDeviceComputeCapability", ctypes.byref(major), ctypes.byref(minor), device) == SUCCESS
            assert (major.value, minor.value) == model.compute_capability
            domain, bus, place = (int(part, 16) for part in gpu.pci_bus_id.partition(".")[0].split(":"))
            assert cuda.bus_id(device) == f"{domain:04X}:{bus:02X}:{place:02X}.0"
            assert cuda.ask("cuDeviceGetByPCIBusId", ctypes.c_int(), gpu.pci_bus_id.encode()) == device
            numbers = [cuda.attribute(number, device) & 0xFFFFFFFF for number in (50, 33, 34)]
            assert numbers == [domain, bus, place]
            limits = tuple(cuda.attribute(number, device) for number in (39, 106, 81, 8, 97))
            assert limits == LIMITS[model.compute_capability]
            assert [cuda.attribute(number, device) for number in range(1, 8)] == [
                *(1024, 1024, 1024, 64),
                *(2147483647, 65535, 65535),
            ]
            assert cuda.attribute(75, device) == model.compute_capability[0]
            assert cuda.attribute(85, device) == device


@pytest.mark.parametrize("name", BOARDS)
def test_boards(cuda_image, name):
    with running(cuda_image, MACHINES[name]) as cuda:
        processors, bus, cache, clock = (cuda.attribute(number, 0) for number in (16, 37, 38, 36))
        assert (processors, bus, cache >> 20, clock) == BOARDS[name]
        assert cuda.attribute(13, 0) == MACHINES[name].model.readings.max_clocks_mhz[1] * 1000
        assert cuda.attribute(32, 0) == (MACHINES[name].model.readings.ecc_mode == "Enabled")


def test_what_libnvidia_ml_says_of_the_same_node(cuda_image, nvml_image, name):
    machine = MACHINES[name]
    with running(cuda_image, machine) as cuda, nvml_node.running(nvml_image, machine) as node:
        assert pynvml.nvmlSystemGetCudaDriverVersion() == cuda.ask("cuDriverGetVersion", ctypes.c_int())
        assert cuda.count() == pynvml.nvmlDeviceGetCount()
        for device, handle in enumerate(node.gpus()):
            assert cuda.name(device) == pynvml.nvmlDeviceGetName(handle)
            assert "GPU-" + cuda.uuid(device) == pynvml.nvmlDeviceGetUUID(handle)
            assert cuda.memory(device) == pynvml.nvmlDeviceGetMemoryInfo(handle).total
            pci = pynvml.nvmlDeviceGetPciInfo(handle)
            numbers = [cuda.attribute(number, device) & 0xFFFFFFFF for number in (50, 33, 34)]
            assert numbers == [pci.domain, pci.bus, pci.device]
            if machine.cuda_version >= (12, 8):
                assert cuda.attribute(139, device) & 0xFFFFFFFF == pci.pciDeviceId
                assert cuda.attribute(140, device) & 0xFFFFFFFF == pci.pciSubSystemId


@pytest.mark.parametrize("chosen", ["1", "6", "3", None])
def test_mig_devices_as_libnvidia_ml_says(cuda_image, nvml_image, chosen):
    """One compute instance is a device, with the numbers of its GPU instance."""
    environment = {} if chosen is None else {"CUDA_VISIBLE_DEVICES": chosen}
    with running(cuda_image, MIG, **environment) as cuda, nvml_node.running(nvml_image, MIG):
        assert cuda.count() == 1
        index = 1 if chosen is None else int(chosen)
        gpu = MIG.gpus[index]
        assert cuda.uuid(0, "cuDeviceGetUuid") == bare(gpu.uuid)
        assert cuda.bus_id(0) == gpu.pci_bus_id.upper()
        if chosen == "3":
            assert (cuda.uuid(0), cuda.attribute(16, 0)) == (bare(gpu.uuid), 132)
            return
        handle = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(pynvml.nvmlDeviceGetHandleByIndex(index), 0)
        assert "MIG-" + cuda.uuid(0) == pynvml.nvmlDeviceGetUUID(handle) == gpu.mig_devices[0].uuid
        assert cuda.name(0) == pynvml.nvmlDeviceGetName(handle)
        assert cuda.memory(0) == pynvml.nvmlDeviceGetMemoryInfo(handle).total
        attributes = pynvml.nvmlDeviceGetAttributes(handle)
        assert cuda.attribute(16, 0) == attributes.multiprocessorCount
        assert cuda.attribute(40, 0) == attributes.sharedCopyEngineCount
        (profile,) = [one for one in MIG.model.mig_profiles if one.name == gpu.mig_devices[0].profile]
        assert cuda.attribute(38, 0) == 50 * (1 << 20) * profile.size // 8


def test_old_functions(cuda_image):
    with running(cuda_image, MACHINES["own"]) as cuda:
        assert cuda.ask("cuDeviceTotalMem", ctypes.c_uint(), 0) == 3000 << 20
    with running(cuda_image, MACHINES["dgxa100"]) as cuda:
        assert cuda.ask("cuDeviceTotalMem", ctypes.c_uint(), 0) == 0xFFFFFFFF
        properties = cuda.ask("cuDeviceGetProperties", (ctypes.c_int * 15)(*(7,) * 15), 2)
        assert list(properties) == [*(cuda.attribute(number, 2) for number in range(1, 15)), 7]
    with running(cuda_image, MACHINES["own"]) as cuda:  # without clocks
        properties = (ctypes.c_int * 14)()
        assert cuda.status("cuDeviceGetProperties", properties, 0) == NOT_SUPPORTED
        assert not any(properties)


def test_attributes_end_where_those_of_the_cuda_version_do(cuda_image):
    for name, last in (("dgxa100", 134), ("a100-sxm4-80gb", 134), ("a10g", 124), ("dgxb200", 147), ("l40s", 148)):
        with running(cuda_image, MACHINES[name]) as cuda:
            value = ctypes.c_int()
            for number in (-(2**31), -1, 0, last + 1, 161, 162, 163, 1000, 2**31 - 1):
                assert cuda.status("cuDeviceGetAttribute", ctypes.byref(value), number, 0) == INVALID_VALUE, number
            statuses = {
                cuda.status("cuDeviceGetAttribute", ctypes.byref(value), number, 0) for number in range(1, last + 1)
            }
            assert statuses == {SUCCESS, NOT_SUPPORTED}


def test_short_buffers(cuda_image):
    with running(cuda_image, MACHINES["dgxa100"]) as cuda:
        for name, text in (
            ("cuDeviceGetName", MACHINES["dgxa100"].gpus[0].name),
            ("cuDeviceGetPCIBusId", "0000:07:00.0"),
        ):
            for length in (-1, 0, 1, 5, len(text), len(text) + 1, 100):
                room = ctypes.create_string_buffer(b"\x7e" * 128, 128)
                status = cuda.status(name, room, length, 0)
                if length < 1 or (name == "cuDeviceGetPCIBusId" and length <= len(text)):
                    assert status == INVALID_VALUE and set(room.raw) == {0x7E}
                else:
                    assert status == SUCCESS
                    assert room.raw == (text[: length - 1].encode() + b"\0").ljust(128, b"\x7e")


def test_pci_bus_ids(cuda_image):
    with running(cuda_image, MACHINES["dgxa100"]) as cuda:
        device = ctypes.c_int(-7)
        for text in (b"0000:0f:00.0", b"0:F:0.0", b"0F:00.0", b"0000:0f:00"):
            assert cuda.ask("cuDeviceGetByPCIBusId", device, text) == 1
        for text in (b"0000:0e:00.0", b"1:0f:0.0"):
            assert cuda.status("cuDeviceGetByPCIBusId", ctypes.byref(device), text) == INVALID_DEVICE
        for text in (b"", b"x", b"0000:0f:00.0.0", b"7", b"0000:00:0f:00.0"):
            assert cuda.status("cuDeviceGetByPCIBusId", ctypes.byref(device), text) == INVALID_VALUE


@pytest.mark.parametrize(("name", "peers"), [("dgxa100", 1), ("own", 0)])
def test_peers_are_those_with_nvlinks(cuda_image, name, peers):
    with running(cuda_image, MACHINES[name]) as cuda:
        assert cuda.ask("cuDeviceCanAccessPeer", ctypes.c_int(7), 0, 1) == peers
        assert cuda.ask("cuDeviceCanAccessPeer", ctypes.c_int(7), 1, 1) == 0
        assert [cuda.ask("cuDeviceGetP2PAttribute", ctypes.c_int(7), what, 0, 2) for what in range(1, 5)] == [
            *(0, peers, peers, peers)
        ]
        value = ctypes.c_int()
        assert cuda.status("cuDeviceGetP2PAttribute", ctypes.byref(value), 2, 1, 1) == INVALID_DEVICE
        assert cuda.status("cuDeviceGetP2PAttribute", ctypes.byref(value), 5, 0, 1) == INVALID_VALUE


def test_errors_have_names_and_texts(cuda_image):
    with loaded(cuda_image, MACHINES["dgxa100"]) as cuda:
        text = ctypes.c_char_p()
        known = {}
        for code in range(1001):
            if cuda.status("cuGetErrorName", code, ctypes.byref(text)) == SUCCESS:
                known[code] = text.value.decode()
                assert cuda.status("cuGetErrorString", code, ctypes.byref(text)) == SUCCESS and text.value
            else:
                assert text.value is None
                assert cuda.status("cuGetErrorString", code, ctypes.byref(text)) == INVALID_VALUE and text.value is None
        assert len(known) == len(set(known.values())) == 106
        assert (known[0], known[100], known[801]) == (
            "CUDA_SUCCESS",
            "CUDA_ERROR_NO_DEVICE",
            "CUDA_ERROR_NOT_SUPPORTED",
        )
        assert all(name.startswith("CUDA_ERROR_") for code, name in known.items() if code)


def test_a_machine_of_recorded_facts_alone(cuda_image):
    """Nothing is known but names and UUIDs."""
    uuid = "GPU-00000000-0000-0000-0000-0123456789ab"
    machine = Machine("recorded", "550.54.15", (12, 4), (Gpu(0, 0, uuid, "Some GPU"),))
    with running(cuda_image, machine) as cuda:
        assert (cuda.count(), cuda.name(0), cuda.uuid(0)) == (1, "Some GPU", bare(uuid))
        number, room = ctypes.c_size_t(), ctypes.create_string_buffer(64)
        assert cuda.status("cuDeviceTotalMem_v2", ctypes.byref(number), 0) == NOT_SUPPORTED
        assert cuda.status("cuDeviceGetPCIBusId", room, 64, 0) == NOT_SUPPORTED
        assert cuda.status("cuDeviceComputeCapability", room, room, 0) == NOT_SUPPORTED
        assert {cuda.status("cuDeviceGetAttribute", room, number, 0) for number in range(1, 85)} == {NOT_SUPPORTED}


def test_without_a_driver_or_a_device(cuda_image):
    with loaded(cuda_image, MACHINES["dgxa100"]) as cuda:
        (cuda.dev / "nvidiactl").unlink()
        assert cuda.status("cuInit", 0) == NO_DEVICE
        assert cuda.status("cuDeviceGetCount", ctypes.byref(ctypes.c_int())) == NOT_INITIALIZED
        (cuda.dev / "nvidiactl").touch()
        for gpu in MACHINES["dgxa100"].gpus:
            (cuda.dev / f"nvidia{gpu.minor}").unlink()
        assert cuda.status("cuInit", 0) == NO_DEVICE
        (cuda.dev / "nvidia3").touch()
        (cuda.dev / "nvidia5").touch()
        cuda.start()
        assert cuda.uuids() == [bare(MACHINES["dgxa100"].gpus[index].uuid) for index in (3, 5)]
        # What changes later is not seen.
        (cuda.dev / "nvidia3").unlink()
        cuda.start()
        assert cuda.count() == 2


@pytest.mark.parametrize("name", ["dgxa100", "dgxb200"])
def test_addresses_of_functions(cuda_image, name):
    """By the name without suffixes: the last version that is not newer than the one that the caller asks for."""
    newest = MACHINES[name].cuda_version[0] * 1000 + MACHINES[name].cuda_version[1] * 10
    table = names()
    with loaded(cuda_image, MACHINES[name]) as cuda:

        def find(symbol, version, flags=0):
            function, result = ctypes.c_void_p(1), ctypes.c_int(-1)
            arguments = (symbol.encode(), ctypes.byref(function), version, ctypes.c_uint64(flags))
            assert cuda.status("cuGetProcAddress_v2", *arguments, ctypes.byref(result)) == SUCCESS
            assert bool(function.value) == (result.value == 0)
            assert cuda.status("cuGetProcAddress_v2", *arguments, None) == SUCCESS
            assert cuda.status("cuGetProcAddress", *arguments) == (SUCCESS if result.value == 0 else NOT_FOUND)
            return result.value, function.value

        def address(exported):
            return ctypes.cast(getattr(cuda.library, exported), ctypes.c_void_p).value

        for symbol, version, exported in (
            ("cuInit", 2000, "cuInit"),
            ("cuDeviceTotalMem", 3010, "cuDeviceTotalMem"),
            ("cuDeviceTotalMem", 3020, "cuDeviceTotalMem_v2"),
            ("cuCtxCreate", 11030, "cuCtxCreate_v2"),
            ("cuCtxCreate", 11040, "cuCtxCreate_v3"),
            ("cuCtxCreate", 99999, "cuCtxCreate_v4" if newest >= 12050 else "cuCtxCreate_v3"),
            ("cuGetProcAddress", 11030, "cuGetProcAddress"),
            ("cuGetProcAddress", 12000, "cuGetProcAddress_v2"),
            ("cuDeviceGetUuid", 12000, "cuDeviceGetUuid_v2"),
            ("cuMemAlloc", 12000, "cuMemAlloc_v2"),
        ):
            for flags in range(4):
                assert find(symbol, version, flags) == (0, address(exported)), (symbol, version)
        for exported, (version, _answers) in table.items():
            symbol = exported.removesuffix("_ptds").removesuffix("_ptsz")
            per_thread = symbol != exported
            if symbol[-3:-1] == "_v":
                symbol = symbol[:-3]
            if version == 0 or version > newest:
                continue
            flags = 2 if per_thread else 1
            assert find(symbol, version, flags) == (0, address(exported)), exported
            if exported != symbol:
                assert find(exported, version, flags)[0] == 1
        assert find("cuMemcpyHtoD", 6050, 2)[0] == 2
        assert find("cuInit", 1999)[0] == 2
        for symbol in ("", "cu", "cuNope", "cuMem", "cuInit_v2", "cuMemGetAttribute", "nvmlInit_v2"):
            assert find(symbol, 99999)[0] == 1
        assert find("cuCoredumpRegisterStartCallback", 99999)[0] == 1  # of CUDA 13.2
        room = ctypes.c_void_p()
        for arguments in ((None, room, 12000, 0), (b"cuInit", None, 12000, 0), (b"cuInit", room, 12000, 4)):
            assert cuda.status("cuGetProcAddress_v2", *arguments, None) == INVALID_VALUE
            assert cuda.status("cuGetProcAddress", *arguments) == INVALID_VALUE


def test_a_program_that_forks(cuda_image):
    """A child has the devices of its parent, and no context."""
    with running(cuda_image, MACHINES["dgxa100"]) as cuda:
        context = cuda.ask("cuDevicePrimaryCtxRetain", ctypes.c_void_p(), 2)
        assert cuda.status("cuCtxSetCurrent", ctypes.c_void_p(context)) == SUCCESS
        child = os.fork()
        if child == 0:
            right = cuda.status("cuInit", 0) == SUCCESS and cuda.count() == 8
            right = right and cuda.status("cuCtxSynchronize") == INVALID_CONTEXT
            os._exit(0 if right else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert cuda.status("cuCtxSynchronize") == SUCCESS


@pytest.mark.parametrize("which", ["cuCtxCreate_v2", "cuDevicePrimaryCtxRetain"])
def test_a_program_with_a_context_has_its_device_open(cuda_image, which):
    """So the device is in use: nvidia-smi and NVML do not destroy it."""
    with running(cuda_image, MIG, CUDA_VISIBLE_DEVICES=MIG.gpus[1].mig_devices[0].uuid) as cuda:
        node = str(nvml_node.capability(cuda.dev, MIG.gpus[1], MIG.gpus[1].mig_devices[0]))

        def is_open():
            return node in [os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]

        assert not is_open()
        arguments = (0, 0) if which == "cuCtxCreate_v2" else (0,)
        assert cuda.status(which, ctypes.byref(ctypes.c_void_p()), *arguments) == SUCCESS
        assert is_open()
