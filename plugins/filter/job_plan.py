# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The filter job_plan: which Jobs to keep, replace and create."""

from __future__ import annotations

DOCUMENTATION = r"""
name: job_plan
author: The nvmock.gpu authors (@nvmock)
version_added: 0.2.0
short_description: Which Jobs to keep, and which to replace
description:
  - A Job's template can't be changed. So each Job gets the annotation C(nvmock.gpu/content), a checksum of its content.
  - A Job with other content is replaced. So is a Job that failed or that is being deleted.
positional: _input
options:
  _input:
    description: The Jobs that should exist.
    type: list
    elements: dict
    required: true
  found:
    description: The existing Jobs, as M(kubernetes.core.k8s_info) returns them in C(resources).
    type: list
    elements: dict
    required: true
  parts:
    description: The values of their label C(nvmock.gpu/part). Jobs of other parts are ignored.
    type: list
    elements: str
    required: true
  rerun:
    description: Whether to replace all existing Jobs.
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
  loop: "{{ (wanted | nvmock.gpu.job_plan(found.resources, ['verify'])).stale }}"
"""

RETURN = r"""
_value:
  description: The plan.
  type: dict
  contains:
    wanted:
      description: The Jobs that should exist, with the annotation.
      type: list
      elements: dict
    found:
      description: The existing Jobs of these parts.
      type: list
      elements: dict
    missing:
      description: The parts of which no Job exists.
      type: list
      elements: str
    new:
      description: The Jobs to create, with the annotation.
      type: list
      elements: dict
    kept:
      description: The names of the Jobs to keep.
      type: list
      elements: str
    stale:
      description: The names of the Jobs to remove.
      type: list
      elements: str
    done:
      description: The names of the Jobs to keep that have succeeded.
      type: list
      elements: str
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.nvmock.gpu.plugins.plugin_utils import job


def job_plan(wanted, found, parts, rerun=False):
    """See DOCUMENTATION."""
    for name, value in {"the input": wanted, "found": found}.items():
        if not isinstance(value, (list, tuple)) or not all(isinstance(one, Mapping) for one in value):
            raise AnsibleFilterError(f"job_plan: {name} is {value!r}: must be a list of Jobs")
    if not isinstance(parts, (list, tuple)):
        raise AnsibleFilterError(f"job_plan: parts is {parts!r}: must be a list of values of the label nvmock.gpu/part")
    if not isinstance(rerun, bool):
        raise AnsibleFilterError(f"job_plan: rerun is {rerun!r}: must be true or false")
    return job.plan(wanted, found, parts, rerun)


class FilterModule:
    """The filters of this file, for Ansible."""

    def filters(self):
        return {"job_plan": job_plan}
