# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The lines of the callback progress: phases with times, messages between them, failures in three lines."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.plugin_utils import progress
from ansible_collections.nvmock.gpu.plugins.plugin_utils.progress import Phases


class Screen:
    """A terminal, or a file (*width* None), and its clock."""

    def __init__(self, width=None):
        self.text = ""
        self.now = 100.0
        self.phases = Phases(self._write, lambda: self.now, width)

    def _write(self, text):
        self.text += text

    def run(self, phase, name, seconds=0.0, skipped=False):
        self.phases.task(phase, name)
        self.now += seconds
        if not skipped:
            self.phases.ran()

    @property
    def lines(self):
        """What is on the screen: what follows a carriage return and an erasure replaces the line."""
        return [line.rpartition("\r\x1b[K")[2] for line in self.text.split("\n")]


@pytest.mark.parametrize("width", [None, 80])
def test_a_line_a_phase(width):
    screen = Screen(width)
    screen.run("Nodes", "Look", 0.5)
    screen.run("Nodes", "kind_cluster : Create the cluster (about a minute)", 31.0)
    screen.phases.say(["Provider kind"])
    screen.run("Mock GPUs", "gpu_node : Create", 1.0)
    screen.run("", "Summary", 1.0)
    screen.phases.end()
    assert screen.lines == [
        "Provider kind",
        "Nodes                     31.5 s  31 s: Create the cluster",
        "Mock GPUs                  1.0 s",
        "",
    ]


def test_a_phase_that_is_skipped_has_no_line_and_ends_no_other():
    screen = Screen()
    screen.run("Mock GPUs", "Create", 1.0)
    screen.run("Container runtimes", "Configure", 0.1, skipped=True)
    screen.run("Mock GPUs", "Verify", 1.0)
    screen.phases.end()
    assert screen.lines == ["Mock GPUs                  2.1 s", ""]


def test_a_terminal_shows_what_is_waited_for():
    screen = Screen(80)
    screen.phases.task("Nodes", "Create the cluster")
    assert screen.lines[-1] == "Nodes                      0.0 s  Create the cluster"
    screen.now += 7
    screen.phases.tick()
    assert screen.lines[-1] == "Nodes                      7.0 s  Create the cluster (7 s)"


def test_a_file_gets_one_line_for_a_long_task():
    screen = Screen()
    screen.phases.task("Nodes", "Create the cluster")
    for _second in range(40):
        screen.now += 1
        screen.phases.tick()
    assert screen.lines == ["  ... Create the cluster", ""]


def test_no_more_than_two_slow_tasks_are_named():
    screen = Screen()
    for number in range(5):
        screen.run("Nodes", f"Task {number}", 2.0 + number)
    screen.phases.end()
    assert screen.lines[0] == "Nodes                     20.0 s  6 s: Task 4; 5 s: Task 3"


@settings(deadline=None)
@given(
    width=st.sampled_from([None, 40, 80]),
    steps=st.lists(
        st.tuples(
            st.sampled_from(["", "A", "A phase with a long name, as long as it can be"]),
            st.text(),
            st.booleans(),
            st.floats(0, 99),
        ),
        max_size=12,
    ),
)
def test_no_line_is_longer_than_the_terminal(width, steps):
    screen = Screen(width)
    for phase, name, skipped, seconds in steps:
        screen.run(phase, name.replace("\n", " ").replace("\r", " "), seconds, skipped)
        screen.phases.tick()
    screen.phases.end()
    assert all(len(line) <= (width or 80) for line in screen.text.replace("\r\x1b[K", "\n").split("\n"))


def test_a_failure_is_three_lines():
    lines = progress.failure("Mock GPUs", 2.11, "node", "nvmock.gpu.gpu_node : Create", "gpu_count: 65 is not\nallowed")
    assert lines == [
        "FAILED on node after 2.1 s, in Mock GPUs: Create",
        "gpu_count: 65 is not allowed",
        "To see every task, add -v (make up ARGS=-v).",
    ]


@pytest.mark.parametrize(
    "result, reason",
    [
        ({"msg": "why"}, "why"),
        ({"msg": ["why", "and how"]}, "why and how"),
        ({"msg": "non-zero return code", "stderr": "first\nlast\n", "rc": 1}, "last"),
        ({"msg": "non-zero return code", "stderr": "", "stdout": "said", "rc": 1}, "said"),
        ({"msg": "non-zero return code", "rc": 1}, "non-zero return code"),
        ({"msg": "One or more items failed", "results": [{"msg": "ok"}, {"failed": True, "msg": "why"}]}, "why"),
        ({}, "no message"),
    ],
)
def test_the_reason(result, reason):
    assert progress.reason_of(result) == reason


def test_messages():
    assert progress.message({"msg": ["a", 1]}) == ["a", "1"]
    assert progress.message({"msg": "a\nb"}) == ["a", "b"]
    assert progress.message({"variable": {}}) == []
    long = "word " * 30
    assert all(len(line) <= 80 for line in progress.wrapped(long.strip()))
    assert progress.wrapped("  " + long) == ["  " + long]


def test_the_last_line():
    assert progress.closing(3.14, {"localhost": 0}) == "Done in 3.1 s. Nothing was changed."
    assert progress.closing(3.14, {"a": 2, "b": 0, "c": 1}) == "Done in 3.1 s. Changed: a (2), c (1)"
