# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""However many programs follow the list of devices, the other calls are answered, and nothing of them stays."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import grpc
import pytest

from device_plugin import api
from device_plugin.service import MOST_STREAMS
from plugin_support import OPTIONS, ROOT, eventually

GPU = "nvidia.com/gpu"
SERVICE = "/v1beta1.DevicePlugin/"


class Follower:
    """A connection of its own with a ListAndWatch stream that is read as long as it lasts."""

    def __init__(self, path, reads=True):
        # Without its own pool of subchannels, grpc would share one connection between all channels.
        options = (*OPTIONS, ("grpc.use_local_subchannel_pool", 1))
        self._channel = grpc.insecure_channel("unix://" + path, options=options)
        follow = self._channel.unary_stream(
            SERVICE + "ListAndWatch", api.Empty.SerializeToString, api.ListAndWatchResponse.FromString
        )
        self._stream = follow(api.Empty())
        self.lists = 0
        self.ended = False
        if reads:
            threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            for _response in self._stream:
                self.lists += 1
        except grpc.RpcError:
            pass
        self.ended = True

    def close(self):
        self._channel.close()


@pytest.fixture
def follow():
    followers = []

    def start(path, count, reads=True):
        followers.extend(Follower(path, reads) for _number in range(count))
        return followers

    yield start
    for follower in followers:
        follower.close()


@pytest.fixture
def running(node):
    node.make("--gpu-count", "2").kubelet.start()
    node.plugin()
    eventually(lambda: len(node.kubelet.healthy()) == 2)
    return node


def allocated_within_a_second(node):
    start = time.monotonic()
    devices = node.kubelet.allocate(GPU, node.uuids[0]).cdi_devices
    assert time.monotonic() - start < 1
    return len(devices) == 1


@pytest.mark.parametrize("count", [8, 40])
def test_open_streams_do_not_delay_an_allocation(running, follow, count):
    followers = follow(os.path.join(running.plugins, "nvmock-gpu.sock"), count)
    eventually(lambda: all(follower.lists or follower.ended for follower in followers))
    assert allocated_within_a_second(running)
    open_ones = [follower for follower in followers if not follower.ended]
    assert len(open_ones) <= MOST_STREAMS
    # The list is also sent to those that stay.
    running.fault(running.uuids[0], "set by the test")
    eventually(lambda: running.kubelet.healthy() == [running.uuids[1]])
    eventually(lambda: all(follower.lists > 1 or follower.ended for follower in open_ones))


def test_the_oldest_stream_ends_and_the_kubelet_is_registered_with_again(running, follow):
    followers = follow(os.path.join(running.plugins, "nvmock-gpu.sock"), MOST_STREAMS)
    # The kubelet's stream was the oldest.
    eventually(lambda: len(running.kubelet.registered) == 2)
    eventually(lambda: len(running.kubelet.healthy()) == 2)
    eventually(lambda: sum(follower.ended for follower in followers) == 1)
    time.sleep(0.3)
    assert len(running.kubelet.registered) == 2


def test_a_stream_of_another_program_that_ends_is_no_reason_to_register_again(running, follow):
    followers = follow(os.path.join(running.plugins, "nvmock-gpu.sock"), 5)
    eventually(lambda: all(follower.lists for follower in followers))
    for follower in followers:
        follower.close()
    eventually(lambda: all(follower.ended for follower in followers))
    time.sleep(0.3)
    assert len(running.kubelet.registered) == 1


def test_streams_that_nobody_reads_do_not_delay_an_allocation(node, follow):
    """A list of thousands of shares does not fit a connection's window: sending it waits for the reader."""
    node.make("--gpu-count", "8").kubelet.start()
    node.plugin("--time-slicing", f"{GPU}=1000")
    eventually(lambda: len(node.kubelet.healthy()) == 8000)
    follow(os.path.join(node.plugins, "nvmock-gpu.sock"), 40, reads=False)
    time.sleep(0.5)
    start = time.monotonic()
    node.kubelet.allocate(GPU, f"{node.uuids[0]}::7")
    assert time.monotonic() - start < 1


def test_nothing_stays_of_streams_that_have_ended(node, follow):
    def look(process):
        with open(f"/proc/{process.pid}/statm", encoding="ascii") as file:
            pages = int(file.read().split()[1])
        return pages * os.sysconf("SC_PAGESIZE"), len(os.listdir(f"/proc/{process.pid}/fd"))

    def round_of_streams():
        followers = follow(path, 40)
        eventually(lambda: all(follower.lists or follower.ended for follower in followers))
        for follower in followers:
            follower.close()
        followers.clear()

    node.make("--gpu-count", "2").kubelet.start()
    command = [sys.executable, os.path.join(ROOT, "bin", "gpu-mock-device-plugin"), "--host-root", node.host_root]
    with subprocess.Popen([*command, "--plugin-directory", node.plugins], stderr=subprocess.DEVNULL) as process:
        path = os.path.join(node.plugins, "nvmock-gpu.sock")
        eventually(lambda: node.kubelet.registered)
        descriptors = look(process)[1]
        round_of_streams()  # threads of the pool and buffers of the allocator come with the first streams
        memory = look(process)[0]
        for _number in range(5):
            round_of_streams()
        # The kubelet's own stream may have ended among the others: then it comes back.
        eventually(lambda: look(process)[1] <= descriptors + 1)
        assert look(process)[0] < memory + 8 * 1024 * 1024
        process.terminate()
