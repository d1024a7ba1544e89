# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""libnvidia-ml.so.1 answers with a status whatever it is called with: no wrong call ends the program."""

from __future__ import annotations

import ctypes
import inspect
import re
import threading

import pynvml
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine

from .conftest import ROOT
from .nvml_node import functions, loaded, refused, running

SUCCESS = pynvml.NVML_SUCCESS
UNINITIALIZED = pynvml.NVML_ERROR_UNINITIALIZED
INVALID = pynvml.NVML_ERROR_INVALID_ARGUMENT
NOT_SUPPORTED = pynvml.NVML_ERROR_NOT_SUPPORTED
SHORT = pynvml.NVML_ERROR_INSUFFICIENT_SIZE
OTHER_VERSION = pynvml.NVML_ERROR_ARGUMENT_VERSION_MISMATCH

# The table of functions that NVIDIA's nvidia-smi asks for.
TABLE = bytes.fromhex("c4fe3e6cc98f6c4ea327ee696e12f7c4")
ENTRIES = 512
REPORT = {
    "platformInfo": {"peer_type": "Switch Connected", "module_id": "3", "gpu_fabric_guid": "0x2", "slot_number": "7"},
    "temperature": {"gpu_temp_tlimit": "58 C"},
    "pdi": "0x17",
    "fabric": {"state": "Completed", "status": "Success", "health": {"summary": "Healthy"}},
    "dram_encryption_mode": {"current_dram_encryption": "Enabled", "pending_dram_encryption": "Enabled"},
    "inforom_version": {"img_version": "G520.0200.00.05", "oem_object": "2.1"},
    "supported_clocks": "2619: 1980-345/15; 1593: 1980, 1000",
}
MACHINE = build_machine(
    definition={"base": "dgxh100", "addressing_mode": "HMM", "report": REPORT},
    uuid_seed="s",
    mig_layout={1: ["3g.40gb", "1g.10gb"], 6: ["1g.10gb"] * 7},
)
NULLS = (None,) * 6
STARTS = {"nvmlInit", "nvmlInit_v2", "nvmlInitWithFlags"}
# What NVML tells without initialization.
EARLY = {"nvmlSystemGetNVMLVersion", "nvmlSystemGetCudaDriverVersion", "nvmlSystemGetCudaDriverVersion_v2"}
# What takes a handle and at most numbers.
NO_POINTER = re.compile(r"nvmlDevice(Set|Reset|Clear|ValidateInforom)|nvmlEventSetFree|nvmlGpmSampleFree")
UNSUPPORTED = set(re.findall(r"^UNSUPPORTED\((\w+)\)$", (ROOT / "native" / "nvml_unsupported.c").read_text(), re.M))


@pytest.fixture(scope="module")
def names(nvml_image):
    """The functions that give a status, but for those that start and stop the library."""
    found = set(functions(nvml_image)) - STARTS - {"nvmlShutdown", "nvmlErrorString"}
    assert found > UNSUPPORTED | EARLY and len(UNSUPPORTED) > 200
    return found


@pytest.fixture(scope="module")
def node(nvml_image):
    with running(nvml_image, MACHINE) as made:
        yield made


def address(handle):
    return ctypes.cast(handle, ctypes.c_void_p).value


@pytest.fixture(scope="module")
def valid(node):
    """All handles by what they stand for."""
    found = {"gpu": set(), "mig": set(), "instance": set(), "compute": set()}
    for gpu in node.gpus():
        found["gpu"].add(address(gpu))
        for mig in MACHINE.gpus[pynvml.nvmlDeviceGetIndex(gpu)].mig_devices:
            found["mig"].add(address(pynvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, mig.index)))
            instance = pynvml.nvmlDeviceGetGpuInstanceById(gpu, mig.gi)
            found["instance"].add(address(instance))
            found["compute"].add(address(pynvml.nvmlGpuInstanceGetComputeInstanceById(instance, mig.ci)))
    assert sum(map(len, found.values())) == 8 + 3 * 9
    return found


def takes(name):
    """What the handle is that a function takes first; None if it takes none."""
    if re.match(
        r"nvmlDeviceGet(Count|HandleBy)|nvmlEventSetCreate|nvml(System|Unit|Internal|Get(Excluded|Blacklist)|Gpm(Metrics|SampleAlloc))",
        name,
    ):
        return None
    (kind,) = re.match(r"nvml(Device|GpuInstance|ComputeInstance|EventSet|GpmSampleFree|Gpm)", name).groups()
    kinds = {"GpuInstance": "instance", "ComputeInstance": "compute", "Gpm": "device", "GpmSampleFree": "eventset"}
    return kinds.get(kind, kind.lower())


