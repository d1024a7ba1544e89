# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""gpu-mockctl machines import: what a definition has of each published capture, and what is no capture."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils.cli import main
from ansible_collections.nvmock.gpu.plugins.module_utils.cli.import_command import read_text
from ansible_collections.nvmock.gpu.plugins.module_utils.errors import NvmockError, UsageError
from ansible_collections.nvmock.gpu.plugins.module_utils.machine import types
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.capture import read_captures
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.document.captured import by_element
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.document.outline import Document
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.document.texts import Report
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.imported import definition_of

HERE = os.path.dirname(os.path.abspath(__file__))
CAPTURES = os.path.join(HERE, "captures")
CLI = os.path.abspath(os.path.join(HERE, "..", "..", "..", "bin", "gpu-mockctl"))
H200 = "nvidia-h200__590.48.01.txt"

# Of each capture: name, device and subsystem, memory, driver, CUDA, compute capability, VBIOS, board part, number of GPUs, first bus ID,
# addressing mode; temperatures of GPU and memory, BAR1, power, limits, clocks, maximum clocks, PCIe link, ECC. None: the capture says
# that there is none.
_HOPPER = ([1980, 1980, 2619, 1545], [5, 16], "Enabled")
EXPECTED = {
    "a100-sxm4-v12.xml": (
        *("NVIDIA A100-SXM4-80GB", "20B210DE", "147F10DE", 81920, "535.54.03", "12.2", "8.0"),
        *("92.00.36.00.02", "692-2G506-0212-002", 1, "00000000:01:00.0", "NONE"),
        *(27, 44, 131072, 67030, [100000, 500000, 500000], [1275, 1275, 1593, 1275]),
        *([1410, 1410, 1593, 1290], [4, 16], "Enabled"),
    ),
    "a100.xml": (
        *("NVIDIA A100-SXM4-40GB", "20B010DE", "134F10DE", 40960, "570.148.08", "12.8", "8.0"),
        *("92.00.45.00.03", "692-2G506-0200-003", 1, "00000000:06:00.0", "HMM"),
        *(33, 34, 65536, 49680, [100000, 400000, 400000], [210, 210, 1215, 585]),
        *([1410, 1410, 1215, 1290], [4, 16], "Enabled"),
    ),
    "a10g.xml": (
        *("NVIDIA A10G", "000000DE", "000000DE", 23028, "515.105.01", "11.7", "8.6"),
        *("94.02.75.00.01", None, 1, "00000000:00:1E.0", None),
        *(17, None, 32768, 25580, [100000, 300000, 300000], [210, 210, 405, 555]),
        *([1710, 1710, 6251, 1500], [4, 16], "Enabled"),
    ),
    "b200.xml": (
        *("NVIDIA B200", "290110DE", "199910DE", 183359, "580.105.08", "13.0", "10.0"),
        *("97.00.FA.00.09", "692-2G525-0220-500", 2, "00000000:8F:00.0", "NONE"),
        *(39, 39, 262144, 195790, [200000, 1000000, 1000000], [120, 120, 3996, 600]),
        *([1965, 1965, 3996, 1965], [5, 16], "Enabled"),
    ),
    "gb200.xml": (
        *("NVIDIA GB200", "294110DE", "204610DE", 189471, "580.173.02", "13.0", "10.0"),
        *("97.00.B9.00.69", "900-2G548-A801-000", 2, "00000000:29:00.0", "ATS"),
        *(27, 27, 262144, 165930, [200000, 1200000, 1200000], [120, 120, 3996, 600]),
        *([2062, 2062, 3996, 1890], [5, 16], "Enabled"),
    ),
    "gb300.xml": (
        *("NVIDIA GB300", "31C210DE", "21F110DE", 284208, "580.173.02", "13.0", "10.3"),
        *("97.10.4A.00.1A", "900-2G548-0081-000", 4, "00000008:06:00.0", "ATS"),
        *(38, 38, 524288, 180290, [200000, 1400000, 1400000], [120, 120, 3996, 600]),
        *([2070, 2070, 3996, 1912], [6, 16], "Enabled"),
    ),
    "h100.xml": (
        *("NVIDIA H100 80GB HBM3", "233010DE", "16C110DE", 81559, "580.105.08", "13.0", "9.0"),
        *("96.00.99.00.01", "692-2G520-0200-000", 2, "00000000:53:00.0", "HMM"),
        *(29, 37, 131072, 68920, [200000, 700000, 700000], [345, 345, 2619, 765], *_HOPPER),
    ),
    "l40s.xml": (
        *("NVIDIA L40S", "26B910DE", "185110DE", 46068, "595.91.07", "13.2", "8.9"),
        *("95.02.66.00.15", "900-2G133-A880-000", 1, "00000000:30:00.0", "HMM"),
        *(29, None, 65536, 66160, [100000, 350000, 350000], [2040, 2040, 9001, 1725]),
        *([2520, 2520, 9001, 1965], [4, 16], "Enabled"),
    ),
    "t4.xml": (
        *("Tesla T4", "1EB810DE", "12A210DE", 15360, "595.91.07", "13.2", "7.5"),
        *("90.04.96.00.02", "900-2G183-A800-001", 1, "00000000:00:1E.0", "HMM"),
        *(33, None, 256, 33510, [60000, 70000, 70000], [1590, 1590, 5000, 1470]),
        *([1590, 1590, 5001, 1470], [3, 16], "Enabled"),
    ),
    "tesla-t4.xml": (
        *("Tesla T4", "1EB810DE", "12A210DE", 15360, "515.105.01", "11.7", "7.5"),
        *("90.04.84.00.06", None, 1, "00000000:00:1E.0", None),
        *(40, None, 256, 26780, [60000, 70000, 70000], [585, 585, 5000, 810]),
        *([1590, 1590, 5001, 1470], [3, 16], "Enabled"),
    ),
    "nvidia-geforce-rtx-2080-super__610.57.04.txt": (
        *("NVIDIA GeForce RTX 2080 SUPER", "1E8110DE", "40051458", 8192, "610.57.04", "13.3", "7.5"),
        *("90.04.7A.40.73", None, 1, "00000000:0C:00.0", "HMM"),
        *(33, None, 256, 38890, [105000, 250000, 350000], [300, 300, 405, 540]),
        *([2145, 2145, 7751, 1995], [3, 16], None),
    ),
    "nvidia-h100-80gb-hbm3__590.48.01.txt": (
        *("NVIDIA H100 80GB HBM3", "233010DE", "16C110DE", 81559, "590.48.01", "13.1", "9.0"),
        *("96.00.A5.00.01", "692-2G520-0200-000", 1, "00000000:00:09.0", "NONE"),
        *(41, 48, 131072, 69620, [200000, 700000, 700000], [345, 345, 2619, 765], *_HOPPER),
    ),
    "nvidia-h200-mig__590.48.01.txt": (
        *("NVIDIA H200", "233510DE", "18BE10DE", 143771, "590.48.01", "13.1", "9.0"),
        *("96.00.A5.00.03", "695-2G520-0280-001", 1, "00000000:83:00.0", "NONE"),
        *(28, 32, 262144, 77880, [200000, 700000, 700000], [345, 345, 3201, 765]),
        *([1980, 1980, 3201, 1545], [5, 16], "Enabled"),
    ),
    H200: (
        *("NVIDIA H200", "233510DE", "18BE10DE", 143771, "590.48.01", "13.1", "9.0"),
        *("96.00.A5.00.03", "695-2G520-0280-001", 1, "00000000:83:00.0", "NONE"),
        *(28, 32, 262144, 77880, [200000, 700000, 700000], [345, 345, 3201, 765]),
        *([1980, 1980, 3201, 1545], [5, 16], "Enabled"),
    ),
    "nvidia-l40s__595.80.txt": (
        *("NVIDIA L40S", "26B910DE", "185110DE", 46068, "595.80", "13.2", "8.9"),
        *("95.02.66.00.02", "900-2G133-0080-000", 1, "00000000:01:00.0", "HMM"),
        *(64, None, 65536, 119880, [100000, 350000, 350000], [2520, 2520, 9001, 1965]),
        *([2520, 2520, 9001, 1965], [4, 16], "Enabled"),
    ),
    "vera-rubin.xml": (
        *("NVIDIA Graphics Device", "307F10DE", "221A10DE", 286524, "615.23", "13.4", "10.7"),
        *("99.00.1B.00.00", "699-2G558-3201-TS3", 1, "00000002:81:00.0", "ATS"),
        *(30, None, 524288, 399170, [200000, 2300000, 2300000], [120, 120, 3186, 744]),
        *([2424, 2424, 4752, 2412], [6, 16], "Enabled"),
    ),
}
KEYS = (
    *(
        "product_name",
        "pci_device_id",
        "pci_subsystem_id",
        "memory_mib",
        "driver_version",
        "cuda_version",
        "compute_capability",
    ),
    *("vbios_version", "board_part_number", "gpu_count", "first bus ID", "addressing_mode"),
)
READINGS = (
    *("temperature_c", "memory_temperature_c", "bar1_mib", "power_mw", "power_limits_mw", "clocks_mhz"),
    *("max_clocks_mhz", "pcie_link", "ecc_mode"),
)
# What a document has that a definition does not: what runs, and what a node derives from its seed.
NOT_CARRIED = (
    "processes",
    "Processes",
    "accounted_processes",
    "mig_devices",
    "MIG Device",
    "uuid",
    "serial",
    "minor_number",
)
NOT_CARRIED += ("platformInfo/chassis_serial_number",)


