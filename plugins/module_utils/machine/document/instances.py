# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The part of the document that is about a MIG device, and MIG devices of a capture.

Sources: published outputs of nvidia-smi 535.54.03 (``-q -x``) and 590.48.01 (``-q``) of boards in MIG mode.
"""

from __future__ import annotations

from ..mig import COMPUTE_SLICES, MEMORY_SLICES, memory_in_name, start_of
from ..mig import devices as build_devices
from ..report import nested
from .computed import NOT_AVAILABLE, number_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model import GpuModel, MigDevice, MigProfile

# Path in -q -x below mig_device, and labels in -q below MIG Device, in document order; after the index and the instances' ids.
INSTANCE_ELEMENTS = (
    ("device_attributes/shared/multiprocessor_count", "Device Attributes/Shared/Multiprocessor count"),
    ("device_attributes/shared/copy_engine_count", "Device Attributes/Shared/Copy Engine count"),
    ("device_attributes/shared/encoder_count", "Device Attributes/Shared/Encoder count"),
    ("device_attributes/shared/decoder_count", "Device Attributes/Shared/Decoder count"),
    ("device_attributes/shared/ofa_count", "Device Attributes/Shared/OFA count"),
    ("device_attributes/shared/jpg_count", "Device Attributes/Shared/JPG count"),
    ("ecc_error_count/volatile_count/sram_uncorrectable", "ECC Errors/Volatile/SRAM Uncorrectable"),
    ("fb_memory_usage/total", "Shared FB Memory Usage/Total"),
    ("fb_memory_usage/reserved", "Shared FB Memory Usage/Reserved"),
    ("fb_memory_usage/used", "Shared FB Memory Usage/Used"),
    ("fb_memory_usage/free", "Shared FB Memory Usage/Free"),
    ("bar1_memory_usage/total", "Shared BAR1 Memory/Total"),
    ("bar1_memory_usage/used", "Shared BAR1 Memory/Used"),
    ("bar1_memory_usage/free", "Shared BAR1 Memory/Free"),
)
_IDS = {
    "index": "index",
    "Index": "index",
    "gpu_instance_id": "gpu_instance_id",
    "GPU Instance ID": "gpu_instance_id",
    "compute_instance_id": "compute_instance_id",
    "Compute Instance ID": "compute_instance_id",
}
_COUNTS = ("multiprocessor", "copy_engine", "encoder", "decoder", "ofa", "jpg")
_SHARED = "device_attributes/shared/"


def instance_texts(model: GpuModel, mig: MigDevice) -> dict[str, str]:
    """Return the text of each of INSTANCE_ELEMENTS by its path."""
    profile = profile_of(model, mig.profile)
    counts = [NOT_AVAILABLE] * len(_COUNTS)
    if profile is not None:
        counts[0] = str(_multiprocessors(model, profile, mig))
        if profile.engines:
            copy, decoder, encoder, jpeg, ofa = profile.engines
            counts[1:] = [str(number) for number in (copy, encoder, decoder, ofa, jpeg)]
    eighths = -(-mig.memory_mib * MEMORY_SLICES // model.memory_mib) if model.memory_mib else 0
    # The share of what the GPU has left: 32767 and 8191 of 65536 MiB on an A100 that uses one (XuehaiPan/nvitop, pull request 8).
    used = number_in(dict(model.report).get("bar1_memory_usage/used", "")) or 0
    bar1 = int(model.readings.bar1_mib - used) * eighths // MEMORY_SLICES if model.readings.bar1_mib else 0
    texts = {f"{_SHARED}{name}_count": count for name, count in zip(_COUNTS, counts)}
    ecc = model.readings.ecc_mode == "Enabled"
    texts["ecc_error_count/volatile_count/sram_uncorrectable"] = "0" if ecc else NOT_AVAILABLE
    sizes = (mig.memory_mib, 0, 0, mig.memory_mib, bar1, 0, bar1)
    texts.update((path, f"{size} MiB") for (path, _label), size in zip(INSTANCE_ELEMENTS[7:], sizes))
    texts.update(mig.report)
    return texts


def profile_of(model: GpuModel, name: str) -> MigProfile | None:
    """Return the profile of the GPU instance in which a MIG device ``3g.20gb`` or ``1c.3g.20gb`` is."""
    whole = name.partition("c.")[2] or name
    return next((one for one in model.mig_profiles if one.name == whole), None)


def _multiprocessors(model: GpuModel, profile: MigProfile, mig: MigDevice) -> int:
    if mig.compute_slices >= profile.slices:
        return profile.multiprocessors
    # Those of the least GPU instance with one slice: 16 in 1c.3g.71gb of an H200, whose 3g.71gb has 60.
    of_one = [one.multiprocessors for one in model.mig_profiles if one.slices == 1]
    return mig.compute_slices * min([*of_one, profile.multiprocessors // profile.slices])


def captured_instances(document: list[tuple[str, str]]) -> list[dict[str, str]]:
    """Return the MIG devices in the document of a GPU, of ``-q -x`` or ``-q``: path below the device -> text."""
    by_label = {label: path for path, label in INSTANCE_ELEMENTS}
    devices: list[dict[str, str]] = []
    last = ""
    for path, text in document:
        if path.startswith("mig_devices/"):
            device, _slash, rest = path[len("mig_devices/") :].partition("/")
            begins = device != last
            last = device
        elif path.startswith("MIG Device/"):
            rest = path[len("MIG Device/") :]
            begins = rest == "Index"
        else:
            continue
        if begins:
            devices.append({})
        devices[-1][_IDS.get(rest, by_label.get(rest, rest))] = text
    return devices


def definitions_of(devices: list[dict[str, str]], model: GpuModel) -> list[dict[str, object]]:
    """Return the MIG devices of a GPU in the form of a definition, without those that have no instance ids or memory.

    A profile that the model has gives the name; otherwise the name follows from the memory, the instance and the multiprocessors.
    """
    rows: list[dict[str, object]] = []
    for device in devices:
        gi, ci = (number_in(device.get(name, "")) for name in ("gpu_instance_id", "compute_instance_id"))
        memory = number_in(device.get("fb_memory_usage/total", ""))
        if gi is None or ci is None or not memory:
            continue
        together = [other for other in devices if other.get("gpu_instance_id") == device.get("gpu_instance_id")]
        name = _name(device, together, model, int(gi), int(memory))
        row: dict[str, object] = {"profile": name, "gpu_instance": int(gi), "compute_instance": int(ci)}
        row["memory_mib"] = int(memory)
        (alone,) = build_devices([row], "", model)
        expected = instance_texts(model, alone)
        differing = [
            (path, device[path])
            for path, _label in INSTANCE_ELEMENTS
            if device.get(path, expected[path]) != expected[path]
        ]
        if differing:
            row["report"] = nested(tuple(differing))
        rows.append(row)
    return rows


def found_profiles(rows: list[dict[str, object]], devices: list[dict[str, str]], memory_mib: int) -> list[list[object]]:
    """Return profiles for the GPU instances of a board of which no profiles are known."""
    profiles: dict[str, list[object]] = {}
    for row in rows:
        name = str(row["profile"])
        whole = name.partition("c.")[2] or name
        instance = str(row["gpu_instance"])
        inside = [device for device in devices if device.get("gpu_instance_id") == instance]
        counts = [[int(number_in(one.get(f"{_SHARED}{count}_count", "")) or 0) for count in _COUNTS] for one in inside]
        size = -(-int(str(row["memory_mib"])) * MEMORY_SLICES // memory_mib)
        start = start_of(int(instance), size)
        if whole not in profiles:
            _sms, copy, encoder, decoder, ofa, jpeg = counts[0]
            together = max(1, sum(one[0] for one in counts))
            engines = [copy, decoder, encoder, jpeg, ofa]
            profiles[whole] = [whole, size, [], row["memory_mib"], min(7, MEMORY_SLICES // size), together, engines]
        starts = profiles[whole][2]
        if isinstance(starts, list) and start not in starts and 0 <= start <= MEMORY_SLICES - size:
            starts.append(start)
    return [profiles[name] for name in sorted(profiles)]


def _name(device: dict[str, str], together: list[dict[str, str]], model: GpuModel, gi: int, memory: int) -> str:
    count = f"{_SHARED}multiprocessor_count"
    own = number_in(device.get(count, "")) or 0
    whole = sum(number_in(other.get(count, "")) or 0 for other in together)
    fitting = [profile for profile in model.mig_profiles if profile.memory_mib == memory]
    fitting = [one for one in fitting if start_of(gi, one.size) in one.starts] or fitting
    if fitting:
        profile = min(fitting, key=lambda one: (abs(one.multiprocessors - whole), "+" in one.name))
        name, slices, multiprocessors = profile.name, profile.slices, profile.multiprocessors
    else:
        # The ids are those of a binary tree: 0 the whole GPU, 1 and 2 its halves, and so on.
        slices = COMPUTE_SLICES if gi == 0 else 3 if gi < 3 else 2 if gi < 7 else 1
        name = f"{slices}g.{memory_in_name(model.memory_mib, memory)}gb"
        multiprocessors = int(whole)
    if len(together) == 1 and (not multiprocessors or own >= multiprocessors * (slices - 0.5) / slices):
        return name
    per_slice = (multiprocessors or 1) / slices
    return f"{max(1, round(own / per_slice))}c.{name}"
