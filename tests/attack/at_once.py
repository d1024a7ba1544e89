# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Runs at once: each ends well, and the node is as one order of them, one after the other, would have left it."""

from __future__ import annotations

import itertools
import random

import old_version
import tree
from case import Attack, Case
from nodes import MANIFEST, Made, make_base, random_flags
from product import Outcome, Running, ctl, ctl_command

_PAIRS = 240
_CROWDS = (5, 5, 20) * 8
_OLD_PAIRS = 60
_REMOVE = ("--remove",)
_OPTIONS = 10


class AtOnce(Attack):
    """Pairs, crowds of 5 and 20, and pairs of an old and the present version."""

    name = "at_once"
    share = 2.0

    def prepare(self, place: str, seed: int) -> None:
        """Choose options that work one after the other, and get the old version from the history."""
        rng = random.Random(f"{seed}/at_once")
        self._made: dict[tuple[str, ...], Made] = {}
        while len(self._made) < _OPTIONS:
            flags = random_flags(rng, paths=False)
            if flags not in self._made:
                self._made[flags] = Made(f"{place}/node-{len(self._made)}", "used", flags)
        self._flags = sorted(self._made)
        make_base("used", place + "/bare")
        self._bare = place + "/bare"
        self._old = old_version.unpack(place)
        if not self._old:
            self.untried["old"] = old_version.MISSING

    def count(self) -> int:
        """Pairs first, then crowds, then pairs with the old version."""
        return _PAIRS + len(_CROWDS) + (_OLD_PAIRS if self._old else 0)

    def attempt(self, case: Case) -> None:
        """One start, several runs."""
        start = case.rng.choice([self._bare, *(made.top for made in self._made.values())])
        if case.number < _PAIRS:
            self._pair(case, start)
        elif case.number < _PAIRS + len(_CROWDS):
            self._crowd(case, start, _CROWDS[case.number - _PAIRS])
        else:
            self._old_pair(case, start)

    def _choose(self, rng: random.Random) -> tuple[str, ...]:
        flags = _REMOVE if rng.random() < 0.35 else rng.choice(self._flags)
        return (*flags, "--check") if rng.random() < 0.1 else flags

    def _pair(self, case: Case, start: str) -> None:
        runs = [ctl_command("TOP", *self._choose(case.rng)) for _run in range(2)]
        wanted = [_serially(case, start, order, f"order-{number}") for number, order in enumerate((runs, runs[::-1]))]
        _statuses, found, outcomes = _together(case, start, runs)
        words = f"{_told(runs)} at once: "
        failed = [str(outcome) for outcome in outcomes if not outcome.ok]
        case.check("pair", not failed, words + "; ".join(failed))
        wrong = [tree.difference(listing, found) for _statuses, listing in wanted]
        case.check("serial", "" in wrong, f"{words}as neither order would have left it: {' OR '.join(wrong)}")

    def _crowd(self, case: Case, start: str, size: int) -> None:
        choices = [self._choose(case.rng) for _run in range(size)]
        runs = [ctl_command("TOP", *flags) for flags in choices]
        _statuses, found, outcomes = _together(case, start, runs)
        failed = [f"{' '.join(flags)}: {outcome}" for flags, outcome in zip(choices, outcomes) if not outcome.ok]
        case.check("crowd", not failed, f"{size} at once: {len(failed)} failed: {'; '.join(failed)}")
        # Whatever came before, the last run decides.
        wanted = [tree.listing(self._bare) if flags == _REMOVE else None for flags in choices]
        wanted += [self._made[flags].fresh for flags in choices if flags in self._made]
        if all("--check" in flags for flags in choices):
            wanted.append(tree.listing(start))
        wrong = [tree.difference(listing, found) for listing in wanted if listing is not None]
        case.check("serial", "" in wrong, f"{size} at once: the node is none of the ends: {min(wrong, key=len)}")

    def _old_pair(self, case: Case, start: str) -> None:
        """The old version believes what it reads before it waits, which nothing can mend here: the present one does not."""
        rng = case.rng
        start = self._bare if start == self._bare or rng.random() < 0.3 else self._made_by_old(case, rng)
        choices = [self._choose(rng), self._choose(rng)]
        runs = [ctl_command("TOP", *choices[0], program=self._old), ctl_command("TOP", *choices[1])]
        new = runs[1]
        if rng.random() < 0.5:
            runs.reverse()
        _statuses, _found, outcomes = _together(case, start, runs)
        told = f"{_told(runs)} at once: {'; '.join(map(str, outcomes))}"
        case.check("old", outcomes[runs.index(new)].ok, told)
        flags = rng.choice(self._flags)
        outcome = ctl(case.path("node"), *flags)
        expected, after = dict(self._made[flags].fresh), tree.listing(case.path("node"))
        if choices[0] == _REMOVE and MANIFEST in after:
            # An old removal can take the manifest of the other run with it. Who has made a directory that is left, nobody knows then.
            expected[MANIFEST] = (after[MANIFEST][0], *expected[MANIFEST][1:])
        wrong = tree.difference(expected, after)
        case.check("old", outcome.ok and not wrong, f"{told}; then {' '.join(flags)}: {outcome}; {wrong}")

    def _made_by_old(self, case: Case, rng: random.Random) -> str:
        top = case.path("old")
        make_base("used", top)
        ctl(top, *rng.choice(self._flags), program=self._old)
        return top


def _at(top: str, command: list[str]) -> list[str]:
    return [top if word == "TOP" else word for word in command]


def _serially(case: Case, start: str, runs: list[list[str]], name: str) -> tuple[list[int], tree.Listing]:
    """Exit statuses and the node after *runs* one after the other."""
    top = case.path(name)
    tree.copy(start, top)
    statuses = [Running(_at(top, command)).wait().status for command in runs]
    return statuses, tree.listing(top)


def _together(case: Case, start: str, runs: list[list[str]]) -> tuple[list[int], tree.Listing, list[Outcome]]:
    """The same of *runs* at once."""
    top = case.path("node")
    tree.copy(start, top)
    running = [Running(_at(top, command)) for command in runs]
    outcomes = [one.wait() for one in running]
    return [outcome.status for outcome in outcomes], tree.listing(top), outcomes


def _told(runs: list[list[str]]) -> str:
    return " and ".join(" ".join(word for word in itertools.chain(run[:1], run[3:])) for run in runs)


ATTACK = AtOnce()