def test_every_function_that_pynvml_binds_is_there(nvml_image):
    bound = set(re.findall(r'_nvmlGetFunctionPointer\("(\w+)"\)', inspect.getsource(pynvml)))
    assert len(bound) > 300
    assert bound - set(functions(nvml_image)) == set()


def test_before_and_after(nvml_image, names):
    with loaded(nvml_image, MACHINE) as node:
        for _time in range(2):
            assert {name for name in names if node.status(name, *NULLS) != UNINITIALIZED} == EARLY
            assert {node.status(name, *NULLS) for name in EARLY} == {INVALID}
            assert node.status("nvmlShutdown") == UNINITIALIZED
            assert pynvml.nvmlSystemGetNVMLVersion() == "12.550.54.15"
            assert pynvml.nvmlSystemGetCudaDriverVersion() == 12040
            # Each initialization is ended by a shutdown.
            assert [node.status(name, 0) for name in sorted(STARTS)] == [SUCCESS] * 3
            gpu = pynvml.nvmlDeviceGetHandleByIndex(0)
            for _start in STARTS:
                assert pynvml.nvmlDeviceGetUUID(gpu) == MACHINE.gpus[0].uuid
                assert node.status("nvmlShutdown") == SUCCESS
            with refused(UNINITIALIZED):
                pynvml.nvmlDeviceGetUUID(gpu)


def test_what_is_not_supported_says_so(node, names, valid):
    """Also with a handle, and with room for an answer."""
    room = ctypes.create_string_buffer(4096)
    for arguments in (NULLS, *((ctypes.c_void_p(min(some)), *(room,) * 5) for some in valid.values())):
        assert {node.status(name, *arguments) for name in UNSUPPORTED} == {NOT_SUPPORTED}
    assert not any(room.raw)


def test_null_pointers_are_invalid_arguments(node, names, valid):
    for name in names - UNSUPPORTED:
        assert node.status(name, *NULLS) == INVALID, name
        for some in valid.values() if takes(name) and not NO_POINTER.match(name) else ():
            assert node.status(name, ctypes.c_void_p(min(some)), *NULLS) in (INVALID, NOT_SUPPORTED), name


