# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The state of a kind cluster: container engine, tools, node containers, and the record of the role kind_cluster.

Only info.py runs commands, through a function that is passed to it. The other files parse the output. Nothing is changed.
"""
