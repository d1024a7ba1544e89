# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the options that say where and how (module_utils/module.py, HOST_OPTIONS)."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  host_root:
    description:
      - The directory that is the node's V(/). Paths inside what is written are always those that the node sees.
      - It must exist. A directory makes an embedded node; V(/host) is usual in a pod that mounts the node there.
    type: path
    default: /
  state:
    description:
      - V(present) brings everything to the described state and repairs what differs.
      - V(absent) removes exactly what an earlier run made, and nothing else.
    type: str
    choices: [present, absent]
    default: present
  take_over:
    description:
      - Replace files of others that are where ours should be, instead of failing. They come back with O(state=absent).
    type: bool
    default: false
  allow_real_driver:
    description:
      - Go on although the node seems to have a real NVIDIA driver. Mock device nodes carry the real numbers.
    type: bool
    default: false
"""