def captured(name):
    path = os.path.join(CAPTURES, name)
    return read_captures({path: read_text(path)})


def test_every_capture_is_here():
    assert {name for name in os.listdir(CAPTURES) if name != "README.md"} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_values_of_a_capture(name):
    facts, notes = definition_of(captured(name))
    readings = facts["readings"]
    told = [facts.get(key, facts["pci_bus_ids"][0] if "bus" in key else None) for key in KEYS]
    told += [readings.get(key) for key in READINGS]
    assert told == list(EXPECTED[name])
    assert "uuids" not in facts and "serials" not in facts
    # What the capture does not say is named, and nothing else is.
    named = ", ".join(note.partition("not in the input: ")[2] for note in notes).split(", ")
    for key, value in zip((*KEYS, *(f"readings.{key}" for key in READINGS)), EXPECTED[name], strict=True):
        assert (key in named) is (value is None), key


@pytest.mark.parametrize("name", EXPECTED)
def test_every_element_of_a_capture_is_carried(name):
    """The definition says of every GPU what its document says: no element is missing, and none is there that it does not have."""
    capture = captured(name)
    facts, _notes = definition_of(capture)
    document = Document(Report(build_machine("imported", facts)))
    for gpu, captured_document in enumerate(capture.documents):
        shown = {
            path
            for path, label, having in document.rows
            if gpu in having and path[-1] != "/" and (label or capture.is_xml)
        }
        told = dict(captured_document if capture.is_xml else by_element(captured_document, document.report.version))
        if not capture.is_xml:
            told.setdefault("supported_clocks", document.text(gpu, "supported_clocks"))  # -q does not show them
            shown -= {"supported_gpu_target_temp/gpu_target_temp_min", "supported_gpu_target_temp/gpu_target_temp_max"}
        shown, told = (
            {path: text for path, text in texts.items() if not path.startswith(NOT_CARRIED)}
            for texts in ({path: document.text(gpu, path) for path in shown}, told)
        )
        assert shown == told


