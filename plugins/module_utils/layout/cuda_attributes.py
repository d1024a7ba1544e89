# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The attributes of a CUDA device (CUdevice_attribute of CUDA 13.5) that facts or the compute capability determine.

Sources: the tables of features and technical specifications by compute capability in NVIDIA's CUDA programming guide (5.0 to 12.1).
Multiprocessors, memory bus, L2 cache and copy engines of a board: NVIDIA's datasheets and architecture whitepapers, and published
outputs of deviceQuery and of PyTorch's device properties. An attribute that no source gives is missing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..machine.model import Gpu, GpuModel, Machine

NUMBERS = 162  # CU_DEVICE_ATTRIBUTE_MAX
MULTIPROCESSORS, L2_CACHE = 16, 38

# CUDA version: the number after its last attribute (CU_DEVICE_ATTRIBUTE_MAX of its cuda.h). An older version is as the first one.
_COUNTS: tuple[tuple[tuple[int, int], int], ...] = (
    ((11, 7), 125),
    ((12, 0), 130),
    ((12, 1), 133),
    ((12, 2), 135),
    ((12, 5), 136),
    ((12, 8), 144),
    ((13, 0), 148),
    ((13, 1), 149),
    ((13, 3), 157),
    ((13, 4), 162),
)

# PCI device ID: (multiprocessors, bits of the memory bus, KiB of L2 cache, copy engines); 0 if unknown.
_BOARDS: dict[str, tuple[int, int, int, int]] = {
    "1DB1": (80, 4096, 6144, 0),  # V100 SXM2 16 GB
    "1DB5": (80, 4096, 6144, 0),  # V100 SXM2 32 GB
    "1E81": (48, 256, 4096, 3),  # GeForce RTX 2080 SUPER
    "1EB8": (40, 256, 4096, 3),  # T4
    "20B0": (108, 5120, 40960, 3),  # A100 SXM4 40 GB
    "20B2": (108, 5120, 40960, 3),  # A100 SXM4 80 GB
    "20B5": (108, 5120, 40960, 3),  # A100 PCIe 80 GB
    "20B7": (56, 3072, 24576, 3),  # A30
    "20F1": (108, 5120, 40960, 3),  # A100 PCIe 40 GB
    "2236": (72, 384, 6144, 2),  # A10
    "2237": (80, 384, 6144, 2),  # A10G
    "2330": (132, 5120, 51200, 3),  # H100 SXM5 80 GB
    "2331": (114, 5120, 51200, 3),  # H100 PCIe
    "2333": (132, 6144, 61440, 3),  # H200, as go-nvml has it
    "2335": (132, 6144, 61440, 3),  # H200 SXM5
    "2342": (132, 6144, 0, 3),  # GH200 480 GB
    "2684": (128, 384, 73728, 2),  # GeForce RTX 4090
    "26B5": (142, 384, 98304, 2),  # L40
    "26B9": (142, 384, 98304, 2),  # L40S
    "27B8": (58, 192, 49152, 2),  # L4
    "2901": (148, 8192, 129536, 0),  # B200
    "2941": (152, 8192, 129536, 0),  # GB200
    "2BB1": (188, 512, 131072, 0),  # RTX PRO 6000 Blackwell Workstation Edition
    "2BB5": (188, 512, 131072, 0),  # RTX PRO 6000 Blackwell Server Edition
    "3182": (148, 8192, 0, 0),  # B300
    "307F": (0, 0, 0, 0),  # Rubin: unknown
    "31C2": (152, 8192, 0, 0),  # GB300
}

