# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Prints when the failures were provoked, and how long each took."""

from __future__ import annotations

import datetime

import pytest
import support

_SHOWN: list[tuple[str, float]] = []


@pytest.fixture
def fails(tmp_path):
    """Run a playbook that has to fail with a line of docs/troubleshooting.md: (line, playbook, ...) -> Run."""

    def call(line, playbook, *arguments, place=tmp_path, **how):
        run = support.play(place, playbook, *arguments, **how)
        run.check(line)
        _SHOWN.append((line, run.seconds))
        return run

    return call


def pytest_terminal_summary(terminalreporter):
    """Print the failures, and the seconds until each ended its run."""
    if _SHOWN:
        now = datetime.datetime.now(datetime.timezone.utc)
        terminalreporter.write_line(f"Failures of docs/troubleshooting.md, provoked on {now:%Y-%m-%d}, in seconds:")
        for line, seconds in _SHOWN:
            terminalreporter.write_line(f"{seconds:6.1f}  {line}")
