# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A machine's facts in the form that libnvidia-ml.so.1 reads: the structures of native/nvml_facts.h, little-endian.

Numbers of enumerations: nvml.h of CUDA 13.5. IDs of MIG profiles: the listings of `nvidia-smi mig -lgip` in NVIDIA's MIG
user guide (A100, A30, H100, H200, B200, RTX PRO 6000 Blackwell).
"""

from __future__ import annotations

from struct import pack

from ..machine.document.clocks import expanded
from ..machine.document.instances import instance_texts
from ..machine.document.texts import Report
from ..machine.mig import MEMORY_SLICES, capability_minor, memory_slices, start_of
from .nvml_numbers import CLUSTER, NUMBERS, TEXTS, number, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..machine.model import Gpu, GpuModel, Machine, MigDevice, MigProfile

# nvmlDeviceArchitecture_t, nvmlBrandType_t
_ARCHITECTURES = {
    "Kepler": 2,
    "Maxwell": 3,
    "Pascal": 4,
    "Volta": 5,
    "Turing": 6,
    "Ampere": 7,
    "Ada": 8,
    "Ada Lovelace": 8,
    "Hopper": 9,
    "Blackwell": 10,
    "Rubin": 13,
}
_BRANDS = {
    "Quadro": 1,
    "Tesla": 2,
    "NVS": 3,
    "GeForce": 5,
    "Titan": 6,
    "Quadro RTX": 12,
    "NVIDIA RTX": 13,
    "NVIDIA": 14,
}

# NVML_GPU_INSTANCE_PROFILE_..._SLICE by slices and attribute: REV1 has media extensions, REV2 twice the memory.
_NUMBERS = {(1, ""): 0, (2, ""): 1, (3, ""): 2, (4, ""): 3, (7, ""): 4, (6, ""): 6, (1, "me"): 7, (2, "me"): 8}
_NUMBERS.update({(1, "rev2"): 9, (1, "gfx"): 10, (2, "gfx"): 11, (4, "gfx"): 12, (3, "gfx"): 17})
_NUMBERS.update({(1, "me.all"): 15, (2, "me.all"): 16, (1, "-me"): 13, (2, "-me"): 14})
_IDS = {0: 19, 1: 14, 2: 9, 3: 5, 4: 0, 7: 20, 9: 15}
# Those of boards that are cut into quarters.
_IDS_OF_QUARTERS = {0: 14, 1: 5, 3: 0, 7: 21, 8: 6, 10: 47, 11: 35, 12: 32, 13: 67, 14: 66, 15: 65, 16: 64}
# For profiles that the user guide's listings do not have: above all ids that they have.
_OTHER_IDS = 68
# GPU instances can reach each other's memory from Hopper on (go-nvml 2f9e261f, isP2pSupported).
_P2P_FROM = (9, 0)
_PROFILES = 18
# Elements of a MIG device, in the order of native/nvml_facts.h.
_INSTANCE = (
    *[f"fb_memory_usage/{name}" for name in ("total", "reserved", "used", "free")],
    *[f"bar1_memory_usage/{name}" for name in ("total", "used", "free")],
    "ecc_error_count/volatile_count/sram_uncorrectable",
)
_PART_NUMBER = 80  # NVML_DEVICE_PART_NUMBER_BUFFER_SIZE


def nvml_facts(machine: Machine) -> bytes:
    """Return the facts of *machine*. Unknown values are 0 or empty."""
    model = machine.model
    report = Report(machine)
    profiles = () if model is None else model.mig_profiles
    migs = [(place, gpu, mig) for place, gpu in enumerate(machine.gpus) for mig in gpu.mig_devices]
    clocks = _clocks(report)
    parts = [_head(machine, model, len(machine.gpus), len(migs), len(profiles), len(clocks))]
    first = 0
    # GPUs of a machine that differ in nothing else have the same document, and making one takes milliseconds.
    documents: dict[object, bytes] = {}
    for place, gpu in enumerate(machine.gpus):
        kind = (gpu.report, gpu.mig_enabled, gpu.addressing_mode)
        if kind not in documents:
            documents[kind] = _document(report, place)
        parts += [_gpu(gpu, first), documents[kind]]
        first += len(gpu.mig_devices)
    parts += [_mig(place, gpu, mig, model) for place, gpu, mig in migs]
    numbers = _profile_numbers(profiles)
    parts += [_profile(profile, which, model) for profile, which in zip(profiles, numbers)]
    parts.append(pack(f"<{len(clocks)}I", *clocks))
    return b"".join(parts)


def _head(machine: Machine, model: GpuModel | None, gpus: int, migs: int, profiles: int, clocks: int) -> bytes:
    cuda = machine.cuda_version
    numbers: tuple[int, ...] = (0,) * 9
    if model is not None:
        numbers = (
            *model.compute_capability,
            _ARCHITECTURES.get(model.architecture, 0),
            _BRANDS.get(model.brand, 0),
            int(model.pci_device_id, 16),
            int(model.pci_subsystem_id, 16),
            model.nvlink_links,
            model.gpus_per_pcie_switch,
            model.gpus_per_socket,
        )
    return pack(
        "<8s3I3i8I96s96s96s",
        b"nvmock1",
        gpus,
        migs,
        profiles,
        cuda[0] * 1000 + cuda[1] * 10,
        *numbers,
        clocks,
        _text(machine.driver_version),
        _text(f"{cuda[0]}.{machine.driver_version}"),
        _text("" if model is None else model.board_part_number, _PART_NUMBER),
    )


def _gpu(gpu: Gpu, first: int) -> bytes:
    domain, bus, device = 0, 0, 0
    if gpu.pci_bus_id:
        domain_text, bus_text, rest = gpu.pci_bus_id.split(":")
        domain, bus, device = int(domain_text, 16), int(bus_text, 16), int(rest.partition(".")[0], 16)
    return pack(
        "<9I4x96s96s96s",
        gpu.minor,
        bool(gpu.pci_bus_id),
        domain,
        bus,
        device,
        gpu.irq,
        gpu.mig_enabled,
        first,
        len(gpu.mig_devices),
        _text(gpu.uuid),
        _text(gpu.name),
        _text(gpu.serial),
    )


def _document(report: Report, gpu: int) -> bytes:
    """Return what nvidia-smi's document says about a GPU: numbers, texts, and the UUID of the NVLink cluster."""
    numbers = [number(report, gpu, name, path) for name, path in NUMBERS]
    texts = b"".join([pack("<96s", _text(_available(report.text(gpu, path)))) for _name, path in TEXTS])
    digits = report.text(gpu, CLUSTER).replace("-", "")
    cluster = bytes.fromhex(digits) if len(digits) == 32 and not digits.strip("0123456789abcdefABCDEF") else b""
    return pack(f"<{len(numbers)}q", *numbers) + texts + pack("<16s", cluster)


