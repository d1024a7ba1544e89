# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The filter failure_reason: the reason why a task failed, in one line."""

from __future__ import annotations

DOCUMENTATION = r"""
name: failure_reason
author: The nvmock.gpu authors (@nvmock)
version_added: 0.2.0
short_description: The reason why a task failed, in one line
description:
  - Returns the last non-empty line that a program wrote to standard error. Notices of docker's legacy builder are ignored.
  - If there is no such line, returns the first line of the task's message, unless it only reports a non-zero return code.
positional: _input
options:
  _input:
    description: The registered result of a task, such as M(ansible.builtin.command). The task can have been skipped.
    type: dict
    required: true
  default:
    description: The return value if the result contains no reason.
    type: str
    default: no output
"""

EXAMPLES = r"""
- name: Pull an image
  ansible.builtin.command:
    argv: [docker, pull, "registry.example/none:1"]
  register: pulled
  changed_when: true
  failed_when: false

- name: Fail with the reason
  ansible.builtin.fail:
    msg: "No image: {{ pulled | nvmock.gpu.failure_reason }}"
  when: pulled.rc != 0
"""

RETURN = r"""
_value:
  description: The reason, one line.
  type: str
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.nvmock.gpu.plugins.plugin_utils import failure_reason as reasons


def failure_reason(result, default="no output"):
    """See DOCUMENTATION."""
    if not isinstance(result, Mapping):
        raise AnsibleFilterError(f"failure_reason: the input is {result!r}: must be the result of a task")
    if not isinstance(default, str):
        raise AnsibleFilterError(f"failure_reason: default is {default!r}: must be a string")
    return reasons.failure_reason(result, default)


class FilterModule:
    """The filters of this file, for Ansible."""

    def filters(self):
        return {"failure_reason": failure_reason}
