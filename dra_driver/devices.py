# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Pure: the devices of a machine as a ResourceSlice describes them, equal to those of NVIDIA's driver 0.4.1.

Attributes without a domain belong to the driver's. NVIDIA's driver has no ``numaNode``, and takes ``pcieRoot`` from the host's
/sys. Here, both follow from the machine type: GPUs below one PCIe switch have one root.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from device_plugin.resources import Device
from nvmock_gpu.layout.nvml_facts import gpu_instance_profile_id
from nvmock_gpu.machine.mig import memory_slices, start_of

from .partitions import Counters, capacity_of, in_slice, partitions_of, set_name, whole_capacity
from .quantities import ENGINES, device_name, label, quantity

if TYPE_CHECKING:
    from nvmock_gpu.machine.model import Gpu, Machine, MigDevice

STANDARD = "resource.kubernetes.io/"
_MOST_TEXT = 64
"""Bytes of an attribute's text that the API server accepts."""
# How NVIDIA's driver spells nvmlDeviceAddressingModeType_t.
_ADDRESSING_MODES = {"": "None", "NONE": "None", "HMM": "HMM", "ATS": "ATS"}


@dataclass(frozen=True)
class OfferedDevice:
    """A device in a slice.

    :ivar name: a DNS label, such as ``gpu-0``.
    :ivar attributes: by name, each ``{"string": ...}``, ``{"version": ...}`` or ``{"int": ...}``.
    :ivar capacity: by name, each ``{"value": <quantity>}``.
    :ivar counters: what it consumes of its GPU's counter set, if it is offered with others of which it excludes some.
    :ivar exists: whether the GPU is cut so that there is such a device now.
    :ivar is_partition: whether it is a MIG device that the driver makes and destroys.
    """

    name: str
    device: Device
    attributes: dict[str, Any] = field(default_factory=dict)
    capacity: dict[str, Any] = field(default_factory=dict)
    counters: dict[str, Any] = field(default_factory=dict)
    exists: bool = True
    is_partition: bool = False

    def in_slice(self, shared: bool = False) -> dict[str, Any]:
        """The device as the API server has it.

        :arg shared: whether several claims may have parts of a GPU's memory. A claim that requests no memory gets all of it.
        """
        found: dict[str, Any] = {"name": self.name, "attributes": self.attributes, "capacity": self.capacity}
        if self.counters:
            found["consumesCounters"] = [{"counterSet": set_name(self.device.gpu), "counters": self.counters}]
        if shared and self.device.mig is None and self.capacity:
            value = self.capacity["memory"]["value"]
            policy = {"default": value, "validRange": {"min": "1Mi", "step": "1Mi"}}
            found["allowMultipleAllocations"] = True
            found["capacity"] = {"memory": {"value": value, "requestPolicy": policy}}
        return found


def devices_of(machine: Machine, dynamic: frozenset[int] = frozenset()) -> list[OfferedDevice]:
    """The devices of *machine* in the order of their indices. A GPU in MIG mode is not offered itself.

    :arg dynamic: indices of the GPUs that are cut on demand: each is offered itself, and as every MIG device that it could have.
    """
    found = []
    for gpu in machine.gpus:
        if gpu.index in dynamic:
            found += _partitioned(machine, gpu)
            continue
        if not gpu.mig_enabled:
            found.append(_gpu(machine, gpu))
        found += [_mig(machine, gpu, mig) for mig in gpu.mig_devices if gpu.mig_enabled]
    return found


def counter_sets(machine: Machine, dynamic: frozenset[int]) -> list[dict[str, Any]]:
    """The counter set of each GPU that is cut on demand."""
    if not dynamic or machine.model is None:
        return []
    counters = in_slice(Counters(machine.model.mig_profiles).whole)
    return [{"name": set_name(gpu), "counters": counters} for gpu in machine.gpus if gpu.index in dynamic]


def _partitioned(machine: Machine, gpu: Gpu) -> list[OfferedDevice]:
    """The whole GPU, and its possible MIG devices as NVIDIA's driver describes them: without a UUID, which they do not have yet."""
    model = machine.model
    if model is None:
        return []
    profiles = model.mig_profiles
    counters = Counters(profiles)
    whole = replace(
        _gpu(machine, gpu),
        capacity=_capacity(whole_capacity(profiles)),
        counters=in_slice(counters.whole),
        exists=not gpu.mig_enabled,
    )
    found = [whole]
    common = _common(machine, gpu)
    # GPU instances of one place have one id, and so one UUID, whatever their profile is.
    there = {(mig.uuid, mig.profile): mig for mig in gpu.mig_devices if gpu.mig_enabled}
    for one in partitions_of(gpu, model):
        attributes = {
            "type": {"string": "mig"},
            "parentUUID": {"string": gpu.uuid},
            "profile": {"string": _cut(one.mig.profile)},
            **common,
        }
        found.append(
            OfferedDevice(
                one.name,
                Device(gpu, there.get((one.mig.uuid, one.mig.profile), one.mig)),
                attributes,
                _capacity(capacity_of(profiles[one.place])),
                in_slice(counters.of(one.place, one.start)),
                (one.mig.uuid, one.mig.profile) in there,
                True,
            )
        )
    return found


