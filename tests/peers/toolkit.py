# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA's own programs, as scripts/install-peers has installed them, and the ways to run programs here."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
from typing import NamedTuple

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def call(*command, **more):
    """Run a command to its end; its output is text."""
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **more)


def mockctl(*arguments):
    """The standard output of bin/gpu-mockctl, which must succeed."""
    done = call(sys.executable, ROOT / "bin" / "gpu-mockctl", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Toolkit(NamedTuple):
    """One release of nvidia-container-toolkit."""

    version: str
    release: str  # gpu-mockctl's --toolkit-release
    directory: pathlib.Path
    installed: bool

    @property
    def limits_memory(self):
        """Whether it has the hook apply-cuda-memory-limits."""
        return self.release != "1.20"

    @property
    def why_not(self):
        """Why its programs can't be run here; empty if they can."""
        if os.geteuid() != 0:
            return "device nodes and mount namespaces need root"
        if not shutil.which("unshare"):
            return "unshare is not on the PATH"
        return "" if self.installed else f"nvidia-container-toolkit {self.version} is missing: scripts/install-peers"

    def program(self, name):
        return self.directory / name


def _toolkits():
    done = call(ROOT / "scripts" / "install-peers", "--list")
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        version, release, directory, state = line.split(" ")
        yield Toolkit(version, release, pathlib.Path(directory), state == "installed")


TOOLKITS = list(_toolkits())


def case(toolkit, *more):
    """The parameter ``toolkit`` of a test, and more of them; the test is skipped where its programs can't be run."""
    skip = pytest.mark.skipif(bool(toolkit.why_not), reason=toolkit.why_not or "-")
    return pytest.param(toolkit, *more, id="-".join((toolkit.version, *map(str, more))), marks=skip)


each_toolkit = pytest.mark.parametrize("toolkit", [case(toolkit) for toolkit in TOOLKITS])
