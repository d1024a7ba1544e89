# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The device plugin that offers a node's mock GPUs to the kubelet.

It reads the machine file that a run of nvmock.gpu has written to the node, with the collection's core. The core is a package of
relative imports. Outside of Ansible it has its own name, like in bin/gpu-mockctl.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType

if "nvmock_gpu" not in sys.modules:
    _core = ModuleType("nvmock_gpu")
    _core.__path__ = [
        os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "plugins", "module_utils")
    ]
    sys.modules["nvmock_gpu"] = _core
