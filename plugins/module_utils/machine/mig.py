# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""MIG: how a GPU is partitioned into GPU instances, and the minors of their capabilities.

Facts: NVIDIA's MIG user guide (profiles, placements, instance IDs in its `nvidia-smi mig` listings); the minors are those of
the driver's /proc/driver/nvidia-caps/mig-minors, recorded for gpu0 to gpu2 in the test data.
"""

from __future__ import annotations

from .. import parameters
from ..errors import ParameterError
from . import report
from .identity import derive_uuid
from .model import GpuModel, MigDevice, MigProfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MEMORY_SLICES = 8
COMPUTE_SLICES = 7
_INSTANCES_PER_GPU = 15
_COMPUTE_INSTANCES = 8
_MOST_ENGINES = 64
_KEYS = ("name", "memory_slices", "starts", "memory_mib", "instances", "multiprocessors")
_DEVICE = ("profile", "gpu_instance", "compute_instance")
_DEVICE_OPTIONAL = ("memory_mib", "report")
_ENGINES = ("copy", "decoder", "encoder", "jpeg", "ofa")
_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.+-")


# Capabilities that do not belong to a GPU, and their minors.
GLOBAL_CAPABILITIES = {"config": 1, "monitor": 2}


def capability_minor(gpu: int, gi: int, ci: int | None = None) -> int:
    """Return the minor of the capability of a GPU instance, or of a compute instance in it.

    :arg gpu: minor of the GPU.
    """
    instance = 3 + (gpu * _INSTANCES_PER_GPU + gi) * (1 + _COMPUTE_INSTANCES)
    return instance if ci is None else instance + 1 + ci


def capability_name(gpu: int, gi: int, ci: int | None = None) -> str:
    """Return the driver's name of that capability, such as ``gpu0/gi1/ci0/access``."""
    return f"gpu{gpu}/gi{gi}/access" if ci is None else f"gpu{gpu}/gi{gi}/ci{ci}/access"


def capability_minors(gpus: list[int]) -> dict[str, int]:
    """Return all entries of the driver's mig-minors: ``{"gpu0/gi1/access": 12, ...}``."""
    minors = dict(GLOBAL_CAPABILITIES)
    for gpu in gpus:
        for gi in range(_INSTANCES_PER_GPU):
            for ci in (None, *range(_COMPUTE_INSTANCES)):
                minors[capability_name(gpu, gi, ci)] = capability_minor(gpu, gi, ci)
    return minors


def profiles(rows: object) -> tuple[MigProfile, ...]:
    """Return the profiles of a machine definition's rows, which :func:`check_profiles` has accepted."""
    result = []
    for row in rows:  # type: ignore[attr-defined]
        name, size, starts, memory, count, multiprocessors, *known = _positional("mig_profiles", row)
        slices = int(name.split("g.")[0])
        places = tuple([int(start) for start in starts])
        engines: tuple[int, int, int, int, int] | tuple[()] = ()
        if known:
            copy, decoder, encoder, jpeg, ofa = [int(number) for number in known[0]]
            engines = (copy, decoder, encoder, jpeg, ofa)
        result.append(
            MigProfile(name, slices, int(size), places, int(memory), int(count), int(multiprocessors), engines)
        )
    return tuple(result)


