# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The part of `make bench` that needs a kind cluster: from a standing cluster to verified nodes, for 1 and for 3 nodes; then pods.

Beside it the plain sum of the `docker exec` round trips that this needs at least: one for each module that the roles run on a
node, each starting the node's Python and doing nothing.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import device_plugin

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CLUSTER = "nvmock-bench"
Row = tuple[str, str, str, str]


def rows() -> list[Row]:
    """The rows of the table; one that says why, where no cluster can be made."""
    image = os.environ.get("NVMOCK_TEST_KIND_NODE_IMAGE") or first_image()
    missing = [tool for tool in ("docker", "kind", "kubectl") if shutil.which(tool) is None]
    if missing or not image:
        return [(f"kind: not measured, {', '.join(missing) or 'a kindest/node image'} is missing", "", "", "")]
    with tempfile.TemporaryDirectory() as place:
        return [row for workers in (0, 2) for row in measure(image, place, workers)]


def first_image() -> str:
    """The first kindest/node image of the engine; empty where there is none, or no engine."""
    if shutil.which("docker") is None:
        return ""
    listed = subprocess.run(
        ["docker", "images", "--format", "{{.Repository}}:{{.Tag}}", "kindest/node"],
        capture_output=True,
        text=True,
        check=False,
    )
    return next((name for name in listed.stdout.split() if "<none>" not in name), "")


def measure(image: str, place: str, workers: int) -> list[Row]:
    """A cluster of one control plane and *workers*: create, first run, second run, the least of `docker exec`."""
    variables = {
        "gpu_mock_provider": "kind",
        "gpu_mock_cluster": CLUSTER,
        "gpu_mock_kind_node_image": image,
        "gpu_mock_local_directory": place,
        "kind_cluster_state_directory": os.path.join(place, "state"),
        # What comes after the nodes is measured by itself: device_plugin.py.
        "gpu_mock_cluster_checks": False,
        "gpu_mock_device_plugin": False,
        "gpu_mock_nodes": [{"role": "control-plane"}] + [{"role": "worker"}] * workers,
    }
    pods: list[Row] = []
    count = f"{workers + 1} node{'s' if workers else ''}"
    try:
        create = playbook("provision.yml", variables)[0]
        first, calls = playbook("gpu_mock.yml", variables)
        second, _calls = playbook("gpu_mock.yml", variables)
        least = exec_time(calls)
        if workers:
            playbook("gpu_mock.yml", {**variables, "gpu_mock_device_plugin": True})
            pods = device_plugin.rows(os.path.join(place, f"{CLUSTER}.kubeconfig"))
    finally:
        playbook("teardown.yml", variables)
    return [
        (f"kind, {count}: create the cluster", "1", f"{create:.2f}", ""),
        (f"kind, {count}: {sum(calls.values())} docker exec that do nothing", "1", f"{least:.2f}", "1.0"),
        (f"kind, {count}: standing cluster to verified nodes", "1", f"{first:.2f}", f"{first / least:.1f}"),
        (f"kind, {count}: second run", "1", f"{second:.2f}", f"{second / least:.1f}"),
        *pods,
    ]


def playbook(name: str, variables: dict[str, object]) -> tuple[float, dict[str, int]]:
    """Run a playbook: its seconds, and how many tasks ran a module on each node."""
    environment = {**os.environ, "ANSIBLE_CONFIG": os.path.join(ROOT, "ansible.cfg")}
    program = os.path.join(os.path.dirname(sys.executable), "ansible-playbook")
    command = [program, "-vvv", os.path.join(ROOT, "playbooks", name), "-e", json.dumps(variables)]
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    calls: dict[str, int] = {}
    for node in re.findall(rf"<({CLUSTER}-\S+)> EXEC ", done.stdout):
        calls[node] = calls.get(node, 0) + 1
    return wall, calls


def exec_time(calls: dict[str, int]) -> float:
    """The plain sum of these calls, one after the other."""
    start = time.perf_counter()
    for node, number in calls.items():
        for _call in range(number):
            subprocess.run(["docker", "exec", "-i", node, "/usr/bin/python3", "-c", "pass"], check=True, input=b"")
    return time.perf_counter() - start
