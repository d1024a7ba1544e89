# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Every form of claim, and what its pods see. All pods of docs/dra.md and of forms.manifests run side by side."""

from __future__ import annotations

import json
import pathlib
import re
import statistics
import subprocess

import pytest
from cluster_support import eventually

from claims_support import DRIVER, MONITORING, devices_in, examples
from dra_driver.devices import counter_sets, devices_of
from dra_driver.slices import changes, contents_of
from nvmock_gpu.machine import types
from nvmock_gpu.machine.build import build_machine

pytestmark = pytest.mark.kind

EXAMPLES = dict(examples())
FORMS = (pathlib.Path(__file__).parent / "forms.manifests").read_text(encoding="utf-8")
# How many devices nvidia-smi shows in each container. A MIG device is shown below its GPU. None: another test looks.
PAGE = {
    "One GPU": {"one-gpu": {"main": 1}},
    "A GPU of a product, with memory and a driver": {"product": {"main": 1}},
    "Two GPUs below one PCIe switch": {"near": {"main": 2}},
    "A B200, otherwise two A100": {"alternatives": {"main": 2}},
    "A MIG device": {"mig": {"main": 2}},
    "Two containers, of which each has a GPU of its own and a shared one": {"three": {"first": 2, "second": 2}},
    "A Deployment, not as root": None,
    "Time-slicing": {"time-slicing": {"main": 1}},
    "All GPUs of a node, for monitoring": {"monitor": {"main": 31}},
    "No claim at all": {"resource": {"main": 2}},
}
MORE = {
    "pair": {"both": 2, "one": 1, "none": 0},
    "socket": {"main": 2},
    "uuid": {"main": 1},
    "migs": {"main": 3},
    "resources": {"first": 2, "second": 1},
}
ENDING = {name: containers for pods in PAGE.values() if pods for name, containers in pods.items()} | MORE


def test_every_claim_of_the_page_is_tested():
    assert list(PAGE) == list(EXAMPLES)


def test_slices_describe_the_machine(cluster, node):
    [part] = cluster.get("resourceslices", "--field-selector", f"spec.driver={DRIVER}")["items"]
    assert part["spec"]["nodeName"] == part["spec"]["pool"]["name"] == node
    gpus = cluster.gpus(node)
    whole = {gpu["uuid"] for gpu in gpus if not gpu["mig_enabled"]}
    assert cluster.uuids_of(node) == whole | {mig["uuid"] for gpu in gpus for mig in gpu["mig_devices"]}
    assert len(whole) == len(gpus) - 1 == 31


@pytest.fixture(scope="module")
def applied(cluster, node, dry_run):
    """All pods at once."""
    [last] = cluster.uuids_of(node, "gpu-31")
    texts = [text for title, text in EXAMPLES.items() if title != "No claim at all"]
    # The device plugin offers this resource on another node.
    texts.append(
        EXAMPLES["No claim at all"].replace("spec:\n", f"spec:\n  nodeSelector: {{kubernetes.io/hostname: {node}}}\n")
    )
    cluster.apply(*texts, FORMS.replace("'UUID'", f"'{last}'").replace("NODE", node))
    yield last
    cluster.kubectl("delete", "namespace", "nvmock-claims-quota", "--wait=false")


@pytest.fixture(scope="module")
def outputs(cluster, applied):
    """What each container of a pod that ends has said, by pod and container."""
    return {
        pod: {one: cluster.output(pod, one, MONITORING if pod == "monitor" else None) for one in containers}
        for pod, containers in ENDING.items()
    }


@pytest.mark.parametrize("pod", ENDING)
def test_each_container_has_its_devices(cluster, node, outputs, pod):
    devices = cluster.devices(node)
    published = {one["attributes"]["uuid"]["string"] for one in devices.values()}
    parents = {gpu["uuid"] for gpu in cluster.gpus(node) if gpu["mig_enabled"]}
    for container, count in ENDING[pod].items():
        text = outputs[pod][container]
        uuids = devices_in(text)
        assert len(uuids) == len(set(uuids)) == count, text
        assert set(uuids) <= published | (parents if "mig" in pod else set())


def attribute(cluster, node, uuid, name):
    [one] = [one for one in cluster.devices(node).values() if one["attributes"]["uuid"]["string"] == uuid]
    [value] = one["attributes"][name].values()
    return value