def _capacity(numbers: dict[str, int]) -> dict[str, Any]:
    return {name: {"value": quantity(one) if name == "memory" else str(one)} for name, one in numbers.items()}


def _gpu(machine: Machine, gpu: Gpu) -> OfferedDevice:
    attributes = {"type": {"string": "gpu"}, "uuid": {"string": gpu.uuid}, **_common(machine, gpu)}
    memory = 0 if machine.model is None else machine.model.memory_mib
    capacity = {"memory": {"value": quantity(memory)}} if memory else {}
    return OfferedDevice(f"gpu-{gpu.minor}", Device(gpu), attributes, capacity)


def _mig(machine: Machine, gpu: Gpu, mig: MigDevice) -> OfferedDevice:
    profiles = () if machine.model is None else machine.model.mig_profiles
    facts = next((one for one in profiles if one.name == mig.profile), None)
    attributes = {
        "type": {"string": "mig"},
        "uuid": {"string": mig.uuid},
        "parentUUID": {"string": gpu.uuid},
        "profile": {"string": _cut(mig.profile)},
        **_common(machine, gpu),
    }
    capacity: dict[str, Any] = {"memory": {"value": quantity(mig.memory_mib)}} if mig.memory_mib else {}
    if facts is None:
        # Recorded facts without profiles: the instance id is as unique as the place.
        return OfferedDevice(
            f"gpu-{gpu.minor}-mig-{label(mig.profile)}-{mig.gi}", Device(gpu, mig), attributes, capacity
        )
    start = start_of(mig.gi, facts.size, memory_slices(profiles))
    number = gpu_instance_profile_id(profiles, mig.profile)
    capacity["multiprocessors"] = {"value": str(facts.multiprocessors)}
    capacity.update({name: {"value": str(count)} for name, count in zip(ENGINES, facts.engines)})
    capacity.update({f"memorySlice{start + one}": {"value": "1"} for one in range(facts.size)})
    return OfferedDevice(device_name(gpu, mig.profile, number, start), Device(gpu, mig), attributes, capacity)


def _common(machine: Machine, gpu: Gpu) -> dict[str, Any]:
    """What a GPU and its MIG devices share. Unknown facts are left out."""
    major, minor = machine.cuda_version
    found: dict[str, Any] = {"cudaDriverVersion": {"version": f"{major}.{minor}.0"}}
    driver = semantic_version(machine.driver_version)
    if driver:
        found["driverVersion"] = {"version": driver}
    if gpu.name:
        found["productName"] = {"string": _cut(gpu.name)}
    model = machine.model
    if model is not None:
        major, minor = model.compute_capability
        found["architecture"] = {"string": _cut(model.architecture)}
        found["brand"] = {"string": _cut(model.brand.replace("NVIDIA", "Nvidia").replace(" ", ""))}
        found["cudaComputeCapability"] = {"version": f"{major}.{minor}.0"}
        found["addressingMode"] = {"string": _ADDRESSING_MODES.get(gpu.addressing_mode, "None")}
        if model.gpus_per_socket:
            found[STANDARD + "numaNode"] = {"int": gpu.index // model.gpus_per_socket}
        root = _pcie_root(machine, gpu, model.gpus_per_pcie_switch)
        if root:
            found[STANDARD + "pcieRoot"] = {"string": root}
    if gpu.pci_bus_id:
        found[STANDARD + "pciBusID"] = {"string": _bus_id(gpu)}
    return found


def _bus_id(gpu: Gpu) -> str:
    """With a domain of four digits, as the standard attribute has it."""
    domain, _colon, rest = gpu.pci_bus_id.partition(":")
    return f"{int(domain, 16):04x}:{rest}"


def _pcie_root(machine: Machine, gpu: Gpu, per_switch: int) -> str:
    """A root for each PCIe switch, named by the bus of its first GPU: machine types do not have the number of the root's own bus."""
    if not per_switch:
        return ""
    place = machine.gpus.index(gpu)
    first = machine.gpus[place - place % per_switch]
    return "pci" + _bus_id(first).rpartition(":")[0] if first.pci_bus_id else ""


def semantic_version(text: str) -> str:
    """The version with three numbers and no leading zeros, as the API server demands: ``535.104.5`` for ``535.104.05``.

    :returns: an empty text if *text* is not made of numbers.
    """
    parts = text.split(".")[:3]
    if not all(part.isascii() and part.isdigit() for part in parts):
        return ""
    return ".".join(str(int(part)) for part in [*parts, "0", "0"][:3])


def _cut(text: str) -> str:
    return text[:_MOST_TEXT]  # the machine's texts are ASCII
