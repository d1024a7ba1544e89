# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""How long pods and the plugin take, on the cluster that the tests of tests/device_plugin are given; no rows without one."""

from __future__ import annotations

import os
import statistics
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "device_plugin"))

from cluster_support import PLUGIN_NAMESPACE, Cluster, eventually


def rows(runs: int = 5) -> list[tuple[str, str, str, str]]:
    """Rows of the bench table."""
    kubeconfig, image = os.environ.get("NVMOCK_TEST_KUBECONFIG"), os.environ.get("NVMOCK_TEST_IMAGE")
    if not kubeconfig or not image:
        return []
    cluster = Cluster(kubeconfig, image, os.environ.get("NVMOCK_TEST_POD_IMAGE", image))
    cluster.kubectl("create", "namespace", cluster.namespace, check=False)
    node = max(cluster.nodes, key=lambda name: len(cluster.gpus(name)))
    pods, starts = [], []
    try:
        for _round in range(runs):
            start = time.perf_counter()
            name = cluster.pod(1, node)
            eventually(lambda name=name: cluster.kubectl("logs", "-n", cluster.namespace, name, check=False).strip())
            pods.append(time.perf_counter() - start)
            cluster.remove(name)
        for _round in range(runs):
            # The kubelet goes on showing what it had for a while: what counts is the plugin's word that it is ready.
            old = cluster.plugin_pod(node)
            cluster.kubectl("delete", "pod", "-n", PLUGIN_NAMESPACE, old)
            eventually(lambda old=old: cluster.plugin_pod(node) != old)
            start = time.perf_counter()
            eventually(lambda: "registered with the kubelet" in cluster.plugin_log(node))
            cluster.wait_until_all_are_allocatable()
            starts.append(time.perf_counter() - start)
    finally:
        cluster.kubectl("delete", "namespace", cluster.namespace, check=False)
    return [
        ("kubectl apply of a pod to its first line", str(runs), f"{statistics.median(pods):.2f}", ""),
        ("plugin pod made to GPUs allocatable", str(runs), f"{statistics.median(starts):.2f}", ""),
    ]


if __name__ == "__main__":
    for row in rows():
        print("  ".join(row))
