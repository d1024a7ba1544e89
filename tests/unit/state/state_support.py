# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A node with a driver installation in a temporary directory, and its state."""

from __future__ import annotations

import contextlib

from ansible_collections.nvmock.gpu.plugins.module_utils.host.converge import converge, open_root
from ansible_collections.nvmock.gpu.plugins.module_utils.host.root import HostRoot
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.driver_tree import DriverTreeOptions
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.node import components
from ansible_collections.nvmock.gpu.plugins.module_utils.node.state import NodeState

DRIVER = "/opt/driver"


def component(machine="dgxa100", **overrides):
    """The driver installation of a machine type with two GPUs."""
    made = build_machine(machine, gpu_count=2, uuid_seed="state", **overrides)
    return components.driver_tree(made, DRIVER, DriverTreeOptions())


def install(place, *arguments, check=False, **overrides):
    """Bring the node to have the driver installation; return the changes."""
    return apply(place, [component(*arguments, **overrides)], check)


def apply(place, wanted, check=False):
    with open_root(str(place), wanted) as root:
        return converge(root, wanted, check=check)


@contextlib.contextmanager
def node_state(place):
    with HostRoot(str(place)) as root:
        yield NodeState(root, DRIVER)


def set_now(place, gpus, settings, keep=None):
    from ansible_collections.nvmock.gpu.plugins.module_utils.node.state import wanted

    with node_state(place) as state:
        return state.change(state.set(gpus, wanted(settings)), keep)


def told(place, gpu=0):
    with node_state(place) as state:
        return state.shown(gpu, state.read())
