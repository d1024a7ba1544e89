# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The filter kind_node_image: selects the node image of a kind cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kind_node_image
author: The nvmock.gpu authors (@nvmock)
version_added: 0.2.0
short_description: Selects the node image of a kind cluster
description:
  - If O(named) is set, returns this image.
  - Otherwise, returns the default image of the installed kind, by digest, if it is available.
  - Otherwise, returns the newest kindest/node image of the container engine that is new enough for pods with GPUs, which is
    Kubernetes 1.31. Images with an unknown Kubernetes are ignored.
  - The filter neither runs commands nor pulls images. It only uses its input.
positional: _input
options:
  _input:
    description:
      - The images of the container engine, each as C(repository:tag@digest), from C(docker images --digests --format ...). Only
        used if the default image is not available.
    type: list
    elements: str
    required: true
  kind:
    description: The release of kind, such as V(0.33.0). If it is empty or unknown, the newest known default image is used.
    type: str
    default: ""
  named:
    description: The image that the user sets. It can be empty.
    type: str
    default: ""
  obtainable:
    description: Whether O(named), or the default image if it is empty, is available locally or can be pulled.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show the default image of a kind
  ansible.builtin.debug:
    msg: "{{ ([] | nvmock.gpu.kind_node_image(kind='0.33.0', obtainable=true)).image }}"
  # kindest/node:v1.37.0@sha256:a1ed56cf...

- name: Show the node image without a registry
  ansible.builtin.debug:
    msg: "{{ ['kindest/node:v1.36.4@<none>'] | nvmock.gpu.kind_node_image(kind='0.33.0') }}"
  # image: kindest/node:v1.36.4
  # why: the newest local image, because kindest/node:v1.37.0, the default of kind 0.33.0, is not available locally and can't be pulled
"""

RETURN = r"""
_value:
  description: The choice.
  type: dict
  contains:
    image:
      description: The image. If no image is available, the same as C(wanted).
      type: str
    why:
      description: The reason for this image, in a few words.
      type: str
    kubernetes:
      description: The Kubernetes in the image, such as V(1.37.0). Empty if it is unknown.
      type: str
    wanted:
      description: O(named), or the default image if it is empty.
      type: str
    lacks:
      description: Empty, or what is missing if no image is available.
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
    """The filters of this file, for Ansible."""

    def filters(self):
        return {"kind_node_image": kind_node_image}
