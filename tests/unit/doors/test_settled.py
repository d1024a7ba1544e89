# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""When nvmock_objects_info stops waiting: Jobs by their conditions or their pods, DaemonSets by their pods, and failures at once."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.nvmock.gpu.plugins.filter.pod_phase import pod_phase
from ansible_collections.nvmock.gpu.plugins.module_utils.errors import NvmockError
from ansible_collections.nvmock.gpu.plugins.module_utils.module import objects_info
from ansible_collections.nvmock.gpu.plugins.module_utils.module.settled import outcome, wait_is_over

COMPLETE = {"conditions": [{"type": "Complete", "status": "True"}]}
FAILED = {"conditions": [{"type": "Failed", "status": "True"}]}


def job(status=None, **spec):
    return {"metadata": {"name": "job", "uid": "1"}, "spec": {"backoffLimit": 0, **spec}, "status": status or {}}


def pod(phase, uid="1", kind="Job", **more):
    return {"metadata": {"ownerReferences": [{"kind": kind, "uid": uid}]}, "status": {"phase": phase}, **more}


def at_its_end(*exits, policy="Never", containers=None):
    """A pod of which the kubelet has not said yet that it has ended."""
    states = [{"running": {}} if status is None else {"terminated": {"exitCode": status}} for status in exits]
    spec = {"restartPolicy": policy, "containers": [{}] * (len(exits) if containers is None else containers)}
    one = pod("Running", spec=spec)
    return {**one, "status": {**one["status"], "containerStatuses": [{"state": state} for state in states]}}


def daemonset(ready):
    return {
        "metadata": {"name": "set", "generation": 2},
        "status": {
            "observedGeneration": 2,
            "desiredNumberScheduled": 2,
            "updatedNumberScheduled": 2,
            "numberReady": ready,
        },
    }


@pytest.mark.parametrize(
    ("one", "pods", "wanted"),
    [
        pytest.param(job(), [at_its_end(0)], True, id="its container has ended, and the kubelet will say so"),
        pytest.param(job(), [at_its_end(0, 1)], False, id="one of its containers has failed"),
        pytest.param(job(), [], None, id="it has no pod yet"),
        pytest.param(job(), [pod("Running")], None, id="its pod runs"),
        pytest.param(job(), [pod("Succeeded")], True, id="its pod has succeeded"),
        pytest.param(job(), [pod("Failed")], False, id="its pod has failed"),
        pytest.param(job(), [pod("Failed"), pod("Succeeded")], True, id="another pod has succeeded"),
        pytest.param(job(), [pod("Succeeded", uid="2")], None, id="the pod of an earlier Job of the name"),
        pytest.param(job(), [{"metadata": {}}], None, id="a pod of nobody"),
        pytest.param(job(backoffLimit=6), [pod("Failed")], None, id="another pod will be tried"),
        pytest.param(job(completions=2), [pod("Succeeded")], None, id="it needs two pods"),
        pytest.param(job(COMPLETE), [], True, id="complete"),
        pytest.param(job({"succeeded": 1}), [], True, id="counted as succeeded"),
        pytest.param(job(FAILED), [], False, id="failed"),
    ],
)
def test_the_outcome_of_a_job(one, pods, wanted):
    assert outcome(one, pods) is wanted


@pytest.mark.parametrize(
    ("objects", "wanted"),
    [
        ([], True),
        ([("Node", {}), ("Namespace", {})], True),
        ([("Job", job())], False),
        ([("Job", job(COMPLETE))], True),
        ([("Job", job()), ("Pod", pod("Succeeded"))], True),
        ([("Job", job()), ("Pod", pod("Running"))], False),
        ([("Job", job(FAILED)), ("Job", job())], True),
        ([("Job", job(FAILED)), ("DaemonSet", daemonset(0))], True),
        ([("DaemonSet", daemonset(1))], False),
        ([("DaemonSet", daemonset(2))], True),
        ([("DaemonSet", daemonset(2)), ("Pod", pod("Running", kind="DaemonSet"))], True),
        ([("Pod", pod("Pending", kind="ReplicaSet"))], False),
    ],
)
def test_the_end_of_a_wait(objects, wanted):
    assert wait_is_over([kind for kind, _one in objects], [[one] for _kind, one in objects]) is wanted


class Cluster:
    """An API server whose Job ends after some questions about it, and which does not answer some of them."""

    def __init__(self, ends_after, silent=()):
        self.asked, self._ends_after, self._silent = [], ends_after, silent

    def answer(self, query):
        self.asked.append((query["kind"], query["logs"]))
        number = [kind for kind, _logs in self.asked].count(query["kind"])
        if query["kind"] == "Job" and number in self._silent:
            raise NvmockError("no answer")
        if query["kind"] == "Pod":
            return [pod("Succeeded", uid="2", logs={"one": []})] if query["logs"] else []
        return [job(COMPLETE if number > self._ends_after else None)] if query["kind"] == "Job" else []


QUERIES = [{"kind": "Node", "logs": False}, {"kind": "Job", "logs": False}, {"kind": "Pod", "logs": True}]


def test_a_wait_asks_again_for_what_can_end_and_for_logs_once():
    server = Cluster(ends_after=3)
    found, in_time = objects_info.answers(server, QUERIES, 30)
    assert in_time and found[1] == [job(COMPLETE)] and found[2][0]["logs"] == {"one": []}
    assert server.asked.count(("Node", False)) == 1
    assert server.asked.count(("Job", False)) == 4
    assert server.asked.count(("Pod", True)) == 1


def test_without_a_wait_everything_is_asked_once():
    server = Cluster(ends_after=3)
    _found, in_time = objects_info.answers(server, QUERIES, 0)
    assert not in_time and server.asked == [("Node", False), ("Job", False), ("Pod", True)]


def test_the_time_is_over():
    found, in_time = objects_info.answers(Cluster(ends_after=100), QUERIES, 1)
    assert not in_time and found[1] == [job()]


def test_a_server_may_be_silent_while_waiting():
    found, in_time = objects_info.answers(Cluster(ends_after=3, silent=(2, 3)), QUERIES, 30)
    assert in_time and found[1] == [job(COMPLETE)]
    with pytest.raises(NvmockError, match="no answer"):
        objects_info.answers(Cluster(ends_after=100, silent=range(2, 100)), QUERIES, 1)


@pytest.mark.parametrize(
    ("one", "wanted"),
    [
        pytest.param({}, "", id="there is no pod"),
        pytest.param(pod("Pending"), "Pending", id="it has no container yet"),
        pytest.param(at_its_end(), "Running", id="no container is known"),
        pytest.param(at_its_end(0, None), "Running", id="one container runs"),
        pytest.param(at_its_end(0, containers=2), "Running", id="one container has no status yet"),
        pytest.param(at_its_end(0, policy="OnFailure"), "Running", id="it could be restarted"),
        pytest.param(at_its_end(0, 0), "Succeeded", id="all have ended well"),
        pytest.param(at_its_end(137, 0), "Failed", id="one was killed"),
        pytest.param(pod("Failed"), "Failed", id="the kubelet has ended it"),
    ],
)
def test_the_phase_that_a_pod_gets(one, wanted):
    assert pod_phase(one) == wanted


def test_what_is_no_pod_has_no_phase():
    with pytest.raises(AnsibleFilterError, match="must be a Pod"):
        pod_phase("gpu-demo")
