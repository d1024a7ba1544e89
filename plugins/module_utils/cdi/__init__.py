# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""CDI specifications, as the CDI library reads, validates and writes them."""
