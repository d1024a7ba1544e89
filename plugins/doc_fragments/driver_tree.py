# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the options of a driver installation."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  driver_root:
    description:
      - Directory of the driver installation. It must be managed by this module, empty or missing.
      - By default V(/var/lib/nvidia-mock/driver). With O(state=absent), only what is there is removed, by default everything.
    type: path
  layout:
    description:
      - Directories of libraries and programs.
      - V(lib64) puts them in C(lib64) and C(bin), V(usr/lib64) in C(usr/lib64) and C(usr/bin), V(debian) in
        C(usr/lib/<architecture>-linux-gnu) and C(usr/bin).
    type: str
    choices: [lib64, usr/lib64, debian]
    default: lib64
  content:
    description:
      - V(elf) creates loadable libraries. V(empty) creates files of 0 bytes, like NVIDIA's own test data.
    type: str
    choices: [elf, empty]
    default: elf
"""
