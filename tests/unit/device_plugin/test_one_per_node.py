# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""On a node, device plugins or one DRA driver offer the GPUs; the second names the first."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from device_plugin.kubelet_directory import DirectoryError, must_be_writable
from device_plugin.one_per_node import Seat
from plugin_support import ROOT, eventually

HOLD = """
import signal, sys
from device_plugin.one_per_node import Seat
seat = Seat(sys.argv[1], sys.argv[2] == "dra")
print("held" if seat.take() == "" else "refused", flush=True)
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
def test_the_second_names_the_first_and_takes_over(tmp_path, hold, first, second, name):
    process = hold(first)
    seat = Seat(str(tmp_path), second == "dra", pause=0.3)
    wanted = f"{name} offers the GPUs of this node: stop it, or run only one of the two here"
    assert seat.take() == wanted
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert seat.take() == wanted, "it may only restart"
    ended = time.monotonic()
    eventually(lambda: seat.take() == "", 5)
    assert time.monotonic() - ended > 0.2
    assert seat.take() == "" and os.listdir(tmp_path) == []
    seat.leave()


def test_a_first_that_only_restarts_stays_the_first(tmp_path, hold):
    process = hold("plugin")
    seat = Seat(str(tmp_path), True, pause=60)
    assert seat.take()
    process.kill()
    process.wait()
    assert seat.take()
    hold("plugin")
    assert "gpu-mock-device-plugin" in seat.take()


def test_device_plugins_of_different_resources_run_together(tmp_path, hold):
    hold("plugin")
    seat = Seat(str(tmp_path), False)
    assert seat.take() == ""
    seat.leave()


def test_a_plugin_waits_for_the_driver_of_its_node(node, said, monkeypatch):
    monkeypatch.setattr("device_plugin.plugin.Seat", lambda *given, **named: Seat(*given, **named, pause=0.1))
    driver = Seat(node.plugins, True)
    assert driver.take() == ""
    node.make("--gpu-count", "2").kubelet.start()
    node.plugin()
    eventually(lambda: "waiting: gpu-mock-dra-driver offers the GPUs of this node: stop it" in said())
    assert node.kubelet.registered == []
    driver.leave()
    eventually(lambda: len(node.kubelet.healthy()) == 2)
    assert "Traceback" not in said()


def test_a_directory_that_does_not_exist(tmp_path):
    with pytest.raises(DirectoryError) as caught:
        must_be_writable(f"{tmp_path}/plugins", "--kubelet-directory")
    assert str(caught.value) == (
        f"{tmp_path}/plugins does not exist: mount the kubelet's plugins directory there, or set --kubelet-directory"
    )
