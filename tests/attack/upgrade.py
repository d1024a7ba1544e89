# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Nodes that an older version has made: the next run makes them as a fresh one, and a removal leaves nothing."""

from __future__ import annotations

import subprocess

import old_version
import tree
from case import Attack, Case
from nodes import BASES, make_base, random_flags
from product import ROOT, changes, ctl

_NODES = 120


class Upgrade(Attack):
    """One node of the old version, with any options, and the next run with the same or others."""

    name = "upgrade"

    def missing(self) -> str:
        """The old version is needed."""
        command = ["git", "-C", ROOT, "cat-file", "-e", old_version.COMMIT + "^{commit}"]
        done = subprocess.run(command, capture_output=True, check=False)
        return old_version.MISSING if done.returncode else ""

    def prepare(self, place: str, seed: int) -> None:
        """Unpack it."""
        self._old = old_version.unpack(place)

    def count(self) -> int:
        """So many nodes."""
        return _NODES

    def attempt(self, case: Case) -> None:
        """Make it with the old version, and go on with the present one."""
        rng, top, clean = case.rng, case.path("node"), case.path("clean")
        base = rng.choice(BASES)
        make_base(base, top)
        bare = tree.listing(top)
        old_flags = random_flags(rng, paths=case.number % 4 == 3)
        made = ctl(top, *old_flags, program=self._old)
        if not made.ok:
            return  # not a node that anybody has
        words = f"made with {' '.join(old_flags)}, "
        if case.number % 3 == 0:
            self._remove(case, top, bare, words)
            return
        flags = random_flags(rng, paths=False) if case.number % 3 == 1 else old_flags
        words += f"then {'the same' if flags == old_flags else ' '.join(flags)}: "
        make_base(base, clean)
        reference = ctl(clean, *flags)
        foretold = ctl(top, *flags, "--output", "json", "--check")
        outcome = ctl(top, *flags, "--output", "json")
        wrong = tree.difference(tree.listing(clean), tree.listing(top))
        case.check(
            "run", outcome.ok == reference.ok and not wrong, f"{words}{outcome if not outcome.ok else ''} {wrong}"
        )
        case.check("check", changes(foretold) == changes(outcome), f"{words}--check says another thing ({foretold})")
        self._remove(case, top, bare, words)

    def _remove(self, case: Case, top: str, bare: tree.Listing, words: str) -> None:
        outcome = ctl(top, "--remove")
        wrong = tree.difference(bare, tree.listing(top))
        case.check("remove", outcome.ok and not wrong, f"{words}--remove: {wrong}; {outcome}")


ATTACK = Upgrade()
