# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What a machine is: its facts, how they are made of what people write, and how they are told to others."""
