# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""libnvidia-ml.so.1 tells NVIDIA's Python bindings what the machine is: GPUs (MIG: test_nvml_mig.py)."""

from __future__ import annotations

import ctypes
import os
import time

import pynvml
import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.machine import types
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.document.texts import Report
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.model import Gpu, Machine

from .nvml_node import loaded, refused, running

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="memory limits are set by root")

OWN = {
    "product_name": "NVIDIA GH200 480GB",
    "driver_version": "565.57.01",
    "cuda_version": "12.7",
    "memory_mib": 97871,
    "compute_capability": "9.0",
    "architecture": "Hopper",
    "addressing_mode": "ATS",
    "pci_bus_ids": ["00010009:01:1f.0", "0019:01:00.0", "0009:a1:00.0", "ffffffff:ff:00.0"],
    "pci_device_id": "234210DE",
    "pci_subsystem_id": "16EB10DE",
    "vbios_version": "96.00.68.00.04",
    "board_part_number": "900-2G530-0060-000",
    "gpus_per_socket": 1,
}
MACHINES = {name: build_machine(name, uuid_seed="s") for name in types.names() if name.startswith("dgx")}
MACHINES["own"] = build_machine("own", OWN, uuid_seed="s")


@pytest.fixture(params=MACHINES)
def node(request, nvml_image):
    with running(nvml_image, MACHINES[request.param]) as made:
        yield made


@pytest.fixture
def a100(nvml_image):
    with running(nvml_image, MACHINES["dgxa100"]) as made:
        yield made


def each(node):
    """Each GPU with its handle."""
    handles = node.gpus()
    assert len(handles) == len(node.machine.gpus)
    return zip(node.machine.gpus, handles)


def bus_id(gpu):
    domain, _colon, rest = gpu.pci_bus_id.upper().partition(":")
    return f"{domain:0>8}:{rest}"


