# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The commands of nvidia-smi that are not queries: against captures, and against what 550.163.01 prints."""

from __future__ import annotations

import os
import pathlib
import platform
import re
import subprocess
import tempfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils import native
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.programs import nvidia_smi
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.capture import read_captures
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.imported import definition_of
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.mig import capability_minor

CAPTURES = sorted((pathlib.Path(__file__).parents[1] / "machine" / "captures").glob("*__*.txt"))
# Readings that the commands of a capture took at different moments.
MOMENT = {
    "nvidia-h200-mig__590.48.01.txt": r"\b7[78]W",
    "nvidia-l40s__595.80.txt": r"\b\d+C|\b\d+W|\d+%|\d+MiB /",
}
pytestmark = pytest.mark.skipif(platform.machine() not in native.ARCHITECTURES, reason="there are no executables")


class Node:
    """A directory with the program and the device nodes of a machine."""

    def __init__(self, place, machine):
        self.machine = machine
        self.dev = place / "dev"
        (self.dev / "nvidia-caps").mkdir(parents=True)
        names = ["nvidiactl", *(f"nvidia{gpu.minor}" for gpu in machine.gpus)]
        for gpu in machine.gpus:
            for mig in gpu.mig_devices:
                names.append(f"nvidia-caps/nvidia-cap{capability_minor(gpu.minor, mig.gi, mig.ci)}")
        for name in names:
            (self.dev / name).touch()
        self.program = place / "nvidia-smi"
        self.program.write_bytes(nvidia_smi(machine, platform.machine()))
        self.program.chmod(0o755)

    def run(self, *arguments, **options):
        environment = {"NVMOCK_DEV": str(self.dev)}
        return subprocess.run(
            [str(self.program), *arguments],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            timeout=30,
            **options,
        )

    def __call__(self, command):
        done = self.run(*command.split())
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout


@pytest.fixture
def node(tmp_path):
    def make(**facts):
        return Node(tmp_path, build_machine(uuid_seed="s", **facts))

    return make


def sections(text):
    """Title and command -> output, of a capture."""
    heads = list(re.finditer(r"^#{20,}\n# ([^\n]+)\n# \$ nvidia-smi ?([^\n]*)\n#{20,}\n", text, re.M))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return {(head[1].partition(" ")[0], head[2].strip()): text[head.end() : end] for head, end in zip(heads, ends)}


def plain(text, moment=None):
    """Lines without identities and times, and without the rows of processes."""
    text = re.sub(r"(GPU|MIG)-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", r"\1-UUID", text)
    text = re.sub(r"\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}", "TIME", text)
    lines = [line for line in text.rstrip("\n").split("\n") if "No running processes" not in line]
    lines = [line for line in lines if not re.match(r"\|\s+\d+\s+\S+\s+\S+\s+\d+\s+[CG+]+\s", line)]
    return [re.sub(moment, "#", line) if moment else line for line in lines]


@pytest.mark.parametrize("capture", CAPTURES, ids=[path.name for path in CAPTURES])
def test_commands_of_a_capture(tmp_path, capture):
    text = capture.read_text(encoding="utf-8")
    definition, _notes = definition_of(read_captures({"x": text}))
    smi = Node(tmp_path, build_machine("imported", definition=definition, uuid_seed="s"))
    captured = sections(text)
    compared = 0
    for (kind, command), output in captured.items():
        if kind == "load" or command not in ("", "-L", "--version", "topo -m", "nvlink -s"):
            continue
        moment = MOMENT.get(capture.name) if command == "" else None
        assert plain(smi(command), moment) == plain(output.partition("\n###")[0], moment), command
        compared += 1
    assert compared == 5


