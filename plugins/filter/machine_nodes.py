# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The filter machine_nodes: which nodes the node selector of each machine selects."""

from __future__ import annotations

DOCUMENTATION = r"""
name: machine_nodes
author: The nvmock.gpu authors (@nvmock)
version_added: 0.2.0
short_description: Which nodes a machine's node selector selects
description:
  - Returns, per machine, the nodes that have all labels of its node selector and run Linux.
positional: _input
options:
  _input:
    description: Nodes, as M(kubernetes.core.k8s_info) returns them in C(resources).
    type: list
    elements: dict
    required: true
  machines:
    description: Entries of the variable C(in_cluster_machines) of the role P(nvmock.gpu.in_cluster#role).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Get the nodes
  kubernetes.core.k8s_info:
    kind: Node
  register: nodes

- name: Show which of them become a DGX H100
  ansible.builtin.debug:
    msg: "{{ (nodes.resources | nvmock.gpu.machine_nodes(machines)).h100 }}"
  vars:
    machines: [{name: h100, machine: dgxh100, node_selector: {example.com/gpu: h100}}]
"""

RETURN = r"""
_value:
  description: The names of the nodes, by the machine's name.
  type: dict
  sample: {h100: [worker-1, worker-2]}
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.nvmock.gpu.plugins.plugin_utils import node_selector


def machine_nodes(nodes, machines):
    """See DOCUMENTATION."""
    for name, value in {"the input": nodes, "machines": machines}.items():
        if not isinstance(value, (list, tuple)) or not all(isinstance(one, Mapping) for one in value):
            raise AnsibleFilterError(f"machine_nodes: {name} is {value!r}: must be a list of dictionaries")
    return node_selector.nodes_of(nodes, machines)


class FilterModule:
    """The filters of this file, for Ansible."""

    def filters(self):
        return {"machine_nodes": machine_nodes}
