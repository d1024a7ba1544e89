# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The devices and counters of GPUs that are cut on demand, for every board, held against the board's own rules."""

from __future__ import annotations

import re

import pytest

from dra_driver.devices import counter_sets, devices_of
from dra_driver.partitions import Counters, partitions_of
from dra_driver.slices import MOST_COUNTER_SETS, MOST_DEVICES, contents_of
from nvmock_gpu.machine import types
from nvmock_gpu.machine.build import build_machine
from nvmock_gpu.machine.mig_instances import Layout, MigError
from nvmock_gpu.machine.model import MigProfile

LABEL = re.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def machine_of(name, count=1, **more):
    return build_machine(name, gpu_count=count, **more)


def has_mig(name):
    model = machine_of(name).model
    return model is not None and bool(model.mig_profiles)


TYPES = [name for name in [*types.names(), types.FALLBACK] if has_mig(name)]
# Boards of several machine types are equal.
BOARDS = list({machine_of(name).model.mig_profiles: name for name in TYPES[::-1]}.values())


def value(entry):
    [(_kind, content)] = entry.items()
    return content


def test_a_gpu_and_a_partition_are_described_as_by_nvidias_driver():
    machine = machine_of("dgxh100", 2)
    devices = devices_of(machine, frozenset((1,)))
    assert [one.name for one in devices if not one.is_partition] == ["gpu-0", "gpu-1"]
    by_name = {one.name: one for one in devices}
    whole = by_name["gpu-1"].in_slice()
    capacity = {name: value(one) for name, one in whole["capacity"].items()}
    assert capacity == {
        "memory": "81152Mi",
        "multiprocessors": "132",
        "copyEngines": "8",
        "decoders": "7",
        "encoders": "0",
        "jpegEngines": "7",
        "ofaEngines": "1",
    }
    [consumed] = whole["consumesCounters"]
    [counters] = counter_sets(machine, frozenset((1,)))
    assert consumed == {"counterSet": "gpu-1-counter-set", "counters": counters["counters"]}
    assert counters["name"] == "gpu-1-counter-set"
    assert {name: value(one) for name, one in counters["counters"].items()} == {
        "memory": "81152Mi",
        "multiprocessors": "132",
        "copy-engines": "8",
        "decoders": "7",
        "encoders": "0",
        "jpeg-engines": "7",
        "ofa-engines": "1",
        **{f"memory-slice-{number}": "1" for number in range(8)},
    }
    part = by_name["gpu-1-mig-3g40gb-9-4"].in_slice()
    assert "uuid" not in part["attributes"], "it has none before it is created"
    assert value(part["attributes"]["type"]) == "mig" and value(part["attributes"]["profile"]) == "3g.40gb"
    assert value(part["attributes"]["parentUUID"]) == machine.gpus[1].uuid
    assert value(part["attributes"]["resource.kubernetes.io/pciBusID"]) == machine.gpus[1].pci_bus_id
    assert {name: value(one) for name, one in part["capacity"].items()} == {
        "memory": "40448Mi",
        "multiprocessors": "60",
        "copyEngines": "3",
        "decoders": "3",
        "encoders": "0",
        "jpegEngines": "3",
        "ofaEngines": "0",
    }
    [consumed] = part["consumesCounters"]
    assert {name: value(one) for name, one in consumed["counters"].items()} == {
        "memory": "40448Mi",
        "multiprocessors": "60",
        "copy-engines": "3",
        "decoders": "3",
        "encoders": "0",
        "jpeg-engines": "3",
        "ofa-engines": "0",
        **{f"memory-slice-{number}": "1" for number in range(4, 8)},
    }
    assert "consumesCounters" not in by_name["gpu-0"].in_slice()
    assert {"gpu-1-mig-1g10gb-19-0", "gpu-1-mig-1g10gb-me-20-6", "gpu-1-mig-1g20gb-15-2"} <= set(by_name)