def test_the_layouts_of_the_branches(tmp_path):
    """The first lines of the table, as 470.256.02, 535.261.03, 550.163.01, 580 and 610.57.04 print them."""
    seen = {}
    for branch in ("470.256.02", "535.261.03", "550.163.01", "570.124.06", "580.105.08", "610.57.04"):
        (tmp_path / branch).mkdir()
        smi = Node(tmp_path / branch, build_machine(gpu_count=1, driver_version=branch, mig_layout={0: ["3g.20gb"]}))
        lines = smi("").splitlines()
        assert len({len(line) for line in lines[1:] if line.strip()}) == 1, branch
        seen[branch[:3]] = lines
    assert seen["470"][8].startswith("|   0  NVIDIA A100-SXM...  On   | 00000000:07:00.0 Off |                   On |")
    assert seen["535"][8].startswith("|   0  NVIDIA A100-SXM4-40GB          On  | 00000000:07:00.0 Off |")
    assert seen["550"][8].startswith("|   0  NVIDIA A100-SXM4-40GB          On  |   00000000:07:00.0 Off |")
    assert seen["570"][3][0] == "|" and seen["580"][3][0] == "+"
    assert "" not in seen["570"][-8:] and seen["580"].count("") == 2
    row = "|  0    1   0   0  |               0MiB / 19968MiB    | 42      0 |  3   0    2    0    0 |"
    assert row in seen["550"] and row in seen["610"]
    assert "|                  |                 0MiB / 32767MiB  |           |                       |" in seen["550"]
    assert "KMD Version: 610.57.04     CUDA UMD Version: 13.3     |" in seen["610"][2]


def test_topology_of_a_dgx(node):
    smi = node()
    lines = smi("topo -m").splitlines()
    assert (
        lines[0]
        == "\t\x1b[4m" + "".join(f"GPU{n}\t" for n in range(8)) + "CPU Affinity\tNUMA Affinity\tGPU NUMA ID\x1b[0m"
    )
    assert lines[1].split("\t")[1:9] == [" X "] + ["NV12"] * 7
    lines = smi("topo -mp").splitlines()
    assert lines[1].split("\t")[1:9] == [" X ", "PIX", "NODE", "NODE", *["SYS"] * 4]
    assert smi("topo -i 0 -n 1") == "Device 0 is connected by way of a single PCIe switch to device(s): 1\n\n"
    assert smi("topo -i 1,0 -p") == "Device 0 is connected to device 1 by way of a single PCIe switch.\n\n"
    assert " GPU0\tX\tOK\t" in smi("topo -p2p n")
    assert re.fullmatch(r"NUMA IDs of closest memory: [\d,-]+\n", smi("topo -i 5 -M"))


def test_topology_of_a_definition(node):
    smi = node(
        type_name="mine",
        definition={
            "base": "dgxa100",
            "gpu_count": 2,
            "topology": ["X NV4", "NV4 X"],
            "cpu_affinity": ["0-7,16-23", "8-15"],
            "numa_nodes": ["0", "1"],
        },
    )
    lines = smi("topo -m").splitlines()
    assert lines[1] == "GPU0\t X \tNV4\t0-7,16-23\t0\t\tN/A"
    assert lines[2] == "GPU1\tNV4\t X \t8-15\t1\t\tN/A"
    assert smi("topo -c 17") == "The GPUs that have an affinity with CPU 17 are:\n0\n\n"
    assert smi("topo -c 99") == "No GPUs were found to have an affinity with CPU 99.\n\n"


def test_a_topology_with_fewer_gpus_than_the_machine(node):
    smi = node(type_name="mine", definition={"base": "dgxa100", "gpu_count": 3, "topology": ["X NV4", "NV4 X"]})
    assert [line.split("\t")[1:4] for line in smi("topo -m").splitlines()[1:4]] == [
        [" X ", "NV4", "NV12"],
        ["NV4", " X ", "NV12"],
        ["NV12", "NV12", " X "],
    ]


_ONCE = [
    *(
        "-q",
        "-x",
        "-d",
        "MEMORY",
        "-i",
        "0",
        "--id=1",
        "-L",
        "-B",
        "--version",
        "-h",
        "--query-gpu=index",
        "--format=csv",
    ),
    *(
        "-pm",
        "1",
        "-c",
        "-pl",
        "200",
        "-lgc",
        "a,b",
        "-eow",
        "-m",
        "-sc",
        "-r",
        "-f",
        "/dev/null",
        "topo",
        "-p",
        "-n",
        "-p2p",
    ),
    *(
        "nvlink",
        "-s",
        "--link=1",
        "mig",
        "-lgip",
        "-lgi",
        "-gi",
        "7",
        "-cgi",
        "19:0",
        "compute-policy",
        "--set-timeslice",
        "drain",
    ),
    *("vgpu", "pci", "-gErrCnt", "--dtd", "-u", "=", "", "--", "-i=", ",", "0," * 300, "x" * 5000),
]


