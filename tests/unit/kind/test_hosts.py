# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""kind's configuration, the inventory hosts, the wait and the derived image: filters of the role kind_cluster."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.filter import (
    kind_cluster_config,
    kind_cluster_hosts,
    kind_cluster_not_ready,
    kind_derived_image,
)
from ansible_collections.nvmock.gpu.plugins.module_utils.kind_cluster import containers
from ansible_collections.nvmock.gpu.plugins.plugin_utils import kind_cluster, node_image

CONTROL, WORKER = {"role": "control-plane"}, {"role": "worker"}


def test_the_roles_are_those_of_the_module():
    assert kind_cluster.ROLES == containers.ROLES


# kind's configuration


@pytest.mark.parametrize(
    "nodes, more, fields",
    [
        pytest.param([CONTROL], {}, {"nodes": [CONTROL]}, id="one"),
        pytest.param(
            [{**CONTROL, "name": "first", "labels": {}, "host_vars": {"x": 1}}, {**WORKER, "labels": {"a": "b"}}],
            {},
            {"nodes": [CONTROL, {**WORKER, "labels": {"a": "b"}}]},
            id="labels, and nothing of the inventory",
        ),
        pytest.param(
            [{**CONTROL, "config": {"extraMounts": [1]}}, {**WORKER, "labels": None, "config": None}],
            {"networking": {"ipFamily": "ipv6"}, "name": "other"},
            {"nodes": [{**CONTROL, "extraMounts": [1]}, WORKER], "networking": {"ipFamily": "ipv6"}, "name": "other"},
            id="more fields",
        ),
    ],
)
def test_config(nodes, more, fields):
    expected = {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", "name": "gpus", **fields}
    made = kind_cluster_config.kind_cluster_config(nodes, "gpus", more)
    [kubelet] = made.pop("kubeadmConfigPatches")
    assert made == expected
    assert yaml.safe_load(kubelet) == {"kind": "KubeletConfiguration", "nodeStatusUpdateFrequency": "3s"}


def test_patches_of_a_user_come_last():
    made = kind_cluster_config.kind_cluster_config(
        [CONTROL], "gpus", {"kubeadmConfigPatches": ["kind: ClusterConfiguration"]}
    )
    assert len(made["kubeadmConfigPatches"]) == 2 and made["kubeadmConfigPatches"][-1] == "kind: ClusterConfiguration"


# Inventory hosts


def container(name, role):
    return {"name": name, "role": role, "image": "sha256:1", "id": "x", "status": "running"}


def test_the_nth_of_a_role_is_the_nth_of_the_list():
    found = [container("c", "control-plane"), container("w", "worker"), container("w2", "worker")]
    wanted = [{**WORKER, "name": "left", "host_vars": {"a": 1}}, {**CONTROL, "name": ""}, {**WORKER, "host_vars": None}]
    hosts = kind_cluster_hosts.kind_cluster_hosts(found, wanted)
    assert [(host["name"], host["container"], host["role"], host["host_vars"]) for host in hosts] == [
        ("c", "c", "control-plane", {}),
        ("left", "w", "worker", {"a": 1}),
        ("w2", "w2", "worker", {}),
    ]
    assert {host["image"] for host in hosts} == {"sha256:1"}
    assert set(hosts[0]) == set(yaml.safe_load(kind_cluster_hosts.RETURN)["_value"]["contains"])
    assert [host["name"] for host in kind_cluster_hosts.kind_cluster_hosts(found)] == ["c", "w", "w2"]


ROLE = st.sampled_from(containers.ROLES)


@given(st.lists(ROLE), st.lists(ROLE))
def test_every_container_is_a_host_whatever_is_wanted(found, wanted):
    hosts = kind_cluster.hosts(
        [container(f"c{number}", role) for number, role in enumerate(found)],
        [{"role": role, "name": f"{role}-{number}"} for number, role in enumerate(wanted)],
    )
    assert sorted(host["container"] for host in hosts) == sorted(f"c{number}" for number in range(len(found)))
    for role in containers.ROLES:
        named = [host for host in hosts if host["role"] == role and host["name"] != host["container"]]
        assert len(named) == min(found.count(role), wanted.count(role))
        assert all(host["name"].startswith(role) for host in named)


# The wait


def item(kind, name, ready=None, labels=None, **condition):
    conditions = [] if ready is None else [{"type": "Ready", "status": ready, **condition}]
    return {"kind": kind, "metadata": {"name": name, "labels": labels}, "status": {"conditions": conditions}}


DNS = {"k8s-app": "kube-dns"}


@pytest.mark.parametrize(
    "items, lines",
    [
        pytest.param([], ["n has not joined"], id="no node yet"),
        pytest.param([item("Node", "n", "True"), item("Pod", "d", "True", DNS)], [], id="ready"),
        pytest.param([item("Node", "n", "True")], [], id="no DNS of kind's"),
        pytest.param([item("Node", "n", "True"), item("Pod", "p", "False", {"k8s-app": "x"})], [], id="another pod"),
        pytest.param([item("Node", "n", "False", message="no CNI")], ["node n (no CNI)"], id="a node is not ready"),
        pytest.param([item("Node", "n", "Unknown")], ["node n (no reason given)"], id="no reason"),
        pytest.param([item("Node", "n")], ["node n (no status yet)"], id="no condition"),
        pytest.param(
            [
                item("Node", "n", "True"),
                {**item("Pod", "d", labels=DNS), "status": None},
                {
                    **item("Pod", "e", "False", DNS),
                    "status": {"phase": "Pending", **item("Pod", "", "False")["status"]},
                },
            ],
            ["pod d (no status yet)", "pod e (Pending)"],
            id="pods",
        ),
    ],
)
def test_what_is_waited_for(items, lines):
    assert kind_cluster_not_ready.kind_cluster_not_ready(json.dumps({"items": items}), ["n"]) == lines


@pytest.mark.parametrize("answer", ["", "{}", '{"items": null}'])
def test_an_answer_without_items(answer):
    assert kind_cluster_not_ready.kind_cluster_not_ready(answer, ["a", "b"]) == ["a has not joined", "b has not joined"]


# The derived image


@pytest.mark.parametrize(
    "image, name",
    [
        ("kindest/node:v1.37.0", "r:v1.37.0-python-0123456789ab"),
        ("here:5000/node:v1@sha256:ff", "r:v1-python-0123456789ab"),
        ("here:5000/node@sha256:ff", "r:untagged-python-0123456789ab"),
    ],
)
def test_the_derived_image(image, name):
    for image_id in ("sha256:0123456789abcdef", "0123456789abcdef"):
        assert kind_derived_image.kind_derived_image(image, image_id, "r") == name
    assert node_image.short_id("sha256:0123456789abcdef") == "0123456789ab"


def test_what_the_filters_do_not_take():
    for words, door, given_ in [
        ("kind_cluster_hosts: the input is 'x'", kind_cluster_hosts.kind_cluster_hosts, ("x",)),
        ("kind_cluster_hosts: wanted is [{}]", kind_cluster_hosts.kind_cluster_hosts, ([], [{}])),
        ("kind_cluster_config: the input is [1]", kind_cluster_config.kind_cluster_config, ([1], "x")),
        ("kind_cluster_config: more is []", kind_cluster_config.kind_cluster_config, ([CONTROL], "x", [])),
        ("kind_cluster_not_ready: the input is None", kind_cluster_not_ready.kind_cluster_not_ready, (None, [])),
        ("kind_cluster_not_ready: containers is 'n'", kind_cluster_not_ready.kind_cluster_not_ready, ("", "n")),
        ("kind_derived_image: id is ''", kind_derived_image.kind_derived_image, ("x", "", "r")),
    ]:
        with pytest.raises(AnsibleFilterError) as caught:
            door(*given_)
        assert words in str(caught.value) and "must be" in str(caught.value)
    with pytest.raises(AnsibleFilterError, match="the input is not JSON"):
        kind_cluster_not_ready.kind_cluster_not_ready("Error", [])


@pytest.mark.parametrize("door", [kind_cluster_config, kind_cluster_hosts, kind_cluster_not_ready, kind_derived_image])
def test_a_filter_has_its_own_name(door):
    name = door.__name__.rpartition(".")[2]
    assert yaml.safe_load(door.DOCUMENTATION)["name"] == name
    assert door.FilterModule().filters() == {name: getattr(door, name)}
