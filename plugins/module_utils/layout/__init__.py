# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Layouts: from the facts of a machine to the entries that should exist on its node. Pure: nothing here accesses a node."""
