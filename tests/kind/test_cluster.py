# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The life of two real clusters: one that the role makes, and one that is somebody else's. The tests run in their order."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest
from conftest import PREFIX, ROOT, command, docker, environment

pytestmark = pytest.mark.kind

OURS = PREFIX + "ours"
THEIRS = PREFIX + "theirs"
SHAPE = [{"role": "control-plane", "host_vars": {"gpu_node_machine": "dgxh100", "gpu_node_gpu_count": 2}}]
CDI_OFF = {"containerdConfigPatches": ['[plugins."io.containerd.grpc.v1.cri"]\n  enable_cdi = false']}


def containers(name):
    return docker("ps", "--all", "--quiet", "--filter", f"label=io.x-k8s.kind.cluster={name}").split()


def remove(name):
    ids = containers(name)
    if ids:
        docker("rm", "--force", "--volumes", *ids)


def create(name, image, config, kubeconfig):
    """Create a cluster with kind; the test fails with kind's own words.

    kind gives a node container 30 seconds to start systemd. On a busy machine that is too short at times: one more try.
    """
    command = [
        *("kind", "create", "cluster", "--name", name, "--image", image, "--wait", "120s"),
        *("--config", str(config), "--kubeconfig", str(kubeconfig)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0 and "could not find a log line" in done.stderr:
        remove(name)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def in_node(name, script):
    return docker("exec", f"{name}-control-plane", "sh", "-c", script)


# A cluster of ours


@pytest.fixture(scope="module")
def ours(kept):
    variables = {**kept, "kind_cluster_name": OURS, "kind_cluster_nodes": SHAPE}
    yield variables
    remove(OURS)


def test_check_mode_predicts_the_creation(play, ours):
    run = play("cluster.yml", "--check", **ours)
    assert run.rc == 0 and run.ran("Report that the cluster would be created"), run.output
    assert containers(OURS) == []


def test_ctrl_c_in_the_middle_and_run_again(play, ours):
    first = subprocess.Popen(
        command("cluster.yml", **ours),
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not containers(OURS):
        assert first.poll() is None and time.monotonic() < deadline
        time.sleep(0.5)
    # What a terminal does. Ansible's workers have sessions of their own: kind goes on working.
    os.killpg(first.pid, signal.SIGINT)
    try:
        first.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
    assert containers(OURS) != []
    again = play("cluster.yml", **ours)
    assert again.rc == 0, again.output
    assert again.ran("Remove the incomplete cluster of an interrupted run")
    shown = again.task("Show what the inventory knows")[f"{OURS}-control-plane"]["msg"]
    assert shown["groups"] == ["kind_control_plane", "kind_nodes"]
    assert (shown["role"], shown["machine"], shown["count"]) == ("control-plane", "dgxh100", 2)
    assert shown["python"] == "/usr/bin/python3"


def test_a_kind_that_goes_on_is_ended_and_no_other(tmp_path):
    script = ROOT / "roles/kind_cluster/files/stop-kind.sh"
    name = PREFIX + "interrupted"
    kind = subprocess.Popen(["bash", "-c", f'exec -a "kind create cluster --name {name} --image none" sleep 60'])
    try:
        pidfile = tmp_path / "kind.pid"
        pidfile.write_text(f"{kind.pid}\n")
        assert (
            subprocess.run(["sh", script, pidfile, "other"], capture_output=True, text=True, check=False).stdout == ""
        )
        assert kind.poll() is None
        assert (
            subprocess.run(["sh", script, pidfile, name], capture_output=True, text=True, check=False).stdout
            == "stopped\n"
        )
        assert kind.wait(timeout=5) != 0
    finally:
        kind.kill()


def test_a_second_run_changes_nothing(play, ours):
    run = play("cluster.yml", **ours)
    assert (run.rc, run.changed) == (0, 0), run.output
    assert play("cluster.yml", "--check", **ours).changed == 0


def test_the_kubeconfig_is_a_file_of_its_own(ours):
    path = pathlib.Path(ours["kind_cluster_state_directory"]) / OURS / "kubeconfig"
    assert path.stat().st_mode & 0o777 == 0o600
    done = subprocess.run(
        ["kubectl", "--kubeconfig", path, "get", "nodes", "-o", "name"], capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == [f"node/{OURS}-control-plane"]
    default = pathlib.Path.home() / ".kube/config"
    assert not default.exists() or f"kind-{OURS}" not in default.read_text()


def test_another_shape_is_refused(play, ours):
    run = play("cluster.yml", **{**ours, "kind_cluster_nodes": [*SHAPE, {"role": "worker"}]})
    assert (
        f"cluster {OURS} exists with 1 control-plane and 0 worker nodes, but kind_cluster_nodes requires" in run.error
    )
    assert "kind_cluster_state=absent" in run.error


def test_another_image_is_refused(play, ours, node_image):
    run = play("cluster.yml", **{**ours, "kind_cluster_node_image": "kindest/node:v9"})
    assert f"was created from {node_image}, but kind_cluster_node_image is kindest/node:v9" in run.error


def test_a_paused_node_is_named(play, ours):
    node = f"{OURS}-control-plane"
    docker("pause", node)
    try:
        error = play("cluster.yml", **ours).error
    finally:
        docker("unpause", node)
    assert f"{node} is paused: run 'docker unpause {node}' and try again" in error


def test_an_api_server_that_does_not_answer_is_named(play, ours):
    in_node(OURS, "pkill -STOP kube-apiserver")
    try:
        run = play("cluster.yml", **ours, kind_cluster_wait_seconds=3)
    finally:
        in_node(OURS, "pkill -CONT kube-apiserver")
    assert f"the API server of {OURS} did not answer in 3 s: " in run.error


def wake_after_the_first_question(node, seconds):
    """Let the API server of a node continue that many seconds after somebody has connected to it."""
    port = int(docker("port", node, "6443").rpartition(":")[2])
    end = time.monotonic() + 300
    while time.monotonic() < end:
        with open("/proc/net/tcp", encoding="ascii") as handle:
            connections = [line.split()[2:4] for line in handle]
        if [f"0100007F:{port:04X}", "01"] in connections:
            break
        time.sleep(0.1)
    time.sleep(seconds)
    in_node(OURS, "pkill -CONT kube-apiserver")


def test_a_slow_api_server_is_waited_for(play, ours):
    """The API server does not answer until 15 seconds after the first question, which takes no longer than 10."""
    waker = threading.Thread(target=wake_after_the_first_question, args=(f"{OURS}-control-plane", 15))
    in_node(OURS, "pkill -STOP kube-apiserver")
    waker.start()
    try:
        run = play("cluster.yml", **ours, kind_cluster_wait_seconds=90)
    finally:
        waker.join()
    assert run.rc == 0, run.output
    assert "found" not in run.task("Ask whether nodes and DNS are Ready")["localhost"]
    assert "found" in run.task("timeout in seconds 90)")["localhost"]


def test_a_node_that_stops_during_the_run_is_named(play, ours, path_with):
    """A docker that pauses the node right before the first command in it."""
    node = f"{OURS}-control-plane"
    real = shutil.which("docker")
    script = f'case "$1" in exec) {real} pause {node} >/dev/null 2>&1 ;; esac; exec {real} "$@"'
    path = path_with("kind", "kubectl", docker=script) + ":" + os.environ["PATH"]
    try:
        error = play("cluster.yml", env={"PATH": path}, **ours).error
    finally:
        docker("unpause", node)
    assert f"a node of {OURS} does not answer: " in error and "paused" in error and "run again" in error


def test_absent_deletes_an_owned_cluster(play, ours):
    assert play("cluster.yml", "--check", **ours, kind_cluster_state="absent").changed > 0
    assert containers(OURS) != []
    run = play("cluster.yml", **ours, kind_cluster_state="absent")
    assert run.rc == 0 and run.ran("Delete the managed cluster"), run.output
    assert containers(OURS) == []
    assert not (pathlib.Path(ours["kind_cluster_state_directory"]) / OURS).exists()
    assert play("cluster.yml", **ours, kind_cluster_state="absent").changed == 0


# A cluster of somebody else, of the stock image: no Python, and CDI off as far as its containerd can be told


@pytest.fixture(scope="module")
def theirs(kept, node_image, tmp_path_factory):
    base = tmp_path_factory.mktemp("theirs")
    config = base / "kind.yaml"
    config.write_text(json.dumps({"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", **CDI_OFF}))
    try:
        create(THEIRS, node_image, config, base / "kubeconfig")
        yield {**kept, "kind_cluster_name": THEIRS}
    finally:
        remove(THEIRS)


@pytest.fixture(scope="module")
def mine(theirs, tmp_path_factory):
    """The kubeconfig that the cluster's owner has."""
    path = tmp_path_factory.mktemp("mine") / "kubeconfig"
    path.write_text(
        subprocess.run(
            ["kind", "get", "kubeconfig", "--name", THEIRS], check=True, capture_output=True, text=True
        ).stdout
    )
    return str(path)


def snapshot(kubeconfig):
    """Every file that a user, a package manager or we would have on the node, with its content, and the objects of the cluster."""
    script = (
        "find /dev /etc /opt /usr /root /run/nvidia /var/lib/dpkg /var/lib/nvidia-mock /var/lib/nvmock* /nvmock* -xdev"
    )
    script += " -not -path '/dev/pts*' -not -path '/dev/shm*' \\( -type f -o -type l -o -type d -o -type c \\)"
    script += " -printf '%p %y %m %u %s %l\\n' 2>/dev/null | sort; find /etc -type f -exec sha256sum {} + | sort -k 2"
    kinds = (
        "namespaces,nodes,configmaps,serviceaccounts,daemonsets,jobs,clusterroles,clusterrolebindings,runtimeclasses"
    )
    objects = subprocess.run(
        ["kubectl", "--kubeconfig", kubeconfig, "get", kinds, "--all-namespaces", "-o", "name"],
        check=True,
        capture_output=True,
        text=True,
    )
    return in_node(THEIRS, script).splitlines() + sorted(objects.stdout.splitlines())


def difference(before, after):
    return {"gone": sorted(set(before) - set(after)), "new": sorted(set(after) - set(before))}


def test_an_existing_cluster_gets_gpus_and_is_restored(play, theirs, mine, tmp_path):
    """gpu_mock.yml and teardown.yml on a cluster that was there before: afterwards nothing tells that they were."""
    since = "systemctl show --property=ActiveEnterTimestampMonotonic containerd"
    config = in_node(THEIRS, "cat /etc/containerd/config.toml")
    assert "enable_cdi = false" in config
    # containerd 2.3 and later have no such key.
    always_on = "enable_cdi" not in in_node(THEIRS, "containerd config dump")
    started = in_node(THEIRS, since)
    before = snapshot(mine)
    variables = {
        **theirs,
        "gpu_mock_provider": "kind",
        "gpu_mock_cluster": THEIRS,
        "gpu_mock_kind_node_image": theirs["kind_cluster_node_image"],
        "gpu_mock_local_directory": str(tmp_path / "gpu-mock"),
        "gpu_node_gpu_count": 2,
    }
    run = play("../../playbooks/gpu_mock.yml", **variables)
    assert run.rc == 0 and run.ran("Unpack the bundle under its prefix"), run.output
    assert run.ran("Restart containerd") is not always_on
    assert "✓ CDI smoke test PASSED" in "\n".join(run.task("Summary")[f"{THEIRS}-control-plane"]["msg"])
    assert "  total" in run.task("How long each phase took")[f"{THEIRS}-control-plane"]["msg"][-1]
    if always_on:
        assert in_node(THEIRS, "cat /etc/containerd/config.toml") == config
        assert in_node(THEIRS, since) == started
    else:
        assert "enable_cdi = true" in in_node(THEIRS, "containerd config dump")
    assert in_node(THEIRS, "stat -c %t:%T /dev/nvidia1") == "c3:1"
    started = in_node(THEIRS, since)

    again = play("../../playbooks/gpu_mock.yml", **variables)
    assert (again.rc, again.changed) == (0, 0), again.output
    assert in_node(THEIRS, since) == started, "containerd was restarted though nothing changed"

    # Without being told which provider it was.
    gone = play("../../playbooks/teardown.yml", **{**variables, "gpu_mock_provider": "auto"})
    assert gone.rc == 0 and gone.ran("Restart containerd") is not always_on, gone.output
    assert containers(THEIRS) != []
    assert in_node(THEIRS, "cat /etc/containerd/config.toml") == config
    assert difference(before, snapshot(mine)) == {"gone": [], "new": []}
    assert not (tmp_path / "gpu-mock").exists()
    assert not (pathlib.Path(theirs["kind_cluster_state_directory"]) / THEIRS).exists()
    assert play("../../playbooks/teardown.yml", **variables).changed == 0


def test_the_example_for_other_peoples_clusters(theirs, mine):
    """docs/examples/existing-kind-cluster, as its comments say to run it."""
    example = ROOT / "docs/examples/existing-kind-cluster"
    before = snapshot(mine)

    def run(*options):
        command = ["ansible-playbook", "-i", str(example / "inventory.docker.yml"), str(example / "playbook.yml")]
        extra = json.dumps({**theirs, "cluster": THEIRS})
        done = subprocess.run(
            [str(pathlib.Path(sys.executable).parent / command[0]), *command[1:], "-e", extra, *options],
            cwd=ROOT,
            env=environment(ANSIBLE_STDOUT_CALLBACK="default"),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run()
    assert in_node(THEIRS, "cd /dev && ls -d nvidia[0-9]*").split() == ["nvidia0", "nvidia1"]
    run("-e", "wanted=absent")
    assert difference(before, snapshot(mine)) == {"gone": [], "new": []}


def test_packages_instead_of_a_bundle(play, theirs):
    play("cluster.yml", **theirs, kind_cluster_state="absent")
    packages = in_node(THEIRS, "dpkg-query --show")
    run = play("cluster.yml", **theirs, kind_cluster_python="packages")
    assert run.rc == 0 and run.ran("Install Python with the node's package manager"), run.output
    gone = play("cluster.yml", **theirs, kind_cluster_state="absent")
    assert gone.rc == 0, gone.output
    assert in_node(THEIRS, "dpkg-query --show") == packages


def test_a_stopped_node_is_named(play, theirs):
    node = f"{THEIRS}-control-plane"
    docker("stop", "--time", "1", node)
    assert f"{node} is exited: run 'docker start {node}' and try again" in play("cluster.yml", **theirs).error
