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

# name -> (errno, whether it lasts, the calls that it is for; none for all)
_FAULTS = {
    "one EIO": (errno.EIO, False, ()),
    "lasting ENOSPC": (errno.ENOSPC, True, supervisor.SPACE),
    "lasting EDQUOT": (errno.EDQUOT, True, supervisor.SPACE),
    "one EPERM": (errno.EPERM, False, ()),
}


class Refused(Attack):
    """One fault in one run."""

    name = "refused"
    share = 2.0

    def missing(self) -> str:
        """Seccomp notifications are needed."""
        return supervisor.missing()

    def prepare(self, place: str, seed: int) -> None:
        """Count the calls of each scenario; a lasting fault begins only at calls that it is for."""
        self._tries: list[tuple[str, int, str]] = []
        for name, call in interrupted.Points(place).points:
            if not call:
                self._tries.append((name, 0, ""))
                continue
            made = interrupted.SCENARIOS[name].names[call - 1]
            self._tries += [(name, call, fault) for fault, rule in _FAULTS.items() if not rule[2] or made in rule[2]]

    def count(self) -> int:
        """Each fault at each call."""
        return len(self._tries)

    def attempt(self, case: Case) -> None:
        """Refuse the n-th call."""
        name, call, fault = self._tries[case.number]
        scenario = interrupted.SCENARIOS[name]
        if not call:
            case.check("run", not scenario.refusal, f"{name}: {scenario.refusal}")
            return
        number_of_error, lasting, kinds = _FAULTS[fault]
        top = case.path("node")
        tree.copy(scenario.start, top)

        def judge(number: int, made: str) -> int | None:
            due = number == call or (lasting and number > call)
            return number_of_error if due and (not kinds or made in kinds) else None

        outcome, _count, calls = supervisor.run(ctl_command(top, *scenario.flags), judge)
        made = calls[call - 1] if call <= len(calls) else "not made"
        words = f"{name}, {fault} ({os.strerror(number_of_error)}) at call {call} ({made}): "
        now = tree.listing(top)
        wrong = tree.difference(scenario.new, now)
        if not outcome.ok:
            undone = tree.difference(scenario.old, now)
            if wrong or "nothing was changed" in outcome.err:
                wrong = undone
            case.check("line", not outcome.complaint, words + outcome.complaint)
        case.check("all or none", not wrong, f"{words}{wrong}; {outcome}")


ATTACK = Refused()
