# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the mock nvidia-smi does with each option that `-h` of a recorded driver branch lists.

    python3 tests/unit/smi/smi_coverage.py            prints docs/nvidia-smi-coverage.md
    python3 tests/unit/smi/smi_coverage.py --write    writes it

tests/recorded/nvidia-smi/options.json has the names in the order of -h: of 470.256.02, 535.261.03 and 550.163.01 with those of their sub
commands, of 590.48.01, 595.80 and 610.57.04 without.
"""

from __future__ import annotations

import json
import pathlib
import platform
import re
import subprocess
import sys
from typing import NamedTuple

from ansible_collections.nvmock.gpu.plugins.module_utils.layout.programs import nvidia_smi
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine

ROOT = pathlib.Path(__file__).resolve().parents[3]
RECORDED = ROOT / "tests" / "recorded" / "nvidia-smi" / "options.json"
PAGE = ROOT / "docs" / "nvidia-smi-coverage.md"

YES, NO_EFFECT, REFUSED, NO = "yes", "no effect", "refused", "no"
_NO_HARDWARE = "no mock board has it; the answer is that of a board without it"
_NOT_PUBLISHED = "its output is not published"
_CHANGES = "checked and answered as on a real board; nothing changes"

# Sub command ("": none) and option -> what the mock does, and why. Other options do what NVIDIA's do.
ANSWERS: dict[tuple[str, str], tuple[str, str]] = {
    ("", "--dtd"): (NO, "the text of a DTD is NVIDIA's; with -q -x it is accepted and left out"),
    ("", "--columns"): (NO, "its layout is not published"),
    ("", "--debug"): (NO_EFFECT, "the file is encrypted for NVIDIA; the mock writes no file"),
    ("", "--show-all-processes"): (NO_EFFECT, "all processes of a mock GPU have a context"),
    ("", "--toggle-led"): (REFUSED, "no machine has S-class units"),
    ("nvlink", "--pcibusid"): (REFUSED, "the addresses of NVSwitches are unknown"),
    ("nvlink", "--remotelinkinfo"): (REFUSED, "the addresses of NVSwitches are unknown"),
    ("nvlink", "--crcerrorcounters"): (REFUSED, "there are no counters by lane"),
    ("dmon", "--gpm-metrics"): (REFUSED, "only hardware can measure them"),
    ("dmon", "--gpm-options"): (REFUSED, "only hardware can measure them"),
    ("daemon", ""): (REFUSED, "nothing is measured in the background"),
    ("replay", ""): (REFUSED, "there are no files of a daemon"),
    ("compute-policy", "--set-timeslice"): (NO_EFFECT, _CHANGES),
    ("conf-compute", "--get-mem-size-info"): (YES, ""),
    ("drain", "--modify"): (NO_EFFECT, _CHANGES),
    ("drain", "--remove"): (REFUSED, "the device nodes are the mock node's"),
    ("drain", "--discover"): (NO_EFFECT, "there is nothing to find"),
    ("pci", "--clearErrorCounters"): (NO_EFFECT, _CHANGES),
}
ANSWERS.update(
    (("", option), (REFUSED, "current boards do not support it"))
    for option in (
        *(
            "--gom",
            "--virt-mode",
            "--gpu-target-temp",
            "--cuda-clocks",
            "--auto-boost-default",
            "--auto-boost-permission",
        ),
        *("--lock-memory-clocks-deferred", "--reset-memory-clocks-deferred"),
    )
)
ANSWERS.update(
    (("", option), (REFUSED, "the words of NVIDIA's answer are not published"))
    for option in (
        *("--lock-memory-clocks-info", "--set-vf-derate", "--get-vf-derate-info", "--dram-encryption"),
        *("--set-hostname", "--get-hostname"),
    )
)
ANSWERS.update(
    (("", option), (NO_EFFECT, _CHANGES))
    for option in ("--gpu-reset", "--mode", "--scope", "--clear-accounted-apps", "--multi-instance-gpu")
)
ANSWERS.update(
    (("nvlink", option), (REFUSED, "NVIDIA's program refuses it, too"))
    for option in (
        *("--setcontrol", "--getcontrol", "--getcounters", "--resetcounters", "--setLowPowerThreshold"),
        *("--getLowPowerInfo", "--setBandwidthMode", "--getBandwidthMode"),
    )
)
ANSWERS.update(
    (("mig", option), (REFUSED, "instances are made when the node is"))
    for option in (
        *("--default-compute-instance", "--create-gpu-instance", "--destroy-gpu-instance"),
        *("--create-compute-instance", "--destroy-compute-instance"),
    )
)
ANSWERS.update(
    ((command, ""), (REFUSED, _NO_HARDWARE))
    for command in (
        *("c2c", "clocks", "encodersessions", "fbcsessions", "vgpu", "boost-slider", "power-hint", "base-clocks"),
        *("conf-compute", "gpm"),
    )
)
ANSWERS.update(
    (("", command), (NO, _NOT_PUBLISHED))
    for command in (*("stats", "event-log", "cper", "power-smoothing", "power-profiles", "rusd", "prm", "soc"),)
)

# Values of options, to try them.
_VALUES = {
    "--id": "0",
    "--filename": "/dev/null",
    "--loop": "60",
    "--loop-ms": "60000",
    "--format": "csv",
    "--display": "MEMORY",
    "--query-supported-clocks": "mem",
    "--query-compute-apps": "pid",
    "--query-accounted-apps": "pid",
    "--query-retired-pages": "retired_pages.address",
    "--query-remapped-rows": "remapped_rows.correctable",
    "--query-gpu": "index",
    "--power-limit": "300",
    "--lock-gpu-clocks": "1000,1200",
    "--lock-memory-clocks": "1000",
    "--applications-clocks": "1215,1410",
    "--p2pstatus": "r",
    "--getthroughput": "d",
    "--pciid": "0",
    "--select": "u",
    "--options": "D",
    "--path": "/nonexistent",
    "topo": "0",
}
# What an option needs beside itself.
_WITH = {
    "--format": ["--query-gpu=index"],
    "--display": ["-q"],
    "--xml-format": ["-q"],
    "--unit": ["-q"],
    "--mode": ["-lgc", "1000"],
    "--scope": ["-pl", "300"],
    "--error-on-warning": ["-pm", "1"],
}


class Row(NamedTuple):
    """An option: its sub command (``""``: none), its names, and per driver version whether -h lists it (None: not recorded)."""

    command: str
    names: str
    listed: dict[str, bool | None]


def recorded() -> dict[str, dict[str, list[str]]]:
    """Return driver version -> sub command -> names of its options, in the order of -h."""
    return json.loads(RECORDED.read_text(encoding="utf-8"))


def names_in(text: str, command: str) -> list[str]:
    """Return the names of options and sub commands that a help text lists, such as ``-i --id``."""
    found = []
    for line in text.split("\n"):
        if command:
            match = re.match(r"\s*\[\s*([^|\]]*?)\s*\|\s*([^\]]*?)\s*\]", line)
            if match:
                found.append(" ".join(name for name in match.groups() if name and name != "N/A"))
            continue
        match = re.match(r" {4,11}(-[A-Za-z]+)?,?\s*(--[A-Za-z-]+)=?(?:\s|$)", line)
        if match and not line.startswith(" " * 20):
            found.append(" ".join(name for name in match.groups() if name))
            continue
        match = re.match(r"(?: [A-Z][^:]*:)? {4}([a-z][a-z0-9-]+) {3,}\S", line)
        if match:
            found.append(match.group(1))
    return found


class Mock:
    """The program of each driver version, on a node with two GPUs."""

    def __init__(self, place: pathlib.Path) -> None:
        self._place = place
        (place / "dev").mkdir()
        for name in ("nvidiactl", "nvidia0", "nvidia1"):
            (place / "dev" / name).touch()

    def run(self, version: str, *arguments: str) -> tuple[int | None, str, str]:
        """Return exit status (None: it did not end by itself), stdout and stderr."""
        program = self._place / version
        if not program.exists():
            machine = build_machine(gpu_count=2, uuid_seed="s", driver_version=version)
            program.write_bytes(nvidia_smi(machine, platform.machine()))
            program.chmod(0o755)
        environment = {"NVMOCK_DEV": str(self._place / "dev")}
        try:
            done = subprocess.run(
                [str(program), *arguments], capture_output=True, text=True, check=False, env=environment, timeout=0.5
            )
        except subprocess.TimeoutExpired:
            return None, "", ""
        return done.returncode, done.stdout, done.stderr

    def help(self, version: str, command: str) -> list[str]:
        """Return the names that the mock's -h lists."""
        return names_in(self.run(version, *([command] if command else []), "-h")[1], command)


