# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The claims of docs/dra.md and what pods see of them, on a real cluster."""

from __future__ import annotations

import json
import re

import pytest
from cluster_support import eventually

from dra_cluster import DEVICE, DRIVER, examples
from dra_driver.devices import devices_of
from dra_driver.slices import changes, lists_of
from nvmock_gpu.machine import types
from nvmock_gpu.machine.build import build_machine

pytestmark = pytest.mark.kind

EXAMPLES = dict(examples())
# How many devices nvidia-smi shows in each container of the page's pods. A MIG device is shown below its GPU.
WANTED = {
    "One GPU": {"one-gpu": {"main": 1}},
    "A GPU of a product, with memory and a driver": {"h100": {"main": 1}},
    "Two GPUs below one PCIe switch": {"near": {"main": 2}},
    "A B200, otherwise two A100": {"alternatives": {"main": 2}},
    "A MIG device": {"mig": {"main": 2}},
    "Two containers, of which each has a GPU of its own and a shared one": {"three": {"first": 2, "second": 2}},
    "A Deployment, not as root": None,
    "Time-slicing": {"time-slicing": {"main": 1}},
    "All GPUs of a node, for monitoring": {"monitor": {"main": None}},
    "No claim at all": {"resource": {"main": 2}},
}


def test_every_claim_of_the_page_is_tested():
    assert list(WANTED) == list(EXAMPLES)


def test_slices_describe_the_machines(cluster):
    for node in cluster.nodes:
        parts = cluster.slices(node)
        assert [part["spec"]["pool"]["name"] for part in parts] == [node]
        devices = cluster.devices(node)
        assert {f"gpu-{gpu['minor']}" for gpu in cluster.gpus(node) if not gpu["mig_enabled"]} == {
            name for name in devices if "-mig-" not in name
        }
        uuids = {one["attributes"]["uuid"]["string"] for one in devices.values()}
        migs = {mig["uuid"] for gpu in cluster.gpus(node) for mig in gpu["mig_devices"]}
        assert uuids == {gpu["uuid"] for gpu in cluster.gpus(node) if not gpu["mig_enabled"]} | migs
    assert {node for node, _name in cluster.devices()} == set(cluster.nodes)


@pytest.mark.parametrize("title", [title for title, pods in WANTED.items() if pods])
def test_a_claim_of_the_page(cluster, title):
    namespace = "gpu-monitoring" if "monitor" in WANTED[title] else None
    cluster.apply(EXAMPLES[title])
    everything = {one["attributes"]["uuid"]["string"] for one in cluster.devices().values()}
    for pod, containers in WANTED[title].items():
        seen = {name: cluster.output(pod, name, namespace) for name in containers}
        uuids = {name: DEVICE.findall(text) for name, text in seen.items()}
        for name, count in containers.items():
            assert len(uuids[name]) == len(set(uuids[name])), seen[name]
            if count is not None:
                assert len(uuids[name]) == count, seen[name]
            if pod != "mig":
                assert set(uuids[name]) <= everything
    if title.startswith("A GPU of"):
        assert "H100" in seen["main"]
    if "otherwise" in title:
        assert seen["main"].count("A100") == 2
    if "MIG" in title:
        [mig] = re.findall(r"MIG (\S+)\s+Device", seen["main"])
        assert mig == "1g.10gb"
    if "monitoring" in title:
        [(node, _device), *_rest] = [
            (one["pool"], one["device"])
            for claim in cluster.get("resourceclaims", "-n", namespace)["items"]
            for one in claim["status"]["allocation"]["devices"]["results"]
        ]
        assert len(uuids["main"]) == len([name for name in cluster.devices(node) if "-mig-" not in name])
    if title.startswith("Two containers"):
        assert len(set(uuids["first"]) & set(uuids["second"])) == 1
    if "PCIe" in title:
        roots = [
            one["attributes"]["resource.kubernetes.io/pcieRoot"]["string"]
            for one in cluster.devices().values()
            if one["attributes"]["uuid"]["string"] in uuids["main"]
        ]
        assert len(roots) == 2 and len(set(roots)) == 1


def test_a_deployment_that_does_not_run_as_root(cluster):
    cluster.apply(EXAMPLES["A Deployment, not as root"])
    pods = eventually(
        lambda: (
            [
                one["metadata"]["name"]
                for one in cluster.get("pods", "-n", cluster.namespace)["items"]
                if one["status"]["phase"] == "Running"
            ][1:]
            and [one["metadata"]["name"] for one in cluster.get("pods", "-n", cluster.namespace)["items"]]
        )
    )
    seen = [eventually(lambda pod=pod: cluster.kubectl("logs", "-n", cluster.namespace, pod)) for pod in pods]
    uuids = [uuid for text in seen for uuid in DEVICE.findall(text)]
    assert len(uuids) == len(set(uuids)) == 2
    cluster.kubectl("delete", "deployment", "-n", cluster.namespace, "server", "--cascade=foreground")
    eventually(lambda: not any(cluster.claim_files(node) for node in cluster.nodes))
    assert cluster.get("resourceclaims", "-n", cluster.namespace)["items"] == []


