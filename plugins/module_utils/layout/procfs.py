# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""/proc/driver/nvidia as the kernel driver shows it, to be written below a driver root.

Format, order and tabs: open-gpu-kernel-modules, kernel-open/nvidia/nv-procfs.c (``nv_procfs_read_gpu_info``,
``nv_procfs_read_version``, ``nv_procfs_read_params``) of the 550 branch.
"""

from __future__ import annotations

from ..host.entries import Entry, directory, file
from ..machine.drivers import build_date
from ..machine.model import Gpu, Machine
from .devices import DeviceOptions, capability_names

_COMPILER = "gcc version 12.2.0 (Debian 12.2.0-14)"

_PARAMS_HEAD = "ResmanDebugLevel: 4294967295\nRmLogonRC: 1\nModifyDeviceFiles: 1\n"
_PARAMS_TAIL = """InitializeSystemMemoryAllocations: 1
UsePageAttributeTable: 4294967295
EnableMSI: 1
EnablePCIeGen3: 0
MemoryPoolSize: 0
KMallocHeapMaxSize: 0
VMallocHeapMaxSize: 0
IgnoreMMIOCheck: 0
EnableStreamMemOPs: 0
EnableUserNUMAManagement: 1
NvLinkDisable: 0
RmProfilingAdminOnly: 1
PreserveVideoMemoryAllocations: 0
EnableS0ixPowerManagement: 0
S0ixPowerManagementVideoMemoryThreshold: 256
DynamicPowerManagement: 3
DynamicPowerManagementVideoMemoryThreshold: 200
RegisterPCIDriver: 1
EnablePCIERelaxedOrdering: 0
EnableResizableBar: 0
EnableGpuFirmware: 18
EnableGpuFirmwareLogs: 2
EnableDbgBreakpoint: 0
OpenRmEnableUnsupportedGpus: 1
DmaRemapPeerMmio: 1
RegistryDwords: ""
RegistryDwordsPerDevice: ""
RmMsg: ""
GpuBlacklist: ""
TemporaryFilePath: ""
ExcludedGpus: ""
"""


def procfs_entries(machine: Machine, base: str, architecture: str, options: DeviceOptions) -> list[Entry]:
    """Return ``<base>/proc/driver/nvidia`` and its content, by path.

    :arg architecture: ``x86_64`` or ``aarch64``, for the version banner.
    :arg options: owner and mode of the device nodes, which are also in ``params``.
    """
    proc = ("" if base == "/" else base) + "/proc"
    top = f"{proc}/driver/nvidia"
    entries = [directory(path) for path in (proc, f"{proc}/driver", top, f"{top}/gpus")]
    entries.append(file(f"{top}/version", version_text(machine, architecture), 0o444))
    entries.append(file(f"{top}/params", _params_text(options), 0o444))
    entries.append(file(f"{top}/registry", b'Binary: ""\n', 0o444))
    for gpu in machine.gpus:
        gpu_directory = f"{top}/gpus/{gpu.pci_bus_id}"
        entries.append(directory(gpu_directory))
        entries.append(file(f"{gpu_directory}/information", information_text(machine, gpu), 0o444))
    for name, minor in capability_names(machine).items():
        place = name if name.startswith("gpu") else f"mig/{name}"
        place = place.replace("/gi", "/mig/gi", 1)
        entries.append(file(f"{top}/capabilities/{place}", _capability_text(name, minor), 0o444))
    return sorted(entries, key=lambda entry: entry.path)


def version_text(machine: Machine, architecture: str) -> bytes:
    """Return /proc/driver/nvidia/version: two lines."""
    built = build_date(machine.driver_version)
    return (
        f"NVRM version: NVIDIA UNIX {architecture} Kernel Module  {machine.driver_version}  {built}\n"
        f"GCC version:  {_COMPILER}\n"
    ).encode("ascii")


def information_text(machine: Machine, gpu: Gpu) -> bytes:
    """Return /proc/driver/nvidia/gpus/<bus id>/information: eleven lines."""
    # The driver writes question marks for a version that it can't read.
    vbios = (machine.model.vbios_version.lower() if machine.model else "") or "??.??.??.??.??"
    return (
        f"Model: \t\t {gpu.name}\n"
        f"IRQ:   \t\t {gpu.irq}\n"
        f"GPU UUID: \t {gpu.uuid}\n"
        f"Video BIOS: \t {vbios}\n"
        "Bus Type: \t PCIe\n"
        "DMA Size: \t 47 bits\n"
        "DMA Mask: \t 0x7fffffffffff\n"
        f"Bus Location: \t {gpu.pci_bus_id}\n"
        f"Device Minor: \t {gpu.minor}\n"
        f"GPU Firmware: \t {machine.driver_version}\n"
        "GPU Excluded:\t No\n"
    ).encode("ascii")


def _params_text(options: DeviceOptions) -> bytes:
    files = f"DeviceFileUID: {options.uid or 0}\nDeviceFileGID: {options.gid or 0}\nDeviceFileMode: {options.mode}\n"
    return (_PARAMS_HEAD + files + _PARAMS_TAIL).encode("ascii")


def _capability_text(name: str, minor: int) -> bytes:
    mode = 0o400 if name == "config" else 0o444
    return f"DeviceFileMinor: {minor}\nDeviceFileMode: {mode}\nDeviceFileModify: 1\n".encode("ascii")
