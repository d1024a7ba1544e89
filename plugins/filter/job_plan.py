# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The filter job_plan: which Jobs are kept, replaced and created."""

from __future__ import annotations

DOCUMENTATION = r"""
name: job_plan
author: The nvmock.gpu authors (@nvmock)
version_added: 0.2.0
short_description: Which Jobs are kept, and which are replaced
description:
  - A Job's template can't be changed. So each Job gets the annotation C(nvmock.gpu/content), a checksum of what it was made from,
    and one of other content is replaced, as is one that failed or that is being deleted.
positional: _input
options:
  _input:
    description: The Jobs that are wanted.
    type: list
    elements: dict
    required: true
  found:
    description: The Jobs that are there, as M(kubernetes.core.k8s_info) returns them in C(resources).
    type: list
    elements: dict
    required: true
  part:
    description: The value of the label C(nvmock.gpu/part) that they all have. Jobs of other parts are not looked at.
    type: str
    required: true
  rerun:
    description: Whether all that are there are replaced.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Remove Jobs of other content
  kubernetes.core.k8s:
    state: absent
    api_version: batch/v1
    kind: Job
    namespace: gpu-mock
    name: "{{ item }}"
  loop: "{{ (wanted | nvmock.gpu.job_plan(found.resources, 'verify')).stale }}"
"""

RETURN = r"""
_value:
  description: The plan.
  type: dict
  contains:
    wanted:
      description: The Jobs that are wanted, with the annotation.
      type: list
      elements: dict
    found:
      description: The Jobs of this part that are there.
      type: list
      elements: dict
    kept:
      description: The names of those that stay.
      type: list
      elements: str
    stale:
      description: The names of those to remove.
      type: list
      elements: str
    done:
      description: The names of those that stay and have succeeded.
      type: list
      elements: str
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.nvmock.gpu.plugins.plugin_utils import job


def job_plan(wanted, found, part, rerun=False):
    """See DOCUMENTATION."""
    for name, value in {"the input": wanted, "found": found}.items():
        if not isinstance(value, (list, tuple)) or not all(isinstance(one, Mapping) for one in value):
            raise AnsibleFilterError(f"job_plan: {name} is {value!r}: must be a list of Jobs")
    if not isinstance(rerun, bool):
        raise AnsibleFilterError(f"job_plan: rerun is {rerun!r}: must be true or false")
    return job.plan(wanted, found, part, rerun)


class FilterModule:
    """What Ansible asks for the filters of this file."""

    def filters(self):
        return {"job_plan": job_plan}
