# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Which node image a kind cluster is made from: plugins/plugin_utils/node_image.py, and the filter that is its door."""

from __future__ import annotations

import ast
import pathlib

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.filter import kind_node_image as door
from ansible_collections.nvmock.gpu.plugins.plugin_utils import node_image

ROOT = pathlib.Path(__file__).parents[3]
NUMBER = st.integers(0, 10**6)
RELEASE = st.tuples(NUMBER, NUMBER, NUMBER)
NEWEST = "kindest/node:v1.37.0@sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5"


@given(RELEASE, st.sampled_from(["", "v"]), st.sampled_from(["", "-alpha.1", "+k3s1", "-python-0123abcd", "_x"]))
def test_a_release_is_read_as_it_was_written(version, prefix, suffix):
    assert node_image.release(prefix + node_image.written(version) + suffix) == version


# Names that are nearly right: parts that engines print, put together by chance.
PARTS = [
    "",
    "kindest/node",
    "x/kindest/node",
    "here:5000/kindest/node",
    "node",
    ":",
    "@",
    "v",
    "1.37.2",
    "1.30.9",
    "<none>",
    "-x",
]
PARTS += [digest for _kind, _tag, digest in node_image.DEFAULTS[-2:]]
NAME = st.one_of(st.text(), st.lists(st.sampled_from(PARTS), max_size=6).map("".join))


@given(NAME, st.booleans(), st.lists(NAME))
def test_whatever_is_given_the_choice_is_one_that_was_offered(kind, obtainable, here):
    choice = node_image.choose(kind, obtainable=obtainable, here=here)
    if obtainable or choice["lacks"]:
        assert choice["image"] == choice["wanted"] == node_image.default(kind)[0]
    else:
        repository, tag, _digest = node_image.split(choice["image"])
        assert repository in {node_image.split(name)[0] for name in here} and repository.endswith("kindest/node")
        assert node_image.release(tag) >= node_image.OLDEST_KUBERNETES
    assert not (obtainable and choice["lacks"])


@pytest.mark.parametrize(
    "text", ["", "latest", "1.37", "v1", "1.37.2.1", "v1.37.x", "1.37.2\nrm", "\u0661.37.2", "vv1.2.3"]
)
def test_what_is_no_release(text):
    assert node_image.release(text) is None


@given(RELEASE, RELEASE)
def test_releases_are_compared_as_numbers(one, other):
    tags = [f"kindest/node:v{node_image.written(version)}@<none>" for version in (one, other)]
    fit = node_image.candidates(tags)
    assert [node_image.kubernetes(name) for name in fit] == sorted(
        {version for version in (one, other) if version >= node_image.OLDEST_KUBERNETES}, reverse=True
    )


@pytest.mark.parametrize(
    "name, parts",
    [
        ("kindest/node", ("kindest/node", "", "")),
        ("kindest/node:v1.37.2@<none>", ("kindest/node", "v1.37.2", "")),
        ("kindest/node:<none>@sha256:ab", ("kindest/node", "", "sha256:ab")),
        ("here:5000/kindest/node", ("here:5000/kindest/node", "", "")),
        ("here:5000/kindest/node:v1.37.2@sha256:ab", ("here:5000/kindest/node", "v1.37.2", "sha256:ab")),
    ],
)
def test_the_parts_of_a_name(name, parts):
    assert node_image.split(name) == parts


def test_the_table_goes_up_and_each_of_it_is_new_enough():
    kinds = [kind for kind, _tag, _digest in node_image.DEFAULTS]
    tags = [node_image.release(tag) for _kind, tag, _digest in node_image.DEFAULTS]
    digests = [digest for _kind, _tag, digest in node_image.DEFAULTS]
    assert kinds == sorted(kinds) and tags == sorted(tags) and len(set(digests)) == len(digests)
    assert min(tags) >= node_image.OLDEST_KUBERNETES
    assert all(len(digest) == 71 and int(digest[7:], 16) for digest in digests)
    assert {(0, minor, 0) for minor in range(27, 34)} <= set(kinds)


@pytest.mark.parametrize(
    "kind, tag, why",
    [
        ("0.27.0", "v1.32.2", "the default of kind 0.27.0"),
        ("v0.31.0", "v1.35.0", "the default of kind 0.31.0"),
        ("0.31.7", "v1.35.0", "the default of kind 0.31.0"),
        ("0.33.0", "v1.37.0", "the default of kind 0.33.0"),
        ("0.34.0", "v1.37.0", "the default of kind 0.33.0, the newest known release"),
        ("1.0.0", "v1.37.0", "the default of kind 0.33.0, the newest known release"),
        ("", "v1.37.0", "the default of kind 0.33.0, the newest known release"),
        ("main", "v1.37.0", "the default of kind 0.33.0, the newest known release"),
        ("0.20.0", "v1.31.0", "the default of kind 0.24.0, because that of kind 0.20.0 is too old"),
    ],
)
def test_a_kind_has_its_own_default(kind, tag, why):
    choice = node_image.choose(kind, obtainable=True)
    assert choice["image"].startswith(f"kindest/node:{tag}@sha256:")
    assert (choice["why"], choice["kubernetes"], choice["lacks"]) == (why, tag[1:], "")
    assert choice["wanted"] == choice["image"]


