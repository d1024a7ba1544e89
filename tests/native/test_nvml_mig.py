# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""libnvidia-ml.so.1 tells NVIDIA's Python bindings how the machine's GPUs are and can be cut."""

from __future__ import annotations

import ctypes

import pynvml
import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.machine import types
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.model import Gpu, Machine, MigDevice

from .go_nvml_profiles import A100_PLACEMENTS, PROFILES
from .nvml_node import loaded, refused, running

ENGINES = ("CopyEngine", "Decoder", "Encoder", "Jpeg", "Ofa")
NO_PROFILE = 18


class ProfileInfoV3(ctypes.Structure):
    """nvmlGpuInstanceProfileInfo_v3_t, which pynvml 13 does not have."""

    _fields_ = [
        *((name, ctypes.c_uint) for name in ("version", "id", "sliceCount", "instanceCount", "multiprocessorCount")),
        *((f"{name[0].lower()}{name[1:]}Count", ctypes.c_uint) for name in ENGINES),
        *(("memorySizeMB", ctypes.c_ulonglong), ("name", ctypes.c_char * 96), ("capabilities", ctypes.c_uint)),
    ]


class ComputeProfileInfoV3(ctypes.Structure):
    """nvmlComputeInstanceProfileInfo_v3_t, the same."""

    _fields_ = [*pynvml.c_nvmlComputeInstanceProfileInfo_v2_t._fields_, ("capabilities", ctypes.c_uint)]


def struct_version(structure, version):
    return ctypes.sizeof(structure) | version << 24


def engines(info, shared=False):
    names = [f"shared{name}" if shared else f"{name[0].lower()}{name[1:]}" for name in ENGINES]
    return tuple(getattr(info, f"{name}Count") for name in names)


def same(one, other):
    return ctypes.cast(one, ctypes.c_void_p).value == ctypes.cast(other, ctypes.c_void_p).value


def machine(name):
    """GPU 1 has three MIG devices, GPU 2 seven, GPU 3 none, GPU 0 is not in MIG mode."""
    one, _media, _double, two, three, *_more = [profile.name for profile in build_machine(name).model.mig_profiles]
    return build_machine(name, uuid_seed="s", mig_layout={1: [one, three, two], 2: [one] * 7, 3: []})


@pytest.fixture(params=[name for name in types.names() if name.startswith("dgx")])
def node(request, nvml_image):
    with running(nvml_image, machine(request.param)) as made:
        yield made


@pytest.fixture
def a100(nvml_image):
    with running(nvml_image, machine("dgxa100")) as made:
        yield made


def devices(node):
    """Each MIG device with its handle, its GPU and the GPU's handle."""
    for gpu, parent in zip(node.machine.gpus, node.gpus()):
        for mig in gpu.mig_devices:
            yield mig, pynvml.nvmlDeviceGetMigDeviceHandleByIndex(parent, mig.index), gpu, parent


def profile_infos(handle):
    """The profiles that a GPU can be cut by, by their numbers."""
    infos = {}
    for number in range(pynvml.NVML_GPU_INSTANCE_PROFILE_COUNT):
        try:
            infos[number] = pynvml.nvmlDeviceGetGpuInstanceProfileInfo(handle, number)
        except pynvml.NVMLError_NotSupported:
            continue
    return infos


def profile_of(node, name):
    (profile,) = [profile for profile in node.machine.model.mig_profiles if profile.name == name]
    return profile


def test_mode(node):
    for gpu, handle in zip(node.machine.gpus, node.gpus()):
        assert pynvml.nvmlDeviceGetMigMode(handle) == [gpu.mig_enabled] * 2
        assert pynvml.nvmlDeviceGetMaxMigDeviceCount(handle) == (7 if gpu.mig_enabled else 0)
        assert not pynvml.nvmlDeviceIsMigDeviceHandle(handle)
        # Also without MIG mode: go-nvlib, which looks for MIG devices on every GPU, goes on at this alone.
        for index in range(len(gpu.mig_devices), 7):
            with refused(pynvml.NVML_ERROR_NOT_FOUND):
                pynvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, index)
        with refused(pynvml.NVML_ERROR_INVALID_ARGUMENT):
            pynvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, 7)
        if gpu.mig_enabled:
            with refused(pynvml.NVML_ERROR_NOT_SUPPORTED):
                pynvml.nvmlDeviceGetUtilizationRates(handle)