def test_the_idle_section_is_taken():
    text = read_text(os.path.join(CAPTURES, H200))
    idle, load = (re.findall(r"Instantaneous Power Draw +: (\d+)", text)[index] for index in (0, 1))
    assert float(load) > float(idle), "the capture has both"
    assert definition_of(captured(H200))[0]["readings"]["power_mw"] == 77880
    parts = re.split(r"(?=^#{20,}\n# (?:idle|load) ::)", text, flags=re.M)
    turned = "".join([parts[0], *reversed(parts[1:])])
    assert definition_of(read_captures({"turned": turned}))[0]["readings"]["power_mw"] == 77880


def test_what_other_commands_say():
    facts, notes = definition_of(captured(H200))
    assert facts["nvlink_links"] == 18
    assert notes == ["from machine type dgxh200, which has the same board: mig_profiles"]
    assert definition_of(captured("nvidia-l40s__595.80.txt"))[0]["nvlink_links"] == 0
    mig = definition_of(captured("nvidia-h200-mig__590.48.01.txt"))[1]
    assert mig == ["from machine type dgxh200, which has the same board: nvlink_links, mig_profiles"]


TOPOLOGY = """\
\tGPU0\tGPU1\tGPU2\tGPU3\tNIC0\tCPU Affinity\tNUMA Affinity\tGPU NUMA ID
GPU0\t X \tPIX\tSYS\tSYS\tPXB\t0-31\t0\t\tN/A
GPU1\tPIX\t X \tSYS\tSYS\tPXB\t0-31\t0\t\tN/A
GPU2\tSYS\tSYS\t X \tPXB\tSYS\t32-63\t1\t\tN/A
GPU3\tSYS\tSYS\tPXB\t X \tSYS\t32-63\t1\t\tN/A
NIC0\tPXB\tPXB\tSYS\tSYS\t X

Legend:
"""
LINKS = "".join(
    f"GPU {gpu}: NVIDIA X (UUID: GPU-{gpu})\n" + "\t Link 0: 25 GB/s\n\t Link 1: 25 GB/s\n" for gpu in range(4)
)


