# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The node, its specifications for this machine's podman, and the images."""

from __future__ import annotations

import os
import sys

import pytest
from podman_support import MOCKCTL, PODMAN, PROJECT

sys.path.insert(0, os.path.join(PROJECT, ".build"))

from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine


@pytest.fixture(scope="module")
def variables(host):
    # testinfra does not render templates. The inventory uses the same environment variable for the host root.
    return {**host.ansible.get_variables(), "gpu_node_host_root": os.environ["MOLECULE_EPHEMERAL_DIRECTORY"] + "/node"}


@pytest.fixture(scope="module")
def machine(variables):
    return build_machine(
        uuid_seed=variables["inventory_hostname"],
        gpu_count=variables["gpu_node_gpu_count"],
        mig_layout=variables["gpu_node_mig"],
    )


@pytest.fixture(scope="module")
def specs(host, variables, tmp_path_factory):
    """A directory with the node's specifications, with host paths transformed to those of this machine."""
    place = str(tmp_path_factory.mktemp("cdi"))
    root = variables["gpu_node_host_root"]
    for name in ("nvidia.yaml", "hookless.yaml"):
        done = host.run(
            "%s cdi transform root --from / --to %s --relative-to host --input %s --output %s",
            MOCKCTL,
            root,
            f"{root}/etc/cdi/{name}",
            f"{place}/{name}",
        )
        assert done.rc == 0, done.stderr
    return place


@pytest.fixture(scope="module")
def image_without_ldconfig(host, variables):
    name = variables["podman_image"] + "-without-ldconfig"
    script = "rm -f /sbin/ldconfig /usr/sbin/ldconfig /etc/ld.so.cache"
    container = "nvmock-test-without-ldconfig"
    run = PODMAN.replace(" --rm", f" --name {container}")
    host.run("podman rm -f %s", container)
    assert host.run(f"{run} {variables['podman_image']} sh -c '{script}'").rc == 0
    assert host.run("podman commit -q %s %s", container, name).rc == 0
    host.run("podman rm -f %s", container)
    yield name
    host.run("podman rmi %s", name)
