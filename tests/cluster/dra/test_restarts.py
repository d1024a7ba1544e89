# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What restarts while a pod has a claim, faults, who may run, and the removal. The tests run in this order."""

from __future__ import annotations

import json
import subprocess
import time

import pytest
from cluster_support import PLUGIN_NAMESPACE, eventually

from claims_support import DRIVER, DRIVER_NAMESPACE, devices_in, example_of

pytestmark = pytest.mark.kind


def restarts(one):
    return one["status"]["containerStatuses"][0]["restartCount"]


class Holder:
    """A pod with two GPUs by a claim, while things restart."""

    def __init__(self, cluster, node):
        self.cluster, self.node, self._number = cluster, node, 0
        self.count = len(cluster.devices(node))
        cluster.apply(cluster.claim("holder", 2), cluster.claim_pod("holder", "holder", node, restart="Always"))
        self.uuids = set(devices_in("\n".join(cluster.lines("holder"))))
        assert len(self.uuids) == 2
        [self.file] = cluster.claim_files(node)

    def restarts(self):
        return self.cluster.until_pod("holder", lambda one: [restarts(one)])[0]

    def check(self):
        """It has the same GPUs, the node offers all devices, and another pod gets another one."""
        cluster = self.cluster
        cluster.until_slices(lambda devices: len(devices) == self.count, 60, "the slices of the node")
        cluster.until_pod("holder", lambda one: one["status"]["containerStatuses"][0]["ready"], 240, "its new start")
        # The kubelet connects to a restarted container runtime only when it is asked.
        eventually(lambda: set(cluster.seen("holder")) == self.uuids, 30, "the same GPUs")
        self._number += 1
        name = f"other-{self._number}"
        cluster.apply(cluster.claim(name), cluster.claim_pod(name, name, self.node))
        [uuid] = devices_in("\n".join(cluster.lines(name, 240)))
        assert uuid not in self.uuids
        cluster.remove(name)
        eventually(lambda: cluster.claim_files(self.node) == [self.file], 60, "one specification of a claim")


@pytest.fixture(scope="module")
def holder(cluster, node):
    return Holder(cluster, node)


def registrations(cluster, node):
    return cluster.driver_log(node).count("registered with the kubelet")


def test_a_restarted_kubelet(cluster, node, holder):
    """It deletes the slices of the node; they are back when the driver is registered again."""
    before, since = holder.restarts(), registrations(cluster, node)
    cluster.on(node, "systemctl restart kubelet")
    eventually(lambda: registrations(cluster, node) > since, 60, "the registration")
    start = time.monotonic()
    cluster.until_slices(lambda devices: len(devices) == holder.count, 30)
    assert time.monotonic() - start < 10
    holder.check()
    assert holder.restarts() == before


def test_a_restarted_container_runtime(cluster, node, holder):
    before = holder.restarts()
    cluster.on(node, "systemctl restart containerd")
    holder.check()
    assert holder.restarts() == before


def test_a_restarted_driver(cluster, node, holder):
    names = {one["metadata"]["name"] for one in cluster.get("resourceslices")["items"]}
    old = cluster.driver_pod(node)
    cluster.kubectl("delete", "pod", "-n", DRIVER_NAMESPACE, old)
    cluster.until_driver(node, lambda one: one["metadata"]["name"] != old, "another pod of the driver")
    assert {one["metadata"]["name"] for one in cluster.get("resourceslices")["items"]} == names, "the slices stay"
    holder.check()


def test_a_killed_driver(cluster, node, holder):
    old = cluster.until_driver(node, lambda one: True, "a driver")
    cluster.on(node, "pkill -KILL -f bin/[g]pu-mock-dra-driver")
    cluster.until_driver(node, lambda one: restarts(one) > restarts(old), "a new start of the driver")
    assert "removed the stale socket" in cluster.driver_log(node)
    holder.check()


def test_a_specification_that_is_lost(cluster, node, holder):
    """The container that is started again has its GPUs."""
    before = holder.restarts()
    cluster.on(node, f"rm /var/run/cdi/{holder.file}")
    eventually(lambda: cluster.claim_files(node) == [holder.file], 10)
    cluster.on(node, "pkill -KILL -f '[s]leep 3600'")
    cluster.until_pod("holder", lambda one: restarts(one) > before, 60, "a new start")
    holder.check()


