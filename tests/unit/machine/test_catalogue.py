# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The machine types of single boards: named as nvidia-smi names the product, with the values of a published capture."""

from __future__ import annotations

import os

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.cli.import_command import read_text
from ansible_collections.nvmock.gpu.plugins.module_utils.machine import types
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.capture import read_captures
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.imported import definition_of

CAPTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "captures")
BOARDS = {
    "a100-sxm4-40gb": "a100.xml",
    "a100-sxm4-80gb": "a100-sxm4-v12.xml",
    "a10g": "a10g.xml",
    "b200": "b200.xml",
    "gb200": "gb200.xml",
    "gb300": "gb300.xml",
    "h100-80gb-hbm3": "h100.xml",
    "h200": "nvidia-h200__590.48.01.txt",
    "l40s": "l40s.xml",
    "tesla-t4": "t4.xml",
}
# Hidden in the capture: the type has the ID of pci.ids, and no subsystem.
HIDDEN = {"a10g": {"pci_device_id": "223710DE", "pci_subsystem_id": "000010DE"}}
# Facts of a node and its kernel, not of a board.
OF_THE_NODE = {"cuda_version", "gpu_count", "pci_bus_ids", "addressing_mode", "mig_profiles", "nvlink_links"}
OF_THE_NODE |= {"gpu_reports", "mig_devices", "topology", "cpu_affinity", "numa_nodes"}
# Elements of a report that are of one specimen, or of the moment of the capture.
OF_A_SPECIMEN = {
    "pdi": None,
    "inforom_bbx_flush": None,
    "clocks_event_reasons_counters": None,
    "ecc_errors": None,
    "pci": ("replay_counter", "tx_util", "rx_util"),
    "fb_memory_usage": ("used", "free"),
}


def of_every_board(report):
    """The report without what is of one specimen; groups that are empty then are left out."""
    left = {name: value for name, value in report.items() if OF_A_SPECIMEN.get(name, ()) is not None}
    for name, group in OF_A_SPECIMEN.items():
        if group and name in left:
            left[name] = {key: value for key, value in left[name].items() if key not in group}
    return {name: value for name, value in left.items() if value != {}}


def test_every_board_is_tested():
    assert set(BOARDS) == {name for name in types.names() if not name.startswith("dgx")}


@pytest.mark.parametrize("name", BOARDS)
def test_the_name_is_that_of_the_product(name):
    product = build_machine(name).model.product_name
    assert name == product.removeprefix("NVIDIA ").lower().replace(" ", "-")


@pytest.mark.parametrize("name", BOARDS)
def test_a_board_has_the_values_of_its_capture(name):
    path = os.path.join(CAPTURES, BOARDS[name])
    facts, _notes = definition_of(read_captures({path: read_text(path)}))
    board = {**types.definition(name)}
    hidden = HIDDEN.get(name, {})
    assert board["report"] == of_every_board(facts.pop("report"))
    for key, value in facts.items():
        if key not in OF_THE_NODE:
            assert board[key] == hidden.get(key, value), key
    assert (board["gpu_count"], len(build_machine(name).gpus)) == (1, 1)
    coherent = facts.get("addressing_mode") == "ATS"
    assert board.get("addressing_mode", "NONE") == ("ATS" if coherent else "NONE")


def test_more_gpus_of_a_board():
    assert len({gpu.pci_bus_id for gpu in build_machine("l40s", gpu_count=8).gpus}) == 8
