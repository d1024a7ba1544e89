#!/usr/bin/python

# Copyright (c) 2026, the nvmock.gpu authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
module: nvmock_objects_info
short_description: Objects of a Kubernetes cluster, several kinds in one run
version_added: 0.2.0
author:
  - The nvmock.gpu authors (@nvmock)
description:
  - Gets the objects that the roles of this collection wait for and report. Unlike M(kubernetes.core.k8s_info), it asks for several
    kinds in one run, and on a host with a local connection it needs no process of its own.
  - It can wait for Jobs, Pods and DaemonSets, and asks five times a second then.
requirements:
  - kubernetes (Python library)
extends_documentation_fragment:
  - nvmock.gpu.attributes.info
options:
  kubeconfig:
    description:
      - File with the address and the credentials of the API server. By default C(~/.kube/config) or that of C(KUBECONFIG), otherwise the
        service account of the pod.
    type: path
  context:
    description:
      - Context in the file; by default the current one.
    type: str
  seconds:
    description:
      - How long a request waits for its answer.
    type: int
    default: 30
  wait_seconds:
    description:
      - How long to wait until every Job and Pod that is found has ended and every DaemonSet is rolled out, or until one has failed. Other
        kinds are not waited for. When the time is over, that is no failure.
      - A Job that runs one pod once has ended when its pod has, if a query returns that.
    type: int
    default: 0
  queries:
    description:
      - What to ask for.
    type: list
    elements: dict
    required: true
    suboptions:
      kind:
        description: Kind of the objects.
        type: str
        choices:
          - ClusterRole
          - ClusterRoleBinding
          - ConfigMap
          - DaemonSet
          - Event
          - Job
          - Namespace
          - Node
          - Pod
          - RuntimeClass
          - Secret
          - ServiceAccount
        required: true
      namespace:
        description: Namespace of the objects; by default all namespaces.
        type: str
      name:
        description: Name of the object; by default all objects.
        type: str
      label_selectors:
        description: Label selectors, all of which select.
        type: list
        elements: str
        default: []
      field_selectors:
        description: Field selectors, all of which select.
        type: list
        elements: str
        default: []
      logs:
        description: Whether to add the field C(logs) to each Pod, with the lines of the log by container.
        type: bool
        default: false
      tail_lines:
        description: How many lines of a log, from its end.
        type: int
        default: 200
"""

EXAMPLES = r"""
- name: Get the nodes, and the pods of the device plugin with their logs
  nvmock.gpu.nvmock_objects_info:
    kubeconfig: /tmp/kubeconfig
    queries:
      - kind: Node
      - kind: Pod
        label_selectors: [app.kubernetes.io/part-of=nvmock.gpu]
        logs: true
  register: cluster

- name: Show what the first node offers
  ansible.builtin.debug:
    var: cluster.found[0][0].status.allocatable
"""

RETURN = r"""
found:
  description: A list of objects for each query, empty if there are none.
  returned: success
  type: list
  elements: list
in_time:
  description: Whether the wait of O(wait_seconds) is over before the time is. Without a wait, whether it would be.
  returned: success
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.nvmock.gpu.plugins.module_utils.module.objects_info import ARGUMENT_SPEC, run


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
