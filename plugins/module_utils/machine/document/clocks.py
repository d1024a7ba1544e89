# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The supported clocks of a board, in a compact form: ``2619: 1980-345/15; 1593: 1980-345/15``.

For each memory clock the graphics clocks, all in MHz: runs ``highest-lowest/step`` and single clocks, separated by commas. A step of
7.5 MHz, which Blackwell has, gives whole numbers that are rounded down. Then a highest clock can end with .5.
"""

from __future__ import annotations

_MOST = 4096


def compact(clocks: list[tuple[int, list[int]]]) -> str:
    """Return the compact form of (memory clock, graphics clocks) in the order of nvidia-smi."""
    return "; ".join([f"{memory}: {', '.join(_runs(graphics))}" for memory, graphics in clocks])


def expanded(text: str) -> list[tuple[int, list[int]]]:
    """Return the (memory clock, graphics clocks) of a compact form.

    :raises ValueError: it is none.
    """
    clocks: list[tuple[int, list[int]]] = []
    for part in text.split(";") if text.strip() else []:
        memory, _colon, runs = part.partition(":")
        graphics: list[int] = []
        for run in runs.split(",") if runs.strip() else []:
            ends, slash, step = run.partition("/")
            highest, dash, lowest = ends.partition("-")
            if bool(dash) != bool(slash):
                raise ValueError(f"{run.strip()} is not a run of clocks")
            halves = _halves(highest)
            last, down = (_halves(lowest), _halves(step)) if slash else (halves, 1)
            if down < 1 or (halves - last) // down > _MOST:
                raise ValueError(f"{run.strip()} is not a run of clocks")
            graphics += [half // 2 for half in range(halves, last - 1, -down)]
        clocks.append((int(memory), graphics))
    return clocks


def _halves(text: str) -> int:
    whole, _point, half = text.strip().partition(".")
    if half not in ("", "5"):
        raise ValueError(f"{text} is not a clock")
    return 2 * int(whole) + (half == "5")


def _shown(halves: int) -> str:
    return f"{halves // 2}.5" if halves % 2 else str(halves // 2)


def _runs(clocks: list[int]) -> list[str]:
    runs: list[str] = []
    left = list(clocks)
    while left:
        best, best_length = str(left[0]), 1
        if len(left) > 1:
            # The step in half MHz is the difference, or half a MHz more or less if the clocks are rounded.
            down = 2 * (left[0] - left[1])
            for step in (down, down - 1, down + 1):
                for first in (2 * left[0], 2 * left[0] + 1) if step % 2 else (2 * left[0],):
                    length = 1
                    while step > 0 and length < len(left) and (first - length * step) // 2 == left[length]:
                        length += 1
                    if length > max(best_length, 2):
                        last = first - (length - 1) * step
                        best, best_length = f"{_shown(first)}-{_shown(last)}/{_shown(step)}", length
        runs.append(best)
        del left[:best_length]
    return runs
