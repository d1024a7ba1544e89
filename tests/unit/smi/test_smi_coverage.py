# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Every option that -h of a recorded branch lists is answered as docs/nvidia-smi-coverage.md says."""

from __future__ import annotations

import platform
from concurrent.futures import ThreadPoolExecutor

import pytest
import smi_coverage as coverage

from ansible_collections.nvmock.gpu.plugins.module_utils import native

pytestmark = pytest.mark.skipif(platform.machine() not in native.ARCHITECTURES, reason="there are no executables")


@pytest.fixture(scope="module")
def mock(tmp_path_factory):
    return coverage.Mock(tmp_path_factory.mktemp("smi"))


@pytest.mark.parametrize("version", coverage.recorded())
def test_help_has_the_names_of_the_branch_in_its_order(mock, version):
    for command, names in coverage.recorded()[version].items():
        assert mock.help(version, command) == names, command


@pytest.mark.parametrize("version", coverage.recorded())
def test_options_do_what_the_page_says(mock, version):
    """Many of them wait until they are ended, so several run at a time."""
    mock.run(version, "-L")  # makes the program
    listed = [row for row in coverage.rows() if row.listed[version]]
    with ThreadPoolExecutor(8) as pool:
        problems = list(pool.map(lambda row: coverage.attempt(mock, version, row), listed))
    assert [problem for problem in problems if problem] == []


def test_the_page_is_up_to_date():
    assert coverage.PAGE.read_text(encoding="utf-8") == coverage.page(), "run tests/unit/smi/smi_coverage.py --write"


def test_each_answer_is_of_a_recorded_option():
    known = {(row.command, row.names.split(" ")[-1]) for row in coverage.rows()}
    commands = {row.command for row in coverage.rows()}
    assert [key for key in coverage.ANSWERS if key not in known and not (key[1] == "" and key[0] in commands)] == []
    assert all(why for answer, why in coverage.ANSWERS.values() if answer != coverage.YES)
