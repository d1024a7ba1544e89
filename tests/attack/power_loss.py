# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The disk as it is at any moment of a run: nothing that was renamed to its place is empty, and the end of a run is the end.

The node is on ext4 in a file. A copy of the file is what a machine finds after a power loss, as nobody flushes anything for it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time

import interrupted
import supervisor
import tree
from case import Attack, Case
from full_disk import no_ext4
from nodes import MANIFEST
from product import ctl, ctl_command

_SCENARIOS = ("create on a node with systemd", "change of the machine", "repair", "remove")
_MOMENTS = 12
# At its end, and when the journal is written, but not yet what is in the files.
_END, _LATER = 0, -1
_COMMIT_SECONDS = 1


class PowerLoss(Attack):
    """One run, and one moment of it."""

    name = "power_loss"

    def missing(self) -> str:
        """A supervisor and ext4 are needed."""
        return supervisor.missing()

    def prepare(self, place: str, seed: int) -> None:
        """Make an image of each start, written whole to the disk."""
        reason = no_ext4(place)
        if reason:
            self.untried = dict.fromkeys(("end", "whole", "repair"), reason)
            self._tries: list[tuple[str, int]] = []
            return
        self._images: dict[str, str] = {}
        self._tries = []
        for number, name in enumerate(_SCENARIOS):
            scenario = interrupted.SCENARIOS[name]
            scenario.prepare(f"{place}/scenario-{number}")
            image, mounted = f"{place}/start-{number}.img", f"{place}/mounted-{number}"
            with open(image, "wb") as file:
                file.truncate(16 << 20)
            subprocess.run(["/sbin/mkfs.ext4", "-q", "-F", "-m", "0", image], check=True, capture_output=True)
            os.mkdir(mounted)
            _mount(image, mounted)
            tree.copy(scenario.start, mounted + "/node")
            subprocess.run(["umount", mounted], check=True, capture_output=True)
            self._images[name] = image
            moments = {round(scenario.calls * step / _MOMENTS) for step in range(1, _MOMENTS + 1)}
            self._tries += [(name, moment) for moment in (*sorted(moments), _END, _LATER)]

    def count(self) -> int:
        """Some moments of each run, its end, and shortly after."""
        return len(self._tries)

    def attempt(self, case: Case) -> None:
        """Run, take the disk at the moment, and look at it."""
        name, moment = self._tries[case.number]
        scenario = interrupted.SCENARIOS[name]
        image, lost, place, after = (case.path(word) for word in ("image", "lost", "place", "after"))
        shutil.copy(self._images[name], image)
        os.mkdir(place)
        os.mkdir(after)
        _mount(image, place)

        def judge(number: int, _name: str) -> None:
            if number == moment:
                shutil.copy(image, lost)

        outcome, _count, _calls = supervisor.run(ctl_command(place + "/node", *scenario.flags), judge)
        if not os.path.exists(lost):
            if moment == _LATER:
                time.sleep(2.5 * _COMMIT_SECONDS)
            shutil.copy(image, lost)
        tree.unmount(place)
        _mount(lost, after)
        top = after + "/node"
        found = tree.listing(top)
        if moment == _END:
            wrong = tree.difference(scenario.new, found)
            case.check("end", outcome.ok and not wrong, f"{name}, at its end: {outcome}; {wrong}")
        else:
            wrong = interrupted.half_done(scenario.old, scenario.new, {**found, MANIFEST: ("", "", "")})
            case.check("whole", not wrong, f"{name}, call {moment}: {wrong}")
        words = f"{name}, {'shortly after its end' if moment == _LATER else f'before call {moment}'}: "
        outcome = ctl(top, *scenario.flags)
        wrong = tree.difference(scenario.new, tree.listing(top))
        case.check("repair", outcome.ok and not wrong, f"{words}{outcome}; {wrong}")


def _mount(image: str, place: str) -> None:
    subprocess.run(["mount", "-o", f"loop,commit={_COMMIT_SECONDS}", image, place], check=True, capture_output=True)


ATTACK = PowerLoss()
