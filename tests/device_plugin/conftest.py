# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A cluster whose nodes are mock GPU nodes with the device plugin (playbooks/device_plugin.yml), named by

NVMOCK_TEST_KUBECONFIG   its kubeconfig,
NVMOCK_TEST_IMAGE        the plugin's image there,
NVMOCK_TEST_POD_IMAGE    an image for pods, with a shell and Python (default: the plugin's).

Its nodes are containers of this machine's Docker engine.
"""

from __future__ import annotations

import os
import subprocess

import pytest
from cluster_support import Cluster


def pytest_configure(config):
    config.addinivalue_line("markers", "kind: needs Docker, kind and a node image")


@pytest.fixture(scope="session")
def cluster():
    kubeconfig = os.environ.get("NVMOCK_TEST_KUBECONFIG")
    image = os.environ.get("NVMOCK_TEST_IMAGE")
    if not kubeconfig or not image:
        pytest.skip("no cluster: NVMOCK_TEST_KUBECONFIG and NVMOCK_TEST_IMAGE name one that has the device plugin")
    one = Cluster(kubeconfig, image, os.environ.get("NVMOCK_TEST_POD_IMAGE", image))
    one.kubectl("create", "namespace", one.namespace, check=False)
    yield one
    one.kubectl("delete", "namespace", one.namespace, check=False)


@pytest.fixture(autouse=True)
def no_pods(request):
    """Each test starts and ends without pods of the tests before."""
    yield
    if "cluster" in request.fixturenames:
        request.getfixturevalue("cluster").remove_pods()


@pytest.fixture
def node(cluster):
    """One node of the cluster, the one with the most GPUs."""
    return max(cluster.nodes, key=lambda name: len(cluster.gpus(name)))


def pytest_report_header():
    docker = subprocess.run(
        ["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, text=True, check=False
    )
    return f"Docker {docker.stdout.strip() or 'not there'}"
