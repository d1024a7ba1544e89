# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The stand-in programs, run for real: the static executables of this machine's architecture, and the shell's."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils import native
from ansible_collections.nvmock.gpu.plugins.module_utils.layout import programs
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.driver_files import PROGRAMS
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.mig import capability_minors
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.model import Readings

HERE = platform.machine()
SHELL = "riscv64"  # an architecture that has no executables


@pytest.fixture(params=["executable", "shell"])
def architecture(request):
    if request.param == "executable" and HERE not in native.ARCHITECTURES:
        pytest.skip(f"there are no executables for {HERE}")
    return HERE if request.param == "executable" else SHELL


@pytest.fixture
def executable():
    if HERE not in native.ARCHITECTURES:
        pytest.skip(f"there are no executables for {HERE}")
    return HERE


def run(tmp_path, content, *arguments, dev=None):
    """Run a program: an executable by itself, a script by sh."""
    path = tmp_path / "program"
    path.write_bytes(content)
    path.chmod(0o755)
    shell = ["sh"] if content.startswith(b"#!") else []
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "NVMOCK_DEV": str(dev or tmp_path / "dev")}
    return subprocess.run([*shell, str(path), *arguments], capture_output=True, text=True, check=False, env=environment)


def dev_with(tmp_path, *names):
    dev = tmp_path / "dev"
    (dev / "nvidia-caps").mkdir(parents=True)
    for name in ("nvidiactl", *names):
        (dev / name).write_bytes(b"")
    return dev


@pytest.mark.parametrize("option", ["-L", "--list-gpus"])
def test_smi_lists_the_gpus(tmp_path, option, architecture):
    machine = build_machine(uuid_seed="s")
    dev_with(tmp_path, *(f"nvidia{index}" for index in range(8)))
    done = run(tmp_path, programs.nvidia_smi(machine, architecture), option)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"GPU {gpu.index}: {gpu.name} (UUID: {gpu.uuid})" for gpu in machine.gpus]


def test_smi_shows_only_visible_gpus_numbered_anew(tmp_path, architecture):
    """As in a container that was given two of the GPUs."""
    machine = build_machine(uuid_seed="s")
    dev_with(tmp_path, "nvidia3", "nvidia5")
    done = run(tmp_path, programs.nvidia_smi(machine, architecture), "-L")
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["GPU 0", "GPU 1"]
    assert machine.gpus[3].uuid in done.stdout and machine.gpus[5].uuid in done.stdout


def test_smi_without_gpus(tmp_path, architecture):
    dev_with(tmp_path)
    text = programs.nvidia_smi(build_machine(), architecture)
    done = run(tmp_path, text, "-L")
    assert (done.returncode, done.stdout) == (0, "No devices found.\n")


def test_smi_without_a_driver(tmp_path, architecture):
    text = programs.nvidia_smi(build_machine(), architecture)
    (dev_with(tmp_path, "nvidia0") / "nvidiactl").unlink()
    for arguments in (["-L"], ["--version"], ["--no-such-option"]):
        done = run(tmp_path, text, *arguments)
        assert done.returncode == 9, arguments
        assert done.stdout.startswith("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. ")
    assert run(tmp_path, text, "-h").returncode == 0


def test_smi_lists_mig_devices(tmp_path, architecture):
    machine = build_machine(uuid_seed="s", mig_layout={0: ["3g.20gb", "1g.5gb"], 1: ["7g.40gb"]})
    dev = dev_with(tmp_path, "nvidia0", "nvidia1")
    text = programs.nvidia_smi(machine, architecture)
    assert len(run(tmp_path, text, "-L").stdout.splitlines()) == 2  # no capability is visible
    (dev / "nvidia-caps" / "nvidia-cap13").write_bytes(b"")
    lines = run(tmp_path, text, "-L").stdout.splitlines()
    device = machine.gpus[0].mig_devices[0]
    assert lines[1] == f"  MIG 3g.20gb     Device  0: (UUID: {device.uuid})"
    assert len(lines) == 3


