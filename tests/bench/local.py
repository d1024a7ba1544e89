# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A local node that has nothing to do, beside the least that Ansible can do: `ansible localhost -m ping`."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

from plays import Row, row

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.path.dirname(sys.executable)


def rows(runs: int = 5) -> list[Row]:
    """The rows of the table; the commands take turns."""
    environment = {**os.environ, "ANSIBLE_CONFIG": os.path.join(ROOT, "ansible.cfg")}
    environment["ANSIBLE_STDOUT_CALLBACK"] = "nvmock.gpu.progress"
    up = [os.path.join(BIN, "ansible-playbook"), os.path.join(ROOT, "playbooks", "gpu_mock.yml")]
    up += ["-e", "gpu_mock_provider=local", "-e", "gpu_node_device_files=auto"]
    ping = [os.path.join(BIN, "ansible"), "localhost", "-m", "ping"]
    pings, ups = [], []
    with tempfile.TemporaryDirectory() as place:
        environment["PWD"] = place
        first, lines = _timed(up, environment, place)
        for _round in range(runs):
            pings.append(_timed(ping, {**environment, "ANSIBLE_STDOUT_CALLBACK": "default"}, place)[0])
            ups.append(_timed(up, environment, place)[0])
    floor, again = statistics.median(pings), statistics.median(ups)
    return [
        row("ansible localhost -m ping", runs, floor, 1.0),
        row(f"local make up, first run ({lines} lines)", 1, first, first / floor),
        row("local make up, nothing to do", runs, again, again / floor, "ratio 3"),
    ]


def _timed(command: list[str], environment: dict[str, str], place: str) -> tuple[float, int]:
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, cwd=place, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return wall, len(done.stdout.splitlines())
