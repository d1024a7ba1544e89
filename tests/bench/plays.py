# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Playbooks, like `make` runs them, and rows of the table of `make bench`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
Row = tuple[str, str, str, str, str]


def row(what: str, runs: int, seconds: float, ratio: float | None = None, goal: str = "") -> Row:
    """A row: what was measured, in how many runs, the time, its ratio to something comparable of this run, and the goal."""
    return what, str(runs), f"{seconds:.2f}", "" if ratio is None else f"{ratio:.2f}", goal


def playbook(name: str, variables: dict[str, Any], *arguments: str) -> float:
    """Run a playbook of the collection; return its seconds."""
    environment = {**os.environ, "ANSIBLE_CONFIG": os.path.join(ROOT, "ansible.cfg")}
    environment["ANSIBLE_STDOUT_CALLBACK"] = "nvmock.gpu.progress"
    program = os.path.join(os.path.dirname(sys.executable), "ansible-playbook")
    command = [program, os.path.join(ROOT, "playbooks", name), "-e", json.dumps(variables), *arguments]
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{name} {' '.join(arguments)} failed:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    return wall
