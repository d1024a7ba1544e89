# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The JSON schema of machine definitions and the checks of the core accept the same definitions.

A definition that the core accepts is valid by the schema. One that only the core refuses has a reason that a schema can't express.
"""

from __future__ import annotations

import copy
import json
import os
import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, validators

from ansible_collections.nvmock.gpu.plugins.module_utils.cli.import_command import read_text
from ansible_collections.nvmock.gpu.plugins.module_utils.cli.machines_command import run
from ansible_collections.nvmock.gpu.plugins.module_utils.errors import ParameterError
from ansible_collections.nvmock.gpu.plugins.module_utils.machine import types
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import OPTIONAL, REQUIRED, build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.capture import read_captures
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.facts import definition_from
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.imported import definition_of
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.mig import has_positional_rows
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.schema import schema, schema_text

HERE = os.path.dirname(os.path.abspath(__file__))
CAPTURES = os.path.join(HERE, "captures")
PUBLISHED = os.path.join(HERE, "..", "..", "..", "docs", "machine-definition.schema.json")


def _pattern(_validator, pattern, text, _schema):
    """As ECMA-262, which JSON schema means, has it: $ is only at the end. That of Python is also before a last line feed."""
    if isinstance(text, str) and not re.search(pattern.replace("$", r"\Z"), text):
        yield from [validators.exceptions.ValidationError(f"{text!r} does not match {pattern}")]


# A number with a point is no whole number for the core, whatever its value.
_KINDS = Draft202012Validator.TYPE_CHECKER.redefine(
    "integer", lambda _c, value: isinstance(value, int) and not isinstance(value, bool)
)
VALIDATOR = validators.extend(Draft202012Validator, {"pattern": _pattern}, type_checker=_KINDS)(schema())

# What only the core can tell, by what it says: a difference between values, sums, and the range of a number that is text.
ONLY_THE_CORE = re.compile(
    r"must be (.*given once only|one of X, .* for each of \d+ GPUs|a memory slice divisible by|a whole number from 0 to [0-7]$"
    r"|a mapping of at most \d+ (levels|elements))"
)


def refusal(definition):
    """The message by which the core refuses a definition, or None."""
    try:
        build_machine("x", copy.deepcopy(definition), uuid_seed="s")
    except ParameterError as error:
        return error
    return None


def agree(definition):
    """Whether it is a definition, according to both."""
    error = refusal(definition)
    found = [problem.message for problem in VALIDATOR.iter_errors(definition)]
    if error is None:
        assert not found
        return True
    number_as_text = isinstance(error.value, str) and error.value.isdigit()
    if not found:
        assert number_as_text or ONLY_THE_CORE.search(str(error)), str(error)
    return False


def test_it_is_a_schema_and_published():
    Draft202012Validator.check_schema(schema())
    with open(PUBLISHED, encoding="utf-8") as handle:
        assert handle.read() == schema_text(), (
            "run: bin/gpu-mockctl machines schema > docs/machine-definition.schema.json"
        )
    assert set(schema()["properties"]) == {"base", *REQUIRED, *OPTIONAL}


def test_the_command_prints_it(capsys):
    assert run(["schema"]) == 0
    assert json.loads(capsys.readouterr().out) == schema()


@pytest.mark.parametrize("name", types.every_name())
def test_each_type_is_valid(name):
    assert agree(types.definition(name))
    assert agree({"base": name})
    assert agree(json.loads(json.dumps(definition_from(build_machine(name, uuid_seed="s")))))


@pytest.mark.parametrize("file", [name for name in sorted(os.listdir(CAPTURES)) if name != "README.md"])
@pytest.mark.parametrize("keep_identity", [False, True])
def test_an_imported_capture_is_valid(file, keep_identity):
    path = os.path.join(CAPTURES, file)
    facts, _notes = definition_of(read_captures({path: read_text(path)}), keep_identity)
    assert agree(facts)


def test_profiles_of_an_unknown_board_have_names():
    path = os.path.join(CAPTURES, "nvidia-h200-mig__590.48.01.txt")
    text = read_text(path).replace("0x233510DE", "0x23FF10DE")
    facts, _notes = definition_of(read_captures({path: text}))
    assert {row["name"] for row in facts["mig_profiles"]} == {"1g.18gb", "2g.35gb", "3g.71gb"}
    assert agree(facts) and not has_positional_rows(facts["mig_profiles"])


GOOD = {
    **types.definition("h100-80gb-hbm3"),
    "mig_profiles": types.definition("dgxh100")["mig_profiles"][3:4],
    "cuda_version": "12.4",
    "uuids": ["GPU-4f52e649-e1f8-5823-a42c-74c7e6dd29de"],
    "serials": ["1651381124475"],
    "addressing_mode": "HMM",
    "nvlink_mb_per_s": 26562,
    "nvlink_inactive": False,
    "topology": ["X NV4", "NV4 X"],
    "cpu_affinity": ["0-15,32-47", "8"],
    "numa_nodes": ["0", "N/A"],
    "mig_devices": [
        [
            {
                "profile": "1c.3g.40gb",
                "gpu_instance": 2,
                "compute_instance": 0,
                "memory_mib": 40448,
                "report": {"pdi": "0x1"},
            }
        ]
    ],
    "report": {"persistence_mode": "Enabled", "fb_memory_usage": {"reserved": "479 MiB"}},
    "gpu_reports": [{"pdi": "0x1"}],
}


def places(value, path=()):
    """The paths of all values in a definition."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


