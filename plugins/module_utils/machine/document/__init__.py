# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The document that nvidia-smi prints about a GPU: its elements, the fields of its queries, and their texts on a machine."""