def test_devices(node):
    assert [len(gpu.mig_devices) for gpu in node.machine.gpus[:4]] == [0, 3, 7, 0]
    for mig, handle, gpu, parent in devices(node):
        assert pynvml.nvmlDeviceIsMigDeviceHandle(handle)
        assert pynvml.nvmlDeviceGetUUID(handle) == mig.uuid
        assert pynvml.nvmlDeviceGetName(handle) == f"{gpu.name} MIG {mig.profile}"
        assert pynvml.nvmlDeviceGetIndex(handle) == mig.index
        assert pynvml.nvmlDeviceGetGpuInstanceId(handle) == mig.gi
        assert pynvml.nvmlDeviceGetComputeInstanceId(handle) == mig.ci
        assert same(pynvml.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(handle), parent)
        assert same(pynvml.nvmlDeviceGetHandleByUUID(mig.uuid), handle)
        assert same(pynvml.nvmlDeviceGetHandleByUUIDV(mig.uuid.encode(), pynvml.NVML_UUID_TYPE_ASCII), handle)
        for memory in (
            pynvml.nvmlDeviceGetMemoryInfo(handle),
            pynvml.nvmlDeviceGetMemoryInfo(handle, version=pynvml.nvmlMemory_v2),
        ):
            assert (memory.total, memory.free, memory.used) == (mig.memory_mib << 20, mig.memory_mib << 20, 0)

        # What a GPU alone has is refused; what its GPU tells for it is told.
        for what in ("MigMode", "MinorNumber", "VbiosVersion", "UtilizationRates", "IrqNum", "ComputeMode", "BoardId"):
            with refused(pynvml.NVML_ERROR_NOT_SUPPORTED):
                getattr(pynvml, f"nvmlDeviceGet{what}")(handle)
        for what in ("SetMemoryLimits_v1", "GetMemoryLimits_v1"):
            limits = (ctypes.c_ulonglong * 4)()
            assert node.status(f"nvmlDevice{what}", handle, limits) == pynvml.NVML_ERROR_NOT_SUPPORTED
            assert not any(limits)
        for what in ("Serial", "Brand", "Architecture", "CudaComputeCapability"):
            ask = getattr(pynvml, f"nvmlDeviceGet{what}")
            assert ask(handle) == ask(parent)
        assert pynvml.nvmlDeviceGetPciInfo(handle).busId == pynvml.nvmlDeviceGetPciInfo(parent).busId
        assert pynvml.nvmlDeviceGetComputeRunningProcesses(handle) == []
        with refused(pynvml.NVML_ERROR_NOT_SUPPORTED):
            pynvml.nvmlDeviceGetTopologyCommonAncestor(parent, handle)
        with refused(pynvml.NVML_ERROR_NOT_SUPPORTED):
            pynvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, 0)
    for what in ("GpuInstanceId", "ComputeInstanceId", "Attributes"):
        with refused(pynvml.NVML_ERROR_NOT_SUPPORTED):
            getattr(pynvml, f"nvmlDeviceGet{what}")(parent)
    with refused(pynvml.NVML_ERROR_INVALID_ARGUMENT):
        pynvml.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(parent)


def test_attributes(node):
    for mig, handle, _gpu, _parent in devices(node):
        profile = profile_of(node, mig.profile)
        attributes = pynvml.nvmlDeviceGetAttributes(handle)
        assert attributes.multiprocessorCount == profile.multiprocessors
        assert engines(attributes, shared=True) == profile.engines
        assert attributes.gpuInstanceSliceCount == attributes.computeInstanceSliceCount == profile.slices
        assert attributes.memorySizeMB == profile.memory_mib


