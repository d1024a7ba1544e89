# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Whatever happens in whatever order, the kubelet's picture comes to be the node's."""

from __future__ import annotations

import shutil
import tempfile

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from plugin_support import MockNode, eventually

GPU = "nvidia.com/gpu"
COUNT = 3


class Life(RuleBasedStateMachine):
    """A node with three GPUs: the kubelet and the plugin come and go, faults too, containers are allocated."""

    def __init__(self):
        super().__init__()
        self.place = tempfile.mkdtemp(prefix="nvp")
        self.node = MockNode(self.place)
        self.faults = set()
        self.kubelet_runs = self.plugin_runs = False

    @initialize()
    def make(self):
        self.node.make("--gpu-count", str(COUNT))
        self.uuids = self.node.uuids

    @rule()
    def start_kubelet(self):
        self.node.kubelet.restart()
        self.kubelet_runs = True

    @precondition(lambda self: self.kubelet_runs)
    @rule()
    def stop_kubelet(self):
        self.node.kubelet.stop()
        self.kubelet_runs = False

    @precondition(lambda self: not self.plugin_runs)
    @rule()
    def start_plugin(self):
        self.node.plugin()
        self.plugin_runs = True

    @precondition(lambda self: self.plugin_runs)
    @rule()
    def stop_plugin(self):
        self.node.stop_plugin()
        self.plugin_runs = False
        # Else the invariant would take what is known of the old plugin for the next one's word.
        eventually(lambda: GPU not in self.node.kubelet.lists)

    @rule(index=st.integers(0, COUNT - 1))
    def toggle_fault(self, index):
        uuid = self.uuids[index]
        self.node.fault(uuid, None if uuid in self.faults else "set by the test")
        self.faults ^= {uuid}

    @precondition(lambda self: self.kubelet_runs and self.plugin_runs and len(self.faults) < COUNT)
    @rule(data=st.data())
    def allocate(self, data):
        healthy = sorted(set(self.uuids) - self.faults)
        chosen = data.draw(st.lists(st.sampled_from(healthy), min_size=1, unique=True))
        self.settled()
        preferred = self.node.kubelet.prefer(GPU, healthy, len(chosen))
        assert len(set(preferred)) == len(chosen) and set(preferred) <= set(healthy)
        devices = self.node.kubelet.allocate(GPU, *chosen).cdi_devices
        assert [device.name for device in devices] == [f"{GPU}={uuid}" for uuid in chosen]

    @invariant()
    def settled(self):
        if self.kubelet_runs and self.plugin_runs:
            wanted = {uuid: "Unhealthy" if uuid in self.faults else "Healthy" for uuid in self.uuids}
            eventually(lambda: self.node.kubelet.lists.get(GPU) == wanted)

    def teardown(self):
        self.node.close()
        shutil.rmtree(self.place)


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=12, stateful_step_count=12, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
