#!/usr/bin/python

# Copyright (c) 2026, the nvmock.gpu authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
module: nvmock_gpu_state
short_description: Changes readings and modes of a mock GPU node
version_added: 0.2.0
author:
  - The nvmock.gpu authors (@nvmock)
description:
  - Sets readings and modes of mock GPUs, such as temperatures, ECC errors and power limits, and puts load on them. Every running
    process on the node and in containers sees the change within a second, in NVML and in C(nvidia-smi).
  - The values are in effect until they are reset, the node restarts, or another version of the driver is installed.
  - Needs a driver installation with libraries, made by M(nvmock.gpu.nvmock_driver_tree).
extends_documentation_fragment:
  - nvmock.gpu.attributes
  - nvmock.gpu.gpus
options:
  reset:
    description:
      - Names of settings that get back the value of the machine type, before O(settings) are set. V(all) resets everything and ends a load.
    type: list
    elements: str
    default: []
  settings:
    description:
      - The settings to change, as a mapping of their names to values. C(gpu-mockctl state names) lists them.
      - Values are numbers, with or without their unit, or words of C(nvidia-smi), such as V(Prohibited).
      - A name or value that a GPU does not have is refused.
      - V(processes) is a list of mappings with C(pid), C(memory) in MiB and C(name).
    type: dict
    default: {}
  load:
    description:
      - Load to put on the GPUs from now on. It always counts as a change.
    type: dict
    suboptions:
      percent:
        description:
          - How busy the GPUs are. Power is that of the idle GPU plus this share of the distance to its limit.
        type: int
        required: true
      seconds:
        description:
          - How long the load lasts.
        type: int
        required: true
  keep:
    description:
      - Whether the state is kept over a restart of the node. Unchanged without it. A new state is not kept.
    type: bool
attributes:
  idempotent:
    support: partial
    details: O(load) starts a new load each time.
seealso:
  - module: nvmock.gpu.nvmock_driver_tree
"""

EXAMPLES = r"""
- name: Let GPU 0 overheat
  nvmock.gpu.nvmock_gpu_state:
    gpus: [0]
    settings:
      temperature: 94
      event_reason_hw_thermal_slowdown: true

- name: Show two processes on GPU 1
  nvmock.gpu.nvmock_gpu_state:
    gpus: [1]
    settings:
      processes:
        - {pid: 4711, memory: 2048, name: python3}
        - {pid: 4712, memory: 1024, name: VLLM::EngineCore}

- name: Show the processes that hold device nodes open
  nvmock.gpu.nvmock_gpu_state:
    settings:
      process_list: open_files

- name: Put a load of 80 % on all GPUs for a minute
  nvmock.gpu.nvmock_gpu_state:
    load:
      percent: 80
      seconds: 60

- name: Bring everything back
  nvmock.gpu.nvmock_gpu_state:
    reset: [all]
"""

RETURN = r"""
gpus:
  description: What is set on each of the GPUs after the run. In check mode, what is set now.
  returned: success
  type: list
  elements: dict
  contains:
    index:
      description: The index of the GPU.
      returned: success
      type: int
      sample: 0
    state:
      description: Values by the names of the settings. Readings that follow a load are those of now.
      returned: success
      type: dict
      sample:
        temperature: 94
  sample:
    - index: 0
      state:
        temperature: 94
path:
  description: The path of the state file on the node.
  returned: success
  type: str
  sample: /var/lib/nvidia-mock/driver/lib64/libnvidia-mockstate.so.550.54.15
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.nvmock.gpu.plugins.module_utils.module.gpus import GPU_OPTIONS, node_from
from ansible_collections.nvmock.gpu.plugins.module_utils.module.one_line import OneLine
from ansible_collections.nvmock.gpu.plugins.module_utils.node.state import NodeState, load_from, requested

ARGUMENT_SPEC = {
    **GPU_OPTIONS,
    "reset": {"type": "list", "elements": "str", "default": []},
    "settings": {"type": "dict", "default": {}},
    "load": {
        "type": "dict",
        "options": {"percent": {"type": "int", "required": True}, "seconds": {"type": "int", "required": True}},
    },
    "keep": {"type": "bool"},
}


def made() -> AnsibleModule:
    try:
        return AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    except TypeError:
        # Ansible looks for suboptions in whatever is given, and checks afterwards that it is a dictionary. Without them it says so.
        return AnsibleModule(argument_spec={**ARGUMENT_SPEC, "load": {"type": "dict"}}, supports_check_mode=True)


def main() -> None:
    module = made()
    params = module.params
    result = {}
    with OneLine(module):
        opened, driver_root = node_from(params)
        with opened as root:
            state = NodeState(root, driver_root)
            chosen = state.gpus(params["gpus"])
            edit = requested(state, chosen, params["reset"], params["settings"], load_from(params["load"]))
            done = state.change(edit, params["keep"], check=module.check_mode)
            result = {"changed": done.changed, "path": state.path}
            now = state.read()
            result["gpus"] = [{"index": gpu, "state": state.shown(gpu, now)} for gpu in chosen]
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
