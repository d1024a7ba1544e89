# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The table of settings, and values as users write them."""

from __future__ import annotations

import pathlib
import runpy

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import ParameterError
from ansible_collections.nvmock.gpu.plugins.module_utils.layout import state_settings
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.state_words import find, shown, stored

NATIVE = pathlib.Path(__file__).resolve().parents[3] / "native"


def test_the_headers_are_made_of_the_table():
    made = runpy.run_path(str(NATIVE / "state_table.py"))
    assert (NATIVE / "state_settings.h").read_text(encoding="ascii") == made["header"]()
    assert (NATIVE / "state_elements.h").read_text(encoding="ascii") == made["elements"]()


def test_names_and_numbers():
    names = state_settings.names()
    assert len(names) == len(set(names))
    for name in names:
        number = state_settings.number_of(name)
        assert state_settings.setting_of(number).name == name and not state_settings.is_while_loaded(number)
    assert len(state_settings.SETTINGS) < state_settings.LOAD_START
    assert state_settings.setting_of(199) is None and state_settings.setting_of(255) is None


def test_numbers_are_for_ever():
    """State files have them."""
    numbers = {
        "temperature": 0,
        "power": 3,
        "energy": 8,
        "gpu_utilization": 34,
        "fabric_health": 99,
        "nvlink_1_ecc_errors": 269,
        "process_list": 1280,
        "processes": 1281,
    }
    assert {name: state_settings.number_of(name) for name in numbers} == numbers


@pytest.mark.parametrize(
    "name, value, result, told",
    [
        ("temperature", "90 C", 90, 90),
        ("temperature", 90.0, 90, 90),
        ("power", "301.5W", 301500, 301.5),
        ("power", 300, 300000, 300),
        ("performance_state", "P8", 8, 8),
        ("compute_mode", "exclusive_process", 3, "Exclusive_Process"),
        ("compute_mode", 2, 2, "Prohibited"),
        ("persistence_mode", True, 1, "Enabled"),
        ("persistence_mode", "off", 0, "Disabled"),
        ("remapped_rows_pending", "yes", 1, "Yes"),
        ("event_reason_sw_power_cap", "active", 1, "Active"),
        ("fabric_state", "In Progress", 2, "In Progress"),
        ("temperature_margin", "-3", -3, -3),
        ("nvlink_3_state", False, 0, "Not Active"),
    ],
)
def test_values(name, value, result, told):
    setting = state_settings.setting_of(state_settings.number_of(name))
    assert stored(setting, value) == result
    assert shown(setting, result) == told


@pytest.mark.parametrize(
    "name, value",
    [("temperature", value) for value in ("hot", 151, -1, 1.5, True, None, [], {}, "", "1e400", "nan", "\0", 10**30)]
    + [("compute_mode", value) for value in ("x", 4, -1, None, 1.0)]
    + [("persistence_mode", value) for value in ("x", 2)]
    + [("power", value) for value in ("W", "1 J", -1, 10001)],
)
def test_refused(name, value):
    setting = state_settings.setting_of(state_settings.number_of(name))
    with pytest.raises(ParameterError, match=f"^settings.{name}: ") as error:
        stored(setting, value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "name, nearest",
    [("temprature", "temperature"), ("gpu_util", "gpu_utilization"), (3, "docs/state.md"), (None, "docs/state.md")],
)
def test_unknown_names(name, nearest):
    with pytest.raises(ParameterError, match=nearest):
        find(name)
