# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""NVIDIA's own nvidia-smi works on libnvidia-ml.so.1, and prints what the document of the same machine says."""

from __future__ import annotations

import os
import pathlib
import platform
import re
import subprocess
from xml.etree import ElementTree

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils import native
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.nvml_facts import nvml_facts
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.document.texts import Report

from .conftest import ROOT
from .nvml_node import make_nodes

INSTALLED = [
    line.split()
    for line in subprocess.run(
        [ROOT / "scripts" / "install-nvidia-smi", "--list"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
]
VERSIONS = [version for version, _path, _state in INSTALLED]
# (machine type, changes)
KINDS = {
    "a100": ("dgxa100", {"gpu_count": 2}),
    "h100": ("dgxh100", {"gpu_count": 2}),
    "h100-mig": ("dgxh100", {"gpu_count": 2, "mig_layout": {0: ["3g.40gb", "1g.10gb"]}}),
    "l40s": ("l40s", {}),
    "t4": ("tesla-t4", {}),
}
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes a GPU")
# Elements that are not compared: what every run has anew, the driver's own time zone, and what follows from other elements.
APART = (
    "inforom_bbx_flush/latest_timestamp",
    "processes",
    "mig_devices",
    "supported_clocks",
    "pci/pci_bus",
    "pci/pci_device",
)


class Smi:
    """The program with a library that has the facts of a machine."""

    def __init__(self, program, image, place, kind, version):
        base, changes = KINDS[kind]
        self.program = program
        self.machine = build_machine(base, uuid_seed="s", driver_version=version, **changes)
        self.branch = int(version.partition(".")[0])
        self.place = place
        (place / "libnvidia-ml.so.1").write_bytes(native.with_facts(image, nvml_facts(self.machine)))
        make_nodes(self.machine, place / "dev")

    def run(self, *arguments):
        environment = {"NVMOCK_DEV": str(self.place / "dev"), "LD_LIBRARY_PATH": str(self.place), "TZ": "UTC"}
        return subprocess.run(
            [self.program, *arguments], capture_output=True, text=True, check=False, env=environment, timeout=60
        )

    def __call__(self, *arguments):
        done = self.run(*arguments)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout


def make(version, kind, image, place):
    (path,) = [path for known, path, state in INSTALLED if known == version and state == "installed"] or [None]
    if path is None:
        pytest.skip(f"NVIDIA's nvidia-smi {version} is not there: run scripts/install-nvidia-smi")
    if platform.machine() != "x86_64":
        pytest.skip("NVIDIA's nvidia-smi is for x86_64")
    return Smi(path, image, place, kind, version)


@pytest.fixture(params=[(version, kind) for version in VERSIONS for kind in KINDS], ids="-".join)
def smi(request, nvml_image, tmp_path):
    return make(*request.param, nvml_image, tmp_path)


@pytest.fixture(params=VERSIONS)
def a100(request, nvml_image, tmp_path):
    return make(request.param, "a100", nvml_image, tmp_path)


@pytest.fixture(params=VERSIONS)
def mig(request, nvml_image, tmp_path):
    return make(request.param, "h100-mig", nvml_image, tmp_path)


def test_list(smi):
    expected = []
    for gpu in smi.machine.gpus:
        expected.append(f"GPU {gpu.index}: {gpu.name} (UUID: {gpu.uuid})")
        expected += [f"  MIG {one.profile:<11} Device  {one.index}: (UUID: {one.uuid})" for one in gpu.mig_devices]
    assert smi("-L").splitlines() == expected


def test_table(smi):
    lines = smi().splitlines()
    head = next(line for line in lines if "Driver Version" in line)
    assert re.findall(r"[\d.]+", head)[1:] == [smi.machine.driver_version, "%d.%d" % smi.machine.cuda_version]
    report = Report(smi.machine)
    for gpu in smi.machine.gpus:
        place = next(index for index, line in enumerate(lines) if re.match(rf"\|\s+{gpu.index}  {gpu.name} ", line))
        degrees = report.text(gpu.index, "temperature/gpu_temp").replace(" ", "")
        total = report.text(gpu.index, "fb_memory_usage/total").replace(" ", "")
        assert " On  |" in lines[place] and degrees in lines[place + 1] and total in lines[place + 1]
        assert lines[place + 2].split()[-2] == ("Enabled" if gpu.mig_enabled else lines[place + 2].split()[-2])
    assert any("No running processes found" in line for line in lines)


def flat(element, prefix=""):
    """The texts of an element's descendants by path."""
    found = {}
    for child in element:
        path = prefix + child.tag
        if len(child):
            found.update(flat(child, path + "/"))
        else:
            found[path] = (child.text or "").strip()
    return found


def allowed(smi, report, index, path):
    """What the program may print: branch 535 rounds memory down, and its power is the average that NVML returns as usage."""
    text = report.text(index, path).strip()
    if path == "gpu_power_readings/power_draw":
        return {text, report.text(index, "gpu_power_readings/average_power_draw")}
    if smi.branch < 550 and path.startswith("fb_memory_usage/") and text.endswith("MiB"):
        number = int(text.split()[0])
        return {text, f"{number - 1} MiB"}
    return {text}


def test_document(smi):
    """Each element is what the machine's own document has, whichever of both programs prints it."""
    report = Report(smi.machine)
    root = ElementTree.fromstring(smi("-q", "-x"))
    assert root.findtext("driver_version") == smi.machine.driver_version
    assert [gpu.findtext("uuid") for gpu in root.iter("gpu")] == [gpu.uuid for gpu in smi.machine.gpus]
    compared, wrong = 0, []
    for index, gpu in enumerate(root.iter("gpu")):
        for path, text in flat(gpu).items():
            if path.startswith(APART):
                continue
            compared += 1
            if text not in allowed(smi, report, index, path):
                wrong.append((index, path, text, report.text(index, path)))
    assert compared > 140 * len(smi.machine.gpus)
    assert wrong == []


def test_text_and_sections(smi):
    text = smi("-q")
    assert text.count("    Product Name") == len(smi.machine.gpus)
    for section in ("MEMORY", "ECC", "TEMPERATURE", "POWER", "CLOCK", "ROW_REMAPPER", "PAGE_RETIREMENT", "PERFORMANCE"):
        # Samples are in sections only.
        part = re.sub(r"(?m)^    \w[\w ]* Samples\n(        .*\n)*", "", smi("-q", "-d", section))
        told = {line for line in part.splitlines() if line.startswith("    ")}
        assert told and told <= set(text.splitlines()), section


def test_every_field(smi):
    """Of --help-query-gpu; none makes the query fail."""
    names = re.findall(r'^"([\w.]+)"', smi("--help-query-gpu"), re.M)
    assert len(names) > 130
    header, *rows = smi(f"--query-gpu={','.join(names)}", "--format=csv").splitlines()
    assert len(rows) == len(smi.machine.gpus)
    for gpu, row in zip(smi.machine.gpus, rows):
        told = dict(zip([name.partition(" [")[0] for name in header.split(", ")], row.split(", ")))
        assert (told["name"], told["uuid"], told["index"]) == (gpu.name, gpu.uuid, str(gpu.index))
        assert not any(word in row for word in ("Error", "Unknown", "ERR")), row


def test_topology(a100):
    lines = [line.split("\t") for line in a100("topo", "-m").splitlines()]
    assert lines[1][:3] == ["GPU0", " X ", "NV12"] and lines[2][:3] == ["GPU1", "NV12", " X "]
    assert "single PCIe switch" in a100("topo", "-p", "-i", "0,1")
    assert a100("topo", "-p2p", "r").splitlines()[1].split() == ["GPU0", "X", "OK"]
    assert "0, 1" in a100("topo", "-c", "0")


def test_links(a100):
    text = a100("nvlink", "-s")
    assert text.count(": 25 GB/s") == 2 * a100.machine.model.nvlink_links
    assert a100("nvlink", "-c").count("Link is supported: true") == 2 * a100.machine.model.nvlink_links
    errors = re.findall(r"Errors: (\d+)", a100("nvlink", "-e"))
    assert errors and set(errors) == {"0"}


def test_watching(a100):
    power = Report(a100.machine).number(0, "gpu_power_readings/power_draw")
    head, units, *rows = a100("dmon", "-c", "1").splitlines()
    assert head.split()[1:3] == ["gpu", "pwr"] and units.split()[1:3] == ["Idx", "W"]
    assert [row.split()[:2] for row in rows] == [["0", str(int(power))], ["1", str(int(power))]]
    assert [row.split()[:2] for row in a100("pmon", "-c", "1").splitlines()[2:]] == [["0", "-"], ["1", "-"]]


def test_instances(mig):
    profiles = {profile.name: profile for profile in mig.machine.model.mig_profiles}
    listed = re.findall(r"\|\s+0\s+MIG (\S+)\s+(\d+)\s+(\d+)/(\d+)\s+([\d.]+)\s+(Yes|No)\s+(\d+)", mig("mig", "-lgip"))
    assert {name for name, *_rest in listed} == set(profiles)
    for name, _id, _free, total, gib, _p2p, multiprocessors in listed:
        assert (int(total), int(multiprocessors)) == (profiles[name].instance_count, profiles[name].multiprocessors)
        assert abs(float(gib) - profiles[name].memory_mib / 1024) < 0.02
    instances = re.findall(r"MIG (\S+)\s+\d+\s+(\d+)\s+(\d+):(\d+)", mig("mig", "-lgi"))
    assert {(name, int(gi)) for name, gi, *_rest in instances} == {
        (one.profile, one.gi) for one in mig.machine.gpus[0].mig_devices
    }
    assert mig("mig", "-lci").count("MIG ") == 2
    # Of an H100 each slice has 16 multiprocessors, if a compute instance does not have all 60 of 3g.40gb.
    compute = dict(re.findall(r"MIG (\S+)\s+\d\*?\s+\d/\d\s+(\d+)", mig("mig", "-lcip")))
    assert compute == {"1g.10gb": "16", "1c.3g.40gb": "16", "2c.3g.40gb": "32", "3g.40gb": "60"}
    table = mig()
    assert "MIG devices" in table and "40448MiB" in table


@needs_root
@pytest.mark.parametrize(
    ("arguments", "last"),
    [
        ("-pm 1", "All done."),
        ("-c DEFAULT", "All done."),
        ("-e 1", "All done."),
        ("-p 0", "All done."),
        ("-mig 0", "All done."),
        ("-pl 400", "All done."),
        ("-rgc", "All done."),
        ("-rac", "All done."),
        ("-am 0", "All done."),
        ("-caa", "All done."),
        ("-r", "All done."),
        ("compute-policy --set-timeslice 2", "Successfully set timeslice policy with value Medium for GPU 1"),
    ],
)
def test_settings_that_the_gpus_have_already(a100, arguments, last):
    output = a100(*arguments.split())
    assert output.splitlines()[-1] == last and "warning" not in output


@needs_root
@pytest.mark.parametrize("arguments", ["-pm 0", "-c EXCLUSIVE_PROCESS", "-e 0", "-mig 1", "-pl 300", "-lgc 210,900"])
def test_settings_that_would_change_a_gpu(a100, arguments):
    """As on a board that can't: a warning, and exit status 0."""
    output = a100(*arguments.split())
    assert output.splitlines()[-1] == "All done." and "Treating as warning and moving on." in output


def test_without_a_driver(nvml_image, tmp_path):
    for version in VERSIONS:
        place = tmp_path / version
        place.mkdir()
        one = make(version, "a100", nvml_image, place)
        (place / "dev" / "nvidiactl").unlink()
        assert one.run().returncode == 9
    assert pathlib.Path(one.program).name == "nvidia-smi"
