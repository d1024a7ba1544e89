# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Pure: a node's labels, with the spelling of gpu-feature-discovery (k8s-device-plugin internal/lm and its expected outputs).

The label `gpu.machine` (the host's DMI product name) is left out, because no machine type has this fact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nvmock_gpu.machine.types import names

from .resources import GPU, OfferError, mig_resource, offer

if TYPE_CHECKING:
    from nvmock_gpu.machine.model import Gpu, Machine, MigDevice

    from .resources import Sharing

PREFIX = "nvidia.com/"
PCI_PRESENT = "feature.node.kubernetes.io/pci-10de.present"
_LIMIT = 63
_ENGINES = ("copy", "decoder", "encoder", "jpeg", "ofa")
_BRANDS_WITH_DISPLAYS = ("GeForce", "NVIDIA RTX", "Quadro", "Quadro RTX", "Titan")
# GFD uses the compute capability (internal/lm/resource.go); the first row that is not above it counts.
_FAMILIES = (
    ((10, 0), "blackwell"),
    ((9, 0), "hopper"),
    ((8, 9), "ada-lovelace"),
    ((8, 0), "ampere"),
    ((7, 5), "turing"),
    ((7, 0), "volta"),
    ((6, 0), "pascal"),
    ((5, 0), "maxwell"),
    ((3, 0), "kepler"),
)


def labels_of(machine: Machine, strategy: str, sharing: Sharing) -> dict[str, str]:
    """All labels of a node with *machine*."""
    if not machine.gpus:
        return {}
    labels = {PREFIX + "gpu.present": "true", PCI_PRESENT: "true", **_versions(machine)}
    profiles = () if machine.model is None else machine.model.mig_profiles
    labels[PREFIX + "mig.capable"] = _truth(bool(profiles))
    labels[PREFIX + "mps.capable"] = "false"
    # GFD 0.20 sets this label on every node. A mock GPU is not a virtual GPU of a hypervisor.
    labels[PREFIX + "vgpu.present"] = "false"
    labels[PREFIX + "gpu.mode"] = _mode(machine)
    labels.update(_gpu(machine, sharing))
    if strategy != "none":
        labels[PREFIX + "mig.strategy"] = strategy
        labels.update(_mig(machine, strategy, sharing))
    return labels


def _mode(machine: Machine) -> str:
    """GFD takes the mode from the PCI class: a VGA controller is for displays, a 3D controller for computing."""
    if machine.type_name not in names():
        return "unknown"
    return "display" if machine.model is not None and machine.model.brand in _BRANDS_WITH_DISPLAYS else "compute"


def _versions(machine: Machine) -> dict[str, str]:
    major, minor, revision = [*machine.driver_version.split("."), "", ""][:3]
    cuda = [str(number) for number in machine.cuda_version]
    values = {
        "cuda.driver.major": major,
        "cuda.driver.minor": minor,
        "cuda.driver.rev": revision,
        "cuda.runtime.major": cuda[0],
        "cuda.runtime.minor": cuda[1],
        "cuda.driver-version.major": major,
        "cuda.driver-version.minor": minor,
        "cuda.driver-version.revision": revision,
        "cuda.driver-version.full": machine.driver_version,
        "cuda.runtime-version.major": cuda[0],
        "cuda.runtime-version.minor": cuda[1],
        "cuda.runtime-version.full": ".".join(cuda),
    }
    return {PREFIX + key: value for key, value in values.items()}


def _gpu(machine: Machine, sharing: Sharing) -> dict[str, str]:
    """Labels of whole GPUs. They show sharing only if one of the GPUs is not in MIG mode."""
    whole = [gpu for gpu in machine.gpus if not gpu.mig_enabled]
    shown: Gpu = (whole or list(machine.gpus))[-1]
    count = sum(gpu.name == shown.name for gpu in machine.gpus)
    labels = _base(GPU, [shown.name], count, sharing if whole else None)
    if machine.model is not None:
        major, minor = machine.model.compute_capability
        labels[f"{GPU}.memory"] = str(machine.model.memory_mib)
        labels[f"{GPU}.family"] = _family((major, minor))
        labels[f"{GPU}.compute.major"] = str(major)
        labels[f"{GPU}.compute.minor"] = str(minor)
    return labels


def _mig(machine: Machine, strategy: str, sharing: Sharing) -> dict[str, str]:
    cut = [gpu for gpu in machine.gpus if gpu.mig_enabled]
    if not cut:
        return {}
    if strategy == "single":
        try:
            offer(machine, strategy, sharing)
        except OfferError:
            return {
                f"{GPU}.product": _value(f"{cut[0].name}-MIG-INVALID"),
                f"{GPU}.count": "0",
                f"{GPU}.replicas": "0",
                f"{GPU}.memory": "0",
            }
    labels: dict[str, str] = {}
    by_profile: dict[str, list[tuple[Gpu, MigDevice]]] = {}
    for gpu in cut:
        for mig in gpu.mig_devices:
            by_profile.setdefault(mig.profile, []).append((gpu, mig))
    for profile, devices in by_profile.items():
        resource = GPU if strategy == "single" else mig_resource(profile)
        gpu, mig = devices[0]
        # GFD names a MIG device after its profile, with . instead of + (internal/resource/nvml-mig-device.go).
        labels.update(_base(resource, [gpu.name, "MIG", profile.replace("+", ".")], len(devices), sharing))
        labels[f"{resource}.memory"] = str(mig.memory_mib)
        labels[f"{resource}.slices.gi"] = str(mig.compute_slices)
        labels[f"{resource}.slices.ci"] = str(mig.compute_slices)
        for facts in () if machine.model is None else machine.model.mig_profiles:
            if facts.name == profile:
                labels[f"{resource}.multiprocessors"] = str(facts.multiprocessors)
                # Empty if the machine's definition has no engines.
                for engine, number in zip(_ENGINES, facts.engines):
                    labels[f"{resource}.engines.{engine}"] = str(number)
    return labels


def _base(resource: str, product: list[str], count: int, sharing: Sharing | None) -> dict[str, str]:
    replicas = 0 if sharing is None else sharing.replicas.get(resource, 1)
    shared = sharing is not None and replicas > 1
    parts = [*product, "SHARED"] if sharing is not None and shared and not sharing.rename else product
    return {
        f"{resource}.product": _value("-".join(parts)),
        f"{resource}.count": str(count),
        f"{resource}.replicas": str(replicas),
        f"{resource}.sharing-strategy": "time-slicing" if shared else "none",
    }


def _family(capability: tuple[int, int]) -> str:
    return next((name for least, name in _FAMILIES if capability >= least), "undefined")


def _value(text: str) -> str:
    """Clean a name like GFD: remove characters that a label value must not have, and replace blanks by dashes."""
    allowed = "".join(one for one in text if one.isascii() and (one.isalnum() or one in "-_. "))
    return "-".join(allowed.split())[:_LIMIT].strip("-_.")


def _truth(value: bool) -> str:
    return "true" if value else "false"
