# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Any machine that may be described goes into libnvidia-ml.so.1, comes out as it is, and leaves a sound ELF file."""

from __future__ import annotations

import ctypes
import shutil
import string
import struct
import subprocess

import pynvml
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils import native
from ansible_collections.nvmock.gpu.plugins.module_utils.errors import ParameterError
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.nvml_facts import nvml_facts
from ansible_collections.nvmock.gpu.plugins.module_utils.machine import mig
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.nvcdi.soname import soname

from .nvml_node import loaded, running

LONGEST = 95  # characters of a text

NAMES = st.text(string.ascii_letters + string.digits + " '%\\-/", min_size=1, max_size=LONGEST).filter(
    lambda text: text == text.strip()
)
NUMBERS = st.integers(0, 999)
PAIRS = st.tuples(NUMBERS, NUMBERS).map(lambda pair: "%d.%d" % pair)
BUS_IDS = st.tuples(
    st.sampled_from(["0000", "000a", "ffff"]) | st.integers(0, 2**32 - 1).map("{:08x}".format),
    st.integers(0, 255),
    st.integers(0, 31),
).map(lambda parts: "%s:%02x:%02x.0" % parts)


@st.composite
def profiles(draw):
    """Up to 24 of them, more than NVML has numbers for."""
    rows = {}
    for _row in range(draw(st.integers(0, 24))):
        slices, size = draw(st.integers(1, 7)), draw(st.sampled_from([1, 2, 3, 4, 5, 6, 7, 8]))
        width = 1 << (size - 1).bit_length()
        gigabytes = draw(st.integers(1, 200) | st.just("9" * 120))
        name = f"{slices}g.{gigabytes}gb{draw(st.sampled_from(['', '+me', '+gfx', '+me.all', '+x']))}"
        starts = draw(st.lists(st.sampled_from(range(0, 9 - size, width)), max_size=12))
        row = [
            name,
            size,
            starts,
            draw(st.integers(1, 1 << 40)),
            draw(st.integers(1, 7)),
            draw(st.integers(1, 1 << 20)),
        ]
        if draw(st.booleans()):
            row.append(draw(st.lists(st.integers(0, 64), min_size=5, max_size=5)))
        rows[name] = row
    return list(rows.values())


@st.composite
def described(draw):
    """A machine of a definition, with MIG layouts that fit it."""
    rows = draw(profiles())
    definition = {
        "product_name": draw(NAMES),
        "driver_version": draw(st.sampled_from(["550.54.15", "9999.9999.9999", "0.0", "390.157"])),
        "memory_mib": draw(st.integers(1, 1 << 40)),
        "compute_capability": draw(PAIRS),
        "cuda_version": draw(PAIRS),
        "architecture": draw(NAMES | st.sampled_from(["Hopper", "Ada Lovelace"])),
        "brand": draw(NAMES | st.sampled_from(["GeForce", "Quadro RTX"])),
        "pci_device_id": draw(st.integers(0, 2**32 - 1).map("{:08x}".format)),
        "pci_subsystem_id": draw(st.integers(0, 2**32 - 1).map("{:08X}".format)),
        "vbios_version": "ff.FF.00.aa.Bb",
        "board_part_number": draw(st.text(string.printable[:95], max_size=20) | st.just("9" * 200)),
        "nvlink_links": draw(st.integers(0, 64)),
        "gpus_per_pcie_switch": draw(st.integers(0, 64)),
        "gpus_per_socket": draw(st.integers(0, 64)),
        "pci_bus_ids": draw(st.lists(BUS_IDS, max_size=4, unique=True)),
        "mig_profiles": rows,
        "addressing_mode": draw(st.sampled_from(["NONE", "HMM", "ATS"])),
    }
    count = draw(st.integers(1, 64))
    machine = build_machine("own", definition, gpu_count=count, uuid_seed="s")
    layout = {}
    for index in draw(st.lists(st.integers(0, count - 1), max_size=3, unique=True)) if rows else ():
        layout[index] = []
        for name in draw(st.lists(st.sampled_from([row[0] for row in rows]), max_size=7)):
            try:
                mig.place("mig", "GPU-x", index, [*layout[index], name], machine.model)
            except ParameterError:
                continue
            layout[index].append(name)
    return build_machine("own", definition, gpu_count=count, uuid_seed="s", mig_layout=layout)