def test_selectors_and_constraints(cluster, node, outputs, applied):
    def of(pod, name):
        return {attribute(cluster, node, uuid, name) for uuid in devices_in(outputs[pod]["main"])}

    assert len(of("near", "resource.kubernetes.io/pcieRoot")) == 1
    assert of("socket", "resource.kubernetes.io/numaNode") == {1}
    assert devices_in(outputs["uuid"]["main"]) == [applied]
    assert outputs["alternatives"]["main"].count("A100") == 2
    assert re.findall(r"MIG (\S+)\s+Device", outputs["mig"]["main"]) == ["1g.5gb"]
    assert sorted(re.findall(r"MIG (\S+)\s+Device", outputs["migs"]["main"])) == ["1g.5gb", "3g.20gb"]


def test_requests_of_containers(outputs):
    three = {name: set(devices_in(text)) for name, text in outputs["three"].items()}
    assert len(three["first"] & three["second"]) == 1
    assert set(devices_in(outputs["pair"]["one"])) < set(devices_in(outputs["pair"]["both"]))
    assert outputs["pair"]["none"] == "none\n"
    assert not set(devices_in(outputs["resources"]["first"])) & set(devices_in(outputs["resources"]["second"]))


def test_a_pod_has_its_devices_and_no_others(cluster, node, outputs):
    lines = outputs["uuid"]["main"].splitlines()
    shown = {line for line in lines if line.startswith("/dev/nvidia") and line != "/dev/nvidia-caps"}
    assert shown == {"/dev/nvidia31"} | cluster.control_nodes(node)
    assert "visible=void" in lines


def test_one_claim_of_two_pods(cluster, applied):
    for name in ("shared-1", "shared-2"):
        cluster.until_pod(name, lambda one: one["status"]["phase"] == "Running", what="its start")
    assert cluster.seen("shared-1") == cluster.seen("shared-2") and len(cluster.seen("shared-1")) == 1
    reserved = cluster.get("resourceclaim", "-n", cluster.namespace, "shared")["status"]["reservedFor"]
    assert {one["name"] for one in reserved} == {"shared-1", "shared-2"}
    cluster.kubectl("delete", "pod", "-n", cluster.namespace, "shared-1")
    assert len(cluster.seen("shared-2")) == 1


def test_a_deployment_that_does_not_run_as_root(cluster, applied):
    def running(pods):
        found = [one for one in pods.values() if one["metadata"].get("labels", {}).get("app") == "server"]
        return len([one for one in found if one["status"]["phase"] == "Running"]) == 2 and found

    pods = [one["metadata"]["name"] for one in cluster.watched["pods"].until(running, 120, "the Deployment")]
    uuids = [uuid for pod in pods for uuid in cluster.seen(pod)]
    assert len(pods) == len(uuids) == len(set(uuids)) == 2


def test_a_claim_that_can_not_be_allocated(cluster, applied):
    def refused(one):
        return any("cannot allocate all claims" in each.get("message", "") for each in one["status"]["conditions"])

    cluster.until_pod("too-large", refused, what="the reason for which it is pending")


def test_a_configuration_that_is_not_supported_is_one_line(cluster, applied):
    wanted = "configuration: sharing.strategy: 'MPS' is not allowed: must be TimeSlicing: MPS is not supported"
    cluster.until_event("mps", wanted)


def test_a_quota_of_a_device_class(cluster, applied):
    """The API server counts devices of the class."""

    def create(count):
        text = cluster.claim("quota", count)
        return cluster.said("create", "-n", "nvmock-claims-quota", "--dry-run=server", "-f", "-", text=text)

    # A quota without a status, which the controller manager writes, refuses everything.
    eventually(lambda: "created (server dry run)" in create(1), 30)
    assert "exceeded quota: gpus, requested: gpu.nvidia.com.deviceclass.resource.k8s.io/devices=2" in create(2)


def test_admin_access_needs_a_label_of_the_namespace(cluster):
    text = cluster.claim("admin", adminAccess=True)
    said = cluster.said("create", "-n", cluster.namespace, "--dry-run=server", "-f", "-", text=text)
    assert "resource.kubernetes.io/admin-access: true" in said and "Forbidden" in said