HERE = ["debian:12@<none>", "kindest/node:v1.33.9@<none>", "kindest/node:v1.37.2@<none>", "kindest/node:v1.25.3@<none>"]


def test_a_named_image_is_never_replaced():
    choice = node_image.choose("0.33.0", "mine/node:1", True, HERE)
    assert choice == {
        "image": "mine/node:1",
        "why": "as configured",
        "kubernetes": "",
        "wanted": "mine/node:1",
        "lacks": "",
    }
    choice = node_image.choose("0.33.0", "kindest/node:v1.25.3", False, HERE)
    assert (choice["image"], choice["kubernetes"]) == ("kindest/node:v1.25.3", "1.25.3")
    assert choice["lacks"] == "kindest/node:v1.25.3 is not available locally and can't be pulled"


def test_the_default_comes_before_a_newer_one_that_is_here():
    assert node_image.choose("0.31.0", obtainable=True, here=HERE)["kubernetes"] == "1.35.0"


def test_without_the_default_the_newest_that_is_here_is_taken():
    choice = node_image.choose("0.33.0", here=HERE)
    assert choice["image"] == "kindest/node:v1.37.2" and choice["lacks"] == "" and choice["wanted"] == NEWEST
    assert choice["why"] == (
        "the newest local image, because kindest/node:v1.37.0, the default of kind 0.33.0, is not available locally and can't be pulled"
    )


@pytest.mark.parametrize(
    "here",
    [
        [],
        ["kindest/node:v1.30.13@<none>"],
        ["nvmock/kind-node:v1.37.2-python-0123456789ab@<none>"],
        ["kindest/node:latest@sha256:" + "0" * 64],
        ["kindest/node:<none>@sha256:" + "0" * 64],
        ["notkindest/node:v1.37.2@<none>", "kindest/node-arm64:v1.37.2@<none>"],
    ],
)
def test_the_reason_is_given_if_no_image_can_be_used(here):
    choice = node_image.choose("0.33.0", here=here)
    assert choice["image"] == NEWEST
    assert choice["lacks"] == (
        "kindest/node:v1.37.0, the default of kind 0.33.0, is not available locally and can't be pulled,"
        " and there is no local kindest/node with Kubernetes 1.31 or later"
    )


def test_an_image_without_a_tag_counts_by_a_digest_that_is_known():
    digest = node_image.DEFAULTS[-2][2]
    assert (
        node_image.choose("0.33.0", here=["kindest/node:<none>@" + digest])["image"] == f"kindest/node:v1.36.1@{digest}"
    )


def test_among_equals_the_plain_tag_and_usual_repository_come_first():
    here = ["localhost/kindest/node:v1.36.0@<none>", "kindest/node:v1.36.0-mine@<none>", "kindest/node:v1.36.0@<none>"]
    assert node_image.candidates(here) == ["kindest/node:v1.36.0", here[0][:-7], here[1][:-7]]


def test_what_the_filter_does_not_take():
    for words, given_ in {
        "the input is 'kindest/node:v1.37.2'": {"here": "kindest/node:v1.37.2"},
        "the input is [1]": {"here": [1]},
        "kind is None": {"here": [], "kind": None},
        "named is 3": {"here": [], "named": 3},
        "obtainable is 'yes'": {"here": [], "obtainable": "yes"},
    }.items():
        with pytest.raises(AnsibleFilterError) as caught:
            door.kind_node_image(**given_)
        assert words in str(caught.value) and "must be" in str(caught.value) and "\n" not in str(caught.value)


def test_what_the_filter_returns_is_documented():
    returned = yaml.safe_load(door.RETURN)["_value"]["contains"]
    assert set(door.FilterModule().filters()["kind_node_image"]([])) == set(returned)
    assert set(yaml.safe_load(door.DOCUMENTATION)["options"]) == {"_input", "kind", "named", "obtainable"}


def test_the_playbooks_ask_for_the_same_kubernetes():
    text = (ROOT / "playbooks/tasks/kind_nodes.yml").read_text()
    assert f"'{node_image.written(node_image.OLDEST_KUBERNETES)}' if gpu_mock_device_plugin" in text


def test_the_choice_is_pure():
    """Python's own tools for text only: it asks nobody, and needs neither Ansible nor the core."""
    tree = ast.parse(pathlib.Path(node_image.__file__).read_text())
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert modules == {"__future__", "collections.abc", "re"}
