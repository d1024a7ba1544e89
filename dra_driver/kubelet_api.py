# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The messages of kubelet_api.proto, built at start-up from its compiled form, kubelet_api.binpb (see device_plugin/api.py)."""

from __future__ import annotations

import os

from google.protobuf import descriptor_pool
from google.protobuf.internal import builder

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "kubelet_api.binpb"), "rb") as _file:
    DESCRIPTOR = descriptor_pool.Default().AddSerializedFile(_file.read())

builder.BuildMessageAndEnumDescriptors(DESCRIPTOR, globals())
builder.BuildTopDescriptorsAndMessages(DESCRIPTOR, __name__, globals())
