# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Writers at the same time, and writers that are killed."""

from __future__ import annotations

import os
import signal
import time

import pytest
from state_support import install, node_state, set_now, told

PROCESSES, SETS = 20, 1000


def child(work):
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
    finally:
        os._exit(1)


def ends(pids):
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]


def test_twenty_processes_lose_no_update(tmp_path):
    """Each adds 1 to one counter a thousand times, and sets a reading of its own."""
    install(tmp_path)
    counter = 57

    def add(number):
        def edit(values, _now):
            values[0][counter] = values[0].get(counter, 0) + 1
            values[1][100 + number] = values[1].get(100 + number, 0) + 1

        with node_state(tmp_path) as state:
            for _set in range(SETS):
                state.change(edit, None)
        os._exit(0)

    assert ends([child(lambda number=number: add(number)) for number in range(PROCESSES)]) == [0] * PROCESSES
    with node_state(tmp_path) as state:
        entries = state.read().entries
    assert entries[0, counter] == PROCESSES * SETS
    assert [entries[1, 100 + number] for number in range(PROCESSES)] == [SETS] * PROCESSES


@pytest.mark.parametrize("round_", range(10))
def test_killed_writers(tmp_path, round_):
    """Both settings of a change are there, or none; and the next writer goes on."""
    install(tmp_path)

    def write():
        with node_state(tmp_path) as state:
            number = 0
            while True:
                number += 1
                state.change(state.set([0, 1], {0: number % 100, 34: number % 100}), None)

    pids = [child(write) for _child in range(2)]
    time.sleep(0.05 + round_ * 0.013)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    ends(pids)
    found = told(tmp_path)
    assert found.get("temperature") == found.get("gpu_utilization")
    assert set_now(tmp_path, [0], {"memory_used": 5}).changed
    assert told(tmp_path)["memory_used"] == 5


def test_a_run_that_replaces_the_file_loses_no_writer(tmp_path):
    """A writer that has opened the old file sees that it is no longer there, and starts again."""
    install(tmp_path)
    path = next((tmp_path / "opt/driver/lib64").glob("libnvidia-mockstate*"))
    import fcntl

    held = os.open(path, os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)

    def write():
        os.close(held)  # a lock ends with the last descriptor of its file
        set_now(tmp_path, [0], {"temperature": 66})
        os._exit(0)

    pid = child(write)
    time.sleep(0.3)
    new = path.with_name("new")
    new.write_bytes(path.read_bytes())
    new.rename(path)
    os.close(held)
    assert ends([pid]) == [0]
    assert told(tmp_path) == {"temperature": 66}
