# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The lookup sources_digest: one checksum of the files below directories."""

from __future__ import annotations

DOCUMENTATION = r"""
name: sources_digest
author: The nvmock.gpu authors (@nvmock)
version_added: 0.2.0
short_description: One checksum of the files below directories
description:
  - Returns a SHA-256 checksum of the paths and contents of all files below directories, without hidden and compiled ones.
options:
  _terms:
    description: Directories.
    required: true
  relative_to:
    description: Directory to which the paths are relative, so that the checksum does not depend on where it is.
    type: path
    required: true
  more:
    description: More text that the checksum depends on.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show the checksum of a role
  ansible.builtin.debug:
    msg: "{{ lookup('nvmock.gpu.sources_digest', role_path ~ '/tasks', relative_to=role_path) }}"
"""

RETURN = r"""
_list:
  description: The checksum, as 64 hexadecimal digits.
  type: list
  elements: str
"""

import hashlib
import os

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

_COMPILED = "__pycache__"


class LookupModule(LookupBase):
    """See DOCUMENTATION."""

    def run(self, terms, variables=None, **kwargs):
        """Return the checksum."""
        self.set_options(var_options=variables, direct=kwargs)
        top = str(self.get_option("relative_to"))
        lines = [str(self.get_option("more"))]
        for term in map(str, terms):
            if not os.path.isdir(term):
                raise AnsibleLookupError(f"sources_digest: {term} is not a directory")
            for place, directories, names in os.walk(term):
                directories[:] = [name for name in directories if name != _COMPILED and not name.startswith(".")]
                for name in [name for name in names if not name.startswith(".")]:
                    path = os.path.join(place, name)
                    with open(path, "rb") as file:
                        lines.append(f"{os.path.relpath(path, top)} {hashlib.sha256(file.read()).hexdigest()}")
        return [hashlib.sha256("\n".join([lines[0], *sorted(lines[1:])]).encode()).hexdigest()]
