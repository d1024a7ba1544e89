# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Others who hold locks, and runs that wait for one that does not go on."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import signal
import threading
import time

import old_version
import supervisor
import tree
from case import Attack, Case
from nodes import Made, make_base
from product import CTL, Running, ctl, ctl_command

_FLAGS = ("--gpu-count", "1")
_NOBODY = 65534
_TRIES = ("a user's locks", "a user's locks", "a signal", "a signal", "a long wait")
_TRIES += ("the old version first", "the old version second") * 3
_LONGEST_WAIT = 60.0
_SLACK = 30.0
# A run that nobody keeps waiting takes a tenth of a second.
_NO_WAIT = 15.0


class Locked(Attack):
    """One way to keep a run waiting."""

    name = "locked"
    share = 0.5

    def missing(self) -> str:
        """A run is stopped in its middle by its supervisor."""
        return supervisor.missing()

    def prepare(self, place: str, seed: int) -> None:
        """Make a node."""
        self._node = Made(place + "/node", "used", _FLAGS)
        self._old = old_version.unpack(place)
        if not self._old:
            self.untried["old"] = old_version.MISSING

    def count(self) -> int:
        """A few of each kind."""
        return len(_TRIES)

    def is_long(self, number: int) -> bool:
        """One waits for a minute."""
        return _TRIES[number] == "a long wait"

    def attempt(self, case: Case) -> None:
        """Keep a run waiting."""
        top = case.path("node")
        tree.copy(self._node.top, top)
        if _TRIES[case.number] == "a user's locks":
            self._by_a_user(case, top)
        elif "old version" in _TRIES[case.number]:
            if self._old:
                self._by_another_version(case, _TRIES[case.number])
        else:
            self._by_a_run(case, top, _TRIES[case.number])

    def _by_a_user(self, case: Case, top: str) -> None:
        """A user who is not root locks everything that he may open, in both ways that there are."""
        child, ready = _lock_everything(top)
        try:
            os.read(ready, 1)
            os.close(ready)
            for flags in (("--gpu-count", "2"), ("--remove",)):
                outcome = Running(ctl_command(top, *flags)).wait(_NO_WAIT)
                case.check("user", outcome.ok, f"{flags}: {'waits for a user' if outcome.hung else outcome}")
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)

    def _by_a_run(self, case: Case, top: str, kind: str) -> None:
        """A run that stops in its middle; another one waits for it."""
        first = _Stopped(ctl_command(top, "--gpu-count", "2", "--with-dri"), 20)
        try:
            begin = time.monotonic()
            second = Running(ctl_command(top, "--gpu-count", "4"))
            if kind == "a signal":
                time.sleep(2)
                waited = second.process.poll() is None
                second.process.send_signal(case.rng.choice((signal.SIGTERM, signal.SIGINT)))
                outcome = second.wait(10)
                case.check("signal", waited and not outcome.hung, f"{'it did not wait' if not waited else outcome}")
            else:
                outcome = second.wait(_LONGEST_WAIT + _SLACK)
                took = time.monotonic() - begin
                # The first line comes when the wait begins, and says for whom.
                waiting, _end, outcome.err = outcome.err.partition("\n")
                named = all(re.search(r"\bprocess \d+ \(.*gpu-mockctl", line) for line in (waiting, outcome.err))
                kept = not outcome.complaint and took >= _LONGEST_WAIT - 5 and named
                case.check("end", kept, f"after {took:.0f} s: {'no end' if outcome.hung else outcome}")
        finally:
            first.go_on()
        outcome = ctl(top, *_FLAGS)
        wrong = tree.difference(self._node.fresh, tree.listing(top))
        case.check("after", outcome.ok and not wrong, f"{outcome}; {wrong}")

    def _by_another_version(self, case: Case, kind: str) -> None:
        """A run of one version that stops in its middle, and one of another that must wait for it."""
        programs = [self._old, CTL] if kind.endswith("first") else [CTL, self._old]
        top = case.path("old node")
        make_base("used", top)
        ctl(top, *_FLAGS, program=self._old)
        first = _Stopped(
            ctl_command(top, "--gpu-count", "3", "--with-dri", program=programs[0]), case.rng.randint(20, 60)
        )
        try:
            before = tree.listing(top)
            second = Running(ctl_command(top, "--gpu-count", "4", program=programs[1]))
            time.sleep(2)
            waited = second.process.poll() is None
            wrong = tree.difference(before, tree.listing(top))
            case.check(
                "old", waited and not wrong, f"{kind}: {'' if waited else 'the other one does not wait'} {wrong}"
            )
        finally:
            first.go_on()
        second.wait()
        outcome = ctl(top, *_FLAGS)
        wrong = tree.difference(self._node.fresh, tree.listing(top))
        case.check("after", outcome.ok and not wrong, f"{kind}: {outcome}; {wrong}")


class _Stopped:
    """A run that is stopped before its n-th changing system call, until it may go on."""

    def __init__(self, command: list[str], call: int) -> None:
        stopped, self._go_on = threading.Event(), threading.Event()

        def judge(number: int, _name: str) -> None:
            if number == call:
                stopped.set()
                self._go_on.wait(_LONGEST_WAIT + 2 * _SLACK)

        self._thread = threading.Thread(target=supervisor.run, args=(command, judge))
        self._thread.start()
        stopped.wait(_SLACK)

    def go_on(self) -> None:
        """Let it go on, and wait for its end."""
        self._go_on.set()
        self._thread.join()


def _lock_everything(top: str) -> tuple[int, int]:
    """Start a process of nobody's that locks what it can below *top*; its pid, and a pipe that tells when it has."""
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        return child, reader
    try:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
        held = []
        for place, directories, names in os.walk(top):
            for path in [place, *(os.path.join(place, name) for name in (*directories, *names))]:
                if os.path.islink(path) or not (os.path.isfile(path) or os.path.isdir(path)):
                    continue
                with contextlib.suppress(OSError):
                    held.append(os.open(path, os.O_RDONLY | os.O_NOFOLLOW))
                    fcntl.flock(held[-1], fcntl.LOCK_SH | fcntl.LOCK_NB)
                    fcntl.lockf(held[-1], fcntl.LOCK_SH | fcntl.LOCK_NB)
        os.write(writer, b"r")
        time.sleep(600)
    finally:
        os._exit(0)


ATTACK = Locked()
