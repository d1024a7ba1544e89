# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Failures that need a kind cluster of two nodes. It is created and deleted here."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from support import play

CLUSTER = "nvmock-failures"
NODES = [f"{CLUSTER}-control-plane", f"{CLUSTER}-worker"]
SHAPE = [{"role": "control-plane"}, {"role": "worker"}]
IMAGE = os.environ.get("NVMOCK_TEST_KIND_NODE_IMAGE", "")
UP = "gpu_mock.yml"

pytestmark = pytest.mark.skipif(not IMAGE, reason="NVMOCK_TEST_KIND_NODE_IMAGE names no node image")


def docker(*arguments):
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def kind(place):
    """Variables of the cluster, which has the image gpu-mockctl."""
    variables = {
        "gpu_mock_provider": "kind",
        "gpu_mock_cluster": CLUSTER,
        "gpu_mock_kind_node_image": IMAGE,
        "gpu_mock_nodes": SHAPE,
    }
    try:
        for playbook, arguments in (("provision.yml", []), ("in_cluster.yml", ["--tags", "image,load"])):
            made = play(place, playbook, *arguments, variables=variables)
            assert made.status == 0, "\n".join(made.lines)
        yield variables
    finally:
        play(place, "teardown.yml", variables=variables)


@pytest.fixture
def kubectl(place, kind):
    def call(*arguments):
        command = ["kubectl", "--kubeconfig", str(place / f".gpu-mock/{CLUSTER}.kubeconfig"), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    return call


@pytest.fixture
def plugin(place):
    """Variables of the role device_plugin."""
    found = json.loads(docker("exec", NODES[0], "crictl", "images", "--output", "json"))["images"]
    images = [tag for image in found for tag in image["repoTags"] if "/nvmock/gpu-mockctl:" in tag]
    kubeconfig = str(place / f".gpu-mock/{CLUSTER}.kubeconfig")
    return {"device_plugin_kubeconfig": kubeconfig, "device_plugin_image": images[0], "device_plugin_wait_seconds": 5}


def test_another_shape(fails, place, kind):
    line = "kind_cluster: cluster ... exists with ... nodes, but kind_cluster_nodes requires ...: choose another kind_cluster_name, ..."
    fails(line, UP, place=place, variables={**kind, "gpu_mock_nodes": SHAPE[:1]})


def test_another_image(fails, place, kind):
    line = "kind_cluster: cluster ... was created from ..., but kind_cluster_node_image is ...: set it to the cluster's image, or ..."
    fails(line, UP, place=place, variables={**kind, "gpu_mock_kind_node_image": "kindest/node:v1.99.0"})


def test_a_paused_node(fails, place, kind):
    docker("pause", NODES[1])
    try:
        line = "kind_cluster: of cluster ..., ... is ...: run '...' and try again"
        fails(line, UP, place=place, variables=kind)
    finally:
        docker("unpause", NODES[1])


def test_an_api_server_that_does_not_answer(fails, place, kind):
    docker("exec", NODES[0], "pkill", "-STOP", "kube-apiserver")
    try:
        line = "kind_cluster: the API server of ... did not answer in ... s: ...; see '...', or raise kind_cluster_wait_seconds"
        fails(line, UP, place=place, variables={**kind, "kind_cluster_wait_seconds": 3})
    finally:
        docker("exec", NODES[0], "pkill", "-CONT", "kube-apiserver")


def test_a_node_that_fails(fails, place, kind, kubectl):
    """Within 2 seconds of its failure, the run ends. Nothing is created in the cluster, not for the other node either."""
    shape = [SHAPE[0], {**SHAPE[1], "host_vars": {"gpu_node_gpu_count": 65}}]
    run = fails("...: ... is not allowed: must be ...", UP, place=place, variables={**kind, "gpu_mock_nodes": shape})
    start = next(number for number, line in enumerate(run.lines) if line.startswith(f"FAILED on {NODES[1]} after "))
    # On a busy machine, all of the run takes longer than 6 seconds.
    assert run.seconds - run.at[start] < max(2, run.seconds / 3)
    assert kubectl("get", "jobs,daemonsets", "-n", "gpu-mock", "-o", "name") == ""


def test_nothing_was_applied(fails, place, kind):
    line = "in_cluster_steps: there is no verify Job in the namespace ...: apply it first"
    fails(line, "in_cluster.yml", "--tags", "logs", place=place, variables=kind)


def test_an_image_that_is_missing(fails, place, kind):
    missing = {
        "in_cluster_image": "nvmock/nosuch:1",
        "in_cluster_image_pull_policy": "Never",
        "in_cluster_wait_seconds": 5,
    }
    line = "in_cluster: Job ... not complete after ... s ... ErrImageNeverPull..."
    fails(line, "in_cluster.yml", "--tags", "apply,wait", place=place, variables={**kind, **missing})


def test_a_node_that_another_run_made(fails, place, kind):
    made = play(place, UP, "--tags", "gpus", variables={**kind, "gpu_node_machine": "dgxb200"})
    assert made.status == 0, "\n".join(made.lines)
    line = "in_cluster: DaemonSet ... not ready after ... s ... this command would make it one with ..."
    fails(
        line,
        "in_cluster.yml",
        "--tags",
        "apply-cdi,wait-cdi",
        place=place,
        variables={**kind, "in_cluster_wait_seconds": 15},
    )


def test_a_plugin_without_an_image(fails, place, kind, plugin):
    missing = {"device_plugin_image": "nvmock/nosuch:1", "device_plugin_image_pull_policy": "Never"}
    line = "gpu-mock-device-plugin is ready on ... of ... nodes after ... s: on ..."
    fails(line, "device_plugin.yml", place=place, variables={**plugin, **missing})


def test_a_resource_that_no_node_offers(fails, place, kind, plugin):
    line = (
        "a pod that requested ... is Pending: ... Insufficient ... (docs/device-plugin.md lists errors and what to do)"
    )
    variables = {**plugin, "device_plugin_wait_seconds": 30, "device_plugin_demo_resource": "nvidia.com/nosuch"}
    fails(line, "device_plugin.yml", place=place, variables=variables)
