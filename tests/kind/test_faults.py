# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Bad input and missing things: each ends with one line that says what to do. None of these makes a cluster."""

from __future__ import annotations

import hashlib
import json
import pathlib
import shutil

import pytest
from conftest import PREFIX, docker

pytestmark = pytest.mark.kind

NAME = PREFIX + "none"


def one_line(message, *parts):
    assert "\n" not in message.strip()
    for part in parts:
        assert part in message, message


@pytest.mark.parametrize("name", ["UPPER", "x_y", "a" * 46])
def test_a_name_that_kubernetes_does_not_take(play, kept, name):
    one_line(play("cluster.yml", **kept, kind_cluster_name=name).error, f"kind_cluster_name: '{name}' is not allowed")


def test_nodes_without_a_control_plane(play, kept):
    run = play("cluster.yml", **kept, kind_cluster_name=NAME, kind_cluster_nodes=[{"role": "worker"}])
    one_line(run.error, "kind_cluster_nodes: no node has the role control-plane")


def test_a_daemon_that_does_not_run(play, kept):
    env = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}
    run = play("cluster.yml", env=env, **kept, kind_cluster_name=NAME)
    one_line(run.error, "the docker daemon does not answer: start it (sudo systemctl start docker)", "Cannot connect")


def test_no_permission_on_the_socket(play, kept, path_with):
    if not shutil.which("setpriv"):
        pytest.skip("setpriv is not here")
    real = f'exec {shutil.which("setpriv")} --reuid=65534 --regid=65534 --clear-groups {shutil.which("docker")} "$@"'
    run = play("cluster.yml", env={"PATH": path_with(docker=real)}, **kept, kind_cluster_name=NAME)
    one_line(run.error, "no permission on the socket of docker: join its group (sudo usermod -aG docker $USER")


def test_docker_is_not_installed(play, kept, path_with):
    run = play("cluster.yml", env={"PATH": path_with("kind")}, **kept, kind_cluster_name=NAME)
    one_line(run.error, "docker is not on the PATH: install it (sudo apt-get install docker.io")


def test_kind_is_not_installed(play, kept, path_with):
    run = play("cluster.yml", env={"PATH": path_with("docker", "kubectl")}, **kept, kind_cluster_name=NAME)
    one_line(run.error, "kind is not on the PATH (0.20.0 or newer is needed): set kind_cluster_install_tools=true")


def test_an_old_kind(play, kept, path_with):
    path = path_with("docker", "kubectl", kind="echo kind version 0.11.1")
    run = play("cluster.yml", env={"PATH": path}, **kept, kind_cluster_name=NAME)
    one_line(run.error, "kind 0.11.1 is too old (0.20.0 or newer is needed)")


def test_an_old_kubectl(play, kept, path_with):
    path = path_with("docker", "kind", kubectl='echo \'{"clientVersion": {"gitVersion": "v1.11.0"}}\'')
    run = play("cluster.yml", env={"PATH": path}, **kept, kind_cluster_name=NAME)
    one_line(run.error, "kubectl 1.11.0 is too old (1.30.0 or newer is needed)")


@pytest.fixture
def releases(tmp_path):
    """A place to fetch tools from; returns the role's variables for it."""
    out = {"kind_cluster_install_tools": True, "kind_cluster_kind_url": f"file://{tmp_path}"}
    out["kind_cluster_kubectl_url"] = f"file://{tmp_path}"
    for tool, text in {"kind": "kind version 9.9.9", "kubectl": '{"clientVersion": {"gitVersion": "v9.9.9"}}'}.items():
        data = f"#!/bin/sh\necho '{text}'\n".encode()
        checksums = {}
        for platform in ("linux-amd64", "linux-arm64"):
            path = tmp_path / (f"kind-{platform}" if tool == "kind" else platform.replace("-", "/") + "/kubectl")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            checksums[platform] = hashlib.sha256(data).hexdigest()
        out[f"kind_cluster_{tool}_checksums"] = checksums
    return out


