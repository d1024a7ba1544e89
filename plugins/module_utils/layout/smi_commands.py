# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The payload of nvidia-smi for ``topo``, ``nvlink``, ``mig`` and the table: how the GPUs are connected, and what they are cut into.

Lines (native/smi_place.c and native/smi_mig.c read them):

- ``topology``: NVLinks of a GPU, whether they are active, MB/s of each, GPUs per PCIe switch, GPUs per CPU socket.
- ``place``: of each GPU its minor, its place in the machine, the CPUs and the NUMA node near it, and its row of ``topo -m``.
- ``mig-profile``: of each profile its ID, name, compute slices, memory slices, starts, memory in MiB, instances, multiprocessors,
  copy engines, decoders, encoders, JPEG decoders, OFAs, and whether it has peer-to-peer and graphics.
- ``mig-device``: of each MIG device the minors of its GPU and of its capability, the IDs of its instances, its name, that of its GPU
  instance's profile, its UUID, memory in MiB, compute slices.
"""

from __future__ import annotations

from ..machine.links import speed
from ..machine.mig import capability_minor
from .nvml_facts import has_p2p, profile_ids

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..machine.model import Gpu, GpuModel, Machine


def command_lines(machine: Machine) -> list[str]:
    """Return the lines of *machine*; none for recorded facts without a model."""
    model = machine.model
    if model is None:
        return []
    lines = [_topology(model)]
    lines += [_place(model, place, gpu) for place, gpu in enumerate(machine.gpus)]
    lines += _profiles(model)
    lines += [line for gpu in machine.gpus for line in _devices(gpu)]
    return lines


def _topology(model: GpuModel) -> str:
    return _line(
        "topology",
        model.nvlink_links,
        int(not model.nvlink_inactive),
        speed(model),
        model.gpus_per_pcie_switch,
        model.gpus_per_socket,
    )


def _place(model: GpuModel, place: int, gpu: Gpu) -> str:
    facts = (model.cpu_affinity, model.numa_nodes, model.topology)
    return _line("place", gpu.minor, place, *[_at(texts, place) for texts in facts])


def _at(texts: tuple[str, ...], place: int) -> str:
    return texts[place] if place < len(texts) else ""


def _profiles(model: GpuModel) -> list[str]:
    lines = []
    for profile, number in zip(model.mig_profiles, profile_ids(model.mig_profiles)):
        lines.append(
            _line(
                "mig-profile",
                number,
                profile.name,
                profile.slices,
                profile.size,
                ",".join(str(start) for start in dict.fromkeys(profile.starts)),
                profile.memory_mib,
                profile.instance_count,
                profile.multiprocessors,
                *(profile.engines or (0,) * 5),
                int(has_p2p(model)),
                int("+gfx" in profile.name),
            )
        )
    return lines


def _devices(gpu: Gpu) -> list[str]:
    lines = []
    for one in gpu.mig_devices:
        compute, separator, instance = one.profile.partition("c.")
        lines.append(
            _line(
                "mig-device",
                gpu.minor,
                capability_minor(gpu.minor, one.gi, one.ci),
                one.gi,
                one.ci,
                one.profile,
                instance if separator and compute.isdigit() else one.profile,
                one.uuid,
                one.memory_mib,
                one.compute_slices,
            )
        )
    return lines


def _line(kind: str, *cells: object) -> str:
    return "\t".join((kind, *map(str, cells))) + "\n"
