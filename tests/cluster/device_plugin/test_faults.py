# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Faults of GPUs on a real cluster: in pods, in the device plugin's log, and in what the kubelet says of nodes and pods."""

from __future__ import annotations

import itertools
import json
import os
import pathlib
import subprocess
import sys

import pytest
from cluster_support import GPU, SPEC, eventually

pytestmark = pytest.mark.kind
NUMBERS = itertools.count()

# Prints the type, the data and the instances of the first event of all GPUs.
WAITS = """
import ctypes, sys
nvml = ctypes.CDLL("libnvidia-ml.so.1")
class Event(ctypes.Structure):
    _fields_ = [("device", ctypes.c_void_p), ("type", ctypes.c_ulonglong), ("data", ctypes.c_ulonglong),
                ("gi", ctypes.c_uint), ("ci", ctypes.c_uint)]
events, handle, count, event = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_uint(), Event()
nvml.nvmlInit_v2()
nvml.nvmlEventSetCreate(ctypes.byref(events))
nvml.nvmlDeviceGetCount_v2(ctypes.byref(count))
for index in range(count.value):
    nvml.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(handle))
    nvml.nvmlDeviceRegisterEvents(handle, ctypes.c_ulonglong(11), events)
print("waits", flush=True)
print(nvml.nvmlEventSetWait_v2(events, ctypes.byref(event), 60000), event.type, event.data, event.gi, event.ci, flush=True)
"""


