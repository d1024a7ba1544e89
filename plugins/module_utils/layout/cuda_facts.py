# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A machine's facts in the form that libcuda.so.1 reads: the structures of native/cuda_facts.h, little-endian."""

from __future__ import annotations

from struct import pack

from ..machine.mig import capability_minor
from .cuda_attributes import L2_CACHE, NUMBERS, attribute_count, attributes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..machine.model import Gpu, Machine, MigDevice, MigProfile

_UNKNOWN = -(1 << 31)
_MEMORY_SLICES = 8


def cuda_facts(machine: Machine) -> bytes:
    """Return the facts of *machine*. An unknown attribute is the least number of 32 bits; unknown memory is 0."""
    model = machine.model
    known = attributes(machine)
    cuda = machine.cuda_version
    profiles = {} if model is None else {profile.name: profile for profile in model.mig_profiles}
    parts = [b""]
    first = 0
    for gpu in machine.gpus:
        parts.append(_gpu(gpu, first))
        first += len(gpu.mig_devices)
    for place, gpu in enumerate(machine.gpus):
        for mig in gpu.mig_devices:
            # A device that is a part of its GPU instance has the name 1c.3g.20gb.
            profile = profiles.get(mig.profile.partition("c.")[2] or mig.profile)
            parts.append(_mig(place, gpu, mig, profile, known))
    parts[0] = pack(
        f"<8s2I2iI4xQ{NUMBERS}i",
        b"nvmock1",
        len(machine.gpus),
        first,
        cuda[0] * 1000 + cuda[1] * 10,
        attribute_count(cuda),
        model is not None and model.nvlink_links > 0,
        0 if model is None else model.memory_mib << 20,
        *(known.get(number, _UNKNOWN) for number in range(NUMBERS)),
    )
    return b"".join(parts)


def _gpu(gpu: Gpu, first: int) -> bytes:
    domain, bus, device = 0, 0, 0
    if gpu.pci_bus_id:
        domain_text, bus_text, rest = gpu.pci_bus_id.split(":")
        domain, bus, device = int(domain_text, 16), int(bus_text, 16), int(rest.partition(".")[0], 16)
    return pack(
        "<8I48s96s",
        gpu.minor,
        bool(gpu.pci_bus_id),
        domain,
        bus,
        device,
        gpu.mig_enabled,
        first,
        len(gpu.mig_devices),
        _text(gpu.uuid, 48),
        _text(gpu.name, 96),
    )


def _mig(place: int, gpu: Gpu, mig: MigDevice, profile: MigProfile | None, known: dict[int, int]) -> bytes:
    processors, cache, engines = _UNKNOWN, _UNKNOWN, _UNKNOWN
    if profile is not None:
        processors = profile.multiprocessors * mig.compute_slices // profile.slices
        if profile.engines:
            engines = profile.engines[0]
        if L2_CACHE in known:
            # A memory slice has its part of the L2 cache (MIG user guide).
            cache = known[L2_CACHE] * profile.size // _MEMORY_SLICES
    return pack(
        "<4I3i4xQ48s96s",
        place,
        mig.gi,
        mig.ci,
        capability_minor(gpu.minor, mig.gi, mig.ci),
        processors,
        cache,
        engines,
        mig.memory_mib << 20,
        _text(mig.uuid, 48),
        _text(f"{gpu.name} MIG {mig.profile}", 96),
    )


def _text(text: str, room: int) -> bytes:
    """Return the text that fits a buffer with its zero byte."""
    return text.encode("ascii", "replace")[: room - 1]