def test_a_pod_has_its_devices_and_no_others(cluster, node):
    cluster.claim("two", 2)
    name = cluster.claim_pod("two", node)
    lines = cluster.lines(name)
    devices = [device for _node, device in cluster.allocated("two")]
    minors = {f"/dev/nvidia{device.removeprefix('gpu-')}" for device in devices}
    shown = {line for line in lines if line.startswith("/dev/nvidia") and line != "/dev/nvidia-caps"}
    assert shown == minors | cluster.control_nodes(node) and len(minors) == 2
    assert "visible=void" in lines
    assert set(cluster.seen(name)) == {cluster.text(node, device, "uuid") for device in devices}
    [uid] = [cluster.get("resourceclaim", "-n", cluster.namespace, "two")["metadata"]["uid"]]
    assert cluster.claim_files(node) == [f"k8s.{DRIVER}-claim_{uid}.json"]
    assert ("Healthy", "") in eventually(lambda: cluster.health(name), 30)


def test_one_claim_of_two_pods(cluster):
    cluster.claim("shared")
    first, second = cluster.claim_pod("shared"), cluster.claim_pod("shared")
    assert cluster.seen(first) == cluster.seen(second) and len(cluster.seen(first)) == 1
    reserved = cluster.get("resourceclaim", "-n", cluster.namespace, "shared")["status"]["reservedFor"]
    assert {one["name"] for one in reserved} == {first, second}
    cluster.remove(first)
    assert len([one for node in cluster.nodes for one in cluster.claim_files(node)]) == 1


def test_the_last_gpu_is_waited_for(cluster, node):
    """All GPUs of all nodes, then one more; it starts when a pod has gone."""
    cel = "device.attributes['gpu.nvidia.com'].productName == '%s'" % cluster.text(node, "gpu-0", "productName")
    count = len(cluster.devices(node))
    cluster.claim("most", count, cel)
    cluster.claim("more", 1, cel)
    first = cluster.claim_pod("most")
    uuids = cluster.seen(first)
    assert len(set(uuids)) == count
    second = cluster.claim_pod("more")
    eventually(lambda: any("cannot allocate all claims" in text for text in cluster.events(second)), 30)
    cluster.remove(first)
    assert set(cluster.seen(second)) < set(uuids)


def test_a_configuration_that_is_not_supported_is_one_line(cluster):
    text = EXAMPLES["Time-slicing"].replace(
        "strategy: TimeSlicing, timeSlicingConfig: {interval: Long}", "strategy: MPS"
    )
    assert "MPS" in text
    cluster.apply(text)
    wanted = "configuration: sharing.strategy: 'MPS' is not allowed: must be TimeSlicing: MPS is not supported"
    eventually(lambda: any(wanted in one for one in cluster.events("time-slicing")), 60)


def test_the_api_server_accepts_the_slices_of_every_machine_type(cluster):
    """As a dry run: 1 to 64 GPUs, plain and with as many MIG devices as possible, and with taints."""
    items = []
    taint = {"key": f"{DRIVER}/xid", "value": "79", "effect": "NoSchedule"}
    for kind in [*types.names(), types.FALLBACK]:
        for count in (1, 2, 8, 16, 64):
            model = build_machine(kind, gpu_count=1).model
            profiles = () if model is None else model.mig_profiles
            layouts = [None]
            if profiles and count in (1, 64):
                most = max(profiles, key=lambda one: one.instance_count)
                layouts.append({index: [most.name] * most.instance_count for index in range(count)})
                layouts += [{0: [one.name]} for one in profiles if count == 1]
            for layout in layouts:
                devices = devices_of(build_machine(kind, gpu_count=count, mig_layout=layout))
                lists = lists_of(devices, {one.name: taint for one in devices})
                for change in changes([], lists, cluster.nodes[0]):
                    spec = {**change.spec, "pool": {**change.spec["pool"], "name": f"dry-{len(items)}"}}
                    metadata = {"name": f"dry-{len(items)}"}
                    items.append({"kind": "ResourceSlice", "metadata": metadata, "spec": spec})
    for one in items:
        one["apiVersion"] = "resource.k8s.io/v1"
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    said = cluster.kubectl("create", "--dry-run=server", "-f", "-", text=text)
    assert said.count("created (server dry run)") == len(items) > 100
