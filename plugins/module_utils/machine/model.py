# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What a machine is: its driver, its GPUs and their MIG devices.

These are the facts that NVML would tell. Everything else (device nodes, procfs, driver tree, CDI) is derived
from them, so that a GPU has one UUID wherever it is looked up. Instances come from ``build_machine``
(:mod:`.machines`) or, for recorded facts, straight from the constructors.
"""

from __future__ import annotations

from ..values import Value


class MigDevice(Value):
    """One MIG device: a compute instance in a GPU instance.

    :arg index: place among the MIG devices of its GPU, as NVML enumerates them (0-based).
    :arg uuid: ``MIG-<uuid>``.
    :arg gi: GPU instance id.
    :arg ci: compute instance id within the GPU instance.
    :arg profile: profile name in NVIDIA's spelling, e.g. ``3g.20gb``.
    :arg graphics: whether the profile has the attribute ``gfx`` (then DRM nodes belong to the device).
    :arg memory_mib: memory of the GPU instance in MiB.
    :arg compute_slices: number of compute slices.
    """

    __slots__ = ("index", "uuid", "gi", "ci", "profile", "graphics", "memory_mib", "compute_slices")

    def __init__(
        self,
        index: int,
        uuid: str,
        gi: int,
        ci: int,
        profile: str = "",
        graphics: bool = False,
        memory_mib: int = 0,
        compute_slices: int = 0,
    ) -> None:
        self.index = index
        self.uuid = uuid
        self.gi = gi
        self.ci = ci
        self.profile = profile
        self.graphics = graphics
        self.memory_mib = memory_mib
        self.compute_slices = compute_slices


class Gpu(Value):
    """One physical GPU.

    :arg index: place in NVML's enumeration (0-based).
    :arg minor: minor number of ``/dev/nvidia<minor>``.
    :arg uuid: ``GPU-<uuid>``.
    :arg name: product name as NVML says it.
    :arg pci_bus_id: ``dddd:bb:dd.f`` in lower case, domain of 4 (or 8) hex digits; ``""`` if NVML does not tell.
    :arg serial: board serial number (13 digits), ``""`` if unknown.
    :arg irq: interrupt line that ``/proc/driver/nvidia`` shows.
    :arg mig_enabled: MIG mode is on (also with no MIG device yet).
    :arg mig_devices: the MIG devices, in index order.
    :arg addressing_mode: how the GPU reaches the host's memory: NONE, HMM or ATS (nvmlDeviceAddressingModeType_t);
        ``""`` if NVML does not tell.
    """

    __slots__ = (
        "index",
        "minor",
        "uuid",
        "name",
        "pci_bus_id",
        "serial",
        "irq",
        "mig_enabled",
        "mig_devices",
        "addressing_mode",
    )

    def __init__(
        self,
        index: int,
        minor: int,
        uuid: str,
        name: str = "",
        pci_bus_id: str = "",
        serial: str = "",
        irq: int = 0,
        mig_enabled: bool = False,
        mig_devices: tuple[MigDevice, ...] = (),
        addressing_mode: str = "",
    ) -> None:
        self.index = index
        self.minor = minor
        self.uuid = uuid
        self.name = name
        self.pci_bus_id = pci_bus_id
        self.serial = serial
        self.irq = irq
        self.mig_enabled = mig_enabled
        self.mig_devices = mig_devices
        self.addressing_mode = addressing_mode


class MigProfile(Value):
    """A way to cut a GPU (``nvmlGpuInstanceProfileInfo_t``).

    :arg name: ``<slices>g.<memory in GiB>gb`` with an optional attribute, ``+me``.
    :arg slices: compute slices.
    :arg size: memory slices that one instance occupies, of 8.
    :arg starts: memory slices at which an instance may start.
    :arg memory_mib: memory of an instance in MiB.
    :arg instance_count: how many of them fit an empty GPU.
    :arg multiprocessors: SMs of an instance.
    :arg engines: copy engines, decoders, encoders, JPEG decoders and OFAs of an instance; ``()`` if unknown.
    """

    __slots__ = ("name", "slices", "size", "starts", "memory_mib", "instance_count", "multiprocessors", "engines")

    def __init__(
        self,
        name: str,
        slices: int,
        size: int,
        starts: tuple[int, ...],
        memory_mib: int,
        instance_count: int,
        multiprocessors: int,
        engines: tuple[int, int, int, int, int] | tuple[()] = (),
    ) -> None:
        self.name = name
        self.slices = slices
        self.size = size
        self.starts = starts
        self.memory_mib = memory_mib
        self.instance_count = instance_count
        self.multiprocessors = multiprocessors
        self.engines = engines


class Readings(Value):
    """What a board says of its power, clocks and temperatures: its limits, and what it measures while nothing runs.

    :arg temperature_c: of the GPU, in degrees Celsius; this and every number below is 0 if unknown, every tuple ``()``.
    :arg memory_temperature_c: of its memory.
    :arg power_mw: what it draws, in milliwatts.
    :arg power_limits_mw: (least, default, most) that its limit can be set to, in milliwatts; it is the default.
    :arg clocks_mhz: (graphics, SM, memory, video) clocks in MHz.
    :arg max_clocks_mhz: the same at most.
    :arg pcie_link: (generation, lanes).
    :arg bar1_mib: BAR1 memory in MiB.
    :arg ecc_mode: ``Enabled``, ``Disabled``, or ``""`` if unknown or if there is none.
    """

    __slots__ = (
        "temperature_c",
        "memory_temperature_c",
        "power_mw",
        "power_limits_mw",
        "clocks_mhz",
        "max_clocks_mhz",
        "pcie_link",
        "bar1_mib",
        "ecc_mode",
    )

    def __init__(
        self,
        temperature_c: int = 0,
        memory_temperature_c: int = 0,
        power_mw: int = 0,
        power_limits_mw: tuple[int, ...] = (),
        clocks_mhz: tuple[int, ...] = (),
        max_clocks_mhz: tuple[int, ...] = (),
        pcie_link: tuple[int, ...] = (),
        bar1_mib: int = 0,
        ecc_mode: str = "",
    ) -> None:
        self.temperature_c = temperature_c
        self.memory_temperature_c = memory_temperature_c
        self.power_mw = power_mw
        self.power_limits_mw = power_limits_mw
        self.clocks_mhz = clocks_mhz
        self.max_clocks_mhz = max_clocks_mhz
        self.pcie_link = pcie_link
        self.bar1_mib = bar1_mib
        self.ecc_mode = ecc_mode


class GpuModel(Value):
    """Facts that all GPUs of a machine share.

    :arg product_name: name as NVML says it, e.g. ``NVIDIA A100-SXM4-40GB``.
    :arg architecture: NVIDIA's architecture name, e.g. ``Ampere``.
    :arg brand: e.g. ``NVIDIA``.
    :arg memory_mib: frame buffer in MiB.
    :arg compute_capability: (major, minor).
    :arg pci_device_id: device and vendor as 8 hex digits, e.g. ``20B010DE``.
    :arg pci_subsystem_id: the same for the subsystem.
    :arg vbios_version: five hex pairs joined by dots.
    :arg board_part_number: e.g. ``692-2G506-0200-003``.
    :arg nvlink_links: NVLinks of a GPU; 0 if it has none.
    :arg mig_profiles: profiles the GPU can be cut into; empty if it knows no MIG.
    :arg gpus_per_pcie_switch: so many GPUs in a row share a PCIe switch; 0 if unknown.
    :arg gpus_per_socket: so many GPUs in a row belong to one CPU socket; 0 if unknown.
    :arg readings: what a board measures, and its limits.
    """

    __slots__ = (
        "product_name",
        "architecture",
        "brand",
        "memory_mib",
        "compute_capability",
        "pci_device_id",
        "pci_subsystem_id",
        "vbios_version",
        "board_part_number",
        "nvlink_links",
        "mig_profiles",
        "gpus_per_pcie_switch",
        "gpus_per_socket",
        "readings",
    )

    def __init__(
        self,
        product_name: str,
        architecture: str,
        brand: str,
        memory_mib: int,
        compute_capability: tuple[int, int],
        pci_device_id: str,
        pci_subsystem_id: str,
        vbios_version: str,
        board_part_number: str = "",
        nvlink_links: int = 0,
        mig_profiles: tuple[MigProfile, ...] = (),
        gpus_per_pcie_switch: int = 0,
        gpus_per_socket: int = 0,
        readings: Readings | None = None,
    ) -> None:
        self.product_name = product_name
        self.architecture = architecture
        self.brand = brand
        self.memory_mib = memory_mib
        self.compute_capability = compute_capability
        self.pci_device_id = pci_device_id
        self.pci_subsystem_id = pci_subsystem_id
        self.vbios_version = vbios_version
        self.board_part_number = board_part_number
        self.nvlink_links = nvlink_links
        self.mig_profiles = mig_profiles
        self.gpus_per_pcie_switch = gpus_per_pcie_switch
        self.gpus_per_socket = gpus_per_socket
        self.readings = readings or Readings()


class Machine(Value):
    """A machine with its driver and GPUs.

    :arg type_name: the machine type it was made from, e.g. ``dgxa100``.
    :arg driver_version: e.g. ``550.54.15``.
    :arg cuda_version: highest CUDA version of the driver as (major, minor).
    :arg gpus: the GPUs in NVML's order.
    :arg model: facts that the GPUs share; None for recorded facts that have none.
    """

    __slots__ = ("type_name", "driver_version", "cuda_version", "gpus", "model")

    def __init__(
        self,
        type_name: str,
        driver_version: str,
        cuda_version: tuple[int, int],
        gpus: tuple[Gpu, ...],
        model: GpuModel | None = None,
    ) -> None:
        self.type_name = type_name
        self.driver_version = driver_version
        self.cuda_version = cuda_version
        self.gpus = gpus
        self.model = model
