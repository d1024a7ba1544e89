# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The filter gpu_report: what the nodes of a cluster offer, which pods have it, and what is wrong."""

from __future__ import annotations

DOCUMENTATION = r"""
name: gpu_report
author: The nvmock.gpu authors (@nvmock)
version_added: 0.2.0
short_description: What the nodes of a cluster offer, and which pods have it
description:
  - Counts the resources of nvidia.com on each node, and what the pods on it request.
positional: _input
options:
  _input:
    description: The Nodes of the cluster.
    type: list
    elements: dict
    required: true
  pods:
    description: The Pods of the cluster.
    type: list
    elements: dict
    required: true
  text:
    description: Whether to return lines for people.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Get the nodes and the pods
  nvmock.gpu.nvmock_objects_info:
    queries: [{kind: Node}, {kind: Pod}]
  register: cluster

- name: Show the report
  ansible.builtin.debug:
    msg: "{{ cluster.found[0] | nvmock.gpu.gpu_report(pods=cluster.found[1]) }}"
"""

RETURN = r"""
_value:
  description: A dictionary with C(nodes), C(pods) and C(problems), or lines.
  type: raw
  sample:
    nodes:
      worker:
        ready: true
        plugin: ready
        resources: {nvidia.com/gpu: {offered: 8, allocated: 2, free: 6, unhealthy: 0}}
    pods: [{namespace: default, name: train, node: worker, phase: Running, resources: {nvidia.com/gpu: 2}}]
    problems: []
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.nvmock.gpu.plugins.plugin_utils import gpu_report as reports


def gpu_report(nodes, pods, text=False):
    """See DOCUMENTATION."""
    for name, value in {"the input": nodes, "pods": pods}.items():
        if not isinstance(value, (list, tuple)) or not all(isinstance(one, Mapping) for one in value):
            raise AnsibleFilterError(f"gpu_report: {name} is {value!r}: must be a list of dictionaries")
    found = reports.report(nodes, pods)
    return reports.text(found) if text else found


class FilterModule:
    """The filters of this file, for Ansible."""

    def filters(self):
        return {"gpu_report": gpu_report}
