# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Pure: which resources a machine offers, following NVIDIA's rules (MIG strategies, time-slicing)."""

from __future__ import annotations

from dataclasses import dataclass, field

from nvmock_gpu.errors import NvmockError
from nvmock_gpu.machine.model import Gpu, Machine, MigDevice

GPU = "nvidia.com/gpu"
MIG_PREFIX = "nvidia.com/mig-"
REPLICA_MARK = "::"


class OfferError(NvmockError):
    """The machine can't be offered with this MIG strategy."""


@dataclass(frozen=True)
class Device:
    """A GPU, or a MIG device of it."""

    gpu: Gpu
    mig: MigDevice | None = None

    @property
    def uuid(self) -> str:
        return self.gpu.uuid if self.mig is None else self.mig.uuid

    @property
    def index(self) -> str:
        """The device's name in the CDI specification's strategy ``index``."""
        return str(self.gpu.index) if self.mig is None else f"{self.gpu.index}:{self.mig.index}"


@dataclass(frozen=True)
class Sharing:
    """Time-slicing: how many pods may share one device.

    :ivar replicas: by resource name.
    :ivar rename: whether a shared resource is offered as ``<name>.shared``.
    :ivar one_only: whether a request for more than one replica is refused.
    """

    replicas: dict[str, int] = field(default_factory=dict)
    rename: bool = False
    one_only: bool = False


@dataclass(frozen=True)
class Resource:
    """What a pod can request.

    :ivar base: the name before it is renamed.
    :ivar devices: by the id that the kubelet uses: a UUID, with ``::<n>`` if it is shared.
    :ivar replicas: how many ids a device has; 1 if it is not shared.
    """

    name: str
    base: str
    devices: dict[str, Device]
    replicas: int = 1


def offer(machine: Machine, strategy: str, sharing: Sharing) -> list[Resource]:
    """The resources of *machine*, sorted by name.

    :arg strategy: ``none`` offers whole GPUs, in MIG mode or not; ``single`` offers the MIG devices as GPUs; ``mixed`` offers each
        MIG profile as a separate resource.
    :raises OfferError: strategy ``single`` on a machine whose GPUs have different MIG layouts.
    """
    found: dict[str, list[Device]] = {}
    cut = [gpu for gpu in machine.gpus if gpu.mig_enabled]
    if strategy == "none" or (strategy == "single" and not cut):
        found[GPU] = [Device(gpu) for gpu in machine.gpus]
    elif strategy == "single":
        _must_be_equal(machine, cut)
        found[GPU] = [Device(gpu, mig) for gpu in cut for mig in gpu.mig_devices]
    else:
        whole = [Device(gpu) for gpu in machine.gpus if not gpu.mig_enabled]
        if whole:
            found[GPU] = whole
        for gpu in cut:
            for mig in gpu.mig_devices:
                found.setdefault(mig_resource(mig.profile), []).append(Device(gpu, mig))
    return [_resource(name, found[name], sharing) for name in sorted(found)]


def mig_resource(profile: str) -> str:
    """Return a name such as ``nvidia.com/mig-1g.5gb``; a resource name must not contain ``+``."""
    return MIG_PREFIX + profile.replace("+", ".")


def physical(device_id: str) -> str:
    """Return the UUID in the kubelet's id."""
    return device_id.partition(REPLICA_MARK)[0]


def _must_be_equal(machine: Machine, cut: list[Gpu]) -> None:
    if len(cut) != len(machine.gpus):
        raise OfferError("MIG strategy single: some GPUs are in MIG mode and some are not: use strategy mixed or none")
    if any(not gpu.mig_devices for gpu in cut):
        raise OfferError("MIG strategy single: a GPU in MIG mode has no MIG device: create one, or use strategy mixed")
    profiles = sorted({mig.profile for gpu in cut for mig in gpu.mig_devices})
    if len(profiles) > 1:
        raise OfferError(f"MIG strategy single: more than one profile ({', '.join(profiles)}): use strategy mixed")


def _resource(base: str, devices: list[Device], sharing: Sharing) -> Resource:
    replicas = sharing.replicas.get(base, 1)
    if replicas == 1:
        return Resource(base, base, {device.uuid: device for device in devices})
    name = base + ".shared" if sharing.rename else base
    ids = {f"{device.uuid}{REPLICA_MARK}{copy}": device for device in devices for copy in range(replicas)}
    return Resource(name, base, ids, replicas)
