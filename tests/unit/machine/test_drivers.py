# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What follows from the driver version: the CUDA version in NVML, labels and nvidia-smi, and the build date in /proc."""

from __future__ import annotations

import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils.host.root import HostRoot
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.procfs import version_text
from ansible_collections.nvmock.gpu.plugins.module_utils.machine import drivers, types
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.node.cautions import cautions

OWN = {
    "product_name": "NVIDIA L4",
    "driver_version": "535.104.05",
    "memory_mib": 23034,
    "compute_capability": "8.9",
    "architecture": "Ada Lovelace",
}
# Pairs in published outputs of nvidia-smi.
CAPTURED = {
    "470.256.02": (11, 4),
    "515.105.01": (11, 7),
    "535.54.03": (12, 2),
    "550.54.15": (12, 4),
    "560.28.03": (12, 6),
    "570.148.08": (12, 8),
    "580.105.08": (13, 0),
    "580.173.02": (13, 0),
    "590.48.01": (13, 1),
    "595.80": (13, 2),
    "595.91.07": (13, 2),
    "610.57.04": (13, 3),
}
DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d UTC 20\d\d")


@pytest.mark.parametrize("version", CAPTURED)
@pytest.mark.parametrize("name", types.names())
def test_the_cuda_version_follows_the_driver_version(name, version):
    assert build_machine(name, driver_version=version).cuda_version == CAPTURED[version]
    assert build_machine("x", {"base": name, "driver_version": version}).cuda_version == CAPTURED[version]


def test_a_definition_can_name_another_cuda_version_for_its_own_driver():
    definition = {**OWN, "cuda_version": "12.9"}
    assert build_machine("x", definition).cuda_version == (12, 9)
    assert build_machine("x", definition, driver_version="535.999").cuda_version == (12, 9)
    assert build_machine("x", definition, driver_version="580.65.06").cuda_version == (13, 0)


@given(st.integers(1, 9999))
def test_the_nearest_branch_stands_for_an_unknown_one(branch):
    known = [row[0] for row in drivers._BRANCHES]
    nearest = drivers.nearest_branch(f"{branch}.1")
    if nearest is None:
        assert branch in known
        return
    assert branch not in known and abs(nearest - branch) == min(abs(one - branch) for one in known)
    assert drivers.cuda_version(f"{branch}.1") == drivers.cuda_version(f"{nearest}.99.99")


def test_newer_branches_have_newer_cuda_versions():
    rows = drivers._BRANCHES
    assert [row[0] for row in rows] == sorted({row[0] for row in rows})
    assert [row[1] for row in rows] == sorted({row[1] for row in rows})
    assert (rows[0][0], rows[-1][0]) == (470, 615)


@pytest.mark.parametrize(
    ("version", "nearest"), [("999.88.77", 615), ("430.14", 470), ("600.1", 595), ("585.1", 580), ("550.54.15", None)]
)
def test_an_unknown_branch_is_told(tmp_path, version, nearest):
    machine = build_machine(driver_version=version)
    with HostRoot(str(tmp_path)) as root:
        told = cautions(root, machine)
    cuda = "%d.%d" % machine.cuda_version
    assert [f"branch {nearest}, such as CUDA {cuda}" in line and version in line for line in told] == [True] * (
        nearest is not None
    )


@pytest.mark.parametrize("row", drivers._BRANCHES, ids=lambda row: str(row[0]))
def test_the_build_date_follows(row):
    date = drivers.build_date(f"{row[0]}.1")
    assert DATE.fullmatch(date) and date == (row[2] or date)
    text = version_text(build_machine(driver_version=f"{row[0]}.1"), "x86_64").decode()
    assert text.startswith(f"NVRM version: NVIDIA UNIX x86_64 Kernel Module  {row[0]}.1  {date}\n")


def test_the_documentation_has_the_table():
    path = os.path.join(os.path.dirname(__file__), "..", "..", "..", "docs", "machine-types.md")
    with open(path, encoding="utf-8") as handle:
        text = handle.read()
    rows = "".join(f"| {branch} | {cuda[0]}.{cuda[1]} |\n" for branch, cuda, _date in drivers._BRANCHES)
    assert f"| driver branch | CUDA |\n|---|---|\n{rows}" in text
