# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The filter rolled_out_daemonsets: which DaemonSets have a ready pod on each of their nodes."""

from __future__ import annotations

DOCUMENTATION = r"""
name: rolled_out_daemonsets
author: The nvmock.gpu authors (@nvmock)
version_added: 0.2.0
short_description: Which DaemonSets are rolled out
description:
  - Returns the names of the DaemonSets that have a ready pod of their newest template on each selected node.
positional: _input
options:
  _input:
    description: DaemonSets, as M(kubernetes.core.k8s_info) returns them in C(resources).
    type: list
    elements: dict
    required: true
  nodes:
    description:
      - The required number of nodes per DaemonSet, by name. A DaemonSet that is not listed must not run on any node.
      - By default, each must run on at least one node.
    type: dict
"""

EXAMPLES = r"""
- name: Wait for a DaemonSet
  kubernetes.core.k8s_info:
    api_version: apps/v1
    kind: DaemonSet
    namespace: gpu-mock
    name: gpu-mock-device-plugin
  register: found
  until: found.resources | default([]) | nvmock.gpu.rolled_out_daemonsets | length > 0
  retries: 30
  delay: 2
"""

RETURN = r"""
_value:
  description: The names of the DaemonSets that are rolled out, in the order of the input.
  type: list
  elements: str
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.nvmock.gpu.plugins.plugin_utils import daemonset


def rolled_out_daemonsets(daemonsets, nodes=None):
    """See DOCUMENTATION."""
    if not isinstance(daemonsets, (list, tuple)) or not all(isinstance(one, Mapping) for one in daemonsets):
        raise AnsibleFilterError(f"rolled_out_daemonsets: the input is {daemonsets!r}: must be a list of DaemonSets")
    if nodes is not None and not isinstance(nodes, Mapping):
        raise AnsibleFilterError(f"rolled_out_daemonsets: nodes is {nodes!r}: must be a dictionary of numbers by name")
    return daemonset.names_of_rolled_out(daemonsets, nodes)


class FilterModule:
    """The filters of this file, for Ansible."""

    def filters(self):
        return {"rolled_out_daemonsets": rolled_out_daemonsets}