def test_smi_numbers_the_mig_devices_that_are_visible(tmp_path, architecture):
    """As NVML does: the index is the one that finds the device."""
    machine = build_machine(uuid_seed="s", mig_layout={0: ["3g.20gb", "2g.10gb", "1g.5gb"], 1: ["7g.40gb"]})
    dev = dev_with(tmp_path, "nvidia0", "nvidia1")
    minors = capability_minors([0, 1])
    one, other = machine.gpus[0].mig_devices[1:]
    (alone,) = machine.gpus[1].mig_devices
    for gpu, device in ((0, one), (0, other), (1, alone)):
        minor = minors[f"gpu{gpu}/gi{device.gi}/ci{device.ci}/access"]
        (dev / "nvidia-caps" / f"nvidia-cap{minor}").write_bytes(b"")
    lines = run(tmp_path, programs.nvidia_smi(machine, architecture), "-L").stdout.splitlines()
    assert [line for line in lines if "MIG" in line] == [
        f"  MIG {device.profile:<11} Device {number:>2}: (UUID: {device.uuid})"
        for number, device in ((0, one), (1, other), (0, alone))
    ]


@pytest.mark.parametrize(
    "name", ["It's", 'say "hi"', "$(touch pwned)`id`", "back\\slash", "a;b|c&d", "%s %d", "-n", "{braces} {{x}}", "'"]
)
def test_odd_product_names(tmp_path, name, architecture):
    machine = build_machine(gpu_count=1, product_name=name, uuid_seed="s")
    dev_with(tmp_path, "nvidia0")
    done = run(tmp_path, programs.nvidia_smi(machine, architecture), "-L")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"GPU 0: {name} (UUID: {machine.gpus[0].uuid})\n"
    assert not os.path.exists("pwned")


def test_smi_version_and_help(tmp_path, architecture):
    text = programs.nvidia_smi(build_machine(), architecture)
    dev_with(tmp_path)
    done = run(tmp_path, text, "--version")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "NVIDIA-SMI version  : 550.54.15",
        "NVML version        : 550.54",
        "DRIVER version      : 550.54.15",
        "CUDA Version        : 12.4",
    ]
    for arguments in (["-h"], ["--help"]):
        done = run(tmp_path, text, *arguments)
        assert done.returncode == 0 and "mock" in done.stdout


def test_the_script_refuses_what_it_can_not_do(tmp_path):
    dev_with(tmp_path)
    for option in ("-q", "--loop=1", "nonsense"):
        done = run(tmp_path, programs.nvidia_smi(build_machine(), SHELL), option)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"nvidia-smi (mock): '{option}' is not implemented\n"


def query(tmp_path, machine, architecture, *arguments):
    done = run(tmp_path, programs.nvidia_smi(machine, architecture), *arguments)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout.splitlines()


def test_smi_answers_queries(tmp_path, executable):
    machine = build_machine(uuid_seed="s")
    dev_with(tmp_path, *(f"nvidia{index}" for index in range(8)))
    fields = "index,name,uuid,pci.bus_id,driver_version,memory.total,serial,compute_cap,temperature.gpu"
    lines = query(tmp_path, machine, executable, f"--query-gpu={fields}", "--format=csv")
    assert lines[0] == fields.replace(",", ", ").replace("memory.total", "memory.total [MiB]")
    for gpu, line in zip(machine.gpus, lines[1:]):
        bus = "0000" + gpu.pci_bus_id.upper()
        assert line.split(", ") == [
            *(str(gpu.index), gpu.name, gpu.uuid, bus, "550.54.15", "40960 MiB", gpu.serial, "8.0", "33")
        ]
    assert len(lines) == 9
    lines = query(tmp_path, machine, executable, "--query-gpu=gpu_name,gpu_bus_id,clocks.sm", "--format=csv")
    assert lines[0] == "name, pci.bus_id, clocks.current.sm [MHz]"
    lines = query(tmp_path, machine, executable, "--query-gpu", "memory.total", "--format", "csv,noheader,nounits")
    assert lines == ["40960"] * 8