def test_links_that_lead_nowhere():
    facts, _notes = definition_of(captured("nvidia-geforce-rtx-2080-super__610.57.04.txt"))
    assert (facts["nvlink_inactive"], facts["nvlink_links"]) == (True, 0)
    facts, _notes = definition_of(captured(H200))
    assert "nvlink_inactive" not in facts and "nvlink_mb_per_s" not in facts
    assert (facts["cpu_affinity"], facts["numa_nodes"], "topology" in facts) == (["0-23"], ["0"], False)


def test_files_of_several_commands():
    text = read_text(os.path.join(CAPTURES, "gb300.xml"))
    facts, notes = definition_of(read_captures({"q": text, "topo": TOPOLOGY, "nvlink": LINKS}))
    assert (facts["gpus_per_socket"], facts["gpus_per_pcie_switch"], facts["nvlink_links"]) == (2, 2, 2)
    assert "gpus_per_socket" not in " ".join(notes)
    assert facts["topology"] == ["X PIX SYS SYS", "PIX X SYS SYS", "SYS SYS X PXB", "SYS SYS PXB X"]
    assert (facts["cpu_affinity"], facts["numa_nodes"]) == (["0-31"] * 2 + ["32-63"] * 2, ["0", "0", "1", "1"])
    assert facts["nvlink_mb_per_s"] == 25000, "those of a Blackwell are faster"
    nvlink = TOPOLOGY.replace("PIX", "NV2").replace("PXB", "NV2").replace("SYS", "NV2")
    facts, notes = definition_of(read_captures({"topo": nvlink, "q": text}))
    assert facts["gpus_per_socket"] == 2 and "gpus_per_pcie_switch" not in facts
    uneven = TOPOLOGY.replace("32-63\t1", "0-31\t0", 1)
    assert "gpus_per_socket" not in definition_of(read_captures({"topo": uneven, "q": text}))[0]
    assert (
        definition_of(read_captures({"q": text, "cap": "name, compute_cap\nNVIDIA X, 99.1\n"}))[0]["compute_capability"]
        == "99.1"
    )


