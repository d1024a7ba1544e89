# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The GPU instances and compute instances of one GPU, and the rules by which they are made and destroyed.

native/state_mig.c has the same rules, and the tests compare both. Facts: NVIDIA's MIG user guide (where its examples place instances, and
which ids they get), and the functions' descriptions in nvml.h.
"""

from __future__ import annotations

from ..errors import NvmockError
from .mig import COMPUTE_INSTANCES, COMPUTE_SLICES, INSTANCES_PER_GPU, MEMORY_SLICES, memory_slices, start_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .model import Gpu, GpuModel, MigProfile

# nvmlReturn_t
INVALID_ARGUMENT = 2
NOT_SUPPORTED = 3
IN_USE = 19
INSUFFICIENT_RESOURCES = 23


class MigError(NvmockError):
    """A change is refused.

    :arg code: the nvmlReturn_t.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"MIG: refused with NVML's error {code}")
        self.code = code


class Layout:
    """What a GPU is cut into.

    :arg enabled: whether MIG mode is on.
    :arg instances: GPU instance id -> place of its profile in *profiles*, first memory slice.
    :arg computes: (GPU instance id, compute instance id) -> compute slices, the first of them.
    """

    def __init__(
        self,
        profiles: tuple[MigProfile, ...],
        enabled: bool = False,
        instances: dict[int, tuple[int, int]] | None = None,
        computes: dict[tuple[int, int], tuple[int, int]] | None = None,
    ) -> None:
        self.profiles = profiles
        self.enabled = enabled
        self.pending = enabled
        self.instances = instances or {}
        self.computes = computes or {}

    def set_mode(self, mode: bool, waits: bool = False) -> None:
        """Switch MIG mode.

        :arg waits: it only becomes pending, until a reset.
        :raises MigError: it can't be switched off while there are instances.
        """
        if not mode and self.instances:
            raise MigError(IN_USE)
        self.pending = mode
        if not waits:
            self.enabled = mode

    def reset(self) -> None:
        """Destroy everything; a pending mode takes effect."""
        self.instances, self.computes = {}, {}
        self.enabled = self.pending

    def _taken(self) -> int:
        return sum([_bits(start, self.profiles[place].size) for place, start in self.instances.values()])

    def _slices_left(self) -> int:
        return max(0, COMPUTE_SLICES - sum([self.profiles[place].slices for place, _start in self.instances.values()]))

    def _same(self, place: int) -> int:
        return sum([other == place for other, _start in self.instances.values()])

    def capacity(self, place: int) -> int:
        """Return how many more GPU instances of a profile can be made."""
        profile = self.profiles[place]
        taken, left, same, found = self._taken(), self._slices_left(), self._same(place), 0
        for start in dict.fromkeys(profile.starts) if self.enabled else ():
            wanted = _bits(start, profile.size)
            if same + found < profile.instance_count and left >= profile.slices and not taken & wanted:
                taken |= wanted
                left -= profile.slices
                found += 1
        return found

    def create(self, place: int, start: int | None = None) -> int:
        """Make a GPU instance of a profile; return its id.

        :arg start: the first memory slice; None for the driver's choice.
        :raises MigError: there is no room, or MIG mode is off.
        """
        profile = self.profiles[place]
        if not self.enabled:
            raise MigError(NOT_SUPPORTED)
        if start is not None and start not in profile.starts:
            raise MigError(INVALID_ARGUMENT)
        if self._same(place) >= profile.instance_count or self._slices_left() < profile.slices:
            raise MigError(INSUFFICIENT_RESOURCES)
        whole = memory_slices(self.profiles)
        if start is None:
            start = self._choose(profile, 0, whole, whole)
        if start is None or self._taken() & _bits(start, profile.size):
            raise MigError(INSUFFICIENT_RESOURCES)
        width = _width(profile.size)
        identifier = whole // width - 1 + start // width
        if identifier >= INSTANCES_PER_GPU or identifier in self.instances:
            raise MigError(INSUFFICIENT_RESOURCES)
        self.instances[identifier] = (place, start)
        return identifier

    def _choose(self, profile: MigProfile, start: int, width: int, whole: int) -> int | None:
        """Return where the driver places an instance: it keeps large places free.

        Of both halves it takes the one with fewer free slices that still holds the instance, the first one if they are equal.
        """
        if width == _width(profile.size):
            return start if start in profile.starts and not self._taken() & _bits(start, profile.size) else None
        half = width // 2
        halves = sorted((start, start + half), key=lambda one: (self._free(one, half, whole), one))
        for one in halves:
            found = self._choose(profile, one, half, whole)
            if found is not None:
                return found
        return None

    def _free(self, start: int, width: int, whole: int) -> int:
        taken = self._taken()
        # The last memory slice of eight has no compute slice.
        most = COMPUTE_SLICES if whole == MEMORY_SLICES else whole
        return sum([not taken >> place & 1 for place in range(start, min(start + width, most))])

    def destroy(self, instance: int) -> None:
        """Destroy a GPU instance.

        :raises MigError: there is none, or it has compute instances.
        """
        if instance not in self.instances:
            raise MigError(INVALID_ARGUMENT)
        if any(of == instance for of, _compute in self.computes):
            raise MigError(IN_USE)
        del self.instances[instance]

    def _computes_of(self, instance: int) -> int:
        found = [_bits(start, slices) for (of, _id), (slices, start) in self.computes.items() if of == instance]
        return sum(found)

    def compute_capacity(self, instance: int, slices: int) -> int:
        """Return how many more compute instances with so many slices can be made in a GPU instance."""
        taken = self._computes_of(instance)
        whole = self.profiles[self.instances[instance][0]].slices
        return sum([not taken & _bits(start, slices) for start in range(0, whole - slices + 1, slices)])

    def create_compute(self, instance: int, slices: int, start: int | None = None) -> int:
        """Make a compute instance; return its id.

        :arg start: the first compute slice in the GPU instance; None for the first one that is free.
        :raises MigError: there is no room, or no such GPU instance or profile.
        """
        if instance not in self.instances:
            raise MigError(INVALID_ARGUMENT)
        whole = self.profiles[self.instances[instance][0]].slices
        if not can_hold(whole, slices):
            raise MigError(NOT_SUPPORTED)
        if start is not None and (start % slices or start + slices > whole):
            raise MigError(INVALID_ARGUMENT)
        taken = self._computes_of(instance)
        if start is None:
            places = range(0, whole - slices + 1, slices)
            start = next((place for place in places if not taken & _bits(place, slices)), None)
        if start is None or taken & _bits(start, slices):
            raise MigError(INSUFFICIENT_RESOURCES)
        identifier = next((one for one in range(COMPUTE_INSTANCES) if (instance, one) not in self.computes), None)
        if identifier is None:
            raise MigError(INSUFFICIENT_RESOURCES)
        self.computes[instance, identifier] = (slices, start)
        return identifier

    def destroy_compute(self, instance: int, compute: int) -> None:
        """Destroy a compute instance.

        :raises MigError: there is none.
        """
        if self.computes.pop((instance, compute), None) is None:
            raise MigError(INVALID_ARGUMENT)


