# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The in-cluster path on a real cluster of at least two nodes. The tests run in their order.

The cluster is made and deleted here, unless NVMOCK_TEST_CLUSTER names one without mock GPUs that stays, and
NVMOCK_TEST_CLUSTER_DIRECTORY the directory that its kubeconfig may be written to.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import time

import pytest
from kind_support import ROOT, docker

HERE = pathlib.Path(__file__).parent
PLAYBOOK = str(ROOT / "playbooks" / "in_cluster.yml")
SHARED = os.environ.get("NVMOCK_TEST_CLUSTER")
CLUSTER = SHARED or "incluster-test"
NODES = [f"{CLUSTER}-control-plane", f"{CLUSTER}-worker"]
MACHINES = [
    {"name": "big", "machine": "dgxh100", "gpu_count": 2, "node_selector": {"kubernetes.io/hostname": NODES[0]}},
    {"name": "small", "machine": "dgxa100", "gpu_count": 1, "node_selector": {"kubernetes.io/hostname": NODES[1]}},
]

# in_cluster_wait_seconds: who takes less has not waited for what can not come.
DEFAULT_WAIT = 180

# Everything where the mock, or a mistake of it, may be: type, mode, owner, link, device numbers, and a sum of the content. The
# manifest names the pod that keeps the node, which is not compared.
LOOK = """
for place in /etc /opt /usr/local /usr/bin /dev /var/lib/nvidia-mock /run/nvidia /run/cdi /var/run/cdi; do
  [ -e "$place" ] && find "$place" -path /dev/pts -prune -o ! -path '/dev/mqueue*' -printf '%p %y %m %U:%G %l\\n'
done | sort
find /dev -type c -path '*nvidia*' -exec stat -c '%n %t:%T' {} + | sort
find /etc /opt /usr/local /var/lib/nvidia-mock /run/nvidia -type f ! -name manifest.mtree -exec sha256sum {} + 2>/dev/null | sort -k 2
[ ! -e /var/lib/nvidia-mock/manifest.mtree ] || sed '/^#/d; s/,watch:[^, ]*//' /var/lib/nvidia-mock/manifest.mtree | sha256sum
find /var/lib/nvidia-mock /run/nvidia -type c -exec stat -c '%n %t:%T' {} + 2>/dev/null | sort
find / /var/lib /run -maxdepth 1 \\( -name '*nvidia*' -o -name '*mock*' \\) | sort
"""

pytestmark = pytest.mark.kind


def snapshot(node):
    return docker("exec", node, "sh", "-c", LOOK).splitlines()


def differences(expected):
    """What is not as it was on the nodes: lines that came with +, lines that went with -."""
    out = {}
    for node, lines in expected.items():
        found = snapshot(node)
        if found != lines:
            came, went = set(found) - set(lines), set(lines) - set(found)
            out[node] = sorted([f"+{line}" for line in came] + [f"-{line}" for line in went])
    return out


def in_node(node, script):
    return docker("exec", node, "sh", "-c", script)


def messages(run):
    """What debug tasks showed, as one text."""
    return "\n".join(
        line
        for play in run.data["plays"]
        for task in play["tasks"]
        for host in task["hosts"].values()
        for result in host.get("results", [host])
        for line in (result["msg"] if isinstance(result.get("msg"), list) else [])
    )


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(1)


# Bad input is refused before anything is asked of a cluster


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"in_cluster_namespace": "Not_A_Name"}, "in_cluster_namespace: 'Not_A_Name' is not allowed"),
        ({"in_cluster_namespace": "a" * 64}, "is not allowed: must be at most 63"),
        ({"in_cluster_machines": [{"name": "-x"}]}, "in_cluster_machines: the name '-x' is not allowed"),
        ({"in_cluster_machines": [{"name": "a"}, {"name": "a"}]}, "each with its own name"),
    ],
)
def test_bad_input_is_refused(play, variables, named):
    run = play(PLAYBOOK, "--tags", "smoke", gpu_mock_kubeconfig="/nonexistent", **variables)
    assert named in run.error