def test_versions(node):
    machine = node.machine
    assert pynvml.nvmlSystemGetDriverVersion() == machine.driver_version
    assert pynvml.nvmlSystemGetNVMLVersion() == f"{machine.cuda_version[0]}.{machine.driver_version}"
    for version in (pynvml.nvmlSystemGetCudaDriverVersion(), pynvml.nvmlSystemGetCudaDriverVersion_v2()):
        assert (version // 1000, version % 1000 // 10) == machine.cuda_version


def test_what_each_gpu_is(node):
    model = node.machine.model
    for place, (gpu, handle) in enumerate(each(node)):
        assert pynvml.nvmlDeviceGetName(handle) == gpu.name
        assert pynvml.nvmlDeviceGetUUID(handle) == gpu.uuid
        assert pynvml.nvmlDeviceGetSerial(handle) == gpu.serial
        assert pynvml.nvmlDeviceGetIndex(handle) == place == gpu.index
        assert pynvml.nvmlDeviceGetMinorNumber(handle) == gpu.minor
        assert pynvml.nvmlDeviceGetIrqNum(handle) == gpu.irq
        assert pynvml.nvmlDeviceGetCudaComputeCapability(handle) == model.compute_capability
        architecture = getattr(pynvml, f"NVML_DEVICE_ARCH_{model.architecture.upper()}")
        assert pynvml.nvmlDeviceGetArchitecture(handle) == architecture
        assert pynvml.nvmlDeviceGetBrand(handle) == getattr(pynvml, f"NVML_BRAND_{model.brand.upper()}")
        mode = getattr(pynvml, f"NVML_DEVICE_ADDRESSING_MODE_{gpu.addressing_mode}")
        assert pynvml.nvmlDeviceGetAddressingMode(handle) == mode
        if model.vbios_version:
            assert pynvml.nvmlDeviceGetVbiosVersion(handle) == model.vbios_version
        if model.board_part_number:
            assert pynvml.nvmlDeviceGetBoardPartNumber(handle) == model.board_part_number
        else:
            with refused(pynvml.NVML_ERROR_NOT_SUPPORTED):
                pynvml.nvmlDeviceGetBoardPartNumber(handle)
        assert pynvml.nvmlDeviceGetGspFirmwareVersion(handle).decode() == node.machine.driver_version


def test_pci(node):
    model = node.machine.model
    device_id, subsystem_id = int(model.pci_device_id, 16), int(model.pci_subsystem_id, 16)
    for gpu, handle in each(node):
        domain, bus, device = (int(part, 16) for part in gpu.pci_bus_id.partition(".")[0].split(":"))
        info = pynvml.nvmlDeviceGetPciInfo(handle)
        assert (info.domain, info.bus, info.device) == (domain, bus, device)
        assert (info.pciDeviceId, info.pciSubSystemId) == (device_id, subsystem_id)
        assert (info.busId, info.busIdLegacy) == (bus_id(gpu), bus_id(gpu)[4:])

        more = pynvml.nvmlPciInfoExt_v1_t()
        more.version = pynvml.nvmlPciInfoExt_v1
        pynvml.nvmlDeviceGetPciInfoExt(handle, ctypes.byref(more))
        assert (more.domain, more.bus, more.device) == (domain, bus, device)
        assert (more.pciDeviceId, more.pciSubSystemId) == (device_id, subsystem_id)
        assert (more.baseClass, more.subClass, more.busId) == (3, 2, bus_id(gpu))

        # The first version ends before the subsystem, the second before the long bus id: what follows is the caller's.
        for name, kept in (("nvmlDeviceGetPciInfo", "pciSubSystemId"), ("nvmlDeviceGetPciInfo_v2", "busId")):
            older = pynvml.nvmlPciInfo_t()
            ctypes.memset(ctypes.byref(older), 0x7E, ctypes.sizeof(older))
            assert node.status(name, handle, ctypes.byref(older)) == 0
            assert (older.busIdLegacy, older.domain, older.bus, older.device, older.pciDeviceId) == (
                (bus_id(gpu)[4:], domain, bus, device, device_id)
            )
            start = getattr(pynvml.nvmlPciInfo_t, kept).offset
            assert set(bytes(older)[start:]) == {0x7E}
        assert older.pciSubSystemId == subsystem_id
        assert pynvml.nvmlDeviceGetBoardId(handle) == (domain << 16 | bus << 8 | device) & 0xFFFFFFFF
        assert pynvml.nvmlDeviceGetBusType(handle) == pynvml.NVML_BUS_TYPE_PCIE


def test_memory(node):
    """The first version counts what the driver reserves as used."""
    report = Report(node.machine)
    total = node.machine.model.memory_mib << 20
    for gpu, handle in each(node):
        free, reserved = (report.number(gpu.index, f"fb_memory_usage/{part}") for part in ("free", "reserved"))
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle, version=pynvml.nvmlMemory_v2)
        assert memory.total == total == memory.reserved + memory.free + memory.used and memory.used == 0
        assert abs(memory.free / (1 << 20) - free) <= 0.5 and abs(memory.reserved / (1 << 20) - reserved) <= 0.5
        first = pynvml.nvmlDeviceGetMemoryInfo(handle)
        assert (first.total, first.free, first.used) == (total, memory.free, memory.reserved)


class MemoryLimits(ctypes.Structure):
    """nvmlGetMemoryLimits_v1_t; nvmlSetMemoryLimits_v1_t is the same without the last field."""

    _fields_ = [("cgroup", ctypes.c_char_p), *((name, ctypes.c_ulonglong) for name in ("soft", "hard", "used"))]


NO_LIMIT = (1 << 64) - 1


