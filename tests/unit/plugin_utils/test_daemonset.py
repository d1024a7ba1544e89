# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""When a DaemonSet is rolled out, for the roles in_cluster and device_plugin alike."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.nvmock.gpu.plugins.filter import rolled_out_daemonsets as door
from ansible_collections.nvmock.gpu.plugins.plugin_utils.daemonset import names_of_rolled_out, rolled_out


def daemonset(name="one", generation=1, **status):
    return {"metadata": {"name": name, "generation": generation}, "status": status}


def of(number, observed=1, **other):
    """The status when all goes well on *number* nodes, but for *other*."""
    numbers = dict.fromkeys(("desiredNumberScheduled", "updatedNumberScheduled", "numberReady"), number)
    return {"observedGeneration": observed, **numbers, **other}


@pytest.mark.parametrize(
    "one, anywhere, on_two",
    [
        pytest.param(daemonset(**of(2)), True, True, id="ready on two"),
        pytest.param(daemonset(**of(3)), True, False, id="ready on three"),
        pytest.param(daemonset(**of(2, numberReady=1)), False, False, id="a pod is not ready"),
        pytest.param(daemonset(**of(2, updatedNumberScheduled=1)), False, False, id="a pod of an old template"),
        pytest.param(daemonset(generation=2, **of(2)), False, False, id="the status is an old one"),
        pytest.param(daemonset(generation=2, **of(2, observed=2)), True, True, id="the second template"),
        pytest.param(daemonset(**of(0)), False, False, id="on no node"),
        pytest.param(daemonset(), False, False, id="no status yet"),
        pytest.param({"metadata": {"name": "one", "generation": 1}}, False, False, id="no status at all"),
    ],
)
def test_rolled_out(one, anywhere, on_two):
    assert (rolled_out(one), rolled_out(one, 2)) == (anywhere, on_two)


def test_the_names_of_those_that_are():
    found = [daemonset("b", **of(1)), daemonset("a", **of(2)), daemonset("c", **of(1, numberReady=0))]
    assert names_of_rolled_out(found) == door.rolled_out_daemonsets(found) == ["b", "a"]
    assert door.FilterModule().filters()["rolled_out_daemonsets"](found, nodes={"a": 2, "b": 2, "c": 1}) == ["a"]
    assert names_of_rolled_out(found, {"a": 2}) == ["a"]


@pytest.mark.parametrize("words, given_", [("the input is {}", ({},)), ("nodes is 2", ([], 2))])
def test_what_the_filter_does_not_take(words, given_):
    with pytest.raises(AnsibleFilterError) as caught:
        door.rolled_out_daemonsets(*given_)
    assert words in str(caught.value) and "must be" in str(caught.value)