def check_gpu(machine, place, handle):
    gpu, model = machine.gpus[place], machine.model
    assert pynvml.nvmlDeviceGetName(handle) == gpu.name
    assert pynvml.nvmlDeviceGetUUID(handle) == gpu.uuid
    assert pynvml.nvmlDeviceGetSerial(handle) == gpu.serial
    assert pynvml.nvmlDeviceGetIndex(handle) == pynvml.nvmlDeviceGetMinorNumber(handle) == place
    assert pynvml.nvmlDeviceGetMemoryInfo(handle).total == model.memory_mib << 20
    info = pynvml.nvmlDeviceGetPciInfo(handle)
    domain, bus, device = (int(part, 16) for part in gpu.pci_bus_id.partition(".")[0].split(":"))
    assert (info.domain, info.bus, info.device) == (domain, bus, device)
    assert (info.pciDeviceId, info.pciSubSystemId) == (int(model.pci_device_id, 16), int(model.pci_subsystem_id, 16))
    found = pynvml.nvmlDeviceGetHandleByPciBusId(gpu.pci_bus_id)
    assert pynvml.nvmlDeviceGetIndex(found) == place
    if model.compute_capability[0]:
        assert pynvml.nvmlDeviceGetCudaComputeCapability(handle) == model.compute_capability
    if model.board_part_number:
        assert pynvml.nvmlDeviceGetBoardPartNumber(handle) == model.board_part_number[:79]


def check_mig_devices(gpu, handle):
    if not gpu.mig_enabled:
        return
    for one in gpu.mig_devices:
        device = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, one.index)
        assert pynvml.nvmlDeviceGetUUID(device) == one.uuid
        assert pynvml.nvmlDeviceGetName(device) == f"{gpu.name} MIG {one.profile}"[:LONGEST]
        assert pynvml.nvmlDeviceGetMemoryInfo(device).total == one.memory_mib << 20
        attributes = pynvml.nvmlDeviceGetAttributes(device)
        assert (attributes.memorySizeMB, attributes.gpuInstanceSliceCount) == (one.memory_mib, one.compute_slices)
        instance = pynvml.nvmlDeviceGetGpuInstanceById(handle, one.gi)
        assert pynvml.nvmlGpuInstanceGetInfo(instance).id == one.gi
        # What NVML has no compute profile for has the number after the last.
        info = pynvml.nvmlComputeInstanceGetInfo_v2(pynvml.nvmlGpuInstanceGetComputeInstanceById(instance, one.ci))
        assert (
            info.placement.size == one.compute_slices and info.profileId <= pynvml.NVML_COMPUTE_INSTANCE_PROFILE_COUNT
        )


def check_profiles(machine, handle):
    """Numbers for as many as NVML has; each once."""
    told = []
    for number in range(pynvml.NVML_GPU_INSTANCE_PROFILE_COUNT):
        try:
            info = pynvml.nvmlDeviceGetGpuInstanceProfileInfo(handle, number)
        except pynvml.NVMLError_NotSupported:
            continue
        count = ctypes.c_uint(8)
        room = (pynvml.c_nvmlGpuInstancePlacement_t * 8)()
        pynvml.nvmlDeviceGetGpuInstancePossiblePlacements(handle, info.id, room, ctypes.byref(count))
        engines = (info.copyEngineCount, info.decoderCount, info.encoderCount, info.jpegCount, info.ofaCount)
        told.append(
            (
                *(info.name, info.sliceCount, [(one.start, one.size) for one in room[: count.value]]),
                *(info.memorySizeMB, info.instanceCount, info.multiprocessorCount, engines),
            )
        )
    known = [
        (
            *(f"MIG {one.name}"[:LONGEST], one.slices, [(start, one.size) for start in dict.fromkeys(one.starts)]),
            *(one.memory_mib, one.instance_count, one.multiprocessors, one.engines or (0,) * 5),
        )
        for one in machine.model.mig_profiles
    ]
    assert len(told) == min(len(known), pynvml.NVML_GPU_INSTANCE_PROFILE_COUNT)
    assert all(one in known for one in told)


