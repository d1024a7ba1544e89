# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Creates the MIG devices that claims have, and destroys them again.

What the GPUs of a node are cut into follows from the prepared claims. So each call compares, and the same call after a crash or a restart
completes what is missing. A GPU with MIG devices that no claim has is left alone: it is offered as it is.

The change of the state is one write (NodeCut). What belongs to it on the node is made by ``gpu-mockctl watch`` if one runs there, and
otherwise here.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from device_plugin.log import Once
from device_plugin.node import Node
from device_plugin.resources import Device
from nvmock_gpu.errors import NvmockError
from nvmock_gpu.host.root import HostRoot
from nvmock_gpu.machine.mig_instances import Layout, MigError
from nvmock_gpu.node.mig_cut import NodeCut, has_mock, remake

from .partitions import Partition, mask_of, partitions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nvmock_gpu.host.view import HostView
    from nvmock_gpu.machine.model import Gpu, Machine

    from .flags import Options
    from .store import Held, Prepared

LONGEST_WAIT = 10.0
"""Seconds for the node's ``gpu-mockctl watch``."""
_NAP = 0.05


class CutError(NvmockError):
    """A GPU can't be cut as a claim needs it."""


@dataclass(frozen=True)
class Possible:
    """A device that a GPU could be or have.

    :ivar partition: None for the whole GPU.
    :ivar slices: the memory slices, as bits.
    """

    gpu: Gpu
    partition: Partition | None
    slices: int