@needs_root
def test_memory_limits(node, tmp_path):
    """They are taken, and nothing remembers them: nothing uses memory."""
    total = node.machine.model.memory_mib << 20
    cgroup = str(tmp_path).encode()

    def put(handle, soft, hard, place=cgroup):
        limits = MemoryLimits(place, soft, hard, 7)
        status = node.status("nvmlDeviceSetMemoryLimits_v1", handle, ctypes.byref(limits))
        assert (limits.cgroup, limits.soft, limits.hard, limits.used) == (place, soft, hard, 7)
        return status

    def get(handle, place=cgroup):
        limits = MemoryLimits(place, 5, 6, 7)
        status = node.status("nvmlDeviceGetMemoryLimits_v1", handle, ctypes.byref(limits))
        return status, limits.soft, limits.hard, limits.used

    for handle in node.gpus():
        for soft, hard in ((0, NO_LIMIT), (1 << 30, NO_LIMIT), (0, 0), (1 << 30, 1 << 30), (total, total), (5, 6)):
            assert put(handle, soft, hard) == 0
            assert get(handle) == (0, 0, NO_LIMIT, 0)
        for soft, hard in ((2, 1), (NO_LIMIT, 0), (0, total + 1), (total + 1, NO_LIMIT), (NO_LIMIT, NO_LIMIT)):
            assert put(handle, soft, hard) == pynvml.NVML_ERROR_INVALID_ARGUMENT
        assert put(handle, 0, 1, None) == get(handle, None)[0] == pynvml.NVML_ERROR_INVALID_ARGUMENT
        missing = cgroup + b"/none"
        assert put(handle, 0, 1, missing) == pynvml.NVML_ERROR_OPERATING_SYSTEM
        assert get(handle, missing) == (pynvml.NVML_ERROR_OPERATING_SYSTEM, 5, 6, 7)
    assert put(None, 0, 1) == get(None)[0] == pynvml.NVML_ERROR_INVALID_ARGUMENT


@needs_root
def test_memory_limits_are_set_by_root_only(a100):
    limits = MemoryLimits(b"/", 0, 1, 0)
    handle = pynvml.nvmlDeviceGetHandleByIndex(0)
    os.seteuid(65534)
    try:
        status = a100.status("nvmlDeviceSetMemoryLimits_v1", handle, ctypes.byref(limits))
        read = a100.status("nvmlDeviceGetMemoryLimits_v1", handle, ctypes.byref(limits))
    finally:
        os.seteuid(0)
    assert (status, read) == (pynvml.NVML_ERROR_NO_PERMISSION, 0)


def test_nothing_runs(node):
    for handle in node.gpus():
        utilization = pynvml.nvmlDeviceGetUtilizationRates(handle)
        assert (utilization.gpu, utilization.memory) == (0, 0)
        for engine in ("Encoder", "Decoder", "Jpg", "Ofa"):
            assert getattr(pynvml, f"nvmlDeviceGet{engine}Utilization")(handle) == [0, 0]
        for kind in ("Compute", "Graphics", "MPSCompute"):
            for version in ("", "_v2", "_v3"):
                count = ctypes.c_uint(7)
                assert (
                    node.status(f"nvmlDeviceGet{kind}RunningProcesses{version}", handle, ctypes.byref(count), None) == 0
                )
                assert count.value == 0
        for mode in ("ComputeMode", "DisplayActive", "AccountingMode"):
            assert getattr(pynvml, f"nvmlDeviceGet{mode}")(handle) == 0
        assert pynvml.nvmlDeviceGetMultiGpuBoard(handle) == 0
    assert pynvml.nvmlUnitGetCount() == pynvml.nvmlGetExcludedDeviceCount() == 0
    assert pynvml.nvmlSystemGetHicVersion() == []


