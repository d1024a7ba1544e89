# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A cluster whose nodes are mock GPU nodes and containers of this machine's Docker engine, named by

NVMOCK_TEST_KUBECONFIG   its kubeconfig,
NVMOCK_TEST_IMAGE        the image of the device plugin and of the DRA driver there,
NVMOCK_TEST_POD_IMAGE    an image for pods, with a shell and Python (default: the same).
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..")]


def pytest_configure(config):
    config.addinivalue_line("markers", "kind: needs Docker, kind and a node image")


@pytest.fixture(scope="session")
def open_cluster():
    """A function that makes an object of a class for the cluster, with the namespace of the class until the tests end."""
    opened = []

    def make(kind):
        kubeconfig = os.environ.get("NVMOCK_TEST_KUBECONFIG")
        image = os.environ.get("NVMOCK_TEST_IMAGE")
        if not kubeconfig or not image:
            pytest.skip("no cluster: NVMOCK_TEST_KUBECONFIG and NVMOCK_TEST_IMAGE name one")
        one = kind(kubeconfig, image, os.environ.get("NVMOCK_TEST_POD_IMAGE", image))
        one.kubectl("create", "namespace", one.namespace, check=False)
        opened.append(one)
        return one

    yield make
    for one in opened:
        one.kubectl("delete", "namespace", one.namespace, check=False)


def pytest_report_header():
    docker = subprocess.run(
        ["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, text=True, check=False
    )
    return f"Docker {docker.stdout.strip() or 'not there'}"
