# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The role's source nvidia, with a chart that stands in for NVIDIA's: its values, and what its program would meet on the nodes."""

from __future__ import annotations

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from cluster_support import GPU, PLUGIN_NAMESPACE, eventually

pytestmark = pytest.mark.kind

ROOT = pathlib.Path(__file__).parents[3]
CHART = str(ROOT / "tests" / "cluster" / "device_plugin" / "nvidia-device-plugin")
SPEC = "/var/run/cdi/k8s.device-plugin.nvidia.com-gpu.json"
SELECTOR = ["-n", PLUGIN_NAMESPACE, "-l", "app.kubernetes.io/name=nvidia-device-plugin"]


@pytest.fixture(scope="module")
def role(cluster, tmp_path_factory):
    """Run the role with variables; what it said. In the end the cluster has the collection's own plugin again."""
    if shutil.which("helm") is None:
        pytest.skip("helm is not on the PATH")
    nodes = [f"{node} gpu_node_state={'present' if node in cluster.nodes else 'absent'}" for node in cluster.all_nodes]
    inventory = tmp_path_factory.mktemp("inventory") / "nodes.ini"
    lines = ["[gpu_mock_nodes]", *nodes, "[gpu_mock_nodes:vars]", "ansible_connection=community.docker.docker"]
    inventory.write_text("\n".join([*lines, "ansible_python_interpreter=/usr/bin/python3", ""]))
    repository, _colon, tag = cluster.image.rpartition(":")

    last = []

    def run(**variables):
        last[:] = [variables.get("device_plugin_source")]
        given = {
            "device_plugin_kubeconfig": cluster.kubeconfig,
            "device_plugin_image": cluster.image,
            "device_plugin_source": "nvidia",
            "device_plugin_nvidia_chart": CHART,
            "device_plugin_demo": False,
            **variables,
        }
        values = {"image": {"repository": repository, "tag": tag}, **given.pop("values", {})}
        done = subprocess.run(
            [
                str(pathlib.Path(sys.executable).parent / "ansible-playbook"),
                str(ROOT / "playbooks" / "device_plugin.yml"),
                "-i",
                str(inventory),
                "-e",
                json.dumps({**given, "device_plugin_nvidia_values": values}),
            ],
            cwd=ROOT,
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build"),
                "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            },
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
        return done.stdout + done.stderr

    yield run
    if last != ["builtin"]:
        run(device_plugin_source="builtin")
    cluster.wait_until_all_are_allocatable()


@pytest.mark.parametrize(
    "variables, message",
    [
        ({"device_plugin_nvidia_hook_path": "/none"}, "there is no program /none, which the CDI specification"),
        ({"device_plugin_driver_root": "/none"}, "there is no libnvidia-ml.so.1 below /none"),
        ({"device_plugin_mig_strategy": "mixed"}, "device_plugin_mig_strategy: 'mixed' is not possible with"),
        ({"device_plugin_labels": False}, "device_plugin_labels: 'False' is not possible with"),
        ({"device_plugin_kubelet_directory": "/k"}, "device_plugin_kubelet_directory: '/k' is not possible with"),
        # Without the node's device nodes the library finds no GPU, and the plugin ends.
        (
            {"values": {"securityContext": {"privileged": False}}, "device_plugin_wait_seconds": 20},
            "error starting plugins: nvmlInit_v2 gives 9",
        ),
    ],
)
def test_unsupported_options_are_refused(role, variables, message):
    output = role(**variables)
    assert message in output and "failed=1" in output, output


def logs(cluster, node):
    """Of NVIDIA's plugin on a node."""
    pod = cluster.get("pods", *SELECTOR, "--field-selector", f"spec.nodeName={node}")["items"][0]
    return cluster.kubectl("logs", "-n", PLUGIN_NAMESPACE, pod["metadata"]["name"])


def test_pods_get_gpus_from_it(cluster, role):
    output = role(device_plugin_demo=True)
    assert "failed=0" in output and "GPU 0: NVIDIA " in output, output
    for node in cluster.nodes:
        output = logs(cluster, node)
        assert set(re.findall(r"^gpu (\S+) ", output, re.MULTILINE)) == cluster.uuids(node)
        assert f"{GPU}: registered {len(cluster.gpus(node))}" in output
        eventually(lambda node=node: "health: watching" in logs(cluster, node), 10)
        name = cluster.pod(2, node)
        seen = cluster.seen_uuids(name)
        assert len(set(seen)) == 2 and set(seen) <= cluster.uuids(node)
        labels = cluster.get("node", node)["metadata"]["labels"]
        assert labels["nvidia.com/gpu.count"] == str(len(cluster.gpus(node)))
    assert {pod["spec"]["nodeName"] for pod in cluster.get("pods", *SELECTOR)["items"]} == set(cluster.nodes)
    output = role()
    assert "changed=0" in output and "failed=0" in output, output


def test_shared_gpus_as_device_nodes(cluster, role, node):
    output = role(device_plugin_cdi="off", device_plugin_time_slicing={GPU: 2}, device_plugin_rename_by_default=True)
    assert "failed=0" in output, output
    count = len(cluster.gpus(node))
    shared = f"{GPU}.shared"
    eventually(lambda: cluster.get("node", node)["status"]["allocatable"].get(shared) == str(2 * count), 45)
    labels = cluster.get("node", node)["metadata"]["labels"]
    assert (labels[f"{GPU}.replicas"], labels[f"{GPU}.sharing-strategy"]) == ("2", "time-slicing")
    lines = cluster.lines(cluster.pod(1, node, resource=shared))
    assert len([line for line in lines if re.fullmatch(r"/dev/nvidia\d+", line)]) == 1 and "/dev/nvidiactl" in lines
    assert [line for line in lines if line.removeprefix("visible=") in cluster.uuids(node)]


def test_nothing_is_left_of_it(cluster, role):
    assert all(cluster.on(node, f"ls {SPEC}") for node in cluster.nodes)
    output = role(device_plugin_source="builtin")
    assert "failed=0" in output, output
    assert cluster.get("secrets", "-n", PLUGIN_NAMESPACE, "-l", "owner=helm")["items"] == []
    for node in cluster.nodes:
        assert cluster.on(node, f"ls -d {SPEC} /run/nvidia/mps", check=False) == ""
    cluster.wait_until_all_are_allocatable()
    assert len(cluster.seen_uuids(cluster.pod(1))) == 1
