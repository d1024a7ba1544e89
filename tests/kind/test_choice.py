# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Which provider and which node image are chosen, and what is said of it. Stand-ins answer for docker, kind and kubectl.

Check mode: nothing is made, and neither Docker nor kind needs to be here.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import pytest
from conftest import PREFIX, ROOT

NAME = PREFIX + "choice"
KUBECTL = 'echo \'{"clientVersion": {"gitVersion": "v1.37.0"}}\''
DEFAULT = "kindest/node:v1.37.0, the default of kind 0.33.0, is not available locally and can't be pulled"
NOT_PULLED = "the newest local image, because " + DEFAULT


def engine(*here, pullable=(), containers=()):
    """A docker that has images, by name, and containers, as ``docker inspect`` shows them; it makes nothing."""
    names = "|".join(f"'{name}'" for name in here) or "''"
    reachable = "|".join(f"'{name}'*" for name in pullable) or "''"
    listed = "".join(f"echo '{name}@<none>'; " for name in here)
    ids = "".join(f"echo {one['Id']}; " for one in containers)
    return f"""
case "$1 $2" in
  'ps '*) {ids}exit 0 ;;
  'inspect '*) echo '{json.dumps(containers)}'; exit {0 if containers else 1} ;;
  'image inspect')
    for name; do :; done
    case "$name $3" in
      *' --format') case "$name" in {names}) echo 'sha256:0123456789abcdef'; exit 0 ;; esac ;;
      *) case "$name" in {names}) echo '[{{"Id": "sha256:0123456789abcdef"}}]'; exit 0 ;; esac ;;
    esac
    exit 1 ;;
  'manifest inspect') case "$3" in {reachable}) exit 0 ;; esac; echo 'no such host' >&2; exit 1 ;;
  'images '*) {listed}exit 0 ;;
  'pull '*) echo 'no such host' >&2; exit 1 ;;
esac
echo "the stand-in does not know: $1 $2" >&2
exit 3
"""


KIND = "echo kind version 0.33.0"


@pytest.fixture
def provision(play, path_with, tmp_path):
    """provision.yml in check mode, with stand-ins on the PATH; None is a tool that is not there."""

    def call(provider, docker, kind=KIND, kubectl=KUBECTL, **variables):
        tools = {"docker": docker, "kind": kind, "kubectl": kubectl}
        variables = {
            "gpu_mock_provider": provider,
            "gpu_mock_cluster": NAME,
            "gpu_mock_local_directory": str(tmp_path / "gpu-mock"),
            "kind_cluster_state_directory": str(tmp_path / "state"),
            **variables,
        }
        path = path_with(**{name: text for name, text in tools.items() if text is not None})
        if None not in tools.values():
            path += os.pathsep + os.environ["PATH"]
        return play(str(ROOT / "playbooks" / "provision.yml"), "--check", env={"PATH": path}, **variables)

    return call


def said(run):
    message = run.task("Show the provider and the reason")["localhost"]["msg"]
    assert "\n" not in message
    return message


def predicted(run):
    return run.task("Report that the cluster would be created")["localhost"]["msg"]


def test_the_default_image_of_the_kind_that_is_there(provision):
    docker = engine("kindest/node:v1.37.2", pullable=["kindest/node:v1.32.2@sha256:"])
    run = provision("auto", docker, kind="echo kind version 0.27.0")
    assert said(run).startswith("Provider kind, node image kindest/node:v1.32.2@sha256:f226345927d7e3")
    assert "(the default of kind 0.27.0): set -e gpu_mock_provider=local to use this machine instead" in said(run)
    assert "nodes, from kindest/node:v1.32.2@sha256:" in predicted(run)


def test_without_a_registry_the_newest_that_is_here(provision):
    run = provision("auto", engine("kindest/node:v1.9.9", "kindest/node:v1.36.4", "kindest/node:v1.34.0", "debian:12"))
    assert f"Provider kind, node image kindest/node:v1.36.4 ({NOT_PULLED}): set -e" in said(run)
    assert (
        run.task("Show the node image and the reason")["localhost"]["msg"]
        == f"Node image kindest/node:v1.36.4: {NOT_PULLED}"
    )
    assert predicted(run).endswith("nodes, from kindest/node:v1.36.4.")


def test_images_that_are_too_old_or_derived_do_not_count(provision):
    run = provision("auto", engine("kindest/node:v1.30.0", "nvmock/kind-node:v1.37.2-python-0123456789ab"))
    assert run.rc == 0 and said(run) == (
        f"Provider local (missing: {DEFAULT}, and there is no local kindest/node with Kubernetes 1.31 or later): for a cluster, install"
        " what is missing or name an available node image with -e gpu_mock_kind_node_image=..., and set -e gpu_mock_provider=kind"
    )


def test_a_named_image_is_not_replaced(provision):
    run = provision("auto", engine("kindest/node:v1.37.2"), gpu_mock_kind_node_image="mine:1")
    assert run.rc == 0 and "Provider local (missing: mine:1 is not available locally and can't be pulled): " in said(
        run
    )


@pytest.mark.parametrize(
    "tools, missing",
    [
        ({"docker": None, "kind": None}, "a running docker engine; kind"),
        (
            {"kind": "echo kind version 0.19.0", "kubectl": KUBECTL.replace("1.37.0", "1.29.9")},
            "kind 0.20.0 or newer; kubectl 1.30.0 or newer",
        ),
    ],
)
def test_what_is_missing_is_named(provision, tools, missing):
    run = provision("auto", **{"docker": engine("kindest/node:v1.37.2"), **tools})
    assert run.rc == 0 and said(run) == (
        f"Provider local (missing: {missing}): for a cluster, install what is missing, and set -e gpu_mock_provider=kind"
    )