@settings(max_examples=40, deadline=None)
@given(machine=described())
def test_what_is_described_is_told(nvml_image, machine):
    with running(nvml_image, machine) as node:
        handles = node.gpus()
        assert len(handles) == len(machine.gpus)
        assert pynvml.nvmlSystemGetDriverVersion() == machine.driver_version
        major, minor = machine.cuda_version
        assert pynvml.nvmlSystemGetCudaDriverVersion() == major * 1000 + minor * 10
        for place, handle in enumerate(handles):
            check_gpu(machine, place, handle)
            check_mig_devices(machine.gpus[place], handle)
        check_profiles(machine, handles[0])


def test_the_library_as_it_is_built(nvml_image, monkeypatch, tmp_path):
    """Without facts it knows no GPU."""
    path = tmp_path / "libnvidia-ml.so.1"
    path.write_bytes(nvml_image)
    (tmp_path / "nvidiactl").touch()
    monkeypatch.setenv("NVMOCK_DEV", str(tmp_path))
    library, count = ctypes.CDLL(str(path)), ctypes.c_uint(7)
    assert library.nvmlInit_v2() == 0 and library.nvmlDeviceGetCount_v2(ctypes.byref(count)) == 0
    assert count.value == 0


def largest():
    return build_machine("dgxa100", gpu_count=64, mig_layout={index: ["1g.5gb"] * 7 for index in range(64)})


def test_the_largest_machine(nvml_image):
    machine = largest()
    with loaded(nvml_image, machine) as node:
        pynvml.nvmlInit()
        for gpu, handle in zip(machine.gpus, node.gpus()):
            check_mig_devices(gpu, handle)
            assert len(gpu.mig_devices) == 7
        last = machine.gpus[63].mig_devices[6]
        assert pynvml.nvmlDeviceGetUUID(pynvml.nvmlDeviceGetHandleByUUID(last.uuid)) == last.uuid
        pynvml.nvmlShutdown()


FACTS = {
    "none": lambda: None,
    "dgxa100": lambda: nvml_facts(build_machine("dgxa100")),
    "largest": lambda: nvml_facts(largest()),
}


@pytest.mark.parametrize("facts", FACTS)
def test_a_sound_elf_file(libnvidia_ml, facts, tmp_path):
    check_elf_file(libnvidia_ml[1], FACTS[facts](), "libnvidia-ml.so.1", tmp_path)


def check_elf_file(image, packed, wanted_soname, place):
    """The library with these facts is what loaders and readers of ELF files want."""
    content = image if packed is None else native.with_facts(image, packed)
    programs_at, sections_at = struct.unpack_from("<2Q", content, 32)
    program_count, section_size, section_count, names = struct.unpack_from("<4H", content, 56)
    assert programs_at == 64 and section_size == 64
    assert sections_at % 8 == 0 and sections_at + section_size * section_count == len(content)

    loadable = []
    for index in range(program_count):
        kind, flags, offset, address, _physical, in_file, in_memory, align = struct.unpack_from(
            "<2I6Q", content, programs_at + 56 * index
        )
        if kind == 1:
            assert offset + in_file <= sections_at and in_file <= in_memory and (offset - address) % align == 0
            loadable.append((address, in_memory, offset, in_file, align, flags))
    for (address, size, offset, in_file, align, _flags), following in zip(loadable, loadable[1:]):
        assert (address + size + align - 1) // align <= following[0] // align, "two segments share a page"
        assert offset + in_file <= following[2]
    address, size, offset, in_file, _align, flags = loadable[-1]
    assert flags == 4 and size == in_file
    if packed is not None:
        assert content[offset : offset + in_file] == packed + bytes(-len(packed) % 8)

    sections = [struct.unpack_from("<2I4Q2I2Q", content, sections_at + 64 * index) for index in range(section_count)]
    strings = content[sections[names][4] :][: sections[names][5]]
    found = {}
    for name, kind, flags, where, start, length, *_more in sections[1:]:
        found[strings[name : strings.index(b"\0", name)]] = (where, start, length)
        if kind != 8:  # .bss has nothing in the file
            assert start + length <= sections_at
        if flags & 2:
            assert any(
                begin <= where and where + length <= begin + size and (kind == 8 or start - where == at - begin)
                for begin, size, at, *_more in loadable
            )
    assert found[b".facts"] == (address, offset, in_file)
    assert soname(content, "x") == wanted_soname

    if shutil.which("readelf"):
        path = place / "library"
        path.write_bytes(content)
        done = subprocess.run(["readelf", "-lSWd", str(path)], capture_output=True, text=True, check=True)
        assert done.stderr == "" and "arning" not in done.stdout and "SONAME" in done.stdout
