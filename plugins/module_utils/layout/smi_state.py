# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The lines of nvidia-smi's payload that say which elements of the document follow the state (native/smi_state.c).

- ``state``: name of the state file, then the library directories in which it may be, relative to the directory of the program.
- ``live``: number of an element, number of a setting, form, text. Form ``n`` is a number before the text, ``w`` a number in thousandths
  with two decimals before the text, ``p`` a number behind it, and ``t`` one of the words ``value=word;value=word``.
"""

from __future__ import annotations

from .state_file import NAME
from .state_settings import MEMORY_FREE, SETTINGS, Setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_PAIRS = (("Disabled", "Enabled"), ("No", "Yes"), ("Not Active", "Active"))


def state_line(version: str, directories: list[str]) -> str:
    """Return the line ``state``."""
    return "\t".join(("state", NAME.format(V=version), *directories)) + "\n"


def live_lines(number_of: Callable[[str], int], text_of: Callable[[int], str]) -> list[str]:
    """Return the lines ``live``.

    :arg number_of: the number of the element at a path, -1 if the document has none.
    :arg text_of: the text of an element at rest.
    """
    lines: dict[tuple[int, int], str] = {}
    for place, setting in enumerate(SETTINGS):
        for path in setting.paths:
            number = number_of(path)
            if number >= 0:
                form, text = _form(setting, text_of(number))
                lines.setdefault((number, place), f"live\t{number}\t{place}\t{form}\t{text}\n")
    free = number_of("fb_memory_usage/free")
    if free >= 0:
        lines[free, MEMORY_FREE] = f"live\t{free}\t{MEMORY_FREE}\tn\t MiB\n"
    return list(lines.values())


def _form(setting: Setting, text: str) -> tuple[str, str]:
    if setting.words:
        pair = next((pair for pair in _PAIRS if text in pair), None)
        if pair is not None:
            return "t", f"0={pair[0]};1={pair[1]}"
        words = dict.fromkeys(setting.words.values(), "")
        for word, value in setting.words.items():
            words[value] = words[value] or word
        return "t", ";".join([f"{value}={word}" for value, word in words.items()])
    if setting.unit == "P":
        return "p", "P"
    if setting.unit == "W":
        return "w", " W"
    return "n", setting.unit if setting.unit in ("", "x") else f" {setting.unit}"