# --- the importer knows formats, not files ---


@pytest.mark.parametrize("name", EXPECTED)
def test_the_name_of_a_file_does_not_matter(tmp_path, name):
    other = tmp_path / "x"
    shutil.copy(os.path.join(CAPTURES, name), other)
    assert definition_of(read_captures({str(other): read_text(str(other))})) == definition_of(captured(name))


def test_a_capture_with_other_values_gives_them():
    text = read_text(os.path.join(CAPTURES, H200))
    for old, new in (
        *(
            ("NVIDIA H200", "NVIDIA X900"),
            ("143771 MiB", "99999 MiB"),
            ("0x233510DE", "0xABCD10DE"),
            ("0x18BE10DE", "0x123410DE"),
        ),
        *(
            ("590.48.01", "601.12"),
            ("CUDA Version   ", "CUDA Version  "),
            ("13.1", "14.7"),
            ("96.00.A5.00.03", "A1.B2.C3.D4.E5"),
        ),
        *(
            (": Hopper", ": Rubin"),
            ("0000:83:00.0", "0001:AA:00.0"),
            ("1545 MHz", "1777 MHz"),
            ("77.88 W", "12.3 W"),
            ("9.0,", "10.7,"),
        ),
    ):
        assert old in text, old
        text = text.replace(old, new)
    facts, notes = definition_of(read_captures({"any": text}))
    assert (facts["product_name"], facts["memory_mib"], facts["architecture"]) == ("NVIDIA X900", 99999, "Rubin")
    assert (facts["pci_device_id"], facts["pci_subsystem_id"], facts["pci_bus_ids"]) == (
        "ABCD10DE",
        "123410DE",
        ["00000001:AA:00.0"],
    )
    assert (facts["driver_version"], facts["cuda_version"], facts["compute_capability"]) == ("601.12", "14.7", "10.7")
    assert (facts["vbios_version"], facts["readings"]["power_mw"], facts["readings"]["max_clocks_mhz"][3]) == (
        "A1.B2.C3.D4.E5",
        12300,
        1777,
    )
    assert "mig_profiles" in " ".join(notes), "no machine type has this board"


XML = """<?xml version="1.0" ?>
<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">
<nvidia_smi_log><driver_version>{driver}</driver_version><cuda_version>{cuda}</cuda_version>{gpus}</nvidia_smi_log>
"""
GPU = """<gpu id="{bus}"><product_name>{name}</product_name><product_architecture>Turing</product_architecture>
<uuid>{uuid}</uuid><serial>{serial}</serial><fb_memory_usage><total>{memory} MiB</total></fb_memory_usage>
<temperature><gpu_temp>{heat} C</gpu_temp></temperature></gpu>"""


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 1 << 30),
    st.integers(0, 150),
    st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=8, unique=True),
    st.integers(300, 999),
    st.uuids(),
)
def test_any_values_arrive(memory, heat, domains, branch, seed):
    uuids = [f"GPU-{str(seed)[:-4]}{index:04x}" for index in range(len(domains))]
    gpus = [
        GPU.format(
            bus=f"0000{domain:04X}:1F:00.0",
            name="NVIDIA T",
            uuid=uuids[index],
            serial=165 + index,
            memory=memory,
            heat=heat,
        )
        for index, domain in enumerate(domains)
    ]
    text = XML.format(driver=f"{branch}.7", cuda="12.9", gpus="".join(gpus))
    facts, _notes = definition_of(read_captures({"x": text}), keep_identity=True)
    machine = build_machine("x", facts)
    assert (machine.driver_version, machine.cuda_version, machine.model.memory_mib) == (f"{branch}.7", (12, 9), memory)
    assert [gpu.pci_bus_id for gpu in machine.gpus] == [f"{domain:04x}:1f:00.0" for domain in domains]
    assert [gpu.uuid for gpu in machine.gpus] == uuids and machine.model.readings.temperature_c == heat
    assert [gpu.serial for gpu in machine.gpus] == [str(165 + index) for index in range(len(domains))]


