# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The validator: what a CDI library takes, and what it says about the rest."""

from __future__ import annotations

import copy
import json

import pytest
from bad_specs import ALLOWED, BAD, GOOD
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils.cdi.read import load, parse
from ansible_collections.nvmock.gpu.plugins.module_utils.cdi.serialize import serialize
from ansible_collections.nvmock.gpu.plugins.module_utils.cdi.spec import canonical
from ansible_collections.nvmock.gpu.plugins.module_utils.cdi.validate import problems
from ansible_collections.nvmock.gpu.plugins.module_utils.cdi.version import VERSIONS, minimum_version
from ansible_collections.nvmock.gpu.plugins.module_utils.errors import SpecError

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_.:-]{0,10}[A-Za-z0-9]\Z")
PATHS = st.from_regex(r"\A(/[a-zA-Z0-9._-]{1,8}){1,3}\Z")
TEXT = st.text(st.characters(blacklist_categories=("Cs",)), max_size=12)
NODES = st.fixed_dictionaries(
    {"path": PATHS},
    optional={
        "hostPath": PATHS,
        "type": st.sampled_from("bcup"),
        "major": st.integers(1, 511),
        "minor": st.integers(1, 1 << 20),
        "fileMode": st.integers(0, 0o777),
        "permissions": st.sampled_from(["r", "rw", "rwm"]),
        "gid": st.integers(0, 65535),
    },
)
MOUNTS = st.fixed_dictionaries(
    {"hostPath": PATHS, "containerPath": PATHS},
    optional={"options": st.lists(TEXT, min_size=1, max_size=3), "type": TEXT},
)
HOOKS = st.fixed_dictionaries(
    {"hookName": st.sampled_from(["createContainer", "prestart", "poststop"]), "path": PATHS},
    optional={"args": st.lists(TEXT, min_size=1, max_size=3), "timeout": st.integers(0, 9)},
)
EDITS = st.fixed_dictionaries(
    {"env": st.lists(TEXT.map(lambda text: "NAME=" + text), min_size=1, max_size=2)},
    optional={
        "deviceNodes": st.lists(NODES, min_size=1, max_size=2),
        "mounts": st.lists(MOUNTS, min_size=1, max_size=2),
        "hooks": st.lists(HOOKS, min_size=1, max_size=2),
        "additionalGids": st.lists(st.integers(1, 1 << 31), min_size=1, max_size=2),
    },
)
DEVICES = st.lists(
    st.fixed_dictionaries({"name": NAMES, "containerEdits": EDITS}),
    min_size=1,
    max_size=3,
    unique_by=lambda device: device["name"],
)


@st.composite
def specs(draw):
    spec = {"cdiVersion": "", "kind": "nvidia.com/gpu", "devices": draw(DEVICES), "containerEdits": draw(EDITS)}
    spec["cdiVersion"] = minimum_version(spec)
    return spec


def test_the_good_one_is_good():
    assert problems(GOOD) == []


@pytest.mark.parametrize(("spec", "said"), BAD, ids=[said[:60] for _spec, said in BAD])
def test_a_bad_specification_gives_one_line(spec, said):
    (found,) = problems(spec)
    assert said in found
    assert "\n" not in found


@pytest.mark.parametrize("spec", ALLOWED)
def test_a_valid_specification_has_no_problems(spec):
    assert problems(spec) == []


@given(ANYTHING)
@settings(deadline=None)
def test_nothing_ends_in_a_traceback(data):
    assert problems(data)


@given(st.sampled_from(sorted(GOOD)), ANYTHING)
@settings(deadline=None)
def test_no_field_ends_in_a_traceback(field, data):
    for line in problems({**GOOD, field: data}):
        assert "\n" not in line


@given(specs())
@settings(deadline=None)
def test_allowed_parts_are_valid_from_their_minimum_version_on(spec):
    least = VERSIONS.index(spec["cdiVersion"])
    for index, version in enumerate(VERSIONS):
        assert (problems({**spec, "cdiVersion": version}) == []) == (index >= least)


@given(specs(), st.booleans(), st.sampled_from(["yaml", "json"]))
@settings(deadline=None)
def test_what_is_written_is_read_as_it_was(spec, sorted_keys, form):
    spec = canonical(spec)
    assert parse("x", serialize(spec, sorted_keys, form)) == spec


@given(st.binary(max_size=60))
@settings(deadline=None)
def test_no_file_ends_in_a_traceback(content):
    try:
        load("/etc/cdi/x.yaml", content)
    except SpecError as error:
        assert str(error).startswith("/etc/cdi/x.yaml: ")
        assert "\n" not in str(error)


@pytest.mark.parametrize("content", [b'{"kind": "a/b", "kind": "c/d"}', b"kind: a/b\nkind: c/d\n"])
def test_a_key_that_is_there_twice(content):
    with pytest.raises(SpecError, match="key 'kind' is there twice"):
        parse("x.yaml", content)


def test_the_message_says_how_many_more():
    spec = copy.deepcopy(GOOD)
    spec["containerEdits"]["env"] = ["a", "b", "c"]
    with pytest.raises(SpecError, match=r"and 2 more"):
        parse("x.json", json.dumps(spec).encode())


def test_devices_that_share_edits_are_checked_and_written_like_those_that_do_not():
    good = {"env": ["A=1"], "hooks": [{"hookName": "prestart", "path": "/hook", "args": ["hook", "two\nlines"]}]}
    for edits, count in ((good, 0), ({"env": ["A"]}, 2), ({"env": [1]}, 2)):
        devices = [{"name": name, "containerEdits": edits} for name in ("a1", "b2")]
        shared = {"cdiVersion": "0.6.0", "kind": "a.b/cc", "devices": devices, "containerEdits": edits}
        apart = json.loads(json.dumps(shared))
        assert problems(shared) == problems(apart)
        assert sum(problem.startswith("devices[") for problem in problems(shared)) == count
        for is_sorted in (False, True):
            assert serialize(shared, is_sorted) == serialize(apart, is_sorted)
