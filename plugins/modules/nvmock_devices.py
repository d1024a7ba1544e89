#!/usr/bin/python

# Copyright (c) 2026, the nvmock.gpu authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
module: nvmock_devices
short_description: Device nodes and procfs of mock NVIDIA GPUs
version_added: 0.1.0
author:
  - The nvmock.gpu authors (@nvmock)
description:
  - Creates the device nodes of a machine's GPUs. These are C(nvidia0) and up, C(nvidiactl), C(nvidia-modeset), C(nvidia-uvm),
    C(nvidia-uvm-tools), with MIG C(nvidia-caps), and optionally DRM nodes.
  - Also creates the files that the kernel driver shows in C(/proc/driver/nvidia). They are below O(base), because nobody can
    write to C(/proc).
  - If systemd runs on the node, a tmpfiles.d file and a unit that applies it restore them after a restart.
extends_documentation_fragment:
  - nvmock.gpu.attributes
  - nvmock.gpu.host
  - nvmock.gpu.machine
  - nvmock.gpu.devices
options:
  base:
    description:
      - Directory below which C(dev) and C(proc/driver/nvidia) are created.
      - By default V(/run/nvidia/driver). With O(state=absent), only what is there is removed, by default everything.
    type: path
  architecture:
    description:
      - CPU architecture that C(proc/driver/nvidia/version) names. By default, the node's.
    type: str
    choices: [aarch64, x86_64]
seealso:
  - module: nvmock.gpu.nvmock_driver_tree
  - module: nvmock.gpu.nvmock_cdi_spec
"""

EXAMPLES = r"""
- name: Eight A100 with stable UUIDs
  nvmock.gpu.nvmock_devices:
    machine: dgxa100
    uuid_seed: "{{ inventory_hostname }}"

- name: Two H100 with DRM nodes, one of them with MIG devices
  nvmock.gpu.nvmock_devices:
    machine: dgxh100
    gpu_count: 2
    dri: true
    mig:
      0: [3g.40gb, 3g.40gb]

- name: An embedded node in a directory, without root
  nvmock.gpu.nvmock_devices:
    host_root: /tmp/node
    device_files: auto

- name: Another mock on the same node
  nvmock.gpu.nvmock_devices:
    instance: blue
    machine: dgxh100
    base: /run/blue
    dev_roots: [/opt/blue]

- name: Remove the device nodes of every mock
  nvmock.gpu.nvmock_devices:
    state: absent
"""

RETURN = r"""
created:
  description: Paths that were created, or that would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [/dev/nvidia0, /dev/nvidiactl]
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
device_files:
  description: Type of the device nodes, V(char) or V(regular).
  returned: when O(state=present)
  type: str
  sample: char
gpus:
  description: The GPUs of the device nodes.
  returned: when O(state=present)
  type: list
  elements: dict
  contains:
    index:
      description: Index in NVML's enumeration.
      type: int
    minor:
      description: Minor number of the device node.
      type: int
    uuid:
      description: UUID.
      type: str
    name:
      description: Product name.
      type: str
    pci_bus_id:
      description: PCI bus id.
      type: str
    serial:
      description: Serial number of the board.
      type: str
    addressing_mode:
      description: V(NONE), V(HMM) or V(ATS).
      type: str
    mig_enabled:
      description: Whether the GPU is in MIG mode.
      type: bool
    report:
      description: Elements of nvidia-smi's document, by their paths, in which this GPU differs from the others.
      type: dict
    mig_devices:
      description: The MIG devices, with index, uuid, profile, gpu_instance_id, compute_instance_id and memory_mib.
      type: list
      elements: dict
  sample:
    - index: 0
      minor: 0
      uuid: GPU-4f52e649-e1f8-5823-a42c-74c7e6dd29de
      name: NVIDIA A100-SXM4-40GB
      pci_bus_id: "0000:07:00.0"
      serial: "1651381124475"
      addressing_mode: NONE
      mig_enabled: false
      mig_devices: []
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.nvmock.gpu.plugins.module_utils.host.owner import DEV_ROOT, DEVICES
from ansible_collections.nvmock.gpu.plugins.module_utils.host.root import HostRoot
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.facts import gpu_facts
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
from ansible_collections.nvmock.gpu.plugins.module_utils.module.parts import (
    DEVICE_OPTIONS,
    devices_from,
    machine_of,
    owners_from,
)
from ansible_collections.nvmock.gpu.plugins.module_utils.node import DEFAULT_BASE, components
from ansible_collections.nvmock.gpu.plugins.module_utils.node.cautions import cautions
from ansible_collections.nvmock.gpu.plugins.module_utils.node.mig_state import live
from ansible_collections.nvmock.gpu.plugins.module_utils.node.with_faults import with_faults

ARGUMENT_SPEC = {**HOST_OPTIONS, **MACHINE_OPTIONS, **DEVICE_OPTIONS}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    result = {}
    look = None
    with OneLine(module):
        base, given = place_from(params, "base", DEFAULT_BASE)
        instance = instance_from(params)
        host_root = host_root_from(params)
        owners = owners_from(params)
        if params["state"] == "present":
            machine = machine_of(module)
            options, dev_roots = devices_from(params, owners)
            architecture = architecture_from(params["architecture"])

            def look(root):
                when = params["restore_at_boot"]
                now = live(root, machine, instance or "", params["mig"] is not None)
                result["gpus"] = gpu_facts(now)
                made = components.device_nodes(root, now, options, base, dev_roots, architecture, when, instance or "")
                return with_faults(root, now, made)

            with HostRoot(host_root) as root:
                for text in cautions(root, machine):
                    module.warn(text)
            result["device_files"] = "regular" if options.regular_files else "char"
    paths = {DEVICES: base} if given else {}
    run(module, frozenset((DEVICES, DEV_ROOT)), look, host_root, result, instance, paths)


if __name__ == "__main__":
    main()
