# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The mock nvidia-smi of an imported capture answers as the machine did: of the test captures, and of changed ones."""

from __future__ import annotations

import importlib.util
import pathlib
import platform
import re
from xml.etree import ElementTree

import comparison
import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils import native

pytestmark = pytest.mark.skipif(platform.machine() not in native.ARCHITECTURES, reason="no executable for this machine")

NAMES = sorted(path.name for path in comparison.CAPTURES.iterdir() if path.suffix in (".xml", ".txt"))
RESULTS: dict[str, comparison.Result] = {}


def result(name: str) -> comparison.Result:
    if name not in RESULTS:
        RESULTS[name] = comparison.compare(comparison.CAPTURES / name)
    return RESULTS[name]


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_those_of_the_capture(name):
    told = result(name)
    assert [one for one in told.differences if not one.reason] == []
    assert told.compared > 200
    assert told.share >= 99


def test_the_documentation_has_the_table():
    page = comparison.PAGE.read_text(encoding="utf-8")
    table = page.partition(comparison.BEGIN)[2].partition(comparison.END)[0]
    assert table == comparison.table({name: result(name) for name in NAMES}), "comparison.py --write"


def test_the_program_has_the_tables_of_the_core():
    path = comparison.ROOT / "native" / "tables.py"
    specification = importlib.util.spec_from_file_location("native_tables", path)
    tables = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(tables)
    for made, content in ((tables.ELEMENTS, tables.module()), (tables.TARGET, tables.source())):
        assert pathlib.Path(made).read_text(encoding="ascii") == content, f"python3 {path}"


def changed(tmp_path: pathlib.Path, name: str, change) -> comparison.Result:
    """Compare a capture of which *change* has changed the first GPU's XML."""
    text = (comparison.CAPTURES / name).read_text(encoding="utf-8")
    start = text.index("<nvidia_smi_log")
    root = ElementTree.fromstring(text[start:])
    change(root)
    path = tmp_path / name
    path.write_text(text[:start] + ElementTree.tostring(root, encoding="unicode"), encoding="utf-8")
    return comparison.compare(path)


def unexplained(told: comparison.Result) -> list[comparison.Difference]:
    return [one for one in told.differences if one.path != "attached_gpus"]


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("h100.xml", "550.90.07"),
        ("l40s.xml", "575.57.08"),
        ("a100.xml", "615.21.01"),
        ("t4.xml", "535.161.08"),
        ("b200.xml", "560.35"),
    ],
)
def test_a_capture_of_a_branch_that_the_table_has_otherwise(tmp_path, name, version):
    """The document is that of the capture, whatever the table says about its branch."""

    def change(root):
        root.find("driver_version").text = version

    assert unexplained(changed(tmp_path, name, change)) == []


def test_other_elements_groups_and_values(tmp_path):
    """Those of a later branch: added, renamed, in another place, of the second GPU only; and some that are missing."""

    def change(root):
        one, other = root.findall("gpu")
        for gpu in (one, other):
            gpu.find("ecc_errors").remove(gpu.find("ecc_errors/aggregate"))
            gpu.remove(gpu.find("c2c_mode"))
            gpu.find("fan_speed").tag = "fan_speeds"
            group = ElementTree.Element("neural_cache")
            ElementTree.SubElement(group, "sizeTotal").text = "12 MiB"
            ElementTree.SubElement(ElementTree.SubElement(group, "levels"), "level_1").text = "a & b < c"
            gpu.insert(9, group)
        one.find("temperature").remove(one.find("temperature/gpu_temp_tlimit"))
        ElementTree.SubElement(other.find("pci"), "lane_margin").text = "7"
        other.find("pci").remove(other.find("pci/replay_counter"))
        other.find("clocks/video_clock").text = "N/A"
        other.find("ecc_mode/current_ecc").text = "Disabled"
        ElementTree.SubElement(root, "umd_build").text = "1234"
        for gpu in (one, other):
            for group in ("fabric/health", "module_power_readings"):
                element = gpu.find(group)
                element[:] = []
                element.text = "N/A"
            smoothing = gpu.find("power_smoothing")
            smoothing.text = None
            ElementTree.SubElement(smoothing, "privilege").text = "0"
            for value in ("1", "2", "3"):
                ElementTree.SubElement(smoothing, "profile").text = value

    assert unexplained(changed(tmp_path, "h100.xml", change)) == []


def test_labels_and_groups_that_a_text_output_has_otherwise(tmp_path):
    name = "nvidia-h200__590.48.01.txt"
    text = next(
        body
        for title, command, body in comparison.sections((comparison.CAPTURES / name).read_text())
        if command == "nvidia-smi -q"
    )
    text = text.replace("590.48.01", "615.21.01")
    text = re.sub(r"^( +)Fan Speed +:", lambda found: f"{found[1]}Fan RPM (max)".ljust(55) + ":", text, flags=re.M)
    text = re.sub(
        r"^( +)GPU Part Number +:", lambda found: f"{found[1]}Part/Board No.".ljust(55) + ":", text, flags=re.M
    )
    text = text.replace(
        "    Performance State", "    Neural Cache\n        Size".ljust(75) + ": 12 MiB\n    Performance State"
    )
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    told = comparison.compare(path)
    assert told.differences == []
    assert told.compared > 190
    (tmp_path / "node").mkdir()
    lines = comparison.Node(tmp_path / "node", path).smi("-q").splitlines()
    labels = [line.partition(" : ")[0].strip() for line in lines]
    assert labels[labels.index("Part/Board No.") + 1] == "FRU Part Number"
    assert labels[labels.index("Fan RPM (max)") :][1:4] == ["Neural Cache", "Size", "Performance State"]


def test_a_board_in_mig_mode_without_known_profiles(tmp_path):
    """The MIG devices are those of the capture, although no machine type has the board."""

    def change(root):
        gpu = root.find("gpu")
        gpu.find("product_name").text = "NVIDIA A30X"
        gpu.find("pci/pci_device_id").text = "20FF10DE"
        gpu.find("fb_memory_usage/total").text = "81000 MiB"

    differences = changed(tmp_path, "a100-sxm4-v12.xml", change).differences
    assert {one.path for one in differences} == {"attached_gpus", "gpu[0]/minor_number"}