def test_gpu_instances(node):
    for mig, _handle, gpu, parent in devices(node):
        profile = profile_of(node, mig.profile)
        instance = pynvml.nvmlDeviceGetGpuInstanceById(parent, mig.gi)
        info = pynvml.nvmlGpuInstanceGetInfo(instance)
        assert same(info.device, parent) and info.id == mig.gi
        assert info.placement.size == profile.size and info.placement.start in profile.starts
        assert info.placement.start // info.placement.size == mig.gi - (8 // info.placement.size - 1)

        named = next(one for one in profile_infos(parent).values() if one.name == f"MIG {mig.profile}")
        assert info.profileId == named.id
        found = (pynvml.c_nvmlGpuInstance_t * 7)()
        count = ctypes.c_uint()
        pynvml.nvmlDeviceGetGpuInstances(parent, named.id, found, ctypes.byref(count))
        ids = [pynvml.nvmlGpuInstanceGetInfo(one).id for one in found[: count.value]]
        assert ids == [other.gi for other in gpu.mig_devices if other.profile == mig.profile]
    for handle in node.gpus()[1:4]:
        with refused(pynvml.NVML_ERROR_NOT_FOUND):
            pynvml.nvmlDeviceGetGpuInstanceById(handle, 14)
    # GPU 0 is not in MIG mode.
    with refused(pynvml.NVML_ERROR_NOT_SUPPORTED):
        pynvml.nvmlDeviceGetGpuInstanceById(node.gpus()[0], 0)
    with refused(pynvml.NVML_ERROR_NOT_SUPPORTED):
        pynvml.nvmlDeviceGetGpuInstances(node.gpus()[0], named.id, found, ctypes.byref(count))


def test_compute_instances(node):
    for mig, _handle, _gpu, parent in devices(node):
        profile = profile_of(node, mig.profile)
        instance = pynvml.nvmlDeviceGetGpuInstanceById(parent, mig.gi)
        whole = {1: 0, 2: 1, 3: 2}[profile.slices]
        compute = pynvml.nvmlGpuInstanceGetComputeInstanceById(instance, mig.ci)
        info = pynvml.nvmlComputeInstanceGetInfo_v2(compute)
        assert same(info.device, parent) and same(info.gpuInstance, instance)
        assert (info.id, info.profileId) == (mig.ci, whole)
        assert (info.placement.start, info.placement.size) == (0, profile.slices)
        first = pynvml.c_nvmlComputeInstanceInfo_t()
        assert node.status("nvmlComputeInstanceGetInfo", compute, ctypes.byref(first)) == 0
        assert bytes(first) == bytes(info)
        with refused(pynvml.NVML_ERROR_NOT_FOUND):
            pynvml.nvmlGpuInstanceGetComputeInstanceById(instance, mig.ci + 1)
        found = (pynvml.c_nvmlComputeInstance_t * 7)()
        count = ctypes.c_uint()
        for number in range(profile.slices):
            pynvml.nvmlGpuInstanceGetComputeInstances(instance, number, found, ctypes.byref(count))
            assert count.value == (number == whole)
            assert pynvml.nvmlGpuInstanceGetComputeInstanceRemainingCapacity(instance, number) == 0
        assert same(found[0], compute)


