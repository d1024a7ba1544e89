# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the options that all modules for a node share (module_utils/module/change.py, HOST_OPTIONS)."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  host_root:
    description:
      - The directory that is the node's V(/). Paths in the files that are written are always paths on the node.
      - It must exist. Any directory other than V(/) is an embedded node. A pod usually mounts the node at V(/host).
    type: path
    default: /
  state:
    description:
      - V(present) creates what is missing and repairs what differs.
      - V(absent) removes what this module created on the node, wherever that is. Paths that are given and O(instance) narrow it.
        What was changed since it was created is not removed. The module then fails and names it.
    type: str
    choices: [present, absent]
    default: present
  take_over:
    description:
      - Whether to replace unmanaged files that are in the way, instead of failing. O(state=absent) restores them.
    type: bool
    default: false
  allow_real_driver:
    description:
      - Whether to continue if the node seems to have a real NVIDIA driver. Mock device nodes have the same numbers as real ones, so
        that this also holds for O(state=absent).
      - A real NVIDIA GPU whose driver is not loaded, a Jetson and WSL are only warned about.
    type: bool
    default: false
  instance:
    description:
      - Name of this mock, if the node has more than one. It has 1 to 32 letters, digits, dots, dashes and underscores.
      - A node has one mock without a name. A run with other paths moves it. Another mock needs a name, and paths of its own.
      - With O(state=absent), an empty text means the mock without a name. By default, every mock is removed.
    type: str
"""