def rows() -> list[Row]:
    """Return all options in the order of the newest branch that lists them."""
    names = recorded()
    commands = list(dict.fromkeys(command for of_version in names.values() for command in of_version))
    result = []
    for command in commands:
        order: list[str] = []
        for of_version in reversed(names.values()):
            order += [name for name in dict.fromkeys(of_version.get(command, [])) if name not in order]
        for name in order:
            listed = {
                version: (name in of_version[command] if command in of_version else None if command else False)
                for version, of_version in names.items()
            }
            result.append(Row(command, name, listed))
    return result


def answer_to(row: Row) -> tuple[str, str]:
    """Return what the mock does with an option, and why."""
    name = row.names.split(" ")[-1]
    if name == "--help":
        return YES, ""
    return ANSWERS.get((row.command, name)) or ANSWERS.get((row.command, ""), (YES, ""))


def attempt(mock: Mock, version: str, row: Row) -> str:
    """Run an option in each of its spellings; return what is wrong, "" if nothing is."""
    answer, _why = answer_to(row)
    for name in row.names.split(" "):
        full = row.names.split(" ")[-1]
        is_command = not row.command and not full.startswith("-")
        arguments = [row.command] if row.command else []
        arguments += [] if row.command else _WITH.get(full, [])
        arguments.append(name)
        status, stdout, stderr = mock.run(version, *arguments)
        if "missing its value" in stdout or "Missing value" in stdout:
            status, stdout, stderr = mock.run(version, *arguments, _VALUES.get(full, "0"))
        if status is None:
            continue
        refused = "is not recognized" in stdout or "Invalid combination of input arguments. Please" in stdout
        if refused and not is_command:
            return f"{' '.join(arguments)}: {stdout.strip()}"
        left_out = "is not implemented" in stderr
        if left_out != (answer == NO):
            return f"{' '.join(arguments)}: {answer}, but it says {stderr.strip() or stdout.strip()[:80]}"
    return ""


