# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The in-cluster path on a standing cluster, beside a shell script that does the same by hand with the same objects."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any, Callable

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NAMESPACE = "gpu-mock"
TARGETS = ("image", "load", "apply", "wait", "logs", "apply-cdi", "wait-cdi", "logs-cdi", "smoke")
# What the API server adds to an object, or the controller of Jobs.
_ADDED = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "ownerReferences")
_OF_JOBS = ("controller-uid", "batch.kubernetes.io/controller-uid", "job-name", "batch.kubernetes.io/job-name")
SCRIPT = """set -eu
docker build --quiet --build-arg=BASE_IMAGE="$BASE" --build-arg=VERSION=0 --build-arg=SOURCES=0 \
  --file="$ROOT/images/gpu-mockctl/Dockerfile" --tag="$IMAGE" "$ROOT"
kind load docker-image --name "$CLUSTER" "$IMAGE"
kubectl apply -f "$OBJECTS"
kubectl -n gpu-mock wait --for=condition=complete --timeout=180s jobs --all
kubectl -n gpu-mock get daemonsets -o name | xargs -n 1 kubectl -n gpu-mock rollout status --timeout=180s
kubectl -n gpu-mock get pods -o name | xargs -n 1 kubectl -n gpu-mock logs --all-containers
"""


def rows(cluster: str, image: str, kubeconfig: str, play: Callable[..., float]) -> list[tuple[str, str, str, str]]:
    """The rows of the table.

    :arg cluster: name of the kind cluster. Its nodes are not mock GPU nodes of other runs.
    :arg image: its node image.
    :arg play: runs playbooks/in_cluster.yml with these arguments; returns the seconds.
    """
    environment = {**os.environ, "KUBECONFIG": kubeconfig, "CLUSTER": cluster, "BASE": image, "ROOT": ROOT}
    play()  # builds the image, and makes the objects that the script applies
    made = _kubectl(environment, "-n", NAMESPACE, "get", "configmaps,serviceaccounts,jobs,daemonsets", "-o", "json")
    found = json.loads(made)["items"]
    objects = [_plain(one) for one in found if one["metadata"]["name"] not in ("kube-root-ca.crt", "default")]
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    path = f"{kubeconfig}.objects.json"
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"apiVersion": "v1", "kind": "List", "items": [space, *objects]}, file)
    daemonset = next(one for one in objects if one["kind"] == "DaemonSet")
    environment["OBJECTS"] = path
    environment["IMAGE"] = daemonset["spec"]["template"]["spec"]["containers"][0]["image"]
    _kubectl(environment, "delete", "namespace", NAMESPACE)
    start = time.perf_counter()
    done = subprocess.run(["sh", "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False)
    by_hand = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"the script failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    _kubectl(environment, "delete", "namespace", NAMESPACE)
    ours = play()
    targets = [(f"in-cluster target {name}, again", "1", f"{play('--tags', name):.2f}", "") for name in TARGETS]
    return [
        ("in-cluster path, a shell script by hand", "1", f"{by_hand:.2f}", "1.0"),
        ("in-cluster path, first run", "1", f"{ours:.2f}", f"{ours / by_hand:.1f}"),
        *targets,
    ]


def _plain(one: dict[str, Any]) -> dict[str, Any]:
    """The object as somebody would write it."""
    metadata = {key: value for key, value in one["metadata"].items() if key not in _ADDED}
    spec = one.get("spec")
    if one["kind"] == "Job" and spec:
        spec.pop("selector", None)
        labels = spec["template"]["metadata"].get("labels", {})
        metadata["labels"] = {key: value for key, value in metadata.get("labels", {}).items() if key not in _OF_JOBS}
        spec["template"]["metadata"]["labels"] = {key: value for key, value in labels.items() if key not in _OF_JOBS}
    return {key: value for key, value in {**one, "metadata": metadata}.items() if key != "status"}


def _kubectl(environment: dict[str, str], *arguments: str) -> str:
    return subprocess.run(["kubectl", *arguments], env=environment, check=True, capture_output=True, text=True).stdout
