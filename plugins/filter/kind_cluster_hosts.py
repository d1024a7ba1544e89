# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The filter kind_cluster_hosts: the inventory hosts of a kind cluster's node containers."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kind_cluster_hosts
author: The nvmock.gpu authors (@nvmock)
version_added: 0.2.0
short_description: The inventory hosts of a kind cluster's nodes
description:
  - Combines node containers with entries of C(kind_cluster_nodes). The first control plane of the list is kind's first control plane,
    and so on.
positional: _input
options:
  _input:
    description: The node containers, as RV(nvmock.gpu.nvmock_kind_cluster_info#module:nodes).
    type: list
    elements: dict
    required: true
  wanted:
    description:
      - Entries of the variable C(kind_cluster_nodes) of the role P(nvmock.gpu.kind_cluster#role). C(role), C(name) and C(host_vars) of
        each are used. There can be fewer entries than containers.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Show the hosts of a cluster
  ansible.builtin.debug:
    msg: "{{ cluster.nodes | nvmock.gpu.kind_cluster_hosts(wanted) }}"
  vars:
    wanted: [{role: control-plane, name: first, host_vars: {gpu_node_gpu_count: 2}}]
"""

RETURN = r"""
_value:
  description: The hosts, control planes first.
  type: list
  elements: dict
  contains:
    name:
      description: The host's name. If no name is given, it is the container's.
      type: str
    container:
      description: The container's name.
      type: str
    role:
      description: V(control-plane) or V(worker).
      type: str
    image:
      description: The ID of its image.
      type: str
    host_vars:
      description: The given variables.
      type: dict
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.nvmock.gpu.plugins.plugin_utils import kind_cluster


def kind_cluster_hosts(containers, wanted=()):
    """See DOCUMENTATION."""
    for name, value in {"the input": containers, "wanted": wanted}.items():
        if not isinstance(value, (list, tuple)) or not all(isinstance(one, Mapping) and "role" in one for one in value):
            raise AnsibleFilterError(
                f"kind_cluster_hosts: {name} is {value!r}: must be a list of nodes, each with a role"
            )
    return kind_cluster.hosts(containers, wanted)


class FilterModule:
    """The filters of this file, for Ansible."""

    def filters(self):
        return {"kind_cluster_hosts": kind_cluster_hosts}