_HEAD = """\
# What nvidia-smi covers

Generated by `python3 tests/unit/smi/smi_coverage.py --write` from the program and from `-h` of recorded driver branches. Options whose
descriptions matter to you are in `nvidia-smi -h` of the node.

| | |
|---|---|
| yes | does what NVIDIA's program does |
| no effect | accepted and answered, also with the refusal for users other than root; nothing changes |
| refused | answered as by NVIDIA's program on a board that does not support it |
| no | says on stderr that it is not implemented, exit status 3 |
| - | the branch does not list it |
| ? | `-h` of this sub command is not recorded for the branch; the mock's options are those of 550 |

A branch that is not recorded has the options of the nearest older one, except for those whose branch NVIDIA's manual page names.
"""


def page() -> str:
    """Return the text of docs/nvidia-smi-coverage.md."""
    versions = list(recorded())
    branches = [version.partition(".")[0] for version in versions]
    lines = [_HEAD]
    command = None
    for row in rows():
        if row.command != command:
            command = row.command
            lines.append(f"\n## nvidia-smi {command}\n" if command else "\n## nvidia-smi\n")
            lines.append(f"| option | {' | '.join(branches)} | why |\n|---|{'---|' * len(branches)}---|")
        answer, why = answer_to(row)
        cells = ["?" if listed is None else answer if listed else "-" for listed in row.listed.values()]
        lines.append(f"| `{'`, `'.join(row.names.split(' '))}` | {' | '.join(cells)} | {why} |")
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        sys.stdout.write(page())
