# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The filter kind_cluster_config: the configuration of kind for a cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kind_cluster_config
author: The nvmock.gpu authors (@nvmock)
version_added: 0.2.0
short_description: The configuration of kind for a cluster
description:
  - Returns the document for C(kind create cluster --config).
positional: _input
options:
  _input:
    description:
      - Entries of the variable C(kind_cluster_nodes) of the role P(nvmock.gpu.kind_cluster#role). C(role), C(labels) and C(config) of
        each are used.
    type: list
    elements: dict
    required: true
  name:
    description: The name of the cluster.
    type: str
    required: true
  more:
    description: Additional top-level fields, which take precedence.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Write the configuration of a cluster
  ansible.builtin.copy:
    content: "{{ nodes | nvmock.gpu.kind_cluster_config(name='gpus') | to_nice_yaml }}"
    dest: kind.yaml
    mode: "0644"
  vars:
    nodes: [{role: control-plane}, {role: worker, labels: {example.com/gpu: a100}}]
"""

RETURN = r"""
_value:
  description: The document.
  type: dict
  sample: {kind: Cluster, apiVersion: kind.x-k8s.io/v1alpha4, name: gpus, nodes: [{role: control-plane}]}
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.nvmock.gpu.plugins.plugin_utils import kind_cluster


def kind_cluster_config(nodes, name, more=None):
    """See DOCUMENTATION."""
    if not isinstance(nodes, (list, tuple)) or not all(isinstance(one, Mapping) and "role" in one for one in nodes):
        raise AnsibleFilterError(
            f"kind_cluster_config: the input is {nodes!r}: must be a list of nodes, each with a role"
        )
    if more is not None and not isinstance(more, Mapping):
        raise AnsibleFilterError(f"kind_cluster_config: more is {more!r}: must be a dictionary")
    return kind_cluster.config(nodes, name, more or {})


class FilterModule:
    """The filters of this file, for Ansible."""

    def filters(self):
        return {"kind_cluster_config": kind_cluster_config}
