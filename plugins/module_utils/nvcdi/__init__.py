# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The CDI specification of a machine as nvidia-container-toolkit makes it (pkg/nvcdi, cmd/nvidia-ctk/cdi)."""
