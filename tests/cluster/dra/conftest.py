# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""One node has the DRA driver (playbooks/dra_driver.yml with a node selector) and A100s, of which some are cut into MIG devices.
Another one has the device plugin.
"""

from __future__ import annotations

import pytest

from claims_support import MONITORING, ClaimsCluster


@pytest.fixture(scope="session")
def cluster(open_cluster):
    one = open_cluster(ClaimsCluster)
    yield one
    one.kubectl("delete", "namespace", MONITORING, "--ignore-not-found", check=False)
    one.close()


@pytest.fixture(scope="session")
def node(cluster):
    """The node with the DRA driver."""
    [name] = cluster.dra_nodes
    return name


@pytest.fixture(scope="session")
def plugin_node(cluster, node):
    """A node with the device plugin."""
    return next(name for name in cluster.nodes if name != node)


@pytest.fixture(scope="module", autouse=True)
def nothing_left(cluster):
    """The tests of each file end without pods and claims."""
    yield
    cluster.remove_all()