_REPEATED = ("-l", "-lms", "--loop", "--loop-ms")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    arguments=st.lists(
        st.sampled_from(_ONCE) | st.text(st.characters(codec="ascii", exclude_characters="\0")), max_size=6
    )
)
def test_any_arguments(tmp_path, arguments):
    """The program ends by itself, with one of NVIDIA's exit statuses."""
    if not (tmp_path / "dev").exists():
        Node(tmp_path, build_machine(gpu_count=2, mig_layout={0: ["3g.20gb"]}))
    done = subprocess.run(
        [str(tmp_path / "nvidia-smi"), *(one for one in arguments if one.partition("=")[0] not in _REPEATED)],
        capture_output=True,
        check=False,
        env={"NVMOCK_DEV": str(tmp_path / "dev")},
        timeout=60,
    )
    assert done.returncode in (0, 2, 3, 4, 6, 255)


def test_nvlink(node):
    smi = node(gpu_count=1)
    title = f"GPU 0: NVIDIA A100-SXM4-40GB (UUID: {smi.machine.gpus[0].uuid})\n"
    assert smi("nvlink -s") == title + "".join(f"\t Link {link}: 25 GB/s\n" for link in range(12))
    assert smi("nvlink -s -l 3") == title + "\t Link 3: 25 GB/s\n"
    assert smi("nvlink -s -l 12") == title + "NVML: Unable to retrieve NVLink information for link 12 - inActive\n"
    assert smi("nvlink -c -l 0").count(": true\n") == 6
    assert (
        smi("nvlink -e -l 0")
        == title + "".join(f"\t Link 0: {kind} Errors: 0\n" for kind in ("Replay", "Recovery", "CRC")) + "\n"
    )
    done = smi.run("nvlink", "-p")
    unknown = "NVML: Unable to retrieve NvLink remote PCI information for link 0: Not Supported\n"
    assert (done.returncode, done.stdout) == (3, title + unknown)
    assert smi("nvlink -gt d -l 1") == title + "\t Link 1: Data Tx: 0 KiB\n\t Link 1: Data Rx: 0 KiB\n"


# What 550.163.01 prints of such an A100.
INSTANCES = """\
+-------------------------------------------------------+
| GPU instances:                                        |
| GPU   Name             Profile  Instance   Placement  |
|                          ID       ID       Start:Size |
|=======================================================|
|   0  MIG 1g.5gb          19       13          6:1     |
+-------------------------------------------------------+
|   0  MIG 2g.10gb         14        5          4:2     |
+-------------------------------------------------------+
|   0  MIG 3g.20gb          9        1          0:4     |
+-------------------------------------------------------+
"""
COMPUTE_INSTANCES = """\
|   0     13       MIG 1g.5gb           0         0          0:1     |
|   0      5       MIG 2g.10gb          1         0          0:2     |
|   0      1       MIG 3g.20gb          2         0          0:3     |
"""
PLACEMENTS = """\
GPU  0 Profile ID 19 Placements: {0,1,2,3,4,5,6}:1
GPU  0 Profile ID 20 Placements: {0,1,2,3,4,5,6}:1
GPU  0 Profile ID 15 Placements: {0,2,4,6}:2
GPU  0 Profile ID 14 Placements: {0,2,4}:2
GPU  0 Profile ID  9 Placements: {0,4}:4
GPU  0 Profile ID  5 Placement : {0}:4
GPU  0 Profile ID  0 Placement : {0}:8
"""


def test_mig_lists(node):
    smi = node(gpu_count=1, mig_layout={0: ["3g.20gb", "2g.10gb", "1g.5gb"]})
    assert smi("mig -lgi") == INSTANCES
    rows = [line for line in smi("mig -lci").splitlines(keepends=True) if re.match(r"\|\s+0\s", line)]
    assert "".join(rows) == COMPUTE_INSTANCES
    assert smi("mig -lgipp") == PLACEMENTS
    lines = smi("mig -lgip").splitlines()
    assert lines[5] == "|   0  MIG 1g.5gb        19     0/7        4.75       No     14     0     0   |"
    assert lines[6] == "|                                                             1     0     0   |"
    assert "|   0  MIG 7g.40gb        0     0/1        39.25      No     98     5     0   |" in lines
    lines = smi("mig -lcip -gi 1").splitlines()
    assert "|   0      1       MIG 1c.3g.20gb       0      0/3           14        2     0     0   |" in lines
    assert "|   0      1       MIG 3g.20gb          2*     0/1           42        2     0     0   |" in lines
    assert (
        smi("mig -lcipp -gi 5")
        == "GPU  0 GI  5 Profile ID  0 Placements: {0,1}:1\nGPU  0 GI  5 Profile ID  1 Placement : {0}:2\n"
    )
    done = smi.run("mig", "-cgi", "19")
    assert (done.returncode, done.stdout.splitlines()[-1]) in (
        (3, "Failed to create GPU instances: Not Supported"),
        (4, "Failed to create GPU instances: Insufficient Permissions"),
    )


