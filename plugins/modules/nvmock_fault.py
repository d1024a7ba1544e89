#!/usr/bin/python

# Copyright (c) 2026, the nvmock.gpu authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
module: nvmock_fault
short_description: Puts faults on the GPUs and the files of a mock GPU node
version_added: 0.2.0
author:
  - The nvmock.gpu authors (@nvmock)
description:
  - Puts faults on mock GPUs, such as Xid errors, ECC errors and lost GPUs, and takes them off. Every running process on the node and
    in containers sees a fault within a second, in NVML and in C(nvidia-smi). Programs that wait for events of NVML get them.
  - Puts faults on the files of a node, such as device nodes that are missing, stale CDI specifications, and libraries of another driver
    version, and takes them off. Runs of the collection leave them on.
  - A fault changes readings without overwriting what was set. Without the fault, the GPU is exactly as before, in whatever order
    faults come and go.
  - Faults of GPUs are in effect until they are taken off, a reset of the GPU cures them, the node restarts, or another version of the
    driver is installed. Faults of files are in effect until they are taken off, or the mock is removed.
  - Needs a driver installation with libraries, made by M(nvmock.gpu.nvmock_driver_tree).
extends_documentation_fragment:
  - nvmock.gpu.attributes
  - nvmock.gpu.gpus
options:
  kind:
    description:
      - The kind of fault. Required if O(state=present). If O(state=absent), all faults are taken off without it.
      - A kind that a GPU or a node cannot have is refused, such as V(nvlink_down) on a GPU without NVLink, or V(hook_missing) on a node
        whose specification has no hooks.
      - The kinds from V(library_other_version) on are faults of the node, for which O(gpus) must be left out.
    type: str
    choices:
      - xid
      - ecc_dram
      - ecc_sram
      - ecc_corrected
      - rows_remapped
      - rows_pending
      - rows_failed
      - gpu_lost
      - fallen_off_bus
      - thermal
      - power_brake
      - power_cap
      - nvlink_down
      - fabric_unhealthy
      - device_node_wrong_major
      - device_node_no_permission
      - device_node_missing
      - library_other_version
      - driver_upgrade
      - library_missing
      - driver_half_removed
      - spec_stale
      - spec_duplicate
      - spec_shadowed
      - spec_invalid
      - spec_missing
      - hook_missing
  state:
    description:
      - Whether the GPUs have the fault.
    type: str
    choices: [present, absent]
    default: present
  xid:
    description:
      - The code of the Xid error. Required for O(kind=xid).
    type: int
  gpu_instance:
    description:
      - ID of the GPU instance in which the Xid error occurs. Without it, the error belongs to the GPU.
    type: int
  compute_instance:
    description:
      - ID of the compute instance in which the Xid error occurs. Needs O(gpu_instance).
    type: int
  count:
    description:
      - How many errors or rows there are, of kinds V(ecc_dram), V(ecc_sram), V(ecc_corrected), V(rows_remapped) and V(rows_pending).
        One without it.
    type: int
  source:
    description:
      - The part of the SRAM that has the errors of O(kind=ecc_sram). V(l2) without it.
    type: str
    choices: [l2, sm, microcontroller, pcie, other]
  links:
    description:
      - The NVLinks that are inactive, for O(kind=nvlink_down). All without it.
    type: list
    elements: int
  temperature:
    description:
      - The temperature of the GPU in degrees Celsius, for O(kind=thermal). Without it, the one at which the GPU becomes slower.
    type: int
  step:
    description:
      - How far the upgrade of O(kind=driver_upgrade) is. In step V(1), the libraries are new and the kernel module is not.
        In step V(2), both are new. V(1) without it.
    type: int
    choices: [1, 2]
  kernel_log:
    description:
      - Whether the line that the kernel module of a driver writes about an Xid error is written to the kernel log of the node, after the
        prefix C(nvmock:). Only for kinds with an Xid error.
      - The line cannot be taken back. Nodes that are containers share the kernel log of their host.
    type: bool
    default: false
  repeat:
    description:
      - Whether the events of a fault are raised again that is on a GPU already. It always counts as a change.
    type: bool
    default: false
attributes:
  idempotent:
    support: partial
    details: O(repeat) raises events each time.
seealso:
  - module: nvmock.gpu.nvmock_gpu_state
