# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The bytes of a state file."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import HostError
from ansible_collections.nvmock.gpu.plugins.module_utils.layout import state_file
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.state_file import SIZE, State, read_state, writes

NEW = state_file.state_file("libnvidia-mockstate.so.550.1", "x86_64", 8, "the GPUs")
KEYS = st.tuples(st.integers(0, 7), st.integers(0, 2047))
ENTRIES = st.dictionaries(KEYS, st.integers(-(1 << 53), 1 << 53), max_size=20)


def written(data, state):
    data = bytearray(data)
    for offset, piece in writes(state):
        data[offset : offset + len(piece)] = piece
    return bytes(data)


def test_new_file():
    assert len(NEW) == SIZE and NEW[:4] == b"\x7fELF"
    assert read_state(NEW, "x") == State(8, {})


@given(st.lists(st.tuples(ENTRIES, st.integers(0, (1 << 64) - 1)), min_size=1, max_size=4))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_what_is_written_is_read(changes):
    data = NEW
    for number, (entries, boot) in enumerate(changes, 1):
        now = read_state(data, "x")
        data = written(data, State(8, entries, boot, now.generation, now.slot))
        assert read_state(data, "x") == State(8, entries, boot, number, number % 2)
    assert data[: state_file.FIXED] == NEW[: state_file.FIXED]


def test_a_writer_that_is_killed_leaves_the_old_state():
    """After each byte."""
    old = written(NEW, State(8, {(1, 2): 3}))
    now = read_state(old, "x")
    pieces = writes(State(8, {(1, 2): 4, (3, 4): 5}, 0, now.generation, now.slot))
    data = bytearray(old)
    for offset, piece in pieces[:-1]:
        for place, byte in enumerate(piece):
            data[offset + place] = byte
            assert read_state(bytes(data), "x").entries == {(1, 2): 3}
    offset, piece = pieces[-1]
    data[offset : offset + 8] = piece
    assert read_state(bytes(data), "x").entries == {(1, 2): 4, (3, 4): 5}


def test_a_slot_that_is_not_whole_is_at_rest_and_can_be_written():
    data = bytearray(written(NEW, State(8, {(1, 2): 3})))
    data[state_file._slot_at(1) + 30] ^= 1
    now = read_state(bytes(data), "x")
    assert now == State(8, {}, 0, 1, 1)
    assert read_state(written(data, State(8, {(0, 1): 2}, 0, now.generation, now.slot)), "x").entries == {(0, 1): 2}


@pytest.mark.parametrize(
    "data",
    [b"", NEW[:-1], NEW + b"x", NEW[:4096] + b"x" + NEW[4097:], NEW[:4104] + b"\2" + NEW[4105:], bytes(SIZE)],
    ids=["empty", "short", "long", "magic", "version", "zeros"],
)
def test_no_state_file(data):
    with pytest.raises(HostError, match=r"^x: "):
        read_state(data, "x")


def test_too_many_entries():
    keys = [(gpu, number) for gpu in range(8) for number in range(1024)]
    with pytest.raises(HostError, match="4097 values"):
        writes(State(8, dict.fromkeys(keys[:4097], 0)))
