# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What NVML says about a GPU, as the texts of nvidia-smi's document: the path of each element, and how a program asks for it."""

from __future__ import annotations

import ctypes

import pynvml

NOT_AVAILABLE = "N/A"
STATUSES = {
    pynvml.NVML_ERROR_NOT_SUPPORTED: NOT_AVAILABLE,
    pynvml.NVML_ERROR_DEPRECATED: "Requested functionality has been deprecated",
    pynvml.NVML_ERROR_NO_PERMISSION: "Insufficient Permissions",
}
ON = {0: "Disabled", 1: "Enabled"}
YES = {0: "No", 1: "Yes"}
REASONS = {
    "gpu_idle": 0x1,
    "applications_clocks_setting": 0x2,
    "sw_power_cap": 0x4,
    "hw_slowdown": 0x8,
    "hw_thermal_slowdown": 0x40,
    "hw_power_brake_slowdown": 0x80,
    "sync_boost": 0x10,
    "sw_thermal_slowdown": 0x20,
    "display_clocks_setting": 0x100,
}


def degrees(value):
    return f"{value} C"


def watts(value):
    return f"{value / 1000:.2f} W"


def megahertz(value):
    return f"{value} MHz"


def mebibytes(value):
    """Rounded half a MiB up, as nvidia-smi rounds since branch 550."""
    return f"{(value + (1 << 19)) >> 20} MiB"


def percent(value):
    return f"{value} %"


def banks(value):
    return f"{value} bank(s)"


def microseconds(value):
    return f"{value // 1000} us"


def signed(value):
    return degrees(ctypes.c_int32(value & 0xFFFFFFFF).value)