def test_profiles(node):
    (handle, *_others) = node.gpus()
    infos = profile_infos(handle)
    profiles = node.machine.model.mig_profiles
    assert sorted(info.name for info in infos.values()) == sorted(f"MIG {profile.name}" for profile in profiles)
    assert len({info.id for info in infos.values()}) == len(profiles)
    for number, info in infos.items():
        profile = profile_of(node, info.name.removeprefix("MIG "))
        expected = (profile.slices, profile.instance_count, profile.multiprocessors)
        expected += (profile.engines, profile.memory_mib)
        newest = ProfileInfoV3(version=struct_version(ProfileInfoV3, 3))
        assert node.status("nvmlDeviceGetGpuInstanceProfileInfoV", handle, number, ctypes.byref(newest)) == 0
        oldest = pynvml.nvmlDeviceGetGpuInstanceProfileInfo(handle, number, version=1)
        for one in (info, newest, oldest):
            told = (one.sliceCount, one.instanceCount, one.multiprocessorCount, engines(one), one.memorySizeMB)
            assert told == expected and one.id == info.id
        p2p = node.machine.model.compute_capability >= (9, 0)
        assert info.isP2pSupported == oldest.isP2pSupported == newest.capabilities == p2p
        assert newest.name.decode() == info.name
        assert info.version == pynvml.nvmlGpuInstanceProfileInfo_v2
        assert newest.version == struct_version(ProfileInfoV3, 3)

        count = ctypes.c_uint(8)
        room = (pynvml.c_nvmlGpuInstancePlacement_t * 8)()
        pynvml.nvmlDeviceGetGpuInstancePossiblePlacements(handle, info.id, room, ctypes.byref(count))
        placements = [(one.start, one.size) for one in room[: count.value]]
        assert placements == [(start, profile.size) for start in profile.starts]
    with refused(pynvml.NVML_ERROR_INVALID_ARGUMENT):
        pynvml.nvmlDeviceGetGpuInstanceProfileInfo(handle, pynvml.NVML_GPU_INSTANCE_PROFILE_COUNT)


@pytest.mark.parametrize("name", PROFILES)
def test_profiles_are_those_of_go_nvml(nvml_image, name):
    with running(nvml_image, machine(f"go-nvml-{name}")) as node:
        compare_profiles(node, name)


def compare_profiles(node, name):
    (handle, *_others) = node.gpus()
    told = {
        number: (
            *(info.sliceCount, info.instanceCount, info.multiprocessorCount),
            *(engines(info), info.memorySizeMB, info.isP2pSupported),
        )
        for number, info in profile_infos(handle).items()
    }
    assert told == {number: facts for number, (facts, _compute) in PROFILES[name].items()}


def test_placements_are_those_of_go_nvml(a100):
    (handle, *_others) = a100.gpus()
    for number, info in profile_infos(handle).items():
        count = ctypes.c_uint(0)
        pynvml.nvmlDeviceGetGpuInstancePossiblePlacements(handle, info.id, None, ctypes.byref(count))
        room = (pynvml.c_nvmlGpuInstancePlacement_t * count.value)()
        pynvml.nvmlDeviceGetGpuInstancePossiblePlacements(handle, info.id, room, ctypes.byref(count))
        starts, size = A100_PLACEMENTS[number]
        assert [(one.start, one.size) for one in room] == [(start, size) for start in starts]
        count.value -= 1
        with refused(pynvml.NVML_ERROR_INSUFFICIENT_SIZE):
            pynvml.nvmlDeviceGetGpuInstancePossiblePlacements(handle, info.id, room, ctypes.byref(count))
        assert count.value == len(starts)


