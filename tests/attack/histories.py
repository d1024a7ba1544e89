# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Random histories of options: the end is that of a clean node, however it came about, and a removal leaves nothing."""

from __future__ import annotations

import tree
from case import Attack, Case
from nodes import BASES, make_base, random_flags
from product import changes, ctl

_HISTORIES = 250
_MODES = ("fs", "cdi", "cdi,fs")
_FAULTS = (
    ("device_node_missing",),
    ("device_node_wrong_major",),
    ("library_missing",),
    ("driver_half_removed",),
    ("driver_upgrade",),
    ("driver_upgrade", "step=2"),
    ("spec_stale",),
    ("spec_duplicate",),
    ("spec_shadowed",),
    ("spec_missing",),
    ("hook_missing",),
)


class Histories(Attack):
    """Up to six runs with other options each, removals and faults among them. The last run is without faults."""

    name = "histories"
    share = 2.0

    def count(self) -> int:
        """So many histories."""
        return _HISTORIES

    def attempt(self, case: Case) -> None:
        """Make one history."""
        rng, top, clean = case.rng, case.path("node"), case.path("clean")
        base = rng.choice(BASES)
        make_base(base, top)
        make_base(base, clean)
        bare = tree.listing(top)
        # Paths change in every second history, so that a fault of theirs does not hide what others do.
        paths = case.number % 2 == 1
        driver_root: tuple[str, ...] = ()
        history: list[str] = []
        flags = random_flags(rng, paths)
        for _step in range(rng.randint(1, 5)):
            before = tree.listing(top)
            words = ("--remove",) if rng.random() < 0.15 else flags
            if words is flags and rng.random() < 0.25:
                words = (*flags, "--mode", rng.choice(_MODES))
            outcome = ctl(top, *words)
            history.append(" ".join(words) + ("" if outcome.ok else f" (refused: {outcome.err.strip()[:120]})"))
            if not outcome.ok:
                wrong = outcome.complaint or tree.difference(before, tree.listing(top))
                case.check("refusal", not wrong, f"{_told(history)}: {wrong}")
            elif words == ("--remove",):
                wrong = tree.difference(bare, tree.listing(top))
                case.check("remove", not wrong, f"{_told(history)}: {wrong}")
            elif words[-2:] != ("--mode", "fs"):  # the driver installation is where this run has made it
                driver_root = words[words.index("--driver-root") :][:2] if "--driver-root" in words else ()
                if rng.random() < 0.3:
                    self._fault(case, history, top, ("set", *rng.choice(_FAULTS), *driver_root))
            flags = random_flags(rng, paths)
        if "fault" in " ".join(history):
            self._fault(case, history, top, ("clear", *driver_root))
        self._end(case, history, flags, (top, clean), bare)

    def _fault(self, case: Case, history: list[str], top: str, words: tuple[str, ...]) -> None:
        """Put a fault on the node, or take all off. A node that can't have it is not changed."""
        before = tree.listing(top)
        outcome = ctl(top, "fault", *words)
        history.append("fault " + " ".join(words) + ("" if outcome.ok else f" (refused: {outcome.err.strip()[:120]})"))
        if not outcome.ok:
            wrong = outcome.complaint or tree.difference(before, tree.listing(top))
            case.check("refusal", not wrong, f"{_told(history)}: {wrong}")

    def _end(
        self, case: Case, history: list[str], flags: tuple[str, ...], tops: tuple[str, str], bare: tree.Listing
    ) -> None:
        """The last run, beside the same run on a clean node."""
        top, clean = tops
        before = tree.listing(top)
        foretold = ctl(top, *flags, "--output", "json", "--check")
        outcome = ctl(top, *flags, "--output", "json")
        reference = ctl(clean, *flags)
        history.append(" ".join(flags))
        after = tree.listing(top)
        if not reference.ok:
            wrong = reference.complaint or tree.difference(bare, tree.listing(clean))
            case.check("refusal", not wrong, f"on a clean node, {' '.join(flags)}: {wrong}")
            wrong = "this is refused on a clean node only" if outcome.ok else tree.difference(before, after)
            case.check("refusal", not wrong, f"{_told(history)}: {wrong}")
            return
        wrong = tree.difference(tree.listing(clean), after)
        case.check("end", outcome.ok and not wrong, f"{_told(history)}: {outcome if not outcome.ok else ''} {wrong}")
        if outcome.ok:
            same = changes(foretold) == changes(outcome)
            case.check("check", same, f"{_told(history)}: --check says another thing than the run ({foretold})")
            again = ctl(top, *flags, "--output", "json")
            said = changes(again) or {}
            quiet = said.get("changed") is False and not tree.difference(after, tree.listing(top))
            case.check("again", quiet, f"{_told(history)}: {again} {str(said)[:200]}")
        for place, told in ((top, _told(history)), (clean, history[-1])):
            outcome = ctl(place, "--remove")
            wrong = tree.difference(bare, tree.listing(place))
            case.check("remove", outcome.ok and not wrong, f"{told}; --remove: {wrong} ({outcome})")


def _told(history: list[str]) -> str:
    return " | ".join(history)


ATTACK = Histories()
