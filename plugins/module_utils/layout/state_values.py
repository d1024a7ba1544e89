# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the readings of a GPU are at a time, by its state (native/state_values.c computes the same).

A load moves power and temperature towards a target as 1 - exp(-t / time constant), and back when it ends. Energy is the integral of power.
"""

from __future__ import annotations

from .state_processes import memory_of_processes
from .state_settings import (
    ENERGY_POWER,
    ENERGY_SINCE,
    GRAPHICS_REST,
    LOAD_START,
    LOAD_UNTIL,
    MEMORY_AVAILABLE,
    MEMORY_CLOCK_REST,
    MEMORY_FREE,
    MEMORY_TEMPERATURE_REST,
    MEMORY_USED_REST,
    POWER_FROM,
    POWER_TARGET,
    SM_REST,
    TEMPERATURE_FROM,
    TEMPERATURE_REST,
    TEMPERATURE_TARGET,
    THERMAL_LIMIT,
    WHILE_LOADED,
    is_while_loaded,
    number_of,
    setting_of,
)

POWER_CONSTANT = 3000
TEMPERATURE_CONSTANT = 20_000
"""Time constants in milliseconds."""

_CLOCKS = (
    ("graphics_clock", GRAPHICS_REST, "locked_graphics_clock"),
    ("sm_clock", SM_REST, "locked_graphics_clock"),
    ("memory_clock", MEMORY_CLOCK_REST, "locked_memory_clock"),
)


def evaluated(values: dict[int, int], now: int) -> dict[int, int]:
    """Return the settings that differ from the machine's facts: number -> value.

    :arg values: what is stored for one GPU.
    :arg now: milliseconds since 1970.
    """
    found = {number: value for number, value in values.items() if setting_of(number) is not None}
    temperature = number_of("temperature")
    if LOAD_START in values:
        if values[LOAD_START] <= now < values.get(LOAD_UNTIL, 0):
            for number, value in values.items():
                if is_while_loaded(number):
                    found.setdefault(number - WHILE_LOADED, value)
        if POWER_TARGET in values:
            found.setdefault(number_of("power"), power_at(values, now))
        if TEMPERATURE_TARGET in values:
            found.setdefault(temperature, temperature_at(values, now) // 1000)
            if MEMORY_TEMPERATURE_REST in values:
                rise = found[temperature] - values.get(TEMPERATURE_REST, 0) // 1000
                found.setdefault(number_of("memory_temperature"), values[MEMORY_TEMPERATURE_REST] + rise)
    for name, rest, lock in _CLOCKS:
        clock = found.get(number_of(name), values.get(rest))
        if clock is not None and rest in values:
            clock = min(clock, values.get(number_of(lock + "_max"), clock))
            found[number_of(name)] = max(clock, values.get(number_of(lock + "_min"), clock))
    if THERMAL_LIMIT in values and temperature in found:
        found.setdefault(number_of("temperature_margin"), values[THERMAL_LIMIT] - found[temperature])
    memory = memory_of_processes(values)
    if memory and MEMORY_USED_REST in values:
        found.setdefault(number_of("memory_used"), values[MEMORY_USED_REST] + memory)
    if MEMORY_AVAILABLE in values and number_of("memory_used") in found:
        found[MEMORY_FREE] = values[MEMORY_AVAILABLE] - found[number_of("memory_used")]
    if number_of("energy") in values:
        found[number_of("energy")] = energy_at(values, now)
    return found


def power_at(values: dict[int, int], now: int) -> int:
    """Return the power of a GPU with a load, in mW."""
    return round(_curve(values, POWER_FROM, POWER_CONSTANT, now)[0])


def temperature_at(values: dict[int, int], now: int) -> int:
    """Return the temperature of a GPU with a load, in thousandths of a degree, rounded to half a degree more for a later division."""
    return round(_curve(values, TEMPERATURE_FROM, TEMPERATURE_CONSTANT, now)[0]) + 500


def energy_at(values: dict[int, int], now: int) -> int:
    """Return the energy in mJ: what was stored, and the integral of power since then."""
    since = values.get(ENERGY_SINCE, now)
    power = values.get(number_of("power"))
    if power is None and LOAD_START in values and POWER_TARGET in values:
        spent = (
            _curve(values, POWER_FROM, POWER_CONSTANT, now)[1] - _curve(values, POWER_FROM, POWER_CONSTANT, since)[1]
        )
    else:
        spent = float(values.get(ENERGY_POWER, 0) if power is None else power) * (now - since)
    return values[number_of("energy")] + round(max(spent, 0.0) / 1000)


def _curve(values: dict[int, int], first: int, constant: int, now: int) -> tuple[float, float]:
    """Return the value at a time, and the integral from the start of the load on.

    :arg first: number of the value at the start; those of the target and of the value at rest follow.
    """
    from math import exp

    start, until = values[LOAD_START], values.get(LOAD_UNTIL, 0)
    begin, target, rest = (float(values.get(number, 0)) for number in (first, first + 1, first + 2))
    time = max(min(now, until) - start, 0)
    fallen = exp(-time / constant)
    value = target + (begin - target) * fallen
    total = target * time + (begin - target) * constant * (1 - fallen)
    if now > until:
        time = now - until
        fallen = exp(-time / constant)
        total += rest * time + (value - rest) * constant * (1 - fallen)
        value = rest + (value - rest) * fallen
    return value, total