@pytest.mark.parametrize(
    ("name", "pointers"),
    [
        ("nvmlDeviceGetMigMode", "gpu out out"),
        ("nvmlDeviceGetCudaComputeCapability", "gpu out out"),
        ("nvmlDeviceGetEncoderUtilization", "free out out"),
        ("nvmlDeviceGetDecoderUtilization", "free out out"),
        ("nvmlDeviceGetJpgUtilization", "free out out"),
        ("nvmlDeviceGetOfaUtilization", "free out out"),
        ("nvmlDeviceGetHandleBySerial", "text out"),
        ("nvmlDeviceGetHandleByUUID", "text out"),
        ("nvmlDeviceGetHandleByUUIDV", "uuid out"),
        ("nvmlDeviceGetHandleByPciBusId", "text out"),
        ("nvmlDeviceGetHandleByPciBusId_v2", "text out"),
        ("nvmlDeviceGetTopologyCommonAncestor", "gpu free out"),
        ("nvmlDeviceGetP2PStatus", "gpu free 0 out"),
        ("nvmlDeviceOnSameBoard", "gpu free out"),
        ("nvmlDeviceGetTopologyNearestGpus", "gpu 50 out -"),
        ("nvmlDeviceGetGpuInstancePossiblePlacements", "gpu 19 - out"),
        ("nvmlDeviceGetGpuInstancePossiblePlacements_v2", "gpu 19 - out"),
        ("nvmlDeviceGetGpuInstances", "gpu 19 out out"),
        ("nvmlGpuInstanceGetComputeInstancePossiblePlacements", "instance 0 - out"),
        ("nvmlGpuInstanceGetComputeInstances", "instance 0 out out"),
        ("nvmlDeviceGetFieldValues", "gpu 1 out"),
        ("nvmlDeviceGetComputeRunningProcesses_v3", "gpu out -"),
        ("nvmlDeviceGetRemappedRows", "free out out out out"),
        ("nvmlDeviceGetPowerManagementLimitConstraints", "gpu out out"),
        ("nvmlDeviceGetEccMode", "gpu out out"),
        ("nvmlDeviceGetGspFirmwareMode", "gpu out out"),
        ("nvmlDeviceGetEncoderStats", "gpu out out out"),
        ("nvmlDeviceGetSamples", "gpu 0 0 out out -"),
        ("nvmlDeviceGetViolationStatus", "free 0 out"),
        ("nvmlDeviceGetAccountingPids", "gpu out -"),
        ("nvmlSystemGetTopologyGpuSet", "0 out -"),
        ("nvmlInternalGetExportTable", "out table"),
        ("nvmlEventSetWait_v2", "events out 0"),
        ("nvmlDeviceRegisterEvents", "gpu 0 events"),
    ],
)
def test_each_pointer_may_be_null(node, valid, name, pointers):
    """With all of them the call is right; without one it is refused (a - may be missing)."""
    events = pynvml.nvmlEventSetCreate()
    mig_gpu = pynvml.nvmlDeviceGetHandleByIndex(1)
    instance = pynvml.nvmlDeviceGetGpuInstanceById(mig_gpu, MACHINE.gpus[1].mig_devices[1].gi)
    text = {"Serial": MACHINE.gpus[0].serial, "UUID": MACHINE.gpus[0].uuid}.get(name.rpartition("By")[2], "1b:0")
    uuid = pynvml.c_nvmlUUID_t()
    uuid.type, uuid.value.str = pynvml.NVML_UUID_TYPE_ASCII, MACHINE.gpus[0].uuid.encode()

    def given_as(word):
        values = {"gpu": mig_gpu, "free": node.gpus()[0], "instance": instance, "events": events, "-": None}
        values.update(text=text.encode(), uuid=ctypes.byref(uuid), out=ctypes.create_string_buffer(512), table=TABLE)
        return values[word] if word in values else int(word)

    words = pointers.split()
    right = pynvml.NVML_ERROR_TIMEOUT if name == "nvmlEventSetWait_v2" else SUCCESS
    assert node.status(name, *map(given_as, words)) == right
    for place, word in enumerate(words):
        if not word.isdigit() and word != "-":
            arguments = [*map(given_as, words[:place]), None, *map(given_as, words[place + 1 :])]
            assert node.status(name, *arguments) == INVALID, place
    pynvml.nvmlEventSetFree(events)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_handles_of_nothing(node, names, valid, data):
    """Near the handles that there are, and anywhere."""
    near = st.sampled_from(sorted(set().union(*valid.values()))).flatmap(
        lambda base: st.integers(-700, 700).map(lambda offset: base + offset)
    )
    number = data.draw(near | st.integers(1, 2**64 - 1) | st.integers(1, 4096))
    room = ctypes.create_string_buffer(4096)
    meant = {"device": valid["gpu"] | valid["mig"], "eventset": set(), **valid}
    handle = ctypes.c_void_p(number)
    for name in names - UNSUPPORTED:
        kind = takes(name)
        if kind and number not in meant[kind]:
            assert node.status(name, handle, *(room,) * 5) == INVALID, name
    if number not in meant["device"]:
        gpu = ctypes.c_void_p(min(valid["gpu"]))
        for name in ("nvmlDeviceGetTopologyCommonAncestor", "nvmlDeviceOnSameBoard", "nvmlDeviceGetP2PStatus"):
            assert node.status(name, gpu, handle, room, room) == INVALID, name
    assert not any(room.raw)


def test_entries_of_the_table(node, valid):
    """Without arguments, and with handles of nothing, each entry gives a status and writes nothing."""
    table = ctypes.POINTER(ctypes.c_void_p)()
    assert node.status("nvmlInternalGetExportTable", ctypes.byref(table), bytes(16)) == NOT_SUPPORTED
    for _time in range(2):
        assert node.status("nvmlInternalGetExportTable", ctypes.byref(table), TABLE) == SUCCESS
        assert table[0] == ENTRIES * ctypes.sizeof(ctypes.c_void_p)
        entry = ctypes.CFUNCTYPE(ctypes.c_int, *(ctypes.c_void_p,) * 6)
        entries = {place: entry(table[place]) for place in range(1, ENTRIES)}
        room = ctypes.create_string_buffer(4096)
        statuses = {place: one(*NULLS) for place, one in entries.items()}
        assert set(statuses.values()) <= {SUCCESS, INVALID, NOT_SUPPORTED, pynvml.NVML_ERROR_NO_PERMISSION}
        asked = {place for place, status in statuses.items() if status == INVALID}
        assert asked == {
            20,
            23,
            72,
            81,
            145,
            165,
            192,
            193,
            209,
            *range(213, 216),
            226,
            230,
            231,
            232,
            237,
            240,
            242,
            249,
        }
        everything = set().union(*valid.values())
        for number in (1, 8, min(everything) - 8, min(everything) + 1, max(everything) + 4096, 2**64 - 1):
            for place in asked - {23, 81}:
                assert entries[place](number, *(ctypes.addressof(room),) * 5) == INVALID, place
        assert entries[81](8, ctypes.addressof(room), *NULLS[2:]) == INVALID
        assert entries[23](b"x", b"0000:1b:00.0", ctypes.addressof(room), *NULLS[3:]) == INVALID
        assert not any(room.raw)


