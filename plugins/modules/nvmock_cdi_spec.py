#!/usr/bin/python

# Copyright (c) 2026, the nvmock.gpu authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
module: nvmock_cdi_spec
short_description: CDI specification of mock NVIDIA GPUs
version_added: 0.1.0
author:
  - The nvmock.gpu authors (@nvmock)
description:
  - Creates the Container Device Interface specification by which container runtimes inject the GPUs. It follows the rules of
    C(nvidia-ctk cdi generate), and uses the facts of the machine and the files that exist on the node.
  - Before anything is written, it refuses what a CDI library would refuse or shadow. That is a device without edits, a bad
    name, a host path that does not exist, a device that another specification in the same directory also defines, and a
    specification in C(/var/run/cdi) that takes precedence over one in C(/etc/cdi).
  - In check mode, missing device nodes and a missing driver installation are assumed to have their default form, since a
    task before this one may make them. RV(assumed) has what was missing.
extends_documentation_fragment:
  - nvmock.gpu.attributes
  - nvmock.gpu.host
  - nvmock.gpu.machine
  - nvmock.gpu.cdi_spec
options:
  path:
    description:
      - Path of the specification. The ending C(.yaml) or C(.json) decides its format.
      - By default V(/etc/cdi/nvidia.yaml). With O(state=absent), only what is there is removed, by default everything.
    type: path
  driver_root:
    description:
      - Root of the driver installation. Paths in the container are relative to it.
    type: path
    default: /var/lib/nvidia-mock/driver
  devices_are_files:
    description:
      - Whether to accept regular files as device nodes. The specification is valid, but a runtime refuses its devices.
    type: bool
    default: false
  architecture:
    description:
      - CPU architecture of the driver and of the hook program. By default, the node's.
    type: str
    choices: [aarch64, x86_64]
seealso:
  - module: nvmock.gpu.nvmock_devices
  - module: nvmock.gpu.nvmock_driver_tree
"""

EXAMPLES = r"""
- name: The specification that nvidia-ctk would write
  nvmock.gpu.nvmock_cdi_spec:
    uuid_seed: "{{ inventory_hostname }}"

- name: Without hooks, for nodes that can't run them
  nvmock.gpu.nvmock_cdi_spec:
    hook_mode: none

- name: The format of release 1.17, in JSON, with names such as gpu0
  nvmock.gpu.nvmock_cdi_spec:
    path: /etc/cdi/nvidia.json
    toolkit_release: "1.17"
    device_name_strategies: [type-index]

- name: Management containers, beside the specification of the GPUs
  nvmock.gpu.nvmock_cdi_spec:
    instance: management
    path: /etc/cdi/management.yaml
    mode: management
    vendor: management.nvidia.com
"""

RETURN = r"""
created:
  description: Paths that were created, or that would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [/etc/cdi, /etc/cdi/nvidia.yaml]
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
device_names:
  description: The fully qualified names of the devices.
  returned: when O(state=present)
  type: list
  elements: str
  sample: [nvidia.com/gpu=0, nvidia.com/gpu=all]
cdi_version:
  description: The CDI version that the file needs.
  returned: when O(state=present)
  type: str
  sample: 0.5.0
hook_path:
  description: The hook program that the specification names; empty if it has no hooks.
  returned: when O(state=present)
  type: str
  sample: /usr/local/nvidia-container-toolkit/bin/nvidia-cdi-hook
assumed:
  description: Paths that do not exist, and that the specification is made with. Without check mode it is refused instead.
  returned: when O(state=present), in check mode
  type: list
  elements: str
  sample: [/dev/nvidia0, /dev/nvidiactl]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.nvmock.gpu.plugins.module_utils import parameters
from ansible_collections.nvmock.gpu.plugins.module_utils.host.owner import CDI_SPEC, Owner
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.stub_library import ARCHITECTURES
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.overrides import machine_from
from ansible_collections.nvmock.gpu.plugins.module_utils.module.change import (
    HOST_OPTIONS,
    MACHINE_OPTIONS,
    architecture_from,
    host_root_from,
    instance_from,
    run,
)
from ansible_collections.nvmock.gpu.plugins.module_utils.module.one_line import OneLine
from ansible_collections.nvmock.gpu.plugins.module_utils.node import (
    DEFAULT_SPEC_PATH,
    DEFAULT_TOOLKIT_ROOT,
    cdi_spec,
    components,
    spec_options,
)
from ansible_collections.nvmock.gpu.plugins.module_utils.node.mig_state import live
from ansible_collections.nvmock.gpu.plugins.module_utils.node.with_faults import with_faults, without_faults

ARGUMENT_SPEC = {
    **HOST_OPTIONS,
    **MACHINE_OPTIONS,
    **spec_options.argument_spec(),
    "path": {"type": "path"},
    "toolkit_root": {"type": "path", "default": DEFAULT_TOOLKIT_ROOT},
    "devices_are_files": {"type": "bool", "default": False},
    "architecture": {"type": "str", "choices": list(ARCHITECTURES)},
}

_PARTS = frozenset((CDI_SPEC,))


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    result = {}
    look = None
    with OneLine(module):
        given = params["path"] is not None
        path = cdi_spec.spec_path("path", params["path"] if given else DEFAULT_SPEC_PATH)
        instance = instance_from(params)
        host_root = host_root_from(params)
        if params["state"] == "present":
            machine = machine_from(params)
            roots = {
                name: parameters.absolute_path(name, params[name], root_allowed=True)
                for name in ("driver_root", "dev_root")
            }
            architecture = architecture_from(params["architecture"])
            options = spec_options.options_of({**params, **roots, "architecture": architecture})
            spec_file = cdi_spec.SpecFile(
                path=path,
                toolkit_root=parameters.absolute_path("toolkit_root", params["toolkit_root"]),
                devices_are_files=params["devices_are_files"],
                uid=components.user_or_root(),
                gid=components.user_or_root(),
                instance=instance or "",
            )

            def look(root):
                planned = []
                if module.check_mode:
                    planned = [cdi_spec.assumed(machine, root, options, spec_file)]
                    result["assumed"] = [entry.path for entry in planned[0].entries]
                planned += components.moved(root, [Owner(CDI_SPEC, path, instance or "")], _PARTS, instance or "")
                insist = (params["take_over"], params["allow_real_driver"])
                now = live(root, machine, instance or "", params["mig"] is not None)
                planned += without_faults(root, now, instance or "")
                spec = cdi_spec.make(now, root, options, spec_file, planned, *insist)
                result["device_names"] = spec.device_names
                result["cdi_version"] = spec.cdi_version
                result["hook_path"] = spec.hook_path
                return with_faults(root, now, [spec.component])

    paths = {CDI_SPEC: path} if given else {}
    run(module, _PARTS, look, host_root, result, instance, paths, contents_of_new_files=True)


if __name__ == "__main__":
    main()