def test_a_wrong_kubeconfig_is_named(play):
    run = play(PLAYBOOK, "--tags", "smoke", gpu_mock_kubeconfig="/nonexistent")
    assert "in_cluster_kubeconfig ('/nonexistent')" in run.error


# A cluster


@pytest.fixture(scope="module")
def variables(play, kept, node_image):
    if SHARED:
        kubeconfig = os.path.join(os.environ["NVMOCK_TEST_CLUSTER_DIRECTORY"], "in-cluster.kubeconfig")
        command = ["kind", "export", "kubeconfig", "--name", CLUSTER, "--kubeconfig", kubeconfig]
        subprocess.run(command, check=True, capture_output=True)
    else:
        kubeconfig = str(pathlib.Path(kept["kind_cluster_state_directory"]) / CLUSTER / "kubeconfig")
        shape = [{"role": "control-plane"}, {"role": "worker"}]
        made = play("cluster.yml", **kept, kind_cluster_name=CLUSTER, kind_cluster_nodes=shape)
        assert made.rc == 0, made.output
    yield {
        "gpu_mock_cluster": CLUSTER,
        "gpu_mock_kind_node_image": node_image,
        "gpu_mock_kubeconfig": kubeconfig,
        "in_cluster_machines": MACHINES,
        "in_cluster_interval": 1,
    }
    if not SHARED:
        subprocess.run(["kind", "delete", "cluster", "--name", CLUSTER], check=True, capture_output=True)


@pytest.fixture(scope="module")
def before(variables):
    return {node: snapshot(node) for node in NODES}


@pytest.fixture(scope="module")
def applied(play, variables, before):
    """The first run, and what the nodes are after it."""
    run = play(PLAYBOOK, **variables)
    assert run.rc == 0, run.output
    return run, {node: snapshot(node) for node in NODES}


def test_from_nothing_to_verified_nodes(applied):
    shown = messages(applied[0])
    assert shown.count("✓ CDI smoke test PASSED") == 2
    assert shown.count("ALL CHECKS PASSED") == 3  # the verify Job, and each node
    for line in ("✓ CDI spec exists", "✓ Mock driver libraries present", "✓ Mock binaries present"):
        assert shown.count(line) == 2


