# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The DRA driver that offers a node's mock GPUs by ResourceClaims.

It uses the parts of the device plugin that read the node and call the API server. Importing them also makes the collection's core
available as ``nvmock_gpu``.
"""

from __future__ import annotations

import device_plugin as _device_plugin  # noqa: F401
