# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The filter kind_cluster_not_ready: which nodes and DNS pods of a kind cluster are not Ready."""

from __future__ import annotations

DOCUMENTATION = r"""
name: kind_cluster_not_ready
author: The nvmock.gpu authors (@nvmock)
version_added: 0.2.0
short_description: Which nodes and DNS pods of a kind cluster are not Ready
description:
  - Returns a line per node that has not joined or is not Ready, and per DNS pod that is not Ready. A cluster without a pod with the label
    C(k8s-app=kube-dns) has no DNS to wait for.
positional: _input
options:
  _input:
    description: The output of C(kubectl --namespace kube-system get nodes,pods --output json). It can be empty.
    type: str
    required: true
  containers:
    description: The names of the node containers. The nodes have the same names.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Wait until the cluster is ready
  ansible.builtin.command:
    argv: [kubectl, --namespace, kube-system, get, "nodes,pods", --output, json]
  register: answer
  changed_when: false
  failed_when: false
  until: answer.rc == 0 and answer.stdout | nvmock.gpu.kind_cluster_not_ready(['gpus-control-plane']) | length == 0
  retries: 100
  delay: 3
"""

RETURN = r"""
_value:
  description: The lines. Empty if everything is Ready.
  type: list
  elements: str
  sample: [gpus-worker has not joined]
"""

from ansible.errors import AnsibleFilterError

from ansible_collections.nvmock.gpu.plugins.plugin_utils import kind_cluster


def kind_cluster_not_ready(answer, containers):
    """See DOCUMENTATION."""
    if not isinstance(answer, str):
        raise AnsibleFilterError(f"kind_cluster_not_ready: the input is {answer!r}: must be the output of kubectl")
    if not isinstance(containers, (list, tuple)):
        raise AnsibleFilterError(f"kind_cluster_not_ready: containers is {containers!r}: must be a list of names")
    try:
        return kind_cluster.not_ready(answer, containers)
    except ValueError as error:
        raise AnsibleFilterError(f"kind_cluster_not_ready: the input is not JSON: {error}") from error


class FilterModule:
    """The filters of this file, for Ansible."""

    def filters(self):
        return {"kind_cluster_not_ready": kind_cluster_not_ready}
