# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""docs/troubleshooting.md names nothing that no test provokes."""

from __future__ import annotations

import ast
import os

from support import page_lines, pattern


def test_each_line_is_provoked():
    texts = set()
    for name in ("test_before_a_change.py", "test_in_a_cluster.py"):
        with open(os.path.join(os.path.dirname(__file__), name), encoding="utf-8") as file:
            tree = ast.parse(file.read())
        texts |= {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
    lines = page_lines()
    assert len(lines) == len(set(lines)) > 30
    assert [line for line in lines if line not in texts] == []


def test_a_pattern():
    found = pattern("port ... of ... is in use")
    assert found.search("kind_cluster: port 80 (TCP) of 0.0.0.0 is in use: stop it")
    assert not found.search("port of 0.0.0.0 is in use") and not found.search("port 80 of 0.0.0.0 is used")
