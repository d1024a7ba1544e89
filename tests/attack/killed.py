# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""SIGKILL before each system call that changes something: the next run completes it, or a removal leaves nothing."""

from __future__ import annotations

import interrupted
import supervisor
import tree
from case import Attack, Case
from nodes import MANIFEST, STATE
from product import ctl, ctl_command


class Killed(Attack):
    """One kill, and one of two futures: the same run again, or a removal."""

    name = "killed"
    share = 2.0

    def missing(self) -> str:
        """Seccomp notifications are needed."""
        return supervisor.missing()

    def prepare(self, place: str, seed: int) -> None:
        """Count the calls of each scenario."""
        self._points = interrupted.Points(place).points

    def count(self) -> int:
        """Two futures for each call."""
        return 2 * len(self._points)

    def attempt(self, case: Case) -> None:
        """Kill the run before its n-th call."""
        name, call = self._points[case.number // 2]
        scenario = interrupted.SCENARIOS[name]
        if not call:
            case.check("run", not scenario.refusal, f"{name}: {scenario.refusal}")
            return
        top = case.path("node")
        tree.copy(scenario.start, top)
        command = ctl_command(top, *scenario.flags)
        outcome, _count, calls = supervisor.run(
            command, lambda number, _name: supervisor.KILL if number >= call else None
        )
        words = f"{name}, killed before call {call} ({calls[-1]}): "
        case.check("killed", outcome.status == -9, f"{words}{outcome}")
        wrong = interrupted.half_done(scenario.old, scenario.new, tree.listing(top))
        case.check("whole", not wrong, words + wrong)
        if case.number % 2:
            outcome = ctl(top, "--remove")
            expected, left = dict(scenario.bare), tree.listing(top)
            for path, facts in scenario.old.items():  # what was damaged before stays if it is named
                if path not in expected and path in left and (path.endswith("/unmanaged") or path in outcome.said):
                    expected.update({place: left[place] for place in tree.parents(path)})
                    expected[path] = facts
                    if MANIFEST in left and path in outcome.said:  # it goes on knowing of what stays
                        state = [place for place in left if place.rpartition("/")[0] == STATE]
                        expected.update({place: left[place] for place in (*state, *tree.parents(MANIFEST))})
            wrong = tree.difference(expected, left)
            ended = outcome.ok or (scenario.damage and not outcome.traceback and not outcome.hung)
            case.check("remove", ended and not wrong, f"{words}{outcome}; {wrong}")
            return
        outcome = ctl(top, *scenario.flags)
        wrong = tree.difference(scenario.new, tree.listing(top))
        case.check("repair", outcome.ok and not wrong, f"{words}{outcome}; {wrong}")


ATTACK = Killed()
