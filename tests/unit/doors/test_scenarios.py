# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A molecule scenario whose inventory names no node fails: testinfra alone would skip every test, and that passes."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[3]


def test_no_hosts_are_no_success(tmp_path):
    """Shown on one scenario: what makes it fail is said in pyproject.toml, for all."""
    pytest.importorskip("testinfra")
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("{nodes: {hosts: {}}, others: {hosts: {somewhere: {ansible_connection: local}}}}")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--hosts=ansible://nodes", f"--ansible-inventory={inventory}"),
            *("-p", "no:cacheprovider", "molecule/kind/tests"),
        ],
        cwd=ROOT,
        env={**os.environ, "PATH": os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0, done.stdout
    assert "Empty parameter set in" in done.stdout
