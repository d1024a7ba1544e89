# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Faults of GPUs: what they change, that healing them leaves nothing, their events, and what is refused."""

from __future__ import annotations

import itertools
import pathlib
import runpy

import pytest
from state_support import install, node_state, set_now, told

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import ParameterError
from ansible_collections.nvmock.gpu.plugins.module_utils.layout import state_faults
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.fault_words import described, listed
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.state_values import evaluated
from ansible_collections.nvmock.gpu.plugins.module_utils.node import file_fault_kinds
from ansible_collections.nvmock.gpu.plugins.module_utils.node.faults import (
    fault_of,
    healed,
    injected,
)

NATIVE = pathlib.Path(__file__).resolve().parents[3] / "native"
NOW = 1_800_000_000_000
SMALLEST = {"xid": {"xid": 79}}


def options(kind, **given):
    names = ("xid", "gpu_instance", "compute_instance", "count", "source", "links", "temperature")
    return {name: {**SMALLEST.get(kind, {}), **given}.get(name) for name in names}


def put(place, kind, gpus=(0,), repeat=False, **given):
    with node_state(place) as state:
        return state.change(injected(state, list(gpus), fault_of(kind, options(kind, **given)), repeat), None)


def take(place, *kinds, gpus=(0,)):
    with node_state(place) as state:
        return state.change(healed(list(gpus), list(kinds) or None), None)