# Compute capability: (threads, blocks, KiB of shared memory of a multiprocessor, KiB of shared memory that a block may have, ratio of
# single to double precision). A minor version that is not here is as the one before it.
_CAPABILITIES: tuple[tuple[tuple[int, int], tuple[int, int, int, int, int]], ...] = (
    ((5, 0), (2048, 32, 64, 48, 32)),
    ((5, 2), (2048, 32, 96, 48, 32)),
    ((5, 3), (2048, 32, 64, 48, 32)),
    ((6, 0), (2048, 32, 64, 48, 2)),
    ((6, 1), (2048, 32, 96, 48, 32)),
    ((6, 2), (2048, 32, 64, 48, 32)),
    ((7, 0), (2048, 32, 96, 96, 2)),
    ((7, 5), (1024, 16, 64, 64, 32)),
    ((8, 0), (2048, 32, 164, 163, 2)),
    ((8, 6), (1536, 16, 100, 99, 64)),
    ((8, 7), (1536, 16, 164, 163, 64)),
    ((8, 9), (1536, 24, 100, 99, 64)),
    ((9, 0), (2048, 32, 228, 227, 2)),
    ((10, 0), (2048, 32, 228, 227, 2)),
    ((10, 3), (2048, 32, 228, 227, 64)),
    ((11, 0), (1536, 24, 228, 227, 64)),
    ((12, 0), (1536, 24, 100, 99, 64)),
)

# Equal for all GPUs of compute capability 6.0 and later, with a driver for Linux on a machine with an x86 or Arm server CPU: numbers of
# attributes, and their values.
_EVERYWHERE: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((1,), (1024,)),  # threads of a block
    ((2, 3, 4), (1024, 1024, 64)),  # its dimensions
    ((5, 6, 7), (2**31 - 1, 65535, 65535)),  # dimensions of a grid
    ((8,), (48 << 10,)),  # shared memory of a block
    ((9,), (64 << 10,)),  # constant memory
    ((10,), (32,)),  # threads of a warp
    ((11,), (2**31 - 1,)),  # pitch of copies
    ((12,), (65536,)),  # registers of a block
    ((14,), (512,)),  # alignment of textures
    ((15,), (1,)),  # copies while a kernel runs
    ((17, 18, 19, 20), (0, 0, 1, 0)),  # no run time limit, not integrated, maps host memory, default compute mode
    ((21, 22, 23, 24, 25, 26), (131072, 131072, 65536, 16384, 16384, 16384)),  # textures of 1, 2, 3 dimensions
    ((27, 28, 29), (32768, 32768, 2048)),  # layered, 2 dimensions
    ((30, 31, 35, 41), (512, 1, 0, 1)),  # alignment of surfaces, concurrent kernels, no TCC, unified addresses
    ((42, 43, 44, 45, 46), (32768, 2048, 1, 32768, 32768)),  # layered, 1 dimension; gather
    ((47, 48, 49, 51), (8192, 8192, 32768, 32)),  # other limits of 3 dimensions; alignment of a pitch
    ((52, 53, 54), (32768, 32768, 2046)),  # cubemaps
    ((55, 56, 57, 58, 59, 60), (32768, 131072, 65536, 16384, 16384, 16384)),  # surfaces
    ((61, 62, 63, 64, 65, 66, 67, 68), (32768, 2048, 32768, 32768, 2048, 32768, 32768, 2046)),
    ((70, 71, 72, 73, 74, 77), (131072, 65000, 2097120, 32768, 32768, 32768)),  # linear and mipmapped textures
    ((78, 79, 80), (1, 1, 1)),  # priorities of streams, L1 cache
    ((82, 83, 84), (65536, 1, 0)),  # registers of a multiprocessor, managed memory, one GPU on a board
    ((89, 90, 91, 95, 99, 102, 103, 104, 105), (1, 1, 1, 1, 1, 1, 1, 0, 0)),
    ((115, 125, 133, 135), (1, 1, 0, 0)),  # memory pools, events between processes, no MPS, no Direct3D
)


def attribute_count(cuda_version: tuple[int, int]) -> int:
    """Return the number after the last attribute of a CUDA version."""
    return [count for version, count in _COUNTS if version <= cuda_version or version == _COUNTS[0][0]][-1]


