# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Whatever the file of --machine-file says, there is a machine or one line, soon."""

from __future__ import annotations

import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from test_command_line import refused, run

from ansible_collections.nvmock.gpu.plugins.module_utils.cli.machine_flags import read_definition
from ansible_collections.nvmock.gpu.plugins.module_utils.errors import ParameterError
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine

ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10)
)
HEX = "gpu_count: 0x" + "f" * 6000
BAD = {
    "brackets.json": ("[" * 100_000, "JSON that is nested less deep"),
    "maps.json": ('{"a":' * 100_000, "JSON that is nested less deep"),
    "brackets.yaml": ("[" * 20_000, "YAML that is nested less deep"),
    "deep.yaml": ("base: " + "[" * 50 + "]" * 50, "nested at most 10 deep"),
    "month.yaml": ("gpu_count: 2001-99-99", "YAML (month must be in 1..12"),
    "aliases.yaml": (ALIASES, "at most 10000 values (aliases count as copies)"),
    "itself.yaml": ("base: &a [*a]", "nested at most 10 deep"),
    "unhashable.yaml": ("? [a, b]\n: c", "YAML (while constructing a mapping"),
    "hex.yaml": (HEX, "made of numbers below 2^64"),
    "digits.json": ('{"gpu_count": ' + "9" * 5000 + "}", "JSON ("),
    "nul.yaml": ("a: \0", "YAML ("),
    "large.yaml": ("#" * (1 << 20) + "\n", "a file of at most 1048576 characters"),
    "text.yaml": ("just text", "a mapping of facts"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_line(tmp_path, name):
    content, reason = BAD[name]
    path = tmp_path / name
    path.write_text(content)
    start = time.monotonic()
    with pytest.raises(ParameterError) as caught:
        read_definition(str(path))
    assert reason in str(caught.value) and str(caught.value).isprintable()
    assert time.monotonic() - start < 10


def test_the_command_refuses_it_in_one_line_and_changes_nothing(tmp_path):
    path = tmp_path / "machine.yaml"
    path.write_text(ALIASES)
    node = tmp_path / "node"
    node.mkdir()
    assert "machine-file" in refused(run("--host-root", str(node), "--machine-file", str(path)))
    assert list(node.iterdir()) == []


def test_no_file_is_read_without_an_end():
    with pytest.raises(ParameterError, match="at most 1048576 characters"):
        read_definition("/dev/zero")


DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.dates() | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.integers(), inner, max_size=4),
)
FACTS = st.dictionaries(
    st.sampled_from(["base", "product_name", "gpu_count", "uuids", "readings", "mig_profiles", "cuda_version"]), DATA
)


@settings(max_examples=200, deadline=None)
@given(DATA | FACTS | FACTS.map(lambda facts: {**facts, "base": "dgxa100"}))
def test_any_yaml_is_a_machine_or_a_line(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "machine.yaml"
    path.write_text(yaml.safe_dump(data))
    try:
        build_machine("mine", definition=read_definition(str(path)))
    except ParameterError as error:
        assert "\n" not in str(error)
