# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A second mock beside the first one: neither disturbs the other, in files or in what happens at boot."""

from __future__ import annotations

import tree
from case import Attack, Case
from nodes import make_base
from product import changes, ctl

_TRIES = 40
# Names of directories that an escape that is not one to one would mix up.
_NAMES = ("a-b", "a@b", "a b", "a%b", "a\\b", "a/b", "a--b", "a.b", "a\u00e4b", "a")


class Instances(Attack):
    """Two mocks with directories of similar names, in fs mode, where they share no CDI device."""

    name = "instances"
    share = 0.5

    def count(self) -> int:
        """So many pairs of directories."""
        return _TRIES

    def attempt(self, case: Case) -> None:
        """Make both, look whether they stay, remove one of them or both."""
        rng, top, alone = case.rng, case.path("node"), case.path("alone")
        one, other = rng.sample(_NAMES, 2)
        first = ("--mode", "fs", "--base", f"/run/{one}", "--gpu-count", str(rng.randint(1, 8)))
        second = (
            "--mode",
            "fs",
            "--base",
            f"/run/{other}",
            "--gpu-count",
            str(rng.randint(1, 8)),
            "--instance",
            "second",
        )
        make_base("systemd", top)
        make_base("systemd", alone)
        bare = tree.listing(top)
        words = f"{first} and {second}: "
        for flags in (first, second):
            outcome = ctl(top, *flags)
            case.check("made", outcome.ok, f"{words}{outcome}")
        before = tree.listing(top)
        for flags in (first, second):
            outcome = ctl(top, *flags, "--output", "json")
            quiet = (changes(outcome) or {}).get("changed") is False
            wrong = tree.difference(before, tree.listing(top))
            case.check("again", quiet and not wrong, f"{words}{outcome}; {wrong}")
        if rng.random() < 0.5:
            ctl(alone, *first)
            outcome = ctl(top, "--remove", "--instance", "second")
            wrong = tree.difference(tree.listing(alone), tree.listing(top))
            case.check("one", outcome.ok and not wrong, f"{words}--remove of the second: {outcome}; {wrong}")
        outcome = ctl(top, "--remove")
        wrong = tree.difference(bare, tree.listing(top))
        case.check("remove", outcome.ok and not wrong, f"{words}--remove: {outcome}; {wrong}")


ATTACK = Instances()
