# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The machine types of single boards: named as nvidia-smi names the product, with the values of a published capture or data sheet."""

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
    "geforce-rtx-2080-super": "nvidia-geforce-rtx-2080-super__610.57.04.txt",
    "h100-80gb-hbm3": "h100.xml",
    "h200": "nvidia-h200__590.48.01.txt",
    "l40s": "l40s.xml",
    "tesla-t4": "t4.xml",
    "vera-rubin": "vera-rubin.xml",
}
# Boards without a capture: memory in MiB, PCI device ID (pci.ids 2026.07.31, go-nvml), default power limit in mW (data sheets).
OTHERS = {
    "a10": (23028, "223610DE", 150_000),
    "a100-80gb-pcie": (81920, "20B510DE", 300_000),
    "a100-pcie-40gb": (40960, "20F110DE", 250_000),
    "a30": (24576, "20B710DE", 165_000),
    "b300-sxm6-ac": (275040, "318210DE", None),
    "geforce-rtx-4090": (24564, "268410DE", 450_000),
    "h100-pcie": (81559, "233110DE", 350_000),
    "l4": (23034, "27B810DE", 72_000),
    "rtx-pro-6000-blackwell-server-edition": (97887, "2BB510DE", 600_000),
    "rtx-pro-6000-blackwell-workstation-edition": (97887, "2BB110DE", 600_000),
}
# Machines by the board that they have. A DGX has another driver.
MACHINES = {
    "dgxa100": "a100-sxm4-40gb",
    "dgxa100-80gb": "a100-sxm4-80gb",
    "dgxb200": "b200",
    "dgxh100": "h100-80gb-hbm3",
    "dgxh200": "h200",
    "gb200-nvl72-tray": "gb200",
    "gb300-nvl72-tray": "gb300",
    "hgxb200": "b200",
    "hgxb300": "b300-sxm6-ac",
    "hgxh100": "h100-80gb-hbm3",
    "hgxh200": "h200",
}
# Hidden in the capture: the type has the ID of pci.ids, and no subsystem.
HIDDEN = {"a10g": {"pci_device_id": "223710DE", "pci_subsystem_id": "000010DE"}}
# Facts of a node and its kernel, not of a board.
OF_THE_NODE = {"cuda_version", "gpu_count", "pci_bus_ids", "addressing_mode", "mig_profiles", "nvlink_links"}
OF_THE_NODE |= {"gpu_reports", "mig_devices", "topology", "cpu_affinity", "numa_nodes"}
# Elements of a report that are of one specimen, or of the moment of the capture.
OF_A_SPECIMEN = {
    "pdi": None,
    "serial": None,
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
    assert {*BOARDS, *OTHERS} == {name for name in types.names() if not types.is_whole_machine(name)}
    assert set(MACHINES) == {name for name in types.names() if types.is_whole_machine(name)}


@pytest.mark.parametrize("name", OTHERS)
def test_a_board_without_a_capture_says_only_what_a_source_says(name):
    memory, device, power = OTHERS[name]
    machine = build_machine(name)
    model = machine.model
    assert (model.memory_mib, model.pci_device_id, len(machine.gpus)) == (memory, device, 1)
    readings = model.readings
    assert readings.power_limits_mw == (() if power is None else (0, power, 0))
    measured = (readings.temperature_c, readings.memory_temperature_c, readings.power_mw, readings.clocks_mhz)
    assert (model.vbios_version, model.board_part_number, *measured) == ("", "", 0, 0, 0, ())


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_has_its_boards(name):
    machine, board = build_machine(name, uuid_seed="s"), build_machine(MACHINES[name])
    groups = {"gpus_per_pcie_switch": 0, "gpus_per_socket": 0}
    assert machine.model.but(**groups) == board.model.but(**groups)
    assert len(machine.gpus) == (4 if name.endswith("tray") else 8)


def test_the_documentation_lists_all_types():
    path = os.path.join(os.path.dirname(CAPTURES), "..", "..", "..", "docs", "machine-types.md")
    with open(path, encoding="utf-8") as handle:
        rows = [line.split(" | ") for line in handle if line.startswith("| `")]
    found = {row[0].strip("|` "): row[1:] for row in rows}
    for name in types.names():
        machine = build_machine(name)
        model = machine.model
        values = [f"{model.memory_mib} MiB", machine.driver_version]
        if name in MACHINES:
            assert found[name][:3] == [f"{len(machine.gpus)} x {model.product_name}", *values]
        else:
            assert found[name][:2] == values
            assert (found[name][2] == "yes") == bool(model.mig_profiles)


@pytest.mark.parametrize("name", [*BOARDS, *OTHERS])
def test_the_name_is_that_of_the_product(name):
    product = build_machine(name).model.product_name
    # The driver of the capture did not know the name of the product yet.
    product = {"NVIDIA Graphics Device": "Vera Rubin"}.get(product, product)
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