def check_profiles(where: str, rows: object) -> None:
    """Check the ``mig_profiles`` of a user's definition.

    :raises ParameterError: not a list of [name, memory slices, starts, memory in MiB, instances, multiprocessors] with an
        optional last element [copy, decoder, encoder, jpeg, ofa], the engines, or of mappings with names for these values.
    """
    shape = "a list of [name, memory slices, starts, memory in MiB, instances, multiprocessors] or these and [engines]"
    if not isinstance(rows, (list, tuple)):
        raise ParameterError(where, rows, shape)
    seen: set[str] = set()
    for given in rows:
        row = _positional(where, given)
        if not isinstance(row, (list, tuple)) or len(row) not in (6, 7):
            raise ParameterError(where, row, shape)
        name, size, starts, memory, count, multiprocessors = row[:6]
        slices = check_profile_name(where, name)
        if name in seen:
            raise ParameterError(where, name, "given once only")
        seen.add(name)
        parameters.integer(where, slices, 1, COMPUTE_SLICES)
        size = parameters.integer(where, size, 1, MEMORY_SLICES)
        if not isinstance(starts, (list, tuple)):
            raise ParameterError(where, starts, "a list of memory slices, 0 to 7")
        for start in starts:
            # The instance id follows from the place in a binary tree: elsewhere two instances would share one.
            if parameters.integer(where, start, 0, MEMORY_SLICES - size) % _width(size):
                raise ParameterError(where, start, f"a memory slice divisible by {_width(size)} ({name})")
        parameters.integer(where, memory, 1, 1 << 40)
        parameters.integer(where, count, 1, COMPUTE_SLICES)
        parameters.integer(where, multiprocessors, 1, 1 << 20)
        for engines in row[6:]:
            if not isinstance(engines, (list, tuple)) or len(engines) != 5:
                raise ParameterError(where, engines, "a list of five engine counts: copy, decoder, encoder, jpeg, ofa")
            for number in engines:
                parameters.integer(where, number, 0, _MOST_ENGINES)


def check_profile_name(where: str, name: object) -> str:
    """Return the compute slices in the name of a MIG profile, as text.

    :raises ParameterError: not such a name.
    """
    slices, separator, memory_name = name.partition("g.") if isinstance(name, str) else ("", "", "")
    if not separator or not slices.isdigit() or "gb" not in memory_name or not _NAME.issuperset(str(name)):
        raise ParameterError(where, name, "a MIG profile name such as 3g.20gb or 1g.5gb+me")
    return slices


def check_device_name(where: str, name: object) -> tuple[int, str]:
    """Return the compute slices of a MIG device and the profile of its GPU instance: ``1c.3g.20gb`` is one slice of 3g.20gb.

    :raises ParameterError: not such a name.
    """
    compute, separator, profile = name.partition("c.") if isinstance(name, str) else ("", "", "")
    if not separator or not compute.isdigit():
        return int(check_profile_name(where, name)), str(name)
    check_profile_name(where, profile)
    return int(compute), profile


def check_devices(where: str, rows: object, most: int) -> None:
    """Check the ``mig_devices`` of a user's definition: per GPU a list of MIG devices, or None if it is not in MIG mode.

    :raises ParameterError: not a list of at most *most* lists of mappings with profile, gpu_instance, compute_instance, and
        optionally memory_mib and report.
    """
    if not isinstance(rows, (list, tuple)) or len(rows) > most:
        raise ParameterError(where, rows, f"a list of lists of MIG devices, at most {most}, one per GPU")
    for index, devices in enumerate(rows):
        place = f"{where}[{index}]"
        if devices is None:
            continue
        if not isinstance(devices, (list, tuple)):
            raise ParameterError(place, devices, "a list of MIG devices, or null for a GPU that is not in MIG mode")
        seen = set()
        for device in devices:
            if not isinstance(device, dict):
                raise ParameterError(place, device, "a mapping of " + ", ".join((*_DEVICE, *_DEVICE_OPTIONAL)))
            _values(place, device, _DEVICE, _DEVICE_OPTIONAL)
            check_device_name(place + ".profile", device["profile"])
            gi = parameters.integer(place + ".gpu_instance", device["gpu_instance"], 0, _INSTANCES_PER_GPU - 1)
            ci = parameters.integer(place + ".compute_instance", device["compute_instance"], 0, _COMPUTE_INSTANCES - 1)
            if (gi, ci) in seen:
                raise ParameterError(place, f"{gi}, {ci}", "made of pairs of instances that are given once only")
            seen.add((gi, ci))
            parameters.integer(place + ".memory_mib", device.get("memory_mib", 1), 1, 1 << 40)
            report.check(place + ".report", device.get("report", {}))


