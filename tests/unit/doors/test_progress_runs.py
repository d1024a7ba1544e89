# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The callback progress in real runs of Ansible: `make up` of a local node, and failures of every kind."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time

import pytest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
UP = os.path.join(ROOT, "playbooks", "gpu_mock.yml")
MORE = "To see every task, add -v (make up ARGS=-v)."


def ansible(place, *arguments, callback="nvmock.gpu.progress"):
    """Run ansible-playbook in the directory *place*; returns (exit status, lines)."""
    environment = {**os.environ, "ANSIBLE_STDOUT_CALLBACK": callback, "PWD": str(place), "NO_COLOR": "1"}
    environment["ANSIBLE_CONFIG"] = os.path.join(ROOT, "ansible.cfg")
    environment["ANSIBLE_COLLECTIONS_PATH"] = os.path.join(ROOT, ".build")
    command = [sys.executable, "-m", "ansible.cli.playbook", "-e", "gpu_mock_provider=local", *map(str, arguments)]
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines()


def test_a_run_fits_the_terminal(tmp_path):
    files = "-e", "gpu_node_device_files=auto"
    for closing in ("Changed: node", "Nothing was changed."):
        status, lines = ansible(tmp_path, UP, *files)
        assert status == 0 and len(lines) <= 40 and max(map(len, lines)) <= 80, lines
        assert lines[0] == "Provider local, as requested"
        assert re.fullmatch(r"Nodes +[0-9.]+ s", lines[1]) and re.match(r"Mock GPUs +[0-9.]+ s", lines[2])
        assert re.match(rf"Done in [0-9.]+ s\. {re.escape(closing)}", lines[-1])
        assert any("ALL CHECKS PASSED" in line for line in lines)
    # What it says to try works, in a directory with a blank in its name as well.
    start = next(number for number, line in enumerate(lines) if "NVMOCK_DEV" in line)
    if os.geteuid() == 0:
        listed = subprocess.run(
            "\n".join(lines[start : start + 2]), shell=True, cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert listed.stdout.count("GPU-") == 8


def test_a_node_that_fails_ends_the_run(tmp_path):
    nodes = (
        '{"gpu_mock_nodes": [{"name": "good"}, {"name": "bad", "vars": {"gpu_node_gpu_count": 65}}, {"name": "other"}]}'
    )
    start = time.monotonic()
    status, lines = ansible(tmp_path, UP, "-e", nodes)
    assert status == 2 and time.monotonic() - start < 60
    at = next(number for number, line in enumerate(lines) if line.startswith("FAILED on bad"))
    assert re.fullmatch(r"FAILED on bad after [0-9.]+ s, in Mock GPUs: Create or remove the mock GPUs", lines[at])
    assert lines[at + 1 :] == ["gpu_count: 65 is not allowed: must be a whole number from 1 to 64", MORE]


@pytest.mark.parametrize(
    "arguments, reason",
    [
        (
            ["-e", "gpu_mock_providr=kind"],
            "gpu_mock_providr: there is no such variable: did you mean gpu_mock_provider?",
        ),
        (["-e", "gpu_machine=dgxh100"], "gpu_machine: there is no such variable: did you mean gpu_node_machine?"),
        (["--tags", "gpu"], "--tags: gpu is not allowed: must be some of gpus, image, checks, pods"),
        (["-e", "gpu_mock_provider=kindd"], "gpu_mock_provider: 'kindd' is not allowed: must be auto, kind or local"),
        (["-e", '{"gpu_mock_nodes": [{"name": "a/b"}]}'], "gpu_mock_nodes: {'name': 'a/b'} is not allowed"),
    ],
)
def test_bad_input(tmp_path, arguments, reason):
    status, lines = ansible(tmp_path, UP, *arguments)
    assert status == 2 and lines[-1] == MORE and lines[-2].startswith(reason), lines
    assert os.listdir(tmp_path) == []


def test_tags_and_limit(tmp_path):
    nodes = "-e", '{"gpu_mock_nodes": [{"name": "one"}, {"name": "two"}]}'
    status, lines = ansible(tmp_path, UP, *nodes, "--tags", "gpus", "--limit", "localhost,two")
    assert status == 0 and os.listdir(tmp_path / ".gpu-mock") == ["two"]
    assert any(line.startswith("two: dgxa100") for line in lines)
    status, lines = ansible(tmp_path, UP, *nodes, "--limit", "one")
    assert status != 0 and os.listdir(tmp_path / ".gpu-mock") == ["two"]


PLAY = """
- name: A play
  hosts: localhost
  gather_facts: false
  tasks:
    - name: With a rescue
      block:
        - name: Fails and is rescued
          ansible.builtin.fail: {msg: not to be shown}
      rescue:
        - name: Rescue
          ansible.builtin.debug: {msg: rescued}
    - name: Ignored
      ansible.builtin.fail: {msg: not to be shown}
      ignore_errors: true
    - name: Quiet
      ansible.builtin.debug: {msg: not to be shown}
      vars: {gpu_mock_quiet: true}
    - name: In a loop
      ansible.builtin.debug: {msg: "number {{ item }}"}
      loop: [1, 2]
    - name: A variable
      ansible.builtin.debug: {var: inventory_hostname}
    - name: A block whose rescue fails
      block:
        - name: Fails first
          ansible.builtin.fail: {msg: not to be shown}
      rescue:
        - name: Fails with the reason
          ansible.builtin.fail: {msg: the reason}
"""


def test_what_is_shown(tmp_path):
    (tmp_path / "play.yml").write_text(PLAY)
    status, lines = ansible(tmp_path, "play.yml")
    assert status == 2
    assert lines[:3] == ["rescued", "number 1", "number 2"] and re.match("A play +[0-9.]+ s", lines[3])
    assert re.fullmatch("FAILED on localhost after [0-9.]+ s, in A play: Fails with the reason", lines[4])
    assert lines[5:] == ["the reason", MORE]
    status, verbose = ansible(tmp_path, "play.yml", "-v")
    assert any(line.startswith("TASK [Quiet]") for line in verbose) and any(
        line.startswith("PLAY RECAP") for line in verbose
    )


def test_a_terminal(tmp_path):
    """On a terminal a line changes, and nothing stays of what it showed before."""
    if shutil.which("script") is None:
        pytest.skip("script(1) is not installed")
    (tmp_path / "play.yml").write_text(PLAY[: PLAY.index("    - name: A block whose")])
    environment = {**os.environ, "ANSIBLE_STDOUT_CALLBACK": "nvmock.gpu.progress", "NO_COLOR": "1"}
    environment["ANSIBLE_COLLECTIONS_PATH"] = os.path.join(ROOT, ".build")
    environment["ANSIBLE_CONFIG"] = os.path.join(ROOT, "ansible.cfg")
    command = f"stty columns 70; {sys.executable} -m ansible.cli.playbook play.yml"
    done = subprocess.run(
        ["script", "-qec", command, "/dev/null"],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    lines = [line.rpartition("\x1b[K")[2].strip("\r") for line in done.stdout.decode().split("\n")]
    shown = [line for line in lines if line and "WARNING" not in line]
    assert shown[:3] == ["rescued", "number 1", "number 2"] and re.fullmatch("A play +[0-9.]+ s", shown[3])
    assert shown[4].startswith("Done in ")