def test_a_gpu_is_found_by_each_of_its_identifiers(node):
    for gpu, handle in each(node):
        uuid = gpu.uuid.encode()
        found = [
            pynvml.nvmlDeviceGetHandleByUUID(gpu.uuid),
            pynvml.nvmlDeviceGetHandleByUUIDV(uuid, pynvml.NVML_UUID_TYPE_ASCII),
            pynvml.nvmlDeviceGetHandleBySerial(gpu.serial),
        ]
        domain, bus, device = bus_id(gpu).partition(".")[0].split(":")
        spellings = {f"{domain}:{bus}:{device}.0", f"{domain.lower()}:{bus.lower()}:{device.lower()}"}
        spellings |= {
            f"{domain}:{bus}:{device}.7",
            f"{domain.lstrip('0') or '0'}:{int(bus, 16):x}:{int(device, 16):X}.0",
        }
        if not int(domain[:4], 16):
            spellings.add(gpu.pci_bus_id)
        if not int(domain, 16):
            spellings |= {f"{bus}:{device}", f"{bus}:{device}.0"}
        found += [pynvml.nvmlDeviceGetHandleByPciBusId(spelling) for spelling in spellings]
        first = ctypes.c_void_p()
        assert node.status("nvmlDeviceGetHandleByPciBusId", bus_id(gpu).encode(), ctypes.byref(first)) == 0
        assert node.status("nvmlDeviceGetHandleByIndex", gpu.index, ctypes.byref(found[0])) == 0
        address = ctypes.cast(handle, ctypes.c_void_p).value
        assert {ctypes.cast(one, ctypes.c_void_p).value for one in [*found, first]} == {address}


@pytest.mark.parametrize(
    "text",
    [
        *("", ":", "07", ":07:00.0", "0000:07:", "0000:07:00.", "0000:07:00.0 ", " 0000:07:00.0", "0000:07:00.0.0"),
        *("000000000:07:00.0", "0000:07:00:0", "0000-07-00.0", "0x0000:07:00.0", "GPU", "0000:07:00.g", "\xff\xfe"),
    ],
)
def test_what_is_no_bus_id(a100, text):
    """The machine has bus 07, which is not meant by half of a bus id."""
    with refused(pynvml.NVML_ERROR_INVALID_ARGUMENT):
        pynvml.nvmlDeviceGetHandleByPciBusId(text)


def test_what_is_not_there(a100):
    gpu = a100.machine.gpus[0]
    with refused(pynvml.NVML_ERROR_INVALID_ARGUMENT):
        pynvml.nvmlDeviceGetHandleByIndex(8)
    with refused(pynvml.NVML_ERROR_INVALID_ARGUMENT):
        pynvml.nvmlDeviceGetHandleByIndex(0xFFFFFFFF)
    for text in ("0000:08:00.0", "0001:00:00.0", "00:01.0", "00010000:07:00.0"):
        with refused(pynvml.NVML_ERROR_NOT_FOUND):
            pynvml.nvmlDeviceGetHandleByPciBusId(text)
    for text in ("", "GPU-", gpu.uuid[:-1], gpu.uuid + "0", gpu.uuid[4:], "x" * 500):
        with refused(pynvml.NVML_ERROR_NOT_FOUND):
            pynvml.nvmlDeviceGetHandleByUUID(text)
    for text in (gpu.serial[:-1], gpu.serial + "0", "x"):
        with refused(pynvml.NVML_ERROR_NOT_FOUND):
            pynvml.nvmlDeviceGetHandleBySerial(text)
    with refused(pynvml.NVML_ERROR_INVALID_ARGUMENT):
        pynvml.nvmlDeviceGetHandleBySerial("")
    with refused(pynvml.NVML_ERROR_NOT_SUPPORTED):
        pynvml.nvmlDeviceGetHandleByUUIDV(bytes(16), pynvml.NVML_UUID_TYPE_BINARY)