def test_lists_of_clocks(node):
    """The number of clocks is told if there is no room, and only then nothing is written."""
    gpu = node.gpus()[0]
    asks = {("nvmlDeviceGetSupportedMemoryClocks",): [2619, 1593]}
    asks["nvmlDeviceGetSupportedGraphicsClocks", 2619] = list(range(1980, 344, -15))
    asks["nvmlDeviceGetSupportedGraphicsClocks", 1593] = [1980, 1000]
    for (name, *before), clocks in asks.items():
        for space in (0, 1, len(clocks) - 1, len(clocks), 300):
            count, room = ctypes.c_uint(space), (ctypes.c_uint * 300)()
            status = node.status(name, gpu, *before, ctypes.byref(count), room)
            assert status == (SUCCESS if space >= len(clocks) else SHORT) and count.value == len(clocks)
            assert list(room) == (clocks if space >= len(clocks) else []) + [0] * (
                300 - len(clocks) * (space >= len(clocks))
            )
        assert node.status(name, gpu, *before, ctypes.byref(ctypes.c_uint(300)), None) == SHORT
        assert node.status(name, gpu, *before, None, None) == INVALID
    count = ctypes.c_uint(300)
    assert node.status("nvmlDeviceGetSupportedGraphicsClocks", gpu, 1, ctypes.byref(count), None) == 6


def test_short_buffers(node, valid):
    gpu = pynvml.nvmlDeviceGetHandleByIndex(1)
    mig = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, 0)
    first, model = MACHINE.gpus[1], MACHINE.model
    asks = [
        ("nvmlSystemGetDriverVersion", (), MACHINE.driver_version),
        ("nvmlSystemGetNVMLVersion", (), f"12.{MACHINE.driver_version}"),
        ("nvmlDeviceGetName", (gpu,), first.name),
        ("nvmlDeviceGetName", (mig,), f"{first.name} MIG {first.mig_devices[0].profile}"),
        ("nvmlDeviceGetUUID", (gpu,), first.uuid),
        ("nvmlDeviceGetUUID", (mig,), first.mig_devices[0].uuid),
        ("nvmlDeviceGetSerial", (gpu,), first.serial),
        ("nvmlDeviceGetVbiosVersion", (gpu,), model.vbios_version),
        ("nvmlDeviceGetBoardPartNumber", (gpu,), model.board_part_number),
        ("nvmlDeviceGetInforomImageVersion", (gpu,), "G520.0200.00.05"),
        ("nvmlDeviceGetInforomVersion", (gpu, 0), "2.1"),
    ]
    for name, handle, text in asks:
        for length in (0, 1, len(text), len(text) + 1, 200):
            room = ctypes.create_string_buffer(b"\x7e" * 256, 256)
            status = node.status(name, *handle, room, ctypes.c_uint(length))
            enough = length > len(text)
            assert status == (SUCCESS if enough else SHORT), (name, length)
            written = len(text) + 1 if enough else 0
            assert room.raw == ((text.encode() + b"\0") if enough else b"") + b"\x7e" * (256 - written)


