#!/usr/bin/python

# Copyright (c) 2026, the nvmock.gpu authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
module: nvmock_container_runtime
short_description: CDI in the container runtimes of a node
version_added: 0.2.0
author:
  - The nvmock.gpu authors (@nvmock)
description:
  - Finds the container runtimes of a node and enables the Container Device Interface if it is disabled, with the smallest edit
    of the runtime's own configuration. If it is already enabled, nothing is changed, and RV(reasons) says so.
  - For containerd 1.7, the configuration file is changed. containerd 2.x enables CDI by default. What disables it is also found in
    the files named by C(imports). A change goes to a drop-in C(zz-nvmock-cdi.toml) if the configuration file imports a directory.
  - Everything is decided before anything is written. The runtime checks a new file before it replaces the old one. After an
    error, all files are restored.
  - O(state=absent) restores each file byte by byte. If a file was changed by other means since, only the settings of this module
    are reverted.
  - Runtimes are not restarted. RV(runtimes) says which of them have a new configuration.
extends_documentation_fragment:
  - nvmock.gpu.attributes
options:
  state:
    description:
      - V(present) enables CDI.
      - V(absent) restores all changed files, whatever O(names) is.
    type: str
    choices: [present, absent]
    default: present
  names:
    description:
      - The runtimes to configure. Allowed are V(containerd), V(docker), V(crio) and V(podman), or V(auto) alone.
      - V(auto) selects those of the four that the node has, and ignores versions that do not support CDI. A runtime that is named
        must be installed and must support CDI.
    type: list
    elements: str
    default: [auto]
  versions:
    description:
      - Versions by name, for runtimes that can't be run. Their programs are not run at all, and files outside of the directory
        of their configuration file are not read.
      - By default, the runtime's program reports its version.
    type: dict
    default: {}
  cdi_spec_dirs:
    description:
      - Directories with CDI specifications that each runtime must read. Other directories that it reads are kept.
    type: list
    elements: str
    default: [/etc/cdi]
  verify:
    description:
      - Whether to check the effective configuration of containerd after a change.
    type: bool
    default: true
  state_directory:
    description:
      - Directory of the original files and the records of the changes.
    type: path
    default: /var/lib/nvmock-container-runtime
  containerd_config:
    description:
      - containerd's configuration file.
    type: path
    default: /etc/containerd/config.toml
  docker_config:
    description:
      - The Docker daemon's configuration file.
    type: path
    default: /etc/docker/daemon.json
  crio_drop_in:
    description:
      - The file that is created for CRI-O if O(cdi_spec_dirs) has directories that CRI-O does not read.
    type: path
    default: /etc/crio/crio.conf.d/99-nvmock-cdi.conf
  podman_drop_in:
    description:
      - The file that is created for Podman 5.5 and newer if O(cdi_spec_dirs) has other directories than C(/etc/cdi).
    type: path
    default: /etc/containers/containers.conf.d/99-nvmock-cdi.conf
seealso:
  - module: nvmock.gpu.nvmock_runtime_config
  - name: Container Device Interface
    description: What the settings of the runtimes mean.
    link: https://github.com/cncf-tags/container-device-interface#how-to-configure-cdi
"""

EXAMPLES = r"""
- name: Enable CDI in every runtime of the node
  nvmock.gpu.nvmock_container_runtime:
  register: cdi
  notify: Restart the changed runtimes

- name: Enable CDI in containerd, with one more directory
  nvmock.gpu.nvmock_container_runtime:
    names: [containerd]
    cdi_spec_dirs: [/etc/cdi, /opt/vendor/cdi]

- name: Restore the files
  nvmock.gpu.nvmock_container_runtime:
    state: absent
"""

RETURN = r"""
runtimes:
  description:
    - The result of each runtime, by name. Runtimes that the node does not have are left out.
  returned: success
  type: dict
  contains:
    version:
      description: The runtime's version; empty with O(state=absent).
      type: str
    changed:
      description: Whether one of its files was changed, so that it has to be restarted.
      type: bool
    paths:
      description: The files that were changed.
      type: list
      elements: str
    changed_keys:
      description: The keys that were changed in these files.
      type: list
      elements: str
    reason:
      description: What was done and why.
      type: str
  sample:
    containerd:
      version: 2.4.2
      changed: false
      paths: []
      changed_keys: []
      reason: "CDI is always enabled in containerd 2.4.2: nothing to change"
reasons:
  description: What was done and why, one line per runtime.
  returned: success
  type: list
  elements: str
  sample: ["CDI is always enabled in containerd 2.4.2: nothing to change"]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.nvmock.gpu.plugins.module_utils.module.container_runtime import ARGUMENT_SPEC, run


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
