# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Random damage to 1 to 5 artefacts of a node: it is repaired exactly, or refused with nothing changed, and can be removed."""

from __future__ import annotations

import os
import random

import tree
from case import Attack, Case
from mutations import Damage, mutate
from nodes import BASES, MANIFEST, STATE, Made, is_named, random_flags, unknowable
from product import Outcome, changes, ctl

_NODES = 12
_STATES = 600
_WHAT, _RIGHTS = 0, 1
_VOLATILE = "/libnvidia-mockstate.so."


class Mutated(Attack):
    """Mutations of a node; every third is not repaired but removed as it is."""

    name = "damage"
    share = 3.0

    def prepare(self, place: str, seed: int) -> None:
        """Make nodes of random options for the tries to copy."""
        rng = random.Random(f"{seed}/nodes")
        self._nodes: list[Made] = []
        while len(self._nodes) < _NODES:
            number = len(self._nodes)
            flags = random_flags(rng, paths=number % 3 == 2) if number else ("--gpu-count", "2", "--with-dri")
            self._nodes.append(Made(f"{place}/node-{number}", BASES[number % len(BASES)], flags))

    def count(self) -> int:
        """So many damaged nodes."""
        return _STATES

    def attempt(self, case: Case) -> None:
        """Damage a node, then run and remove, or remove at once."""
        node = self._nodes[case.number % _NODES]
        top, outside = case.path("node"), case.path("outside")
        tree.write(f"{outside}/canary", b"canary\n")
        os.mkdir(f"{outside}/lib64")
        tree.copy(node.top, top)
        damage = Damage(top, node.artefacts, outside, case.rng)
        mutate(damage)
        state = State(case, node, damage)
        if case.number % 3 == 2:
            damage.unblock()
            state.look()
            state.remove_damaged()
        else:
            state.repair()
        state.check_outside()


