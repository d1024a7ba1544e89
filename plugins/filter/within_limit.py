# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The filter within_limit: a host that a play can't do without, unless --limit leaves it out."""

from __future__ import annotations

DOCUMENTATION = r"""
name: within_limit
author: The nvmock.gpu authors (@nvmock)
version_added: 0.2.0
short_description: A host that a play can't do without
description:
  - Returns the input, or fails if the limit leaves the host out. Without this, Ansible would skip the play without an error.
positional: _input, limit
options:
  _input:
    description: Name of the host.
    type: str
    required: true
  limit:
    description: The variable C(ansible_limit).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: A play that other plays need
  hosts: "{{ 'localhost' | nvmock.gpu.within_limit(ansible_limit | default('')) }}"
"""

RETURN = r"""
_value:
  description: The input.
  type: str
"""

from ansible.errors import AnsibleFilterError
from ansible.inventory.manager import split_host_pattern


def within_limit(host, limit):
    """See DOCUMENTATION."""
    patterns = [str(pattern) for pattern in split_host_pattern(limit)] if limit else []
    # A pattern with ! or & only excludes hosts, so that only the others can name one. @ is a file with patterns.
    named = [pattern for pattern in patterns if pattern[0] not in "!&"]
    left_out = f"!{host}" in patterns or (
        named and not {host, "all", "*"} & set(named) and not any(map(_is_open, named))
    )
    if left_out:
        raise AnsibleFilterError(
            f"--limit {limit} leaves out {host}, which finds the nodes: use --limit '{host},{limit}'"
        )
    return host


def _is_open(pattern):
    """Whether the pattern may match any name."""
    return pattern[0] in "~@" or any(letter in pattern for letter in "*?[")


class FilterModule:
    """The filters of this file, for Ansible."""

    def filters(self):
        return {"within_limit": within_limit}
