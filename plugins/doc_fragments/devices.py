# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the options of device nodes and procfs."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  dev_roots:
    description:
      - More directories whose C(dev) gets device nodes. V(/) means the node's own C(/dev).
    type: list
    elements: path
    default: ["/", "/var/lib/nvidia-mock/driver"]
  dri:
    description:
      - Whether to create C(dri/cardN), C(dri/renderDN) and their links in C(dri/by-path).
      - If the node has another graphics card, the GPUs get the next free numbers, and keep them in later runs.
    type: bool
    default: false
  uvm_major:
    description:
      - Major number of C(nvidia-uvm), V(1) to V(511). The kernel assigns it when a module is loaded. A number that another
        driver uses is refused.
    type: int
    default: 235
  caps_major:
    description:
      - Major number of C(nvidia-caps), V(1) to V(511). A number that another driver uses is refused.
    type: int
    default: 236
  device_mode:
    description:
      - Permissions of the device nodes, as octal text. The umask has no effect.
    type: raw
    default: "0666"
  device_uid:
    description:
      - Numeric owner of everything that is created, from 0 to 4294967294. By default root, or the user that the module runs as.
      - The files of O(restore_at_boot) always belong to the latter, because root executes what is in them.
    type: int
  device_gid:
    description:
      - Numeric group of everything that is created, from 0 to 4294967294. By default root, or the group that the module
        runs as.
    type: int
  device_files:
    description:
      - V(char) creates character devices. This needs root with CAP_MKNOD.
      - V(regular) creates empty regular files instead. No container runtime can inject them.
      - V(auto) creates character devices if that is permitted, otherwise regular files.
    type: str
    choices: [char, regular, auto]
    default: char
  restore_at_boot:
    description:
      - Whether systemd restores at boot the files that are on a tmpfs. This needs a file in C(/etc/tmpfiles.d), and a unit for
        files outside of C(/dev).
      - V(auto) writes them if systemd runs on the node.
    type: str
    choices: [auto, always, never]
    default: auto
"""
