# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The filter pod_phase: the phase of a Pod, as soon as it is decided."""

from __future__ import annotations

DOCUMENTATION = r"""
name: pod_phase
author: The nvmock.gpu authors (@nvmock)
version_added: 0.2.0
short_description: The phase of a Pod, as soon as it is decided
description:
  - Returns C(status.phase). If all containers of a Pod that is not restarted have ended, returns C(Succeeded) or C(Failed) by their exit
    statuses. The kubelet sets this phase about a second later.
positional: _input
options:
  _input:
    description: A Pod, as M(nvmock.gpu.nvmock_objects_info) returns it, or an empty dictionary.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Wait until a pod has ended
  nvmock.gpu.nvmock_objects_info:
    queries:
      - {kind: Pod, namespace: default, name: demo}
  register: asked
  until: asked.found[0][0] | default({}) | nvmock.gpu.pod_phase in ['Succeeded', 'Failed']
  retries: 60
  delay: 1
"""

RETURN = r"""
_value:
  description: The phase; empty without a Pod.
  type: str
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.nvmock.gpu.plugins.module_utils.module.settled import phase


def pod_phase(pod):
    """See DOCUMENTATION."""
    if not isinstance(pod, Mapping):
        raise AnsibleFilterError(f"pod_phase: the input is {pod!r}: must be a Pod")
    return phase(pod)


class FilterModule:
    """The filters of this file, for Ansible."""

    def filters(self):
        return {"pod_phase": pod_phase}
