# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the callback progress shows: one line for each phase, which changes while the phase runs, and messages between them.

A phase is the value of the variable gpu_mock_phase of a play or a block. Times are in seconds.
"""

from __future__ import annotations

import re
import textwrap
import threading
from typing import Callable

WIDTH = 80
_NAME_WIDTH = 24
_WORTH_TELLING = 2.0
"""A task that takes as long is named in the line of its phase."""
_LONG = 10.0
"""Where a line can't change, a task that takes as long gets a line of its own while it runs."""
_MOST_NAMED = 2


class Phases:
    """The lines of the phases.

    :arg write: writes text at once, without a line break.
    :arg clock: returns the time.
    :arg width: of the terminal, in characters; None if it is not a terminal, so that a line can't change.
    """

    def __init__(self, write: Callable[[str], None], clock: Callable[[], float], width: int | None = None) -> None:
        self._write = write
        self._clock = clock
        self._width = width
        self._started = clock()
        self._phase = ""
        self._phase_started = self._started
        self._task = ""
        self._task_phase = ""
        self._task_started = self._started
        self._told = False  # whether the task has a line of its own
        self._slow: list[tuple[float, str]] = []
        # The ticker and the run write in turn.
        self._turn = threading.Lock()

    @property
    def seconds(self) -> float:
        """How long the run has taken."""
        return self._clock() - self._started

    def task(self, phase: str, name: str) -> None:
        """A task starts. An empty phase has no line."""
        with self._turn:
            self._end_task()
            self._task = plain_name(name)
            self._task_phase = phase
            self._task_started = self._clock()
            self._draw()

    def ran(self) -> None:
        """The task was not skipped. A phase all of whose tasks are skipped has no line."""
        with self._turn:
            if self._task_phase != self._phase:
                self._end_phase(self._task_started)
                self._phase = self._task_phase
                self._phase_started = self._task_started

    def say(self, lines: list[str]) -> None:
        """Write lines between the phases."""
        with self._turn:
            self._erase()
            self._write("".join(line.rstrip() + "\n" for line in lines))
            self._draw()

    def make_room(self) -> None:
        """Others are about to write a line."""
        with self._turn:
            self._erase()

    def tick(self) -> None:
        """Show how long the phase has taken so far."""
        with self._turn:
            if self._width is not None:
                self._draw()
            elif self._task_phase and not self._told and self._clock() - self._task_started >= _LONG:
                self._told = True
                self._write(fitted(f"  ... {self._task}", WIDTH) + "\n")

    def end(self, failed: bool = False) -> None:
        """The run ends.

        :arg failed: a failure has been shown: nothing follows it, not the phase in which the run cleaned up after it either.
        """
        with self._turn:
            if failed:
                self._erase()
                self._phase = ""
            self._end_task()
            self._end_phase(self._clock())
            self._phase = self._task_phase = ""

    def _end_task(self) -> None:
        took = self._clock() - self._task_started
        if self._task_phase == self._phase and self._task and took >= _WORTH_TELLING:
            self._slow.append((took, self._task))
        self._task = ""
        self._told = False

    def _end_phase(self, now: float) -> None:
        self._erase()
        if self._phase:
            slow = sorted(self._slow, reverse=True)[:_MOST_NAMED]
            told = "; ".join([f"{took:.0f} s: {name}" for took, name in slow])
            self._write(_line(self._phase, now - self._phase_started, told, self._width or WIDTH) + "\n")
        self._slow = []

    def _draw(self) -> None:
        if self._width is not None and self._task_phase and self._task:
            now = self._clock()
            took = now - self._task_started
            about = f"{self._task} ({took:.0f} s)" if took >= 1 else self._task
            started = self._phase_started if self._task_phase == self._phase else self._task_started
            self._write("\r\033[K" + _line(self._task_phase, now - started, about, self._width - 1))

    def _erase(self) -> None:
        if self._width is not None:
            self._write("\r\033[K")


def _line(phase: str, took: float, about: str, width: int) -> str:
    return fitted(f"{phase:<{_NAME_WIDTH}}{took:6.1f} s  {about}".rstrip(), width)


def plain_name(name: str) -> str:
    """Return the name of a task without that of its role, and without what is in brackets at the end."""
    return re.sub(r"\s*\([^()]*\)$", "", name.rpartition(" : ")[2]).strip()


def fitted(line: str, width: int) -> str:
    """Return *line*, cut if it does not fit."""
    return line if len(line) <= width else line[: width - 3].rstrip() + "..."


def failure(phase: str, seconds: float, host: str, task: str, reason: str) -> list[str]:
    """Return the lines of a failure: where, why with the cure (wrapped where the terminal would), and how to see more."""
    where = f"FAILED on {host} after {seconds:.1f} s{', in ' + phase if phase else ''}: {plain_name(task)}"
    return [where, " ".join(reason.split()), "To see every task, add -v (make up ARGS=-v)."]


def reason_of(result: dict[str, object]) -> str:
    """Return the message of a failed task, of its first failed item if it is a loop."""
    items = result.get("results")
    if isinstance(items, list):
        for item in items:
            if isinstance(item, dict) and (item.get("failed") or item.get("unreachable")):
                return reason_of(item)
    for key in ("msg", "stderr", "module_stderr", "stdout", "reason"):
        text = result.get(key)
        if isinstance(text, list):
            text = " ".join(map(str, text))
        if isinstance(text, str) and text.strip() and not text.startswith("non-zero return code"):
            lines = [line for line in text.splitlines() if line.strip()]
            return text if key == "msg" else lines[-1]
    return str(result.get("msg") or "no message")


def message(result: dict[str, object]) -> list[str]:
    """Return the lines of a debug task with a message; nothing for one that shows a variable."""
    text = result.get("msg")
    if isinstance(text, (list, tuple)):
        return [str(line) for line in text]
    return text.splitlines() if isinstance(text, str) else []


def wrapped(line: str, width: int = WIDTH) -> list[str]:
    """Return *line* in lines that fit; a line that begins with blanks is meant as it is."""
    if len(line) <= width or line[:1].isspace():
        return [line]
    return textwrap.wrap(line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def closing(seconds: float, changed: dict[str, int]) -> str:
    """Return the last line of a run that was successful.

    :arg changed: host -> number of tasks that changed something.
    """
    told = ", ".join([f"{host} ({count})" for host, count in changed.items() if count])
    return f"Done in {seconds:.1f} s. {'Changed: ' + told if told else 'Nothing was changed.'}"
