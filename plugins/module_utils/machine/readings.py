# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The readings of a machine definition: from the user's mapping to :class:`.machine.Readings`."""

from __future__ import annotations

from .. import parameters
from ..errors import ParameterError
from .model import Readings

NUMBERS = {"temperature_c": 200, "memory_temperature_c": 200, "power_mw": 10_000_000, "bar1_mib": 1 << 30}
# How many numbers of what, and the most that one may be.
LISTS = {
    "power_limits_mw": ("least, default, most", 10_000_000),
    "clocks_mhz": ("graphics, SM, memory, video", 100_000),
    "max_clocks_mhz": ("graphics, SM, memory, video", 100_000),
    "pcie_link": ("generation, lanes", 32),
}
ECC_MODES = ("Enabled", "Disabled", "")


def check(where: str, facts: object) -> None:
    """Check the ``readings`` of a user's definition.

    :raises ParameterError: not a mapping with the fields of :class:`.machine.Readings`.
    """
    known = sorted((*NUMBERS, *LISTS, "ecc_mode"))
    if not isinstance(facts, dict):
        raise ParameterError(where, facts, "a mapping of " + ", ".join(known))
    for key, value in facts.items():
        name = f"{where}.{key}"
        if key in NUMBERS:
            parameters.integer(name, value, 0, NUMBERS[key])
        elif key in LISTS:
            words, most = LISTS[key]
            if not isinstance(value, (list, tuple)) or len(value) != words.count(",") + 1:
                raise ParameterError(name, value, f"a list of {words}")
            for one in value:
                parameters.integer(name, one, 0, most)
        elif key == "ecc_mode":
            parameters.one_of(name, value, ECC_MODES)
        else:
            raise ParameterError(where, key, "made of the keys " + ", ".join(known))


def build(facts: object) -> Readings:
    """Return the readings of a mapping that :func:`check` has accepted."""
    values: dict[str, object] = {}
    for key, value in facts.items():  # type: ignore[attr-defined]
        if key in LISTS:
            values[key] = tuple([int(one) for one in value])
        else:
            values[key] = value if key == "ecc_mode" else int(value)
    return Readings(**values)  # type: ignore[arg-type]
