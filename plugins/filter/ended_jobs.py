# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The filter ended_jobs: which Jobs are complete or failed."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ended_jobs
author: The nvmock.gpu authors (@nvmock)
version_added: 0.2.0
short_description: Which Jobs are complete or failed
description:
  - Returns the names of the Jobs that have succeeded or failed.
positional: _input
options:
  _input:
    description: Jobs, as M(kubernetes.core.k8s_info) returns them in C(resources).
    type: list
    elements: dict
    required: true
  pods:
    description: Pods of these Jobs. A Job that runs one pod once has ended when its pod has, and is marked as complete seconds later.
    type: list
    elements: dict
    default: []
  succeeded:
    description: Whether to return only the names of those that have succeeded.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Wait for a Job
  kubernetes.core.k8s_info:
    api_version: batch/v1
    kind: Job
    namespace: gpu-mock
    name: verify-gpu-mock
  register: found
  until: found.resources | default([]) | nvmock.gpu.ended_jobs | length > 0
  retries: 60
  delay: 2
"""

RETURN = r"""
_value:
  description: Their names, in the order of the input.
  type: list
  elements: str
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.nvmock.gpu.plugins.plugin_utils import job


def ended_jobs(jobs, pods=(), succeeded=False):
    """See DOCUMENTATION."""
    for name, value, objects in (("the input", jobs, "Jobs"), ("pods", pods, "Pods")):
        if not isinstance(value, (list, tuple)) or not all(isinstance(one, Mapping) for one in value):
            raise AnsibleFilterError(f"ended_jobs: {name} is {value!r}: must be a list of {objects}")
    if not isinstance(succeeded, bool):
        raise AnsibleFilterError(f"ended_jobs: succeeded is {succeeded!r}: must be true or false")
    return job.succeeded(jobs, pods) if succeeded else job.ended(jobs, pods)


class FilterModule:
    """The filters of this file, for Ansible."""

    def filters(self):
        return {"ended_jobs": ended_jobs}
