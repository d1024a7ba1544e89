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
  - In check mode, missing device nodes and a missing driver installation are assumed to have their default form.
extends_documentation_fragment:
  - nvmock.gpu.attributes
  - nvmock.gpu.host
  - nvmock.gpu.machine
options:
  path:
    description:
      - Path of the specification. The ending C(.yaml) or C(.json) decides its format.
      - By default V(/etc/cdi/nvidia.yaml). With O(state=absent), only what is there is removed, by default everything.
    type: path
  mode:
    description:
      - Which devices the specification defines, like C(nvidia-ctk cdi generate --mode).
      - V(mig-caps) needs O(toolkit_release=1.20.1) or newer, C(config) or C(monitor) in O(device_ids), and O(driver_root=/).
    type: str
    choices: [nvml, management, gds, mofed, gdrcopy, imex, nvswitch, mig-caps]
    default: nvml
  driver_root:
    description:
      - Root of the driver installation. Paths in the container are relative to it.
    type: path
    default: /var/lib/nvidia-mock/driver
  dev_root:
    description:
      - Dev root, which is the directory whose C(dev) holds the device nodes.
    type: path
    default: /
  device_name_strategies:
    description:
      - How devices are named. Each strategy gives each device one name.
      - V(index) gives C(0), for MIG C(0:1); V(uuid) gives the UUID; V(type-index) gives C(gpu0), for MIG C(mig0:1).
    type: list
    elements: str
    choices: [index, uuid, type-index]
    default: [index, uuid]
  device_ids:
    description:
      - Define only these devices, by index, C(index:index) for MIG, UUID, V(all) or V(none); by default all.
    type: list
    elements: str
  all_device:
    description:
      - Whether to define a device C(all) that contains all others.
    type: bool
    default: true
  vendor:
    description:
      - Vendor part of the CDI kind.
    type: str
    default: nvidia.com
  class:
    description:
      - Class part of the CDI kind.
    type: str
    default: gpu
  hook_mode:
    description:
      - V(toolkit) writes the hooks that nvidia-ctk writes. If the node has no executable C(nvidia-cdi-hook), a working one
        is installed below O(toolkit_root).
      - V(none) writes no hooks. Instead, every name by which a program opens a library is a separate mount.
    type: str
    choices: [toolkit, none]
    default: toolkit
  toolkit_root:
    description:
      - Toolkit root; the hook program is its C(bin/nvidia-cdi-hook).
    type: path
    default: /usr/local/nvidia-container-toolkit
  hook_path:
    description:
      - Path of an existing hook program on the node. No hook program is installed then.
    type: path
  enabled_hooks:
    description:
      - Hooks to enable that are disabled by default, such as V(chmod).
    type: list
    elements: str
    choices:
      - apply-cuda-memory-limits
      - chmod
      - create-symlinks
      - disable-device-node-modification
      - enable-cuda-compat
      - update-application-profile
      - update-ldcache
    default: []
  disabled_hooks:
    description:
      - Hooks to disable, such as V(enable-cuda-compat), or V(all).
    type: list
    elements: str
    choices:
      - all
      - apply-cuda-memory-limits
      - chmod
      - create-symlinks
      - disable-device-node-modification
      - enable-cuda-compat
      - update-application-profile
      - update-ldcache
    default: []
  ldconfig_path:
    description:
      - Path of the node's ldconfig for the hook C(update-ldcache). With an V(@) before it, it is a path on the node, not in
        the container.
    type: str
  feature_flags:
    description:
      - Feature flags of C(nvidia-ctk cdi generate).
      - V(disable-ipc-discoverer) leaves out the sockets of the driver's daemons (releases from 1.19 on).
      - V(enable-coherent-annotations) annotates each GPU with whether its memory is coherent (releases from 1.18 on). It is
        coherent if the machine's C(addressing_mode) is C(ATS), see docs/machine-types.md. Coherent GPUs are also in a separate
        file, whose name has C(.coherent) before the ending of O(path), and whose kind has C(.coherent) after O(class). Other GPUs
        are in a file with C(.noncoherent).
      - V(enable-explicit-driver-libraries) adds libraries such as C(libGL.so), if the node has them.
      - V(no-additional-gids-for-device-nodes) leaves out the groups that may open the device nodes.
    type: list
    elements: str
    choices:
      - disable-ipc-discoverer
      - enable-coherent-annotations
      - enable-explicit-driver-libraries
      - no-additional-gids-for-device-nodes
    default: []
  library_search_paths:
    description:
      - Search for libraries in these directories only.
    type: list
    elements: path
    default: []
  config_search_paths:
    description:
      - Search for configuration files in these directories only.
    type: list
    elements: path
    default: []
  toolkit_release:
    description:
      - Release of nvidia-container-toolkit whose rules apply.
      - V(1.17) is 1.17.9, V(1.18) is 1.18.2, V(1.19) is 1.19.1 and V(1.20) is 1.20.0.
      - By default, that of the node's hook program if it is not managed by this collection and O(host_root=/), otherwise V(1.20.2).
      - With O(host_root=/), the module fails if the specification has a hook that the release of the program does not have.
      - V(1.17), V(1.18), V(1.19), V(1.20), V(1.20.1) or V(1.20.2), in quotes.
    type: raw
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
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.nvmock.gpu.plugins.module_utils import parameters
from ansible_collections.nvmock.gpu.plugins.module_utils.host.owner import CDI_SPEC, Owner
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.stub_library import ARCHITECTURES
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.overrides import machine_from
from ansible_collections.nvmock.gpu.plugins.module_utils.module import (
    HOST_OPTIONS,
    MACHINE_OPTIONS,
    OneLine,
    architecture_from,
    host_root_from,
    instance_from,
    run,
)
from ansible_collections.nvmock.gpu.plugins.module_utils.node import (
    DEFAULT_SPEC_PATH,
    DEFAULT_TOOLKIT_ROOT,
    cdi_spec,
    components,
    spec_options,
)

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
                planned = cdi_spec.assumed_entries(machine, root, options, spec_file) if module.check_mode else []
                planned += components.moved(root, [Owner(CDI_SPEC, path, instance or "")], _PARTS, instance or "")
                insist = (params["take_over"], params["allow_real_driver"])
                spec = cdi_spec.make(machine, root, options, spec_file, planned, *insist)
                result["device_names"] = spec.device_names
                result["cdi_version"] = spec.cdi_version
                result["hook_path"] = spec.hook_path
                return [spec.component]

    paths = {CDI_SPEC: path} if given else {}
    run(module, _PARTS, look, host_root, result, instance, paths, contents_of_new_files=True)


if __name__ == "__main__":
    main()