@pytest.mark.parametrize("name", PROFILES)
def test_compute_profiles_are_those_of_go_nvml(nvml_image, name):
    """Each profile on a GPU of its own."""
    kind = f"go-nvml-{name}"
    profiles = build_machine(kind).model.mig_profiles
    layout = {index: [profile.name] for index, profile in enumerate(profiles)}
    with running(nvml_image, build_machine(kind, uuid_seed="s", mig_layout=layout)) as node:
        handles = node.gpus()
        by_name = {info.name: number for number, info in profile_infos(handles[0]).items()}
        for mig, _device, _gpu, parent in devices(node):
            instance = pynvml.nvmlDeviceGetGpuInstanceById(parent, mig.gi)
            profile = profile_of(node, mig.profile)
            told = {}
            for number in range(pynvml.NVML_COMPUTE_INSTANCE_PROFILE_COUNT):
                try:
                    info = pynvml.nvmlGpuInstanceGetComputeInstanceProfileInfo(instance, number, 0)
                except pynvml.NVMLError_NotSupported:
                    continue
                assert info.id == number and engines(info, shared=True) == profile.engines
                part = "" if info.sliceCount == profile.slices else f"{info.sliceCount}c."
                assert info.name == f"MIG {part}{mig.profile}"
                told[number] = (info.sliceCount, info.instanceCount, info.multiprocessorCount)

                oldest = pynvml.nvmlGpuInstanceGetComputeInstanceProfileInfo(instance, number, 0, version=1)
                assert bytes(oldest) == bytes(info)[4 : 4 + ctypes.sizeof(oldest)]
                newest = ComputeProfileInfoV3(version=struct_version(ComputeProfileInfoV3, 3), capabilities=7)
                ask = "nvmlGpuInstanceGetComputeInstanceProfileInfoV"
                assert node.status(ask, instance, number, 0, ctypes.byref(newest)) == 0
                assert bytes(newest)[4 : ctypes.sizeof(info)] == bytes(info)[4:] and newest.capabilities == 0

                count = ctypes.c_uint(info.instanceCount)
                room = (pynvml.c_nvmlComputeInstancePlacement_t * 7)()
                place = pynvml.nvmlGpuInstanceGetComputeInstancePossiblePlacements
                place(instance, number, room, ctypes.byref(count))
                assert count.value == info.instanceCount
                assert [(one.start, one.size) for one in room[: count.value]] == [
                    (start * info.sliceCount, info.sliceCount) for start in range(count.value)
                ]
                count.value -= 1
                with refused(pynvml.NVML_ERROR_INSUFFICIENT_SIZE):
                    place(instance, number, room, ctypes.byref(count))
            recorded = PROFILES[name][by_name[f"MIG {mig.profile}"]][1]
            assert {number: told[number] for number in recorded} == recorded
            left_out = {3} if profile.slices == 7 and name != "dgxa100" else set()  # 4c.7g
            assert set(told) == set(recorded) | left_out
            with refused(pynvml.NVML_ERROR_INVALID_ARGUMENT):
                pynvml.nvmlGpuInstanceGetComputeInstanceProfileInfo(instance, 9, 0)
            with refused(pynvml.NVML_ERROR_INVALID_ARGUMENT):
                pynvml.nvmlGpuInstanceGetComputeInstanceProfileInfo(instance, 0, 1)


@pytest.mark.parametrize(
    ("layout", "left"),
    [
        ([], {"1g.5gb": 7, "1g.5gb+me": 1, "1g.10gb": 4, "2g.10gb": 3, "3g.20gb": 2, "4g.20gb": 1, "7g.40gb": 1}),
        (["3g.20gb"], {"1g.5gb": 3, "1g.5gb+me": 1, "1g.10gb": 2, "2g.10gb": 1, "3g.20gb": 1}),
        (["3g.20gb", "2g.10gb"], {"1g.5gb": 1, "1g.5gb+me": 1, "1g.10gb": 1}),
        (["3g.20gb", "2g.10gb", "1g.5gb"], {}),
        (["4g.20gb"], {"1g.5gb": 3, "1g.5gb+me": 1, "1g.10gb": 2, "2g.10gb": 1, "3g.20gb": 1}),
        (["1g.5gb+me"], {"1g.5gb": 6, "1g.10gb": 3, "2g.10gb": 2, "3g.20gb": 1}),
        (["1g.10gb"] * 4, {}),
        (["7g.40gb"], {}),
        (["1g.5gb"] * 7, {}),
    ],
)
def test_remaining_capacity(nvml_image, layout, left):
    """Of the free places in order, as `nvidia-smi mig -lgip` counts free instances."""
    with running(nvml_image, build_machine("dgxa100", mig_layout={0: layout})) as node:
        cut, whole, *_others = node.gpus()
        told = {}
        for info in profile_infos(cut).values():
            told[info.name.removeprefix("MIG ")] = pynvml.nvmlDeviceGetGpuInstanceRemainingCapacity(cut, info.id)
            with refused(pynvml.NVML_ERROR_NOT_SUPPORTED):
                pynvml.nvmlDeviceGetGpuInstanceRemainingCapacity(whole, info.id)
        assert {name: count for name, count in told.items() if count} == left
        for ask in (pynvml.nvmlDeviceGetGpuInstanceRemainingCapacity, lambda *two: placements(*two, None)):
            with refused(pynvml.NVML_ERROR_INVALID_ARGUMENT):
                ask(cut, NO_PROFILE)


