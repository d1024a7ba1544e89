# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What can be set about a GPU while it is used: readings and modes, in one table that everything else is derived from.

The number of a setting is its place in the table and is written to state files. So rows are only added at the end. A setting is
what elements of nvidia-smi's document say; NVML's numbers follow from the same elements (nvml_numbers.py). A board has a setting if it
has one of its elements. tests/unit/layout/test_state_settings.py compares native/state_settings.h.
"""

from __future__ import annotations

from ..values import Value
from .nvml_numbers import HEALTH, NUMBERS, REASONS, WORDS

_MODE = {"Disabled": 0, "Enabled": 1}
_ANSWER = {"No": 0, "Yes": 1}
_ACTIVE = {"Not Active": 0, "Active": 1}
YES = {**_MODE, **_ANSWER, **_ACTIVE, "off": 0, "on": 1}
"""All words for 0 and 1."""
_QUESTIONS = ("pending", "exceeded", "failure", "unrepairable_memory", "reset_required", "drain_and_reset")
LINKS = 36  # NVML_NVLINK_MAX_LINKS
FIRST_LINK = 256
"""Number of the first setting of link 0; each link has eight numbers."""
LINK_SETTINGS = ("state", "replay_errors", "recovery_errors", "crc_flit_errors", "crc_data_errors", "ecc_errors")
"""The first is whether the link is active, the others are in the order of nvmlNvLinkErrorCounter_t."""

_MOST = (1 << 53) - 1  # JSON readers have no larger whole numbers
_ECC = ("sram_corrected", "sram_parity", "sram_secded", "dram_corrected", "dram_uncorrected")
_ECC_ELEMENTS = (
    "sram_correctable",
    "sram_uncorrectable_parity",
    "sram_uncorrectable_secded",
    "dram_correctable",
    "dram_uncorrectable",
)


class Setting(Value):
    """One row.

    :arg name: as users write it.
    :arg unit: of the stored value, as nvidia-smi prints it; W stands for stored milliwatts, J for stored millijoules; "" for a
        count, P for a performance state, x for lanes; ``word`` for a mode.
    :arg paths: the elements of the document that show it.
    :arg least: the smallest value.
    :arg most: the largest one.
    :arg words: for a mode word -> value; the first word of a value is the one that is shown.
    :arg effects: (number of NVML, mask, shift): the number's bits in the mask become the value.
    """

    __slots__ = ("name", "unit", "paths", "least", "most", "words", "effects")

    def __init__(
        self,
        name: str,
        unit: str,
        paths: tuple[str, ...],
        least: int,
        most: int,
        words: dict[str, int],
        effects: tuple[tuple[str, int, int], ...],
    ) -> None:
        self.name = name
        self.unit = unit
        self.paths = paths
        self.least = least
        self.most = most
        self.words = words
        self.effects = effects


_by_path: dict[str, list[str]] = {}
for _name, _path in NUMBERS:
    _by_path.setdefault(_path, []).append(_name)


def _setting(name: str, unit: str, *paths: str, least: int = 0, most: int = _MOST) -> Setting:
    """A setting that is one number of NVML at each path."""
    numbers = [number for path in paths for number in _by_path.get(path, [])]
    words: dict[str, int] = {}
    if unit == "word":
        answer = name.endswith(_QUESTIONS)
        words = WORDS.get(numbers[0]) or {**(_ANSWER if answer else _MODE), **YES}
        least, most = min(words.values()), max(words.values())
    return Setting(name, unit, paths, least, most, words, tuple([(number, 0, 0) for number in numbers]))


def _reason(end: str, bit: int) -> Setting:
    """Why the clocks are lower than they could be."""
    path = f"clocks_event_reasons/clocks_event_reason_{end}"
    return Setting(
        f"event_reason_{end}",
        "word",
        (path,),
        0,
        1,
        {**_ACTIVE, **YES},
        (("EVENT_REASONS", bit, bit.bit_length() - 1),),
    )


def _health(part: str, shift: int, values: dict[str, int]) -> Setting:
    mask = 15 if part == "incorrect_configuration" else 3
    effects = (("FABRIC_HEALTH_MASK", mask << shift, shift),)
    most = max(values.values())
    return Setting(f"fabric_{part}", "word", (f"fabric/health/{part}",), min(values.values()), most, values, effects)


def _table() -> tuple[Setting, ...]:
    power, module, memory = "gpu_power_readings", "module_power_readings", "gpu_memory_power_readings"
    counters = "clocks_event_reasons_counters/clocks_event_reasons_counters"
    link = "pci/pci_gpu_link_info"
    rows = [
        _setting("temperature", "C", "temperature/gpu_temp", most=150),
        _setting("memory_temperature", "C", "temperature/memory_temp", most=150),
        _setting("temperature_margin", "C", "temperature/gpu_temp_tlimit", least=-100, most=150),
        _setting("power", "W", f"{power}/average_power_draw", f"{power}/instant_power_draw", most=10_000_000),
        _setting("memory_power", "W", f"{memory}/average_power_draw", f"{memory}/instant_power_draw", most=10_000_000),
        _setting("module_power", "W", f"{module}/average_power_draw", f"{module}/instant_power_draw", most=10_000_000),
        _setting("power_limit", "W", f"{power}/current_power_limit", f"{power}/requested_power_limit", most=10_000_000),
        _setting(
            "module_power_limit",
            "W",
            f"{module}/current_power_limit",
            f"{module}/requested_power_limit",
            most=10_000_000,
        ),
        _setting("energy", "J"),
        _setting("graphics_clock", "MHz", "clocks/graphics_clock", most=100_000),
        _setting("sm_clock", "MHz", "clocks/sm_clock", most=100_000),
        _setting("memory_clock", "MHz", "clocks/mem_clock", most=100_000),
        _setting("video_clock", "MHz", "clocks/video_clock", most=100_000),
        _setting("application_graphics_clock", "MHz", "applications_clocks/graphics_clock", most=100_000),
        _setting("application_memory_clock", "MHz", "applications_clocks/mem_clock", most=100_000),
        _setting("locked_graphics_clock_min", "MHz", most=100_000),
        _setting("locked_graphics_clock_max", "MHz", most=100_000),
        _setting("locked_memory_clock_min", "MHz", most=100_000),
        _setting("locked_memory_clock_max", "MHz", most=100_000),
        _setting("performance_state", "P", "performance_state", most=15),
        *[_reason(end, bit) for end, bit in REASONS.items()],
        *[
            _setting(f"{name}_time", "us", f"{counters}_{name}")
            for name in ("sw_power_cap", "sync_boost", "sw_therm_slowdown", "hw_therm_slowdown", "hw_power_brake")
        ],
        _setting("gpu_utilization", "%", "utilization/gpu_util", most=100),
        _setting("memory_utilization", "%", "utilization/memory_util", most=100),
        _setting("encoder_utilization", "%", "utilization/encoder_util", most=100),
        _setting("decoder_utilization", "%", "utilization/decoder_util", most=100),
        _setting("jpeg_utilization", "%", "utilization/jpeg_util", most=100),
        _setting("ofa_utilization", "%", "utilization/ofa_util", most=100),
        _setting("memory_used", "MiB", "fb_memory_usage/used"),
        _setting("fan_speed", "%", "fan_speed", most=100),
        _setting("pcie_generation", "", f"{link}/pcie_gen/current_link_gen", least=1, most=7),
        _setting("pcie_lanes", "x", f"{link}/link_widths/current_link_width", least=1, most=32),
        _setting("pcie_replays", "", "pci/replay_counter", most=(1 << 32) - 1),
        _setting("pcie_replay_rollovers", "", "pci/replay_rollover_counter", most=(1 << 32) - 1),
        _setting("pcie_transmit_rate", "KB/s", "pci/tx_util", most=(1 << 32) - 1),
        _setting("pcie_receive_rate", "KB/s", "pci/rx_util", most=(1 << 32) - 1),
        _setting("persistence_mode", "word", "persistence_mode"),
        _setting("compute_mode", "word", "compute_mode"),
        _setting("accounting_mode", "word", "accounting_mode"),
        _setting("display_active", "word", "display_active"),
        _setting("ecc_mode", "word", "ecc_mode/current_ecc"),
        _setting("pending_ecc_mode", "word", "ecc_mode/pending_ecc"),
        *[
            _setting(f"{when}_{name}", "", f"ecc_errors/{when}/{element}")
            for when in ("volatile", "aggregate")
            for name, element in (*zip(_ECC, _ECC_ELEMENTS), ("sram_uncorrected", "sram_uncorrectable"))
        ],
        *[
            _setting(f"sram_{name}_errors", "", f"ecc_errors/aggregate_uncorrectable_sram_sources/sram_{name}")
            for name in ("l2", "sm", "microcontroller", "pcie", "other")
        ],
        _setting("sram_threshold_exceeded", "word", "ecc_errors/aggregate/sram_threshold_exceeded"),
        _setting("channel_repair_pending", "word", "ecc_errors/channel_repair_pending"),
        _setting("tpc_repair_pending", "word", "ecc_errors/tpc_repair_pending"),
        _setting("unrepairable_memory", "word", "ecc_errors/unrepairable_memory"),
        _setting("retired_pages_single_bit", "", "retired_pages/multiple_single_bit_retirement/retired_count", most=64),
        _setting("retired_pages_double_bit", "", "retired_pages/double_bit_retirement/retired_count", most=64),
        _setting("retired_pages_pending", "word", "retired_pages/pending_retirement"),
        _setting("remapped_rows_corrected", "", "remapped_rows/remapped_row_corr", most=100_000),
        _setting("remapped_rows_uncorrected", "", "remapped_rows/remapped_row_unc", most=100_000),
        _setting("remapped_rows_corrected_inactive", "", "remapped_rows/remapped_row_corr_inactive", most=100_000),
        _setting("remapped_rows_uncorrected_inactive", "", "remapped_rows/remapped_row_unc_inactive", most=100_000),
        _setting("remapped_rows_pending", "word", "remapped_rows/remapped_row_pending"),
        _setting("remapped_rows_failure", "word", "remapped_rows/remapped_row_failure"),
        *[
            _setting(
                f"row_banks_{name}",
                "bank(s)",
                f"remapped_rows/row_remapper_histogram/row_remapper_histogram_{name}",
                most=100_000,
            )
            for name in ("max", "high", "partial", "low", "none")
        ],
        _setting("recovery_action", "word", "gpu_recovery_action"),
        _setting("reset_required", "word", "gpu_reset_status/reset_required"),
        _setting("drain_and_reset", "word", "gpu_reset_status/drain_and_reset_recommended"),
        _setting("fabric_state", "word", "fabric/state"),
        *[_health(part, shift, values) for part, (shift, values) in HEALTH.items()],
        _setting("fabric_health", "word", "fabric/health/summary"),
    ]
    return tuple(rows)


SETTINGS = _table()

# Numbers of what is not set by name: what a writer adds so that readers need nothing but the state. Times are milliseconds since 1970.
LOAD_START = 200
LOAD_UNTIL = 201
LOAD_PERCENT = 202
POWER_FROM, POWER_TARGET, POWER_REST = 203, 204, 205  # mW
TEMPERATURE_FROM, TEMPERATURE_TARGET, TEMPERATURE_REST = 206, 207, 208  # thousandths of a degree
ENERGY_SINCE, ENERGY_POWER = 209, 210  # the energy that is set is that of this time; mW
THERMAL_LIMIT = 211  # degrees: the margin is the distance to it
MEMORY_AVAILABLE = 212  # MiB that are not reserved
MEMORY_FREE = 213
MEMORY_TEMPERATURE_REST = 214  # degrees
GRAPHICS_REST, SM_REST, MEMORY_CLOCK_REST = 215, 216, 217  # MHz, for clocks that are locked
WHILE_LOADED = 1 << 10
"""Added to the number of a setting: the value that it has while the load lasts."""

# Processes of a GPU. Each listed process has PROCESS_SIZE numbers: its pid, its memory in MiB (-1 if it is not available), the length of
# its name, and the name, six bytes a number.
PROCESS_LIST = 1280
PROCESS_COUNT = 1281
MEMORY_USED_REST = 1282  # MiB
FIRST_PROCESS = 1296
PROCESS_SIZE = 16
PROCESSES = 15
"""So many processes can be listed per GPU."""
PROCESS_PID, PROCESS_MEMORY, PROCESS_NAME_LENGTH, PROCESS_NAME = 0, 1, 2, 3
PROCESS_NAME_SIZE = 60
_OF_PROCESSES = {
    PROCESS_LIST: Setting("process_list", "word", (), 0, 1, {"None": 0, "Open_Files": 1}, ()),
    PROCESS_COUNT: Setting("processes", "list", (), 0, PROCESSES, {}, ()),
}


def number_of(name: str) -> int:
    """Return the number of a setting.

    :raises KeyError: there is none of this name.
    """
    if not _numbers:
        _numbers.update({setting.name: number for number, setting in enumerate(SETTINGS)})
        for link in range(LINKS):
            for place, end in enumerate(LINK_SETTINGS):
                _numbers[f"nvlink_{link}_{end}"] = FIRST_LINK + 8 * link + place
        _numbers.update({setting.name: number for number, setting in _OF_PROCESSES.items()})
    return _numbers[name]


_numbers: dict[str, int] = {}


def named() -> list[Setting]:
    """Return the settings, but those of NVLinks."""
    return [*SETTINGS, *_OF_PROCESSES.values()]


def is_while_loaded(number: int) -> bool:
    """Whether this is the value of a setting while a load lasts."""
    return WHILE_LOADED <= number < WHILE_LOADED + len(SETTINGS)


def is_of_process(number: int) -> bool:
    """Whether this belongs to a process that is listed."""
    return FIRST_PROCESS <= number < FIRST_PROCESS + PROCESSES * PROCESS_SIZE


def names() -> list[str]:
    """Return the names of all settings."""
    if not _numbers:
        number_of(SETTINGS[0].name)
    return list(_numbers)


def setting_of(number: int) -> Setting | None:
    """Return a setting by its number, None if no name belongs to it."""
    if number < len(SETTINGS):
        return SETTINGS[number]
    if number in _OF_PROCESSES:
        return _OF_PROCESSES[number]
    link, place = divmod(number - FIRST_LINK, 8)
    if not (0 <= link < LINKS and place < len(LINK_SETTINGS)):
        return None
    name = f"nvlink_{link}_{LINK_SETTINGS[place]}"
    if place == 0:
        return Setting(name, "word", (), 0, 1, {**_ACTIVE, **YES}, ())
    return Setting(name, "", (), 0, _MOST, {}, ())