def test_what_has_ended_is_released(cluster, node, outputs):
    """Only the pods that run hold devices, then none."""
    cluster.remove_all()
    eventually(lambda: cluster.claim_files(node) == [], 30, "no specification of a claim")
    cluster.until_claims(lambda claims: not claims, 30, "the end of all claims")
    assert "claims.json" not in cluster.on(node, f"ls /var/lib/kubelet/plugins/{DRIVER}")


def uptime():
    """Seconds since the start of this machine, which the nodes share."""
    return float(pathlib.Path("/proc/uptime").read_text(encoding="ascii").split()[0])


def test_seconds_from_a_pod_to_its_first_line(cluster, node, plugin_node, capsys):
    """Beside the device plugin: pods of both kinds start at the same time, on one machine."""
    seconds = {"claim": [], "device plugin": []}
    for number in range(4):
        start = uptime()
        cluster.apply(
            cluster.claim(f"claim-{number}"),
            cluster.claim_pod(f"claim-{number}", f"claim-{number}", node),
            cluster.claim_pod(f"plugin-{number}", node=plugin_node, resource="nvidia.com/gpu"),
        )
        for kind, name in zip(seconds, (f"claim-{number}", f"plugin-{number}")):
            lines = cluster.lines(name)
            assert len(devices_in("\n".join(lines))) == 1
            seconds[kind].append(float(lines[0]) - start)
        cluster.remove(f"claim-{number}", f"plugin-{number}")
    with capsys.disabled():
        for kind, values in seconds.items():
            print(
                f"\nfirst line of a pod with a GPU by {kind}: median {statistics.median(values):.1f} s of {len(values)}"
            )
    assert max(map(statistics.median, seconds.values())) < 60


def slices_of(kind, node):
    """The slices of a machine type with 1 and 64 GPUs: whole, with as many MIG devices as possible, with each profile, on demand."""
    model = build_machine(kind, gpu_count=1).model
    profiles = () if model is None else model.mig_profiles
    layouts = [(1, None), (64, None)]
    if profiles:
        most = max(profiles, key=lambda one: one.instance_count)
        layouts.append((64, {index: [most.name] * most.instance_count for index in range(64)}))
        layouts.append((len(profiles), {index: [one.name] for index, one in enumerate(profiles)}))
    taint = {"key": f"{DRIVER}/xid", "value": "79", "effect": "NoSchedule"}
    wanted = [(build_machine(kind, gpu_count=count, mig_layout=layout), frozenset()) for count, layout in layouts]
    if profiles:
        wanted += [(build_machine(kind, gpu_count=count), frozenset(range(count))) for count in (1, 64)]
    for machine, dynamic in wanted:
        devices = devices_of(machine, dynamic)
        sets = counter_sets(machine, dynamic)
        parts = changes([], contents_of(devices, {one.name: taint for one in devices}, False, sets), node)
        # The first slice and the last of equal ones.
        yield from (parts if len(parts) < 3 else (parts[0], parts[-1]))


@pytest.fixture(scope="module")
def dry_run(cluster, node, tmp_path_factory):
    """The API server checks all slices while pods start: the process, its output and the number of slices."""
    items = [
        {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "ResourceSlice",
            "metadata": {"name": f"dry-{number}"},
            "spec": {**change.spec, "pool": {**change.spec["pool"], "name": f"dry-{number}"}},
        }
        for number, change in enumerate(
            change for kind in [*types.names(), types.FALLBACK] for change in slices_of(kind, node)
        )
    ]
    place = tmp_path_factory.mktemp("slices")
    (place / "all.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    command = [
        "kubectl",
        "--kubeconfig",
        cluster.kubeconfig,
        "create",
        "--dry-run=server",
        "-f",
        str(place / "all.json"),
    ]
    with open(place / "output", "w", encoding="utf-8") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    yield process, place / "output", len(items)
    process.kill()
    process.wait()


def test_the_api_server_accepts_the_slices_of_every_machine_type(dry_run):
    process, output, count = dry_run
    process.wait(300)
    said = output.read_text(encoding="utf-8")
    refused = [line[:300] for line in said.splitlines() if "created (server dry run)" not in line]
    assert not refused and said.count("created (server dry run)") == count > 100
