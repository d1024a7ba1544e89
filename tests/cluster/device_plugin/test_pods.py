# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Pods and GPUs on a real cluster."""

from __future__ import annotations

import json
import subprocess

import pytest
from cluster_support import GPU, PLUGIN_NAMESPACE, SPEC, eventually

pytestmark = pytest.mark.kind


def shares(count, parts):
    """*count* GPUs for *parts* pods."""
    return [count // parts + (place < count % parts) for place in range(parts)]


def wave(cluster, pods):
    """How many GPUs each of *pods* pods asks for on which node, so that all GPUs are asked for."""
    counts = {node: len(cluster.gpus(node)) for node in cluster.nodes}
    parts = dict.fromkeys(counts, 1)
    while sum(parts.values()) < pods:
        fullest = max(counts, key=lambda node: counts[node] / parts[node])
        assert parts[fullest] < counts[fullest], f"too few GPUs for {pods} pods at a time"
        parts[fullest] += 1
    return [(node, share) for node in counts for share in shares(counts[node], parts[node])]


def check(cluster, name, node, count):
    """What a pod that asked for *count* GPUs must see, and nothing else; its UUIDs."""
    lines = cluster.lines(name)
    seen = cluster.seen_uuids(name)
    assert len(seen) == len(set(seen)) == count
    minors = {gpu["uuid"]: gpu["minor"] for gpu in cluster.gpus(node)}
    wanted = {f"/dev/nvidia{minors[uuid]}" for uuid in seen} | cluster.control_nodes(node)
    assert {line for line in lines if line.startswith("/dev/nvidia") and line != "/dev/nvidia-caps"} == wanted
    assert "visible=void" in lines
    told = [line.rpartition(" ")[2] for line in lines if line.startswith("nvml ") and "GPU-" in line]
    assert told == seen, "NVML and nvidia-smi tell the same, in the same order"
    assert {line.partition("=")[2] for line in lines if line.startswith("library=")} == cluster.libraries(node)
    return seen


@pytest.mark.parametrize("namespace", [PLUGIN_NAMESPACE, "gpu-mock"])
def test_the_namespaces_say_their_pod_security_level(cluster, namespace):
    """In all three modes: else a cluster that warns by default would warn of our pods."""
    labels = cluster.get("namespace", namespace)["metadata"]["labels"]
    for mode in ("enforce", "audit", "warn"):
        assert labels[f"pod-security.kubernetes.io/{mode}"] == "privileged"


def test_allocatable_is_what_the_machine_types_say(cluster):
    assert cluster.nodes
    cluster.wait_until_all_are_allocatable()
    assert [node for node in cluster.nodes_without if cluster.allocatable(node)] == []


def test_labels_are_those_of_the_machine(cluster):
    for node in cluster.nodes:
        machine = json.loads(cluster.on(node, "cat /var/lib/nvidia-mock/driver/etc/nvmock/machine.json"))
        labels = cluster.get("node", node)["metadata"]["labels"]
        assert labels["nvidia.com/gpu.present"] == labels["feature.node.kubernetes.io/pci-10de.present"] == "true"
        assert labels["nvidia.com/gpu.count"] == str(len(machine["gpus"]))
        assert labels["nvidia.com/gpu.product"] == machine["gpus"][0]["name"].replace(" ", "-")
        assert labels["nvidia.com/gpu.memory"] == str(machine["model"]["memory_mib"])
        assert labels["nvidia.com/cuda.driver-version.full"] == machine["driver_version"]


def test_twenty_pods_in_three_waves(cluster):
    everything = set().union(*(cluster.uuids(node) for node in cluster.nodes))
    for number, pods in enumerate((7, 7, 6)):
        asked = wave(cluster, pods)
        assert len(asked) == pods
        names = []
        for node, count in asked:
            image = cluster.image if len(names) % 2 and number == 1 else cluster.pod_image
            names.append((cluster.pod(count, node, image, cluster.libraries(node)), node, count))
        seen = [uuid for name, node, count in names for uuid in check(cluster, name, node, count)]
        assert len(seen) == len(set(seen)) and set(seen) == everything
        # One more than there are waits, for the scheduler's own reason, and starts when a pod has gone.
        if number == 2:
            extra = cluster.pod(1)
            eventually(lambda one=extra: any(f"Insufficient {GPU}" in text for text in cluster.events(one)), 30)
            assert cluster.get("pod", "-n", cluster.namespace, extra)["status"]["phase"] == "Pending"
            freed = cluster.seen_uuids(names[0][0])
            cluster.remove(names[0][0])
            assert set(cluster.seen_uuids(extra)) <= set(freed)
        cluster.remove_pods()


@pytest.fixture
def held(cluster, node):
    """A pod that holds a GPU while things restart."""
    cluster.wait_until_all_are_allocatable()
    name = cluster.pod(1, node)
    uuids = cluster.seen_uuids(name)

    def still():
        cluster.wait_until_all_are_allocatable()
        assert cluster.get("pod", "-n", cluster.namespace, name)["status"]["phase"] == "Running"
        rest = cluster.pod(len(cluster.gpus(node)) - 1, node)
        assert set(cluster.seen_uuids(rest)) == cluster.uuids(node) - set(uuids)

    return still


def test_a_restarted_kubelet(cluster, node, held):
    since = cluster.plugin_log(node).count("registered with the kubelet")
    cluster.on(node, "systemctl restart kubelet")
    eventually(lambda: cluster.plugin_log(node).count("registered with the kubelet") > since)
    held()


def test_a_restarted_plugin_pod(cluster, node, held):
    old = cluster.plugin_pod(node)
    cluster.kubectl("delete", "pod", "-n", PLUGIN_NAMESPACE, old)
    eventually(lambda: cluster.plugin_pod(node) != old)
    eventually(
        lambda: (
            "registered with the kubelet"
            in cluster.kubectl("logs", "-n", PLUGIN_NAMESPACE, cluster.plugin_pod(node), check=False)
        )
    )
    held()


def test_a_plugin_that_is_killed_leaves_a_stale_socket(cluster, node, held):
    cluster.on(node, "pkill -KILL -f bin/[g]pu-mock-device-plugin")
    eventually(
        lambda: (
            "removed the stale socket"
            in cluster.kubectl("logs", "-n", PLUGIN_NAMESPACE, cluster.plugin_pod(node), check=False)
        )
    )
    held()


def test_a_restarted_node(cluster, node):
    before = cluster.uuids(node)
    restarts = cluster.plugin_restarts(node)
    subprocess.run(["docker", "restart", node], check=True, capture_output=True)
    # What the API server says of the node is from before the restart until its kubelet is heard of again.
    eventually(lambda: cluster.plugin_restarts(node) > restarts, 180, "a new start of the plugin")
    eventually(lambda: "registered with the kubelet" in cluster.plugin_log(node), 60, "its registration")
    cluster.wait_until_all_are_allocatable(60)
    name = cluster.pod(len(before), node)
    assert set(cluster.seen_uuids(name)) == before


# Faults


def test_a_fault_that_is_set(cluster, node):
    count = len(cluster.gpus(node))
    uuid = cluster.gpus(node)[0]["uuid"]
    cluster.on(node, f"mkdir -p /run/nvidia-mock/faults; echo 'Xid 79' > /run/nvidia-mock/faults/{uuid}")
    try:
        eventually(lambda: cluster.allocatable(node) == count - 1, 30)
        assert f"{uuid} is unhealthy: fault in /run/nvidia-mock/faults/{uuid}: Xid 79" in cluster.plugin_log(node)
    finally:
        cluster.on(
            node, f"rm /run/nvidia-mock/faults/{uuid} && rmdir -p --ignore-fail-on-non-empty /run/nvidia-mock/faults"
        )
    eventually(lambda: cluster.allocatable(node) == count, 30)


def test_a_device_node_that_is_missing(cluster, node):
    count = len(cluster.gpus(node))
    cluster.on(node, "mv /dev/nvidia0 /dev/away")
    try:
        eventually(lambda: cluster.allocatable(node) == count - 1, 30)
        assert "/dev/nvidia0 is missing" in cluster.plugin_log(node)
    finally:
        cluster.on(node, "mv /dev/away /dev/nvidia0")
    eventually(lambda: cluster.allocatable(node) == count, 30)


def test_a_specification_that_goes_while_a_pod_has_gpus(cluster, node):
    """The container that is started again gets containerd's own words, and its GPU when the specification is back."""
    name = cluster.pod(1, node, restart="Always")
    uuids = cluster.seen_uuids(name)
    cluster.on(node, f"mv {SPEC} {SPEC}.away; pkill -KILL -f '[s]leep 3600'")
    try:
        wanted = f"unresolvable CDI devices {GPU}={uuids[0]}"
        eventually(lambda: [text for text in cluster.events(name) if wanted in text], 40)
        eventually(lambda: cluster.allocatable(node) == 0, 30)
    finally:
        cluster.on(node, f"mv {SPEC}.away {SPEC}")
    cluster.wait_until_all_are_allocatable()
    assert cluster.seen_uuids(name) == uuids


def second_plugin(cluster, node, name, message, **security):
    """The log of a second plugin on a node when it has said *message*."""
    mounts = [
        {"name": "node", "mountPath": "/host", "readOnly": True},
        {"name": "sockets", "mountPath": "/device-plugins"},
    ]
    container = {
        "name": "main",
        "image": cluster.image,
        "imagePullPolicy": "IfNotPresent",
        "command": [
            "/opt/nvmock-gpu/bin/gpu-mock-device-plugin",
            "--host-root=/host",
            "--plugin-directory=/device-plugins",
        ],
        "volumeMounts": mounts,
        "securityContext": security,
    }
    spec = {
        "restartPolicy": "Never",
        "nodeName": node,
        "containers": [container],
        "volumes": [
            {"name": "node", "hostPath": {"path": "/"}},
            {"name": "sockets", "hostPath": {"path": "/var/lib/kubelet/device-plugins"}},
        ],
    }
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": cluster.namespace}, "spec": spec}
    cluster.kubectl("apply", "-f", "-", text=json.dumps(body))

    def said():
        text = cluster.kubectl("logs", "-n", cluster.namespace, name, check=False)
        return text if message in text else None

    return eventually(said, 60, message)


def test_two_plugins_for_one_resource(cluster, node):
    message = "another gpu-mock-device-plugin serves nvidia.com/gpu here: stop one"
    said = second_plugin(cluster, node, "second", message, runAsUser=0)
    assert said.count(message) == 1 and "Traceback" not in said
    cluster.wait_until_all_are_allocatable()


def test_no_rights_to_the_socket_directory(cluster, node):
    message = "/device-plugins is not writable: run as root, with the directory mounted writable"
    said = second_plugin(cluster, node, "no-rights", message, runAsUser=65534)
    assert said.strip().endswith(message) and len(said.splitlines()) == 1