def test_a_restarted_node(cluster, node, holder):
    """/run is empty then, and with it the specification of the claim."""
    old, before = cluster.until_driver(node, lambda one: True, "a driver"), holder.restarts()
    subprocess.run(["docker", "restart", "--time", "2", node], check=True, capture_output=True)
    cluster.until_driver(node, lambda one: restarts(one) > restarts(old), "a new start of the driver")
    cluster.until_pod("holder", lambda one: restarts(one) > before, 240, "a new start")
    holder.check()


def set_sharing(cluster, shared):
    """Change the driver's flags as the role does for dra_driver_share_gpus, and wait for the slices."""
    [container] = cluster.get("daemonset", "-n", DRIVER_NAMESPACE, "gpu-mock-dra-driver")["spec"]["template"]["spec"][
        "containers"
    ]
    flags = [one for one in container["args"] if one != "--share-gpus"] + ["--share-gpus"] * shared
    patch = [{"op": "replace", "path": "/spec/template/spec/containers/0/args", "value": flags}]
    target = ["daemonset", "-n", DRIVER_NAMESPACE, "gpu-mock-dra-driver"]
    cluster.kubectl("patch", *target, "--type=json", "-p", json.dumps(patch))
    cluster.until_slices(
        lambda devices: devices and any("allowMultipleAllocations" in one for one in devices.values()) == shared
    )


def test_claims_share_a_gpu(cluster, node, holder):
    """Two pods have a GPU together. The GPUs of a claim from before are not shared, and whole GPUs are still there."""
    set_sharing(cluster, True)

    def running(pods):
        found = [one for one in pods.values() if one["metadata"].get("labels", {}).get("app") == "part"]
        return len([one for one in found if one["status"]["phase"] == "Running"]) == 2 and found

    cluster.apply(example_of("Shared GPUs"))
    pods = [one["metadata"]["name"] for one in cluster.watched["pods"].until(running, 120, "the Deployment")]
    [first], [second] = (cluster.seen(pod) for pod in pods)
    assert first == second and first not in holder.uuids
    cluster.apply(cluster.claim("whole"), cluster.claim_pod("whole", "whole", node))
    [third] = devices_in("\n".join(cluster.lines("whole")))
    assert third not in holder.uuids | {first}
    cluster.remove("whole")
    cluster.kubectl("delete", "deployment", "-n", cluster.namespace, "part", "--cascade=foreground")
    cluster.until_claims(lambda claims: list(claims) == ["holder"])
    set_sharing(cluster, False)
    holder.check()


# -- faults --------------------------------------------------------------------------------------------------------


def test_a_fault_and_its_healing(cluster, node, holder):
    [(_node, device), (_same, _other)] = cluster.allocated("holder")
    [uuid] = cluster.uuids_of(node, device)

    def taints(devices):
        found = devices.get((node, device), {}).get("taints", [])
        return [(one["key"], one.get("value"), one["effect"]) for one in found]

    healthy = [("Healthy", ""), ("Healthy", "")]
    cluster.until_health("holder", lambda found: found == healthy)
    fault = f"/run/nvidia-mock/faults/{uuid}"
    cluster.on(node, f"mkdir -p /run/nvidia-mock/faults; echo 'Xid 79, off the bus' > {fault}")
    wanted = ("Unhealthy", f"fault in {fault}: Xid 79, off the bus")
    try:
        cluster.until_slices(
            lambda devices: taints(devices) == [("gpu.nvidia.com/xid", "79", "NoSchedule")], 10, "the taint"
        )
        cluster.until_health("holder", lambda found: sorted(found) == [healthy[0], wanted])
        # No new claim gets the device.
        text = cluster.claim("tainted", cel=f"device.attributes['gpu.nvidia.com'].uuid == '{uuid}'")
        cluster.apply(text, cluster.claim_pod("tainted", "tainted"))
        cluster.until_pod("tainted", lambda one: "cannot allocate all claims" in json.dumps(one["status"]))
    finally:
        cluster.on(node, f"rm {fault} && rmdir -p --ignore-fail-on-non-empty /run/nvidia-mock/faults")
    cluster.until_slices(lambda devices: devices and taints(devices) == [], 10, "the end of the taint")
    cluster.until_health("holder", lambda found: found == healthy)
    cluster.remove("tainted")


# -- who may run, and the removal ----------------------------------------------------------------------------------


