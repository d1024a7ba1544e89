#!/usr/bin/python

# Copyright (c) 2026, the nvmock.gpu authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
module: nvmock_machine_info
short_description: Facts of a mock machine type
version_added: 0.1.0
author:
  - The nvmock.gpu authors (@nvmock)
description:
  - Returns the facts of a machine type, with overrides applied. It does not access the node's files.
  - The facts are useful to compare with what a node shows, or in your own templates.
extends_documentation_fragment:
  - nvmock.gpu.attributes.info
  - nvmock.gpu.machine
seealso:
  - module: nvmock.gpu.nvmock_devices
"""

EXAMPLES = r"""
- name: Get the facts of a DGX H100 with this node's name
  nvmock.gpu.nvmock_machine_info:
    machine: dgxh100
    uuid_seed: "{{ inventory_hostname }}"
  register: machine

- name: Show its UUIDs
  ansible.builtin.debug:
    msg: "{{ machine.gpus | map(attribute='uuid') | list }}"
"""

RETURN = r"""
machine:
  description: The machine type.
  returned: success
  type: str
  sample: dgxh100
known_machines:
  description: All machine types of this collection.
  returned: success
  type: list
  elements: str
  sample: [dgxa100, dgxh100, a100-sxm4-80gb, l40s]
driver_version:
  description: Version of the driver.
  returned: success
  type: str
  sample: 550.54.15
cuda_version:
  description: The highest CUDA version that the driver supports.
  returned: success
  type: str
  sample: "12.4"
model:
  description: Facts that all GPUs share.
  returned: success
  type: dict
  sample:
    product_name: NVIDIA H100 80GB HBM3
    architecture: Hopper
    brand: NVIDIA
    memory_mib: 81559
    compute_capability: "9.0"
    pci_device_id: 233010DE
    pci_subsystem_id: 16C110DE
    vbios_version: 96.00.99.00.01
    board_part_number: 692-2G520-0200-000
    nvlink_links: 18
    mig_profiles: [1g.10gb, 7g.80gb]
definition:
  description: The machine as a value of O(machine_definition). Its MIG layout is not part of it.
  returned: success
  type: dict
  sample:
    product_name: NVIDIA H100 80GB HBM3
    memory_mib: 81559
gpus:
  description: The GPUs, like RV(nvmock.gpu.nvmock_devices#module:gpus).
  returned: success
  type: list
  elements: dict
  sample:
    - index: 0
      uuid: GPU-4f52e649-e1f8-5823-a42c-74c7e6dd29de
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.nvmock.gpu.plugins.module_utils.machine import types
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.facts import definition_from, machine_facts
from ansible_collections.nvmock.gpu.plugins.module_utils.module.change import MACHINE_OPTIONS
from ansible_collections.nvmock.gpu.plugins.module_utils.module.one_line import OneLine
from ansible_collections.nvmock.gpu.plugins.module_utils.module.parts import machine_of


def main() -> None:
    module = AnsibleModule(argument_spec=MACHINE_OPTIONS, supports_check_mode=True)
    with OneLine(module):
        machine = machine_of(module)
    module.exit_json(
        changed=False, known_machines=types.names(), definition=definition_from(machine), **machine_facts(machine)
    )


if __name__ == "__main__":
    main()