@pytest.mark.parametrize("name", BOARDS)
def test_counters_allow_what_the_board_allows(name):
    """All sets of partitions that the counters allow, and each with one more.

    Of the engines for media, profiles with media extensions have all that the GPU has. The board's own rules do not know that.
    """
    machine = machine_of(name)
    profiles = machine.model.mig_profiles
    counters = Counters(profiles)
    partitions = partitions_of(machine.gpus[0], machine.model)
    uses = [counters.of(one.place, one.start) for one in partitions]
    looked = 0

    def can_be_made(chosen):
        layout = Layout(profiles, True)
        try:
            for number in chosen:
                one = partitions[number]
                instance = layout.create(one.place, one.start)
                assert instance == one.mig.gi
                assert layout.create_compute(instance, profiles[one.place].slices) == one.mig.ci
        except MigError:
            return False
        return True

    def look(first, chosen, left):
        nonlocal looked
        for number in range(first, len(partitions)):
            one = [*chosen, number]
            allowed = all(left[counter] >= count for counter, count in uses[number].items())
            names = [profiles[partitions[each].place].name for each in one]
            media = [each for each in names if "+me" in each]
            looked += 1
            if allowed or not media or len(names) == 1:
                assert can_be_made(one) == allowed, names
            elif can_be_made(one):
                assert len(media) > 1 or "+me.all" in media[0], names
            if allowed:
                look(number + 1, one, {counter: left[counter] - uses[number].get(counter, 0) for counter in left})

    look(0, [], dict(counters.whole))
    assert looked > 400


def test_an_engine_that_instances_share_is_not_counted():
    """The B200 in its machine type has one decoder, and so has each of its instances."""
    counters = Counters(machine_of("dgxb200").model.mig_profiles)
    assert "decoders" not in counters.whole and counters.whole["copy-engines"] == 16


def test_a_limited_profile_without_engines_has_a_counter_of_its_own():
    counters = Counters(machine_of("hgxb300").model.mig_profiles)
    assert counters.whole["profile-20"] == 1
    assert [counters.of(place, 0).get("profile-20") for place in range(3)] == [None, 1, None]


def test_compute_slices_are_counted_where_memory_slices_allow_too_many():
    profiles = (MigProfile("4g.20gb", 4, 2, (0, 2, 4, 6), 20000, 4, 10),)
    counters = Counters(profiles)
    assert counters.whole["compute-slices"] == 7 and counters.of(0, 2)["compute-slices"] == 4


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("count", [1, 64])
def test_the_api_servers_limits_are_kept(name, count):
    machine = machine_of(name, count, pci_bus_ids=None, allow_unsupported=True)
    dynamic = frozenset(range(count))
    devices = devices_of(machine, dynamic)
    contents = contents_of(devices, {}, False, counter_sets(machine, dynamic))
    parts = [content["devices"] for content in contents if "devices" in content]
    sets = [content["sharedCounters"] for content in contents if "sharedCounters" in content]
    assert len(parts) == count and max(map(len, parts)) <= MOST_DEVICES
    assert all(len(content) == 1 for content in contents) and contents[0] == {"sharedCounters": sets[0]}
    assert sum(map(len, sets)) == count and max(map(len, sets)) <= MOST_COUNTER_SETS
    known = {one["name"]: one["counters"] for part in sets for one in part}
    assert len(known) == count and all(len(one) <= 32 for one in known.values())
    names = set()
    for one in (one for part in parts for one in part):
        names.add(one["name"])
        assert LABEL.fullmatch(one["name"]) and len(one["attributes"]) + len(one["capacity"]) <= 32
        [consumed] = one["consumesCounters"]
        assert set(consumed["counters"]) <= set(known[consumed["counterSet"]]) and len(consumed["counters"]) <= 32
        assert all(LABEL.fullmatch(counter) for counter in consumed["counters"])
        assert all(0 < len(entry["string"]) <= 64 for entry in one["attributes"].values() if "string" in entry)
    assert len(names) == len(devices)


def test_a_taint_is_in_the_slice_of_its_gpu():
    machine = machine_of("a30", 3)
    devices = devices_of(machine, frozenset((0, 1)))
    taint = {"key": "k", "effect": "NoSchedule"}
    sets = counter_sets(machine, frozenset((0, 1)))
    plain = contents_of(devices, {}, False, sets)
    tainted = contents_of(devices, {"gpu-1-mig-2g12gb-5-0": taint}, False, sets)
    assert [one == other for one, other in zip(plain, tainted)] == [True, True, False, True]
    assert [[one["name"] for one in content["devices"]] for content in plain[3:]] == [["gpu-2"]]
