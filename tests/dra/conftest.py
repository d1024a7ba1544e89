# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A cluster whose nodes are mock GPU nodes with the DRA driver (playbooks/dra_driver.yml), named by

NVMOCK_TEST_KUBECONFIG   its kubeconfig,
NVMOCK_TEST_IMAGE        the driver's image there,
NVMOCK_TEST_POD_IMAGE    an image for pods, with a shell and Python (default: the driver's).

Its nodes are containers of this machine's Docker engine: one has A100s, one H100s of which some are MIG devices.
"""

from __future__ import annotations

import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", ".."))
sys.path.append(os.path.join(HERE, "..", "device_plugin"))

from cluster_support import eventually

from dra_cluster import DraCluster


def pytest_configure(config):
    config.addinivalue_line("markers", "kind: needs Docker, kind and a node image")


@pytest.fixture(scope="session")
def cluster():
    kubeconfig = os.environ.get("NVMOCK_TEST_KUBECONFIG")
    image = os.environ.get("NVMOCK_TEST_IMAGE")
    if not kubeconfig or not image:
        pytest.skip("no cluster: NVMOCK_TEST_KUBECONFIG and NVMOCK_TEST_IMAGE name one that has the DRA driver")
    one = DraCluster(kubeconfig, image, os.environ.get("NVMOCK_TEST_POD_IMAGE", image))
    one.kubectl("create", "namespace", one.namespace, check=False)
    # A kubelet that was restarted has deleted its node's slices.
    eventually(lambda: {node for node, _device in one.devices()} == set(one.nodes), 60, "devices on every GPU node")
    yield one
    one.kubectl("delete", "namespace", one.namespace, "gpu-monitoring", "--ignore-not-found", check=False)


@pytest.fixture(autouse=True)
def nothing_left(request):
    """Each test ends without pods and claims."""
    yield
    if "cluster" in request.fixturenames:
        request.getfixturevalue("cluster").remove_all()


@pytest.fixture
def node(cluster):
    """The node with the most GPUs."""
    return max(cluster.nodes, key=lambda name: len(cluster.gpus(name)))
