# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Machines: their facts, how parameters define them, and how they are written for other programs."""
