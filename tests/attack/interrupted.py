# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the attacks on single system calls share: runs that create, change, repair and remove, and where they should end."""

from __future__ import annotations

import os
import shutil

import supervisor
import tree
from nodes import make_base
from product import ctl, ctl_command

_ONE = ("--gpu-count", "1", "--with-hook")
_OTHER = ("--machine", "dgxh100", "--gpu-count", "2", "--with-dri", "--driver-version", "535.104.05")
_FAULT = ("fault", "set", "device_node_missing")
_CLEAR = ("fault", "clear")
_ELSEWHERE = (
    "--gpu-count",
    "1",
    "--base",
    "/run/elsewhere",
    "--driver-root",
    "/opt/mock",
    "--cdi-output",
    "/etc/cdi/m.json",
)


class Scenario:
    """A run that is disturbed.

    :arg base: what is on the node before, see nodes.py.
    :arg before: options of the runs that have made it what it is.
    :arg flags: options of the run.
    """

    def __init__(self, base: str, before: list[tuple[str, ...]], flags: tuple[str, ...], damage: bool = False) -> None:
        self.base = base
        self.before = before
        self.flags = flags
        self.damage = damage

    def prepare(self, place: str) -> None:
        """Make the node and run once undisturbed."""
        os.mkdir(place)
        self.start = place + "/start"
        make_base(self.base, self.start)
        self.bare = tree.listing(self.start)
        if "--take-over" in self.flags:
            tree.write(self.start + "/etc/cdi/nvidia.yaml", b"an unmanaged specification\n", 0o600)
            os.symlink("nowhere", self.start + "/dev/nvidia0")
            self.bare = tree.listing(self.start)
        for flags in self.before:
            self._run(flags)
        if self.damage:
            self._damage()
        self.old = tree.listing(self.start)
        # Once before it is counted: Python writes the code of modules that it compiles for the first time.
        end = place + "/end"
        tree.copy(self.start, end)
        ctl(end, *self.flags)
        tree.clear(end)
        tree.copy(self.start, end)
        outcome, self.calls, self.names = supervisor.run(ctl_command(end, *self.flags), lambda _number, _name: None)
        self.refusal = "" if outcome.ok else f"{' '.join(self.flags)}: {outcome}"
        self.new = tree.listing(end)

    def _run(self, flags: tuple[str, ...]) -> None:
        outcome = ctl(self.start, *flags)
        if not outcome.ok:
            raise RuntimeError(f"{flags}: {outcome}")

    def _damage(self) -> None:
        top = self.start + "/var/lib/nvidia-mock/driver"
        os.unlink(self.start + "/run/nvidia/driver/dev/nvidia0")
        os.mkfifo(self.start + "/run/nvidia/driver/dev/nvidia0")
        os.chmod(self.start + "/etc/cdi/nvidia.yaml", 0o600)
        os.unlink(top + "/lib64/libcuda.so.1")
        os.truncate(top + "/lib64/libcuda.so.550.54.15", 10)
        shutil.rmtree(top + "/bin")
        tree.write(top + "/bin", b"in the way\n")
        tree.write(top + "/unmanaged", b"unmanaged\n")
        os.chmod(top + "/lib64", 0o700)


SCENARIOS = {
    "create on an empty node": Scenario("empty", [], _ONE),
    "create on a node with systemd": Scenario("systemd", [], _ONE),
    "change of the machine": Scenario("systemd", [_ONE], _OTHER),
    "change of all places": Scenario("systemd", [_ONE], _ELSEWHERE),
    "repair": Scenario("used", [_ONE], _ONE, damage=True),
    "take over": Scenario("used", [], (*_ONE, "--take-over")),
    # A fault that came and went leaves nothing but compiled modules, which a run would write otherwise.
    "put a fault on": Scenario("systemd", [_ONE, _FAULT, _CLEAR], _FAULT),
    "take faults off": Scenario("systemd", [_ONE, _FAULT, ("fault", "set", "spec_shadowed")], _CLEAR),
    "run with a fault": Scenario("systemd", [_ONE, _FAULT], _OTHER),
    "remove": Scenario("systemd", [_ONE], ("--remove",)),
    "remove from an empty node": Scenario("empty", [_ONE], ("--remove",)),
}


class Points:
    """Every changing system call of every scenario; call 0 stands for the run that is not disturbed."""

    def __init__(self, place: str) -> None:
        self.points: list[tuple[str, int]] = []
        for number, (name, scenario) in enumerate(SCENARIOS.items()):
            scenario.prepare(f"{place}/scenario-{number}")
            self.points.append((name, 0))  # undisturbed
            if not scenario.refusal:
                self.points += [(name, call) for call in range(1, scenario.calls + 1)]


def half_done(before: tree.Listing, after: tree.Listing, now: tree.Listing) -> str:
    """Return what a node shows that it has neither had before nor will have: something half-done, or a bad name for it."""
    known = before.keys() | after.keys()
    for path in sorted(now):
        if path in known:
            if path.endswith("/manifest.mtree") or now[path] in (before.get(path), after.get(path)):
                continue
            if now[path][0] == "directory":  # its mode is changed in place
                continue
            return f"{path} is {' '.join(now[path])}, which it neither was nor will be"
        top = next(place for place in (*reversed(tree.parents(path)), path) if place not in known)
        name = top.rpartition("/")[2]
        if ".so." in name or name.startswith("nvidia") or name.endswith((".conf", ".yaml", ".json", ".so")):
            return f"{top} has a name that other programs read"
    for path in before.keys() & after.keys():
        if before[path] == after[path] and path not in now:
            return f"{path} is missing for a moment, although nothing about it changes"
    return ""