# Of lists the first item: the others have the same rules.
PLACES = [path for path in places(GOOD) if path and not any(isinstance(key, int) and key for key in path)]


def changed(path, change):
    """The good definition with the value at a path changed by a function of its container and key."""
    definition = copy.deepcopy(GOOD)
    container = definition
    for key in path[:-1]:
        container = container[key]
    change(container, path[-1])
    return definition


# Values of each kind that is wrong wherever another is right.
BAD = [True, -1, 1.5, 1 << 70, "", "\n", "a\n", " x", "é", "x" * 9000, [], [None], {}, {"x": 1}, {"name": "x"}, None]


def test_it_is_good():
    assert agree(GOOD)


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)))
def test_a_bad_value_in_each_place(path):
    """Most of these values are refused by both; where one is allowed, both allow it."""
    refused = 0
    for bad in BAD:

        def put(container, key, bad=bad):
            container[key] = copy.deepcopy(bad)

        refused += not agree(changed(path, put))
    assert refused > len(BAD) / 2


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)))
def test_without_each_value(path):
    agree(changed(path, lambda container, key: container.pop(key)))


FIXED = [("readings", key) for key in ("power_limits_mw", "clocks_mhz", "max_clocks_mhz", "pcie_link")]


@pytest.mark.parametrize("path", FIXED, ids=lambda path: path[-1])
@pytest.mark.parametrize("change", [lambda values: values.pop(), lambda values: values.append(1)], ids=["less", "more"])
def test_a_list_of_another_length(path, change):
    assert not agree(changed(path, lambda container, key: change(container[key])))


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 70)
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=12)
    | st.text(alphabet="0123456789abcdefABCDEF:.-GPUgb+\n\t '\"", max_size=40)
    | st.sampled_from(
        ["dgxa100", "0000:01:00.0", "0000:1B:00.0", "550.54.15", "8.0", "1g.5gb", "3g.40gb", "7", "007", "64", "65"]
    )
)
_KEYS = st.text(max_size=5) | st.sampled_from(["base", "report", "name", "engines", "ofa", "gpu_count", "a/b"])
_JUNK = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=6) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=8
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(PLACES), _JUNK)
def test_anything_in_any_place(path, value):
    agree(changed(path, lambda container, key: container.__setitem__(key, value)))


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.sampled_from(sorted({"base", *REQUIRED, *OPTIONAL})) | _KEYS, _JUNK, max_size=4), st.booleans()
)
def test_any_mapping(definition, complete):
    agree({**(GOOD if complete else {}), **definition})


@settings(max_examples=60, deadline=None)
@given(st.lists(_JUNK, min_size=5, max_size=8), st.sampled_from(range(7)))
def test_any_profile_of_values_by_position(row, kept):
    good = ["3g.40gb", 4, [0, 4], 40448, 2, 60, [3, 3, 0, 3, 0]]
    agree({"base": "dgxh100", "mig_profiles": [good[:kept] + row[kept:]]})


@settings(max_examples=30, deadline=None)
@given(_JUNK)
def test_anything_instead_of_a_mapping(value):
    assume(not isinstance(value, dict) and value is not None)
    assert not agree(value)
