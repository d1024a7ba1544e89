#!/usr/bin/python

# Copyright (c) 2026, the nvmock.gpu authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
module: nvmock_kind_cluster_record
short_description: Writes the record that the role kind_cluster has of a cluster
version_added: 0.2.0
author:
  - The nvmock.gpu authors (@nvmock)
description:
  - Writes the file that M(nvmock.gpu.nvmock_kind_cluster_info) reads, and its directory. Only the owner can read them.
  - On a host with a local connection, it needs no process of its own.
extends_documentation_fragment:
  - nvmock.gpu.attributes
options:
  path:
    description: The file.
    type: path
    required: true
  record:
    description: Its content, all fields.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Record that a creation starts
  nvmock.gpu.nvmock_kind_cluster_record:
    path: /home/you/.gpu-mock/.kind/gpu-mock/cluster.json
    record:
      phase: creating
      started: "2026-01-31T12:00:00"
      node_image: kindest/node:v1.34.0
"""

RETURN = r""" # """

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.nvmock.gpu.plugins.module_utils.module.kind_cluster_record import ARGUMENT_SPEC, run


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
