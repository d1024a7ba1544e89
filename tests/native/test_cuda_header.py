# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""libcuda.so.1 is what programs in C take it for: those compiled with NVIDIA's cuda.h, and those that look names up.

The headers are proprietary: they are compiled with and compared, never copied.
"""

from __future__ import annotations

import pathlib
import platform
import re
import shutil
import sysconfig

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils import native
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.cuda_attributes import NUMBERS, attribute_count
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.cuda_facts import cuda_facts
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine

from .client import Client
from .conftest import ROOT
from .cuda_node import names
from .test_nvml_machines import check_elf_file

# By package of PyPI: where it has cuda.h.
HEADERS = {"nvidia-cuda-runtime-cu12": "nvidia/cuda_runtime/include", "nvidia-cuda-runtime": "nvidia/cu13/include"}
MACHINE = build_machine("dgxh100", gpu_count=3, uuid_seed="s")
FAMILIES = ("cuda", "cudaGL", "cudaEGL", "cudaVDPAU", "cudaProfiler")
# A function of Windows, in cuda's typedefs for OpenGL.
NOT_LINUX = {"cuWGLGetDevice"}


@pytest.fixture(params=HEADERS)
def include(request):
    """A directory with cuda.h."""
    place = pathlib.Path(sysconfig.get_path("purelib"), HEADERS[request.param])
    if not (place / "cuda.h").exists():
        pytest.skip(f"NVIDIA's header is not there: pip install {request.param}")
    return place


def text_of(include, suffix=".h"):
    """The headers of all families, without comments."""
    paths = [include / f"{family}{suffix}" for family in FAMILIES]
    text = "".join(path.read_text() for path in paths if path.exists())
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)


def library(machine, image):
    return native.with_facts(image, cuda_facts(machine))


@pytest.fixture
def client(libcuda, tmp_path):
    architecture, image = libcuda
    return Client(tmp_path, architecture, MACHINE, "libcuda.so.1", library(MACHINE, image))


@pytest.mark.parametrize("machine", ["dgxa100", "64 GPUs", None])
def test_a_sound_elf_file(libcuda, machine, tmp_path):
    packed = None
    if machine:
        layout = {index: ["1g.5gb"] * 7 for index in range(64)} if machine == "64 GPUs" else None
        packed = cuda_facts(build_machine(gpu_count=64 if layout else 8, mig_layout=layout))
    check_elf_file(libcuda[1], packed, "libcuda.so.1", tmp_path)


def test_a_program_compiled_with_the_header(client, include):
    output = client.run(
        client.make("cuda_client.c", "-Wno-deprecated-declarations", "-isystem", include, client.library)
    )
    told = dict(line.split(" ", 1) for line in output.splitlines())
    assert (told.pop("version"), told.pop("count")) == ("12040", "3")
    total = MACHINE.model.memory_mib << 20
    for device, gpu in enumerate(MACHINE.gpus):
        facts = {"name": gpu.name, "uuid": gpu.uuid[4:].replace("-", ""), "bus": gpu.pci_bus_id.upper()}
        facts.update(total=total, free=total, all=total, again=device, peer=1, active=1, alloc=801)
        facts.update(threads=1024, warp=32, clock=1980000, MULTIPROCESSOR_COUNT=132)
        facts.update(COMPUTE_CAPABILITY_MAJOR=9, COMPUTE_CAPABILITY_MINOR=0, L2_CACHE_SIZE=52428800)
        facts.update(MAX_SHARED_MEMORY_PER_MULTIPROCESSOR=233472, GLOBAL_MEMORY_BUS_WIDTH=5120, UNIFIED_ADDRESSING=1)
        for name, value in facts.items():
            assert told.pop(f"{device}.{name}") == str(value), name
    assert not told


def test_every_function_of_the_headers_is_in_the_list(include):
    declared = set(re.findall(r"\bCUDAAPI\s+(cu\w+)\s*\(", text_of(include)))
    assert len(declared) > 500
    assert declared - set(names()) == NOT_LINUX & declared


def test_the_versions_of_the_list_are_those_of_the_typedefs(include):
    """PFN_cuCtxCreate_v3020 is cuCtxCreate_v2: the versions of a function, in their order, belong to its names, in their order."""
    typedefs = {}
    for name, version, per_thread in re.findall(
        r"\*PFN_(cu\w+?)_v(\d+)(_pt[sd][sz])?\)", text_of(include, "Typedefs.h")
    ):
        typedefs.setdefault(name, {}).setdefault(per_thread, []).append(int(version))
    assert len(typedefs) > 450
    checked = set()
    for name, kinds in typedefs.items():
        if name in NOT_LINUX:
            continue
        exported = {}
        for text, (version, _answers) in names().items():
            found = re.fullmatch(rf"{name}(_v\d)?(_pt[sd][sz])?", text)
            if found and version:
                exported.setdefault(found[2] or "", []).append(version)
                checked.add(text)
        for kind, versions in kinds.items():
            # A newer header has more versions.
            assert sorted(exported[kind])[: len(versions)] == sorted(versions), name
    newest = max(version for kinds in typedefs.values() for versions in kinds.values() for version in versions)
    if newest >= 13000:  # CUDA 12's headers have no versions of some typedefs
        listed = {text for text, (version, _answers) in names().items() if 0 < version <= newest}
        assert listed - checked == set()


def test_what_the_header_renames_is_in_the_list(include):
    """A program that is compiled with cuMemAlloc calls cuMemAlloc_v2."""
    renamed = dict(re.findall(r"#\s*define\s+(cu\w+)\s+(cu\w+_v\d)\s", text_of(include)))
    assert len(renamed) > 30
    assert set(renamed.values()) - set(names()) == set()


def test_error_codes(include):
    declared = re.search(r"typedef enum cudaError_enum \{(.*?)\} CUresult;", text_of(include), re.S)[1]
    codes = dict(re.findall(r"(CUDA_\w+)\s*=\s*(\d+)", declared))
    rows = re.findall(r'^ERROR\((\d+), "(\w+)", "', (ROOT / "native" / "cuda_error_codes.h").read_text(), re.M)
    listed = {name: code for code, name in rows}
    assert len(codes) > 95
    assert {name: listed.get(name) for name in codes} == codes


def test_numbers_of_attributes(include):
    text = text_of(include)
    declared = re.search(r"typedef enum CUdevice_attribute_enum \{(.*?)\} CUdevice_attribute;", text, re.S)[1]
    last = max(int(number) for number in re.findall(r"=\s*(\d+)", declared))
    version = int(re.search(r"define CUDA_VERSION (\d+)", text)[1])
    assert attribute_count((version // 1000, version % 1000 // 10)) == last + 1 <= NUMBERS


def test_a_program_that_looks_names_up(client):
    output = client.run(client.make("cuda_dlopen.c", "-ldl", "-pthread"), client.library)
    assert output.split() == [gpu.uuid[4:].replace("-", "") for gpu in MACHINE.gpus]


def test_a_program_with_musl(cuda_image, tmp_path):
    """Its C library is another than the one that most programs have; this one needs none."""
    compiler = shutil.which("musl-gcc")
    if not compiler:
        pytest.skip("no musl: install musl-tools")
    client = Client(tmp_path, platform.machine(), MACHINE, "libcuda.so.1", library(MACHINE, cuda_image))
    program = client.make("cuda_dlopen.c", compiler=compiler)
    assert b"ld-musl" in program.read_bytes()
    assert client.run(program, client.library).split() == [gpu.uuid[4:].replace("-", "") for gpu in MACHINE.gpus]
