# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Pure: the MIG devices that a GPU could have, and the counters that keep overlapping ones apart (KEP-4815).

Counter sets, counters and capacities are those of NVIDIA's driver with its feature gate DynamicMIG (cmd/gpu-kubelet-plugin/partitions.go).
A whole GPU consumes all counters. An engine of which the instances of a profile have more than the whole GPU is shared by them, and not
counted. Where these counters would allow more than the board, others are added.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nvmock_gpu.layout.nvml_facts import profile_ids
from nvmock_gpu.machine.mig import COMPUTE_SLICES, devices
from nvmock_gpu.machine.mig_instances import Layout

from .quantities import ENGINES, device_name, quantity

if TYPE_CHECKING:
    from collections.abc import Callable

    from nvmock_gpu.machine.model import Gpu, GpuModel, MigDevice, MigProfile

_COUNTERS = dict(zip(ENGINES, ("copy-engines", "decoders", "encoders", "jpeg-engines", "ofa-engines")))


@dataclass(frozen=True)
class Partition:
    """A MIG device that a GPU could have.

    :ivar name: of the device in a slice.
    :ivar place: of its profile in the model.
    :ivar start: first memory slice.
    :ivar mig: the device as it will be.
    """

    name: str
    place: int
    start: int
    mig: MigDevice


def partitions_of(gpu: Gpu, model: GpuModel) -> list[Partition]:
    """Every placement of every profile, by name. A GPU instance has one compute instance, which is all of it."""
    found = []
    for place, (profile, number) in enumerate(zip(model.mig_profiles, profile_ids(model.mig_profiles))):
        for start in dict.fromkeys(profile.starts):
            layout = Layout(model.mig_profiles, True)
            instance = layout.create(place, start)
            [mig] = devices(
                [{"profile": profile.name, "gpu_instance": instance, "compute_instance": 0}], gpu.uuid, model
            )
            found.append(Partition(device_name(gpu, profile.name, number, start), place, start, mig))
    return sorted(found, key=lambda one: one.name)


def mask_of(profile: MigProfile, start: int) -> int:
    """The memory slices of a placement, as bits."""
    return ((1 << profile.size) - 1) << start


def capacity_of(profile: MigProfile) -> dict[str, int]:
    """What an instance has, as far as it is known. The memory is in MiB."""
    return {
        **({"memory": profile.memory_mib} if profile.memory_mib else {}),
        "multiprocessors": profile.multiprocessors,
        **dict(zip(ENGINES, profile.engines)),
    }


def whole_capacity(profiles: tuple[MigProfile, ...]) -> dict[str, int]:
    """What a GPU has that can be cut: the most that a profile has of each."""
    found: dict[str, int] = {}
    for profile in profiles:
        for name, count in capacity_of(profile).items():
            found[name] = max(count, found.get(name, 0))
    return found


class Counters:
    """The counters of a board.

    :arg profiles: those of the board, in its order.
    :ivar whole: what a GPU has, by counter, as numbers; the memory in MiB.
    """

    def __init__(self, profiles: tuple[MigProfile, ...]) -> None:
        self._profiles = profiles
        self._ids = profile_ids(profiles)
        whole = whole_capacity(profiles)
        self._counted = [name for name in whole if self._is_counted(name, whole[name])]
        self.whole = {counter_name(name): whole[name] for name in self._counted}
        slices = max(start + profile.size for profile in profiles for start in profile.starts)
        self.whole.update({f"memory-slice-{one}": 1 for one in range(slices)})
        self._slices = slices
        self._compute = self._most(lambda profile: profile.slices) > COMPUTE_SLICES
        if self._compute:
            self.whole["compute-slices"] = COMPUTE_SLICES
        self._limited = {place for place, profile in enumerate(profiles) if self._is_unlimited(place, profile)}
        for place in self._limited:
            self.whole[f"profile-{self._ids[place]}"] = profiles[place].instance_count

    def of(self, place: int, start: int) -> dict[str, int]:
        """What a placement consumes."""
        profile = self._profiles[place]
        capacity = capacity_of(profile)
        found = {counter_name(name): capacity[name] for name in self._counted if name in capacity}
        found.update({f"memory-slice-{one}": 1 for one in range(start, start + profile.size)})
        if self._compute:
            found["compute-slices"] = profile.slices
        if place in self._limited:
            found[f"profile-{self._ids[place]}"] = 1
        return found

    def _is_counted(self, name: str, whole: int) -> bool:
        return all(capacity_of(one).get(name, 0) * one.instance_count <= whole for one in self._profiles)

    def _most(self, weight: Callable[[MigProfile], int]) -> int:
        """The largest sum of weights of instances whose memory slices do not overlap."""
        best = [0] * (self._slices + 1)
        for first in range(self._slices - 1, -1, -1):
            best[first] = best[first + 1]
            for profile in self._profiles:
                if first in profile.starts:
                    best[first] = max(best[first], weight(profile) + best[first + profile.size])
        return best[0]

    def _is_unlimited(self, place: int, profile: MigProfile) -> bool:
        """Whether nothing else keeps the number of instances of a profile at what the board allows."""
        use = self.of_capacities(profile)
        if any(count and self.whole[name] // count <= profile.instance_count for name, count in use.items()):
            return False
        return self._most(lambda one: int(one is profile)) > profile.instance_count

    def of_capacities(self, profile: MigProfile) -> dict[str, int]:
        """What an instance of a profile consumes anywhere."""
        capacity = capacity_of(profile)
        return {counter_name(name): capacity[name] for name in self._counted if name in capacity}


def counter_name(capacity: str) -> str:
    """A capacity's name as a DNS label."""
    return _COUNTERS.get(capacity, capacity)


def in_slice(counters: dict[str, int]) -> dict[str, dict[str, str]]:
    """Counters as the API server has them."""
    return {name: {"value": quantity(count) if name == "memory" else str(count)} for name, count in counters.items()}


def set_name(gpu: Gpu) -> str:
    """The name of a GPU's counter set."""
    return f"gpu-{gpu.minor}-counter-set"