def test_smi_chooses_gpus(tmp_path, executable):
    machine = build_machine(uuid_seed="s")
    dev_with(tmp_path, "nvidia2", "nvidia3", "nvidia5")
    wanted = machine.gpus[5]
    bus, full = wanted.pci_bus_id, "0000" + wanted.pci_bus_id
    spellings = (
        "2",
        "0x2",
        wanted.uuid,
        wanted.uuid.upper(),
        wanted.uuid[:12],
        bus,
        full,
        full.upper(),
        bus[5:],
        wanted.serial,
    )
    for name in (*spellings, bus[:-2], bus.replace(":0", ":").replace("0000", "0")):
        for form in (["-i", name], [f"--id={name}"], [f"-i={name}"], ["--id", name]):
            lines = query(tmp_path, machine, executable, "--query-gpu=index,uuid", "--format=csv,noheader", *form)
            assert lines == [f"2, {wanted.uuid}"], form
    for ids, found in (("2,0", [0, 2]), ("0,0", [0]), ("0,7", [0]), ("0,", [0])):
        asked = ["--query-gpu=index,count", "--format=csv,noheader", "-i", ids]
        assert query(tmp_path, machine, executable, *asked) == [f"{index}, 3" for index in found]
    for name in ("3", "8", "-1", machine.gpus[0].uuid, "GPU-", "GPU", machine.gpus[0].pci_bus_id, "x"):
        done = run(tmp_path, programs.nvidia_smi(machine, executable), "-q", "-i", name)
        assert (done.returncode, done.stdout) == (6, "No devices were found\n"), name
    for name in ("", ","):
        done = run(tmp_path, programs.nvidia_smi(machine, executable), "-q", "-i", name)
        assert (done.returncode, done.stdout) == (255, "Failed to parse device string on command line\n"), name


# Arguments, exit status, the line (or its beginning) that 550.163.01 prints.
_REFUSED = [
    ("--query-gpu=bogus --format=csv", 2, 'Field "bogus" is not a valid field to query.'),
    ("--query-gpu=name", 2, "\"--format=\" switch is missing. Please run 'nvidia-smi -h' for help."),
    ("--query-gpu=name --query-compute-apps=pid --format=csv", 2, "Only one --query-* switch can be used at a time."),
    ("--query-gpu=name --format=csv -q", 2, "ERROR: Option -q is not recognized. Please run 'nvidia-smi -h' for help."),
    ("--query-gpu --format=csv", 255, "ERROR: Option --query-gpu is missing its value."),
    ("--format=csv", 255, "ERROR: Option --format=csv is not recognized. Please run 'nvidia-smi -h'."),
    ("-L --query-gpu=name --format=csv", 2, "ERROR: Option --query-gpu=name is not valid for this command."),
    ("-L -i 0", 2, "ERROR: Option -i is not valid for this command."),
    ("-L -B", 2, "ERROR: Only one command can be run at a time."),
    ("-L --version", 2, "ERROR: Option -L is not valid for this command."),
    ("nonsense", 255, "ERROR: Option nonsense is not recognized. Please run 'nvidia-smi -h'."),
    ("-i", 255, "ERROR: Option -i is missing its value. Please run 'nvidia-smi -h' for help."),
    ("-u", 2, "Invalid combination of input arguments. Specify -q/--query and -u/--unit to run a unit query."),
    ("-x", 2, "Invalid combination of input arguments. Specify -q/--query and -x/--xml-format to run an XML query."),
    ("-d MEMORY", 2, "Invalid combination of input arguments. Specify -q/--query and -d/--display to run a filtered"),
    ("-q -x -d MEMORY", 2, "Invalid combination of input arguments: --display/-d flags can not be combined with -x"),
    ("-q -l 0", 2, "Provided [-l(ms) | --loop(-ms)=] value is incorrect. Loop frequency must be greater than 0."),
    ("-q -f /nonexistent/x", 255, "Failed to create the log file /nonexistent/x"),
    ("-pm 1 -c 0", 2, "Invalid combination of input arguments. Only one device modification may be done at a time."),
    ("-pm 1 -q", 255, "ERROR: Option -q is not recognized. Please run 'nvidia-smi -h' for help."),
    ("-pm", 255, "ERROR: Option -pm is missing its value."),
    ("-e abc", 2, "ERROR: Option abc is invalid for -e. Please run 'nvidia-smi -h' for help."),
    ("-m 0", 2, "Invalid combination of input arguments. '--mode' can only be used with '--lock-gpu-clocks'."),
    ("-t 0", 6, "No units found in system"),
    ("topo foo", 2, 'Option "foo" is not recognized.'),
    ("topo -p2p", 2, 'Option "-p2p" is missing its value.'),
    ("topo -c x", 2, 'Option "x" is invalid for "-c".'),
    ("nvlink -i 9 -s", 6, "No devices were found"),
]


