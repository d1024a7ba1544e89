# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What there is of a kind cluster: container engine, tools, node containers, and the record that the role kind_cluster keeps of it.

Only info.py asks anybody, through a function that it is given. The other files read what was answered. Nothing is changed.
"""