class State:
    """A damaged node, and what is expected of it."""

    def __init__(self, case: Case, node: Made, damage: Damage) -> None:
        self.case = case
        self.node = node
        self.damage = damage
        self.top = damage.top
        self.words = f"[{', '.join(damage.done)}] "
        self._is_undone = True  # whether a run that was refused could be undone
        self._outside = tree.listing(damage.outside, identity=True)
        self.look()

    def look(self) -> None:
        """Remember the node as it is now."""
        self.now = tree.listing(self.top)
        self.unmanaged = {path for path in self.damage.unmanaged if path in self.now}
        # A second name of an artefact shares its mode and owner: a repair may change these.
        self.same_inode = self.damage.same_inode & self.unmanaged

    def run(self, *flags: str) -> Outcome:
        """Run gpu-mockctl with the node's options."""
        return ctl(self.top, *self.node.flags, "--output", "json", *flags)

    def repair(self) -> None:
        """Check, run, run again, and remove."""
        case = self.case
        before = tree.listing(self.top, identity=True)
        foretold = self.run("--check")
        touched = tree.difference(before, tree.listing(self.top, identity=True))
        case.check("check", not touched, f"{self.words}--check has changed the node: {touched}")
        outcome = self.run()
        after = tree.listing(self.top)
        if not outcome.ok:
            self._refused(outcome, after)
            self.damage.unblock()
            self.look()
            self.remove_damaged()
            return
        told, done = changes(foretold), changes(outcome)
        case.check("check", told == done, f"{self.words}--check: {_first_difference(told, done)} ({foretold})")
        kept = self._kept_links(after)
        wrong = "" if kept else tree.difference(self._expected(after), after)
        case.check("repair", not wrong, f"{self.words}after status 0: {wrong}")
        self._check_unmanaged(after)
        again = self.run()
        said = changes(again) or {}
        settled = tree.difference(after, tree.listing(self.top))
        case.check(
            "again", said.get("changed") is False and not settled, f"{self.words}{again}; {settled} {_few(said)}"
        )
        hidden = len(self.damage.done) > 1 and any("mounted over" in words for words in self.damage.done)
        if wrong or kept or hidden:
            return  # what a removal should leave is not known
        self.damage.unblock()
        outcome = ctl(self.top, "--remove")
        left = tree.listing(self.top)
        expected = self._left_by_removal(set())
        wrong = tree.difference(expected, left)
        case.check("remove", outcome.ok and not wrong, f"{self.words}after the repair: {wrong}; {outcome}")
        self._check_unmanaged(left)

    def _refused(self, outcome: Outcome, after: tree.Listing) -> None:
        expected = dict(self.now)
        if "could not be undone" in outcome.err:  # what can't even be deleted is named, and known to the manifest
            self._is_undone = False
            expected.update({path: after[path] for path in after if path == MANIFEST or path in outcome.err})
        wrong = outcome.complaint or tree.difference(expected, after)
        if not wrong and not self.damage.may_refuse:
            wrong = f"this can be repaired, but is refused: {outcome}"
        self.case.check("repair", not wrong, f"{self.words}{wrong}; said: {outcome.err.strip()[:200]}")

    def _kept_links(self, after: tree.Listing) -> bool:
        """Whether a directory is a link still, and the node works through it."""
        links = [path for path in self.damage.may_keep if after.get(path, ("",))[_WHAT].startswith("link")]
        return bool(links) and ctl(self.top, "verify", *_verify_flags(self.node.flags)).ok

    def _expected(self, after: tree.Listing) -> tree.Listing:
        """The node as a fresh one, with the unmanaged files."""
        expected = dict(self.node.fresh)
        for path in self.node.base:
            if path in self.now:
                expected[path] = self.now[path]
        for path in self.unmanaged | (self.damage.moved & self.now.keys()):
            expected[path] = self.now[path]
            for parent in tree.parents(path):
                expected.setdefault(parent, self.now[parent])
        for path in self.same_inode & after.keys():
            expected[path] = (expected[path][_WHAT], *after[path][1:])
        if self.damage.manifest_touched and MANIFEST in after:
            # Who has made a directory that is not empty, nobody knows when the manifest is gone.
            expected[MANIFEST] = (after[MANIFEST][_WHAT], *expected[MANIFEST][1:])
        return expected

    def _check_unmanaged(self, after: tree.Listing) -> None:
        wrong = ""
        for path in sorted(self.unmanaged):
            same = path in after and (
                after[path] == self.now[path]
                or (path in self.same_inode and after[path][_WHAT] == self.now[path][_WHAT])
            )
            if not same:
                wrong = f"{path} is {after.get(path)} instead of {self.now[path]}"
        if self.unmanaged:
            self.case.check("unmanaged", not wrong, f"{self.words}{wrong}")

    def check_outside(self) -> None:
        """Nothing outside of the node was touched."""
        wrong = tree.difference(self._outside, tree.listing(self.damage.outside, identity=True))
        self.case.check("unmanaged", not wrong, f"{self.words}outside: {wrong}")

    def _left_by_removal(self, named: set[str]) -> tree.Listing:
        """What was there before the product came, the unmanaged files, and *named*, with the directories that they are in."""
        expected = {path: self.now[path] for path in self.node.base if path in self.now}
        after = tree.listing(self.top)
        for path in {*self.unmanaged, *self.damage.moved, *named}:
            for place in (path, *tree.parents(path)):
                if place in after:
                    expected[place] = after[place]
        if self.damage.manifest_touched:
            expected.update({path: facts for path, facts in after.items() if unknowable(path, facts)})
        return expected

    def remove_damaged(self) -> None:
        """Remove a node that is damaged: what was changed stays and is named, everything else goes."""
        case, fresh = self.case, self.node.fresh
        changed = {
            path for path in self.node.artefacts if path in self.now and self.now[path][_WHAT] != fresh[path][_WHAT]
        }
        changed.discard(MANIFEST)
        outcome = ctl(self.top, "--remove")
        after = tree.listing(self.top)
        self._check_unmanaged(after)
        if (self.damage.manifest_touched or self.damage.lock_touched) and not outcome.ok:
            wrong = outcome.complaint or tree.difference(self.now, after)
            case.check("remove", not wrong, f"{self.words}not repaired: {wrong}; {outcome}")
            return
        wrong = "no end" if outcome.hung else "a traceback" if outcome.traceback else ""
        # The kind, content, target or numbers are not what was made, so it may be somebody's. (What an unfinished run was about
        # to replace goes with what it made.)
        lost = sorted(
            path
            for path in changed
            if self._is_undone
            and path not in after
            and not self.now[path][_WHAT].startswith("directory")
            and _VOLATILE not in path  # taken away, whatever is in it
        )
        if lost:
            wrong = wrong or f"{lost[0]} was changed ({self.now[lost[0]][_WHAT]}), but is removed"
        named = {path for path in after if path in self.node.artefacts and is_named(path, outcome.said)}
        if changed & after.keys():
            # The manifest goes on knowing of them.
            named |= {path for path in after if path.rpartition("/")[0] == STATE and after[path][_WHAT] != "directory"}
        base = {path: self.now[path] for path in self.node.base if path in self.now}
        wrong = wrong or tree.difference(base, {path: after[path] for path in base if path in after})
        if not self.damage.manifest_touched:
            wrong = wrong or tree.difference(self._left_by_removal(named), after)
        case.check("remove", not wrong, f"{self.words}not repaired: {wrong}; {outcome}")


def _verify_flags(flags: tuple[str, ...]) -> list[str]:
    found = []
    for flag, value in zip(flags, flags[1:]):
        if flag in ("--base", "--driver-root", "--cdi-output", "--device-files"):
            found += [flag, value]
    return found


def _first_difference(told: dict[str, object] | None, done: dict[str, object] | None) -> str:
    if told is None or done is None:
        return "nothing was said"
    for key in told:
        if told[key] != done[key]:
            one, other = told[key], done[key]
            if isinstance(one, list) and isinstance(other, list):
                only = sorted({*one} ^ {*other})
                return f"{key}: {len(one)} foretold, {len(other)} done; only in one: {' '.join(map(str, only[:3]))}"
            return f"{key}: {one} foretold, {other} done"
    return "equal"


def _few(said: dict[str, object]) -> str:
    return "; ".join(f"{key} {value[:3]}" for key, value in said.items() if isinstance(value, list) and value)


ATTACK = Mutated()