@pytest.mark.parametrize(("arguments", "status", "line"), _REFUSED, ids=[row[0] for row in _REFUSED])
def test_smi_refuses_as_nvidias(tmp_path, executable, arguments, status, line):
    dev_with(tmp_path, "nvidia0")
    done = run(tmp_path, programs.nvidia_smi(build_machine(), executable), *arguments.split(" "))
    assert (done.returncode, done.stderr) == (status, "")
    assert done.stdout.startswith(line) and len(done.stdout.rstrip().splitlines()) == 1


def test_smi_of_470_refuses_in_general_words(tmp_path, executable):
    dev_with(tmp_path, "nvidia0")
    text = programs.nvidia_smi(build_machine(driver_version="470.256.02"), executable)
    for arguments in (["nonsense"], ["-L", "-i", "0"], ["-pm", "1", "-c", "0"], ["--version"]):
        done = run(tmp_path, text, *arguments)
        expected = "Invalid combination of input arguments. Please run 'nvidia-smi -h' for help.\n\n"
        assert (done.returncode, done.stdout) == (2, expected)


@pytest.mark.parametrize("name", ["NVIDIA A100-SXM4-40GB", "x", "N" * 95])
def test_smi_shows_the_table(tmp_path, executable, name):
    machine = build_machine(uuid_seed="s", product_name=name, gpu_count=2)
    dev_with(tmp_path, "nvidia0", "nvidia1")
    lines = query(tmp_path, machine, executable)
    assert {len(line) for line in lines[1:] if line.strip()} == {91}
    assert "Driver Version: 550.54.15 " in lines[2] and "CUDA Version: 12.4 " in lines[2]
    rows = [line for line in lines if f"  {name[:24]}" in line]
    assert [row.split()[1] for row in rows] == ["0", "1"]
    assert "00000000:0F:00.0" in rows[1]
    assert sum("40960MiB" in line for line in lines) == 2
    rows = [line for line in lines if "0MiB /  40960MiB" in line]
    assert len(rows) == 2
    assert all(row.startswith("| N/A   33C    P0             49W /  400W |") for row in rows)
    assert all(row.endswith("|      0%      Default |") for row in rows), "nothing runs on a mock"


@pytest.mark.parametrize(
    ("machine", "row", "errors"),
    [
        ("go-nvml-dgxh200", "| N/A   N/A  N/A              N/A /  N/A  |", "N/A"),
        ("dgxb200", "| N/A   39C    P0            195W / 1000W |", "0"),
    ],
)
def test_the_table_has_the_readings_of_the_type(tmp_path, executable, machine, row, errors):
    dev_with(tmp_path, "nvidia0")
    lines = query(tmp_path, build_machine(machine, uuid_seed="s"), executable)
    assert {len(line) for line in lines[1:] if line.strip()} == {91}
    assert lines[9].startswith(row), lines[9]
    assert lines[8].endswith(f" Off | {errors:>20} |"), lines[8]


READINGS = {
    "temperature.gpu": "33",
    "temperature.memory": "34",
    "power.draw": "49.68 W",
    "power.limit": "400.00 W",
    "power.default_limit": "400.00 W",
    "power.min_limit": "100.00 W",
    "power.max_limit": "400.00 W",
    "clocks.gr": "210 MHz",
    "clocks.sm": "210 MHz",
    "clocks.mem": "1215 MHz",
    "clocks.video": "585 MHz",
    "clocks.max.gr": "1410 MHz",
    "clocks.max.sm": "1410 MHz",
    "clocks.max.mem": "1215 MHz",
    "pstate": "P0",
    "pcie.link.gen.max": "4",
    "pcie.link.width.current": "16",
    "ecc.mode.current": "Enabled",
    "ecc.errors.uncorrected.volatile.total": "0",
}


def test_smi_answers_queries_of_readings(tmp_path, executable):
    """Those of the capture (machines/dgxa100.py)."""
    dev_with(tmp_path, "nvidia0")
    machine = build_machine(uuid_seed="s", gpu_count=1)
    asked = ["--query-gpu=" + ",".join(READINGS), "--format=csv,noheader"]
    assert query(tmp_path, machine, executable, *asked) == [", ".join(READINGS.values())]
    machine.model.readings = Readings()
    # The temperature of a memory that has none is not in brackets, as in the captures.
    nothing = ["N/A" if field == "temperature.memory" else "[N/A]" for field in READINGS]
    assert query(tmp_path, machine, executable, *asked) == [", ".join(nothing)]


