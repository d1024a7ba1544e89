# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the options that choose GPUs of a node."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  host_root:
    description:
      - The directory that is the node's V(/).
    type: path
    default: /
  driver_root:
    description:
      - Root of the driver installation.
    type: path
    default: /var/lib/nvidia-mock/driver
  gpus:
    description:
      - The GPUs, as indices, UUIDs, or PCI bus IDs. All without it.
    type: list
    elements: str
"""