def placements(handle, profile, room):
    count = ctypes.c_uint()
    pynvml.nvmlDeviceGetGpuInstancePossiblePlacements(handle, profile, room, ctypes.byref(count))
    return count.value


def test_a_container_sees_the_mig_devices_that_it_was_given(nvml_image):
    with loaded(nvml_image, machine("dgxa100")) as node:
        gpu = node.machine.gpus[2]
        for mig in gpu.mig_devices:
            if mig.index not in (1, 4, 5):
                node.capability(gpu, mig).unlink()
        (node.dev / "nvidia1").unlink()
        pynvml.nvmlInit()
        parent = pynvml.nvmlDeviceGetHandleByUUID(gpu.uuid)
        assert pynvml.nvmlDeviceGetIndex(parent) == 1
        for index, place in enumerate((1, 4, 5)):
            handle = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(parent, index)
            assert pynvml.nvmlDeviceGetUUID(handle) == gpu.mig_devices[place].uuid
            # nvml.h: the index that finds the same handle.
            assert pynvml.nvmlDeviceGetIndex(handle) == index
            assert pynvml.nvmlDeviceGetGpuInstanceId(handle) == gpu.mig_devices[place].gi
        with refused(pynvml.NVML_ERROR_NOT_FOUND):
            pynvml.nvmlDeviceGetMigDeviceHandleByIndex(parent, 3)
        # Neither without its capability nor without its GPU.
        for hidden in (gpu.mig_devices[0], node.machine.gpus[1].mig_devices[0]):
            with refused(pynvml.NVML_ERROR_NOT_FOUND):
                pynvml.nvmlDeviceGetHandleByUUID(hidden.uuid)
        pynvml.nvmlShutdown()


def test_a_gpu_that_knows_no_mig(nvml_image):
    definition = {"base": "dgxa100", "gpu_count": 1, "mig_profiles": []}
    with running(nvml_image, build_machine("own", definition)) as node:
        (handle,) = node.gpus()
        assert profile_infos(handle) == {} and pynvml.nvmlDeviceGetMaxMigDeviceCount(handle) == 0
        asks = [
            pynvml.nvmlDeviceGetMigMode,
            lambda gpu: pynvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, 0),
            lambda gpu: pynvml.nvmlDeviceGetGpuInstanceById(gpu, 0),
            lambda gpu: pynvml.nvmlDeviceGetGpuInstanceRemainingCapacity(gpu, 0),
            lambda gpu: placements(gpu, 0, None),
        ]
        for ask in asks:
            with refused(pynvml.NVML_ERROR_NOT_SUPPORTED):
                ask(handle)


def test_recorded_mig_devices_without_a_model(nvml_image):
    devices = (MigDevice(0, "MIG-a", 1, 0, "3g.20gb", False, 19968, 3), MigDevice(1, "MIG-b", 5, 0))
    gpu = Gpu(0, 4, "GPU-a", "NVIDIA A100", mig_enabled=True, mig_devices=devices)
    with running(nvml_image, Machine("recorded", "550.54.15", (12, 4), (gpu,))):
        parent = pynvml.nvmlDeviceGetHandleByIndex(0)
        first, second = (pynvml.nvmlDeviceGetMigDeviceHandleByIndex(parent, index) for index in range(2))
        attributes = pynvml.nvmlDeviceGetAttributes(first)
        assert (attributes.memorySizeMB, attributes.computeInstanceSliceCount) == (19968, 3)
        assert attributes.multiprocessorCount == 0 and engines(attributes, shared=True) == (0,) * 5
        assert pynvml.nvmlDeviceGetMemoryInfo(first).total == 19968 << 20
        with refused(pynvml.NVML_ERROR_NOT_SUPPORTED):
            pynvml.nvmlDeviceGetMemoryInfo(second)
        assert pynvml.nvmlDeviceGetUUID(second) == "MIG-b" and pynvml.nvmlDeviceGetGpuInstanceId(second) == 5
        info = pynvml.nvmlGpuInstanceGetInfo(pynvml.nvmlDeviceGetGpuInstanceById(parent, 5))
        assert (info.id, info.profileId, info.placement.start, info.placement.size) == (5, 0, 0, 0)
        instance = pynvml.nvmlDeviceGetGpuInstanceById(parent, 1)
        with refused(pynvml.NVML_ERROR_NOT_SUPPORTED):
            pynvml.nvmlGpuInstanceGetComputeInstanceProfileInfo(instance, 2, 0)


