# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The rules by which the text of an element follows from the facts of a machine. The table of elements.py names them.

A rule is ``=`` (a text of its own per element, below), or one of those that several elements share. Sources: the captures that
elements.py names.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..model import Gpu, GpuModel, Machine

NOT_AVAILABLE = "N/A"
DEPRECATED = "Requested functionality has been deprecated"
# Elements whose text is DEPRECATED from a version on.
DEPRECATED_SINCE = {
    "display_mode": 580,
    "gpu_reset_status/reset_required": 570,
    "gpu_reset_status/drain_and_reset_recommended": 570,
    "applications_clocks/graphics_clock": 590,
    "applications_clocks/mem_clock": 590,
    "default_applications_clocks/graphics_clock": 590,
    "default_applications_clocks/mem_clock": 590,
    "gpu_power_readings/power_state": 595,
    "module_power_readings/power_state": 595,
}
_ADDRESSING = {"NONE": "None", "HMM": "HMM", "ATS": "ATS"}
_LIMITS = {
    "power_limit": 1,
    "enforced_power_limit": 1,
    "current_power_limit": 1,
    "requested_power_limit": 1,
    "default_power_limit": 1,
    "min_power_limit": 0,
    "max_power_limit": 2,
}
_CLOCKS = {"graphics_clock": 0, "sm_clock": 1, "mem_clock": 2, "video_clock": 3}


def computed(rule: str, path: str, machine: Machine, model: GpuModel, gpu: Gpu, text_of: Callable[[str], str]) -> str:
    """Return the text of the element at *path* by the rule that the table names for it.

    :arg text_of: returns the text of another element of the same GPU by its path.
    """
    ecc = model.readings.ecc_mode == "Enabled"
    if rule == "=load":
        return NOT_AVAILABLE if gpu.mig_enabled else "0 %"
    if rule == "=ecc":
        return "0" if ecc else NOT_AVAILABLE
    if rule == "=no":
        return "No" if ecc else NOT_AVAILABLE
    if rule == "=state":
        return text_of("performance_state")
    if rule == "=reset":
        return "No"
    if rule == "=supported":
        return "Supported" if model.readings.power_limits_mw else NOT_AVAILABLE
    if rule != "=":
        return ""
    text = _identity(path, machine, model, gpu) if "/" not in path else _reading(path, model, gpu, text_of)
    return NOT_AVAILABLE if text is None or text == "" else text


def number_in(text: str) -> float | None:
    """Return the number at the beginning of a text, also one such as ``0x8300``; None if there is none."""
    word = text.partition(" ")[0].rstrip("x%")
    try:
        return int(word, 16) if word.startswith("0x") else float(word)
    except ValueError:
        return None


def _identity(path: str, machine: Machine, model: GpuModel, gpu: Gpu) -> str | None:
    if path == "board_id":
        if not gpu.pci_bus_id:
            return None
        domain, bus, rest = gpu.pci_bus_id.split(":")
        return f"0x{int(domain, 16) << 16 | int(bus, 16) << 8 | int(rest.partition('.')[0], 16):x}"
    return {
        "product_name": gpu.name or model.product_name,
        "product_brand": model.brand,
        "product_architecture": model.architecture,
        "display_mode": "Disabled",
        "addressing_mode": _ADDRESSING.get(gpu.addressing_mode),
        "serial": gpu.serial,
        "uuid": gpu.uuid,
        "pdi": "0x" + gpu.uuid[4:].replace("-", "")[:16],
        "minor_number": str(gpu.minor),
        "vbios_version": model.vbios_version,
        "board_part_number": model.board_part_number,
        "gsp_firmware_version": machine.driver_version,
        "performance_state": "P0" if model.readings.clocks_mhz and model.readings.clocks_mhz[0] else None,
    }.get(path)


def _reading(path: str, model: GpuModel, gpu: Gpu, text_of: Callable[[str], str]) -> str | None:
    group, _slash, name = path.partition("/")
    name = name.rpartition("/")[2]
    readings = model.readings
    if group == "pci":
        return _pci(name, model, gpu)
    if group.endswith("power_readings"):
        if name in _LIMITS:
            return _watts((readings.power_limits_mw or (0, 0, 0))[_LIMITS[name]])
        return _watts(readings.power_mw)
    if group in ("clocks", "max_clocks"):
        return _megahertz(getattr(readings, f"{group}_mhz"), _CLOCKS[name])
    if group.endswith("_clocks"):
        return _megahertz(readings.max_clocks_mhz, _CLOCKS[name])
    if group == "mig_mode":
        mode = "Enabled" if gpu.mig_enabled else "Disabled"
        return mode if model.mig_profiles or gpu.mig_enabled else None
    if group == "ecc_mode":
        return readings.ecc_mode
    if group == "temperature":
        degrees = {"gpu_temp": readings.temperature_c, "memory_temp": readings.memory_temperature_c}.get(name)
        return f"{degrees} C" if degrees else None
    total = {"fb_memory_usage": model.memory_mib, "bar1_memory_usage": readings.bar1_mib}.get(group, 0)
    if not total:
        return None
    if name == "free":
        # The report can have another total, as of a GPU whose memory is set apart.
        parts = [number_in(text_of(f"{group}/{part}")) or 0 for part in ("total", "reserved", "used")]
        # The parts are rounded up: with a reserved part, most captures have 1 MiB more.
        return f"{int(parts[0] - parts[1] - parts[2]) + bool(parts[1])} MiB"
    return f"{total if name == 'total' else 0} MiB"


def _pci(name: str, model: GpuModel, gpu: Gpu) -> str | None:
    if name in ("pci_device_id", "pci_sub_system_id"):
        return model.pci_device_id if name == "pci_device_id" else model.pci_subsystem_id
    generation, lanes = model.readings.pcie_link or (0, 0)
    if "link" in name:
        return (f"{lanes}x" if lanes else None) if "width" in name else str(generation or "")
    if not gpu.pci_bus_id:
        return None
    domain, bus, rest = gpu.pci_bus_id.upper().split(":")
    parts = {"pci_domain": domain[-4:], "pci_bus": bus, "pci_device": rest.partition(".")[0]}
    return parts.get(name, f"{domain:0>8}:{bus}:{rest}")


def _watts(milliwatts: int) -> str | None:
    return f"{milliwatts // 1000}.{milliwatts % 1000 // 10:02d} W" if milliwatts else None


def _megahertz(clocks: tuple[int, ...], which: int) -> str | None:
    return f"{clocks[which]} MHz" if clocks and clocks[which] else None
