# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the options that all modules for a node share (module_utils/module.py, HOST_OPTIONS)."""

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
      - V(absent) removes exactly what an earlier run created, and nothing more.
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
      - Whether to continue if the node seems to have a real NVIDIA driver. Mock device nodes have the same numbers as real ones.
      - A real NVIDIA GPU whose driver is not loaded, a Jetson and WSL are only warned about.
    type: bool
    default: false
"""