class Teller:
    """The answers about one GPU.

    :ivar asks: by path of the document, a function that returns the text of the element.
    """

    def __init__(self, node, handle):
        self.node = node
        self.handle = handle
        self.asks = {}
        self._identity()
        self._readings()
        self._memory()
        self._errors()
        self._rest()

    def text(self, path):
        """The text of an element, or that of the status with which NVML refuses it."""
        try:
            return self.asks[path]()
        except pynvml.NVMLError as error:
            return STATUSES.get(error.value, str(error))

    def add(self, path, name, form=str, arguments=(), part=None):
        """The element is what ``nvmlDeviceGet<name>`` returns, or a part of it."""

        def ask():
            value = getattr(pynvml, f"nvmlDeviceGet{name}")(self.handle, *arguments)
            if part is not None:
                value = value[part] if isinstance(part, int) else getattr(value, part)
            return form[value] if isinstance(form, dict) else form(value)

        self.asks[path] = ask

    def field(self, path, number, form=str, scope=0):
        """The element is the value of a field."""

        def ask():
            value = pynvml.nvmlDeviceGetFieldValues(self.handle, [(number, scope)])[0]
            if value.nvmlReturn:
                raise pynvml.NVMLError(value.nvmlReturn)
            return form[value.value.ullVal] if isinstance(form, dict) else form(value.value.ullVal)

        self.asks[path] = ask

    def structure(self, path, name, kind, version, part, form=str):
        """The element is a part of a structure that the caller gives, with its version first."""

        def ask():
            room = kind()
            room.version = version
            status = self.node.status(f"nvmlDeviceGet{name}", self.handle, ctypes.byref(room))
            if status:
                raise pynvml.NVMLError(status)
            value = getattr(room, part)
            return form[value] if isinstance(form, dict) else form(value)

        self.asks[path] = ask

    def _identity(self):
        self.add("product_name", "Name")
        self.add("uuid", "UUID")
        self.add("serial", "Serial")
        self.add("minor_number", "MinorNumber")
        self.add("vbios_version", "VbiosVersion")
        self.add("board_id", "BoardId", hex)
        self.add("board_part_number", "BoardPartNumber")
        self.add("gsp_firmware_version", "GspFirmwareVersion", bytes.decode)
        self.add("inforom_version/img_version", "InforomImageVersion")
        for number, name in enumerate(("oem", "ecc", "pwr")):
            self.add(f"inforom_version/{name}_object", "InforomVersion", arguments=(number,))
        self.add("pci/pci_bus_id", "PciInfo", lambda info: info.busId)
        self.add("pci/pci_device_id", "PciInfo", lambda info: f"{info.pciDeviceId:08X}")
        self.add("pci/pci_sub_system_id", "PciInfo", lambda info: f"{info.pciSubSystemId:08X}")
        for number, name in enumerate(("current", "pending")):
            self.add(f"mig_mode/{name}_mig", "MigMode", ON, part=number)

    def _readings(self):
        self.add("temperature/gpu_temp", "TemperatureV", degrees, (pynvml.NVML_TEMPERATURE_GPU,))
        self.field("temperature/memory_temp", pynvml.NVML_FI_DEV_MEMORY_TEMP, degrees)
        self.add("temperature/gpu_temp_tlimit", "MarginTemperature", degrees)
        for name, threshold in (
            ("max", "SHUTDOWN"),
            ("slow", "SLOWDOWN"),
            ("max_gpu", "GPU_MAX"),
            ("max_mem", "MEM_MAX"),
        ):
            number = getattr(pynvml, f"NVML_TEMPERATURE_THRESHOLD_{threshold}")
            self.add(f"temperature/gpu_temp_{name}_threshold", "TemperatureThreshold", degrees, (number,))
        for name, number in (("max", 193), ("slow", 194), ("max_mem", 195), ("max_gpu", 196)):
            self.field(f"temperature/gpu_temp_{name}_tlimit_threshold", number, signed)
        for scope, group in ((0, "gpu"), (1, "module")):
            fields = {
                "average_power_draw": 185,
                "instant_power_draw": 186,
                "min_power_limit": 187,
                "max_power_limit": 188,
            }
            fields.update(default_power_limit=189, current_power_limit=190, requested_power_limit=192)
            for name, number in fields.items():
                self.field(f"{group}_power_readings/{name}", number, watts, scope)
        for name, number in (("average", 185), ("instant", 186)):
            self.field(f"gpu_memory_power_readings/{name}_power_draw", number, watts, 2)
        for number, name in enumerate(("graphics", "sm", "mem", "video")):
            self.add(f"clocks/{name}_clock", "ClockInfo", megahertz, (number,))
            self.add(f"max_clocks/{name}_clock", "MaxClockInfo", megahertz, (number,))
        for number, name in ((0, "graphics"), (2, "mem")):
            self.add(f"applications_clocks/{name}_clock", "ApplicationsClock", megahertz, (number,))
            self.add(f"default_applications_clocks/{name}_clock", "DefaultApplicationsClock", megahertz, (number,))
        self.add("max_customer_boost_clocks/graphics_clock", "MaxCustomerBoostClock", megahertz, (0,))
        self.add("performance_state", "PerformanceState", lambda state: f"P{state}")
        for name, bit in REASONS.items():
            self.add(
                f"clocks_event_reasons/clocks_event_reason_{name}",
                "CurrentClocksEventReasons",
                lambda mask, bit=bit: "Active" if mask & bit else "Not Active",
            )
        counters = {"sw_power_cap": 74, "sync_boost": 76, "sw_therm_slowdown": 269, "hw_therm_slowdown": 270}
        for name, number in {**counters, "hw_power_brake": 271}.items():
            self.field(f"clocks_event_reasons_counters/clocks_event_reasons_counters_{name}", number, microseconds)
        self.add("fan_speed", "FanSpeed", percent)
        link = "pci/pci_gpu_link_info"
        self.add(f"{link}/pcie_gen/max_link_gen", "MaxPcieLinkGeneration")
        self.add(f"{link}/pcie_gen/current_link_gen", "CurrPcieLinkGeneration")
        self.add(f"{link}/pcie_gen/max_device_link_gen", "GpuMaxPcieLinkGeneration")
        self.add(f"{link}/link_widths/max_link_width", "MaxPcieLinkWidth", lambda lanes: f"{lanes}x")
        self.add(f"{link}/link_widths/current_link_width", "CurrPcieLinkWidth", lambda lanes: f"{lanes}x")
        self.add("pci/replay_counter", "PcieReplayCounter")
        self.field("pci/replay_rollover_counter", 95)
        for number, name in enumerate(("tx", "rx")):
            self.add(f"pci/{name}_util", "PcieThroughput", lambda rate: f"{rate} KB/s", (number,))

    def _memory(self):
        for name in ("total", "reserved", "used", "free"):
            self.add(f"fb_memory_usage/{name}", "MemoryInfo", mebibytes, (pynvml.nvmlMemory_v2,), name)
        for name in ("total", "used", "free"):
            self.add(f"bar1_memory_usage/{name}", "BAR1MemoryInfo", mebibytes, part=f"bar1{name.title()}")
            self.add(f"cc_protected_memory_usage/{name}", "ConfComputeProtectedMemoryUsage", mebibytes, part=name)

    def _errors(self):
        for number, name in enumerate(("current", "pending")):
            self.add(f"ecc_mode/{name}_ecc", "EccMode", ON, part=number)
        for counter, group in enumerate(("volatile", "aggregate")):
            for location, place in ((7, "sram"), (2, "dram")):
                for error, kind in enumerate(("correctable", "uncorrectable")):
                    path = f"ecc_errors/{group}/{place}_{kind}"
                    self.add(path, "MemoryErrorCounter", str, (error, counter, location))
        status = pynvml.c_nvmlEccSramErrorStatus_v1_t
        parts = {"volatile/sram_uncorrectable_parity": "volatileUncParity"}
        parts["volatile/sram_uncorrectable_secded"] = "volatileUncSecDed"
        parts["aggregate/sram_uncorrectable_parity"] = "aggregateUncParity"
        parts["aggregate/sram_uncorrectable_secded"] = "aggregateUncSecDed"
        for name, part in {"l2": "L2", "sm": "Sm", "microcontroller": "Mcu", "pcie": "Pcie", "other": "Other"}.items():
            parts[f"aggregate_uncorrectable_sram_sources/sram_{name}"] = f"aggregateUncBucket{part}"
        for path, part in parts.items():
            self.structure(f"ecc_errors/{path}", "SramEccErrorStatus", status, pynvml.nvmlEccSramErrorStatus_v1, part)
        self.structure(
            "ecc_errors/aggregate/sram_threshold_exceeded",
            "SramEccErrorStatus",
            status,
            pynvml.nvmlEccSramErrorStatus_v1,
            "bThresholdExceeded",
            YES,
        )
        for name in ("Channel", "Tpc"):
            path = f"ecc_errors/{name.lower()}_repair_pending"
            kind, version = pynvml.c_nvmlRepairStatus_t, pynvml.nvmlRepairStatus_v1
            self.structure(path, "RepairStatus", kind, version, f"b{name}RepairPending", YES)
        for number, name in ((29, "multiple_single_bit"), (30, "double_bit")):
            self.field(f"retired_pages/{name}_retirement/retired_count", number)
        self.add("retired_pages/pending_retirement", "RetiredPagesPendingStatus", YES)
        for number, (name, form) in enumerate((("corr", str), ("unc", str), ("pending", YES), ("failure", YES))):
            self.add(f"remapped_rows/remapped_row_{name}", "RemappedRows", form, part=number)
        self.field("remapped_rows/remapped_row_corr_inactive", 301)
        self.field("remapped_rows/remapped_row_unc_inactive", 302)
        for name in ("max", "high", "partial", "low", "none"):
            path = f"remapped_rows/row_remapper_histogram/row_remapper_histogram_{name}"
            self.add(path, "RowRemapperHistogram", banks, part=name)

    def _rest(self):
        self.add("persistence_mode", "PersistenceMode", ON)
        self.add("display_mode", "DisplayMode", ON)
        self.add("display_active", "DisplayActive", ON)
        self.add("accounting_mode", "AccountingMode", ON)
        self.add("accounting_mode_buffer_size", "AccountingBufferSize")
        self.add("multigpu_board", "MultiGpuBoard", YES)
        self.add("compute_mode", "ComputeMode", {0: "Default"})
        self.add("addressing_mode", "AddressingMode", {0: "None", 1: "HMM", 2: "ATS"})
        self.add(
            "gpu_virtualization_mode/virtualization_mode",
            "VirtualizationMode",
            {0: "None", 1: "Pass-Through", 2: "VGPU"},
        )
        self.add("c2c_mode", "C2cModeInfoV", ON, part="isC2cEnabled")
        self.field("gpu_recovery_action", 230, {0: "None"})
        self.add("utilization/gpu_util", "UtilizationRates", percent, part="gpu")
        self.add("utilization/memory_util", "UtilizationRates", percent, part="memory")
        for path, name in (("encoder", "Encoder"), ("decoder", "Decoder"), ("jpeg", "Jpg"), ("ofa", "Ofa")):
            self.add(f"utilization/{path}_util", f"{name}Utilization", percent, part=0)
        for number, name in enumerate(("session_count", "average_fps", "average_latency")):
            self.add(f"encoder_stats/{name}", "EncoderStats", part=number)
        for name, part in (
            ("session_count", "sessionsCount"),
            ("average_fps", "averageFPS"),
            ("average_latency", "averageLatency"),
        ):
            self.add(f"fbc_stats/{name}", "FBCStats", part=part)
        self.add("inforom_bbx_flush/latest_duration", "LastBBXFlushTime", lambda time: f"{time} us", part=1)
        self.add("platformInfo/module_id", "ModuleId")
        capabilities, version = pynvml.c_nvmlDeviceCapabilities_v1_t, pynvml.nvmlDeviceCapabilities_v1
        self.structure(
            "capabilities/egm", "Capabilities", capabilities, version, "capMask", {0: "disabled", 1: "enabled"}
        )
        fabric, version = pynvml.c_nvmlGpuFabricInfo_v3_t, pynvml.nvmlGpuFabricInfo_v3
        states = {1: "Not Started", 2: "In Progress", 3: "Completed"}
        self.structure("fabric/state", "GpuFabricInfoV", fabric, version, "state", states)
        self.structure("fabric/status", "GpuFabricInfoV", fabric, version, "status", {0: "Success"})
        self.structure("fabric/cliqueId", "GpuFabricInfoV", fabric, version, "cliqueId")
        summaries = {0: NOT_AVAILABLE, 1: "Healthy", 2: "Unhealthy", 3: "Limited Capacity"}
        self.structure("fabric/health/summary", "GpuFabricInfoV", fabric, version, "healthSummary", summaries)
