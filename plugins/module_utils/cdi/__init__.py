# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""CDI specifications: made as nvidia-container-toolkit makes them, and checked as the CDI library checks them."""
