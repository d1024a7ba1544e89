# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Prints native/state_settings.h: the settings of plugins/module_utils/layout/state_settings.py for the programs in C.

    PYTHONPATH=.build python3 native/state_table.py > native/state_settings.h

tests/unit/layout/test_state_settings.py compares the two.
"""

from __future__ import annotations

from ansible_collections.nvmock.gpu.plugins.module_utils.layout import state_settings

_HEAD = """/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Made by native/state_table.py from plugins/module_utils/layout/state_settings.py, not to be edited. */
#ifndef NVMOCK_STATE_SETTINGS_H
#define NVMOCK_STATE_SETTINGS_H

"""
_INTERNAL = (
    "LOAD_START LOAD_UNTIL LOAD_PERCENT POWER_FROM POWER_TARGET POWER_REST TEMPERATURE_FROM TEMPERATURE_TARGET TEMPERATURE_REST "
    "ENERGY_SINCE ENERGY_POWER THERMAL_LIMIT MEMORY_AVAILABLE MEMORY_FREE MEMORY_TEMPERATURE_REST GRAPHICS_REST SM_REST "
    "MEMORY_CLOCK_REST WHILE_LOADED FIRST_LINK LINKS"
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


if __name__ == "__main__":
    print(header(), end="")