def test_nvlinks(node):
    links = node.machine.model.nvlink_links
    for handle in node.gpus():
        for link in range(links):
            assert pynvml.nvmlDeviceGetNvLinkState(handle, link) == pynvml.NVML_FEATURE_ENABLED
            assert pynvml.nvmlDeviceGetNvLinkCapability(handle, link, pynvml.NVML_NVLINK_CAP_P2P_SUPPORTED) == 1
            assert pynvml.nvmlDeviceGetNvLinkCapability(handle, link, pynvml.NVML_NVLINK_CAP_VALID) == 1
            assert pynvml.nvmlDeviceGetNvLinkRemoteDeviceType(handle, link) == pynvml.NVML_NVLINK_DEVICE_TYPE_SWITCH
        for link in range(links, pynvml.NVML_NVLINK_MAX_LINKS):
            with refused(pynvml.NVML_ERROR_NOT_SUPPORTED):
                pynvml.nvmlDeviceGetNvLinkState(handle, link)
        with refused(pynvml.NVML_ERROR_INVALID_ARGUMENT):
            pynvml.nvmlDeviceGetNvLinkState(handle, 64)
        known, unknown = pynvml.nvmlDeviceGetFieldValues(
            handle, [pynvml.NVML_FI_DEV_NVLINK_LINK_COUNT, pynvml.NVML_FI_DEV_RETIRED_PENDING]
        )
        assert unknown.nvmlReturn == pynvml.NVML_ERROR_NOT_SUPPORTED
        assert known.nvmlReturn == (0 if links else pynvml.NVML_ERROR_NOT_SUPPORTED)
        if links:
            assert (known.valueType, known.value.uiVal) == (pynvml.NVML_VALUE_TYPE_UNSIGNED_INT, links)


def test_as_many_nvlinks_as_a_definition_may_have(nvml_image):
    machine = build_machine("own", {**OWN, "nvlink_links": 64})
    with running(nvml_image, machine) as node:
        (handle, *_others) = node.gpus()
        assert [pynvml.nvmlDeviceGetNvLinkState(handle, link) for link in range(64)] == [1] * 64
        with refused(pynvml.NVML_ERROR_INVALID_ARGUMENT):
            pynvml.nvmlDeviceGetNvLinkState(handle, 64)


def level(model, one, other):
    """The nvmlGpuTopologyLevel_t of two GPUs by their places."""
    if one == other:
        return pynvml.NVML_TOPOLOGY_INTERNAL
    for together, name in ((model.gpus_per_pcie_switch, "SINGLE"), (model.gpus_per_socket, "NODE")):
        if together and one // together == other // together:
            return getattr(pynvml, f"NVML_TOPOLOGY_{name}")
    return pynvml.NVML_TOPOLOGY_SYSTEM


def test_topology(node):
    model = node.machine.model
    handles = node.gpus()
    for place, one in enumerate(handles):
        for other, handle in enumerate(handles):
            assert pynvml.nvmlDeviceGetTopologyCommonAncestor(one, handle) == level(model, place, other)
            assert pynvml.nvmlDeviceOnSameBoard(one, handle) == (place == other)
            if place != other:
                expected = pynvml.NVML_P2P_STATUS_OK if model.nvlink_links else pynvml.NVML_P2P_STATUS_NOT_SUPPORTED
                assert pynvml.nvmlDeviceGetP2PStatus(one, handle, pynvml.NVML_P2P_CAPS_INDEX_NVLINK) == expected
                expected = pynvml.NVML_P2P_STATUS_OK if model.nvlink_links else pynvml.NVML_P2P_STATUS_UNKNOWN
                for index in (0, 1):  # read and write, whose names are tuples in pynvml 13
                    assert pynvml.nvmlDeviceGetP2PStatus(one, handle, index) == expected
        for wanted in (0, 10, 20, 30, 40, 50):
            nearest = pynvml.nvmlDeviceGetTopologyNearestGpus(one, wanted)
            assert [pynvml.nvmlDeviceGetIndex(handle) for handle in nearest] == [
                other for other in range(len(handles)) if other != place and level(model, place, other) == wanted
            ]
    with refused(pynvml.NVML_ERROR_INVALID_ARGUMENT):
        pynvml.nvmlDeviceGetTopologyNearestGpus(handles[0], 60)
    with refused(pynvml.NVML_ERROR_INVALID_ARGUMENT):
        pynvml.nvmlDeviceGetP2PStatus(handles[0], handles[1], pynvml.NVML_P2P_CAPS_INDEX_UNKNOWN)


