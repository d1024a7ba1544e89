# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The filter kind_node_image: which node image a kind cluster is made from."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kind_node_image
author: The nvmock.gpu authors (@nvmock)
version_added: 0.2.0
short_description: Which node image a kind cluster is made from
description:
  - An image that is named is taken.
  - Else it is the default image of the kind that is installed, by digest, if it can be had.
  - Else it is the newest kindest/node that the container engine has and that is new enough for pods with GPUs, which is
    Kubernetes 1.31. Images whose name does not tell their Kubernetes are left out.
  - Nothing is looked up and nothing is pulled. What the filter needs to know is given to it.
positional: _input
options:
  _input:
    description:
      - What the container engine has, each image as C(repository:tag@digest), as C(docker images --digests) gives it with a
        format. Only needed where the default image can't be had.
    type: list
    elements: str
    required: true
  kind:
    description: The release of kind, such as V(0.33.0). For an empty or a later one, the newest default image that is known.
    type: str
    default: ""
  named:
    description: The image that the user asks for. Empty for none.
    type: str
    default: ""
  obtainable:
    description: Whether the image that is named, or else the default image, is here or can be pulled.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show the default image of a kind
  ansible.builtin.debug:
    msg: "{{ ([] | nvmock.gpu.kind_node_image(kind='0.33.0', obtainable=true)).image }}"
  # kindest/node:v1.37.0@sha256:a1ed56cf...

- name: Show what is taken where there is no registry
  ansible.builtin.debug:
    msg: "{{ ['kindest/node:v1.36.4@<none>'] | nvmock.gpu.kind_node_image(kind='0.33.0') }}"
  # image: kindest/node:v1.36.4
  # why: the newest that is here, as kindest/node:v1.37.0, the default of kind 0.33.0, is not here and can't be pulled
"""

RETURN = r"""
_value:
  description: The choice.
  type: dict
  contains:
    image:
      description: The image. Where nothing can be had, the one that is wanted.
      type: str
    why:
      description: Why this one, in a few words.
      type: str
    kubernetes:
      description: The Kubernetes in it, such as V(1.37.0). Empty where the image's name does not tell.
      type: str
    wanted:
      description: The image that is named, or else the default image of this kind.
      type: str
    lacks:
      description: Empty, or what is missing where no image can be had.
      type: str
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.nvmock.gpu.plugins.plugin_utils import node_image


def kind_node_image(here, kind="", named="", obtainable=False):
    """See DOCUMENTATION."""
    if isinstance(here, str) or not isinstance(here, (list, tuple)) or not all(isinstance(one, str) for one in here):
        raise AnsibleFilterError(f"kind_node_image: the input is {here!r}: must be a list of image names")
    for name, value in {"kind": kind, "named": named}.items():
        if not isinstance(value, str):
            raise AnsibleFilterError(f"kind_node_image: {name} is {value!r}: must be a string")
    if not isinstance(obtainable, bool):
        raise AnsibleFilterError(f"kind_node_image: obtainable is {obtainable!r}: must be true or false")
    return node_image.choose(kind, named, obtainable, here)


class FilterModule:
    """What Ansible asks for the filters of this file."""

    def filters(self):
        return {"kind_node_image": kind_node_image}