def test_a_first_start_leaves_no_warning(variables, applied):
    """No probe of our pods has failed, and nobody had to warn of the Pod Security level of their namespace."""
    kubectl = ["kubectl", "--kubeconfig", variables["gpu_mock_kubeconfig"], "-n", "gpu-mock", "-o", "json"]

    def get(*what):
        done = subprocess.run([*kubectl, "get", *what], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    assert len(get("pods", "-l", "app in (gpu-mock-big, gpu-mock-small)")["items"]) == 2
    assert [event["message"] for event in get("events", "--field-selector", "reason=Unhealthy")["items"]] == []
    labels = get("namespace", "gpu-mock")["metadata"]["labels"]
    assert [labels[f"pod-security.kubernetes.io/{mode}"] for mode in ("enforce", "audit", "warn")] == ["privileged"] * 3


def test_each_node_is_the_machine_that_it_was_to_be(applied):
    for node, count, name in ((NODES[0], 2, "NVIDIA H100 80GB HBM3"), (NODES[1], 1, "NVIDIA A100-SXM4-40GB")):
        assert in_node(node, "ls /dev | grep -c '^nvidia[0-9]'") == str(count)
        assert name in in_node(node, "cat /var/lib/nvidia-mock/driver/etc/nvmock/machine.json")


def test_a_second_run_changes_nothing(play, variables, applied):
    run = play(PLAYBOOK, **variables)
    assert (run.rc, run.changed) == (0, 0), run.output


def test_drift_is_repaired_and_a_killed_pod_leaves_the_node(variables, applied):
    node = NODES[1]
    in_node(node, "rm /dev/nvidia0; echo drift >/etc/cdi/nvidia.yaml")
    wait_for(lambda: snapshot(node) == applied[1][node])
    kubectl = ["kubectl", "--kubeconfig", variables["gpu_mock_kubeconfig"], "-n", "gpu-mock"]
    log = subprocess.run([*kubectl, "logs", "-l", "app=gpu-mock-small"], capture_output=True, text=True, check=True)
    assert "repaired c 0666 0:0 195:0 /dev/nvidia0" in log.stdout
    in_node(node, "pkill -KILL -f '[g]pu-mockctl watch'")
    for _look in range(5):
        assert snapshot(node) == applied[1][node]


def test_a_deleted_pod_comes_back_and_so_does_the_node(variables, applied):
    kubectl = ["kubectl", "--kubeconfig", variables["gpu_mock_kubeconfig"], "-n", "gpu-mock"]
    subprocess.run([*kubectl, "delete", "pod", "-l", "app=gpu-mock-small"], check=True, capture_output=True)
    wait_for(lambda: snapshot(NODES[1]) == applied[1][NODES[1]])


def test_a_job_that_fails_shows_its_log(play, variables, applied):
    start = time.monotonic()
    run = play(PLAYBOOK, "--tags", "smoke", **variables, in_cluster_cdi_spec_path="/etc/cdi/other.yaml")
    assert f"on {NODES[0]}: Failed" in run.error and f"on {NODES[1]}: Failed" in run.error
    assert "container smoke: exit status 1" in run.error
    assert "FAILED: /etc/cdi/other.yaml" in run.error
    assert time.monotonic() - start < DEFAULT_WAIT


def test_removal_leaves_the_nodes_as_they_were(play, variables, applied, before):
    run = play(str(HERE / "absent.yml"), **variables)
    assert run.rc == 0, run.output
    assert differences(before) == {}
    assert play(str(HERE / "absent.yml"), **variables).changed == 0


def test_the_direct_path_leaves_the_same_bytes(play, applied, before):
    nodes = {
        node: {"gpu_node_machine": machine["machine"], "gpu_node_gpu_count": machine["gpu_count"]}
        for machine, node in zip(MACHINES, NODES)
    }
    run = play(str(HERE / "nodes.yml"), nodes=nodes)
    assert run.rc == 0, run.output
    assert differences(applied[1]) == {}
    run = play(str(HERE / "nodes.yml"), nodes=nodes, gpu_node_state="absent")
    assert run.rc == 0, run.output
    assert differences(before) == {}


def test_a_node_of_the_direct_path_is_left_alone(play, variables, applied, before):
    node, line = NODES[1], "the machine type dgxb200, and this command would make it one with the machine type dgxa100"
    nodes = {node: {"gpu_node_machine": "dgxb200", "gpu_node_gpu_count": 1}}
    assert play(str(HERE / "nodes.yml"), nodes=nodes).rc == 0
    made = snapshot(node)
    run = play(PLAYBOOK, "--tags", "apply-cdi,wait-cdi", **variables, in_cluster_wait_seconds=20)
    assert "not ready after 20 s" in run.error and line in run.error
    assert snapshot(node) == made
    assert play(str(HERE / "absent.yml"), **variables).rc == 0
    assert snapshot(node) == made
    assert play(str(HERE / "nodes.yml"), nodes=nodes, gpu_node_state="absent").rc == 0
    assert differences(before) == {}


def test_a_daemonset_that_never_gets_ready_says_why(play, variables, applied):
    start = time.monotonic()
    run = play(
        PLAYBOOK,
        "--tags",
        "apply-cdi,wait-cdi",
        **variables,
        in_cluster_image="nvmock/nosuch:1",
        in_cluster_image_pull_policy="Never",
        in_cluster_wait_seconds=8,
    )
    assert "not ready after 8 s" in run.error and "ErrImageNeverPull" in run.error
    assert time.monotonic() - start < DEFAULT_WAIT


def test_an_api_server_that_does_not_answer_is_named(play, variables, applied):
    in_node(NODES[0], "pkill -STOP kube-apiserver")
    try:
        run = play(PLAYBOOK, "--tags", "apply", **variables, in_cluster_request_seconds=3)
    finally:
        in_node(NODES[0], "pkill -CONT kube-apiserver")
    assert "the API server did not answer in 3 s" in run.error
