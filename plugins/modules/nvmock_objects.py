#!/usr/bin/python

# Copyright (c) 2026, the nvmock.gpu authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
module: nvmock_objects
short_description: Applies objects to a Kubernetes cluster, or removes them
version_added: 0.2.0
author:
  - The nvmock.gpu authors (@nvmock)
description:
  - Applies the objects of this collection's roles by the API server (server-side apply). A second run changes nothing, and asks the server
    about every field again.
  - On a host with a local connection it needs no process of its own, so that it takes a tenth of the time of M(kubernetes.core.k8s).
requirements:
  - kubernetes (Python library)
extends_documentation_fragment:
  - nvmock.gpu.attributes
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
  state:
    description:
      - V(present) creates the objects or changes them. Fields that were applied before and are missing now are removed; fields of other
        owners stay. Objects that M(kubernetes.core.k8s) applied before become objects of this module.
      - V(absent) removes them and what they own, and waits until they are gone.
    type: str
    choices: [present, absent]
    default: present
  definitions:
    description:
      - The objects, in this order. With O(state=absent), only C(kind) and C(metadata) are used. The kinds are those of
        M(nvmock.gpu.nvmock_objects_info).
    type: list
    elements: dict
    required: true
  remove_first:
    description:
      - Objects to remove before the others are applied, such as Jobs that are replaced. The module waits until they are gone.
    type: list
    elements: dict
    default: []
  wait_seconds:
    description:
      - How long to wait until removed objects are gone.
    type: int
    default: 180
"""

EXAMPLES = r"""
- name: Create a namespace
  nvmock.gpu.nvmock_objects:
    kubeconfig: /tmp/kubeconfig
    definitions:
      - apiVersion: v1
        kind: Namespace
        metadata:
          name: tests
"""

RETURN = r"""
objects:
  description: Kind and name of each object that was created, changed or removed.
  returned: success
  type: list
  elements: str
  sample: [Namespace tests]
diff:
  description: Each of these objects before and after, without its status.
  returned: success
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.nvmock.gpu.plugins.module_utils.module.objects import ARGUMENT_SPEC, run


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