"""

EXAMPLES = r"""
- name: Let GPU 2 fall off the bus
  nvmock.gpu.nvmock_fault:
    gpus: [2]
    kind: fallen_off_bus

- name: Report an Xid error in a compute instance
  nvmock.gpu.nvmock_fault:
    gpus: [0]
    kind: xid
    xid: 94
    gpu_instance: 3
    compute_instance: 0

- name: Upgrade the driver, and leave the kernel module as it is
  nvmock.gpu.nvmock_fault:
    kind: driver_upgrade

- name: Take all faults off
  nvmock.gpu.nvmock_fault:
    state: absent
"""

RETURN = r"""
gpus:
  description: The faults of each of the GPUs after the run. In check mode, those of now.
  returned: success
  type: list
  elements: dict
  contains:
    index:
      description: The index of the GPU.
      returned: success
      type: int
      sample: 0
    faults:
      description: The faults, each with its kind and the options that it has.
      returned: success
      type: list
      elements: dict
      sample:
        - kind: xid
          xid: 79
  sample:
    - index: 0
      faults:
        - kind: xid
          xid: 79
node:
  description: The faults of the node that are no GPU's, after the run. In check mode, those of now.
  returned: success
  type: list
  elements: dict
  sample:
    - kind: driver_upgrade
      step: 1
created:
  description: Paths that were created, or that would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [/var/lib/nvidia-mock/healthy/dev/nvidia0]
updated:
  description: Paths that were changed, or that would be in check mode.
  returned: success
  type: list
  elements: str
  sample: []
removed:
  description: Paths that were removed, or that would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [/dev/nvidia0]
path:
  description: The path of the state file on the node.
  returned: success
  type: str
  sample: /var/lib/nvidia-mock/driver/lib64/libnvidia-mockstate.so.550.54.15
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.nvmock.gpu.plugins.module_utils.host.diff import paths_by_action
from ansible_collections.nvmock.gpu.plugins.module_utils.module.gpus import GPU_OPTIONS, node_from
from ansible_collections.nvmock.gpu.plugins.module_utils.module.one_line import OneLine
from ansible_collections.nvmock.gpu.plugins.module_utils.node.fault_change import OPTIONS, FaultRequest, NodeFaults

KINDS = [
    "xid",
    "ecc_dram",
    "ecc_sram",
    "ecc_corrected",
    "rows_remapped",
    "rows_pending",
    "rows_failed",
    "gpu_lost",
    "fallen_off_bus",
    "thermal",
    "power_brake",
    "power_cap",
    "nvlink_down",
    "fabric_unhealthy",
    "device_node_wrong_major",
    "device_node_no_permission",
    "device_node_missing",
    "library_other_version",
    "driver_upgrade",
    "library_missing",
    "driver_half_removed",
    "spec_stale",
    "spec_duplicate",
    "spec_shadowed",
    "spec_invalid",
    "spec_missing",
    "hook_missing",
]
ARGUMENT_SPEC = {
    **GPU_OPTIONS,
    "kind": {"type": "str", "choices": KINDS},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "xid": {"type": "int"},
    "gpu_instance": {"type": "int"},
    "compute_instance": {"type": "int"},
    "count": {"type": "int"},
    "source": {"type": "str", "choices": ["l2", "sm", "microcontroller", "pcie", "other"]},
    "links": {"type": "list", "elements": "int"},
    "temperature": {"type": "int"},
    "step": {"type": "int", "choices": [1, 2]},
    "kernel_log": {"type": "bool", "default": False},
    "repeat": {"type": "bool", "default": False},
}


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        required_if=[("state", "present", ("kind",))],
        supports_check_mode=True,
    )
    params = module.params
    result = {}
    with OneLine(module):
        opened, driver_root = node_from(params)
        with opened as root:
            faults = NodeFaults(root, driver_root)
            options = {name: params[name] for name in OPTIONS}
            flags = (params["repeat"], params["kernel_log"])
            request = FaultRequest(params["state"] == "present", params["kind"], params["gpus"], options, *flags)
            done = faults.change(request, check=module.check_mode)
            result = {"changed": done.changed, "path": faults.path, **paths_by_action(done.files)}
            result["gpus"] = faults.of_gpus(faults.gpus(params["gpus"]))
            result["node"] = faults.of_node()
            if module._diff:
                found = done.diffs(faults.path)
                result["diff"] = found[0] if len(found) == 1 else found
    module.exit_json(**result)


if __name__ == "__main__":
    main()
