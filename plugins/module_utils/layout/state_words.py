# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Values of settings as users write and read them: with units and in words, and whether a board has a setting."""

from __future__ import annotations

from ..errors import ParameterError
from .nvml_numbers import number, unknown
from .state_settings import LINK_SETTINGS, PROCESS_COUNT, PROCESS_LIST, Setting, names, number_of, setting_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..machine.document.texts import Report

_THOUSANDTHS = ("W", "J")
_NO_ENERGY = ("Kepler", "Maxwell", "Pascal")


def find(name: object, where: str = "settings") -> int:
    """Return the number of the setting *name*.

    :raises ParameterError: there is none; the message has the nearest one.
    """
    try:
        return number_of(name)  # type: ignore[arg-type]
    except (KeyError, TypeError):
        raise ParameterError(where, name, "the name of a setting" + _nearest(str(name))) from None


def _nearest(name: str) -> str:
    from difflib import get_close_matches

    found = get_close_matches(name, names(), 1, 0.5)
    return f", such as {found[0]}" if found else ", see docs/state.md"


def stored(setting: Setting, value: object, where: str = "settings") -> int:
    """Return the number that a state file has for a user's value.

    :arg value: a number, its text with or without the unit, a word, or a truth value for a mode.
    :raises ParameterError: it is not allowed.
    """
    result = _in_words(setting, value) if setting.words else _number(setting, value)
    if result is None or not setting.least <= result <= setting.most:
        raise ParameterError(f"{where}.{setting.name}", value, _allowed(setting))
    return result


def _in_words(setting: Setting, value: object) -> int | None:
    if isinstance(value, bool):
        value = "on" if value else "off"
    if isinstance(value, int):
        return value if value in setting.words.values() else None
    if not isinstance(value, str):
        return None
    if value.lower() in ("true", "false", "1", "0") and set(setting.words.values()) == {0, 1}:
        return int(value.lower() in ("true", "1"))
    plain = value.lower().replace("_", " ").strip()
    return next((number for word, number in setting.words.items() if word.lower().replace("_", " ") == plain), None)


def _number(setting: Setting, value: object) -> int | None:
    if isinstance(value, bool):
        return None
    factor = 1000 if setting.unit in _THOUSANDTHS else 1
    if isinstance(value, str):
        text = value.strip()
        if setting.unit == "P":
            text = text.lstrip("pP")
        elif setting.unit and text.lower().endswith(setting.unit.lower()):
            text = text[: -len(setting.unit)].rstrip()
        try:
            value = int(text) if text.lstrip("-").isdigit() else float(text)
        except ValueError:
            return None
    if isinstance(value, int):
        return value * factor
    if not isinstance(value, float) or not abs(value) < 1e15 or (factor == 1 and value != int(value)):
        return None
    return round(value * factor)


def _allowed(setting: Setting) -> str:
    if setting.words:
        return "one of " + ", ".join(words_of(setting))
    factor = 1000 if setting.unit in _THOUSANDTHS else 1
    unit = f" {setting.unit}" if setting.unit not in ("", "P", "x") else ""
    kind = "a number" if factor == 1000 else "a whole number"
    return f"{kind} from {setting.least // factor} to {setting.most // factor}{unit}"


def words_of(setting: Setting) -> list[str]:
    """Return the words of a mode, one per value."""
    first: dict[int, str] = {}
    for word, value in setting.words.items():
        first.setdefault(value, word)
    return list(first.values())


def shown(setting: Setting, value: int) -> str | int | float:
    """Return a stored value as results have it: a word for a mode, otherwise a number without its unit."""
    if setting.words:
        return next((word for word, number in setting.words.items() if number == value), value)
    if setting.unit in _THOUSANDTHS:
        return value // 1000 if value % 1000 == 0 else value / 1000
    return value


def at_rest(report: Report, gpu: int, setting: Setting) -> int | None:
    """Return the value of a setting that the machine's facts say; None if the board does not have it."""
    if setting in (setting_of(PROCESS_LIST), setting_of(PROCESS_COUNT)):
        return 0
    if setting.name == "energy":
        return None if report.model.architecture in _NO_ENERGY else 0
    if setting.name.startswith("nvlink_"):
        link = int(setting.name.split("_")[1])
        if link >= report.model.nvlink_links:
            return None
        return int(setting.name.endswith(LINK_SETTINGS[0]))
    if setting.name.startswith("locked_"):
        clock = "graphics_clock" if "graphics" in setting.name else "memory_clock"
        found = setting_of(number_of(clock))
        return None if found is None else at_rest(report, gpu, found)
    if setting.name.endswith("_sram_uncorrected"):  # of boards that do not count parity and SEC-DED errors apart
        parity = setting_of(number_of(setting.name.replace("uncorrected", "parity")))
        if parity is not None and at_rest(report, gpu, parity) is not None:
            return None
    for path in setting.paths:
        for name, mask, shift in setting.effects:
            value = number(report, gpu, name, _path_of(name, path))
            if not unknown(value):
                if mask and not _has(report, gpu, path):
                    return None
                return (value & mask) >> shift if mask else value
    return None


def _path_of(name: str, path: str) -> str:
    """Return the path that NVML's number is taken from, which for sets of bits is the beginning of an element's."""
    if name == "EVENT_REASONS":
        return "clocks_event_reasons/clocks_event_reason_"
    return path.rpartition("/")[0] if name == "FABRIC_HEALTH_MASK" else path


def _has(report: Report, gpu: int, path: str) -> bool:
    return report.text(gpu, path) != "N/A"
