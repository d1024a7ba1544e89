#!/usr/bin/python

# Copyright (c) 2026, the nvmock.gpu authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
module: nvmock_node
short_description: A whole mock NVIDIA GPU node
version_added: 0.2.0
author:
  - The nvmock.gpu authors (@nvmock)
description:
  - Creates the device nodes, the driver installation and the CDI specification of a mock node in one run, and verifies the result.
    It does what M(nvmock.gpu.nvmock_devices), M(nvmock.gpu.nvmock_driver_tree), M(nvmock.gpu.nvmock_cdi_spec) and
    M(nvmock.gpu.nvmock_verify) do one after the other, in one module run.
  - The node is changed in one transaction. If a part can't be created, nothing is changed.
  - In check mode, a host root that does not exist is an empty one.
extends_documentation_fragment:
  - nvmock.gpu.attributes
  - nvmock.gpu.host
  - nvmock.gpu.machine
  - nvmock.gpu.devices
  - nvmock.gpu.driver_tree
  - nvmock.gpu.cdi_spec
options:
  base:
    description:
      - Directory below which C(dev) and C(proc/driver/nvidia) are created.
      - By default V(/run/nvidia/driver). With O(state=absent), only what is there is removed, by default everything.
    type: path
  cdi:
    description:
      - Whether the node has a CDI specification. V(false) removes the one at O(cdi_spec_path).
    type: bool
    default: true
  cdi_spec_path:
    description:
      - Path of the CDI specification. The ending C(.yaml) or C(.json) decides its format.
      - By default V(/etc/cdi/nvidia.yaml). With O(state=absent), only what is there is removed, by default everything.
    type: path
  verify:
    description:
      - Whether to verify the node at the end. In check mode and with O(state=absent), nothing is verified.
    type: bool
    default: true
  architecture:
    description:
      - CPU architecture of the driver and of the hook program. By default, the node's.
    type: str
    choices: [aarch64, x86_64]
seealso:
  - module: nvmock.gpu.nvmock_devices
  - module: nvmock.gpu.nvmock_driver_tree
  - module: nvmock.gpu.nvmock_cdi_spec
  - module: nvmock.gpu.nvmock_verify
"""

EXAMPLES = r"""
- name: A DGX A100
  nvmock.gpu.nvmock_node:
    uuid_seed: "{{ inventory_hostname }}"

- name: Two H100 with MIG devices in a directory, without root
  nvmock.gpu.nvmock_node:
    host_root: /tmp/node
    machine: dgxh100
    gpu_count: 2
    mig:
      0: [3g.40gb, 3g.40gb]
    device_files: auto

- name: Remove every mock from the node
  nvmock.gpu.nvmock_node:
    state: absent
"""

RETURN = r"""
devices:
  description: What M(nvmock.gpu.nvmock_devices) returns.
  returned: success
  type: dict
  sample: {changed: true, created: [/dev/nvidia0], updated: [], removed: [], left: [], device_files: char, gpus: []}
driver_tree:
  description: What M(nvmock.gpu.nvmock_driver_tree) returns.
  returned: success
  type: dict
  sample:
    changed: false
    created: []
    updated: []
    removed: []
    left: []
    driver_version: 550.54.15
    library_directory: /var/lib/nvidia-mock/driver/lib64
cdi_spec:
  description: What M(nvmock.gpu.nvmock_cdi_spec) returns.
  returned: success
  type: dict
  sample:
    changed: false
    created: []
    updated: []
    removed: []
    left: []
    device_names: [nvidia.com/gpu=0, nvidia.com/gpu=all]
    cdi_version: 0.5.0
    hook_path: /usr/local/nvidia-container-toolkit/bin/nvidia-cdi-hook
verification:
  description: What M(nvmock.gpu.nvmock_verify) returns. Empty if nothing was verified.
  returned: success
  type: dict
  sample: {lines: [ALL CHECKS PASSED], problems: []}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.nvmock.gpu.plugins.module_utils.module.node import ARGUMENT_SPEC, run


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