def attributes(machine: Machine) -> dict[int, int]:
    """Return the known attributes of a whole GPU of *machine*, by number."""
    model = machine.model
    if model is None:
        return {}
    known = {75: model.compute_capability[0], 76: model.compute_capability[1]}
    known.update(_of_capability(model.compute_capability))
    known.update(_of_board(model))
    known.update(_of_host(machine.gpus[0]) if machine.gpus else {})
    return known


def _of_capability(capability: tuple[int, int]) -> dict[int, int]:
    rows = [row for version, row in _CAPABILITIES if version[0] == capability[0] and version <= capability]
    if not rows:
        return {}
    threads, blocks, shared, shared_of_block, ratio = rows[-1]
    known = {number: value for numbers, values in _EVERYWHERE for number, value in zip(numbers, values)}
    known.update({39: threads, 81: shared << 10, 87: ratio, 97: shared_of_block << 10, 106: blocks})
    known[69] = 2**28 if capability >= (7, 0) else 2**27  # width of a linear texture
    known[111] = 1024 if capability >= (8, 0) else 0  # shared memory of a block that CUDA keeps
    known[107] = int(capability >= (8, 0))  # compression
    for number in (112, 114, 122, 123):  # sparse arrays, timeline semaphores, memory operations of streams
        if capability >= (7, 0):
            known[number] = 1
    if capability >= (8, 0):
        known[109] = 2**27 - 4096  # window of an access policy
    for number in (120, 127):  # clusters, tensor maps
        known[number] = int(capability >= (9, 0))
    known[126] = 4 if capability >= (9, 0) else 1  # domains of memory synchronization
    if capability < (9, 0):
        known.update({128: 0, 132: 0})  # handles of a fabric, multicast
    if capability < (10, 0):
        known.update({136: 0, 137: 0})  # decompression
    if capability < (6, 0):
        # No managed access beside the CPU, no preemption, no cooperative launch; smaller textures.
        for number in (89, 90, 91, 95):
            known[number] = 0
        known.update({21: 65536, 22: 65536, 23: 65536, 24: 4096, 25: 4096, 26: 4096})
        for number in (*range(27, 30), *range(42, 50), *range(52, 69), *range(70, 75), 77):
            known.pop(number, None)
    return known


def _of_board(model: GpuModel) -> dict[int, int]:
    processors, bus, cache, engines = _BOARDS.get(model.pci_device_id[:4], (0,) * 4)
    found = {MULTIPROCESSORS: processors, 37: bus, L2_CACHE: cache << 10, 40: engines}
    clocks = model.readings.max_clocks_mhz
    if clocks:
        found.update({13: clocks[1] * 1000, 36: clocks[2] * 1000})  # SM and memory clock in kHz
    known = {number: value for number, value in found.items() if value}
    if model.compute_capability == (8, 0) and cache:
        known[108] = (cache << 10) * 3 // 4  # L2 cache that can be set aside
    if model.readings.ecc_mode:
        known[32] = int(model.readings.ecc_mode == "Enabled")
    if "GeForce" not in model.product_name:
        known.update({110: 1, 116: 1})  # GPUDirect RDMA
    known.update({139: _signed(model.pci_device_id), 140: _signed(model.pci_subsystem_id)})
    return known


def _of_host(gpu: Gpu) -> dict[int, int]:
    """Return what the way to the host's memory determines: with ATS, GPU and CPU share page tables and a coherent link."""
    coherent = int(gpu.addressing_mode == "ATS")
    known = {86: coherent, 100: coherent, 101: coherent, 130: coherent}
    if gpu.addressing_mode:
        known[88] = int(gpu.addressing_mode != "NONE")
    return known


def _signed(digits: str) -> int:
    """Return the number that 8 hexadecimal digits are as an int of C."""
    number = int(digits, 16)
    return number - (1 << 32) if number >> 31 else number
