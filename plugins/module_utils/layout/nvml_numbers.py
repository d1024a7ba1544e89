# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The numbers that NVML returns about a GPU, from the texts of nvidia-smi's document: so neither contradicts the other.

native/nvml_facts.h has the same names in the same order. A text without a number is a status: ``N/A`` is NOT_SUPPORTED. Units are those
of NVML: mW, MHz, degrees Celsius, MiB, KB/s, microseconds, percent, microvolts.
"""

from __future__ import annotations

from ..machine.document.texts import Report

_YES = {"Enabled": 1, "Disabled": 0, "Yes": 1, "No": 0, "Active": 1, "Not Active": 0}
_ATOMICS = ("FETCHADD_32", "FETCHADD_64", "SWAP_32", "SWAP_64", "CAS_32", "CAS_64", "CAS_128")
# nvmlReturn_t; every other text without a number is NOT_SUPPORTED.
_STATUSES = {"Requested functionality has been deprecated": 26, "Insufficient Permissions": 4, "Not Found": 6}
_NOT_SUPPORTED = 3
_LEAST = -(1 << 63)
_FACTORS = {"W": 1000, "mV": 1000}

# nvmlGpuVirtualizationMode_t, nvmlGpuOperationMode_t, nvmlComputeMode_t, nvmlDeviceAddressingModeType_t, nvmlDeviceGpuRecoveryAction_t,
# nvmlGpuFabricState_t, nvmlPlatformInfo_t, NVML_GPU_FABRIC_HEALTH_SUMMARY_...
WORDS = {
    "VIRTUALIZATION_MODE": {"None": 0, "Pass-Through": 1, "VGPU": 2, "Host VGPU": 3, "VSGA": 4, "Host VSGA": 4},
    "HOST_VGPU_MODE": {"Non SR-IOV": 0, "SR-IOV": 1},
    "OPERATION_MODE": {"All On": 0, "Compute": 1, "Low Double Precision": 2},
    "COMPUTE_MODE": {"Default": 0, "Exclusive_Thread": 1, "Prohibited": 2, "Exclusive_Process": 3},
    "ADDRESSING_MODE": {"None": 0, "HMM": 1, "ATS": 2},
    "RECOVERY_ACTION": {
        "None": 0,
        "Reset": 1,
        "GPU Reset": 1,
        "Reboot": 2,
        "Node Reboot": 2,
        "Drain P2P": 3,
        "Drain and Reset": 4,
        "Recover IMEX Domain": 5,
        "Bus Reset": 6,
        "System Reboot": 7,
    },
    "FABRIC_STATE": {"Not Started": 1, "In Progress": 2, "Completed": 3},
    "FABRIC_STATUS": {"Success": 0},
    "FABRIC_HEALTH": {"Healthy": 1, "Unhealthy": 2, "Limited Capacity": 3},
    "EGM": {"disabled": 0, "enabled": 1},
    "PEER_TYPE": {"Direct Connected": 0, "Switch Connected": 1},
}
WORDS["PENDING_OPERATION_MODE"] = WORDS["OPERATION_MODE"]

# Bits of nvmlClocksEventReasons by the end of an element's name.
REASONS = {
    "gpu_idle": 0x1,
    "applications_clocks_setting": 0x2,
    "sw_power_cap": 0x4,
    "hw_slowdown": 0x8,
    "sync_boost": 0x10,
    "sw_thermal_slowdown": 0x20,
    "hw_thermal_slowdown": 0x40,
    "hw_power_brake_slowdown": 0x80,
    "display_clocks_setting": 0x100,
}
# Bits of NVML_GPU_FABRIC_HEALTH_MASK_... by element: shift, and the value of each text.
HEALTH = {
    "bandwidth": (0, {"Degraded": 1, "Full": 2}),
    "route_recovery_in_progress": (2, {"True": 1, "False": 2}),
    "route_unhealthy": (4, {"True": 1, "False": 2}),
    "access_timeout_recovery": (6, {"True": 1, "False": 2}),
    "incorrect_configuration": (8, {"None": 1}),
    "partition_assigned": (12, {"True": 1, "False": 2}),
}

_ECC = (
    "sram_correctable",
    "sram_uncorrectable_parity",
    "sram_uncorrectable_secded",
    "dram_correctable",
    "dram_uncorrectable",
)
_ECC_NAMES = ("SRAM_CORRECTED", "SRAM_PARITY", "SRAM_SECDED", "DRAM_CORRECTED", "DRAM_UNCORRECTED")
_SOURCES = ("l2", "sm", "microcontroller", "pcie", "other")
_LIMITS = ("current", "requested", "default", "min", "max")
_CLOCKS = ("graphics", "sm", "mem", "video")
_LOADS = ("gpu", "memory", "encoder", "decoder", "jpeg", "ofa")
_STATISTICS = ("session_count", "average_fps", "average_latency")
_COUNTERS = ("sw_power_cap", "sync_boost", "sw_therm_slowdown", "hw_therm_slowdown", "hw_power_brake")

# (name in native/nvml_facts.h, path in the document)
NUMBERS = (
    ("TEMPERATURE", "temperature/gpu_temp"),
    ("MEMORY_TEMPERATURE", "temperature/memory_temp"),
    ("TARGET_TEMPERATURE", "temperature/gpu_target_temperature"),
    ("LEAST_TARGET", "supported_gpu_target_temp/gpu_target_temp_min"),
    ("MOST_TARGET", "supported_gpu_target_temp/gpu_target_temp_max"),
    ("SHUTDOWN_TEMPERATURE", "temperature/gpu_temp_max_threshold"),
    ("SLOWDOWN_TEMPERATURE", "temperature/gpu_temp_slow_threshold"),
    ("OPERATING_TEMPERATURE", "temperature/gpu_temp_max_gpu_threshold"),
    ("MEMORY_OPERATING_TEMPERATURE", "temperature/gpu_temp_max_mem_threshold"),
    ("MARGIN", "temperature/gpu_temp_tlimit"),
    ("SHUTDOWN_MARGIN", "temperature/gpu_temp_max_tlimit_threshold"),
    ("SLOWDOWN_MARGIN", "temperature/gpu_temp_slow_tlimit_threshold"),
    ("OPERATING_MARGIN", "temperature/gpu_temp_max_gpu_tlimit_threshold"),
    ("MEMORY_OPERATING_MARGIN", "temperature/gpu_temp_max_mem_tlimit_threshold"),
    ("POWER_AVERAGE", "gpu_power_readings/average_power_draw"),
    ("POWER_INSTANT", "gpu_power_readings/instant_power_draw"),
    *[(f"{name.upper()}_LIMIT", f"gpu_power_readings/{name}_power_limit") for name in _LIMITS],
    ("MEMORY_POWER_AVERAGE", "gpu_memory_power_readings/average_power_draw"),
    ("MEMORY_POWER_INSTANT", "gpu_memory_power_readings/instant_power_draw"),
    ("MODULE_POWER_AVERAGE", "module_power_readings/average_power_draw"),
    ("MODULE_POWER_INSTANT", "module_power_readings/instant_power_draw"),
    *[(f"MODULE_{name.upper()}_LIMIT", f"module_power_readings/{name}_power_limit") for name in _LIMITS],
    *[(f"{name.upper()}_CLOCK", f"clocks/{name}_clock") for name in _CLOCKS],
    *[(f"MAX_{name.upper()}_CLOCK", f"max_clocks/{name}_clock") for name in _CLOCKS],
    ("APPLICATION_GRAPHICS_CLOCK", "applications_clocks/graphics_clock"),
    ("APPLICATION_MEM_CLOCK", "applications_clocks/mem_clock"),
    ("DEFAULT_APPLICATION_GRAPHICS_CLOCK", "default_applications_clocks/graphics_clock"),
    ("DEFAULT_APPLICATION_MEM_CLOCK", "default_applications_clocks/mem_clock"),
    ("BOOST_GRAPHICS_CLOCK", "max_customer_boost_clocks/graphics_clock"),
    ("DEFERRED_MEM_CLOCK", "deferred_clocks/mem_clock"),
    ("AUTO_BOOST", "clock_policy/auto_boost"),
    ("DEFAULT_AUTO_BOOST", "clock_policy/auto_boost_default"),
    ("VOLTAGE", "voltage/graphics_volt"),
    ("PERFORMANCE_STATE", "performance_state"),
    ("EVENT_REASONS", "clocks_event_reasons/clocks_event_reason_"),
    ("SUPPORTED_REASONS", "clocks_event_reasons/clocks_event_reason_"),
    *[
        (f"{name.upper()}_TIME", f"clocks_event_reasons_counters/clocks_event_reasons_counters_{name}")
        for name in _COUNTERS
    ],
    ("MAX_GENERATION", "pci/pci_gpu_link_info/pcie_gen/max_link_gen"),
    ("GENERATION", "pci/pci_gpu_link_info/pcie_gen/current_link_gen"),
    ("MAX_DEVICE_GENERATION", "pci/pci_gpu_link_info/pcie_gen/max_device_link_gen"),
    ("MAX_HOST_GENERATION", "pci/pci_gpu_link_info/pcie_gen/max_host_link_gen"),
    ("MAX_LANES", "pci/pci_gpu_link_info/link_widths/max_link_width"),
    ("LANES", "pci/pci_gpu_link_info/link_widths/current_link_width"),
    ("REPLAYS", "pci/replay_counter"),
    ("REPLAY_ROLLOVERS", "pci/replay_rollover_counter"),
    ("TRANSMIT_RATE", "pci/tx_util"),
    ("RECEIVE_RATE", "pci/rx_util"),
    ("OUTBOUND_ATOMICS", "pci/atomic_caps_outbound"),
    ("INBOUND_ATOMICS", "pci/atomic_caps_inbound"),
    ("FAN_SPEED", "fan_speed"),
    ("MEMORY_TOTAL", "fb_memory_usage/total"),
    ("MEMORY_RESERVED", "fb_memory_usage/reserved"),
    ("MEMORY_USED", "fb_memory_usage/used"),
    ("MEMORY_FREE", "fb_memory_usage/free"),
    ("BAR1_TOTAL", "bar1_memory_usage/total"),
    ("BAR1_USED", "bar1_memory_usage/used"),
    ("BAR1_FREE", "bar1_memory_usage/free"),
    ("PROTECTED_TOTAL", "cc_protected_memory_usage/total"),
    ("PROTECTED_USED", "cc_protected_memory_usage/used"),
    ("PROTECTED_FREE", "cc_protected_memory_usage/free"),
    ("PERSISTENCE_MODE", "persistence_mode"),
    ("DISPLAY_MODE", "display_mode"),
    ("DISPLAY_ACTIVE", "display_active"),
    ("ACCOUNTING_MODE", "accounting_mode"),
    ("ACCOUNTING_BUFFER_SIZE", "accounting_mode_buffer_size"),
    ("VIRTUALIZATION_MODE", "gpu_virtualization_mode/virtualization_mode"),
    ("HOST_VGPU_MODE", "gpu_virtualization_mode/host_vgpu_mode"),
    ("OPERATION_MODE", "gpu_operation_mode/current_gom"),
    ("PENDING_OPERATION_MODE", "gpu_operation_mode/pending_gom"),
    ("COMPUTE_MODE", "compute_mode"),
    ("MULTI_GPU_BOARD", "multigpu_board"),
    ("MIG_MODE", "mig_mode/current_mig"),
    ("PENDING_MIG_MODE", "mig_mode/pending_mig"),
    ("C2C_MODE", "c2c_mode"),
    ("ADDRESSING_MODE", "addressing_mode"),
    ("SPARSE_OPERATION_MODE", "sparse_operation_mode"),
    ("RELAXED_ORDERING_MODE", "ibmnpu/relaxed_ordering_mode"),
    ("RECOVERY_ACTION", "gpu_recovery_action"),
    ("RESET_REQUIRED", "gpu_reset_status/reset_required"),
    ("DRAIN_AND_RESET", "gpu_reset_status/drain_and_reset_recommended"),
    ("DRAM_ENCRYPTION", "dram_encryption_mode/current_dram_encryption"),
    ("PENDING_DRAM_ENCRYPTION", "dram_encryption_mode/pending_dram_encryption"),
    *[(f"{name.upper()}_LOAD", f"utilization/{name}_util") for name in _LOADS],
    *[(f"ENCODER_{name.upper()}", f"encoder_stats/{name}") for name in _STATISTICS],
    *[(f"FBC_{name.upper()}", f"fbc_stats/{name}") for name in _STATISTICS],
    ("ECC_MODE", "ecc_mode/current_ecc"),
    ("PENDING_ECC_MODE", "ecc_mode/pending_ecc"),
    *[(f"VOLATILE_{name}", f"ecc_errors/volatile/{element}") for name, element in zip(_ECC_NAMES, _ECC)],
    *[(f"AGGREGATE_{name}", f"ecc_errors/aggregate/{element}") for name, element in zip(_ECC_NAMES, _ECC)],
    ("VOLATILE_SRAM_UNCORRECTED", "ecc_errors/volatile/sram_uncorrectable"),
    ("AGGREGATE_SRAM_UNCORRECTED", "ecc_errors/aggregate/sram_uncorrectable"),
    *[(f"SRAM_{name.upper()}", f"ecc_errors/aggregate_uncorrectable_sram_sources/sram_{name}") for name in _SOURCES],
    ("SRAM_THRESHOLD_EXCEEDED", "ecc_errors/aggregate/sram_threshold_exceeded"),
    ("CHANNEL_REPAIR_PENDING", "ecc_errors/channel_repair_pending"),
    ("TPC_REPAIR_PENDING", "ecc_errors/tpc_repair_pending"),
    ("UNREPAIRABLE_MEMORY", "ecc_errors/unrepairable_memory"),
    ("RETIRED_SINGLE_BIT", "retired_pages/multiple_single_bit_retirement/retired_count"),
    ("RETIRED_DOUBLE_BIT", "retired_pages/double_bit_retirement/retired_count"),
    ("RETIRED_PENDING", "retired_pages/pending_retirement"),
    ("REMAPPED_CORRECTED", "remapped_rows/remapped_row_corr"),
    ("REMAPPED_UNCORRECTED", "remapped_rows/remapped_row_unc"),
    ("INACTIVE_CORRECTED", "remapped_rows/remapped_row_corr_inactive"),
    ("INACTIVE_UNCORRECTED", "remapped_rows/remapped_row_unc_inactive"),
    ("REMAPPED_PENDING", "remapped_rows/remapped_row_pending"),
    ("REMAPPED_FAILURE", "remapped_rows/remapped_row_failure"),
    *[
        (f"HISTOGRAM_{name.upper()}", f"remapped_rows/row_remapper_histogram/row_remapper_histogram_{name}")
        for name in ("max", "high", "partial", "low", "none")
    ],
    ("FLUSH_TIME", "inforom_bbx_flush/latest_timestamp"),
    ("FLUSH_DURATION", "inforom_bbx_flush/latest_duration"),
    ("MODULE_ID", "platformInfo/module_id"),
    ("SLOT_NUMBER", "platformInfo/slot_number"),
    ("TRAY_INDEX", "platformInfo/tray_index"),
    ("HOST_ID", "platformInfo/host_id"),
    ("PEER_TYPE", "platformInfo/peer_type"),
    ("FABRIC_GUID", "platformInfo/gpu_fabric_guid"),
    ("PDI", "pdi"),
    ("FABRIC_STATE", "fabric/state"),
    ("FABRIC_STATUS", "fabric/status"),
    ("FABRIC_CLIQUE", "fabric/cliqueId"),
    ("FABRIC_HEALTH_MASK", "fabric/health"),
    ("FABRIC_HEALTH", "fabric/health/summary"),
    ("EGM", "capabilities/egm"),
)
# (name, path): texts that NVML returns as they are; the empty text is NOT_SUPPORTED.
TEXTS = (
    ("IMAGE_VERSION", "inforom_version/img_version"),
    ("OEM_VERSION", "inforom_version/oem_object"),
    ("ECC_VERSION", "inforom_version/ecc_object"),
    ("POWER_VERSION", "inforom_version/pwr_object"),
    ("GPU_PART_NUMBER", "gpu_part_number"),
    ("FRU_PART_NUMBER", "gpu_fru_part_number"),
    ("VBIOS_VERSION", "vbios_version"),
    ("FIRMWARE_VERSION", "gsp_firmware_version"),
    ("CHASSIS_SERIAL", "platformInfo/chassis_serial_number"),
)
CLUSTER = "fabric/clusterUuid"
_BEFORE_AMPERE = ("Kepler", "Maxwell", "Pascal", "Volta", "Turing")
# Words in the paths of what is counted about errors since Ampere.
_OF_AMPERE = ("secded", "parity", "sources", "pending", "threshold", "unrepairable")


def number(report: Report, gpu: int, name: str, path: str) -> int:
    """Return a number of a GPU; without one the least 64-bit number plus the nvmlReturn_t that NVML returns."""
    if name in ("EVENT_REASONS", "SUPPORTED_REASONS"):
        return _reasons(report, gpu, path, supported=name == "SUPPORTED_REASONS")
    if name == "FABRIC_HEALTH_MASK":
        return sum(
            [values.get(report.text(gpu, f"{path}/{part}"), 0) << shift for part, (shift, values) in HEALTH.items()]
        )
    if not _exists(report, gpu, path):
        return _LEAST + _NOT_SUPPORTED
    text = report.text(gpu, path)
    words = WORDS.get(name, _YES)
    if text in words:
        return words[text]
    if name.endswith("_ATOMICS"):
        return _atomics(text)
    if name == "FLUSH_TIME":
        return _seconds(text)
    value = plain(text)
    return _exact(report, value) if "POWER" in name or "LIMIT" in name else value


def unknown(value: int) -> bool:
    """Return whether :func:`number` has given a status in place of a number."""
    return value < _LEAST + 1000


def plain(text: str) -> int:
    """Return the number in a text in NVML's unit; without one what :func:`number` returns."""
    word, _blank, unit = text.partition(" ")
    try:
        if word.startswith("0x"):
            # Numbers of 64 bits, as signed ones.
            bits = int(word, 16) & (1 << 64) - 1
            return bits if bits < -_LEAST else bits + 2 * _LEAST
        return round(float(word.lstrip("P").rstrip("x%")) * _FACTORS.get(unit, 1))
    except ValueError:
        return _LEAST + _STATUSES.get(text, _NOT_SUPPORTED)


