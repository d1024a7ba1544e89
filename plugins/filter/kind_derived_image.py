# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The filter kind_derived_image: the name of a node image with an added Python."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kind_derived_image
author: The nvmock.gpu authors (@nvmock)
version_added: 0.2.0
short_description: The name of a kind node image with an added Python
description:
  - Returns the name of the derived image that the role P(nvmock.gpu.kind_cluster#role) builds. It depends on the ID of the node image.
positional: _input
options:
  _input:
    description: The name of the node image.
    type: str
    required: true
  id:
    description: The ID of the node image, as the container engine prints it.
    type: str
    required: true
  repository:
    description: The name of the derived image, without a tag.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show a name
  ansible.builtin.debug:
    msg: "{{ 'kindest/node:v1.37.0' | nvmock.gpu.kind_derived_image('sha256:0123456789abcdef', 'nvmock/kind-node') }}"
  # nvmock/kind-node:v1.37.0-python-0123456789ab
"""

RETURN = r"""
_value:
  description: The name with its tag.
  type: str
  sample: nvmock/kind-node:v1.37.0-python-0123456789ab
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.nvmock.gpu.plugins.plugin_utils import node_image


def kind_derived_image(image, id, repository):
    """See DOCUMENTATION."""
    for name, value in {"the input": image, "id": id, "repository": repository}.items():
        if not isinstance(value, str) or not value:
            raise AnsibleFilterError(f"kind_derived_image: {name} is {value!r}: must be a string with text")
    return node_image.derived(image, id, repository)


class FilterModule:
    """The filters of this file, for Ansible."""

    def filters(self):
        return {"kind_derived_image": kind_derived_image}
