# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Things in the places of nvidia-cdi-hook that are no programs: a specification does not name them."""

from __future__ import annotations

import os
from collections.abc import Callable

import tree
from case import Attack, Case
from nodes import make_base
from product import ctl

_FLAGS = ("--gpu-count", "1", "--with-hook")
_PLACES = ("/usr/bin/nvidia-cdi-hook", "/usr/local/bin/nvidia-cdi-hook", "/usr/sbin/nvidia-cdi-hook")
_SPECIFICATION = "/etc/cdi/nvidia.yaml"
_KINDS: dict[str, Callable[[str], object]] = {
    "a directory": os.mkdir,
    "a file that can't be executed": lambda path: tree.write(path, b"\x7fELF", 0o644),
    "a FIFO": os.mkfifo,
    "a device": lambda path: os.mknod(path, 0o020777, os.makedev(1, 3)),
    "a dangling link": lambda path: os.symlink("nowhere", path),
    "a link to itself": lambda path: os.symlink("nvidia-cdi-hook", path),
    "a link to a directory": lambda path: os.symlink("/etc", path),
    "a link out of the node": lambda path: os.symlink("../" * 30 + "bin/true", path),
}


class Hooks(Attack):
    """One thing in one place."""

    name = "hooks"
    share = 0.5

    def prepare(self, place: str, seed: int) -> None:
        """List what is tried."""
        self._tries = [(where, kind) for where in _PLACES for kind in _KINDS]

    def count(self) -> int:
        """Each kind in each place."""
        return len(self._tries)

    def attempt(self, case: Case) -> None:
        """Plant it, run, read the specification."""
        where, kind = self._tries[case.number]
        top = case.path("node")
        make_base("used", top)
        os.makedirs(os.path.dirname(top + where), exist_ok=True)
        _KINDS[kind](top + where)
        before = tree.listing(top)
        outcome = ctl(top, *_FLAGS)
        words = f"{where} is {kind}: "
        if not outcome.ok:
            wrong = outcome.complaint or tree.difference(before, tree.listing(top))
            wrong = wrong or ("" if where in outcome.err else f"the message does not name it: {outcome}")
            case.check("named", not wrong, words + wrong)
            return
        with open(top + _SPECIFICATION, encoding="utf-8") as file:
            text = file.read()
        case.check("named", f"path: {where}\n" not in text, f"{words}the specification names it")
        outcome = ctl(top, "--remove")
        wrong = tree.difference(before, tree.listing(top))
        case.check("unmanaged", outcome.ok and not wrong, f"{words}--remove: {outcome}; {wrong}")


ATTACK = Hooks()
