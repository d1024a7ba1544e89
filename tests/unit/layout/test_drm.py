# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The minors of DRM nodes: the lowest free ones, never one of another device, and stable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils.layout.drm import choose, minor_of

BUSES = [f"0000:{number:02x}:00.0" for number in range(1, 9)]


@pytest.mark.parametrize(
    "name, minor",
    [
        ("card0", 0),
        ("card63", 63),
        ("renderD128", 128),
        ("renderD300", 300),
        ("card", None),
        ("card0-HDMI-A-1", None),
        ("card-1", None),
        ("card²", None),
        ("renderD", None),
        ("controlD64", None),
        ("version", None),
        ("by-path", None),
        ("card123456789", None),
    ],
)
def test_minor_of_a_name(name, minor):
    assert minor_of(name) == minor


@pytest.mark.parametrize(
    "taken, chosen",
    [
        (set(), ((0, 128), (1, 129))),
        ({0, 128}, ((1, 129), (2, 130))),
        # A card without a render node, such as simpledrm's.
        ({0}, ((1, 128), (2, 129))),
        ({1, 129}, ((0, 128), (2, 130))),
        (set(range(64)), ((192, 128), (193, 129))),
        ({*range(64), *range(128, 193)}, ((193, 194), (195, 196))),
    ],
)
def test_the_lowest_free_ones(taken, chosen):
    assert choose(BUSES[:2], {}, taken) == chosen


def test_what_a_gpu_has_it_keeps():
    kept = {BUSES[0]: (5, 133), BUSES[1]: (None, 128)}
    assert choose(BUSES[:3], kept, set()) == ((5, 133), (0, 128), (1, 129))


@pytest.mark.parametrize(
    "kept, taken",
    [
        ({BUSES[0]: (0, 128)}, {0, 128}),  # another device has got the numbers
        ({BUSES[0]: (1, 129), BUSES[1]: (1, 129)}, {0, 128}),  # one number for two
        ({BUSES[0]: (70, 5)}, {0, 128}),  # numbers of other kinds
    ],
)
def test_what_it_can_not_keep(kept, taken):
    assert choose(BUSES[:2], kept, taken) == ((1, 129), (2, 130))


_minors = st.sets(st.integers(0, 10) | st.integers(128, 138) | st.integers(192, 200))


@given(
    st.lists(st.sampled_from(BUSES), unique=True, max_size=8),
    st.dictionaries(
        st.sampled_from(BUSES), st.tuples(st.none() | st.integers(0, 10), st.none() | st.integers(128, 138))
    ),
    _minors,
)
def test_properties(bus_ids, kept, taken):
    chosen = choose(bus_ids, kept, taken)
    minors = [minor for pair in chosen for minor in pair]
    assert len(chosen) == len(bus_ids) and len(set(minors)) == len(minors)
    assert taken.isdisjoint(minors)
    assert choose(bus_ids, dict(zip(bus_ids, chosen)), taken) == chosen
    # Whatever else appears later, the others keep theirs.
    if chosen:
        later = choose(bus_ids, dict(zip(bus_ids, chosen)), taken | {chosen[0][0]})
        assert later[1:] == chosen[1:] and later[0][1] == chosen[0][1] and later[0][0] != chosen[0][0]
