# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The messages of api.proto, built at start-up from its compiled form, api.binpb.

Python code that protoc generates only works with one version of the protobuf package. The compiled form and these calls, which
generated code also makes, work with protobuf 3.20 (Debian 12 has 3.21) and later.
"""

from __future__ import annotations

import os

from google.protobuf import descriptor_pool
from google.protobuf.internal import builder

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "api.binpb"), "rb") as _file:
    DESCRIPTOR = descriptor_pool.Default().AddSerializedFile(_file.read())

builder.BuildMessageAndEnumDescriptors(DESCRIPTOR, globals())
builder.BuildTopDescriptorsAndMessages(DESCRIPTOR, __name__, globals())