def entries(place):
    with node_state(place) as state:
        return state.read().entries


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A node whose GPUs can have every fault."""
    place = tmp_path_factory.mktemp("faults")
    install(place, "gb200")
    set_now(place, [0], {"temperature": 55, "volatile_dram_uncorrected": 2, "nvlink_1_state": False})
    return place


def test_the_header_is_made_of_the_table():
    made = runpy.run_path(str(NATIVE / "state_table.py"))
    assert (NATIVE / "state_faults_table.h").read_text(encoding="ascii") == made["faults"]()


def test_numbers_are_for_ever():
    assert state_faults.NAMES[:3] == ("xid", "ecc_dram", "ecc_sram") and state_faults.NAMES[13] == "fabric_unhealthy"
    assert state_faults.RING == 600 and state_faults.parameter_of(0) == 670
    assert state_faults.parameter_of(len(state_faults.KINDS)) <= 768
    assert all(len(kind.effects) <= 32 for kind in state_faults.KINDS)


def test_every_pair_of_kinds_leaves_nothing(node):
    """Each ordered pair, healed in both orders, ends with the entries of before, and each fault alone reads as it does alone."""
    before = entries(node)
    with node_state(node) as state:
        for one, other in itertools.permutations(state_faults.NAMES, 2):
            for first, second in ((one, other), (other, one)):
                values = {0: {n: v for (gpu, n), v in before.items() if gpu == 0}, 1: {}}
                alone = {0: dict(values[0]), 1: {}}
                start = {gpu: dict(own) for gpu, own in values.items()}
                for kind in (one, other):
                    injected(state, [0], fault_of(kind, options(kind)))(values, NOW)
                injected(state, [0], fault_of(second, options(second)))(alone, NOW)
                assert len(listed(values[0])) == 2
                healed([0], [first])(values, NOW)
                assert [row["kind"] for row in listed(values[0])] == [second]
                assert evaluated(values[0], NOW) == evaluated(alone[0], NOW)
                healed([0], [second])(values, NOW)
                assert values == start, (one, other, first)
    assert entries(node) == before


def test_on_the_file(tmp_path):
    install(tmp_path)
    set_now(tmp_path, [0], {"temperature": 50})
    before = entries(tmp_path)
    assert put(tmp_path, "ecc_dram", count=3).changed and not put(tmp_path, "ecc_dram", count=3).changed
    assert put(tmp_path, "thermal").changed
    now = told(tmp_path)
    assert (now["volatile_dram_uncorrected"], now["aggregate_dram_uncorrected"]) == (3, 3)
    assert now["temperature"] > 80 and now["event_reason_hw_thermal_slowdown"] == "Active"
    assert now["recovery_action"] == "Reset"
    assert told(tmp_path, 1) == {}
    assert take(tmp_path, "thermal").changed and told(tmp_path)["temperature"] == 50
    assert take(tmp_path).changed and not take(tmp_path).changed
    assert entries(tmp_path) == before


def test_a_reset_of_the_state_leaves_faults(tmp_path):
    install(tmp_path)
    put(tmp_path, "power_brake")
    with node_state(tmp_path) as state:
        assert not state.change(state.reset([0], None), None).changed
    assert told(tmp_path)["event_reason_hw_power_brake_slowdown"] == "Active"


def test_the_worst_recovery_action_counts(tmp_path):
    install(tmp_path)
    for code, action in ((63, "Drain and Reset"), (48, "Drain and Reset"), (79, "Reboot"), (31, None)):
        put(tmp_path, "xid", xid=code)
        assert told(tmp_path).get("recovery_action") == {48: "Reset"}.get(code, action)
    put(tmp_path, "rows_pending")
    put(tmp_path, "ecc_dram")
    assert told(tmp_path)["recovery_action"] == "Drain and Reset"
    take(tmp_path, "rows_pending")
    assert told(tmp_path)["recovery_action"] == "Reset"


def test_the_ring(tmp_path):
    """64 events, those that overflow are counted, and sequence numbers are never used again."""
    own = {}
    values = {0: own, 1: {}}
    install(tmp_path)
    with node_state(tmp_path) as state:
        for code in range(1, 71):
            injected(state, [0], fault_of("xid", options("xid", xid=code, gpu_instance=3, compute_instance=1)))(
                values, NOW
            )
        happened = state_faults.events(own)
        assert [event.data for _sequence, event in happened] == list(range(7, 71))
        assert state_faults.overflowed(own) == 6 and "6 are no longer" in described(own)[-1]
        assert {(event.gpu_instance, event.compute_instance) for _sequence, event in happened} == {(3, 1)}
        last = happened[-1][0]
        healed([0], None)(values, NOW)
        assert own == {}
        injected(state, [0], fault_of("xid", options("xid")))(values, NOW + 1)
        assert state_faults.events(own)[0][0] > last


def test_repeat(tmp_path):
    install(tmp_path)
    put(tmp_path, "xid")
    assert not put(tmp_path, "xid").changed
    assert put(tmp_path, "xid", repeat=True).changed
    with node_state(tmp_path) as state:
        assert len(state_faults.events(state.read().of_gpu(0))) == 2


@pytest.mark.parametrize(
    "kind, values, reason",
    [
        ("xid", {"xid": 79}, "Xid 79: GPU has fallen off the bus"),
        ("xid", {"xid": 4000}, "Xid 4000"),
        ("xid", {"xid": 31}, ""),
        ("ecc_dram", {}, "Xid 48: Double Bit ECC Error"),
        ("ecc_corrected", {}, ""),
        ("gpu_lost", {}, "GPU is lost"),
        ("fallen_off_bus", {}, "Xid 79: GPU has fallen off the bus"),
        ("rows_pending", {}, "Xid 63: ECC page retirement or row remapping recording event"),
        ("rows_remapped", {}, ""),
        ("thermal", {}, ""),
    ],
)
def test_health(tmp_path, kind, values, reason):
    install(tmp_path)
    with node_state(tmp_path) as state:
        own = {0: {}, 1: {}}
        injected(state, [0], fault_of(kind, options(kind, **values)))(own, NOW)
    action = evaluated(own[0], NOW).get(89, 0)
    assert state_faults.unhealthy(own[0], action, state_faults.HARMLESS_XIDS) == reason


def test_health_without_events():
    every = frozenset(range(10000))
    assert state_faults.unhealthy({}, state_faults.GPU_RESET, every) == "GPU recovery action: Reset"
    own = {}
    state_faults.put_event(own, state_faults.Event(state_faults.DOUBLE_BIT, 0, 255, 255, 1), NOW)
    assert state_faults.unhealthy(own, 0, every) == "double-bit ECC error"


@pytest.mark.parametrize(
    "kind, values, name",
    [
        ("xyz", {}, "fault.kind"),
        (None, {}, "fault.kind"),
        ("xid", {"xid": 0}, "fault.xid"),
        ("xid", {"xid": "x"}, "fault.xid"),
        ("xid", {"xid": True}, "fault.xid"),
        ("ecc_dram", {"xid": 3}, "fault.xid"),
        ("xid", {"compute_instance": 1}, "fault.compute_instance"),
        ("xid", {"gpu_instance": 15}, "fault.gpu_instance"),
        ("ecc_dram", {"count": 0}, "fault.count"),
        ("ecc_dram", {"count": 10**7}, "fault.count"),
        ("ecc_sram", {"source": "l1"}, "fault.source"),
        ("nvlink_down", {"links": []}, "fault.links"),
        ("nvlink_down", {"links": ["x"]}, "fault.links"),
        ("nvlink_down", {"links": [36]}, "fault.links"),
        ("nvlink_down", {"links": [12]}, "fault.links"),
        ("thermal", {"temperature": 151}, "fault.temperature"),
        ("fabric_unhealthy", {}, "fault.kind"),
    ],
)
def test_refused(tmp_path, kind, values, name):
    """A dgxa100 has 12 links and no fabric state."""
    install(tmp_path)
    with pytest.raises(ParameterError) as error:
        put(tmp_path, kind, **values)
    assert error.value.name == name and "\n" not in str(error.value)
    assert entries(tmp_path) == {}


def test_a_board_without_links(tmp_path):
    install(tmp_path, "tesla-t4")
    for kind in ("nvlink_down", "fabric_unhealthy", "rows_pending"):
        with pytest.raises(ParameterError, match="GPU 0"):
            put(tmp_path, kind)
    assert put(tmp_path, "xid").changed and put(tmp_path, "ecc_sram").changed


def test_the_module_has_every_kind():
    from ansible_collections.nvmock.gpu.plugins.modules import nvmock_fault

    assert tuple(nvmock_fault.KINDS) == (*state_faults.NAMES, *file_fault_kinds.FILE_NAMES)
    assert nvmock_fault.ARGUMENT_SPEC["source"]["choices"] == list(state_faults.SRAM_SOURCES)
