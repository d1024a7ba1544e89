# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""An attack, one try of it, and the count of what was promised and what was kept."""

from __future__ import annotations

import os
import random
import shlex
import sys

_MOST_CHARACTERS = 600


class Case:
    """One try of an attack.

    :ivar place: an empty directory of its own, on a tmpfs.
    :ivar rng: random numbers that depend on the seed, the attack and the number of the try only.
    :ivar results: (key of a promise, whether it was kept, what happened if not) of each promise that was looked at.
    """

    def __init__(self, attack: str, number: int, seed: int, place: str) -> None:
        self.attack = attack
        self.number = number
        self.seed = seed
        self.place = place
        self.rng = random.Random(f"{seed}/{attack}/{number}")
        self.results: list[tuple[str, bool, str]] = []

    def check(self, promise: str, kept: object, detail: str = "") -> bool:
        """Count a promise as kept or not; return whether it was."""
        self.results.append((promise, bool(kept), "" if kept else " ".join(detail.split())[:_MOST_CHARACTERS]))
        return bool(kept)

    def path(self, name: str) -> str:
        """Return a path in :attr:`place`."""
        return os.path.join(self.place, name)

    @property
    def command(self) -> str:
        """The command that makes this try again."""
        words = [sys.argv[0], "--seed", str(self.seed), "--only", self.attack, "--try", str(self.number)]
        return shlex.join(words)


class Attack:
    """An attack: a name, and tries that are numbered from 0 and do not depend on each other.

    :cvar name: the name by which ``--only`` and promises.py know it.
    :cvar share: its share of the time of the bounded form.
    :cvar workers: how many tries may run side by side; 0 for the number of CPUs.
    """

    name = ""
    share = 1.0
    workers = 0

    def __init__(self) -> None:
        """:ivar untried: promises that can't be tried on this machine, with the reason; known after :meth:`prepare`."""
        self.untried: dict[str, str] = {}

    def missing(self) -> str:
        """Return what this machine lacks for the attack; an empty text if nothing."""
        return ""

    def prepare(self, place: str, seed: int) -> None:
        """Make what the tries share, in the directory *place*."""

    def count(self) -> int:
        """Return the number of tries of the whole form."""
        raise NotImplementedError

    def is_long(self, number: int) -> bool:
        """Whether a try takes so long that the bounded form leaves it out."""
        return False

    def attempt(self, case: Case) -> None:
        """Make one try."""
        raise NotImplementedError