def can_hold(whole: int, slices: int) -> bool:
    """Whether a GPU instance with *whole* slices can have compute instances with *slices*.

    All slices of a GPU instance, or one, or two; of seven also three or four. 3c.4g and 6c.7g do not exist.
    """
    return slices == whole or (0 < slices < whole and slices <= (4 if whole == COMPUTE_SLICES else 2))


def definitions(layout: Layout) -> list[dict[str, object]]:
    """Return the MIG devices of a layout as the rows of a definition's ``mig_devices`` (machine/mig.py, devices)."""
    rows: list[dict[str, object]] = []
    for (instance, compute), (slices, _start) in sorted(layout.computes.items()):
        profile = layout.profiles[layout.instances[instance][0]]
        name = profile.name if slices >= profile.slices else f"{slices}c.{profile.name}"
        rows.append({"profile": name, "gpu_instance": instance, "compute_instance": compute})
    return rows


def layout_of(gpu: Gpu, profiles: tuple[MigProfile, ...]) -> Layout:
    """Return how a machine's GPU is cut. What is in a profile that is not one of *profiles* is left out."""
    layout = Layout(profiles, gpu.mig_enabled)
    names = [profile.name for profile in profiles]
    whole = memory_slices(profiles)
    for mig in gpu.mig_devices if gpu.mig_enabled else ():
        slices, _mark, rest = mig.profile.partition("c.")
        name = rest or mig.profile
        if name in names:
            place = names.index(name)
            layout.instances[mig.gi] = (place, start_of(mig.gi, profiles[place].size, whole))
            of_compute = int(slices) if rest else profiles[place].slices
            taken = layout._computes_of(mig.gi)
            starts = range(0, profiles[place].slices - of_compute + 1, of_compute)
            start = next((one for one in starts if not taken & _bits(one, of_compute)), 0)
            layout.computes[mig.gi, mig.ci] = (of_compute, start)
    return layout


def changed_gpu(gpu: Gpu, layout: Layout, model: GpuModel) -> Gpu:
    """Return the GPU as the layout cuts it."""
    from .mig import devices

    return gpu.but(mig_enabled=layout.enabled, mig_devices=devices(definitions(layout), gpu.uuid, model))


def _bits(start: int, size: int) -> int:
    return ((1 << size) - 1) << start


def _width(size: int) -> int:
    width = 1
    while width < size:
        width *= 2
    return width
