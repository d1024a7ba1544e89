# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Failures that need no cluster: bad input, missing tools, an unsuitable machine, and nodes that are refused.

docker, kind and kubectl are scripts. What the machine is like is made up in a mount namespace of the run.
"""

from __future__ import annotations

import os
import socket

import pytest
from support import play, tools

UP = "gpu_mock.yml"
LOCAL = {"gpu_mock_provider": "local", "gpu_node_device_files": "auto"}
KIND = {"gpu_mock_provider": "kind", "gpu_mock_kind_node_image": "kindest/node:v1.34.0"}
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts and device nodes need root")


@pytest.mark.parametrize(
    "line, variables, arguments",
    [
        ("...: there is no such variable: did you mean ...?", {"gpu_mock_providr": "kind"}, []),
        ("--tags: ... is not allowed: must be some of gpus, image, checks, pods", {}, ["--tags", "gpu"]),
        ("...: ... is not allowed: must be ...", {"gpu_node_gpu_count": 65}, []),
        ("Validation of arguments failed: value of ... must be one of: ..., got: ...", {"gpu_node_layout": "arch"}, []),
        ("...: ... is not allowed: must be text: quote it, because ...", {"gpu_node_driver_version": 570.19}, []),
    ],
)
def test_input(fails, line, variables, arguments):
    fails(line, UP, *arguments, variables={**LOCAL, **variables})


# A local node


def test_a_node_with_a_real_driver(fails, tmp_path):
    os.makedirs(tmp_path / ".gpu-mock/node/proc/driver/nvidia")
    line = "... exists: this node seems to have a real NVIDIA driver; set allow_real_driver to continue anyway"
    fails(line, UP, variables=LOCAL)


def test_a_file_in_the_way(fails, tmp_path):
    os.makedirs(tmp_path / ".gpu-mock/node/etc/cdi")
    (tmp_path / ".gpu-mock/node/etc/cdi/nvidia.yaml").write_text(
        "cdiVersion: 0.5.0\nkind: nvidia.com/gpu\ndevices: []\n"
    )
    line = "... exists and was not made by nvmock.gpu: remove it, or set take_over to replace it now and restore it on removal"
    fails(line, UP, variables=LOCAL)
    assert not os.path.exists(tmp_path / ".gpu-mock/node/dev")


@as_root
def test_mknod_is_not_permitted(fails):
    line = (
        "...: the character device can't be made (mknod: Operation not permitted): run as root with CAP_MKNOD, or ..."
    )
    fails(line, UP, variables={**LOCAL, "gpu_node_device_files": "char"}, without="mknod")


@as_root
def test_no_space(fails, tmp_path):
    os.makedirs(tmp_path / ".gpu-mock/node")
    line = "...: No space left on device; ..."
    fails(line, UP, variables=LOCAL, before=f"mount -t tmpfs -o size=256k none '{tmp_path}/.gpu-mock/node'")


def test_a_node_that_fails_ends_the_run(tmp_path):
    """Within 2 seconds of its failure, in three lines. On a busy machine, all of the run takes longer than 6 seconds."""
    nodes = [{"name": "good"}, {"name": "bad", "vars": {"gpu_node_gpu_count": 65}}, {"name": "other"}]
    run = play(tmp_path, UP, variables={**LOCAL, "gpu_mock_nodes": nodes})
    run.check("...: ... is not allowed: must be ...")
    start = next(number for number, line in enumerate(run.lines) if line.startswith("FAILED on bad after "))
    assert run.seconds - run.at[start] < max(2, run.seconds / 3)


# A kind cluster: tools and engine


@pytest.mark.parametrize(
    "line, missing, changes, environment",
    [
        ("kind_cluster: docker is not on the PATH: install it (...)", ["docker"], {}, {}),
        (
            "kind_cluster: the docker daemon does not answer: start it (...) or set DOCKER_HOST to a running one; its message: ...",
            [],
            {"docker": "echo 'Cannot connect to the Docker daemon' >&2; exit 1"},
            {},
        ),
        (
            "kind_cluster: no permission on the socket of docker: join its group (...) or run as root",
            [],
            {"docker": "echo 'permission denied while trying to connect' >&2; exit 1"},
            {},
        ),
        ("kind_cluster: kind ... (0.20.0 or newer is needed): ...", ["kind"], {}, {}),
        ("kind_cluster: kubectl ... (1.30.0 or newer is needed): ...", [], {}, {"KUBECTL_VERSION": "1.11.0"}),
    ],
)
def test_tools(fails, tmp_path, line, missing, changes, environment):
    fails(line, UP, variables=KIND, env={**tools(tmp_path, *missing, **changes), **environment})


# A kind cluster: the machine


def test_a_port_in_use(fails, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        network = {"networking": {"apiServerPort": server.getsockname()[1]}}
        line = "kind_cluster: port ... (...) of ... is in use: stop what listens there, or name another one in ..."
        fails(line, UP, variables={**KIND, "kind_cluster_config": network}, env=tools(tmp_path))


@as_root
@pytest.mark.parametrize(
    "line, before",
    [
        (
            "kind_cluster: ... GiB are free in ..., and ... about ... GiB: remove unused images and volumes",
            'mkdir "$PWD/data"; mount -t tmpfs -o size=1m none "$PWD/data"; export DOCKER_DATA="$PWD/data"',
        ),
        (
            "kind_cluster: fs.inotify.max_user_instances is ..., of which ... are in use, and the cluster needs about ...: run ...",
            'echo 1 >"$PWD/few"; mount --bind "$PWD/few" /proc/sys/fs/inotify/max_user_instances',
        ),
        (
            "kind_cluster: fs.inotify.max_user_watches is ..., and the cluster needs up to ...: run ...",
            'echo 1 >"$PWD/few"; mount --bind "$PWD/few" /proc/sys/fs/inotify/max_user_watches',
        ),
        (
            "kind_cluster: this machine has /dev/..., and docker copies the device nodes of the machine to every node, ...",
            'mkdir "$PWD/dev"; for one in null zero random urandom tty; do touch "$PWD/dev/$one";'
            ' mount --bind "/dev/$one" "$PWD/dev/$one"; done; mkdir "$PWD/dev/shm"; mount -t tmpfs none "$PWD/dev/shm";'
            ' ln -s /proc/self/fd "$PWD/dev/fd"; touch "$PWD/dev/nvidia0"; mount --rbind "$PWD/dev" /dev',
        ),
    ],
    ids=["disk", "instances", "watches", "devices"],
)
def test_the_machine(fails, tmp_path, line, before):
    environment = tools(tmp_path)
    path = f'export PATH="{environment["PATH"]}"'
    fails(line, UP, variables=KIND, before=f"{before}; {path}")


# A kind cluster: images, kind and the kubeconfig


def test_a_node_image_that_is_not_available(fails, tmp_path):
    line = "kind_cluster_node_image: ... is not available locally and can't be pulled (...): set an image that ..."
    fails(line, UP, variables=KIND, env=tools(tmp_path))


def test_a_node_image_that_is_too_old(fails, tmp_path):
    line = "kind_cluster_node_image: ... has Kubernetes ..., but 1.31.0 or newer is needed: set a newer image"
    old = {**KIND, "gpu_mock_kind_node_image": "kindest/node:v1.30.0"}
    fails(line, UP, variables=old, env=tools(tmp_path))


def test_python_can_not_be_added(fails, tmp_path):
    line = "kind_cluster_python: Python could not be added to ... (...): make the distribution's mirror reachable ..."
    fails(line, UP, variables=KIND, env={**tools(tmp_path), "DOCKER_IMAGES": KIND["gpu_mock_kind_node_image"]})


def test_kind_fails(fails, tmp_path):
    line = "kind_cluster: kind could not create cluster ...: ...; what it had created was removed, and its output is in ..."
    variables = {**KIND, "kind_cluster_python": "none"}
    fails(line, UP, variables=variables, env={**tools(tmp_path), "DOCKER_IMAGES": KIND["gpu_mock_kind_node_image"]})


def test_a_kubeconfig_with_other_contexts(fails, tmp_path):
    (tmp_path / "config").write_text("")
    line = "kind_cluster_kubeconfig: ... holds other contexts (...): set a separate file, or ..."
    variables = {**KIND, "gpu_mock_kubeconfig": str(tmp_path / "config")}
    fails(line, UP, variables=variables, env=tools(tmp_path))


# A container runtime


def test_a_runtime_without_cdi(fails, tmp_path):
    (tmp_path / "play.yml").write_text(
        "- hosts: localhost\n  connection: local\n  gather_facts: false\n  roles: [nvmock.gpu.container_runtime]\n"
    )
    variables = {"container_runtime_names": ["containerd"], "container_runtime_versions": {"containerd": "1.6.20"}}
    line = "containerd 1.6.20 does not support CDI (1.7.0 or newer does)"
    fails(line, str(tmp_path / "play.yml"), variables=variables)


# The in-cluster path


def test_an_api_server_that_does_not_answer(fails, tmp_path):
    line = "in_cluster: the API server did not answer in ... s (...): check that the cluster is running and that ..."
    variables = {"gpu_mock_kind_node_image": "kindest/node:v1.34.0", "gpu_mock_kubeconfig": "/nonexistent"}
    fails(line, "in_cluster.yml", "--tags", "apply", variables=variables)
