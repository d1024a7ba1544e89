# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Programs in C that use a library of the driver, for an architecture that this machine may have to emulate."""

from __future__ import annotations

import os
import pathlib
import subprocess

import pytest

from .conftest import build_native, runner
from .nvml_node import make_nodes

HERE = pathlib.Path(__file__).parent


class Client:
    """Makes and runs programs on a node with a machine and one of the driver's libraries, with its facts."""

    def __init__(self, place, architecture, machine, name, content):
        self.place = place
        self.architecture = architecture
        self.library = place / name
        self.library.write_bytes(content)
        make_nodes(machine, place / "dev")

    def make(self, source, *arguments, compiler=None):
        compiler = compiler or build_native.compiler(self.architecture)
        if not compiler:
            pytest.skip(f"no compiler: install gcc-{self.architecture.replace('_', '-')}-linux-gnu")
        program = self.place / "client"
        command = [compiler, "-Wall", "-Wextra", "-Werror", "-O1", "-o", program, HERE / source, *arguments]
        subprocess.run(command, check=True)
        return program

    def run(self, program, *arguments):
        command = runner(self.architecture)
        if command:
            prefix = f"/usr/{self.architecture}-linux-gnu"
            if not os.path.isdir(f"{prefix}/lib"):
                pytest.skip(f"no C library for {self.architecture}: install libc6-dev-*-cross")
            command += ["-L", prefix]
        environment = {"NVMOCK_DEV": str(self.place / "dev"), "LD_LIBRARY_PATH": str(self.place)}
        for name, value in environment.items() if command else ():
            command += ["-E", f"{name}={value}"]
        done = subprocess.run(
            [*command, program, *arguments], capture_output=True, text=True, check=False, env=environment, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout
