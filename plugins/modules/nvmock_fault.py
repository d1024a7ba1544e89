#!/usr/bin/python

# Copyright (c) 2026, the nvmock.gpu authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
module: nvmock_fault
short_description: Puts faults on the GPUs of a mock GPU node
version_added: 0.2.0
author:
  - The nvmock.gpu authors (@nvmock)
description:
  - Puts faults on mock GPUs, such as Xid errors, ECC errors and lost GPUs, and takes them off. Every running process on the node and
    in containers sees a fault within a second, in NVML and in C(nvidia-smi). Programs that wait for events of NVML get them.
  - A fault changes readings without overwriting what was set. Without the fault, the GPU is exactly as before, in whatever order
    faults come and go.
  - Faults are in effect until they are taken off, a reset of the GPU cures them, the node restarts, or another version of the
    driver is installed.
  - Needs a driver installation with libraries, made by M(nvmock.gpu.nvmock_driver_tree).
extends_documentation_fragment:
  - nvmock.gpu.attributes
options:
  host_root:
    description:
      - The directory that is the node's V(/).
    type: path
    default: /
  driver_root:
    description:
      - Root of the driver installation.
    type: path
    default: /var/lib/nvidia-mock/driver
  gpus:
    description:
      - The GPUs, as indices, UUIDs, or PCI bus IDs. All without it.
    type: list
    elements: str
  kind:
    description:
      - The kind of fault. Required if O(state=present). If O(state=absent), all faults are taken off without it.
      - A kind that a GPU cannot have is refused, such as V(nvlink_down) on a GPU without NVLink.
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
path:
  description: The path of the state file on the node.
  returned: success
  type: str
  sample: /var/lib/nvidia-mock/driver/lib64/libnvidia-mockstate.so.550.54.15
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.nvmock.gpu.plugins.module_utils import parameters
from ansible_collections.nvmock.gpu.plugins.module_utils.host.root import HostRoot
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.fault_words import listed
from ansible_collections.nvmock.gpu.plugins.module_utils.module.one_line import OneLine
from ansible_collections.nvmock.gpu.plugins.module_utils.node import DEFAULT_DRIVER_ROOT
from ansible_collections.nvmock.gpu.plugins.module_utils.node.faults import OPTIONS, requested
from ansible_collections.nvmock.gpu.plugins.module_utils.node.state import NodeState

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
]
ARGUMENT_SPEC = {
    "host_root": {"type": "path", "default": "/"},
    "driver_root": {"type": "path", "default": DEFAULT_DRIVER_ROOT},
    "gpus": {"type": "list", "elements": "str"},
    "kind": {"type": "str", "choices": KINDS},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "xid": {"type": "int"},
    "gpu_instance": {"type": "int"},
    "compute_instance": {"type": "int"},
    "count": {"type": "int"},
    "source": {"type": "str", "choices": ["l2", "sm", "microcontroller", "pcie", "other"]},
    "links": {"type": "list", "elements": "int"},
    "temperature": {"type": "int"},
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
        host_root = parameters.absolute_path("host_root", params["host_root"], root_allowed=True)
        driver_root = parameters.absolute_path("driver_root", params["driver_root"], root_allowed=True)
        with HostRoot(host_root) as root:
            state = NodeState(root, driver_root)
            chosen = state.gpus(params["gpus"])
            options = {name: params[name] for name in OPTIONS}
            is_present = params["state"] == "present"
            edit = requested(state, chosen, is_present, params["kind"], options, params["repeat"])
            done = state.change(edit, None, check=module.check_mode)
            now = state.read()
            result = {"changed": done.changed, "path": state.path}
            result["gpus"] = [{"index": gpu, "faults": listed(now.of_gpu(gpu))} for gpu in chosen]
            if module._diff:
                result["diff"] = {
                    "before_header": state.path,
                    "after_header": state.path,
                    "before": "".join(done.before),
                    "after": "".join(done.after),
                }
    module.exit_json(**result)


if __name__ == "__main__":
    main()
