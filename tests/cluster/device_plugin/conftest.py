# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The nodes have the device plugin (playbooks/device_plugin.yml)."""

from __future__ import annotations

import pytest
from cluster_support import Cluster


@pytest.fixture(scope="session")
def cluster(open_cluster):
    return open_cluster(Cluster)


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
