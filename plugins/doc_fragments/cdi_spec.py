# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the options of a CDI specification (module_utils/node/spec_options.py)."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  mode:
    description:
      - Which devices the specification defines, like C(nvidia-ctk cdi generate --mode).
      - V(mig-caps) needs O(toolkit_release=1.20.1) or newer, C(config) or C(monitor) in O(device_ids), and O(driver_root=/).
    type: str
    choices: [nvml, management, gds, mofed, gdrcopy, imex, nvswitch, mig-caps]
    default: nvml
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
        file, whose name has C(.coherent) before its ending, and whose kind has C(.coherent) after O(class). Other GPUs
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
"""