def devices(rows: Any, gpu_uuid: str, model: GpuModel) -> tuple[MigDevice, ...]:
    """Return the MIG devices of a GPU for one list of the ``mig_devices`` that :func:`check_devices` has accepted."""
    found = []
    for position, row in enumerate(
        sorted(rows, key=lambda row: (int(row["gpu_instance"]), int(row["compute_instance"])))
    ):
        slices, name = check_device_name("mig_devices", row["profile"])
        profile = next((one for one in model.mig_profiles if one.name == name), None)
        gi, ci = int(row["gpu_instance"]), int(row["compute_instance"])
        found.append(
            MigDevice(
                index=position,
                uuid="MIG-" + derive_uuid(gpu_uuid, f"mig/{gi}/{ci}"),
                gi=gi,
                ci=ci,
                profile=str(row["profile"]),
                graphics="+gfx" in name,
                memory_mib=int(row.get("memory_mib", profile.memory_mib if profile else 0)),
                compute_slices=slices,
                report=report.build(row.get("report", {})),
            )
        )
    return tuple(found)


def named_profile(profile: MigProfile) -> dict[str, object]:
    """Return a profile as the mapping that a definition takes."""
    values = (profile.name, profile.size, list(profile.starts), profile.memory_mib, profile.instance_count)
    row: dict[str, object] = dict(zip(_KEYS, (*values, profile.multiprocessors)))
    if profile.engines:
        row["engines"] = dict(zip(_ENGINES, profile.engines))
    return row


def _positional(where: str, row: Any) -> Any:
    """Return a profile whose values have names as a list of them; anything else unchanged.

    :raises ParameterError: a name is unknown or missing.
    """
    if not isinstance(row, dict):
        return row
    values = _values(where, row, _KEYS, ("engines",))
    engines = row.get("engines")
    if engines is not None:
        values.append(_values(where + ".engines", engines, _ENGINES) if isinstance(engines, dict) else engines)
    return values


def _values(where: str, mapping: dict[Any, Any], keys: tuple[str, ...], optional: tuple[str, ...] = ()) -> list[Any]:
    for key in mapping:
        if key not in (*keys, *optional):
            raise ParameterError(where, key, "made of the keys " + ", ".join((*keys, *optional)))
    for key in keys:
        if key not in mapping:
            raise ParameterError(where, sorted(mapping), f"complete: {key} is missing")
    return [mapping[key] for key in keys]