# --- identity ---


def test_identity_is_kept_on_request_only():
    path = os.path.join(CAPTURES, "gb300.xml")
    text = read_text(path)
    for index in range(4):
        text = re.sub(
            r"<uuid>GPU-0+-0000-0000-0000-0+</uuid>",
            f"<uuid>GPU-12345678-1234-1234-1234-00000000000{index}</uuid>",
            text,
            count=1,
        )
    uuids = re.findall(r"<uuid>(.*?)</uuid>", text)
    serials = re.findall(r"<serial>(.*?)</serial>", text)
    chassis = re.search(r"<chassis_serial_number>(\d+)<", text)[1]
    facts, notes = definition_of(read_captures({"q": text}), keep_identity=True)
    assert (facts["uuids"], facts["serials"]) == (uuids, serials)
    assert "uuids" not in " ".join(notes)
    facts, _notes = definition_of(read_captures({"q": text}))
    for personal in (*uuids, *serials, chassis):
        assert personal not in json.dumps(facts)


def test_masked_identities_are_not_kept():
    facts, notes = definition_of(captured(H200), keep_identity=True)
    assert "uuids" not in facts and "serials" not in facts
    assert notes[-1] == "not in the input: uuids, serials"


# --- the command ---


def run(*arguments):
    return subprocess.run([sys.executable, "-I", "-S", CLI, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["gb300.xml", H200])
@pytest.mark.parametrize("suffix", ["yml", "json"])
def test_a_definition_makes_a_node(tmp_path, name, suffix):
    path = tmp_path / f"mine.{suffix}"
    done = run("machines", "import", os.path.join(CAPTURES, name), "--output", str(path))
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    facts = json.loads(path.read_text()) if suffix == "json" else yaml.safe_load(path.read_text())
    assert facts == definition_of(captured(name))[0]
    read = [sys.executable, CLI, "machines", "--machine-file", str(path), "--output", "json"]
    told = json.loads(subprocess.run(read, capture_output=True, text=True, check=True).stdout)
    assert told["model"]["product_name"] == EXPECTED[name][0] and len(told["gpus"]) == EXPECTED[name][9]
    assert build_machine("mine", facts, uuid_seed="s").gpus[0].name == EXPECTED[name][0]


def test_standard_output_is_the_same_definition(tmp_path):
    done = run("machines", "import", os.path.join(CAPTURES, "a10g.xml"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "# not in the input: board_part_number, addressing_mode" in done.stdout
    assert yaml.safe_load(done.stdout) == definition_of(captured("a10g.xml"))[0]
    run("machines", "import", os.path.join(CAPTURES, "a10g.xml"), f"--output={tmp_path}/x.yml")
    assert (tmp_path / "x.yml").read_text() == done.stdout
    assert os.listdir(tmp_path) == ["x.yml"]


def bad_inputs():
    text = read_text(os.path.join(CAPTURES, "h100.xml"))
    return {
        "empty": b"",
        "text": b"hello\n",
        "binary": bytes(range(256)),
        "other-xml": b"<?xml version='1.0'?><a><b/></a>",
        "no-gpu": b"<nvidia_smi_log><driver_version>580.1</driver_version></nvidia_smi_log>",
        "cut-off": text[: len(text) // 2].encode(),
        "broken": text.replace("</pci>", "</pic>", 1).encode(),
        "entities": b'<!DOCTYPE nvidia_smi_log [<!ENTITY a "aaaa">]><nvidia_smi_log><gpu id="&a;"/></nvidia_smi_log>',
        "topology-alone": TOPOLOGY.encode(),
        "table": b"| NVIDIA-SMI 590.48.01  Driver Version: 590.48.01   CUDA Version: 13.1 |\n",
        "two-kinds": text.replace("NVIDIA H100 80GB HBM3", "NVIDIA H100 PCIe", 1).encode(),
        "no-memory": re.sub(r"<fb_memory_usage>.*?</fb_memory_usage>", "", text, flags=re.S).encode(),
        "no-driver": re.sub(r"<driver_version>.*?</driver_version>", "", text).encode(),
        "odd-bus-id": text.replace("00000000:53:00.0", "somewhere").encode(),
        "same-bus-ids": text.replace(":64:00.0", ":53:00.0").encode(),
        "partial": b"==============NVSMI LOG==============\n\nAttached GPUs  : 1\nGPU 00000000:83:00.0\n"
        b"    FB Memory Usage\n        Total : 5 MiB\n",
    }


@pytest.mark.parametrize("what", sorted(bad_inputs()))
def test_anything_else_is_one_line(tmp_path, what):
    path = tmp_path / "input"
    path.write_bytes(bad_inputs()[what])
    done = run("machines", "import", str(path), "--output", str(tmp_path / "out.yml"))
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("gpu-mockctl: "), done.stderr
    assert os.listdir(tmp_path) == ["input"]


@pytest.mark.parametrize("arguments", [[], ["--keep-identity"], ["."], ["/nonexistent"], ["--what", "x"], ["a\0b"]])
def test_bad_arguments_are_one_line(capsys, arguments):
    assert main(["machines", "import", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1


def test_two_descriptions_are_refused(capsys):
    files = [os.path.join(CAPTURES, name) for name in ("h100.xml", "b200.xml")]
    assert main(["machines", "import", *files]) == 2
    assert "described by" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_one_line(tmp_path, capsys):
    target = tmp_path / "none" / "x.yml"
    assert main(["machines", "import", os.path.join(CAPTURES, "h100.xml"), "--output", str(target)]) == 1
    said = capsys.readouterr()
    assert said.out == "" and said.err == f"gpu-mockctl: {target}: No such file or directory\n"


_LINES = {
    name: read_text(os.path.join(CAPTURES, name)).split("\n")
    for name in ("h100.xml", "a10g.xml", "nvidia-h200-mig__590.48.01.txt")
}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(_LINES)), st.data())
def test_damaged_captures_are_read_or_refused(name, data):
    """Lines that are lost, repeated or changed: a definition that a machine can be made of, or an error of one line."""
    lines = list(_LINES[name])
    for _change in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(lines) - 1))
        kind = data.draw(st.sampled_from(["cut", "drop", "double", "text", "indent"]))
        if kind == "cut":
            lines[place] = lines[place][: data.draw(st.integers(0, 60))]
        elif kind == "drop":
            del lines[place : place + data.draw(st.integers(1, 30))]
            lines.append("")
        elif kind == "double":
            lines.insert(place, lines[place])
        elif kind == "text":
            lines[place] = data.draw(st.text(max_size=40))
        else:
            lines[place] = "    " + lines[place]
    try:
        facts, notes = definition_of(read_captures({name: "\n".join(lines)}))
    except NvmockError as error:
        assert isinstance(error, UsageError) and "\n" not in str(error)
        return
    build_machine("x", facts)
    assert all("\n" not in note for note in notes)


def test_no_type_is_needed_for_a_board_of_ones_own(monkeypatch):
    """Without any machine type the values of the capture are the same."""
    before = definition_of(captured("h100.xml"))[0]
    monkeypatch.setattr(types, "names", list)
    after, notes = definition_of(captured("h100.xml"))
    # Without MIG profiles, it does not follow that the board has a MIG mode.
    assert after["report"].pop("mig_mode") == {"current_mig": "Disabled", "pending_mig": "Disabled"}
    assert {key: value for key, value in before.items() if key not in ("mig_profiles", "nvlink_links")} == after
    assert "nvlink_links" in notes[-1] and "mig_profiles" in notes[-1]