def test_how_many_nearest_gpus_are_given(a100):
    """nvml.h: a count of zero asks for the number; else there must be room, of which no more is used."""
    (handle, *_others) = a100.gpus()
    near = (ctypes.c_void_p * 4)()

    def ask(room, out):
        count = ctypes.c_uint(room)
        status = a100.status("nvmlDeviceGetTopologyNearestGpus", handle, 50, ctypes.byref(count), out)
        return status, count.value

    assert ask(0, None) == ask(0, near) == (0, 4) and not any(near)
    assert ask(3, near) == (0, 3) and near[2] and not near[3]
    assert ask(9, near) == (0, 4) and near[3]
    assert ask(4, None)[0] == pynvml.NVML_ERROR_INVALID_ARGUMENT


def test_no_event_comes(a100):
    (handle, *_others) = a100.gpus()
    supported = pynvml.nvmlDeviceGetSupportedEventTypes(handle)
    assert supported & pynvml.nvmlEventTypeXidCriticalError
    events = pynvml.nvmlEventSetCreate()
    pynvml.nvmlDeviceRegisterEvents(handle, supported, events)
    with refused(pynvml.NVML_ERROR_NOT_SUPPORTED):
        pynvml.nvmlDeviceRegisterEvents(handle, pynvml.nvmlEventTypeClock, events)
    for wait, milliseconds in (
        (pynvml.nvmlEventSetWait_v2, 0),
        (pynvml.nvmlEventSetWait, 30),
        (pynvml.nvmlEventSetWait_v2, 1050),
    ):
        start = time.monotonic()
        with refused(pynvml.NVML_ERROR_TIMEOUT):
            wait(events, milliseconds)
        assert milliseconds <= (time.monotonic() - start) * 1000 < milliseconds + 2000
    pynvml.nvmlEventSetFree(events)
    for use in (pynvml.nvmlEventSetFree, lambda gone: pynvml.nvmlEventSetWait_v2(gone, 0)):
        with refused(pynvml.NVML_ERROR_INVALID_ARGUMENT):
            use(events)


def test_event_sets_run_out_and_come_back(a100):
    sets = [pynvml.nvmlEventSetCreate() for _nth in range(256)]
    assert len({ctypes.cast(one, ctypes.c_void_p).value for one in sets}) == 256
    with refused(pynvml.NVML_ERROR_INSUFFICIENT_RESOURCES):
        pynvml.nvmlEventSetCreate()
    for one in sets:
        pynvml.nvmlEventSetFree(one)
    pynvml.nvmlEventSetFree(pynvml.nvmlEventSetCreate())


def test_error_strings(a100):
    for code in (*range(30), 999):
        text = pynvml.nvmlErrorString(code)
        assert text and (text == "Unknown Error") == (code == 999)
    assert pynvml.nvmlErrorString(pynvml.NVML_ERROR_DRIVER_NOT_LOADED) == "Driver Not Loaded"
    assert pynvml.nvmlErrorString(-1) == "Unknown Error"


def uuids():
    pynvml.nvmlInit()
    found = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
    assert [pynvml.nvmlDeviceGetIndex(handle) for handle in found] == list(range(len(found)))
    result = [pynvml.nvmlDeviceGetUUID(handle) for handle in found]
    pynvml.nvmlShutdown()
    return result