class Cutter:
    """The cut of one node's GPUs. Its caller lets no two calls run at the same time."""

    def __init__(self, options: Options, view: Callable[[str], HostView]) -> None:
        self._host_root = options.host_root
        self._driver_root = options.driver_root.rstrip("/") or "/"
        self._node = Node(options.host_root, options.driver_root, True, options.cdi_kind, view)
        self._possible: dict[str, Possible] = {}
        self._known: object = None
        self._trouble = Once()

    # -- what there is ------------------------------------------------------------------------------------------

    def _learn(self, machine: Machine) -> None:
        """Take over the devices that the GPUs of a machine could have."""
        known = (machine.model, [(gpu.minor, gpu.uuid) for gpu in machine.gpus])
        if known == self._known:
            return
        self._known = known
        self._possible = {}
        model = machine.model
        for gpu in machine.gpus if model is not None and model.mig_profiles else ():
            self._possible[f"gpu-{gpu.minor}"] = Possible(gpu, None, -1)
            for one in partitions_of(gpu, model):
                slices = mask_of(model.mig_profiles[one.place], one.start)
                self._possible[one.name] = Possible(gpu, one, slices)

    def dynamic(self, claims: Iterable[Prepared]) -> frozenset[int]:
        """The indices of the GPUs that are cut on demand: those without MIG devices other than the claims' own."""
        try:
            with HostRoot(self._host_root) as root:
                if not has_mock(root, self._driver_root):
                    return frozenset()
                node = NodeCut(root, self._driver_root)
                layouts = node.layouts()
        except (NvmockError, OSError) as error:
            self._trouble.say(f"MIG devices can't be created: {error}")
            return frozenset()
        self._trouble.over()
        self._learn(node.made)
        own = self._instances(claims)
        found = set()
        for gpu, layout in zip(node.made.gpus, layouts):
            if f"gpu-{gpu.minor}" not in self._possible:
                continue
            foreign = _foreign(layout, own.get(gpu.index, {}))
            self._trouble.say(foreign and f"gpu-{gpu.minor} {foreign}: it is offered as it is", f"gpu-{gpu.minor}")
            if not foreign:
                found.add(gpu.index)
        return frozenset(found)

    def overlap(self, one: str, other: str) -> bool:
        """Whether two devices can't exist at the same time."""
        first, second = self._possible.get(one), self._possible.get(other)
        return (
            first is not None and second is not None and first.gpu is second.gpu and bool(first.slices & second.slices)
        )

    def find(self, name: str) -> tuple[str, Any]:
        """The UUID of a device that exists now, and its edits (:meth:`.Node.edits`)."""
        machine = self._node.look().machine
        possible = self._possible.get(name)
        if machine is None or possible is None or possible.gpu.index >= len(machine.gpus):
            return "", None
        gpu = machine.gpus[possible.gpu.index]
        if possible.partition is None:
            return gpu.uuid, None if gpu.mig_enabled else self._node.edits(Device(gpu))
        wanted = possible.partition.mig
        there = gpu.mig_devices if gpu.mig_enabled else ()
        mig = next((one for one in there if (one.uuid, one.profile) == (wanted.uuid, wanted.profile)), None)
        return wanted.uuid, None if mig is None else self._node.edits(Device(gpu, mig))

    def _instances(self, claims: Iterable[Prepared]) -> dict[int, dict[int, tuple[int, int]]]:
        """The GPU instances of claims by GPU: id -> place of the profile, first memory slice."""
        found: dict[int, dict[int, tuple[int, int]]] = {}
        for held, possible in self._held(claims):
            if held.made and possible.partition is not None and possible.partition.mig.uuid == held.uuid:
                one = possible.partition
                found.setdefault(possible.gpu.index, {})[one.mig.gi] = (one.place, one.start)
        return found

    def _held(self, claims: Iterable[Prepared]) -> list[tuple[Held, Possible]]:
        return [
            (held, self._possible[held.device])
            for claim in claims
            for held in claim.devices
            if not held.admin and held.device in self._possible
        ]

    # -- changes ------------------------------------------------------------------------------------------------

    def fit(self, claims: Iterable[Prepared], released: Prepared | None = None) -> dict[str, str]:
        """Cut the GPUs as claims need them, and make the node so.

        :arg claims: all that are prepared, without *released*.
        :arg released: a claim whose devices are destroyed.
        :returns: why devices do not exist, by name.
        :raises NvmockError: the state can't be written, or what belongs to it can't be made.
        """
        claims = list(claims)
        with HostRoot(self._host_root) as root:
            if not has_mock(root, self._driver_root):
                return {}
            node = NodeCut(root, self._driver_root)
            self._learn(node.made)
            problems = self._cut(node, claims, released)
            if node.is_behind:
                self._make(root, node)
        return problems

    def _cut(self, node: NodeCut, claims: list[Prepared], released: Prepared | None) -> dict[str, str]:
        own, gone = self._instances(claims), self._instances([released] if released else [])
        whole = {possible.gpu.index for _held, possible in self._held(claims) if possible.partition is None}
        problems: dict[str, str] = {}
        wanted: dict[int, Layout] = {}
        layouts = node.layouts()
        for index in {*own, *gone, *whole}:
            before, needed = layouts[index], own.get(index, {})
            foreign = _foreign(before, {**gone.get(index, {}), **needed})
            try:
                if foreign:
                    raise CutError(foreign)
                after = _fitted(before, needed)
            except (CutError, MigError) as error:
                for held, possible in self._held(claims):
                    if possible.gpu.index == index and (possible.partition is None or held.made):
                        problems[held.device] = f"gpu-{possible.gpu.minor} {error}"
                continue
            if _differ(before, after):
                wanted[index] = after
        if wanted:
            node.cut(wanted)
        return problems

    def _make(self, root: HostRoot, node: NodeCut) -> None:
        """Make what belongs to the state, or wait for who does."""
        deadline = time.monotonic() + LONGEST_WAIT
        while node.is_followed():
            if time.monotonic() > deadline:
                raise CutError(
                    f"gpu-mockctl watch has not made the MIG devices within {LONGEST_WAIT:.0f} s: see its log"
                )
            time.sleep(_NAP)
            root.drop()
            if not NodeCut(root, self._driver_root).is_behind:
                return
        remake(root, self._driver_root)


def _foreign(layout: Layout, own: dict[int, tuple[int, int]]) -> str:
    """What a GPU is cut into that no claim has; an empty text if there is nothing of this kind."""
    names = [
        layout.profiles[place].name
        for one, (place, start) in layout.instances.items()
        if own.get(one) != (place, start)
    ]
    return f"is cut by another layout ({', '.join(sorted(names))})" if names else ""


def _fitted(before: Layout, needed: dict[int, tuple[int, int]]) -> Layout:
    """The layout with these instances; those that exist keep their compute instances.

    :raises MigError: there is no room for them.
    """
    after = Layout(before.profiles, bool(needed))
    for instance, (place, start) in needed.items():
        after.create(place, start)
        kept = {key: value for key, value in before.computes.items() if key[0] == instance}
        after.computes.update(kept)
        if not kept:
            after.create_compute(instance, before.profiles[place].slices)
    return after


def _differ(one: Layout, other: Layout) -> bool:
    return (one.enabled, one.pending, one.instances, one.computes) != (
        other.enabled,
        other.pending,
        other.instances,
        other.computes,
    )
