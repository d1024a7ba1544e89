# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The numbers and texts that NVML returns, from the texts of nvidia-smi's document."""

from __future__ import annotations

import pathlib
import re

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.layout.nvml_numbers import NUMBERS, TEXTS, number, unknown
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.document.elements import elements
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.document.texts import Report

HEADER = pathlib.Path(__file__).resolve().parents[3] / "native" / "nvml_facts.h"
LEAST = -(1 << 63)
BY_NAME = dict(NUMBERS)


@pytest.mark.parametrize(("kind", "known"), [("number", NUMBERS), ("text", TEXTS)])
def test_the_library_has_the_same_names_in_the_same_order(kind, known):
    (body,) = re.findall(rf"enum {kind} \{{(.*?)\}};", HEADER.read_text(), re.S)
    names = re.findall(r"\w+", body)
    assert names == [*[name for name, _path in known], {"number": "NUMBERS", "text": "TEXTS"}[kind]]
    assert len(set(names)) == len(names)


def test_every_path_is_one_of_the_document():
    paths = {path for path, *_rest in elements()}
    for name, path in (*NUMBERS, *TEXTS):
        assert path in paths or any(known.startswith(path) for known in paths), name


def told(name, text, base="dgxa100", **more):
    """The number *name* of a machine whose document has *text*."""
    path = BY_NAME[name].split("/")
    report: object = text
    for part in reversed(path):
        report = {part: report}
    machine = build_machine("own", {"base": base, "report": report, **more}, gpu_count=1, uuid_seed="s")
    return number(Report(machine), 0, name, BY_NAME[name])


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("TEMPERATURE", "-5 C", -5),
        ("SHUTDOWN_MARGIN", "-8 C", -8),
        ("POWER_AVERAGE", "68.57 W", 68570),
        ("VOLTAGE", "887.500 mV", 887500),
        ("MAX_LANES", "16x", 16),
        ("FAN_SPEED", "0 %", 0),
        ("PERFORMANCE_STATE", "P12", 12),
        ("HISTOGRAM_MAX", "2560 bank(s)", 2560),
        ("PERSISTENCE_MODE", "Enabled", 1),
        ("REMAPPED_PENDING", "No", 0),
        ("VIRTUALIZATION_MODE", "Pass-Through", 1),
        ("COMPUTE_MODE", "Exclusive_Process", 3),
        ("OUTBOUND_ATOMICS", "FETCHADD_32 FETCHADD_64 SWAP_32 SWAP_64 CAS_32 CAS_64 ", 0x3F),
        ("FLUSH_TIME", "2026/08/20 14:59:03.740", 1787237943),
        ("FABRIC_GUID", "0x0000000000000002", 2),
        ("PEER_TYPE", "Switch Connected", 1),
        ("FABRIC_STATE", "Completed", 3),
    ],
)
def test_texts_with_a_number(name, text, value):
    assert told(name, text) == value and not unknown(value)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("N/A", 3),
        ("", 3),
        ("whatever", 3),
        ("Requested functionality has been deprecated", 26),
        ("Insufficient Permissions", 4),
    ],
)
def test_texts_without_a_number(text, status):
    value = told("FAN_SPEED", text, driver_version="580.105.08")
    if status == 26:  # a report of another branch does not say what is deprecated in this one
        assert value in (LEAST + 3, LEAST + 26)
    else:
        assert value == LEAST + status
    assert unknown(value)


def test_reasons_are_bits():
    machine = build_machine(
        "own",
        {
            "base": "dgxa100",
            "driver_version": "580.105.08",
            "report": {
                "clocks_event_reasons": {
                    "clocks_event_reason_gpu_idle": "Not Active",
                    "clocks_event_reason_sw_power_cap": "Active",
                    "clocks_event_reason_hw_slowdown": "N/A",
                }
            },
        },
        gpu_count=1,
    )
    report = Report(machine)
    assert number(report, 0, "EVENT_REASONS", BY_NAME["EVENT_REASONS"]) == 0x4
    assert number(report, 0, "SUPPORTED_REASONS", BY_NAME["SUPPORTED_REASONS"]) == 0x1F7


def test_a_power_of_the_definition_keeps_its_milliwatts():
    machine = build_machine("own", {"base": "dgxa100", "readings": {"power_mw": 49687}}, gpu_count=1)
    assert Report(machine).text(0, "gpu_power_readings/instant_power_draw") == "49.68 W"
    assert number(Report(machine), 0, "POWER_INSTANT", BY_NAME["POWER_INSTANT"]) == 49687


@pytest.mark.parametrize("architecture", ["Turing", "Ampere"])
def test_boards_count_errors_of_their_kind(architecture):
    definition = {"base": "dgxa100", "architecture": architecture}
    report = Report(build_machine("own", definition, gpu_count=1))
    for name in ("REMAPPED_CORRECTED", "VOLATILE_SRAM_SECDED", "TPC_REPAIR_PENDING", "SRAM_THRESHOLD_EXCEEDED"):
        assert unknown(number(report, 0, name, BY_NAME[name])) == (architecture == "Turing")
    assert number(report, 0, "VOLATILE_DRAM_CORRECTED", BY_NAME["VOLATILE_DRAM_CORRECTED"]) == 0
