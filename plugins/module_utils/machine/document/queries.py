# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The fields of ``nvidia-smi --query-...``, in the order of ``--help-query-...``, and how they follow from the document.

Sources: the help texts and the queries of all fields in published outputs of nvidia-smi 590.48.01, 595.80 and 610.57.04
(utkuozdemir/nvidia_gpu_exporter). Older branches have the fields of 590 whose elements they have.
"""

from __future__ import annotations

from .computed import DEPRECATED, NOT_AVAILABLE
from .elements import elements
from .outline import Document
from .texts import other_names

KINDS = ("gpu", "compute-apps", "accounted-apps", "retired-pages", "remapped-rows", "supported-clocks")
# The bits of clocks_event_reasons.active, by the ends of the elements' names (nvmlClocksEventReason...).
REASONS = (
    "gpu_idle",
    "applications_clocks_setting",
    "sw_power_cap",
    "hw_slowdown",
    "sync_boost",
    "sw_thermal_slowdown",
    "hw_thermal_slowdown",
    "hw_power_brake_slowdown",
    "display_clocks_setting",
)


class Field:
    """A field of a query.

    :ivar names: the name, which the header has, and other names for it.
    :ivar unit: in the header and, without ``nounits``, after the number; ``""`` if it has none.
    :ivar source: paths of elements, separated by blanks, of which the first one with a text is taken. ``+`` before them: their sum.
        ``&`` before the beginning of paths: the bits of REASONS. ``@`` and a word: not an element. ``""``: no source.
    :ivar flags: ``n``: the number only; ``x``: with ``0x`` before it; ``k``: ``N/A`` without brackets.
    :ivar text: if the source says nothing; ``""`` for ``[N/A]``, ``""`` in quotes for an empty text.
    :ivar section: the section of the help text that begins with this field, or ``""``.
    """

    def __init__(self, names: list[str], unit: str, source: str, flags: str, text: str, section: str) -> None:
        self.names = names
        self.unit = unit
        self.source = source
        self.flags = flags
        self.text = text
        self.section = section


def fields(kind: str, version: float) -> list[Field]:
    """Return the fields of a query (one of KINDS) of a driver, whose version is that of :class:`.texts.Report`."""
    found: list[Field] = []
    section = ""
    for line in _TABLES[kind].strip("\n").split("\n"):
        if line.startswith("#"):
            section, _since, since = line[1:].strip().partition(" | ")
            if since and version < float(since):
                section = ""
            continue
        name, unit, short, flags, text, versions = [cell.strip() for cell in line.split("|")]
        source = _source(short)
        if _has(versions, source, version):
            names = name.split()
            if name.startswith("clocks_event_reasons."):
                names.append(name.replace("event", "throttle", 1))
                if version < 535:  # the name of that time
                    names.reverse()
            # The section of a query is named as its fields begin, those of other queries begin with the first field.
            begins = bool(section) and (kind != KINDS[0] or name.startswith(section + "."))
            found.append(Field(names, unit, source, flags, text, section if begins else ""))
            section = "" if begins else section
    return found


def answer(document: Document, gpu: int, field: Field) -> str:
    """Return the text of a field as nvidia-smi prints it with units, but those of ``@`` sources, which is ``""``."""
    own = document.report.query(gpu, field.names[0])
    if own is not None:
        return own
    source = field.source
    if source.startswith("@"):
        return ""
    if source.startswith("&"):
        states = [document.text(gpu, document.find(source[1:] + reason)) for reason in REASONS]
        return f"0x{sum(1 << bit for bit, state in enumerate(states) if state == 'Active'):016X}"
    paths = [document.find(path) for path in source.lstrip("+").split()]
    texts = [text for text in (document.text(gpu, path) for path in paths) if text != NOT_AVAILABLE]
    if not texts:
        if field.text:
            return bracketed(field.text.replace('""', ""))
        return NOT_AVAILABLE if "k" in field.flags else bracketed(NOT_AVAILABLE)
    if source.startswith("+"):
        numbers = [text for text in texts if text.isdigit()]
        return str(sum(int(number) for number in numbers)) if numbers else bracketed(texts[0])
    return with_unit(texts[0], field)


def with_unit(text: str, field: Field) -> str:
    """Return the text of an element in the form of a query."""
    number = text.partition(" ")[0].rstrip("x%")
    if (field.unit or "n" in field.flags) and number.replace(".", "").replace("-", "").isdigit():
        return f"{number} {field.unit}" if field.unit else number
    return bracketed("0x" + text if "x" in field.flags else text)


def bracketed(text: str) -> str:
    """Return a text with brackets if it says that there is no value."""
    return f"[{text}]" if text in (NOT_AVAILABLE, DEPRECATED, "Not Supported", "Unknown Error") else text


def _has(versions: str, source: str, version: float) -> bool:
    if versions:
        spans = [span.partition("-") for span in versions.split()]
        return any(float(since or 0) <= version < float(until or 100_000) for since, _dash, until in spans)
    paths = [] if source[:1] in ("@", "&") else source.lstrip("+").split()
    return not paths or any(_is_element(name, version) for path in paths for name in (path, *other_names(path)))


_spans: dict[str, list[tuple[float, float]]] = {}


def _is_element(path: str, version: float) -> bool:
    if not _spans:
        for name, _label, since, until, _text, _condition in elements():
            _spans.setdefault(name, []).append((since, until or 100_000))
    return any(since <= version < until for since, until in _spans.get(path, ()))


_REASON = "clocks_event_reasons/clocks_event_reason_"
_COUNTER = "clocks_event_reasons_counters/clocks_event_reasons_counters_"


def _source(text: str) -> str:
    """Return a source of the tables in full: ``*`` ends a path of which branches have one or two others instead."""
    paths = text.replace("REASON ", _REASON).replace("&REASON", "&" + _REASON).replace("COUNTER ", _COUNTER).split()
    return " ".join(
        [f"{path[:-1]} {_last(path)}_parity {_last(path)}_secded" if path.endswith("*") else path for path in paths]
    )


def _last(path: str) -> str:
    return path[:-1].lstrip("+")


# Names | unit | source | flags | text without one | versions: from-before
_GPU = """
timestamp                                |     | @time |  |  |
driver_version                           |     | @driver |  |  |
kmd_version                              |     | @driver |  |  | 595
# vgpu_driver_capability
vgpu_driver_capability.heterogenous_multivGPU |     |  |  |  | 535
count                                    |     | @count |  |  |
name gpu_name                            |     | product_name |  |  |
serial gpu_serial                        |     | serial |  |  |
uuid gpu_uuid                            |     | uuid |  |  |
pci.bus_id gpu_bus_id                    |     | pci/pci_bus_id |  |  |
pci.domain                               |     | pci/pci_domain | x |  |
pci.bus                                  |     | pci/pci_bus | x |  |
pci.device                               |     | pci/pci_device | x |  |
pci.baseClass                            |     | pci/pci_base_class | x |  |
pci.subClass                             |     | pci/pci_sub_class | x |  |
pci.device_id                            |     | pci/pci_device_id | x |  |
pci.sub_device_id                        |     | pci/pci_sub_system_id | x |  |
# vgpu_device_capability
vgpu_device_capability.fractional_multiVgpu |     |  |  |  | 535
vgpu_device_capability.heterogeneous_timeSlice_profile |     |  |  |  | 535
vgpu_device_capability.heterogeneous_timeSlice_sizes |     |  |  |  | 535
vgpu_device_capability.homogeneous_placements |     |  |  |  | 535
vgpu_device_capability.mig_timeSlicing   |     |  |  |  | 535
vgpu_device_capability.mig_timeSlicing_mode |     |  |  |  | 535
pcie.link.gen.current                    |     | pci/pci_gpu_link_info/pcie_gen/current_link_gen |  |  |
pcie.link.gen.gpucurrent                 |     | pci/pci_gpu_link_info/pcie_gen/device_current_link_gen |  |  |
pcie.link.gen.max                        |     | pci/pci_gpu_link_info/pcie_gen/max_link_gen |  |  |
pcie.link.gen.gpumax                     |     | pci/pci_gpu_link_info/pcie_gen/max_device_link_gen |  |  |
pcie.link.gen.hostmax                    |     | pci/pci_gpu_link_info/pcie_gen/max_host_link_gen |  |  |
pcie.link.width.current                  |     | pci/pci_gpu_link_info/link_widths/current_link_width | n |  |
pcie.link.width.max                      |     | pci/pci_gpu_link_info/link_widths/max_link_width | n |  |
index                                    |     | @index |  |  |
display_mode                             |     | display_mode |  |  |
display_attached                         |     | display_attached |  |  |
display_active                           |     | display_active |  |  |
persistence_mode                         |     | persistence_mode |  |  |
addressing_mode                          |     | addressing_mode |  |  |
accounting.mode                          |     | accounting_mode |  |  |
accounting.buffer_size                   |     | accounting_mode_buffer_size |  |  |
# driver_model
driver_model.current                     |     | driver_model/current_dm |  |  |
driver_model.pending                     |     | driver_model/pending_dm |  |  |
vbios_version                            |     | vbios_version |  |  |
# inforom
inforom.img inforom.image                |     | inforom_version/img_version |  |  |
inforom.oem                              |     | inforom_version/oem_object |  |  |
inforom.ecc                              |     | inforom_version/ecc_object |  |  |
inforom.pwr inforom.power                |     | inforom_version/pwr_object |  |  |
inforom.checksum_validation              |     |  |  | valid |
gpu_recovery_action                      |     | gpu_recovery_action |  |  |
# gom
gom.current gpu_operation_mode.current   |     | gpu_operation_mode/current_gom |  |  |
gom.pending gpu_operation_mode.pending   |     | gpu_operation_mode/pending_gom |  |  |
fan.speed                                | %   | fan_speed |  |  |
pstate                                   |     | performance_state |  |  |
# clocks_event_reasons
clocks_event_reasons.supported           |     |  |  | 0x00000000000001FF |
clocks_event_reasons.active              |     | &REASON |  |  |
clocks_event_reasons.gpu_idle            |     | REASON gpu_idle |  |  |
clocks_event_reasons.applications_clocks_setting |     | REASON applications_clocks_setting |  |  |
clocks_event_reasons.sw_power_cap        |     | REASON sw_power_cap |  |  |
clocks_event_reasons.hw_slowdown         |     | REASON hw_slowdown |  |  |
clocks_event_reasons.hw_thermal_slowdown |     | REASON hw_thermal_slowdown |  |  |
clocks_event_reasons.hw_power_brake_slowdown |     | REASON hw_power_brake_slowdown |  |  |
clocks_event_reasons.sw_thermal_slowdown |     | REASON sw_thermal_slowdown |  |  |
clocks_event_reasons.sync_boost          |     | REASON sync_boost |  |  |
# clocks_event_reasons_counters
clocks_event_reasons_counters.sw_power_cap | us  | COUNTER sw_power_cap |  |  |
clocks_event_reasons_counters.sync_boost | us  | COUNTER sync_boost |  |  |
clocks_event_reasons_counters.sw_thermal_slowdown | us  | COUNTER sw_therm_slowdown |  |  |
clocks_event_reasons_counters.hw_thermal_slowdown | us  | COUNTER hw_therm_slowdown |  |  |
clocks_event_reasons_counters.hw_power_brake_slowdown | us  | COUNTER hw_power_brake |  |  |
# memory
memory.total                             | MiB | fb_memory_usage/total |  |  |
memory.reserved                          | MiB | fb_memory_usage/reserved |  |  |
memory.used                              | MiB | fb_memory_usage/used |  |  |
memory.free                              | MiB | fb_memory_usage/free |  |  |
compute_mode                             |     | compute_mode |  |  |
compute_cap                              |     | @compute |  |  |
# utilization
utilization.gpu                          | %   | utilization/gpu_util |  |  |
utilization.memory                       | %   | utilization/memory_util |  |  |
utilization.encoder                      | %   | utilization/encoder_util |  |  |
utilization.decoder                      | %   | utilization/decoder_util |  |  |
utilization.jpeg                         | %   | utilization/jpeg_util |  |  |
utilization.ofa                          | %   | utilization/ofa_util |  |  |
# encoder.stats
encoder.stats.sessionCount               |     | encoder_stats/session_count |  |  |
encoder.stats.averageFps                 |     | encoder_stats/average_fps |  |  |
encoder.stats.averageLatency             |     | encoder_stats/average_latency |  |  |
# dramEncryption.mode
dramEncryption.mode.current              |     | dram_encryption_mode/current_dram_encryption |  |  |
dramEncryption.mode.pending              |     | dram_encryption_mode/pending_dram_encryption |  |  |
# ecc.mode
ecc.mode.current                         |     | ecc_mode/current_ecc |  |  |
ecc.mode.pending                         |     | ecc_mode/pending_ecc |  |  |
# ecc.errors
ecc.errors.corrected.volatile.device_memory |     | ecc_errors/volatile/dram_correctable |  |  |
ecc.errors.corrected.volatile.dram       |     | ecc_errors/volatile/dram_correctable |  |  |
ecc.errors.corrected.volatile.register_file |     |  |  |  |
ecc.errors.corrected.volatile.l1_cache   |     |  |  |  |
ecc.errors.corrected.volatile.l2_cache   |     |  |  |  |
ecc.errors.corrected.volatile.texture_memory |     |  |  |  |
ecc.errors.corrected.volatile.cbu        |     |  |  |  |
ecc.errors.corrected.volatile.sram       |     | ecc_errors/volatile/sram_correctable |  |  |
ecc.errors.corrected.volatile.total      |     | +ecc_errors/volatile/sram_correctable ecc_errors/volatile/dram_correctable |  |  |
ecc.errors.corrected.aggregate.device_memory |     | ecc_errors/aggregate/dram_correctable |  |  |
ecc.errors.corrected.aggregate.dram      |     | ecc_errors/aggregate/dram_correctable |  |  |
ecc.errors.corrected.aggregate.register_file |     |  |  |  |
ecc.errors.corrected.aggregate.l1_cache  |     |  |  |  |
ecc.errors.corrected.aggregate.l2_cache  |     |  |  |  |
ecc.errors.corrected.aggregate.texture_memory |     |  |  |  |
ecc.errors.corrected.aggregate.cbu       |     |  |  |  |
ecc.errors.corrected.aggregate.sram      |     | ecc_errors/aggregate/sram_correctable |  |  |
ecc.errors.corrected.aggregate.total     |     | +ecc_errors/aggregate/sram_correctable ecc_errors/aggregate/dram_correctable |  |  |
ecc.errors.uncorrected.volatile.device_memory |     | ecc_errors/volatile/dram_uncorrectable |  |  |
ecc.errors.uncorrected.volatile.dram     |     | ecc_errors/volatile/dram_uncorrectable |  |  |
ecc.errors.uncorrected.volatile.register_file |     |  |  |  |
ecc.errors.uncorrected.volatile.l1_cache |     |  |  |  |
ecc.errors.uncorrected.volatile.l2_cache |     |  |  |  |
ecc.errors.uncorrected.volatile.texture_memory |     |  |  |  |
ecc.errors.uncorrected.volatile.cbu      |     |  |  |  |
ecc.errors.uncorrected.volatile.sram     |     | +ecc_errors/volatile/sram_uncorrectable* |  |  |
ecc.errors.uncorrected.volatile.total    |     | +ecc_errors/volatile/sram_uncorrectable* ecc_errors/volatile/dram_uncorrectable |  |  |
ecc.errors.uncorrected.aggregate.device_memory |     | ecc_errors/aggregate/dram_uncorrectable |  |  |
ecc.errors.uncorrected.aggregate.dram    |     | ecc_errors/aggregate/dram_uncorrectable |  |  |
ecc.errors.uncorrected.aggregate.register_file |     |  |  |  |
ecc.errors.uncorrected.aggregate.l1_cache |     |  |  |  |
ecc.errors.uncorrected.aggregate.l2_cache |     |  |  |  |
ecc.errors.uncorrected.aggregate.texture_memory |     |  |  |  |
ecc.errors.uncorrected.aggregate.cbu     |     |  |  |  |
ecc.errors.uncorrected.aggregate.sram    |     | +ecc_errors/aggregate/sram_uncorrectable* |  |  |
ecc.errors.uncorrected.aggregate.total   |     | +ecc_errors/aggregate/sram_uncorrectable* ecc_errors/aggregate/dram_uncorrectable |  |  |
ecc.errors.uncorrected.volatile.sram.parity |     | ecc_errors/volatile/sram_uncorrectable_parity |  |  |
ecc.errors.uncorrected.volatile.sram.secded |     | ecc_errors/volatile/sram_uncorrectable_secded |  |  |
ecc.errors.uncorrected.aggregate.sram.parity |     | ecc_errors/aggregate/sram_uncorrectable_parity |  |  |
ecc.errors.uncorrected.aggregate.sram.secded |     | ecc_errors/aggregate/sram_uncorrectable_secded |  |  |
ecc.errors.uncorrected.aggregate.sram.thresholdExceeded |     | ecc_errors/aggregate/sram_threshold_exceeded |  |  |
ecc.errors.uncorrected.aggregate.sram.l2 |     | ecc_errors/aggregate_uncorrectable_sram_sources/sram_l2 |  |  |
ecc.errors.uncorrected.aggregate.sram.sm |     | ecc_errors/aggregate_uncorrectable_sram_sources/sram_sm |  |  |
ecc.errors.uncorrected.aggregate.sram.mcu |     | ecc_errors/aggregate_uncorrectable_sram_sources/sram_microcontroller |  |  |
ecc.errors.uncorrected.aggregate.sram.pcie |     | ecc_errors/aggregate_uncorrectable_sram_sources/sram_pcie |  |  |
ecc.errors.uncorrected.aggregate.sram.other |     | ecc_errors/aggregate_uncorrectable_sram_sources/sram_other |  |  |
# retired_pages
retired_pages.single_bit_ecc.count retired_pages.sbe |     | retired_pages/multiple_single_bit_retirement/retired_count |  |  |
retired_pages.double_bit.count retired_pages.dbe |     | retired_pages/double_bit_retirement/retired_count |  |  |
retired_pages.pending                    |     | retired_pages/pending_blacklist |  |  |
# remapped_rows
remapped_rows.correctable remapped_rows.sbe |     | remapped_rows/remapped_row_corr |  |  |
remapped_rows.correctable_inactive       |     | remapped_rows/remapped_row_corr_inactive |  |  | 595
remapped_rows.uncorrectable remapped_rows.dbe |     | remapped_rows/remapped_row_unc |  |  |
remapped_rows.uncorrectable_inactive     |     | remapped_rows/remapped_row_unc_inactive |  |  | 595
remapped_rows.pending                    |     | remapped_rows/remapped_row_pending |  |  |
remapped_rows.failure                    |     | remapped_rows/remapped_row_failure |  |  |
# remapped_rows.histogram
remapped_rows.histogram.max              |     | remapped_rows/row_remapper_histogram/row_remapper_histogram_max | n |  |
remapped_rows.histogram.high             |     | remapped_rows/row_remapper_histogram/row_remapper_histogram_high | n |  |
remapped_rows.histogram.partial          |     | remapped_rows/row_remapper_histogram/row_remapper_histogram_partial | n |  |
remapped_rows.histogram.low              |     | remapped_rows/row_remapper_histogram/row_remapper_histogram_low | n |  |
remapped_rows.histogram.none             |     | remapped_rows/row_remapper_histogram/row_remapper_histogram_none | n |  |
temperature.gpu                          |     | temperature/gpu_temp | n |  |
temperature.gpu.tlimit                   |     | temperature/gpu_temp_tlimit | n |  |
temperature.memory                       |     | temperature/memory_temp | nk |  |
power.management                         |     |  |  | Supported | -590
power.management                         |     |  |  | Requested functionality has been deprecated | 590
power.draw                               | W   | gpu_power_readings/average_power_draw gpu_power_readings/instant_power_draw |  |  |
power.draw.average gpu.power.draw.average | W   | gpu_power_readings/average_power_draw |  |  | 535
power.draw.instant gpu.power.draw.instant | W   | gpu_power_readings/instant_power_draw |  |  |
power.limit gpu.power.requested_limit    | W   | gpu_power_readings/requested_power_limit |  |  |
enforced.power.limit gpu.power.current_limit | W   | gpu_power_readings/current_power_limit |  |  |
power.default_limit gpu.power.default_limit | W   | gpu_power_readings/default_power_limit |  |  |
power.min_limit gpu.power.min_limit      | W   | gpu_power_readings/min_power_limit |  |  |
power.max_limit gpu.power.max_limit      | W   | gpu_power_readings/max_power_limit |  |  |
module.power.draw.average                | W   | module_power_readings/average_power_draw |  |  | 535
module.power.draw.instant                | W   | module_power_readings/instant_power_draw |  |  |
module.power.limit module.power.requested_limit | W   | module_power_readings/requested_power_limit |  |  |
module.enforced.power.limit module.power.current_limit | W   | module_power_readings/current_power_limit |  |  |
module.power.default_limit               | W   | module_power_readings/default_power_limit |  |  |
module.power.min_limit                   | W   | module_power_readings/min_power_limit |  |  |
module.power.max_limit                   | W   | module_power_readings/max_power_limit |  |  |
gpu.base.current                         | W   | gpu_power_readings/gpu_base_power/current_base_power |  |  | 610
gpu.base.requested                       | W   | gpu_power_readings/gpu_base_power/requested_base_power |  |  | 610
gpu.base.default                         | W   | gpu_power_readings/gpu_base_power/default_base_power |  |  | 610
gpu.base.min                             | W   |  |  |  | 610
gpu.base.max                             | W   |  |  |  | 610
# power_smoothing | 610
power_smoothing.tmp_floor                | W   |  |  |  | 610
power_smoothing.tmp_ceil                 | W   |  |  |  | 610
power_smoothing.hw_lifetime_remaining_percent | %   |  |  |  | 610
power_smoothing.enabled                  |     |  |  |  | 610
power_smoothing.delayed_power_smoothing_supported |     |  |  |  | 570-595 610
power_smoothing.soc_power_smoothing_enabled |     |  |  |  | 610
power_smoothing.priv_level               |     |  |  |  | 610
power_smoothing.imm_ramp_down            |     |  |  |  | 610
power_smoothing.max_percent_tmp_floor    | %   |  |  |  | 610
power_smoothing.min_percent_tmp_floor    | %   |  |  |  | 610
power_smoothing.primary_power_floor      | W   |  |  |  | 570-595 610
power_smoothing.secondary_power_floor    | W   |  |  |  | 570-595 610
power_smoothing.min_primary_floor_activation_offset | W   |  |  |  | 570-595 610
power_smoothing.min_primary_floor_activation_point | W   |  |  |  | 570-595 610
power_smoothing.window_multiplier        | ms  |  |  |  | 570-595 610
power_smoothing.num_preset_profiles      |     |  |  |  | 610
power_smoothing.curr_profile.percent_tmp_floor | %   |  |  |  | 610
power_smoothing.curr_profile.ramp_up_rate | W/s |  |  |  | 610
power_smoothing.curr_profile.ramp_down_rate | W/s |  |  |  | 610
power_smoothing.curr_profile.ramp_down_hysteresis | ms  |  |  |  | 610
power_smoothing.curr_profile.secondary_power_floor | W   |  |  |  | 570-595 610
power_smoothing.curr_profile.primary_floor_act_window_multiplier |     |  |  |  | 570-595 610
power_smoothing.curr_profile.primary_floor_tar_window_multiplier |     |  |  |  | 570-595 610
power_smoothing.curr_profile.primary_floor_act_offset | W   |  |  |  | 570-595 610
power_smoothing.active_profile           |     |  |  |  | 610
power_smoothing.admin_override.percent_tmp_floor | %   |  |  |  | 610
power_smoothing.admin_override.ramp_up_rate | W/s |  |  |  | 610
power_smoothing.admin_override.ramp_down_rate | W/s |  |  |  | 610
power_smoothing.admin_override.ramp_down_hysteresis | ms  |  |  |  | 610
power_smoothing.admin_override.secondary_power_floor | W   |  |  |  | 570-595 610
power_smoothing.admin_override.primary_floor_act_window_multiplier |     |  |  |  | 570-595 610
power_smoothing.admin_override.primary_floor_tar_window_multiplier |     |  |  |  | 570-595 610
power_smoothing.admin_override.primary_floor_act_offset | W   |  |  |  | 570-595 610
edpp_multiplier                          | %   | edpp_multiplier |  |  |
clocks.current.graphics clocks.gr        | MHz | clocks/graphics_clock |  |  |
clocks.current.sm clocks.sm              | MHz | clocks/sm_clock |  |  |
clocks.current.memory clocks.mem         | MHz | clocks/mem_clock |  |  |
clocks.current.video clocks.video        | MHz | clocks/video_clock |  |  |
# clocks.applications
clocks.applications.graphics clocks.applications.gr | MHz | applications_clocks/graphics_clock |  |  |
clocks.applications.memory clocks.applications.mem | MHz | applications_clocks/mem_clock |  |  |
# clocks.default_applications
clocks.default_applications.graphics clocks.default_applications.gr | MHz | default_applications_clocks/graphics_clock |  |  |
clocks.default_applications.memory clocks.default_applications.mem | MHz | default_applications_clocks/mem_clock |  |  |
# clocks.max
clocks.max.graphics clocks.max.gr        | MHz | max_clocks/graphics_clock |  |  |
clocks.max.sm clocks.max.sm              | MHz | max_clocks/sm_clock |  |  |
clocks.max.memory clocks.max.mem         | MHz | max_clocks/mem_clock |  |  |
# mig.mode
mig.mode.current                         |     | mig_mode/current_mig |  |  |
mig.mode.pending                         |     | mig_mode/pending_mig |  |  |
# gsp.mode
gsp.mode.current                         |     |  |  | Enabled | 535
gsp.mode.default                         |     |  |  | Enabled | 535
c2c.mode                                 |     | c2c_mode |  |  |
# protected_memory
protected_memory.total                   | MiB | cc_protected_memory_usage/total |  |  |
protected_memory.used                    | MiB | cc_protected_memory_usage/used |  |  |
protected_memory.free                    | MiB | cc_protected_memory_usage/free |  |  |
fabric.state                             |     | fabric/state | k |  |
fabric.status                            |     | fabric/status | k |  |
fabric.cliqueId                          |     | fabric/cliqueId | k |  |
fabric.clusterUuid                       |     | fabric/clusterUuid | k |  |
fabric.health.summary                    |     | fabric/health/summary | k |  |
fabric.health.bandwidth                  |     | fabric/health/bandwidth | k |  |
fabric.health.route_recovery_in_progress |     | fabric/health/route_recovery_in_progress | k |  |
fabric.health.route_unhealthy            |     | fabric/health/route_unhealthy | k |  |
fabric.health.access_timeout_recovery    |     | fabric/health/access_timeout_recovery | k |  |
fabric.health.incorrect_configuration    |     | fabric/health/incorrect_configuration | k |  |
fabric.health.partition_assigned         |     | fabric/health/partition_assigned | k |  | 595
# platform
platform.chassis_serial_number           |     | platformInfo/chassis_serial_number |  | "" |
platform.slot_number                     |     | platformInfo/slot_number |  | 0 |
platform.tray_index                      |     | platformInfo/tray_index |  | 0 |
platform.host_id                         |     | platformInfo/host_id |  | 1 |
platform.peer_type                       |     | platformInfo/peer_type |  | Direct Connected |
platform.module_id                       |     | platformInfo/module_id |  |  |
platform.gpu_fabric_guid                 |     | platformInfo/gpu_fabric_guid |  | 0x0000000000000000 |
hostname                                 |     |  |  |  | 570
bbx.time_run                             | seconds| inforom_time_data/time_run |  |  | 610
"""

_COMPUTE_APPS = """
# Active Compute Processes
timestamp                                |     | @time |  |  |
gpu_name                                 |     | product_name |  |  |
gpu_bus_id                               |     | pci/pci_bus_id |  |  |
gpu_serial                               |     | serial |  |  |
gpu_uuid                                 |     | uuid |  |  |
pid                                      |     | @process |  |  |
process_name name                        |     | @process |  |  |
used_gpu_memory used_memory              | MiB | @process |  |  |
"""

_ACCOUNTED_APPS = """
# Accounted Graphics/Compute Processes
timestamp                                |     | @time |  |  |
gpu_name                                 |     | product_name |  |  |
gpu_bus_id                               |     | pci/pci_bus_id |  |  |
gpu_serial                               |     | serial |  |  |
gpu_uuid                                 |     | uuid |  |  |
vgpu_instance                            |     | @process |  |  |
pid                                      |     | @process |  |  |
gpu_utilization gpu_util                 | %   | @process |  |  |
mem_utilization mem_util                 | %   | @process |  |  |
max_memory_usage                         | MiB | @process |  |  |
time                                     | ms  | @process |  |  |
"""

_RETIRED_PAGES = """
timestamp                                |     | @time |  |  |
gpu_name                                 |     | product_name |  |  |
gpu_bus_id                               |     | pci/pci_bus_id |  |  |
gpu_serial                               |     | serial |  |  |
gpu_uuid                                 |     | uuid |  |  |
retired_pages.address                    |     | @page |  |  |
retired_pages.timestamp                  |     | @page |  |  |
retired_pages.cause                      |     | @cause |  |  |
"""

_REMAPPED_ROWS = """
timestamp                                |     | @time |  |  |
gpu_name                                 |     | product_name |  |  |
gpu_bus_id                               |     | pci/pci_bus_id |  |  |
gpu_serial                               |     | serial |  |  |
gpu_uuid                                 |     | uuid |  |  |
remapped_rows.correctable                |     | remapped_rows/remapped_row_corr |  |  |
remapped_rows.uncorrectable              |     | remapped_rows/remapped_row_unc |  |  |
remapped_rows.pending                    |     | remapped_rows/remapped_row_pending |  |  |
remapped_rows.failure                    |     | remapped_rows/remapped_row_failure |  |  |
"""

_SUPPORTED_CLOCKS = """
timestamp                                |     | @time |  |  |
gpu_name                                 |     | product_name |  |  |
gpu_bus_id                               |     | pci/pci_bus_id |  |  |
gpu_serial                               |     | serial |  |  |
gpu_uuid                                 |     | uuid |  |  |
memory mem                               | MHz | @clock memory |  |  |
graphics gr                              | MHz | @clock graphics |  |  |
"""

_TABLES = dict(zip(KINDS, (_GPU, _COMPUTE_APPS, _ACCOUNTED_APPS, _RETIRED_PAGES, _REMAPPED_ROWS, _SUPPORTED_CLOCKS)))
