# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The document of nvidia-smi, its program, and the report of a machine definition."""

from __future__ import annotations

import os
import platform
import subprocess
from xml.etree import ElementTree

import comparison
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils import native
from ansible_collections.nvmock.gpu.plugins.module_utils.errors import ParameterError
from ansible_collections.nvmock.gpu.plugins.module_utils.layout import programs
from ansible_collections.nvmock.gpu.plugins.module_utils.machine import report, types
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.document import clocks, queries
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.document.elements import elements
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.document.outline import Document
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.document.texts import Report
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.drivers import _BRANCHES
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.mig import capability_minor

HERE = platform.machine()
BRANCHES = [str(branch) for branch, _cuda, _date in _BRANCHES]
needs_executable = pytest.mark.skipif(HERE not in native.ARCHITECTURES, reason="no executable for this machine")


@pytest.fixture
def smi(tmp_path):
    """Return a function that runs the nvidia-smi of a machine."""
    dev = tmp_path / "dev"

    def run(machine, *arguments, status=0):
        (dev / "nvidia-caps").mkdir(parents=True, exist_ok=True)
        (dev / "nvidiactl").touch()
        for gpu in machine.gpus:
            (dev / f"nvidia{gpu.minor}").touch()
            for mig in gpu.mig_devices:
                (dev / "nvidia-caps" / f"nvidia-cap{capability_minor(gpu.minor, mig.gi, mig.ci)}").touch()
        path = tmp_path / "nvidia-smi"
        path.write_bytes(programs.nvidia_smi(machine, HERE))
        path.chmod(0o755)
        environment = {**os.environ, "NVMOCK_DEV": str(dev)}
        done = subprocess.run([str(path), *arguments], capture_output=True, text=True, check=False, env=environment)
        assert (done.returncode, done.stderr) == (status, ""), done
        return done.stdout

    return run


@needs_executable
@pytest.mark.parametrize("branch", BRANCHES)
@pytest.mark.parametrize("name", ["dgxh100", "tesla-t4", "a10g", "gb300", "fallback"])
def test_the_program_prints_the_document_of_every_branch(smi, name, branch):
    """The program's tables and the core's say the same: every element and every field."""
    machine = build_machine(
        name, types.definition(name) if name == "fallback" else None, gpu_count=2, driver_version=f"{branch}.42.01"
    )
    document = Document(Report(machine))
    root = ElementTree.fromstring(smi(machine, "-q", "-x").partition("\n")[2].partition("\n")[2])
    for index, gpu in enumerate(root.findall("gpu")):
        printed: dict[str, str] = {}
        comparison._flatten(gpu, "", printed)
        printed = {
            path: text
            for path, text in printed.items()
            if not path.startswith(("supported_clocks", "mig_devices", "processes"))
        }
        expected = {
            path: document.text(index, path)
            for path, _label, having in document.rows
            if index in having and path[-1] != "/"
        }
        for path in ("supported_clocks", "mig_devices", "processes"):
            expected.pop(path)
        assert printed == expected
    fields = [field for field in queries.fields("gpu", document.report.version) if not field.source.startswith("@")]
    asked = "--query-gpu=" + ",".join(field.names[0] for field in fields)
    rows = [line.split(", ") for line in smi(machine, asked, "--format=csv").splitlines()]
    assert rows[0] == [field.names[0] + (f" [{field.unit}]" if field.unit else "") for field in fields]
    for index, row in enumerate(rows[1:]):
        assert row == [queries.answer(document, index, field) for field in fields]
    for kind in queries.KINDS:
        names = " ".join(f'"{name}"' for field in queries.fields(kind, document.report.version) for name in field.names)
        assert " ".join(comparison.named(smi(machine, f"--help-query-{kind}")).values()).replace(
            " or ", " "
        ) in _with_sections(names, queries.fields(kind, document.report.version))


def _with_sections(names: str, fields) -> str:
    """The names with the titles of sections between them, as the help text has them."""
    parts = []
    for field in fields:
        if field.section:
            parts.append(f"Section about {field.section} properties")
        parts += [f'"{name}"' for name in field.names]
    return " ".join(parts)


