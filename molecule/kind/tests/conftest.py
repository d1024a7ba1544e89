# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The nodes, and clients of their containerd."""

from __future__ import annotations

import os
import sys

import node_images
import pytest

PROJECT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
sys.path.insert(0, os.path.join(PROJECT, ".build"))
sys.path.append(os.path.join(PROJECT, "molecule"))

from cri import Containerd

from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine


def pytest_collection_modifyitems(config, items):
    """A module with ONLY_ON runs on that node only (molecule's --hosts overrides testinfra_hosts)."""
    chosen = [item for item in items if getattr(item.module, "ONLY_ON", _node_of(item)) == _node_of(item)]
    lost = {item.module for item in items} - {item.module for item in chosen}
    if lost:
        raise pytest.UsageError(", ".join(f"{module.__name__}: there is no node {module.ONLY_ON}" for module in lost))
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


def _node_of(item):
    return item.callspec.params["_testinfra_host"].backend.host


@pytest.fixture(scope="module")
def variables(host):
    return host.ansible.get_variables()


@pytest.fixture(scope="module")
def node(variables):
    """The name of the node's container."""
    return variables["inventory_hostname"]


@pytest.fixture(scope="module")
def machine(variables):
    return build_machine(
        variables["gpu_node_machine"],
        gpu_count=variables["gpu_node_gpu_count"],
        uuid_seed=variables["inventory_hostname"],
        mig_layout=variables.get("gpu_node_mig"),
    )


@pytest.fixture(scope="module")
def containerd(host, node):
    """A client of the node's containerd. The kubelet ends unknown pods, so it is paused. Unlike after a restart, the device plugin
    stays registered with it."""
    host.check_output("systemctl kill --signal=SIGSTOP kubelet")
    try:
        with Containerd(node) as client:
            yield client
    finally:
        host.check_output("systemctl kill --signal=SIGCONT kubelet")


@pytest.fixture(scope="module")
def image(host):
    """An image that every node has, with glibc and without ldconfig."""
    return node_images.mockctl(host)


@pytest.fixture(scope="module")
def run_with(containerd):
    """Run a script in a container with these devices. The same image and devices share one container."""
    containers = {}

    def run(image, devices, script):
        key = (image, tuple(devices))
        if key not in containers:
            containers[key] = containerd.start(image, devices)
        return containerd.run(containers[key], script)

    return run