def test_profiles_of_a_definition_of_ones_own(nvml_image):
    """Names decide about numbers and capabilities; multiprocessors need not divide evenly."""
    rows = [
        ["1g.24gb", 1, [0, 1, 2, 3, 4, 5], 24000, 4, 46],
        ["1g.24gb+gfx", 1, [0, 1, 2, 3, 4, 5], 24000, 4, 46],
        ["1g.24gb+me.all", 1, [0], 24000, 1, 46],
        ["3g.72gb+gfx", 4, [0, 4], 72000, 1, 140],
        ["2g.48gb+me.all", 2, [0, 2], 48000, 1, 94],
        ["6g.96gb", 8, [0], 96000, 1, 188],
        ["5g.90gb", 8, [0], 90000, 1, 150],
        ["1g.24gb-me", 1, [0, 1, 2, 3], 24000, 4, 46],
        ["2g.48gb-me", 2, [0, 2], 48000, 2, 94],
    ]
    definition = {"base": "dgxb200", "mig_profiles": rows}
    layout = {0: ["1g.24gb+gfx", "3g.72gb+gfx"], 1: ["6g.96gb"], 2: ["5g.90gb"]}
    with running(nvml_image, build_machine("own", definition, mig_layout=layout)) as node:
        cut, six, five, *_others = node.gpus()
        numbers = {info.name.removeprefix("MIG "): number for number, info in profile_infos(cut).items()}
        known = {"1_SLICE": rows[0], "1_SLICE_GFX": rows[1], "1_SLICE_ALL_ME": rows[2], "3_SLICE_GFX": rows[3]}
        known.update(
            {"2_SLICE_ALL_ME": rows[4], "6_SLICE": rows[5], "1_SLICE_NO_ME": rows[7], "2_SLICE_NO_ME": rows[8]}
        )
        assert numbers.pop("5g.90gb") not in numbers.values()
        assert numbers == {row[0]: getattr(pynvml, f"NVML_GPU_INSTANCE_PROFILE_{name}") for name, row in known.items()}
        for name, number in numbers.items():
            info = ProfileInfoV3(version=struct_version(ProfileInfoV3, 3))
            assert node.status("nvmlDeviceGetGpuInstanceProfileInfoV", cut, number, ctypes.byref(info)) == 0
            assert info.capabilities == (3 if "+gfx" in name else 1)
            assert engines(info) == (0,) * 5

        def compute(gpu, place, number):
            instance = pynvml.nvmlDeviceGetGpuInstanceById(gpu, node.machine.gpus[place[0]].mig_devices[place[1]].gi)
            info = ComputeProfileInfoV3(version=struct_version(ComputeProfileInfoV3, 3))
            ask = "nvmlGpuInstanceGetComputeInstanceProfileInfoV"
            if node.status(ask, instance, number, 0, ctypes.byref(info)):
                return None
            return info.sliceCount, info.multiprocessorCount, info.name.decode(), info.capabilities

        (three,) = [mig.index for mig in node.machine.gpus[0].mig_devices if mig.profile == "3g.72gb+gfx"]
        assert [compute(cut, (0, three), number) for number in range(3)] == [
            (1, 46, "MIG 1c.3g.72gb+gfx", 1),
            (2, 92, "MIG 2c.3g.72gb+gfx", 1),
            (3, 140, "MIG 3g.72gb+gfx", 1),
        ]
        assert compute(six, (1, 0), 6) == (6, 188, "MIG 6g.96gb", 0) and compute(six, (1, 0), 3) is None
        # NVML has no compute profile of five slices.
        assert [compute(five, (2, 0), number) for number in range(9) if compute(five, (2, 0), number)] == [
            (1, 30, "MIG 1c.5g.90gb", 0),
            (2, 60, "MIG 2c.5g.90gb", 0),
        ]