@needs_executable
@pytest.mark.parametrize(
    "section", ["MEMORY", "ecc", "TEMPERATURE,POWER", "SUPPORTED_CLOCKS", "PIDS", "ROW_REMAPPER", "CLOCK"]
)
def test_sections(smi, section):
    machine = build_machine("dgxh100", gpu_count=1)
    lines = smi(machine, "-q", "-d", section).splitlines()
    groups = [line.strip() for line in lines if line.startswith("    ") and not line.startswith("     ")]
    assert lines[1] == "==============NVSMI LOG=============="
    assert (
        groups
        == {
            "MEMORY": ["FB Memory Usage", "BAR1 Memory Usage", "Conf Compute Protected Memory Usage"],
            "ecc": ["ECC Mode", "ECC Errors"],
            "TEMPERATURE,POWER": ["Temperature", "GPU Power Readings", "Module Power Readings", "Power Samples"],
            "SUPPORTED_CLOCKS": ["Supported Clocks"],
            "PIDS": ["Processes                             : None"],
            "ROW_REMAPPER": ["Remapped Rows"],
            "CLOCK": [
                *("Clocks", "Applications Clocks", "Default Applications Clocks", "Deferred Clocks", "Max Clocks"),
                *("Max Customer Boost Clocks", "Clock Policy", "SM Clock Samples", "Memory Clock Samples"),
            ],
        }[section]
    )
    if section == "SUPPORTED_CLOCKS":
        assert sum("MHz" in line for line in lines) == 2 + 2 * 110


@needs_executable
def test_an_unknown_section_is_refused(smi):
    refusal = "Failed to parse --display/-d flags\n"
    assert smi(build_machine(gpu_count=1), "-q", "-d", "MEMORY,BOGUS", status=2) == refusal


@needs_executable
def test_queries_beside_that_of_gpus(smi):
    machine = build_machine("tesla-t4", uuid_seed="s")
    rows = smi(machine, "--query-supported-clocks=mem,gr", "--format=csv").splitlines()
    assert rows[:2] + rows[-1:] == ["memory [MHz], graphics [MHz]", "5001 MHz, 1590 MHz", "405 MHz, 300 MHz"]
    assert smi(machine, "--query-compute-apps=pid,used_memory", "--format=csv") == "pid, used_gpu_memory [MiB]\n"
    assert smi(machine, "--query-accounted-apps=gpu_util", "--format=csv,noheader") == ""
    assert smi(machine, "--query-retired-pages=retired_pages.cause", "--format=csv,noheader") == ""
    machine = build_machine("dgxh100", gpu_count=1)
    asked = "--query-retired-pages=retired_pages.address,retired_pages.cause"
    assert smi(machine, asked, "--format=csv,noheader") == "[N/A], Single Bit ECC\n[N/A], Double Bit ECC\n"
    assert smi(machine, "--query-remapped-rows=remapped_rows.pending", "--format=csv,noheader") == "No\n"


@needs_executable
def test_mig_devices_in_the_document(smi):
    machine = build_machine("dgxh100", gpu_count=2, mig_layout={1: ["3g.40gb", "1g.10gb"]})
    root = ElementTree.fromstring(smi(machine, "-q", "-x").partition("\n")[2].partition("\n")[2])
    plain, cut = root.findall("gpu")
    assert plain.find("mig_devices").text.strip() == "None"
    assert [one.findtext("device_attributes/shared/multiprocessor_count") for one in cut.iter("mig_device")] == [
        "60",
        "16",
    ]
    assert [one.findtext("fb_memory_usage/total") for one in cut.iter("mig_device")] == ["40448 MiB", "9984 MiB"]
    assert (cut.findtext("utilization/gpu_util"), plain.findtext("utilization/gpu_util")) == ("N/A", "0 %")
    assert cut.findtext("remapped_rows") == "N/A"
    assert smi(machine, "-q").count("MIG Device") == 2