def test_missing_tools_are_fetched_into_our_cache(play, kept, path_with, releases, tmp_path):
    variables = {**kept, "kind_cluster_cache_directory": str(tmp_path / "cache")}
    run = play(
        "cluster.yml",
        env={"PATH": path_with("docker")},
        **{**variables, "kind_cluster_node_image": "kindest/node:v0.0.0-none"},
        **releases,
        kind_cluster_name=NAME,
    )
    one_line(run.error, "kindest/node:v0.0.0-none is not available locally")  # the tools were taken: it failed later
    assert sorted(one.name for one in (tmp_path / "cache/bin").iterdir()) == ["kind-0.33.0", "kubectl-1.37.0"]


def test_a_tool_with_another_checksum_is_not_taken(play, kept, path_with, releases, tmp_path):
    releases["kind_cluster_kind_checksums"] = dict.fromkeys(releases["kind_cluster_kind_checksums"], "0" * 64)
    variables = {**kept, "kind_cluster_cache_directory": str(tmp_path / "cache")}
    run = play("cluster.yml", env={"PATH": path_with("docker")}, **variables, **releases, kind_cluster_name=NAME)
    one_line(run.error, "checksum")
    assert not list((tmp_path / "cache/bin").iterdir())


def test_an_image_that_is_not_here_and_not_pullable(play, kept):
    variables = {**kept, "kind_cluster_node_image": "kindest/node:v0.0.0-none"}
    run = play("cluster.yml", **variables, kind_cluster_name=NAME)
    one_line(
        run.error, "kind_cluster_node_image: kindest/node:v0.0.0-none is not available locally and can't be pulled ("
    )


def test_kind_fails_half_way_and_leaves_nothing(play, kept, tmp_path):
    """An image that is no node image: kind starts the container and gives up on it."""
    name = PREFIX + "fails"
    (tmp_path / "Dockerfile").write_text('FROM scratch\nCOPY Dockerfile /kind/version\nCMD ["/none"]\n')
    docker("build", "--quiet", "--tag", PREFIX + "no-node:1", str(tmp_path))
    try:
        variables = {**kept, "kind_cluster_node_image": PREFIX + "no-node:1", "kind_cluster_python": "none"}
        run = play("cluster.yml", **variables, kind_cluster_name=name)
    finally:
        docker("rmi", PREFIX + "no-node:1")
    one_line(run.error, f"kind could not create cluster {name}: ", "create.log")
    log = run.error.rsplit("is in ", 1)[1]
    assert "ERROR" in pathlib.Path(log).read_text()
    assert docker("ps", "--all", "--quiet", "--filter", f"label=io.x-k8s.kind.cluster={name}") == ""
    assert not (pathlib.Path(kept["kind_cluster_state_directory"]) / name / "cluster.json").exists()


def test_a_user_s_own_container_of_that_name_is_not_deleted(play, kept, node_image):
    """Containers that we did not announce are not ours, whatever their labels say."""
    name = PREFIX + "foreign"
    label = f"io.x-k8s.kind.cluster={name}"
    docker(
        *("create", "--name", f"{name}-control-plane", "--label", label, "--label", "io.x-k8s.kind.role=control-plane"),
        *(node_image, "sleep", "1"),
    )
    try:
        run = play("cluster.yml", **kept, kind_cluster_name=name)
        one_line(run.error, f"{name}-control-plane is created: run 'docker start {name}-control-plane'")
        run = play("cluster.yml", **kept, kind_cluster_name=name, kind_cluster_state="absent")
        assert run.rc != 0 and "is not running" in run.error
        assert docker("ps", "--all", "--quiet", "--filter", f"label={label}") != ""
    finally:
        docker("rm", "--force", f"{name}-control-plane")


def test_absent_where_nothing_is_changes_nothing(play, kept):
    run = play("cluster.yml", **kept, kind_cluster_name=NAME, kind_cluster_state="absent")
    assert (run.rc, run.changed) == (0, 0), run.output


def test_a_kubeconfig_that_holds_other_contexts_is_not_touched(play, kept, tmp_path):
    path = tmp_path / "config"
    theirs = {
        "apiVersion": "v1",
        "kind": "Config",
        "contexts": [{"name": "work", "context": {"cluster": "c", "user": "u"}}],
    }
    path.write_text(json.dumps(theirs))
    run = play("cluster.yml", **kept, kind_cluster_name=NAME, kind_cluster_kubeconfig=str(path))
    one_line(run.error, f"kind_cluster_kubeconfig: {path} holds other contexts (work): set a separate file")
    assert json.loads(path.read_text()) == theirs