def test_a_device_plugin_beside_the_driver_waits(cluster, node, holder):
    container = {
        "name": "main",
        "image": cluster.image,
        "command": [
            "/opt/nvmock-gpu/bin/gpu-mock-device-plugin",
            "--host-root=/host",
            "--plugin-directory=/device-plugins",
            "--no-labels",
        ],
        "securityContext": {"runAsUser": 0},
        "volumeMounts": [
            {"name": "node", "mountPath": "/host"},
            {"name": "sockets", "mountPath": "/device-plugins"},
        ],
    }
    volumes = [
        {"name": "node", "hostPath": {"path": "/"}},
        {"name": "sockets", "hostPath": {"path": "/var/lib/kubelet/device-plugins"}},
    ]
    spec = {"restartPolicy": "Never", "nodeName": node, "containers": [container], "volumes": volumes}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "second"}, "spec": spec}
    cluster.apply(json.dumps(body))
    cluster.until_pod("second", lambda one: one["status"]["phase"] == "Running", what="its start")
    message = "waiting: gpu-mock-dra-driver offers the GPUs of this node: stop it, or run only one of the two here"
    eventually(lambda: message in cluster.kubectl("logs", "-n", cluster.namespace, "second", check=False), 30)
    assert cluster.allocatable(node) == 0
    cluster.remove("second")


CREATE = """
import sys
sys.path.insert(0, "/opt/nvmock-gpu")
import device_plugin.api_server
node = sys.argv[1]
spec = {"driver": "gpu.nvidia.com", "nodeName": node, "pool": {"name": node, "generation": 1, "resourceSliceCount": 1}}
body = {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice", "metadata": {"name": "x"}, "spec": spec}
try:
    device_plugin.api_server.in_cluster().call("POST", "/apis/resource.k8s.io/v1/resourceslices?dryRun=All", body)
    print("allowed")
except Exception as error:
    print(error)
"""


def test_a_pod_of_the_driver_may_only_change_the_slices_of_its_node(cluster, node, plugin_node):
    pod = cluster.driver_pod(node)

    def create(name):
        return cluster.kubectl("exec", "-n", DRIVER_NAMESPACE, pod, "--", "python3", "-c", CREATE, name)

    assert "may only change the ResourceSlices of its own node" in create(plugin_node)
    assert create(node) == "allowed\n"


LEFT = (
    "ls -A /var/lib/kubelet/plugins /var/lib/kubelet/plugins_registry /var/run/cdi 2>/dev/null"
    " | grep -v '^/var/.*:$' | grep . || true"
)


SLICE_LEFT = """
apiVersion: resource.k8s.io/v1
kind: ResourceSlice
metadata:
  name: left-behind
spec:
  driver: gpu.nvidia.com
  nodeName: {node}
  pool: {{name: left-behind, generation: 1, resourceSliceCount: 1}}
  devices: [{{name: gpu-0}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: gpu-mock-dra-driver
rules: []
"""


def test_the_removal_names_pods_and_leaves_nothing(cluster, node, holder):
    said = cluster.role(node, dra_driver_state="absent", dra_driver_wait_seconds=2)
    assert f"delete pod {cluster.namespace}/holder" in said and "failed=1" in said, said
    assert cluster.devices(node)
    cluster.remove("holder")
    said = cluster.role(node, dra_driver_state="absent")
    assert "failed=0" in said, said
    assert cluster.get("resourceslices")["items"] == [] == cluster.get("deviceclasses")["items"]
    kinds = "namespace,clusterrole,clusterrolebinding,validatingadmissionpolicy,validatingadmissionpolicybinding"
    assert "gpu-mock-dra-driver" not in cluster.kubectl("get", kinds, "-o", "name")
    for one in cluster.all_nodes:
        assert cluster.on(one, LEFT) == "", one
    assert DRIVER not in cluster.on(node, "cat /var/lib/kubelet/dra_manager_state", check=False)
    assert PLUGIN_NAMESPACE in cluster.kubectl("get", "namespace", "-o", "name"), "the device plugin stays"


def test_an_interrupted_removal_goes_on(cluster, node):
    """Of the driver that the test before has removed, a ResourceSlice and the role are there again."""
    cluster.kubectl("apply", "-f", "-", text=SLICE_LEFT.format(node=node))
    said = cluster.role(node, dra_driver_state="absent")
    assert "failed=0" in said, said
    assert cluster.get("resourceslices")["items"] == []
    assert "gpu-mock-dra-driver" not in cluster.kubectl("get", "clusterrole", "-o", "name")
    assert "changed=0" in cluster.role(node, dra_driver_state="absent")
