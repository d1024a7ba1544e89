# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""System calls that are refused, once or from one point on: all or none, told in one line."""

from __future__ import annotations

import errno
import os

import interrupted
import supervisor
import tree
from case import Attack, Case
from product import ctl_command

# What a process may lack the privilege for.
_PRIVILEGED = (
    "mknod",
    "mknodat",
    "chown",
    "fchown",
    "lchown",
    "fchownat",
    "chmod",
    "fchmod",
    "fchmodat",
    "fchmodat2",
    "link",
    "linkat",
)


def _faults(call: int, made: str) -> list[tuple[int, bool]]:
    """Return the faults of a call: errno, and whether it lasts. A full disk and a used-up quota, which are handled alike, take turns."""
    found = [(errno.EIO, False)]
    if made in _PRIVILEGED:
        found.append((errno.EPERM, False))
    if made in supervisor.SPACE:
        found.append((errno.ENOSPC if call % 2 else errno.EDQUOT, True))
    return found


class Refused(Attack):
    """One fault in one run."""

    name = "refused"
    share = 2.0

    def missing(self) -> str:
        """Seccomp notifications are needed."""
        return supervisor.missing()

    def prepare(self, place: str, seed: int) -> None:
        """Count the calls of each scenario; a lasting fault begins only at calls that it is for."""
        self._tries: list[tuple[str, int, int, bool]] = []
        for name, call in interrupted.Points(place).points:
            if not call:
                self._tries.append((name, 0, 0, False))
                continue
            made = interrupted.SCENARIOS[name].names[call - 1]
            self._tries += [(name, call, error, lasts) for error, lasts in _faults(call, made)]

    def count(self) -> int:
        """Each fault at each call."""
        return len(self._tries)

    def attempt(self, case: Case) -> None:
        """Refuse the n-th call."""
        name, call, error, lasts = self._tries[case.number]
        scenario = interrupted.SCENARIOS[name]
        if not call:
            case.check("run", not scenario.refusal, f"{name}: {scenario.refusal}")
            return
        top = case.path("node")
        tree.copy(scenario.start, top)

        def judge(number: int, made: str) -> int | None:
            due = number == call or (lasts and number > call and made in supervisor.SPACE)
            return error if due else None

        outcome, _count, calls = supervisor.run(ctl_command(top, *scenario.flags), judge)
        made = calls[call - 1] if call <= len(calls) else "not made"
        words = f"{name}, {os.strerror(error)} {'from' if lasts else 'at'} call {call} ({made}) {'on' if lasts else 'once'}: "
        now = tree.listing(top)
        wrong = tree.difference(scenario.new, now)
        if not outcome.ok:
            undone = tree.difference(scenario.old, now)
            if wrong or "nothing was changed" in outcome.err:
                wrong = undone
            case.check("line", not outcome.complaint, words + outcome.complaint)
        case.check("all or none", not wrong, f"{words}{wrong}; {outcome}")


ATTACK = Refused()
