# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A flag that a message of gpu-mockctl names exists: messages name parameters, and a parameter has the flag of its name."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils import cli
from ansible_collections.nvmock.gpu.plugins.module_utils.cli import (
    cdi_flags,
    fault_command,
    machine_flags,
    node_command,
    state_command,
    watch_command,
)
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.devices import DeviceOptions
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.node import components, spec_options

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
CORE = os.path.join(ROOT, "plugins", "module_utils")
# Packages that gpu-mockctl does not load, and those whose texts are the programs' of a node.
OTHERS = ("kind_cluster", "module", "native", "runtime_config")
FLAG = re.compile(r"(?<![\w-])--([a-z][a-z-]+)")


def known_flags():
    """Every flag of every command of gpu-mockctl, without dashes."""
    flags = [*node_command.flags(), *watch_command.flags(), *machine_flags.node_flags(), *machine_flags.machine_flags()]
    flags += [*state_command.state_flags(), *fault_command.fault_flags()]
    names = {flag.name for flag in flags} | {"help", "output"}
    for command, add in cdi_flags._COMMANDS.items():
        parser = cdi_flags._parser(command)
        add(parser)
        names |= {option.lstrip("-") for action in parser._actions for option in action.option_strings}
    return names


def sources():
    """(path, tree) of every file of the core that gpu-mockctl may load."""
    found = []
    for place, _directories, files in os.walk(CORE):
        if os.path.relpath(place, CORE).split(os.sep)[0] in OTHERS:
            continue
        for name in files:
            if name.endswith(".py"):
                with open(os.path.join(place, name), encoding="utf-8") as handle:
                    found.append((os.path.relpath(os.path.join(place, name), CORE), ast.parse(handle.read())))
    return found


def named_parameters():
    """The names that the core gives to its checks and errors as constants."""
    names = set()
    for _path, tree in sources():
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant):
                function = ast.unparse(call.func)
                if function.endswith("ParameterError") or function.startswith("parameters."):
                    names.add(call.args[0].value)
    return names


def test_the_parameters_of_messages_are_found():
    assert {"gpu_count", "architecture", "host_root", "hook_path", "uvm_major", "caps_major"} <= named_parameters()


@pytest.mark.parametrize("name", sorted(named_parameters()))
def test_a_parameter_in_a_message_is_a_flag(name):
    flag = cli._flag(name)
    if not flag.startswith("-"):
        assert "." in name  # a fact of a machine, such as machine.gpu_count
    else:
        assert flag.lstrip("-") in known_flags(), flag


@pytest.mark.parametrize("name", [row.name for row in spec_options.ROWS])
def test_an_option_of_a_specification_is_a_flag(name):
    assert cli._flag(name).lstrip("-") in known_flags()


def test_majors_are_flags():
    machine = build_machine(mig_layout={0: []})
    for name in components.majors(machine, DeviceOptions()):
        assert cli._flag(name).lstrip("-") in known_flags()


def messages():
    """(path, line, text) of every text in an exception and in a help: docstrings and arguments of other programs are neither."""
    for path, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Raise) or (isinstance(node, ast.Assign) and "_AFTER" in ast.unparse(node)):
                for part in ast.walk(node):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        yield path, part.lineno, part.value


def test_a_flag_in_a_message_exists():
    assert any("--base" in text for _path, _line, text in messages())
    unknown = [
        f"{path}:{line}: --{name}"
        for path, line, text in messages()
        for name in FLAG.findall(text)
        if name not in known_flags()
    ]
    assert unknown == []


def run(*arguments):
    command = [sys.executable, "-I", "-S", os.path.join(ROOT, "bin", "gpu-mockctl"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def taken(top, *majors):
    """A node whose kernel has given these majors to another driver."""
    (top / "proc").mkdir()
    lines = "".join(f"{major} nvme\n" for major in majors)
    (top / "proc/devices").write_text(f"Character devices:\n{lines}\nBlock devices:\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="device nodes need root")
def test_a_taken_major_is_changed_with_the_flag_that_the_message_names(tmp_path):
    taken(tmp_path, 235, 236)
    arguments = ["--host-root", str(tmp_path), "--gpu-count", "1", "--mig", "0=1g.5gb"]
    for number, flag in ((1, "--uvm-major"), (2, "--caps-major")):
        done = run(*arguments)
        assert done.returncode == 2, done.stderr
        named = re.fullmatch(r"gpu-mockctl: (--[a-z-]+): .*; (\d+) is free\)\n", done.stderr)
        assert named and named[1] == flag
        arguments += [named[1], str(int(named[2]) + number)]
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    assert os.major(os.stat(tmp_path / "dev/nvidia-uvm").st_rdev) == 238
    assert {os.major(os.stat(tmp_path / "dev/nvidia-caps" / name).st_rdev) for name in ("nvidia-cap1",)} == {239}


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--uvm-major", "512"], "--uvm-major: '512' is not allowed: must be a whole number from 1 to 511"),
        (["--caps-major", "x"], "--caps-major: 'x' is not allowed: must be a whole number from 1 to 511"),
        (["--architecture", "i686"], "--architecture: 'i686' is not allowed: must be one of aarch64, x86_64"),
    ],
)
def test_bad_values(tmp_path, arguments, message):
    done = run("--host-root", str(tmp_path), *arguments)
    assert (done.returncode, done.stderr) == (2, f"gpu-mockctl: {message}\n")
    assert os.listdir(tmp_path) == []


def test_another_architecture(tmp_path):
    done = run("--host-root", str(tmp_path), "--device-files", "auto", "--gpu-count", "1", "--architecture", "aarch64")
    assert done.returncode == 0, done.stderr
    header = (tmp_path / "var/lib/nvidia-mock/driver/bin/nvidia-smi").read_bytes()[:20]
    assert header[:4] == b"\x7fELF" and header[18:20] == b"\xb7\x00"  # EM_AARCH64


@pytest.mark.parametrize("arguments", [["--device-name-strategy", "x"], ["--mode", "nvml", "--hook-mode", "x"]])
def test_the_flag_of_a_specification_is_named_as_it_is_written(tmp_path, arguments):
    done = run("cdi", "generate", "--host-root", str(tmp_path), *arguments)
    assert done.returncode == 2
    assert FLAG.findall(done.stderr)[0] in known_flags()