def fault(node, **options):
    """Run the module on the node, as a user does."""
    words = " ".join(f"{name}={value}" for name, value in options.items())
    ansible = pathlib.Path(sys.executable).with_name("ansible")
    command = [ansible, "all", "-i", f"{node},", "-c", "community.docker.docker", "-m", "nvmock.gpu.nvmock_fault"]
    done = subprocess.run([*command, "-a", words], capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def hurt(node):
    """A function that puts a fault on the node's GPUs. All are taken off in the end."""
    yield lambda **options: fault(node, **options)
    fault(node, state="absent")


def health_in(cluster, name):
    """What the pod's status says of its devices: health and message by id."""
    status = cluster.get("pod", "-n", cluster.namespace, name)["status"]["containerStatuses"][0]
    parts = [part for part in status.get("allocatedResourcesStatus", []) if part["name"] == GPU]
    return {one["resourceID"]: one["health"] for part in parts for one in part["resources"]}


def test_a_lost_gpu_in_a_pod_and_its_healing(cluster, node, hurt):
    cluster.wait_until_all_are_allocatable()
    count = len(cluster.gpus(node))
    name = cluster.pod(1, node)
    (uuid,) = cluster.seen_uuids(name)

    def smi():
        command = ["exec", "-n", cluster.namespace, name, "--", "sh", "-c", "nvidia-smi -L; echo status $?"]
        return cluster.kubectl(*command, check=False)

    assert f"UUID: {uuid}" in smi()
    hurt(kind="fallen_off_bus", gpus=uuid)
    lost = "Unable to determine the device handle for gpu 0: GPU is lost.  Reboot the system to recover this GPU"
    eventually(lambda: lost in smi() and "status 15" in smi(), 10, "the message of nvidia-smi")
    eventually(lambda: cluster.allocatable(node) == count - 1, 60, "one GPU less")
    assert f"{uuid} is unhealthy: Xid 79: GPU has fallen off the bus" in cluster.plugin_log(node)
    # Kubernetes has the field by default from 1.36 on.
    eventually(lambda: health_in(cluster, name) in ({uuid: "Unhealthy"}, {}), 30, "the pod's allocatedResourcesStatus")
    had_field = bool(health_in(cluster, name))
    fault(node, state="absent")
    eventually(lambda: cluster.allocatable(node) == count, 60, "all GPUs")
    assert f"{uuid} is healthy again" in cluster.plugin_log(node)
    assert f"UUID: {uuid}" in smi() and "status 0" in smi()
    if had_field:
        eventually(lambda: health_in(cluster, name) == {uuid: "Healthy"}, 60, "its health again")


def test_a_pod_for_which_no_healthy_gpu_is_left(cluster, node, hurt):
    cluster.wait_until_all_are_allocatable()
    hurt(kind="gpu_lost")
    eventually(lambda: cluster.allocatable(node) == 0, 60, "no GPU")
    assert f"all {len(cluster.gpus(node))} devices are unhealthy: GPU is lost" in cluster.plugin_log(node)
    waits = cluster.pod(1, node)
    eventually(lambda: any(f"Insufficient {GPU}" in text for text in cluster.events(waits)), 30)
    # Without the scheduler the kubelet refuses it.
    refused = "named-node"
    main = {"name": "main", "image": cluster.image, "command": ["true"], "resources": {"limits": {GPU: 1}}}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": refused, "namespace": cluster.namespace}}
    body["spec"] = {"nodeName": node, "restartPolicy": "Never", "containers": [main]}
    cluster.kubectl("apply", "-f", "-", text=json.dumps(body))
    words = f"no healthy devices present; cannot allocate unhealthy devices {GPU}"
    eventually(lambda: any(words in text for text in cluster.events(refused)), 30)
    assert cluster.on(node, "/var/lib/nvidia-mock/driver/bin/nvidia-smi -r").endswith("All done.\n")
    cluster.wait_until_all_are_allocatable(60)


def test_a_pod_gets_the_event_of_an_xid(cluster, node, hurt):
    cluster.wait_until_all_are_allocatable()
    name = cluster.pod(1, node)
    (uuid,) = cluster.seen_uuids(name)
    command = ["kubectl", "--kubeconfig", cluster.kubeconfig, "exec", "-n", cluster.namespace, name, "--"]
    with subprocess.Popen([*command, "python3", "-c", WAITS], stdout=subprocess.PIPE, text=True) as waiting:
        assert waiting.stdout.readline() == "waits\n"
        hurt(kind="xid", xid=31, gpus=uuid)
        assert waiting.stdout.readline() == "0 8 31 4294967295 4294967295\n"
    # A harmless Xid leaves the GPU in the node's allocatable resources.
    assert cluster.allocatable(node) == len(cluster.gpus(node))
    hurt(kind="xid", xid=119, gpus=uuid)
    eventually(lambda: cluster.allocatable(node) == len(cluster.gpus(node)) - 1, 60, "one GPU less")
    fault(node, state="absent")
    cluster.wait_until_all_are_allocatable()


def test_a_reset_on_the_node_heals(cluster, node, hurt):
    cluster.wait_until_all_are_allocatable()
    reasons = {
        "ecc_dram": "Xid 48: Double Bit ECC Error",
        "rows_pending": "Xid 63: ECC page retirement or row remapping recording event",
        "nvlink_down": "Xid 74: NVLINK Error",
    }
    uuids = [gpu["uuid"] for gpu in cluster.gpus(node)]
    for index, kind in enumerate(reasons):
        hurt(kind=kind, gpus=index)
    for uuid, reason in zip(uuids, reasons.values()):
        eventually(lambda one=f"{uuid} is unhealthy: {reason}": one in cluster.plugin_log(node), 30, reason)
    said = cluster.on(node, "/var/lib/nvidia-mock/driver/bin/nvidia-smi -r")
    assert said.count("was successfully reset.") == len(uuids)
    cluster.wait_until_all_are_allocatable(60)


def starts_again(cluster, node):
    """Start a pod whose container ends, and starts again, once it has /tmp/end; a function that lets it and returns its name."""
    script = "until [ -e /tmp/end ]; do sleep 0.2; done"
    limits = {"limits": {GPU: 1}}
    main = {"name": "main", "image": cluster.image, "command": ["sh", "-c", script], "resources": limits}
    name = f"again-{next(NUMBERS)}"
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": cluster.namespace}}
    selector = {"kubernetes.io/hostname": node}
    body["spec"] = {"nodeSelector": selector, "terminationGracePeriodSeconds": 0, "containers": [main]}
    cluster.kubectl("apply", "-f", "-", text=json.dumps(body))

    def runs():
        status = cluster.get("pod", "-n", cluster.namespace, name)["status"].get("containerStatuses") or [{}]
        return "running" in status[0].get("state", {})

    def end():
        eventually(runs, 45, f"pod {name}")
        cluster.kubectl("exec", "-n", cluster.namespace, name, "--", "touch", "/tmp/end", check=False)
        return name

    return end


def test_faults_of_files(cluster, node, hurt):
    """Each is said by who meets it, and taken off without a trace. A container that starts again has its GPU already."""
    cluster.wait_until_all_are_allocatable()
    manifest = "cat /var/lib/nvidia-mock/manifest.mtree; ls /var/lib/nvidia-mock"
    before = cluster.on(node, manifest)
    count = len(cluster.gpus(node))
    ends = [starts_again(cluster, node) for _pod in range(3)]
    hurt(kind="device_node_missing", gpus=0)
    uuid, minor = cluster.gpus(node)[0]["uuid"], cluster.gpus(node)[0]["minor"]
    said = f"{uuid} is unhealthy: /dev/nvidia{minor} is missing ({SPEC} names it)"
    eventually(lambda: said in cluster.plugin_log(node), 30, said)
    eventually(lambda: cluster.allocatable(node) == count - 1, 60, "one GPU less")

    hurt(kind="library_other_version")
    name = ends.pop()()
    command = ["exec", "-n", cluster.namespace, name, "--", "sh", "-c", "nvidia-smi; echo status $?"]
    mismatch = "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: "
    eventually(lambda: cluster.kubectl(*command, check=False).startswith(mismatch), 30, "the mismatch in the pod")
    assert cluster.kubectl(*command).endswith("status 18\n")

    hurt(kind="hook_missing")
    name = ends.pop()()
    words = "bin/nvidia-cdi-hook: no such file or directory"
    eventually(lambda: any(words in text for text in cluster.events(name)), 30, words)

    hurt(kind="spec_missing")
    name = ends.pop()()
    words = "CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=GPU-"
    eventually(lambda: any(words in text for text in cluster.events(name)), 30, words)
    words = "its CDI device of kind nvidia.com/gpu can't be resolved: no file in /etc/cdi or /var/run/cdi defines it"
    eventually(lambda: words in cluster.plugin_log(node), 30, words)

    fault(node, state="absent")
    cluster.wait_until_all_are_allocatable(60)
    assert cluster.on(node, manifest) == before
