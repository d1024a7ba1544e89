# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The part of `make bench` that needs kind clusters of three nodes: `make up`, the in-cluster path, and pods.

`kind create cluster` itself, with the same image and the same configuration, is measured in the same run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from typing import Any

import in_cluster
from plays import ROOT, Row, playbook, row

import device_plugin

CLUSTER = "nvmock-bench"
SHAPE = [{"role": "control-plane"}, {"role": "worker"}, {"role": "worker"}]
MORE_THAN_KIND = 25
NOTHING_TO_DO = 10


def rows() -> list[Row]:
    """The rows of the table; one that says why, where no cluster can be made."""
    image = os.environ.get("NVMOCK_TEST_KIND_NODE_IMAGE") or first_image()
    missing = [tool for tool in ("docker", "kind", "kubectl") if shutil.which(tool) is None]
    if missing or not image:
        return [(f"kind: not measured, {', '.join(missing) or 'a kindest/node image'} is missing", "", "", "", "")]
    with tempfile.TemporaryDirectory() as place:
        return measure(image, place)


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


def measure(image: str, place: str) -> list[Row]:
    """`make up` from nothing and again, with pods; then `kind create cluster` itself, and the in-cluster path on that cluster."""
    variables = {
        "gpu_mock_provider": "kind",
        "gpu_mock_cluster": CLUSTER,
        "gpu_mock_kind_node_image": image,
        "gpu_mock_local_directory": place,
        "gpu_mock_nodes": SHAPE,
    }
    kubeconfig = os.path.join(place, f"{CLUSTER}.kubeconfig")
    try:
        # So that the images exist: a first run would measure the network.
        playbook("gpu_mock.yml", variables)
        used = node_image()
        playbook("teardown.yml", variables)
        first = playbook("gpu_mock.yml", variables)
        again = min(playbook("gpu_mock.yml", variables) for _run in range(3))
        pods = device_plugin.rows(kubeconfig)
        config = os.path.join(place, "kind.yaml")
        with open(config, "w", encoding="utf-8") as file:
            json.dump(like_the_role(), file)
        playbook("teardown.yml", variables)
        plain = kind_create(used, config, kubeconfig)
        path = in_cluster.rows(kubeconfig, CLUSTER, image)
    finally:
        # Of each of the two: the one that is there.
        playbook("teardown.yml", variables)
        subprocess.run(["kind", "delete", "cluster", "--name", CLUSTER], check=False, capture_output=True)
    return [
        row("kind create cluster, 3 nodes", 1, plain, 1.0),
        row("kind, 3 nodes, from nothing", 1, first, first / plain, f"{plain + MORE_THAN_KIND:.0f} s"),
        row("kind, 3 nodes, nothing to do", 3, again, again / plain, f"{NOTHING_TO_DO} s"),
        *path,
        *pods,
    ]


def node_image() -> str:
    """The image of the cluster's nodes, which has Python."""
    command = ["docker", "inspect", f"{CLUSTER}-control-plane"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    image: str = json.loads(done.stdout)[0]["Config"]["Image"]
    return image


def like_the_role() -> dict[str, Any]:
    """The configuration that the role kind_cluster gives to kind."""
    sys.path.insert(0, os.path.join(ROOT, ".build"))
    from ansible_collections.nvmock.gpu.plugins.plugin_utils.kind_cluster import config

    return config(SHAPE, CLUSTER, {})


def kind_create(image: str, config: str, kubeconfig: str) -> float:
    """Create the cluster with kind alone; return the seconds."""
    command = ["kind", "create", "cluster", "--name", CLUSTER, "--image", image, "--config", config]
    start = time.perf_counter()
    subprocess.run([*command, "--kubeconfig", kubeconfig], check=True, capture_output=True)
    return time.perf_counter() - start
