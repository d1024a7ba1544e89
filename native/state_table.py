# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Prints native/state_settings.h and native/state_elements.h, the settings for the programs in C, from layout/state_settings.py.

    PYTHONPATH=.build python3 native/state_table.py > native/state_settings.h
    PYTHONPATH=.build python3 native/state_table.py elements > native/state_elements.h

tests/unit/state/test_settings.py compares them.
"""

from __future__ import annotations

import sys

from ansible_collections.nvmock.gpu.plugins.module_utils.layout import state_settings
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.document.texts import other_names

_HEAD = """/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Made by native/state_table.py from plugins/module_utils/layout/state_settings.py, not to be edited. */
#ifndef NVMOCK_STATE_SETTINGS_H
#define NVMOCK_STATE_SETTINGS_H

"""
_ELEMENTS_HEAD = """/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Made by native/state_table.py from plugins/module_utils/layout/state_settings.py, not to be edited. Forms: a number before the text
 * (n), in thousandths (w), behind the text (p), one of the words of a value (t), one of the two words that the element has (b). */
static const struct element {
    const char *path;
    unsigned short setting;
    char form;
    const char *text;
} state_elements[] = {
"""
_ELEMENTS_END = "};\nenum { STATE_ELEMENTS = sizeof state_elements / sizeof *state_elements };\n"
_INTERNAL = (
    "LOAD_START LOAD_UNTIL LOAD_PERCENT POWER_FROM POWER_TARGET POWER_REST TEMPERATURE_FROM TEMPERATURE_TARGET TEMPERATURE_REST "
    "ENERGY_SINCE ENERGY_POWER THERMAL_LIMIT MEMORY_AVAILABLE MEMORY_FREE MEMORY_TEMPERATURE_REST GRAPHICS_REST SM_REST "
    "MEMORY_CLOCK_REST WHILE_LOADED FIRST_LINK LINKS PROCESS_LIST PROCESS_COUNT MEMORY_USED_REST FIRST_PROCESS PROCESS_SIZE "
    "PROCESSES PROCESS_PID PROCESS_MEMORY PROCESS_NAME_LENGTH PROCESS_NAME PROCESS_NAME_SIZE"
)


def header() -> str:
    """Return the text of the header."""
    lines = [_HEAD, "enum setting {\n"]
    lines += [f"    SET_{setting.name.upper()} = {n},\n" for n, setting in enumerate(state_settings.SETTINGS)]
    lines.append(f"    SETTINGS = {len(state_settings.SETTINGS)},\n")
    lines += [f"    SET_{name} = {getattr(state_settings, name)},\n" for name in _INTERNAL.split()]
    lines.append("    SET_NUMBERS = 2048,\n};\n\n")
    lines.append("#ifdef NVMOCK_NVML_FACTS_H\n")
    lines.append(
        "/* What a setting changes: the bits of a number of the facts that are in the mask; all of them without a mask. */\n"
    )
    lines.append(
        "static const struct state_effect {\n    unsigned short setting, number, mask, shift;\n} state_effects[] = {\n"
    )
    for n, setting in enumerate(state_settings.SETTINGS):
        lines += [f"    {{{n}, {name}, 0x{mask:x}, {shift}}},\n" for name, mask, shift in setting.effects]
    lines.append("};\nenum { EFFECTS = sizeof state_effects / sizeof *state_effects };\n#endif\n\n#endif\n")
    return "".join(lines)


def elements() -> str:
    """Return the text of the header with the elements of nvidia-smi's document that follow the state."""
    rows: dict[tuple[str, int], str] = {}
    for number, setting in enumerate(state_settings.SETTINGS):
        for path in setting.paths:
            for name in (path, *other_names(path)):
                form, text = _form(setting)
                rows.setdefault((name, number), f'    {{"{name}", {number}, \'{form}\', "{text}"}},\n')
    free = state_settings.MEMORY_FREE
    rows["fb_memory_usage/free", free] = f'    {{"fb_memory_usage/free", {free}, \'n\', " MiB"}},\n'
    return "".join([_ELEMENTS_HEAD, *rows.values(), _ELEMENTS_END])


def _form(setting: state_settings.Setting) -> tuple[str, str]:
    if setting.words:
        if set(setting.words.values()) == {0, 1}:
            return "b", ""
        first: dict[int, str] = {}
        for word, value in setting.words.items():
            first.setdefault(value, word)
        return "t", ";".join([f"{value}={word}" for value, word in first.items()])
    if setting.unit in ("P", "W"):
        return setting.unit.lower(), "P" if setting.unit == "P" else " W"
    return "n", setting.unit if setting.unit in ("", "x") else f" {setting.unit}"


if __name__ == "__main__":
    print(elements() if sys.argv[1:] == ["elements"] else header(), end="")
