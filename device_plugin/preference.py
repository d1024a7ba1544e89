# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Pure: which of the available devices a container should get."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

from nvmock_gpu.errors import NvmockError

from .resources import Resource, physical
from .topology import nearness

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from nvmock_gpu.machine.model import Machine

# Up to this number, all sets are compared (8 GPUs have at most 70). Above it, the best set is built one device at a time.
_ALL_SETS = 2000


class RequestError(NvmockError):
    """The kubelet requests devices that do not exist or are not available."""


def prefer(
    machine: Machine, resource: Resource, available: Sequence[str], must_include: Sequence[str], size: int
) -> list[str]:
    """Return *size* of the *available* ids, those that must be included first.

    :raises RequestError: unknown ids, or too few of them.
    """
    known(resource, [*available, *must_include])
    free = list(dict.fromkeys(available))
    chosen = list(dict.fromkeys(must_include))
    if not set(chosen) <= set(free):
        raise RequestError("must_include_deviceIDs are not all available")
    if not len(chosen) <= size <= len(free):
        raise RequestError(
            f"allocation_size {size} is not between {len(chosen)} (to include) and {len(free)} (available)"
        )
    rest = sorted((one for one in free if one not in chosen), key=lambda one: _order(resource, one))
    if resource.replicas > 1 or any(device.mig for device in resource.devices.values()):
        return _spread(resource, free, chosen, rest, size)
    return _near(machine, resource, chosen, rest, size)


def known(resource: Resource, ids: Iterable[str]) -> None:
    """
    :raises RequestError: an id is not one of the resource's.
    """
    for one in ids:
        if one not in resource.devices:
            raise RequestError(f"{resource.name} has no device {one!r}")


def _order(resource: Resource, device_id: str) -> tuple[int, int, str]:
    device = resource.devices[device_id]
    return device.gpu.index, -1 if device.mig is None else device.mig.index, device_id


def _spread(resource: Resource, free: list[str], chosen: list[str], rest: list[str], size: int) -> list[str]:
    """Shares and MIG devices: from the least used GPU, so that pods do not share a GPU while others are idle."""
    gpu_of = {one: resource.devices[one].gpu.index for one in resource.devices}
    used = Counter(gpu_of.values())
    used.subtract(gpu_of[one] for one in free)
    used.update(gpu_of[one] for one in chosen)
    taken = Counter(physical(one) for one in chosen)
    chosen, rest = list(chosen), list(rest)
    while len(chosen) < size:
        # Two shares of one device are useless for one container: prefer another device.
        best = min(rest, key=lambda one: (taken[physical(one)], used[gpu_of[one]], _order(resource, one)))
        rest.remove(best)
        chosen.append(best)
        taken[physical(best)] += 1
        used[gpu_of[best]] += 1
    return chosen


def _near(machine: Machine, resource: Resource, chosen: list[str], rest: list[str], size: int) -> list[str]:
    def near(one: str, other: str) -> int:
        return nearness(machine, resource.devices[one].gpu, resource.devices[other].gpu)

    def joined(ids: Sequence[str]) -> int:
        return sum(near(one, other) for one, other in combinations(ids, 2))

    missing = size - len(chosen)
    if comb(len(rest), missing) <= _ALL_SETS:
        # Among equally good sets, prefer the one that leaves the best remaining set.
        def worth(added: tuple[str, ...]) -> tuple[int, int]:
            return joined([*chosen, *added]), joined([one for one in rest if one not in added])

        return [*chosen, *max(combinations(rest, missing), key=worth)]
    chosen, rest = list(chosen), list(rest)
    while len(chosen) < size:
        best = max(rest, key=lambda one: sum(near(one, other) for other in chosen))
        rest.remove(best)
        chosen.append(best)
    return chosen
