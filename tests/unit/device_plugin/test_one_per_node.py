# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""On a node, device plugins or one DRA driver offer the GPUs; the second names the first."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from device_plugin.kubelet_directory import DirectoryError, must_be_writable
from device_plugin.one_per_node import OccupiedError, occupy
from plugin_support import ROOT

HOLD = """
import signal, sys
from device_plugin.one_per_node import occupy
occupy(sys.argv[1], sys.argv[2] == "dra", 0)
print("held", flush=True)
signal.pause()
"""


@pytest.fixture
def hold(tmp_path):
    """Start another process that offers GPUs."""
    started = []

    def start(kind):
        command = [sys.executable, "-c", HOLD, str(tmp_path), kind]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize(
    "first, second, name",
    [
        ("plugin", "dra", "gpu-mock-device-plugin"),
        ("dra", "plugin", "gpu-mock-dra-driver"),
        ("dra", "dra", "gpu-mock-dra-driver"),
    ],
)
def test_the_second_names_the_first(tmp_path, hold, first, second, name):
    process = hold(first)
    with pytest.raises(OccupiedError) as caught:
        occupy(str(tmp_path), second == "dra", 0.1)
    assert str(caught.value) == f"{name} offers the GPUs of this node: stop it, or run only one of the two here"
    process.send_signal(signal.SIGKILL)
    process.wait()
    os.close(occupy(str(tmp_path), second == "dra", 0))
    assert os.listdir(tmp_path) == []


def test_device_plugins_of_different_resources_run_together(tmp_path, hold):
    hold("plugin")
    os.close(occupy(str(tmp_path), False, 0))


def test_one_that_is_just_ending_is_waited_for(tmp_path, hold):
    process = hold("plugin")
    process.send_signal(signal.SIGTERM)
    os.close(occupy(str(tmp_path), True, 30))


def test_a_refused_device_plugin_is_one_line(tmp_path, hold, monkeypatch, capfd):
    from device_plugin import command

    hold("dra")
    monkeypatch.setattr("device_plugin.command.occupy", lambda directory, exclusive: occupy(directory, exclusive, 0))
    assert command.main(["--plugin-directory", str(tmp_path)]) == 1
    assert capfd.readouterr().err == (
        "gpu-mock-device-plugin: gpu-mock-dra-driver offers the GPUs of this node: stop it, or run only one of the two here\n"
    )


def test_a_directory_that_does_not_exist(tmp_path):
    with pytest.raises(DirectoryError) as caught:
        must_be_writable(f"{tmp_path}/plugins", "--kubelet-directory")
    assert str(caught.value) == (
        f"{tmp_path}/plugins does not exist: mount the kubelet's plugins directory there, or set --kubelet-directory"
    )
