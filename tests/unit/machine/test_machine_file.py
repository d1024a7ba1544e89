# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Whatever a machine file says, reading it gives a machine, or one line that names the file and the field."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import HostError
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.file import machine_file_text, read_machine_file

GOOD = machine_file_text(build_machine("dgxa100", gpu_count=2, mig_layout={0: ["3g.20gb", "1g.5gb+me"]}, uuid_seed="n"))
DIGITS = "9" * 5000
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**300, 10**301)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["", "../../etc", "GPU-", "\0", "\ud800", "x\ny", "1g.5gb", "0000:00:00.0"])
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)


def read_or_refuse(data):
    """Read *data*; the message if it is refused, after a check of its form."""
    try:
        machine = read_machine_file(data, "/x/machine.json")
    except HostError as error:
        assert str(error).startswith("/x/machine.json: not a machine file (")
        assert str(error).isprintable() and len(str(error)) < 1000
        return str(error)
    # What can be read can be written, and used in paths, names and labels.
    assert read_machine_file(machine_file_text(machine)) == machine
    for gpu in machine.gpus:
        for text in (gpu.uuid, gpu.pci_bus_id, *(mig.uuid + mig.profile for mig in gpu.mig_devices)):
            assert "/" not in text and text.isascii()
    return None


@pytest.mark.parametrize(
    "data, reason",
    [
        (b"[" * 100_000, "nested too deep"),
        (b'{"gpus":' * 100_000, "nested too deep"),
        (b'{"gpus": ' + b"[" * 900 + b"]" * 900 + b"}", ""),
        (b"\0" * 1000, ""),
        (b"\xff\xfe", ""),
        ("{}".encode("utf-16"), "can't decode byte"),
        (b"{" + b" " * (1 << 20) + b"}", "larger than 1048576 bytes"),
        (b"NaN", "the file: nan is not allowed: must be a mapping"),
        (b'{"a": ' + DIGITS.encode() + b"}", ""),
    ],
    ids=["brackets", "maps", "deep-list", "nul", "no-text", "utf-16", "large", "nan", "digits"],
)
def test_no_machine_file(data, reason):
    assert reason in read_or_refuse(data)


@pytest.mark.parametrize(
    "path, value, reason",
    [
        (["driver_version"], ["550"], "driver_version: ['550'] is not allowed: must be printable ASCII text"),
        (["driver_version"], "550\0.54", "driver_version"),
        (["driver_version"], "x" * 1000, "driver_version"),
        (["cuda_version"], [12], "cuda_version: [12] is not allowed: must be a list of 2"),
        (["cuda_version", 0], 10**4000, "cuda_version[0]"),
        (["gpus"], {}, "gpus: {} is not allowed: must be a list"),
        (["gpus", 1], 7, "gpus[1]: 7 is not allowed: must be a mapping of the fields of a Gpu"),
        (["gpus", 1, "uuid"], ["GPU-x"], "gpus[1].uuid: ['GPU-x'] is not allowed"),
        (["gpus", 1, "uuid"], "../../../etc/shadow", "gpus[1].uuid"),
        (["gpus", 1, "minor"], -1, "gpus[1].minor: -1 is not allowed: must be a whole number"),
        (["gpus", 1, "minor"], 1.5, "gpus[1].minor"),
        (["gpus", 1, "minor"], True, "gpus[1].minor"),
        (["gpus", 1, "index"], 0, "gpus[1].index: 0 is not allowed: must be 1, as in the list"),
        (["gpus", 1, "pci_bus_id"], "/../..", "gpus[1].pci_bus_id"),
        (["gpus", 1, "mig_enabled"], "yes", "gpus[1].mig_enabled: 'yes' is not allowed: must be true or false"),
        (["gpus", 0, "mig_devices", 0, "profile"], "../x", "gpus[0].mig_devices[0].profile"),
        (["gpus", 0, "mig_devices", 0, "uuid"], "MIG-1", "gpus[0].mig_devices[0].uuid"),
        (["model", "compute_capability"], None, "model.compute_capability"),
        (["model", "readings"], [], "model.readings: [] is not allowed"),
        (["model", "mig_profiles", 0, "engines"], [1], "must be a list of 5"),
        (["model", "unknown"], 1, "model: 'unknown' is not allowed: must be made of the fields"),
    ],
)
def test_a_field_of_another_shape(path, value, reason):
    facts = json.loads(GOOD)
    place = facts
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert reason in read_or_refuse(json.dumps(facts).encode())


def test_a_uuid_twice_and_too_many_gpus():
    facts = json.loads(GOOD)
    facts["gpus"][1]["uuid"] = facts["gpus"][0]["uuid"]
    assert "given once only" in read_or_refuse(json.dumps(facts).encode())
    facts["gpus"] *= 33
    assert "gpus: 66 is not allowed: must be a list of at most 64" in read_or_refuse(json.dumps(facts).encode())


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_any_json(data):
    assert read_or_refuse(json.dumps(data).encode())


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(data):
    assert read_or_refuse(data)


def places(facts, here=()):
    """The paths of all values in *facts*."""
    yield here
    items = facts.items() if isinstance(facts, dict) else enumerate(facts) if isinstance(facts, list) else ()
    for key, value in items:
        yield from places(value, (*here, key))


PLACES = [place for place in places(json.loads(GOOD)) if place]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), JSON | st.just("delete")), min_size=1, max_size=3))
def test_any_value_in_the_place_of_another(edits):
    facts = json.loads(GOOD)
    for path, value in edits:
        place = facts
        try:
            for key in path[:-1]:
                place = place[key]
            if value == "delete":
                del place[path[-1]]
            else:
                place[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue  # another edit has replaced the way to it
    read_or_refuse(json.dumps(facts).encode())


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=3), st.integers(0, 20))
def test_any_bytes_in_the_place_of_others(start, new, length):
    read_or_refuse(GOOD[:start] + new + GOOD[start + length :])
