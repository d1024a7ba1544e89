# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Specifications that nvidia-ctk saved are read, found valid, and written again byte by byte."""

from __future__ import annotations

import glob
import os

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.cdi.read import parse
from ansible_collections.nvmock.gpu.plugins.module_utils.cdi.serialize import serialize
from ansible_collections.nvmock.gpu.plugins.module_utils.cdi.spec import canonical
from ansible_collections.nvmock.gpu.plugins.module_utils.cdi.version import minimum_version
from ansible_collections.nvmock.gpu.plugins.module_utils.nvcdi.releases import RELEASES

RECORDED = os.path.join(os.path.dirname(__file__), "..", "..", "recorded", "cdi")
# What GetSpec returned to a program was never saved: it keeps the library's version, or has empty devices.
FILES = [
    path
    for path in sorted(glob.glob(os.path.join(RECORDED, "v*", "*", "*")))
    if path.endswith((".yaml", ".json")) and not any(word in path for word in ("getspec", "seed-call", "cases.json"))
]


@pytest.mark.parametrize("path", FILES, ids=[os.path.relpath(path, RECORDED) for path in FILES])
def test_byte_by_byte(path):
    with open(path, "rb") as file:
        content = file.read()
    version = os.path.relpath(path, RECORDED).split("/")[0][1:]
    release = version if version in RELEASES else version.rpartition(".")[0]
    spec = parse(path, content)
    assert spec["cdiVersion"] == minimum_version(spec)
    assert serialize(canonical(spec), RELEASES[release].sorted_yaml, path.rpartition(".")[2]) == content


def test_the_recorded_specifications_are_found():
    assert len(FILES) > 100


def test_json_has_the_bytes_of_gos_encoder():
    """RULES of the tool: one line, struct order, HTML's characters escaped, no newline at the end."""
    spec = {"cdiVersion": "0.3.0", "kind": "a.b/c", "devices": [{"name": "x", "containerEdits": {"env": ["A=<&>"]}}]}
    assert serialize(spec, False, "json") == (
        b'{"cdiVersion":"0.3.0","kind":"a.b/c","devices":[{"name":"x","containerEdits":{"env":["A=\\u003c\\u0026\\u003e"]}}]}'
    )
