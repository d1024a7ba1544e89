#!/usr/bin/python

# Copyright (c) 2026, the nvmock.gpu authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
module: nvmock_driver_tree
short_description: A mock NVIDIA driver installation
version_added: 0.1.0
author:
  - The nvmock.gpu authors (@nvmock)
description:
  - Creates the files of an NVIDIA driver installation below a driver root. These are the libraries of the driver's branch
    with their symbolic links, the programs, the manifests of EGL, Vulkan and OpenCL, X.Org files, firmware and the
    configuration of the NVIDIA container runtime.
  - The libraries are the smallest shared objects that C(ldconfig) lists and C(dlopen) accepts. They have no functions, except
    for C(libnvidia-ml.so.1), which answers as NVML does.
  - The programs support C(--version) and C(--help). C(nvidia-smi) also lists and queries the GPUs.
extends_documentation_fragment:
  - nvmock.gpu.attributes
  - nvmock.gpu.host
  - nvmock.gpu.machine
  - nvmock.gpu.driver_tree
options:
  architecture:
    description:
      - CPU architecture of the libraries. By default, the node's.
    type: str
    choices: [aarch64, x86_64]
seealso:
  - module: nvmock.gpu.nvmock_devices
  - module: nvmock.gpu.nvmock_cdi_spec
"""

EXAMPLES = r"""
- name: The driver of a DGX A100
  nvmock.gpu.nvmock_driver_tree:
    machine: dgxa100

- name: Another driver version in Debian's layout
  nvmock.gpu.nvmock_driver_tree:
    driver_version: 580.65.06
    layout: debian

- name: Files of 0 bytes, like NVIDIA's test data
  nvmock.gpu.nvmock_driver_tree:
    content: empty

- name: Remove the driver installations of every mock
  nvmock.gpu.nvmock_driver_tree:
    state: absent
"""

RETURN = r"""
created:
  description: Paths that were created, or that would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [/var/lib/nvidia-mock/driver/lib64/libcuda.so.1]
updated:
  description: Paths that were repaired, or that would be in check mode.
  returned: success
  type: list
  elements: str
  sample: []
removed:
  description: Paths that were removed, or that would be in check mode.
  returned: success
  type: list
  elements: str
  sample: []
left:
  description: Paths that should be removed, but were changed since they were created or contain unmanaged files.
  returned: success
  type: list
  elements: str
  sample: []
driver_version:
  description: Version of the driver.
  returned: when O(state=present)
  type: str
  sample: 550.54.15
library_directory:
  description: Directory of the libraries, as the node sees it.
  returned: when O(state=present)
  type: str
  sample: /var/lib/nvidia-mock/driver/lib64
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.nvmock.gpu.plugins.module_utils.host.owner import DRIVER_TREE
from ansible_collections.nvmock.gpu.plugins.module_utils.layout import driver_tree
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.overrides import machine_from
from ansible_collections.nvmock.gpu.plugins.module_utils.module.change import (
    HOST_OPTIONS,
    MACHINE_OPTIONS,
    architecture_from,
    host_root_from,
    instance_from,
    place_from,
    run,
)
from ansible_collections.nvmock.gpu.plugins.module_utils.module.one_line import OneLine
from ansible_collections.nvmock.gpu.plugins.module_utils.module.parts import TREE_OPTIONS, tree_from
from ansible_collections.nvmock.gpu.plugins.module_utils.node import DEFAULT_DRIVER_ROOT, components
from ansible_collections.nvmock.gpu.plugins.module_utils.node.mig_state import live, settle
from ansible_collections.nvmock.gpu.plugins.module_utils.node.with_faults import with_faults

ARGUMENT_SPEC = {**HOST_OPTIONS, **MACHINE_OPTIONS, **TREE_OPTIONS}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    result = {}
    look = after = None
    with OneLine(module):
        driver_root, given = place_from(params, "driver_root", DEFAULT_DRIVER_ROOT)
        instance = instance_from(params)
        host_root = host_root_from(params)
        if params["state"] == "present":
            machine = machine_from(params)
            options = tree_from(params, architecture_from(params["architecture"]))

            declared = params["mig"] is not None

            def look(root):
                now = live(root, machine, instance or "", declared)
                tree = components.driver_tree(now, driver_root, options, instance or "")
                return with_faults(root, now, [tree])

            def after(root):
                settle(root, machine, instance or "", declared)

            result["driver_version"] = machine.driver_version
            result["library_directory"] = f"{driver_root}/{driver_tree.library_directory(options)}"
    paths = {DRIVER_TREE: driver_root} if given else {}
    run(module, frozenset((DRIVER_TREE,)), look, host_root, result, instance, paths, after=after)


if __name__ == "__main__":
    main()
