# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""How nvidia-smi shows the elements of its document: sections of ``-d``, and elements with a form of their own.

Source: the help texts in published outputs of nvidia-smi 590.48.01, 595.80 and 610.57.04.
"""

from __future__ import annotations

# Sections of -d by the first name of a path.
_SECTIONS = {
    "fb_memory_usage": "MEMORY",
    "bar1_memory_usage": "MEMORY",
    "cc_protected_memory_usage": "MEMORY",
    "utilization": "UTILIZATION",
    "ecc_mode": "ECC",
    "ecc_errors": "ECC",
    "temperature": "TEMPERATURE",
    "power_readings": "POWER",
    "gpu_power_readings": "POWER",
    "gpu_memory_power_readings": "POWER",
    "module_power_readings": "POWER",
    "edpp_multiplier": "POWER",
    "clocks": "CLOCK",
    "applications_clocks": "CLOCK",
    "default_applications_clocks": "CLOCK",
    "deferred_clocks": "CLOCK",
    "max_clocks": "CLOCK",
    "max_customer_boost_clocks": "CLOCK",
    "clock_policy": "CLOCK",
    "compute_mode": "COMPUTE",
    "processes": "PIDS",
    "performance_state": "PERFORMANCE",
    "clocks_throttle_reasons": "PERFORMANCE",
    "clocks_event_reasons": "PERFORMANCE",
    "clocks_event_reasons_counters": "PERFORMANCE",
    "sparse_operation_mode": "PERFORMANCE",
    "supported_clocks": "SUPPORTED_CLOCKS",
    "retired_pages": "PAGE_RETIREMENT",
    "accounting_mode": "ACCOUNTING",
    "accounting_mode_buffer_size": "ACCOUNTING",
    "accounted_processes": "ACCOUNTING",
    "encoder_stats": "ENCODER_STATS",
    "supported_gpu_target_temp": "SUPPORTED_GPU_TARGET_TEMP",
    "voltage": "VOLTAGE",
    "fbc_stats": "FBC_STATS",
    "remapped_rows": "ROW_REMAPPER",
    "gpu_reset_status": "RESET_STATUS",
    "gsp_firmware_version": "GSP_FIRMWARE_VERSION",
    "power_smoothing": "POWER_SMOOTHING",
    "power_profiles": "POWER_PROFILES",
}
# Elements with a form of their own, by their flag in the payload; -q shows some of them with -d only.
_FORMS = {
    "mig_devices": "m",
    "supported_clocks": "sd",
    "processes": "p",
    "accounted_processes": "ad",
    "supported_gpu_target_temp": "d",
    "supported_gpu_target_temp/gpu_target_temp_min": "d",
    "supported_gpu_target_temp/gpu_target_temp_max": "d",
}
_PREFIXED = (
    "pci/pci_bus",
    "pci/pci_device",
    "pci/pci_domain",
    "pci/pci_device_id",
    "pci/pci_sub_system_id",
    "pci/pci_base_class",
    "pci/pci_sub_class",
)


def section_of(path: str) -> str:
    """Return the section of ``-d`` that shows the element, ``""`` if none does."""
    return _SECTIONS.get(path.partition("/")[0], "")


def flags_of(path: str, label: str, has_text: bool) -> str:
    """Return the flags of an element.

    ``c``: it has children; ``d``: ``-q`` shows it with ``-d`` only; ``h``: ``-q`` shows it with ``0x``; ``x``: ``-q`` does not show
    it; ``m``, ``s``, ``p``, ``a``: MIG devices, supported clocks, processes, accounted processes.
    """
    flags = _FORMS.get(path, "") + ("" if has_text else "c")
    return flags + ("h" if path in _PREFIXED else "") + ("" if label else "x")
