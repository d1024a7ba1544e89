# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A machine: its driver, its GPUs and their MIG devices.

These are the facts that NVML returns. Everything else (device nodes, procfs, driver tree, CDI) is derived from them, so a GPU has
the same UUID everywhere. ``build_machine`` (:mod:`.build`) creates instances. Tests with recorded facts use the constructors.
"""

from __future__ import annotations

from ..values import Value, value


@value
class MigDevice(Value):
    """One MIG device: a compute instance in a GPU instance."""

    index: int  # place among the MIG devices of its GPU, as NVML enumerates them (0-based)
    uuid: str  # ``MIG-<uuid>``
    gi: int  # GPU instance id
    ci: int  # compute instance id within the GPU instance
    profile: str = (
        ""  # profile name in NVIDIA's spelling, e.g. ``3g.20gb``, or ``1c.3g.20gb`` if it is a part of the GPU instance
    )
    graphics: bool = False  # whether the profile has the attribute ``gfx``, so that the device has DRM nodes
    memory_mib: int = 0  # memory of the GPU instance in MiB
    compute_slices: int = 0  # number of compute slices
    # (path, text): elements of its part of nvidia-smi's document that do not follow from the fields above.
    report: tuple[tuple[str, str], ...] = ()


@value
class Gpu(Value):
    """One physical GPU."""

    index: int  # place in NVML's enumeration (0-based)
    minor: int  # minor number of ``/dev/nvidia<minor>``
    uuid: str  # ``GPU-<uuid>``
    name: str = ""  # product name as NVML says it
    pci_bus_id: str = ""  # ``dddd:bb:dd.f`` in lower case, domain of 4 (or 8) hex digits; ``""`` if NVML does not tell
    serial: str = ""  # board serial number (13 digits), ``""`` if unknown
    irq: int = 0  # interrupt line that ``/proc/driver/nvidia`` shows
    mig_enabled: bool = False  # MIG mode is on (also with no MIG device yet)
    mig_devices: tuple[MigDevice, ...] = ()  # the MIG devices, in index order
    # How the GPU reaches the host's memory: NONE, HMM or ATS (nvmlDeviceAddressingModeType_t); ``""`` if NVML does
    # not tell.
    addressing_mode: str = ""
    # (path, text): the elements of nvidia-smi's document in which this GPU differs from the model's report (report.py).
    report: tuple[tuple[str, str], ...] = ()


@value
class MigProfile(Value):
    """A profile to partition a GPU (``nvmlGpuInstanceProfileInfo_t``)."""

    name: str  # ``<slices>g.<memory in GiB>gb`` with an optional attribute, ``+me``
    slices: int  # compute slices
    size: int  # memory slices that one instance occupies, of 8
    starts: tuple[int, ...]  # memory slices at which an instance may start
    memory_mib: int  # memory of an instance in MiB
    instance_count: int  # how many of them fit an empty GPU
    multiprocessors: int  # SMs of an instance
    # Copy engines, decoders, encoders, JPEG decoders and OFAs of an instance; ``()`` if unknown.
    engines: tuple[int, int, int, int, int] | tuple[()] = ()


@value
class Readings(Value):
    """The power, clocks and temperatures of a board: its limits, and its readings when idle."""

    # Of the GPU, in degrees Celsius; this and every number below is 0 if unknown, every tuple ``()``.
    temperature_c: int = 0
    memory_temperature_c: int = 0  # of its memory
    power_mw: int = 0  # what it draws, in milliwatts
    # (least, default, most) that its limit can be set to, in milliwatts; it is the default.
    power_limits_mw: tuple[int, ...] = ()
    clocks_mhz: tuple[int, ...] = ()  # (graphics, SM, memory, video) clocks in MHz
    max_clocks_mhz: tuple[int, ...] = ()  # the same at most
    pcie_link: tuple[int, ...] = ()  # (generation, lanes)
    bar1_mib: int = 0  # BAR1 memory in MiB
    ecc_mode: str = ""  # ``Enabled``, ``Disabled``, or ``""`` if unknown or if there is none


@value
class GpuModel(Value):
    """Facts that all GPUs of a machine share."""

    product_name: str  # name as NVML says it, e.g. ``NVIDIA A100-SXM4-40GB``
    architecture: str  # NVIDIA's architecture name, e.g. ``Ampere``
    brand: str  # e.g. ``NVIDIA``
    memory_mib: int  # frame buffer in MiB
    compute_capability: tuple[int, int]  # (major, minor)
    pci_device_id: str  # device and vendor as 8 hex digits, e.g. ``20B010DE``
    pci_subsystem_id: str  # the same for the subsystem
    vbios_version: str  # five hex pairs joined by dots; ``""`` if unknown
    board_part_number: str = ""  # e.g. ``692-2G506-0200-003``
    nvlink_links: int = 0  # NVLinks of a GPU; 0 if it has none
    mig_profiles: tuple[MigProfile, ...] = ()  # profiles the GPU can be cut into; empty if it does not support MIG
    gpus_per_pcie_switch: int = 0  # so many GPUs in a row share a PCIe switch; 0 if unknown
    gpus_per_socket: int = 0  # so many GPUs in a row belong to one CPU socket; 0 if unknown
    nvlink_mb_per_s: int = 0  # of one NVLink in one direction; 0: that of the architecture
    nvlink_inactive: bool = False  # NVLinks are there, but lead nowhere
    # Per GPU the cells of `nvidia-smi topo -m`, separated by blanks; empty if they follow from the other facts.
    topology: tuple[str, ...] = ()
    cpu_affinity: tuple[str, ...] = ()  # per GPU the CPUs near it, such as ``0-19,40-59``; empty if unknown
    numa_nodes: tuple[str, ...] = ()  # per GPU the NUMA node near it; empty if unknown
    readings: Readings = Readings()  # what a board measures, and its limits
    # (path, text) of the elements of nvidia-smi's document that do not follow from the fields above (report.py).
    report: tuple[tuple[str, str], ...] = ()


@value
class Machine(Value):
    """A machine with its driver and GPUs."""

    type_name: str  # the machine type it was made from, e.g. ``dgxa100``
    driver_version: str  # e.g. ``550.54.15``
    cuda_version: tuple[int, int]  # highest CUDA version of the driver as (major, minor)
    gpus: tuple[Gpu, ...]  # the GPUs in NVML's order
    model: GpuModel | None = None  # facts that the GPUs share; None for recorded facts that have none
