# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Which Jobs of the role in_cluster stay, and which nodes its machines choose."""

from __future__ import annotations

import hashlib
import json

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.nvmock.gpu.plugins.filter import ended_jobs, job_plan, machine_nodes
from ansible_collections.nvmock.gpu.plugins.plugin_utils.job import CONTENT, PART, ended, marked, plan, succeeded
from ansible_collections.nvmock.gpu.plugins.plugin_utils.node_selector import nodes_of


def job(name="one", part="smoke", image="a", status=None, **metadata):
    return {
        "metadata": {"name": name, "labels": {PART: part}, **metadata},
        "spec": {"image": image},
        "status": status,
    }


def there(wanted, status=None, **metadata):
    """The Job as the API server has it once it was created."""
    created = marked(wanted)
    return {**created, "metadata": {**created["metadata"], "uid": "1", **metadata}, "status": status}


ONE, TWO = job(), job("two")
GOOD = {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}
BAD = {"failed": 1, "conditions": [{"type": "Failed", "status": "True"}]}


def test_a_mark_is_the_checksum_of_the_content():
    one = {"metadata": {"annotations": {"x": "y"}, "name": "é"}, "spec": {"b": 1, "a": [None, True]}}
    found = marked(one)
    text = '{"metadata": {"annotations": {"x": "y"}, "name": "\\u00e9"}, "spec": {"a": [null, true], "b": 1}}'
    assert json.loads(text) == one
    assert found["metadata"]["annotations"] == {"x": "y", CONTENT: hashlib.sha256(text.encode()).hexdigest()}
    assert {**found, "metadata": {**found["metadata"], "annotations": {"x": "y"}}} == one


@pytest.mark.parametrize(
    "found, rerun, kept, stale, done",
    [
        pytest.param([], False, [], [], [], id="none is there"),
        pytest.param([there(ONE)], False, ["one"], [], [], id="it still runs"),
        pytest.param([there(ONE, GOOD)], False, ["one"], [], ["one"], id="it has succeeded"),
        pytest.param([there(ONE, GOOD)], True, [], ["one"], [], id="run it anew"),
        pytest.param([there(ONE, BAD)], False, [], ["one"], [], id="it has failed"),
        pytest.param([there(ONE, GOOD, deletionTimestamp="now")], False, [], ["one"], [], id="it is being deleted"),
        pytest.param([there(job(image="b"), GOOD)], False, [], ["one"], [], id="other content"),
        pytest.param([{**ONE, "status": GOOD}], False, [], ["one"], [], id="no mark"),
        pytest.param(
            [there(ONE, GOOD), there(TWO), there(job("old"))], False, ["one", "two"], ["old"], ["one"], id="more"
        ),
        pytest.param([there(job(part="verify"), GOOD)], False, [], [], [], id="another part"),
        pytest.param([{"metadata": {"name": "one", "labels": None}}], False, [], [], [], id="no label"),
    ],
)
def test_the_plan(found, rerun, kept, stale, done):
    made = job_plan.job_plan([ONE, TWO], found, ["smoke"], rerun)
    assert (made["kept"], made["stale"], made["done"]) == (kept, stale, done)
    assert made["wanted"] == [marked(ONE), marked(TWO)]
    assert [one["metadata"]["name"] for one in made["new"]] == [name for name in ("one", "two") if name not in kept]
    assert [one["metadata"]["name"] for one in made["found"]] == [*kept, *stale]
    assert made == plan([ONE, TWO], found, ["smoke"], rerun)
    assert made["missing"] == ([] if kept or stale else ["smoke"])
    assert set(made) == set(yaml.safe_load(job_plan.RETURN)["_value"]["contains"])


@pytest.mark.parametrize(
    "status, over",
    [
        (None, False),
        ({}, False),
        (GOOD, True),
        (BAD, True),
        ({"conditions": [{"type": "Complete", "status": "False"}]}, False),
        ({"conditions": [{"type": "Suspended", "status": "True"}]}, False),
    ],
)
def test_what_is_over(status, over):
    assert ended_jobs.ended_jobs([job(status=status)]) == ended([job(status=status)]) == (["one"] if over else [])
    well = ["one"] if status == GOOD else []
    assert ended_jobs.ended_jobs([job(status=status)], succeeded=True) == succeeded([job(status=status)]) == well


def test_a_job_is_over_with_its_pod():
    one = {**job(status=None), "spec": {"backoffLimit": 0}}
    one["metadata"] = {**one["metadata"], "uid": "1"}
    for phase, over, well in (("Running", [], []), ("Failed", ["one"], []), ("Succeeded", ["one"], ["one"])):
        pods = [{"metadata": {"ownerReferences": [{"kind": "Job", "uid": "1"}]}, "status": {"phase": phase}}]
        assert ended_jobs.ended_jobs([one], pods=pods) == over
        assert ended_jobs.ended_jobs([one], pods=pods, succeeded=True) == well


def node(name, **labels):
    return {"metadata": {"name": name, "labels": {"kubernetes.io/os": "linux", **labels}}}


NODES = [node("a", gpu="h100", zone="1"), node("b", gpu="h100"), node("c"), {"metadata": {"name": "d", "labels": None}}]


@pytest.mark.parametrize(
    "selector, names",
    [
        pytest.param({}, ["a", "b", "c"], id="each that runs Linux"),
        pytest.param(None, ["a", "b", "c"], id="none given"),
        pytest.param({"gpu": "h100"}, ["a", "b"], id="one label"),
        pytest.param({"gpu": "h100", "zone": "1"}, ["a"], id="both labels"),
        pytest.param({"gpu": "a100"}, [], id="another value"),
        pytest.param({"kubernetes.io/os": "windows"}, [], id="another system"),
    ],
)
def test_the_nodes_of_a_machine(selector, names):
    machines = [{"name": "one", "node_selector": selector}, {"name": "all"}]
    assert machine_nodes.machine_nodes(NODES, machines) == {"one": names, "all": ["a", "b", "c"]}
    assert nodes_of([], machines) == {"one": [], "all": []}


def test_what_the_filters_do_not_take():
    for words, door, given in [
        ("job_plan: the input is 'x'", job_plan.job_plan, ("x", [], ["smoke"])),
        ("job_plan: found is [1]", job_plan.job_plan, ([], [1], ["smoke"])),
        ("job_plan: parts is 'smoke'", job_plan.job_plan, ([], [], "smoke")),
        ("job_plan: rerun is 'no'", job_plan.job_plan, ([], [], ["smoke"], "no")),
        ("ended_jobs: the input is None", ended_jobs.ended_jobs, (None,)),
        ("ended_jobs: pods is 'x'", ended_jobs.ended_jobs, ([], "x")),
        ("ended_jobs: succeeded is 'no'", ended_jobs.ended_jobs, ([], [], "no")),
        ("machine_nodes: machines is {}", machine_nodes.machine_nodes, ([], {})),
    ]:
        with pytest.raises(AnsibleFilterError) as caught:
            door(*given)
        assert words in str(caught.value) and "must be" in str(caught.value)


@pytest.mark.parametrize("door", [ended_jobs, job_plan, machine_nodes])
def test_a_filter_has_its_own_name(door):
    name = door.__name__.rpartition(".")[2]
    assert yaml.safe_load(door.DOCUMENTATION)["name"] == name
    assert door.FilterModule().filters() == {name: getattr(door, name)}
