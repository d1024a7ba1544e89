# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What belongs together on a mock GPU node, and where it is unless somebody wants it elsewhere."""

from __future__ import annotations

DEFAULT_BASE = "/run/nvidia/driver"
DEFAULT_DRIVER_ROOT = "/var/lib/nvidia-mock/driver"
DEFAULT_SPEC_PATH = "/etc/cdi/nvidia.yaml"
DEFAULT_TOOLKIT_ROOT = "/usr/local/nvidia-container-toolkit"
