# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The rules by which GPU instances and compute instances are made and destroyed."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils.layout import state_mig
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.nvml_facts import profile_ids
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.mig import place
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.mig_instances import (
    IN_USE,
    INSUFFICIENT_RESOURCES,
    INVALID_ARGUMENT,
    NOT_SUPPORTED,
    Layout,
    MigError,
    changed_gpu,
    definitions,
)

MACHINES = {name: build_machine(name, gpu_count=1, uuid_seed="s") for name in ("dgxa100", "dgxh100", "dgxb200", "a30")}
HEADER = "native/state_mig.h"


def layout(name="dgxa100", enabled=True):
    return Layout(MACHINES[name].model.mig_profiles, enabled)


def number(name, machine="dgxa100"):
    return [profile.name for profile in MACHINES[machine].model.mig_profiles].index(name)


def refused(code, call, *arguments):
    with pytest.raises(MigError) as raised:
        call(*arguments)
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (["3g.20gb", "3g.20gb"], [2, 1]),
        (["1g.5gb", "2g.10gb", "4g.20gb"], [13, 5, 1]),
        (["2g.10gb"] * 3, [5, 3, 4]),
        (["1g.5gb"] * 7, [13, 11, 12, 7, 8, 9, 10]),
        (["7g.40gb"], [0]),
    ],
)
def test_ids_are_those_of_the_user_guide(names, ids):
    one = layout()
    assert [one.create(number(name)) for name in names] == ids


def test_refusals():
    one = layout(enabled=False)
    refused(NOT_SUPPORTED, one.create, 0)
    one.set_mode(True)
    refused(INVALID_ARGUMENT, one.create, number("3g.20gb"), 1)
    refused(INVALID_ARGUMENT, one.destroy, 1)
    identifier = one.create(number("3g.20gb"), 4)
    assert identifier == 2
    refused(INSUFFICIENT_RESOURCES, one.create, number("7g.40gb"))
    refused(INSUFFICIENT_RESOURCES, one.create, number("1g.5gb"), 4)
    refused(NOT_SUPPORTED, one.create_compute, 2, 4)
    refused(INVALID_ARGUMENT, one.create_compute, 1, 1)
    assert one.create_compute(2, 2) == 0
    refused(INVALID_ARGUMENT, one.create_compute, 2, 1, 3)
    refused(INSUFFICIENT_RESOURCES, one.create_compute, 2, 1, 0)
    assert one.create_compute(2, 1) == 1
    refused(INSUFFICIENT_RESOURCES, one.create_compute, 2, 1)
    refused(IN_USE, one.destroy, 2)
    refused(IN_USE, one.set_mode, False)
    one.destroy_compute(2, 0)
    one.destroy_compute(2, 1)
    refused(INVALID_ARGUMENT, one.destroy_compute, 2, 1)
    one.destroy(2)
    one.set_mode(False)
    assert not one.enabled and not one.instances


def test_a_pending_mode_waits_for_a_reset():
    one = layout(enabled=False)
    one.set_mode(True, waits=True)
    assert (one.enabled, one.pending) == (False, True)
    one.reset()
    assert one.enabled


def bits(start, size):
    return set(range(start, start + size))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(MACHINES)), st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=20))
def test_instances_never_overlap_and_capacities_come_true(name, wishes):
    one = layout(name)
    for wish, destroys in wishes:
        if destroys and one.instances:
            one.destroy(sorted(one.instances)[wish % len(one.instances)])
            continue
        which = wish % len(one.profiles)
        possible = one.capacity(which)
        try:
            one.create(which)
        except MigError as error:
            assert error.code == INSUFFICIENT_RESOURCES and possible == 0
        else:
            assert possible > 0
    taken = [bits(start, one.profiles[which].size) for which, start in one.instances.values()]
    assert all(not a & b for a, b in itertools.combinations(taken, 2))
    assert sum(one.profiles[which].slices for which, _start in one.instances.values()) <= 7
    for which, profile in enumerate(one.profiles):
        assert [used for used, _start in one.instances.values()].count(which) <= profile.instance_count


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(MACHINES)), st.data())
def test_what_is_stored_is_what_was_made(name, data):
    """As native/state_mig.c stores it."""
    machine = MACHINES[name]
    one = layout(name)
    for which in data.draw(st.lists(st.integers(0, len(one.profiles) - 1), max_size=8)):
        try:
            instance = one.create(which)
            one.create_compute(instance, one.profiles[which].slices)
        except MigError:
            continue
    ids = profile_ids(one.profiles)
    entries = {(0, state_mig.MODE): 1, (0, state_mig.MADE): 1}
    for instance, (which, start) in one.instances.items():
        entries[0, state_mig.INSTANCE + instance] = ids[which] | start << 16
    for (instance, compute), (slices, start) in one.computes.items():
        entries[0, state_mig.COMPUTE + 8 * instance + compute] = slices | start << 8
    made = state_mig.as_made(machine, entries)
    assert made.gpus[0] == changed_gpu(machine.gpus[0], one, machine.model)
    assert [row["profile"] for row in definitions(one)] == [mig.profile for mig in made.gpus[0].mig_devices]


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.integers(0, 3), st.integers(state_mig.MODE, state_mig.END)),
        st.integers(-(1 << 53), 1 << 53),
        max_size=60,
    )
)
def test_any_entries_give_a_machine(entries):
    state_mig.as_made(MACHINES["dgxa100"], entries)


def test_a_device_that_is_made_again_is_the_declared_one():
    """Same GPU, same ids: same UUID."""
    machine = MACHINES["dgxa100"]
    (declared,) = place("mig", machine.gpus[0].uuid, 0, ["3g.20gb"], machine.model)
    one = layout()
    one.create_compute(one.create(number("3g.20gb"), 0), 3)
    assert changed_gpu(machine.gpus[0], one, machine.model).mig_devices == (declared,)


def test_the_numbers_are_those_of_the_programs(request):
    text = (request.config.rootpath / HEADER).read_text()
    found = {name: int(value) for name, value in re.findall(r"SET_MIG_(\w+) = (\d+),", text)}
    assert found == {
        "MODE": state_mig.MODE,
        "PENDING": state_mig.PENDING,
        "MADE": state_mig.MADE,
        "INSTANCE": state_mig.INSTANCE,
        "COMPUTE": state_mig.COMPUTE,
    }
