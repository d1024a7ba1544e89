# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""How long pods and the plugin take, on a cluster whose nodes are containers of this machine's Docker engine."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "cluster"))

from cluster_support import PLUGIN_NAMESPACE, Cluster, eventually
from plays import Row, row


def rows(kubeconfig: str, runs: int = 5) -> list[Row]:
    """Rows of the bench table for the cluster of this kubeconfig, which has the device plugin."""
    cluster = Cluster(kubeconfig, *plugin_images(kubeconfig))
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
        row("kubectl apply of a pod to its first line", runs, statistics.median(pods)),
        row("plugin pod made to GPUs allocatable", runs, statistics.median(starts), None, "5 s"),
    ]


def plugin_images(kubeconfig: str) -> tuple[str, str]:
    """The device plugin's image, which the pods take too, as it is on the nodes."""
    place = "jsonpath={.items[0].spec.template.spec.containers[0].image}"
    command = ["kubectl", "--kubeconfig", kubeconfig, "get", "daemonsets", "--namespace", PLUGIN_NAMESPACE, "-o", place]
    image = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return image, image