def test_smi_knows_of_no_process(tmp_path, executable):
    dev_with(tmp_path, "nvidia0")
    machine = build_machine(uuid_seed="s", gpu_count=1)
    asked = "--query-compute-apps=gpu_uuid,pid,process_name,used_memory"
    header = "gpu_uuid, pid, process_name, used_gpu_memory [MiB]"
    assert query(tmp_path, machine, executable, asked, "--format=csv") == [header]
    assert query(tmp_path, machine, executable, asked, "--format=csv,noheader") == []


def test_smi_without_gpus_has_no_table(tmp_path, executable):
    dev_with(tmp_path)
    done = run(tmp_path, programs.nvidia_smi(build_machine(), executable))
    assert (done.returncode, done.stdout) == (6, "No devices were found\n")


def test_many_gpus_fit(tmp_path, executable):
    machine = build_machine(uuid_seed="s", gpu_count=64, product_name="N" * 95)
    dev_with(tmp_path, *(f"nvidia{index}" for index in range(64)))
    lines = run(tmp_path, programs.nvidia_smi(machine, executable), "-L").stdout.splitlines()
    assert lines == [f"GPU {gpu.index}: {gpu.name} (UUID: {gpu.uuid})" for gpu in machine.gpus]


def test_facts_that_nobody_knows(tmp_path, executable):
    """A machine recorded without a model, and without PCI ids."""
    machine = build_machine(uuid_seed="s", gpu_count=1)
    machine.model = None
    machine.gpus[0].pci_bus_id = machine.gpus[0].serial = ""
    dev_with(tmp_path, "nvidia0")
    fields = "--query-gpu=pci.bus_id,pci.bus,memory.total,mig.mode.current,serial"
    assert query(tmp_path, machine, executable, fields, "--format=csv,noheader") == [", ".join(["[N/A]"] * 5)]
    assert {len(line) for line in query(tmp_path, machine, executable)[1:] if line.strip()} == {91}


@pytest.mark.parametrize("name", [row[0] for row in PROGRAMS])
def test_a_stub_program_is_elf_or_a_shell_script(tmp_path, name, architecture):
    purpose = next(row[1] for row in PROGRAMS if row[0] == name)
    content = programs.stub(name, purpose, "550.54.15", architecture)
    is_script = architecture == SHELL or name.endswith(".sh")
    assert content.startswith(b"#!/bin/sh\n" if is_script else b"\x7fELF")
    done = run(tmp_path, content, "--version")
    assert (done.returncode, done.stdout) == (0, f"{name}:  version 550.54.15 (mock)\n")
    for arguments in (["--help"], ["-h"], []):
        done = run(tmp_path, content, *arguments)
        assert done.returncode == 0 and purpose in done.stdout
    done = run(tmp_path, content, "--do-it")
    assert (done.returncode, done.stdout) == (1, "") and "'--do-it' is not implemented" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("chroot"), reason="chroot needs root")
def test_executables_need_nothing_around_them(tmp_path, executable):
    """As in a container from scratch: no shell, no library, no /proc."""
    root = tmp_path / "root"
    dev_with(root, "nvidia0")
    (root / "nvidia-smi").write_bytes(programs.nvidia_smi(build_machine(uuid_seed="s"), executable))
    (root / "nvidia-smi").chmod(0o755)
    done = subprocess.run(["chroot", str(root), "/nvidia-smi", "-L"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.startswith("GPU 0: ")


def test_an_image_without_its_text_says_so(tmp_path, executable):
    for image in (native.binary(name, executable) for name in (native.DRIVER_PROGRAM, native.SMI)):
        for content in (
            *(image, image + b"nvmock1 00000000\n", image + b"nvmock1 ffffffff\n", image + b"x\nnvmock1 00000002\n"),
            native.with_payload(image, "smi\t1\n"),
        ):
            done = run(tmp_path, content, "-L")
            assert (done.returncode, done.stdout) == (1, "") and len(done.stderr.splitlines()) == 1
