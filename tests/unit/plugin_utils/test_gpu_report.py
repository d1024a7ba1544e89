# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the report counts: offers, requests of pods as the scheduler counts them, and what is wrong."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.filter.gpu_report import gpu_report

GPU = "nvidia.com/gpu"


def node(name, capacity="8", allocatable=None, ready="True"):
    counts = {GPU: capacity, "cpu": "4", "nvidia.com/gone": "0"}
    return {
        "metadata": {"name": name},
        "status": {
            "capacity": counts,
            "allocatable": {**counts, GPU: capacity if allocatable is None else allocatable},
            "conditions": [{"type": "Ready", "status": ready}],
        },
    }


def pod(name, on, *counts, inits=(), phase="Running", labels=None, sidecars=()):
    def container(count):
        return {"resources": {"limits": {GPU: str(count), "cpu": "1"}} if count else {}}

    return {
        "metadata": {"namespace": "ns", "name": name, "labels": labels or {}},
        "spec": {
            "nodeName": on,
            "containers": [container(count) for count in counts],
            "initContainers": [container(count) for count in inits]
            + [{**container(count), "restartPolicy": "Always"} for count in sidecars],
        },
        "status": {"phase": phase, "conditions": [{"type": "Ready", "status": "True"}]},
    }


def plugin(on, ready="True", restarts=0):
    made = pod(f"plugin-{on}", on, labels={"app.kubernetes.io/name": "gpu-mock-device-plugin"})
    made["status"]["conditions"] = [{"type": "Ready", "status": ready}]
    made["status"]["containerStatuses"] = [{"restartCount": restarts}]
    return made


def test_a_cluster():
    nodes = [node("b"), node("a"), {"metadata": {"name": "bare"}, "status": {"conditions": []}}]
    pods = [
        plugin("a"),
        plugin("b"),
        pod("two", "a", 1, 1),
        pod("ended", "a", 4, phase="Succeeded"),
        pod("none", "a", 0),
    ]
    pods.append(
        {"metadata": {"namespace": "ns", "name": "pending"}, "spec": {"containers": []}, "status": {"phase": "Pending"}}
    )
    found = gpu_report(nodes, pods)
    counts = {"offered": 8, "allocated": 2, "free": 6, "unhealthy": 0}
    assert found["nodes"] == {
        "a": {"ready": True, "plugin": "ready", "resources": {GPU: counts}},
        "b": {"ready": True, "plugin": "ready", "resources": {GPU: {**counts, "allocated": 0, "free": 8}}},
    }
    assert found["pods"] == [{"namespace": "ns", "name": "two", "node": "a", "phase": "Running", "resources": {GPU: 2}}]
    assert found["problems"] == []
    assert gpu_report(nodes, pods, text=True) == [
        "a: ready, device plugin ready",
        "  nvidia.com/gpu: 8 offered, 2 allocated, 6 free",
        "    ns/two (Running): 2 nvidia.com/gpu",
        "b: ready, device plugin ready",
        "  nvidia.com/gpu: 8 offered, 0 allocated, 8 free",
        "Health: no problems",
    ]


@pytest.mark.parametrize(
    "nodes, pods, words",
    [
        ([node("a", ready="False")], [plugin("a")], "a: the node is not ready"),
        ([node("a")], [plugin("a", ready="False", restarts=3)], "a: the device plugin is not ready"),
        ([node("a", allocatable="6")], [plugin("a")], "a: 2 nvidia.com/gpu unhealthy"),
        ([node("a", allocatable="1")], [plugin("a"), pod("x", "a", 2)], "a: pods have 2 nvidia.com/gpu, but 1 offered"),
    ],
)
def test_a_problem(nodes, pods, words):
    problems = gpu_report(nodes, pods)["problems"]
    assert any(problem.startswith(words) for problem in problems)
    assert f"PROBLEM {problems[0]}" in gpu_report(nodes, pods, text=True)


def test_init_containers_and_sidecars():
    """The largest init container, or the sum of the others: whichever is larger."""
    [found] = gpu_report([node("a")], [pod("x", "a", 1, 1, inits=[3, 1])])["pods"]
    assert found["resources"] == {GPU: 3}
    [found] = gpu_report([node("a")], [pod("x", "a", 1, 1, inits=[1], sidecars=[2])])["pods"]
    assert found["resources"] == {GPU: 4}


def test_nothing():
    assert gpu_report([], []) == {"nodes": {}, "pods": [], "problems": []}
    assert gpu_report([], [], text=True) == ["No node offers anything of nvidia.com.", "Health: no problems"]


@given(st.lists(st.lists(st.integers(0, 9), max_size=3), max_size=5))
def test_the_sum_of_the_pods_is_what_is_allocated(counts):
    pods = [pod(f"p{number}", "a", *each) for number, each in enumerate(counts)]
    found = gpu_report([node("a")], pods)
    assert found["nodes"]["a"]["resources"][GPU]["allocated"] == sum(map(sum, counts))
    assert sum(one["resources"][GPU] for one in found["pods"]) == sum(map(sum, counts))


@pytest.mark.parametrize("nodes, pods", [("text", []), ([], {}), ([1], [])])
def test_what_the_filter_does_not_take(nodes, pods):
    with pytest.raises(AnsibleFilterError, match="must be a list of dictionaries"):
        gpu_report(nodes, pods)
