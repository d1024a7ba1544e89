#!/usr/bin/python

# Copyright (c) 2026, the nvmock.gpu authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
module: nvmock_image_info
short_description: Whether a container engine and the nodes of a kind cluster have an image
version_added: 0.2.0
author:
  - The nvmock.gpu authors (@nvmock)
description:
  - Looks for an image in the container engine, and in all nodes of a kind cluster in parallel. On a host with a local connection, it needs
    no process of its own.
extends_documentation_fragment:
  - nvmock.gpu.attributes.info
options:
  image:
    description: Name and tag of the image.
    type: str
    required: true
  engine:
    description: The container engine, which is also that of kind.
    type: str
    choices: [docker, podman]
    default: docker
  cluster:
    description: Name of the kind cluster; empty for no cluster.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Look for the image
  nvmock.gpu.nvmock_image_info:
    image: nvmock/gpu-mockctl:695219f9a10e
    cluster: gpu-mock
  register: found

- name: Load the image into the nodes that do not have it
  ansible.builtin.command:
    argv: [kind, load, docker-image, --name, gpu-mock, nvmock/gpu-mockctl:695219f9a10e]
  changed_when: true
  when: found.missing | length > 0
"""

RETURN = r"""
id:
  description: ID of the image in the engine, empty if the engine does not have it.
  returned: success
  type: str
  sample: 264c18ee8e2b6d5f2f6a6f5c0f7b3f0f7f2b9f4a5f4e0f7d6c5b4a3928170605
nodes:
  description: Names of the running node containers of the cluster.
  returned: success
  type: list
  elements: str
  sample: [gpu-mock-control-plane]
missing:
  description: Those that do not have the image with this ID.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.nvmock.gpu.plugins.module_utils.module.image_info import ARGUMENT_SPEC, run


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