def _available(text: str) -> str:
    return "" if text == "N/A" else text


def _clocks(report: Report) -> list[int]:
    """Return for each memory clock: the clock, how many graphics clocks there are, and these."""
    words: list[int] = []
    for memory, graphics in expanded(_available(report.text(0, "supported_clocks"))) if report.machine.gpus else ():
        words += [memory, len(graphics), *graphics]
    return words


def _mig(gpu_place: int, gpu: Gpu, mig: MigDevice, model: GpuModel | None) -> bytes:
    profiles = () if model is None else model.mig_profiles
    sizes = zip(_INSTANCE, (mig.memory_mib, 0, 0, mig.memory_mib) if mig.memory_mib else ())
    texts = {path: str(size) for path, size in sizes} if model is None else instance_texts(model, mig)
    # A device that is a part of its GPU instance has the name 1c.3g.20gb.
    whole = mig.profile.partition("c.")[2] or mig.profile
    place = next((index for index, profile in enumerate(profiles) if profile.name == whole), -1)
    size = profiles[place].size if place >= 0 else 0
    return pack(
        f"<4Ii4I4x{len(_INSTANCE)}q96s96s",
        gpu_place,
        mig.gi,
        mig.ci,
        capability_minor(gpu.minor, mig.gi, mig.ci),
        place,
        start_of(mig.gi, size, memory_slices(profiles)) if size else 0,
        size,
        mig.compute_slices,
        _count(texts.get("device_attributes/shared/multiprocessor_count", "")),
        *[plain(texts.get(path, "")) for path in _INSTANCE],
        _text(mig.uuid),
        _text(f"{gpu.name} MIG {mig.profile}"),
    )


def _count(text: str) -> int:
    return int(text) if text.isdigit() else 0


def _profile_numbers(profiles: tuple[MigProfile, ...]) -> list[int]:
    """Return the NVML_GPU_INSTANCE_PROFILE_... of each profile. Profiles without a name in NVML get the next free numbers."""
    named: dict[int, int] = {}
    for place, profile in enumerate(profiles):
        attribute = profile.name.partition("+")[2] or "".join(profile.name.partition("-")[1:])
        wanted = _NUMBERS.get((profile.slices, attribute))
        if wanted in named.values() and not attribute:
            wanted = _NUMBERS.get((profile.slices, "rev2"))
        if wanted is not None and wanted not in named.values():
            named[place] = wanted
    free = [number for number in range(_PROFILES) if number not in named.values()]
    numbers = []
    for place in range(len(profiles)):
        if place not in named:
            named[place] = free.pop() if free else _PROFILES + place
        numbers.append(named[place])
    return numbers


def profile_ids(profiles: tuple[MigProfile, ...]) -> list[int]:
    """Return the ID of each profile, as nvmlDeviceGetGpuInstanceProfileInfo and `nvidia-smi mig -lgip` say it."""
    return [_profile_id(number, profiles) for number in _profile_numbers(profiles)]


def has_p2p(model: GpuModel) -> bool:
    """Return whether GPU instances can reach each other's memory."""
    return model.compute_capability >= _P2P_FROM


def gpu_instance_profile_id(profiles: tuple[MigProfile, ...], name: str) -> int:
    """Return the id of the profile *name*, which is one of *profiles*."""
    return profile_ids(profiles)[[profile.name for profile in profiles].index(name)]


def _profile(profile: MigProfile, number: int, model: GpuModel | None) -> bytes:
    can_p2p = model is not None and has_p2p(model)
    can_graphics = "+gfx" in profile.name
    starts = tuple(dict.fromkeys(profile.starts))
    return pack(
        "<21I4xQ96s",
        number,
        _profile_id(number, () if model is None else model.mig_profiles),
        can_p2p | can_graphics << 1,
        profile.size,
        profile.slices,
        profile.instance_count,
        profile.multiprocessors,
        *(profile.engines or (0,) * 5),
        len(starts),
        *starts,
        *(0,) * (8 - len(starts)),
        profile.memory_mib,
        _text(f"MIG {profile.name}"),
    )


def _profile_id(number: int, profiles: tuple[MigProfile, ...]) -> int:
    """Return the ID of the profile with this number, as `nvidia-smi mig -lgip` lists it."""
    ids = _IDS if memory_slices(profiles) == MEMORY_SLICES else _IDS_OF_QUARTERS
    return ids.get(number, _OTHER_IDS + number)


def _text(text: str, room: int = 96) -> bytes:
    """Return the text that fits a buffer of NVML with its zero byte."""
    return text.encode("ascii", "replace")[: room - 1]
