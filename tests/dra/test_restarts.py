# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What restarts while pods have claims, faults, and the removal, on a real cluster."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import time

import pytest
from cluster_support import eventually

from dra_cluster import DRIVER, DRIVER_NAMESPACE, ROOT

pytestmark = pytest.mark.kind


@pytest.fixture
def held(cluster, node):
    """A pod that has two GPUs while things restart; a function that checks it, and that others get the rest."""
    total = len(cluster.devices(node))
    cluster.claim("held", 2)
    name = cluster.claim_pod("held", node, restart="Always", name="holder")
    uuids = set(cluster.seen(name))
    assert len(uuids) == 2

    def still(seconds=60):
        eventually(lambda: len(cluster.devices(node)) == total, seconds, "the slices of the node")
        eventually(lambda: "end" in cluster.kubectl("logs", "-n", cluster.namespace, name, check=False), seconds)
        assert set(cluster.seen(name, seconds)) == uuids
        cluster.claim("rest", total - 2)
        rest = cluster.claim_pod("rest", node)
        assert not set(cluster.seen(rest, 120)) & uuids
        # Both are released.
        cluster.remove(name, rest)
        eventually(lambda: cluster.claim_files(node) == [], 60, "no specification of a claim")

    return still


def test_a_restarted_kubelet(cluster, node, held):
    since = cluster.driver_log(node).count("registered with the kubelet")
    count = len(cluster.devices(node))
    names = {one["metadata"]["name"] for one in cluster.slices(node)}
    cluster.on(node, "systemctl restart kubelet")
    eventually(lambda: cluster.driver_log(node).count("registered with the kubelet") > since)
    started = time.monotonic()
    eventually(lambda: len(cluster.devices(node)) == count, 30, "the slices")
    print(f"slices {time.monotonic() - started:.1f} s after the registration; before: {names}")
    held()


def test_a_restarted_driver(cluster, node, held):
    names = {one["metadata"]["name"] for one in cluster.slices(node)}
    old = cluster.driver_pod(node)["metadata"]["name"]
    cluster.kubectl("delete", "pod", "-n", DRIVER_NAMESPACE, old)
    eventually(lambda: cluster.driver_pod(node)["metadata"]["name"] != old)
    eventually(lambda: "registered with the kubelet" in cluster.driver_log(node))
    assert {one["metadata"]["name"] for one in cluster.slices(node)} == names, "the slices stay"
    held()


def test_a_killed_driver(cluster, node, held):
    cluster.on(node, "pkill -KILL -f bin/[g]pu-mock-dra-driver")
    eventually(lambda: "removed the stale socket" in cluster.driver_log(node))
    eventually(lambda: "registered with the kubelet" in cluster.driver_log(node))
    held()


def test_a_restarted_container_runtime(cluster, node, held):
    cluster.on(node, "systemctl restart containerd")
    held()


def test_a_restarted_node(cluster, node, held):
    """/run is empty then, and with it the specification of the claim."""
    restarts = cluster.driver_restarts(node)
    subprocess.run(["docker", "restart", node], check=True, capture_output=True)
    eventually(lambda: cluster.driver_restarts(node) > restarts, 180, "a new start of the driver")
    eventually(lambda: "registered with the kubelet" in cluster.driver_log(node), 60, "its registration")
    pod = ["pod", "-n", cluster.namespace, "holder"]
    started = eventually(
        lambda: cluster.get(*pod)["status"]["containerStatuses"][0]["restartCount"] > 0, 240, "a new start of the pod"
    )
    assert started
    held(120)


def test_a_specification_that_is_lost(cluster, node, held):
    [name] = cluster.claim_files(node)
    cluster.on(node, f"rm /var/run/cdi/{name}")
    eventually(lambda: cluster.claim_files(node) == [name], 10)
    # The container that is started again has its GPUs.
    cluster.on(node, "pkill -KILL -f '[s]leep 3600'")
    held()


# -- faults --------------------------------------------------------------------------------------------------------


def taints(cluster, node, device):
    return [(one["key"], one.get("value"), one["effect"]) for one in cluster.devices(node)[device].get("taints", [])]


def test_a_fault_and_its_healing(cluster, node):
    cluster.claim("one")
    pod = cluster.claim_pod("one", node)
    [uuid] = cluster.seen(pod)
    [(_node, device)] = cluster.allocated("one")
    eventually(lambda: cluster.health(pod) == [("Healthy", "")], 30)
    fault = f"/run/nvidia-mock/faults/{uuid}"
    cluster.on(node, f"mkdir -p /run/nvidia-mock/faults; echo 'Xid 79, off the bus' > {fault}")
    try:
        eventually(lambda: taints(cluster, node, device) == [("gpu.nvidia.com/xid", "79", "NoSchedule")], 10)
        [(_health, message)] = eventually(
            lambda: cluster.health(pod) if cluster.health(pod)[0][0] == "Unhealthy" else None, 60, "the pod's health"
        )
        assert message == f"fault in {fault}: Xid 79, off the bus"
        # A new claim gets another GPU: all that are left, and not this one.
        rest = len(cluster.devices(node)) - 1
        cluster.claim("all", rest)
        others = cluster.claim_pod("all", node)
        assert uuid not in cluster.seen(others) and len(cluster.seen(others)) == rest
    finally:
        cluster.on(node, f"rm {fault} && rmdir -p --ignore-fail-on-non-empty /run/nvidia-mock/faults")
    eventually(lambda: taints(cluster, node, device) == [], 10)
    eventually(lambda: cluster.health(pod) == [("Healthy", "")], 60, "the pod's health")


