# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""MIG mode, GPU instances and compute instances in the entries of a state file (native/state_mig.h has the same numbers).

Without an entry, the GPU is as the machine file says. With ``MADE``, its instances are those of the entries alone.
"""

from __future__ import annotations

from ..machine.mig import COMPUTE_INSTANCES, INSTANCES_PER_GPU
from ..machine.mig_instances import Layout, changed_gpu, layout_of
from .nvml_facts import profile_ids

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..machine.model import Gpu, Machine

MODE = 768
PENDING = 769
MADE = 770
DECLARED = 771
"""Of GPU 0: a number of the layout that the options of the runs declare (node/mig_state.py)."""
INSTANCE = 784
"""Plus the id of a GPU instance: the id of its profile, plus 65536 times its first memory slice."""
COMPUTE = 800
"""Plus 8 times the id of the GPU instance plus the id: compute slices, plus 256 times the first one."""
END = COMPUTE + INSTANCES_PER_GPU * COMPUTE_INSTANCES


def is_of_mig(number: int) -> bool:
    """Return whether an entry with this number is about MIG."""
    return MODE <= number < END


def mig_entries(entries: dict[tuple[int, int], int]) -> dict[tuple[int, int], int]:
    """Return the entries that are about MIG."""
    return {key: value for key, value in entries.items() if is_of_mig(key[1])}


def _layout(machine: Machine, gpu: int, entries: dict[tuple[int, int], int]) -> Layout | None:
    """Return what the entries say about a GPU; None if they say nothing about its instances."""
    if machine.model is None or (gpu, MADE) not in entries:
        return None
    profiles = machine.model.mig_profiles
    by_id = {number: place for place, number in enumerate(profile_ids(profiles))}
    layout = Layout(profiles, bool(entries.get((gpu, MODE), 0)))
    layout.pending = bool(entries.get((gpu, PENDING), layout.enabled))
    for (of, number), value in entries.items():
        if of != gpu or not INSTANCE <= number < INSTANCE + INSTANCES_PER_GPU or value & 0xFFFF not in by_id:
            continue
        instance = number - INSTANCE
        layout.instances[instance] = (by_id[value & 0xFFFF], value >> 16 & 7)
        for compute in range(COMPUTE_INSTANCES):
            stored = entries.get((gpu, COMPUTE + instance * COMPUTE_INSTANCES + compute))
            if stored is not None and stored & 15:
                layout.computes[instance, compute] = (stored & 15, stored >> 8 & 7)
    return layout


def layouts(machine: Machine, entries: dict[tuple[int, int], int]) -> list[Layout]:
    """Return how each GPU is cut: as the entries say, otherwise as the machine."""
    found = []
    for place, gpu in enumerate(machine.gpus):
        made = _layout(machine, place, entries)
        found.append(
            layout_of(gpu, () if machine.model is None else machine.model.mig_profiles) if made is None else made
        )
    return found


def with_layout(entries: dict[tuple[int, int], int], gpu: int, layout: Layout) -> dict[tuple[int, int], int]:
    """Return the entries with another layout of a GPU."""
    ids = profile_ids(layout.profiles)
    own = {MODE: int(layout.enabled), PENDING: int(layout.pending), MADE: 1}
    own.update({INSTANCE + one: ids[place] | start << 16 for one, (place, start) in layout.instances.items()})
    for (instance, compute), (slices, start) in layout.computes.items():
        own[COMPUTE + instance * COMPUTE_INSTANCES + compute] = slices | start << 8
    kept = {
        key: value for key, value in entries.items() if key[0] != gpu or not is_of_mig(key[1]) or key[1] == DECLARED
    }
    return {**kept, **{(gpu, number): value for number, value in own.items()}}


def as_made(machine: Machine, entries: dict[tuple[int, int], int]) -> Machine:
    """Return the machine with the MIG mode and the MIG devices that the entries say.

    :arg entries: (GPU, number) -> value.
    """
    if machine.model is None or not mig_entries(entries):
        return machine
    gpus: list[Gpu] = []
    for place, gpu in enumerate(machine.gpus):
        layout = _layout(machine, place, entries)
        gpus.append(gpu if layout is None else changed_gpu(gpu, layout, machine.model))
    return machine.but(gpus=tuple(gpus))
