#!/usr/bin/python

# Copyright (c) 2026, the nvmock.gpu authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
module: nvmock_verify
short_description: Checks that a node looks like a GPU node
version_added: 0.1.0
author:
  - The nvmock.gpu authors (@nvmock)
description:
  - Checks the numbers and modes of device nodes, procfs, and the driver installation with its symbolic links. It also checks
    the CDI specification, which must be valid for the CDI library and name only host paths that exist.
  - Fails with a list of all problems. It changes nothing.
  - PyYAML is needed on the node to read a specification in YAML.
extends_documentation_fragment:
  - nvmock.gpu.attributes.info
options:
  host_root:
    description:
      - The directory that is the node's V(/).
    type: path
    default: /
  base:
    description:
      - Directory below which C(dev) and C(proc/driver/nvidia) are.
    type: path
    default: /run/nvidia/driver
  driver_root:
    description:
      - Root of the driver installation.
    type: path
    default: /var/lib/nvidia-mock/driver
  cdi_spec_path:
    description:
      - Path of the CDI specification.
    type: path
    default: /etc/cdi/nvidia.yaml
  cdi:
    description:
      - Whether to check the driver installation and the CDI specification.
    type: bool
    default: true
  device_files:
    description:
      - V(char) expects character devices, V(regular) expects regular files instead.
    type: str
    choices: [char, regular]
    default: char
seealso:
  - module: nvmock.gpu.nvmock_devices
"""

EXAMPLES = r"""
- name: Verify the node
  nvmock.gpu.nvmock_verify:
  register: verification

- name: Show what passed
  ansible.builtin.debug:
    var: verification.lines
"""

RETURN = r"""
lines:
  description: The checks that passed, one line each.
  returned: always
  type: list
  elements: str
  sample:
    - ALL CHECKS PASSED
    - ✓ CDI spec exists
    - ✓ Mock driver libraries present
    - ✓ Mock binaries present
    - ✓ CDI smoke test PASSED
problems:
  description: The problems, one line each.
  returned: always
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.nvmock.gpu.plugins.module_utils import parameters
from ansible_collections.nvmock.gpu.plugins.module_utils.host.root import HostRoot
from ansible_collections.nvmock.gpu.plugins.module_utils.module.one_line import OneLine
from ansible_collections.nvmock.gpu.plugins.module_utils.node import (
    DEFAULT_BASE,
    DEFAULT_DRIVER_ROOT,
    DEFAULT_SPEC_PATH,
)
from ansible_collections.nvmock.gpu.plugins.module_utils.node.verify import verify_cdi, verify_faults, verify_filesystem

ARGUMENT_SPEC = {
    "host_root": {"type": "path", "default": "/"},
    "base": {"type": "path", "default": DEFAULT_BASE},
    "driver_root": {"type": "path", "default": DEFAULT_DRIVER_ROOT},
    "cdi_spec_path": {"type": "path", "default": DEFAULT_SPEC_PATH},
    "cdi": {"type": "bool", "default": True},
    "device_files": {"type": "str", "choices": ["char", "regular"], "default": "char"},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    with OneLine(module):
        base = parameters.absolute_path("base", params["base"])
        driver_root = parameters.absolute_path("driver_root", params["driver_root"])
        spec_path = parameters.absolute_path("cdi_spec_path", params["cdi_spec_path"])
        with HostRoot(parameters.absolute_path("host_root", params["host_root"], root_allowed=True)) as root:
            outcomes = [verify_filesystem(root, base, params["device_files"] == "regular")]
            if params["cdi"]:
                outcomes.append(verify_cdi(root, driver_root, spec_path))
            outcomes.append(verify_faults(root, driver_root))
    lines = [line for outcome in outcomes for line in outcome.lines]
    problems = [problem for outcome in outcomes for problem in outcome.problems]
    if problems:
        module.fail_json(msg="; ".join(problems), lines=lines, problems=problems)
    module.exit_json(changed=False, lines=lines, problems=problems)


if __name__ == "__main__":
    main()
