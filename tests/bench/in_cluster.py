# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The in-cluster path on a standing kind cluster, beside a shell script that does the same by hand."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time

from plays import ROOT, Row, playbook, row

# Built from cache, loaded, applied and waited for, like a person would do it with kubectl.
SCRIPT = """
set -eu
docker build --quiet --build-arg BASE_IMAGE="$BASE" --build-arg VERSION="$VERSION" --build-arg SOURCES="$SOURCES" \\
  --file "$ROOT/images/gpu-mockctl/Dockerfile" --tag "$IMAGE" "$ROOT"
kind load docker-image --name "$CLUSTER" "$IMAGE"
kubectl apply -f base.json
kubectl apply -f verify.json
kubectl wait --for=condition=complete --timeout=180s -f verify.json
kubectl logs --namespace gpu-mock --all-containers job/gpu-mock-verify
kubectl apply -f daemonset.json
kubectl rollout status --namespace gpu-mock --timeout=180s daemonset/gpu-mock-node
kubectl logs --namespace gpu-mock --selector app=gpu-mock-node
kubectl apply -f smoke.json
kubectl wait --for=condition=complete --timeout=180s -f smoke.json
kubectl logs --namespace gpu-mock --selector app=gpu-mock-smoke
"""
LOOKS = ("image", "load", "apply", "wait", "logs", "apply-cdi", "wait-cdi", "logs-cdi", "smoke")
GOALS = {"logs": 2, "logs-cdi": 2}
OTHER_GOAL = 4
FILES = {
    "base.json": ("namespace/gpu-mock", "serviceaccount/gpu-mock", "configmap/gpu-mock-scripts"),
    "verify.json": ("job/gpu-mock-verify",),
    "daemonset.json": ("daemonset/gpu-mock-node",),
    "smoke.json": ("jobs", "--selector=nvmock.gpu/part=smoke"),
}
# Fields that the API server sets.
OF_THE_SERVER = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields")
OF_JOBS = ("batch.kubernetes.io/controller-uid", "controller-uid", "batch.kubernetes.io/job-name", "job-name")


def rows(kubeconfig: str, cluster: str, image: str) -> list[Row]:
    """Rows of the bench table for the cluster of this kubeconfig, which has no mock GPUs."""
    variables = {"gpu_mock_cluster": cluster, "gpu_mock_kind_node_image": image, "gpu_mock_kubeconfig": kubeconfig}
    environment = {**os.environ, "KUBECONFIG": kubeconfig}

    def run(*command: str) -> str:
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout

    # So that the image is built, like for the script.
    playbook("in_cluster.yml", variables, "--tags", "image")
    first = playbook("in_cluster.yml", variables)
    targets = {tag: min(playbook("in_cluster.yml", variables, "--tags", tag) for _run in range(3)) for tag in LOOKS}
    with tempfile.TemporaryDirectory() as place:
        for name, what in FILES.items():
            with open(os.path.join(place, name), "w", encoding="utf-8") as file:
                json.dump(_described(json.loads(run("kubectl", "get", "-n", "gpu-mock", "-o", "json", *what))), file)
        used = _image(place)
        run("kubectl", "delete", "namespace", "gpu-mock")
        nodes = run("kind", "get", "nodes", "--name", cluster).split()
        for node in nodes:
            run("docker", "exec", node, "crictl", "rmi", used)
        script = {"BASE": image, "IMAGE": used, "CLUSTER": cluster, "ROOT": ROOT, **_arguments(used)}
        start = time.perf_counter()
        subprocess.run(
            ["sh", "-c", SCRIPT], cwd=place, env={**environment, **script}, check=True, stdout=subprocess.DEVNULL
        )
        by_hand = time.perf_counter() - start
        run("kubectl", "delete", "namespace", "gpu-mock")
    return [
        row("in-cluster, first run by a shell script", 1, by_hand, 1.0),
        row("in-cluster, first run", 1, first, first / by_hand, "ratio 1.3"),
        *(row(f"make {tag}", 3, wall, None, f"{GOALS.get(tag, OTHER_GOAL)} s") for tag, wall in targets.items()),
    ]


def _described(found: dict) -> dict:
    """What a person would have written in a file."""
    for one in found.get("items", [found]):
        metadata = one["metadata"]
        one["metadata"] = {key: value for key, value in metadata.items() if key not in OF_THE_SERVER}
        one.pop("status", None)
        if one["kind"] == "Job":
            one["spec"].pop("selector", None)
            labels = one["spec"]["template"]["metadata"]["labels"]
            for name in OF_JOBS:
                labels.pop(name, None)
    return found


def _image(place: str) -> str:
    with open(os.path.join(place, "verify.json"), encoding="utf-8") as file:
        image: str = json.load(file)["spec"]["template"]["spec"]["containers"][0]["image"]
    return image


def _arguments(image: str) -> dict[str, str]:
    """The arguments with which the image was built: with others, not everything would come from the cache."""
    command = ["docker", "image", "inspect", image]
    labels = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)[0]["Config"][
        "Labels"
    ]
    return {"VERSION": labels["org.opencontainers.image.version"], "SOURCES": labels["com.github.nvmock.gpu.sources"]}