def test_a_report_of_another_branch_is_found_under_other_names():
    definition = {"base": "a10g", "driver_version": "590.48.01", "gpu_count": 1}
    document = Document(Report(build_machine("mine", definition)))
    assert document.text(0, "gpu_power_readings/requested_power_limit") == "300.00 W"
    assert document.text(0, "platformInfo/module_id") == "0"
    assert document.text(0, "applications_clocks/mem_clock") == "Requested functionality has been deprecated"
    assert document.text(0, "voltage/graphics_volt") == "N/A", "the branch has none"
    older = Document(Report(build_machine("h200", driver_version="515.65.01")))
    assert older.text(0, "applications_clocks/graphics_clock") == "1980 MHz", "not deprecated there"
    assert older.text(0, "power_readings/power_draw") == "77.88 W"


def test_numbers():
    told = Report(build_machine("dgxh100"))
    assert told.number(0, "fb_memory_usage/reserved") == 480
    assert told.number(0, "gpu_power_readings/instant_power_draw") == 68.92
    assert told.number(0, "board_id") == 0x1B00
    assert told.number(0, "fan_speed") is None


def test_every_path_of_the_table_is_there_once_per_version():
    for version in (470.0, 515.0, 535.0, 570.0, 580.1, 580.173, 590.0, 595.0, 610.0):
        seen = [
            (path, condition)
            for path, _label, since, until, _text, condition in elements()
            if since <= version < (until or 1000)
        ]
        assert len(seen) == len(set(seen)), version


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ([], "a mapping"),
        ({"fan_speed": 3}, "text in quotes"),
        ({"persistence_mode": True}, "text in quotes"),
        ({"a/b": "x"}, "without /"),
        ({"": "x"}, "the name of an element"),
        ({"a": {"b": "x\ty"}}, "printable"),
        ({"a": "é"}, "printable"),
        ({"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": {"j": {"k": "x"}}}}}}}}}}}, "levels"),
        ({f"e{index}": "x" for index in range(5000)}, "at most"),
    ],
)
def test_bad_reports(value, word):
    definition = {"base": "dgxh100", "report": value}
    with pytest.raises(ParameterError, match=word) as error:
        build_machine("mine", definition)
    assert "machine_definition.report" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ({}, "a list"),
        ([3], "a list of MIG devices"),
        ([[{"profile": "3g.40gb"}]], "gpu_instance is missing"),
        ([[{"profile": "xg", "gpu_instance": 1, "compute_instance": 0}]], "profile name"),
        ([[{"profile": "3g.40gb", "gpu_instance": 15, "compute_instance": 0}]], "14"),
        ([[{"profile": "3g.40gb", "gpu_instance": 1, "compute_instance": 0}] * 2], "once only"),
        ([[{"profile": "3g.40gb", "gpu_instance": 1, "compute_instance": 0, "size": 1}]], "size"),
    ],
)
def test_bad_mig_devices(rows, word):
    with pytest.raises(ParameterError, match=word):
        build_machine("mine", {"base": "dgxh100", "mig_devices": rows})


def test_a_layout_replaces_the_mig_devices_of_a_definition():
    devices = [[{"profile": "1c.3g.40gb", "gpu_instance": 1, "compute_instance": 2}], None]
    definition = {"base": "dgxh100", "gpu_count": 2, "mig_devices": devices}
    one, other = build_machine("mine", definition).gpus
    assert (one.mig_enabled, other.mig_enabled) == (True, False)
    (device,) = one.mig_devices
    assert (device.profile, device.gi, device.ci, device.memory_mib, device.compute_slices) == (
        "1c.3g.40gb",
        1,
        2,
        40448,
        1,
    )
    one, other = build_machine("mine", definition, mig_layout={1: []}).gpus
    assert (one.mig_enabled, other.mig_enabled) == (False, True)


def test_a_report_comes_back_as_it_was():
    facts = {"from_driver": "580.1", "a": {"b": "x", "c": {"d": "y"}}, "e": ""}
    assert report.nested(report.build(facts)) == facts


@given(st.lists(st.tuples(st.integers(1, 20000), st.lists(st.integers(1, 9000), max_size=40)), max_size=6))
def test_compact_clocks_come_back(given_clocks):
    assert clocks.expanded(clocks.compact(given_clocks)) == given_clocks


@pytest.mark.parametrize("text", ["x", "1: 2-1", "1: 9-1/0", "1: 90000000-1/1", "1: 2.3"])
def test_clocks_that_are_none(text):
    with pytest.raises(ValueError, match=r"."):
        clocks.expanded(text)
