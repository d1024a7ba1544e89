# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The filter slice_devices: the devices in ResourceSlices, by node."""

from __future__ import annotations

DOCUMENTATION = r"""
name: slice_devices
author: The nvmock.gpu authors (@nvmock)
version_added: 0.2.0
short_description: The devices in ResourceSlices, by node
description:
  - Returns the names of the devices that DRA drivers publish for each node.
positional: _input
options:
  _input:
    description: ResourceSlices, as M(kubernetes.core.k8s_info) returns them in C(resources).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Get the ResourceSlices of a driver
  kubernetes.core.k8s_info:
    api_version: resource.k8s.io/v1
    kind: ResourceSlice
    field_selectors: [spec.driver=gpu.nvidia.com]
  register: found

- name: Show the devices of each node
  ansible.builtin.debug:
    msg: "{{ found.resources | nvmock.gpu.slice_devices }}"
"""

RETURN = r"""
_value:
  description: The names of the devices, by the name of the node.
  type: dict
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.nvmock.gpu.plugins.plugin_utils import resource_claims


def slice_devices(slices):
    """See DOCUMENTATION."""
    if not isinstance(slices, (list, tuple)) or not all(isinstance(one, Mapping) for one in slices):
        raise AnsibleFilterError(f"slice_devices: the input is {slices!r}: must be a list of ResourceSlices")
    return resource_claims.devices_by_node(slices)


class FilterModule:
    """The filters of this file, for Ansible."""

    def filters(self):
        return {"slice_devices": slice_devices}
