# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A GPU is cut three times while pods run: device nodes, specification, allocatable and labels follow.

The node runs gpu-mockctl watch, which is copied to it, and the plugin offers MIG devices by profile.
"""

from __future__ import annotations

import json
import pathlib
import subprocess

import pytest
import yaml
from cluster_support import GPU, MACHINE_FILE, PLUGIN_NAMESPACE, SPEC, eventually

pytestmark = pytest.mark.kind

ROOT = pathlib.Path(__file__).resolve().parents[3]
PLACE = "/opt/nvmock-test"
SMI = "/var/lib/nvidia-mock/driver/bin/nvidia-smi"
MIG = "nvidia.com/mig-"
HOLD = "import os, sys, time; os.open(sys.argv[1], os.O_PATH); print('end', flush=True); time.sleep(3600)"


@pytest.fixture
def cut_node(cluster):
    """A node with an A100 in which a watch runs, and whose plugin offers MIG devices by profile; afterwards it is as it was."""
    node = next((name for name in cluster.nodes if "A100" in cluster.gpus(name)[0]["name"]), None)
    if node is None:
        pytest.skip("no node with an A100")
    gpus = cluster.gpus(node)
    cluster.on(node, f"mkdir -p {PLACE}/plugins")
    for source, target in (("bin", PLACE), ("plugins/module_utils", f"{PLACE}/plugins")):
        subprocess.run(["docker", "cp", "-q", str(ROOT / source), f"{node}:{target}"], check=True)
    flags = f"--machine dgxa100 --gpu-count {len(gpus)} --uuids {','.join(gpu['uuid'] for gpu in gpus)} --with-hook"
    command = f"python3 {PLACE}/bin/gpu-mockctl watch {flags} --interval 3600 >{PLACE}/log 2>&1"
    with strategy(cluster, "mixed"):
        subprocess.run(["docker", "exec", "-d", node, "sh", "-c", f"echo $$ >{PLACE}/pid; exec {command}"], check=True)
        try:
            eventually(lambda: "mock GPU node" in cluster.on(node, f"cat {PLACE}/log", check=False), 60, "the watch")
            yield node
        finally:
            cluster.remove_pods()
            cluster.on(node, f"{SMI} mig -dci; {SMI} mig -dgi; {SMI} -mig 0", check=False)
            cluster.on(node, f"sleep 2; kill $(cat {PLACE}/pid); rm -rf {PLACE}", check=False)


class strategy:
    """The plugin's MIG strategy while a test runs."""

    def __init__(self, cluster, wanted):
        self._cluster = cluster
        self._wanted = wanted

    def _put(self, wanted):
        name = self._cluster.get("daemonsets", "-n", PLUGIN_NAMESPACE)["items"][0]["metadata"]["name"]
        spec = self._cluster.get("daemonset", "-n", PLUGIN_NAMESPACE, name)["spec"]["template"]["spec"]
        arguments = spec["containers"][0]["args"]
        place = next(index for index, one in enumerate(arguments) if one.startswith("--mig-strategy="))
        before = arguments[place].partition("=")[2]
        if before != wanted:
            path = f"/spec/template/spec/containers/0/args/{place}"
            patch = json.dumps([{"op": "replace", "path": path, "value": f"--mig-strategy={wanted}"}])
            self._cluster.kubectl("patch", "daemonset", "-n", PLUGIN_NAMESPACE, name, "--type=json", "-p", patch)
            self._cluster.kubectl("rollout", "status", "daemonset", "-n", PLUGIN_NAMESPACE, name, "--timeout=120s")
        return before

    def __enter__(self):
        self._before = self._put(self._wanted)

    def __exit__(self, *_error):
        self._put(self._before)


def offered(cluster, node):
    """What pods can request of the node, without what is 0."""
    found = cluster.get("node", node)["status"]["allocatable"]
    return {name: int(count) for name, count in found.items() if name.startswith((GPU, MIG)) and count != "0"}