@pytest.mark.parametrize(
    ("name", "handle", "before", "size", "versions"),
    [
        ("nvmlDeviceGetMemoryInfo_v2", "gpu", (), 40, (2,)),
        ("nvmlDeviceGetPciInfoExt", "gpu", (), 64, (1,)),
        ("nvmlDeviceGetTemperatureV", "gpu", (), 12, (1,)),
        ("nvmlDeviceGetAddressingMode", "gpu", (), 8, (1,)),
        ("nvmlDeviceGetMarginTemperature", "gpu", (), 8, (1,)),
        ("nvmlDeviceGetPdi", "gpu", (), 16, (1,)),
        ("nvmlDeviceGetPlatformInfo", "gpu", (), 44, (1, 2)),
        ("nvmlDeviceGetGpuFabricInfoV", "gpu", (), 36, (2,)),
        ("nvmlDeviceGetGpuFabricInfoV", "gpu", (), 40, (3,)),
        ("nvmlDeviceGetSramEccErrorStatus", "gpu", (), 104, (1,)),
        ("nvmlDeviceGetRepairStatus", "gpu", (), 12, (1,)),
        ("nvmlDeviceGetGpuInstanceProfileInfoV", "gpu", (0,), 152, (2,)),
        ("nvmlDeviceGetGpuInstanceProfileInfoV", "gpu", (0,), 152, (3,)),
        ("nvmlGpuInstanceGetComputeInstanceProfileInfoV", "instance", (0, 0), 136, (2,)),
        ("nvmlGpuInstanceGetComputeInstanceProfileInfoV", "instance", (0, 0), 140, (3,)),
    ],
)
def test_versions_of_structures(node, valid, name, handle, before, size, versions):
    """The right one, which is size and number; others are refused, and nothing is written."""
    handle = ctypes.c_void_p(min(valid[handle]))
    for number in range(5):
        for wrong_size in (0, size - 8, size, size + 8):
            version = wrong_size | number << 24
            room = (ctypes.c_uint * 64)(version)
            status = node.status(name, handle, *before, ctypes.byref(room))
            if wrong_size == size and number in versions:
                zeros = name in ("nvmlDeviceGetSramEccErrorStatus", "nvmlDeviceGetRepairStatus")
                assert status == SUCCESS and room[0] == version and any(room[1:]) != zeros
            elif status != SUCCESS:
                other = pynvml.NVML_ERROR_FUNCTION_NOT_FOUND if name == "nvmlDeviceGetMemoryInfo_v2" else OTHER_VERSION
                assert status == other and list(room) == [version, *(0,) * 63]
            else:  # the same function's other version
                assert name in ("nvmlDeviceGetGpuInstanceProfileInfoV", "nvmlDeviceGetGpuFabricInfoV")
                assert number == 5 - versions[0]


def test_typed_uuids(node):
    found = ctypes.c_void_p()

    def find(text, version=pynvml.nvmlUUID_v1, kind=pynvml.NVML_UUID_TYPE_ASCII):
        uuid = pynvml.c_nvmlUUID_t()
        uuid.version, uuid.type, uuid.value.str = version, kind, text
        return node.status("nvmlDeviceGetHandleByUUIDV", ctypes.byref(uuid), ctypes.byref(found))

    right = MACHINE.gpus[3].uuid.encode()
    assert find(right) == SUCCESS
    assert find(right, version=pynvml.nvmlUUID_v1 + 1) == find(right, version=0) == OTHER_VERSION
    assert find(right, kind=0) == NOT_SUPPORTED
    assert find(b"") == find(right[:-1]) == find(b"G" * 41) == pynvml.NVML_ERROR_NOT_FOUND


def test_initialization_in_many_threads(nvml_image):
    wrong = []
    with loaded(nvml_image, MACHINE) as node:
        together = threading.Barrier(9)

        def use():
            count, handle, uuid = ctypes.c_uint(), ctypes.c_void_p(), ctypes.create_string_buffer(96)
            together.wait()
            for _time in range(1000):
                statuses = [node.status("nvmlInit_v2"), node.status("nvmlDeviceGetCount_v2", ctypes.byref(count))]
                statuses.append(node.status("nvmlDeviceGetHandleByIndex_v2", 7, ctypes.byref(handle)))
                statuses.append(node.status("nvmlDeviceGetUUID", handle, uuid, 96))
                statuses.append(node.status("nvmlShutdown"))
                if any(statuses) or count.value != 8 or uuid.value.decode() != MACHINE.gpus[7].uuid:
                    wrong.append((statuses, count.value, uuid.value))

        def look():
            """Without an initialization of its own."""
            count = ctypes.c_uint()
            together.wait()
            for _time in range(4000):
                status = node.status("nvmlDeviceGetCount_v2", ctypes.byref(count))
                if status not in (SUCCESS, UNINITIALIZED) or count.value > 8:
                    wrong.append((status, count.value))

        threads = [threading.Thread(target=use) for _nth in range(8)] + [threading.Thread(target=look)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong
        assert node.status("nvmlShutdown") == UNINITIALIZED