def test_mig_without_the_mode(node):
    smi = node(gpu_count=1)
    assert "|   0  MIG 1g.5gb        19     0/7        4.75       No     14     0     0   |" in smi("mig -lgip")
    assert smi("mig -lgi") == "No MIG-enabled devices found.\n"


def test_mig_of_a_board_without_it(node):
    smi = node(type_name="l40s", gpu_count=1)
    done = smi.run("mig", "-lgip")
    assert (done.returncode, done.stdout) == (6, "No MIG-supported devices found.\n")


# Arguments -> the lines of a GPU, at a bus id of {}.
CHANGES = {
    "-pm 1": "Persistence mode is already Enabled for GPU {}.\n",
    "-pm 0": "Disabled persistence mode for GPU {}.\n",
    "-c DEFAULT": "Compute mode is already set to DEFAULT for GPU {}.\n",
    "-c EXCLUSIVE_PROCESS": "Set compute mode to EXCLUSIVE_PROCESS for GPU {}.\n",
    "-e 1": "ECC support is already Enabled for GPU {}.\n",
    "-p 0": "Reset volatile ECC errors to zero for GPU {}.\n",
    "-pl 200": "Power limit for GPU {} was set to 200.00 W from 400.00 W.\n",
    "-mig 1": "Enabled MIG Mode for GPU {}\n",
    "-lgc 1000,1200": 'GPU clocks set to "(gpuClkMin 1000, gpuClkMax 1200)" for GPU {}\n',
    "-lmc 500": 'Memory clocks set to "(memClkMin 500, memClkMax 500)" for GPU {}\n',
    "-ac 1215,1410": 'Applications clocks set to "(MEM 1215, SM 1410)" for GPU {}\n',
    "-rgc": "",
    "-rmc": "",
    "-rac": "",
    "-am 1": "Enabled Accounting Mode for GPU {}.\n",
    "-caa": "Cleared Accounted PIDs for GPU {}.\n",
    "-r": "GPU {} was successfully reset.\n",
    "--gom=0": "GOM mode cannot be changed on GPU {}.\nTreating as warning and moving on.\n",
}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize("arguments", CHANGES)
def test_root_changes(node, arguments):
    smi = node(gpu_count=2)
    buses = ["0000" + gpu.pci_bus_id.upper() for gpu in smi.machine.gpus]
    before = smi("-q -x").splitlines()[4:]
    assert smi(arguments) == "".join(CHANGES[arguments].format(bus) for bus in buses) + "All done.\n"
    assert smi(f"{arguments} -i {smi.machine.gpus[1].uuid}") == CHANGES[arguments].format(buses[1]) + "All done.\n"
    assert smi("-q -x").splitlines()[4:] == before, "nothing changed"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_other_users_change_nothing():
    # tmp_path is closed to other users.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        os.chmod(place, 0o755)
        _refuse_other_users(Node(pathlib.Path(place), build_machine(uuid_seed="s", gpu_count=2)))