def uuids(cluster, node):
    """Those of the MIG devices by the machine file, the specification and the device nodes."""
    machine = [mig for gpu in json.loads(cluster.on(node, f"cat {MACHINE_FILE}"))["gpus"] for mig in gpu["mig_devices"]]
    spec = yaml.safe_load(cluster.on(node, f"cat {SPEC}"))
    named = {device["name"] for device in spec["devices"] if device["name"].startswith("MIG-")}
    nodes = cluster.on(node, "ls /dev/nvidia-caps 2>/dev/null || true").split()
    return {mig["uuid"] for mig in machine}, named, len(nodes)


def cut(cluster, node, *commands):
    """Run nvidia-smi's commands on the node, and wait until the specification has followed."""
    for command in commands:
        done = subprocess.run(
            ["docker", "exec", node, "sh", "-c", f"{SMI} {command}"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 and "warning" not in done.stderr, (command, done)

    def same():
        machine, named, _nodes = uuids(cluster, node)
        return machine == named and len(machine) == expected(cluster, node)

    eventually(same, 30, "the specification")


def expected(cluster, node):
    """How many compute instances nvidia-smi lists."""
    listed = cluster.on(node, f"{SMI} mig -lci", check=False)
    return sum("MIG " in line for line in listed.splitlines())


def test_a_layout_changes_three_times_under_running_pods(cluster, cut_node):
    node, count = cut_node, len(cluster.gpus(cut_node))
    last = str(count - 1)
    eventually(lambda: offered(cluster, node) == {GPU: count}, 60, "whole GPUs")
    stays = cluster.pod(1, node) if count > 2 else None

    cut(cluster, node, f"-i {last} -mig 1", f"mig -i {last} -cgi 3g.20gb,3g.20gb -C")
    eventually(lambda: offered(cluster, node) == {GPU: count - 1, MIG + "3g.20gb": 2}, 60, "two of 3g.20gb")
    pod = cluster.pod(1, node, resource=MIG + "3g.20gb")
    seen = "\n".join(cluster.lines(pod))
    (uuid,) = [one for one in uuids(cluster, node)[0] if one in seen]

    # The other one is cut again while the pod runs.
    machine = json.loads(cluster.on(node, f"cat {MACHINE_FILE}"))["gpus"][-1]["mig_devices"]
    free = next(mig for mig in machine if mig["uuid"] != uuid)
    assert all(mig["uuid"] in cluster.on(node, f"{SMI} -L") for mig in machine)
    cut(
        cluster,
        node,
        f"mig -i {last} -dci -gi {free['gi']}",
        f"mig -i {last} -dgi -gi {free['gi']}",
        f"mig -i {last} -cgi 1g.5gb,1g.5gb -C",
    )
    eventually(
        lambda: offered(cluster, node) == {GPU: count - 1, MIG + "3g.20gb": 1, MIG + "1g.5gb": 2}, 60, "two of 1g.5gb"
    )
    small = cluster.pod(1, node, resource=MIG + "1g.5gb")
    assert "MIG 1g.5gb" in "\n".join(cluster.lines(small))

    # A process that has the device open keeps it: In use.
    held = next(mig for mig in machine if mig["uuid"] == uuid)
    minor = 3 + ((count - 1) * 15 + held["gi"]) * 9 + 1 + held["ci"]
    path = f"/dev/nvidia-caps/nvidia-cap{minor}"
    holder = subprocess.Popen(
        [
            "kubectl",
            "--kubeconfig",
            cluster.kubeconfig,
            "exec",
            "-n",
            cluster.namespace,
            pod,
            "--",
            "python3",
            "-c",
            HOLD,
            path,
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout.readline() == "end\n"
        refused = cluster.on(node, f"{SMI} mig -i {last} -dci -gi {held['gi']}; echo status $?", check=False)
        assert "In use by another client" in refused and "status 19" in refused
    finally:
        cluster.remove(pod)
        holder.wait(60)

    cluster.remove(small)
    cut(cluster, node, f"mig -i {last} -dci", f"mig -i {last} -dgi", f"-i {last} -mig 0")
    eventually(lambda: offered(cluster, node) == {GPU: count}, 60, "whole GPUs again")
    assert uuids(cluster, node) == (set(), set(), 0)
    assert cluster.gpus(node)[-1]["mig_enabled"] is False
    if stays:
        assert cluster.get("pod", "-n", cluster.namespace, stays)["status"]["phase"] == "Running"
