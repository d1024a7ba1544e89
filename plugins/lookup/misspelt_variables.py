# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The lookup misspelt_variables: which variables look like misspelt ones of this collection."""

from __future__ import annotations

DOCUMENTATION = r"""
name: misspelt_variables
author: The nvmock.gpu authors (@nvmock)
version_added: 0.2.0
short_description: Which variables look like misspelt ones of this collection
description:
  - Returns one line for each variable of the host that has the prefix of a role, is none of its variables, and is near to one.
  - The collection's roles and playbooks check their variables with it.
options:
  _terms:
    description:
      - Names of roles of this collection, such as V(gpu_node). V(gpu_mock) means the variables of the playbooks.
      - V(extra) checks the variables that were given with C(-e) against those of all roles and playbooks. It also returns a line for
        a variable with the prefix of a role that is not near to any.
    required: true
"""

EXAMPLES = r"""
- name: Check the names of the variables
  ansible.builtin.assert:
    that: problems | length == 0
    fail_msg: "{{ problems | join('; ') }}"
  vars:
    problems: "{{ lookup('nvmock.gpu.misspelt_variables', 'gpu_node', wantlist=true) }}"
"""

RETURN = r"""
_list:
  description: One line for each variable.
  type: list
  elements: str
  sample: ["gpu_node_gpu_cuont: there is no such variable: did you mean gpu_node_gpu_count?"]
"""

from ansible import context
from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.utils.vars import load_extra_vars

from ansible_collections.nvmock.gpu.plugins.plugin_utils.variables import misspelt, roles, unknown


class LookupModule(LookupBase):
    """See DOCUMENTATION."""

    def run(self, terms, variables=None, **kwargs):
        """Return the lines."""
        lines = []
        for term in terms:
            if term == "extra":
                given = load_extra_vars(self._loader) if context.CLIARGS.get("extra_vars") else {}
                lines += unknown(map(str, given))
            elif term in roles():
                lines += misspelt(map(str, variables or {}), str(term))
            else:
                allowed = ", ".join(["extra", *roles()])
                raise AnsibleLookupError(f"misspelt_variables: '{term}' is not allowed: must be one of {allowed}")
        return lines