def _refuse_other_users(smi):
    bus = "0000" + smi.machine.gpus[0].pci_bus_id.upper()
    for arguments, line in {
        "-pm 0": f"Unable to set persistence mode for GPU {bus}: Insufficient Permissions\n",
        "-c PROHIBITED": f"Unable to set the compute mode for GPU {bus}: Insufficient Permissions\n",
        "-pl 200": f"Failed to set power management limit for GPU {bus}: Insufficient Permissions\n",
        "-mig 1": f"Unable to enable MIG Mode for GPU {bus}: Insufficient Permissions\n",
        "-rgc": f"The current user does not have permission to change clocks for GPU {bus}.\n",
    }.items():
        done = smi.run(*arguments.split(), user=65534, group=65534)
        assert (done.returncode, done.stdout) == (4, line + "Terminating early due to previous errors.\n")
    done = smi.run("compute-policy", "--set-timeslice", "3", user=65534, group=65534)
    assert done.returncode == 4 and "Insufficient Permissions" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("-pm 3", "Invalid persistence mode: 3"),
        (
            "-pl 9999",
            "Provided power limit 9999.00 W is not a valid power limit which should be between 100.00 W and 400.00 W",
        ),
        ("-mig 7", "Invalid MIG Mode: 7"),
        ("-lgc 1,2,3", 'Specified clocks "1,2,3" are not valid.'),
        ("-ac 1215", 'Specified clocks "1215" are not valid.'),
    ],
)
def test_changes_to_bad_values(node, arguments, line):
    done = node(gpu_count=2).run(*arguments.split())
    assert done.returncode == 2 and done.stdout.startswith(line)
    assert done.stdout.endswith("\nTerminating early due to previous errors.\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_what_the_dra_driver_of_nvidia_runs(node):
    """Unpreparing a claim with time-slicing: it ends with 0, or the pod stays."""
    smi = node(gpu_count=2)
    uuid = smi.machine.gpus[1].uuid
    assert smi(f"-i {uuid} -c DEFAULT").endswith("All done.\n")
    assert (
        smi(f"compute-policy -i {uuid} --set-timeslice 3")
        == "Successfully set timeslice policy with value Long for GPU 1\n"
    )
    assert "|   1   Timeslice       Default       |" in smi(f"compute-policy -i {uuid} -l")


def test_a_strict_change_ends_at_a_warning(node):
    done = node(gpu_count=2).run("--gom=0", "-eow")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (3, "Terminating early due to previous errors.")


def test_monitors(node):
    smi = node(gpu_count=2)
    lines = smi("dmon -c 1").splitlines()
    assert lines[0] == "# gpu    pwr  gtemp  mtemp     sm    mem    enc    dec    jpg    ofa   mclk   pclk "
    assert lines[2] == "    0     49     33     34      0      0      0      0      0      0   1215    210 "
    assert len(lines) == 4 and lines[3].startswith("    1 ")
    lines = smi("dmon -c 1 -i 1 -s m -o DT").splitlines()
    assert lines[0] == "#Date        Time         gpu     fb   bar1   ccpm "
    assert re.match(r" \d{8}    \d\d:\d\d:\d\d       1      0      \d      0 $", lines[2])
    assert smi("pmon -c 1").splitlines()[2] == "    0          -     -" + 6 * "      -" + "    -              "
    assert (
        smi("dmon -c 1 -i 0 -s pv --format csv")
        == "#gpu, pwr, gtemp, mtemp, pviol, tviol\n#Idx, W, C, C, %, bool\n 0, 49, 33, 34, 0, -\n"
    )
    assert smi("dmon -c 1 -i 1 -s p --format csv,noheader,nounit") == " 1, 49, 33, 34\n"
    for arguments in ("dmon -x", "dmon -c", "dmon -c x", "dmon -d 0", "pmon -d 11"):
        done = smi.run(*arguments.split())
        assert done.returncode == 0 and f"Usage: nvidia-smi {arguments[:4]} [options]" in done.stdout
    for arguments, line in (("-s z", "Failed to find any metric to display"), ("-o X", "Error in parsing options")):
        done = smi.run("dmon", "-c", "1", *arguments.split())
        assert (done.returncode, done.stdout) == (255, line + "\nFailed to process command line \n\n")


def test_monitors_of_older_branches(tmp_path):
    for branch, heads in {
        "470.256.02": ("# gpu   pwr gtemp mtemp", "# gpu        pid  type    sm   mem   enc   dec   command"),
        "535.261.03": ("# gpu    pwr  gtemp  mtemp ", "# gpu         pid  type    sm    mem    enc    dec    command"),
    }.items():
        (tmp_path / branch).mkdir()
        smi = Node(tmp_path / branch, build_machine(gpu_count=1, driver_version=branch))
        assert (smi("dmon -c 1 -s p").splitlines()[0], smi("pmon -c 1").splitlines()[0]) == heads


def test_output_to_a_file(node, tmp_path):
    smi = node(gpu_count=2)
    for arguments in ("--query-gpu=index --format=csv", "-q", "", "dmon -c 1"):
        command = [*arguments.split(), "-f", str(tmp_path / "out")]
        done = smi.run(*command)
        assert (done.returncode, done.stdout) == (0, "")
        assert (tmp_path / "out").read_text()
    assert not smi("-L").startswith("No")


def test_repeated_queries(node):
    smi = node(gpu_count=1)
    environment = {"NVMOCK_DEV": str(smi.dev)}
    for option in (["-lms", "20"], ["--loop-ms=20"]):
        command = [str(smi.program), "--query-gpu=index", "--format=csv", *option]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            lines = [process.stdout.readline() for _line in range(4)]
            process.kill()
        assert lines == ["index\n", "0\n", "0\n", "0\n"]