def memory_in_name(gpu_mib: int, instance_mib: int) -> int:
    """Return the memory that NVIDIA's programs put in the name of a profile, in GB: the eighths of the GPU that hold it.

    The rule is go-nvlib's (pkg/nvlib/device/mig_profile.go): the share is rounded up to eighths, the GPU's memory to GiB, their
    product to the nearest number. Programs derive the name from the memory, so another one in a definition would not be theirs.
    """
    eighths = -(-instance_mib * MEMORY_SLICES // gpu_mib)
    gigabytes = -(-gpu_mib // 1024)
    return (2 * eighths * gigabytes + MEMORY_SLICES) // (2 * MEMORY_SLICES)


def parse_layout(name: str, layout: object, gpu_count: int, model: GpuModel) -> dict[int, list[str]]:
    """Check a MIG layout: a mapping of GPU index to a list of profile names.

    :raises ParameterError: an unknown GPU or profile, or a GPU that does not support MIG.
    """
    if layout is None:
        return {}
    if not isinstance(layout, dict):
        raise ParameterError(name, layout, "a mapping of GPU index to a list of MIG profiles, such as {0: [3g.20gb]}")
    known = [profile.name for profile in model.mig_profiles]
    result: dict[int, list[str]] = {}
    for key, wanted in layout.items():
        index = parameters.integer(name, key, 0, gpu_count - 1, " (GPU index)")
        if index in result:
            raise ParameterError(name, key, "given once only", " (GPU index)")
        if not known:
            raise ParameterError(name, layout, f"empty: {model.product_name} has no MIG profiles")
        if not isinstance(wanted, (list, tuple)):
            raise ParameterError(name, wanted, "a list of MIG profiles: " + ", ".join(known), f"[{index}]")
        for profile in wanted:
            if profile not in known:
                raise ParameterError(name, profile, "one of " + ", ".join(known), f"[{index}]")
        result[index] = [str(profile) for profile in wanted]
    return result


def place(name: str, gpu_uuid: str, index: int, wanted: list[str], model: GpuModel) -> tuple[MigDevice, ...]:
    """Place the *wanted* profiles on a GPU, with one compute instance each.

    Of all placements, that one is taken in which the first profile starts at its earliest possible memory slice, then the second, and
    so on. So a layout is accepted in any order if it has a placement at all.

    :returns: the MIG devices in the order of their GPU instance IDs.
    :raises ParameterError: they do not fit. The message contains the first profile that does not fit beside those before it.
    """
    by_name = {profile.name: profile for profile in model.mig_profiles}
    profiles = [by_name[wish] for wish in wanted]
    starts = _starts(profiles)
    if starts is None:
        count = next(count for count in range(1, len(profiles) + 1) if _starts(profiles[:count]) is None)
        allowed = f"profiles that fit one GPU: no space left for {wanted[count - 1]}"
        raise ParameterError(name, wanted, allowed, f"[{index}]")
    placed = [(_instance_id(profile.size, start), profile) for profile, start in zip(profiles, starts)]
    placed.sort(key=lambda item: item[0])
    return tuple(
        MigDevice(
            index=position,
            uuid="MIG-" + derive_uuid(gpu_uuid, f"mig/{gi}/0"),
            gi=gi,
            ci=0,
            profile=profile.name,
            graphics="+gfx" in profile.name,
            memory_mib=profile.memory_mib,
            compute_slices=profile.slices,
        )
        for position, (gi, profile) in enumerate(placed)
    )


def _starts(profiles: list[MigProfile]) -> list[int] | None:
    """Return the memory slices at which the profiles start on one GPU; None if there is no placement."""
    if sum([profile.slices for profile in profiles]) > COMPUTE_SLICES:
        return None
    if any(profiles.count(profile) > profile.instance_count for profile in profiles):
        return None
    return _search(profiles, 0, 0, set())


def _search(profiles: list[MigProfile], place: int, taken: int, dead: set[tuple[int, int]]) -> list[int] | None:
    """Place the profiles from the number *place* on.

    :arg taken: the occupied memory slices, as bits.
    :arg dead: number of a profile and occupied slices from which there is no way on. It keeps the search short.
    """
    if place == len(profiles):
        return []
    if (place, taken) in dead:
        return None
    profile = profiles[place]
    for start in profile.starts:
        slices = (1 << profile.size) - 1 << start
        if not taken & slices:
            rest = _search(profiles, place + 1, taken | slices, dead)
            if rest is not None:
                return [start, *rest]
    dead.add((place, taken))
    return None


def _instance_id(size: int, start: int) -> int:
    """The driver numbers GPU instances like the nodes of a binary tree: 7g is 0, 3g/4g 1-2, 2g 3-6, 1g 7-14."""
    return MEMORY_SLICES // _width(size) - 1 + start // _width(size)


def start_of(instance: int, size: int) -> int:
    """Return the first memory slice of a GPU instance of *size* slices by its id."""
    width = _width(size)
    return (instance - (MEMORY_SLICES // width - 1)) * width


def _width(size: int) -> int:
    """The memory slices of the smallest node of that tree that holds *size* of them."""
    width = 1
    while width < size:
        width *= 2
    return width