# -- who may run, and the removal ----------------------------------------------------------------------------------


def program(cluster, node, name, command, mounts, **more):
    """The log of a pod that runs a program of the image on a node, when it has ended."""
    volumes = [{"name": key, "hostPath": {"path": path}} for key, path in mounts.items()]
    inside = {"node": "/host", "device-plugins": "/var/lib/kubelet/device-plugins"}
    container = {
        "name": "main",
        "image": cluster.image,
        "imagePullPolicy": "IfNotPresent",
        "command": command,
        "securityContext": {"runAsUser": 0},
        "volumeMounts": [{"name": key, "mountPath": inside.get(key, path)} for key, path in mounts.items()],
    }
    spec = {"restartPolicy": "Never", "nodeName": node, "containers": [container], "volumes": volumes, **more}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
    cluster.kubectl("apply", "-n", cluster.namespace, "-f", "-", text=json.dumps(body))
    ended = ("Failed", "Succeeded")
    eventually(lambda: cluster.get("pod", "-n", cluster.namespace, name)["status"]["phase"] in ended, 90)
    return cluster.kubectl("logs", "-n", cluster.namespace, name)


def test_a_device_plugin_beside_the_driver_is_refused(cluster, node):
    said = program(
        cluster,
        node,
        "second",
        [
            "/opt/nvmock-gpu/bin/gpu-mock-device-plugin",
            "--host-root=/host",
            "--plugin-directory=/var/lib/kubelet/device-plugins",
            "--no-labels",
        ],
        {"node": "/", "device-plugins": "/var/lib/kubelet/device-plugins"},
    )
    assert said == (
        "gpu-mock-device-plugin: gpu-mock-dra-driver offers the GPUs of this node: stop it, or run only one of the two here\n"
    )
    assert cluster.allocatable(node) == 0


DELETE = """
import sys
sys.path.insert(0, "/opt/nvmock-gpu")
import device_plugin.api_server
try:
    device_plugin.api_server.in_cluster().call("DELETE", "/apis/resource.k8s.io/v1/resourceslices/" + sys.argv[1] + "?dryRun=All")
    print("allowed")
except Exception as error:
    print(error)
"""


def test_a_pod_of_the_driver_may_only_change_the_slices_of_its_node(cluster):
    here, there = cluster.nodes[:2]
    pod = cluster.driver_pod(here)["metadata"]["name"]

    def delete(node):
        [name] = [one["metadata"]["name"] for one in cluster.slices(node)]
        return cluster.kubectl("exec", "-n", DRIVER_NAMESPACE, pod, "--", "python3", "-c", DELETE, name)

    assert "may only change the ResourceSlices of its own node" in delete(there)
    assert delete(here) == "allowed\n"


def role(cluster, **variables):
    given = {"dra_driver_kubeconfig": cluster.kubeconfig, "dra_driver_image": cluster.image, **variables}
    command = [
        str(pathlib.Path(sys.executable).parent / "ansible-playbook"),
        str(ROOT / "playbooks" / "dra_driver.yml"),
    ]
    done = subprocess.run(
        [*command, "-e", json.dumps(given)], cwd=ROOT, capture_output=True, text=True, timeout=400, check=False
    )
    return done.stdout + done.stderr


LEFT = (
    "ls -A /var/lib/kubelet/plugins /var/lib/kubelet/plugins_registry /var/run/cdi 2>/dev/null"
    " | grep -v '^/var/.*:$' | grep . || true"
)


def test_the_removal_names_pods_and_leaves_nothing(cluster, node):
    cluster.claim("one")
    pod = cluster.claim_pod("one", node)
    assert len(cluster.seen(pod)) == 1
    said = role(cluster, dra_driver_state="absent", dra_driver_wait_seconds=2)
    assert f"delete pod {cluster.namespace}/{pod}" in said and "failed=1" in said, said
    assert cluster.devices(node)
    cluster.remove(pod)
    said = role(cluster, dra_driver_state="absent")
    assert "failed=0" in said, said
    assert cluster.slices() == []
    assert cluster.get("deviceclasses")["items"] == []
    assert cluster.kubectl("get", "namespace", DRIVER_NAMESPACE, "--ignore-not-found") == ""
    for kind in ("clusterrole", "clusterrolebinding", "validatingadmissionpolicy", "validatingadmissionpolicybinding"):
        assert cluster.kubectl("get", kind, "gpu-mock-dra-driver", "--ignore-not-found") == ""
    for one in cluster.all_nodes:
        assert cluster.on(one, LEFT) == "", one
    assert DRIVER not in cluster.on(node, "cat /var/lib/kubelet/dra_manager_state", check=False)
    # It changes nothing a second time.
    assert "changed=0" in role(cluster, dra_driver_state="absent")
    said = role(cluster, dra_driver_demo=True)
    assert "failed=0" in said and "GPU 0: NVIDIA " in said, said
    assert "changed=0" in role(cluster, dra_driver_demo=False)
    assert set(cluster.nodes) == {one for one, _device in cluster.devices()}