def test_an_old_kubernetes_is_refused_for_pods_only(provision):
    docker = engine("kindest/node:v1.30.13")
    run = provision("kind", docker, gpu_mock_kind_node_image="kindest/node:v1.30.13")
    assert run.error == (
        "kind_cluster_node_image: kindest/node:v1.30.13 has Kubernetes 1.30.13, but 1.31.0 or newer is needed: set a newer image"
    )
    run = provision("kind", docker, gpu_mock_kind_node_image="kindest/node:v1.30.13", gpu_mock_device_plugin=False)
    assert run.rc == 0 and predicted(run).endswith("from kindest/node:v1.30.13.")


def container(image):
    """A node container as ``docker inspect`` shows it, as far as the role looks."""
    return {
        "Id": "c0ffee",
        "Name": f"/{NAME}-control-plane",
        "Image": "sha256:1",
        "Created": "2026-11-24T00:00:00Z",
        "Config": {"Image": image, "Labels": {"io.x-k8s.kind.role": "control-plane"}},
        "State": {"Status": "running"},
    }


def record(directory, image):
    """The record that the role keeps of a cluster that it made of that container."""
    place = directory / "state" / NAME
    place.mkdir(parents=True)
    facts = {"phase": "created", "node_image": image, "containers": {f"/{NAME}-control-plane": "c0ffee"}}
    (place / "cluster.json").write_text(json.dumps(facts))


def test_an_owned_cluster_is_compared_with_a_named_image_only(provision, tmp_path):
    record(tmp_path, "kindest/node:v1.35.0@sha256:1")
    docker = engine(containers=[container("nvmock/kind-node:v1.35.0-python-1")])
    run = provision("kind", docker, gpu_mock_kind_node_image="kindest/node:v1.36.0")
    assert (
        "was created from kindest/node:v1.35.0@sha256:1, but kind_cluster_node_image is kindest/node:v1.36.0"
        in run.error
    )
    # The kind that is there has another default image. The run goes on to the nodes, for which the stand-in has no answer.
    run = provision("kind", docker)
    assert f"a node of {NAME} does not answer" in run.error and "the stand-in does not know: exec" in run.error


def test_an_existing_cluster_needs_no_image_but_a_new_enough_kubernetes(provision):
    run = provision("auto", engine(containers=[container("kindest/node:v1.30.13")]))
    assert said(run).startswith("Provider kind, node image kindest/node:v1.30.13 (the image of the cluster): ")
    assert run.error == (
        f"kind_cluster: cluster {NAME} was created from kindest/node:v1.30.13 and has Kubernetes 1.30.13, but 1.31.0 or newer is"
        f" needed: choose another kind_cluster_name, or delete it (kind delete cluster --name {NAME})"
    )


# The machine


def on_this_machine(docker):
    """A docker whose daemon runs here."""
    return f"case \"$1\" in info) printf '/\\t%s\\n' '{os.uname().nodename}'; exit 0 ;; esac\n{docker}"


def test_a_port_in_use_ends_the_run_before_kind_starts(provision):
    with socket.create_server(("127.0.0.1", 0)) as holder:
        number = holder.getsockname()[1]
        config = {"networking": {"apiServerPort": number}}
        docker = on_this_machine(engine("kindest/node:v1.37.0"))
        error = provision("kind", docker, kind_cluster_config=config).error
        elsewhere = provision("kind", engine("kindest/node:v1.37.0"), kind_cluster_config=config)
    assert error.startswith(f"kind_cluster: port {number} (TCP) of 127.0.0.1 is in use: stop what listens there")
    assert "\n" not in error
    assert predicted(elsewhere), elsewhere.output
    assert predicted(provision("kind", docker, kind_cluster_config=config))


@pytest.fixture
def with_gpus(tmp_path):
    """A Python for modules that sees NVIDIA device nodes in /dev, in a mount namespace of its own."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], check=False).returncode != 0:
        pytest.skip("mount namespaces need root")
    dev = tmp_path / "dev"
    dev.mkdir()
    for name, minor in (("null", 3), ("zero", 5), ("urandom", 9)):
        os.mknod(dev / name, 0o020666, os.makedev(1, minor))
    for name in ("nvidia0", "nvidiactl"):
        (dev / name).touch()
    python = tmp_path / "python-with-gpus"
    python.write_text(
        f'#!/bin/sh\nexec unshare --mount sh -c \'mount --bind {dev} /dev && exec "$0" "$@"\' {sys.executable} "$@"\n'
    )
    python.chmod(0o755)
    return str(python)


def test_nvidia_device_nodes_end_the_run_before_kind_starts(provision, monkeypatch, with_gpus):
    monkeypatch.setenv("NVMOCK_TEST_PYTHON", with_gpus)
    docker = on_this_machine(engine("kindest/node:v1.37.0"))
    error = provision("kind", docker).error
    assert error.startswith("kind_cluster: this machine has /dev/nvidia0, /dev/nvidiactl, and docker copies")
    assert "gpu_node_take_over=true" in error and "\n" not in error
    assert predicted(provision("kind", docker, gpu_node_take_over=True))