def test_a_container_sees_what_it_was_given(nvml_image):
    machine = MACHINES["dgxa100"]
    with loaded(nvml_image, machine) as node:
        assert uuids() == [gpu.uuid for gpu in machine.gpus]
        for minor in (0, 1, 3, 4, 6):
            (node.dev / f"nvidia{minor}").unlink()
        assert uuids() == [machine.gpus[minor].uuid for minor in (2, 5, 7)]
        pynvml.nvmlInit()
        (_first, second, _third) = node.gpus()
        assert pynvml.nvmlDeviceGetMinorNumber(second) == 5
        hidden = machine.gpus[4]
        for look_up, value in (
            (pynvml.nvmlDeviceGetHandleByUUID, hidden.uuid),
            (pynvml.nvmlDeviceGetHandleBySerial, hidden.serial),
            (pynvml.nvmlDeviceGetHandleByPciBusId, hidden.pci_bus_id),
        ):
            with refused(pynvml.NVML_ERROR_NOT_FOUND):
                look_up(value)
        near = pynvml.nvmlDeviceGetTopologyNearestGpus(second, pynvml.NVML_TOPOLOGY_NODE)
        assert [pynvml.nvmlDeviceGetMinorNumber(handle) for handle in near] == [7]
        # What is visible is looked up once; the next initialization sees what has changed.
        (node.dev / "nvidia4").touch()
        assert pynvml.nvmlDeviceGetCount() == 3
        pynvml.nvmlShutdown()
        assert len(uuids()) == 4
        for path in node.dev.glob("nvidia?"):
            path.unlink()
        assert uuids() == []
        (node.dev / "nvidiactl").unlink()
        with refused(pynvml.NVML_ERROR_DRIVER_NOT_LOADED):
            pynvml.nvmlInit()
        with refused(pynvml.NVML_ERROR_UNINITIALIZED):
            pynvml.nvmlDeviceGetCount()
        with refused(pynvml.NVML_ERROR_UNINITIALIZED):
            pynvml.nvmlShutdown()


@pytest.mark.parametrize("place", ["/nonexistent", "/" + "x" * 5000])
def test_no_device_directory(nvml_image, monkeypatch, place):
    with loaded(nvml_image, MACHINES["dgxa100"]):
        monkeypatch.setenv("NVMOCK_DEV", place)
        with refused(pynvml.NVML_ERROR_DRIVER_NOT_LOADED):
            pynvml.nvmlInit()


def test_recorded_facts_without_a_model(nvml_image):
    """What is not known is said to be not supported."""
    gpus = (Gpu(0, 3, "GPU-a", "Some GPU"), Gpu(1, 7, "GPU-b", "Other GPU", "0000:65:00.0", mig_enabled=True))
    with running(nvml_image, Machine("recorded", "535.104.05", (12, 2), gpus)) as node:
        first, second = node.gpus()
        assert [pynvml.nvmlDeviceGetName(handle) for handle in (first, second)] == ["Some GPU", "Other GPU"]
        assert [pynvml.nvmlDeviceGetMinorNumber(handle) for handle in (first, second)] == [3, 7]
        assert pynvml.nvmlSystemGetNVMLVersion() == "12.535.104.05"
        for what in ("Brand", "Architecture", "CudaComputeCapability", "MemoryInfo", "VbiosVersion", "BoardPartNumber"):
            for handle in (first, second):
                with refused(pynvml.NVML_ERROR_NOT_SUPPORTED):
                    getattr(pynvml, f"nvmlDeviceGet{what}")(handle)
        for what in ("Serial", "PciInfo", "IrqNum", "AddressingMode", "BoardId", "MigMode"):
            with refused(pynvml.NVML_ERROR_NOT_SUPPORTED):
                getattr(pynvml, f"nvmlDeviceGet{what}")(first)
        assert pynvml.nvmlDeviceGetMaxMigDeviceCount(first) == 0
        assert pynvml.nvmlDeviceGetPciInfo(second).busId == "00000000:65:00.0"
        assert pynvml.nvmlDeviceGetMigMode(second) == [1, 1]
        with refused(pynvml.NVML_ERROR_NOT_FOUND):
            pynvml.nvmlDeviceGetHandleByPciBusId("0000:00:00.0")
