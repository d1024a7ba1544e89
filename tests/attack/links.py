# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Links planted at every path of a node and at every directory above, before a run, before the next and before a removal."""

from __future__ import annotations

import os

import tree
from case import Attack, Case
from nodes import STATE, Made, is_named, make_base
from product import ctl

_FLAGS = ("--gpu-count", "1", "--with-hook", "--with-dri")
_MARK = "LEAKED"
_MOMENTS = ("before the first run", "before the next run", "before the removal")
_TARGETS = ("outside", "outside, by climbing", "inside")
# No links are followed at and below these: nobody but the product puts anything there.
_STRICT = ("/run/nvidia/driver", "/var/lib/nvidia-mock/driver")


class Links(Attack):
    """One link in one place."""

    name = "links"
    share = 2.0

    def prepare(self, place: str, seed: int) -> None:
        """Make a node, and one that differs, to which the links lead."""
        self._node = Made(place + "/node", "systemd", _FLAGS)
        self._lure = Made(
            place + "/lure", "systemd", (*_FLAGS, "--product-name", _MARK, "--driver-version", "999.99.99")
        )
        paths = self._node.artefacts
        above = {parent for path in paths for parent in tree.parents(path)}
        self._tries = [
            (path, moment, target)
            for path in sorted({*paths, *above})
            for moment in _MOMENTS
            for target in _TARGETS
            # An administrator may link directories that others use, too.
            if target != "inside" or any((path + "/").startswith(strict + "/") for strict in _STRICT)
        ]

    def count(self) -> int:
        """Each path, moment and target."""
        return len(self._tries)

    def attempt(self, case: Case) -> None:
        """Plant the link, run, and look at what it leads to."""
        path, moment, kind = self._tries[case.number]
        top, outside = case.path("node"), case.path("outside")
        if moment == "before the first run":
            make_base("systemd", top)
        else:
            tree.copy(self._node.top, top)
        tree.copy(
            self._node.top if kind == "inside" else self._lure.top, top + "/inside" if kind == "inside" else outside
        )
        lure = top + "/inside" if kind == "inside" else outside
        seen = tree.listing(lure, identity=True)
        target = {"outside": outside + path, "inside": "/inside" + path}.get(
            kind, "../" * 30 + outside.lstrip("/") + path
        )
        if os.path.lexists(lure + path):
            words = f"{path} is a link {kind} {moment}: "
        else:
            return
        tree.clear(top + path)
        os.makedirs(os.path.dirname(top + path), exist_ok=True)
        os.symlink(target, top + path)
        before = tree.listing(top)
        outcome = ctl(top, "--remove", "--diff") if moment == _MOMENTS[2] else ctl(top, *_FLAGS, "--diff")
        touched = tree.difference(seen, tree.listing(lure, identity=True))
        case.check("write", not touched, f"{words}{touched}; {outcome}")
        case.check("read", _MARK not in outcome.said, f"{words}the output tells what is there")
        after = tree.listing(top)
        refused = not outcome.complaint and not tree.difference(before, after)
        if moment != _MOMENTS[2] or (refused and (path.startswith(STATE) or STATE.startswith(path + "/"))):
            wrong = "" if outcome.ok else outcome.complaint or tree.difference(before, after)
        else:  # what is left is named; everything else goes
            wrong = "a traceback or no end" if outcome.traceback or outcome.hung else ""
            left = [place for place in self._node.artefacts if place in after and after[place][0] != "directory"]
            silent = [
                place for place in left if not is_named(place, outcome.said) and not place.startswith(STATE + "/")
            ]
            wrong = wrong or (f"{silent[0]} and {len(silent) - 1} more stay, which is not said" if silent else "")
        case.check("line", not wrong, f"{words}{wrong}; {outcome}")


ATTACK = Links()
