# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Misspelt variables are told, with the nearest right name; the collection's own names and the user's own are not."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.filter.within_limit import within_limit
from ansible_collections.nvmock.gpu.plugins.plugin_utils import variables

EVERY = [(role, name) for role in variables.roles() for name in sorted(variables.options(role))]


def test_every_role_has_options():
    assert {role for role, _name in EVERY} == set(variables.roles())
    assert len(EVERY) > 150
    assert ("gpu_mock", "gpu_mock_nodes") in EVERY and ("gpu_mock", "gpu_mock_provider") in EVERY


@pytest.mark.parametrize("role", variables.roles())
def test_a_right_name_and_a_result_are_let_through(role):
    names = variables.options(role) | variables._own_names(role)
    assert variables.misspelt(names, role) == []
    assert variables.unknown(names) == []


def test_results_are_own_names():
    assert {"gpu_node_result", "gpu_node_devices", "gpu_node_cdi_spec"} <= variables._own_names("gpu_node")
    assert {"kind_cluster_result", "kind_cluster_node"} <= variables._own_names("kind_cluster")


@pytest.mark.parametrize(
    "given, wanted",
    [
        ("gpu_node_gpu_cuont", "gpu_node_gpu_count"),
        ("gpu_node_machien", "gpu_node_machine"),
        ("gpu_machine", "gpu_node_machine"),
        ("gpu_mock_providr", "gpu_mock_provider"),
        ("kind_cluster_nmae", "kind_cluster_name"),
        ("device_plugin_lables", "device_plugin_labels"),
        ("in_cluster_machine", "in_cluster_machines"),
        ("mockctl_image_engin", "mockctl_image_engine"),
        ("container_runtime_name", "container_runtime_names"),
    ],
)
def test_a_misspelt_name(given, wanted):
    line = f"{given}: there is no such variable: did you mean {wanted}?"
    assert variables.unknown([given, wanted, "region"]) == [line]
    role = next((role for role in variables.roles() if given.startswith(role + "_")), None)
    if role:
        assert variables.misspelt([given, wanted, "region"], role) == [line]


def test_a_name_that_is_near_to_none():
    """In an inventory it may be the user's own. With -e, a name with the prefix of a role is meant for the role."""
    assert variables.misspelt(["gpu_node_rack"], "gpu_node") == []
    assert variables.unknown(["rack", "ansible_user"]) == []
    [line] = variables.unknown(["gpu_node_rack"])
    assert (
        line
        == "gpu_node_rack: there is no such variable: 'ansible-doc -t role nvmock.gpu.gpu_node' lists those that there are"
    )
    [line] = variables.unknown(["gpu_mock_rack"])
    assert "docs/reference.md" in line


@given(data=st.data())
@settings(deadline=None)
def test_two_letters_in_the_wrong_order(data):
    role, name = data.draw(st.sampled_from([one for one in EVERY if len(one[1]) > len(one[0]) + 9]))
    at = data.draw(st.integers(len(role) + 1, len(name) - 2))
    wrong = name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    if wrong not in variables.options(role):
        [line] = variables.misspelt([wrong], role)
        assert line.startswith(f"{wrong}: there is no such variable: did you mean {role}_")


@pytest.mark.parametrize(
    "limit", ["", "localhost", "localhost,node", "all", "all:!node", "local*", "!node", "*", "@hosts", "~l.*"]
)
def test_a_limit_with_the_host(limit):
    assert within_limit("localhost", limit) == "localhost"


@pytest.mark.parametrize("limit", ["node", "node,other", "!localhost", "all:!localhost", "gpu_mock_nodes"])
def test_a_limit_without_the_host(limit):
    with pytest.raises(AnsibleFilterError, match=f"--limit {limit} leaves out localhost"):
        within_limit("localhost", limit)