def _exact(report: Report, value: int) -> int:
    """Return the milliwatts of the machine definition that the document rounds to *value*."""
    readings = report.model.readings
    for known in (readings.power_mw, *readings.power_limits_mw):
        if known and known // 10 * 10 == value:
            return known
    return value


def _exists(report: Report, gpu: int, path: str) -> bool:
    """Return whether boards of this kind have an element, whatever the branch."""
    group, _slash, rest = path.partition("/")
    recent = report.model.architecture not in _BEFORE_AMPERE
    if group == "remapped_rows":
        # In MIG mode a board has the histogram only (capture of an H200 with MIG devices, driver 590.48.01).
        if report.machine.gpus[gpu].mig_enabled and "histogram" not in rest:
            return False
        return recent and bool(report.model.readings.ecc_mode)
    if group == "ecc_errors" and any(word in rest for word in _OF_AMPERE):
        return recent
    return True


def _reasons(report: Report, gpu: int, path: str, supported: bool) -> int:
    mask = known = 0
    for end, bit in REASONS.items():
        text = report.text(gpu, path + end)
        if text in _YES:
            known |= bit
            mask |= bit * _YES[text]
    if not known:
        return _LEAST + _NOT_SUPPORTED
    return known if supported else mask


def _atomics(text: str) -> int:
    mask = sum([1 << place for place, name in enumerate(_ATOMICS) if name in text.split()])
    return mask or _LEAST + _NOT_SUPPORTED


def _seconds(text: str) -> int:
    """Return the seconds since 1970 of ``2026/08/20 14:59:03.740``, as UTC."""
    words = text.partition(".")[0].replace("/", " ").replace(":", " ").split()
    if len(words) != 6 or not all(word.isdigit() for word in words):
        return _LEAST + _NOT_SUPPORTED
    year, month, day, hours, minutes, seconds = [int(word) for word in words]
    # Years that begin in March have the leap day at their end.
    year, month = (year, month - 3) if month > 2 else (year - 1, month + 9)
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 + day - 719469
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
