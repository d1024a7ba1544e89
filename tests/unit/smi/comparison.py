# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Compares the answers of a mock nvidia-smi with the capture that its machine was imported from, element by element.

    python3 tests/unit/smi/comparison.py [CAPTURE...]   prints compared, equal and different elements of each capture
    python3 tests/unit/smi/comparison.py --write        writes the table in docs/nvidia-smi.md

A capture is the output of nvidia-smi -q -x or -q, or a file with titled sections. Without one, those of tests/unit/machine/captures
are compared. The definition comes from `gpu-mockctl machines import` of a copy with another name, the program from a node that
`gpu-mockctl --machine-file` creates in a temporary host root.

Left out are times, UUIDs, serial numbers, ids of a chassis and of a board, processes, and the sections that were taken under load. Of
help texts, the names and their order are compared.
"""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
import tempfile
from typing import NamedTuple
from xml.etree import ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[3]
CAPTURES = ROOT / "tests" / "unit" / "machine" / "captures"
PAGE = ROOT / "docs" / "nvidia-smi.md"
BEGIN, END = "<!-- captures: begin -->\n", "<!-- captures: end -->\n"

LEFT_OUT = re.compile(
    r"(^|/)(timestamp|Timestamp|uuid|GPU UUID|gpu_uuid|serial|Serial Number|gpu_serial|(platform\.)?chassis_serial_number"
    r"|Chassis Serial Number|board_id|Board ID|latest_timestamp|Latest Timestamp)$"
    r"|(^|/)(processes|Processes|process_info|accounted_processes)(/|$)"
)
# Readings that the commands of a capture took at different moments, so no machine can have all of them.
MOMENT = (
    *(
        "temperature.",
        "power.draw",
        "module.power.draw",
        "clocks.current.",
        "utilization.",
        "memory.used",
        "memory.free",
    ),
    *("memory.reserved", "fan.speed", "pstate", "clocks_event_reasons.", "clocks_event_reasons_counters."),
)
REASONS = {
    "minor_number": "the minor of a mock GPU is its index",
    "Minor Number": "the minor of a mock GPU is its index",
    "attached_gpus": "the capture shows fewer GPUs than the machine had",
}


class Difference(NamedTuple):
    """An element that differs: the command, its path, the captured text, the mock's text, and why (``""``: unknown)."""

    command: str
    path: str
    captured: str | None
    mock: str | None
    reason: str


class Result(NamedTuple):
    """How many elements were compared, and those that differ."""

    compared: int
    differences: list[Difference]

    @property
    def share(self) -> float:
        """The equal elements, in percent."""
        return 100 * (self.compared - len(self.differences)) / self.compared


class Node:
    """A node in a temporary directory, and its nvidia-smi."""

    def __init__(self, directory: pathlib.Path, capture: pathlib.Path) -> None:
        copy = directory / f"a machine{capture.suffix}"
        copy.write_bytes(capture.read_bytes())
        definition = directory / "definition.yml"
        root = directory / "root"
        root.mkdir()
        mockctl = [sys.executable, str(ROOT / "bin" / "gpu-mockctl")]
        _run([*mockctl, "machines", "import", str(copy), "--output", str(definition)])
        made = ["--host-root", str(root), "--device-files", "regular", "--uuid-seed", "comparison"]
        _run([*mockctl, "--machine-file", str(definition), *made])
        self._program = next(root.glob("var/lib/nvidia-mock/driver/bin/nvidia-smi"))
        self._environment = {"NVMOCK_DEV": str(root / "dev")}

    def smi(self, *arguments: str) -> str:
        """Return what nvidia-smi prints."""
        return _run([str(self._program), *arguments], self._environment)


def _run(command: list[str], environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.returncode}: {done.stdout[-500:]}{done.stderr[-500:]}")
    return done.stdout


def compare(capture: pathlib.Path) -> Result:
    """Compare a capture with the mock that is made of it."""
    text = capture.read_text(encoding="utf-8-sig")
    compared, differences = 0, []
    with tempfile.TemporaryDirectory() as directory:
        node = Node(pathlib.Path(directory), capture)
        for command, captured, answer in _pairs(text, node):
            for path in dict.fromkeys([*captured, *answer]):
                if LEFT_OUT.search(path):
                    continue
                compared += 1
                one, other = captured.get(path), answer.get(path)
                if one != other:
                    differences.append(Difference(command, path, one, other, _reason(command, path, captured)))
    return Result(compared, differences)


def _reason(command: str, path: str, captured: dict[str, str]) -> str:
    name = path.rpartition("/")[2]
    if command.startswith("--query") and name.startswith(MOMENT):
        return "the query was at another moment than -q"
    if name == "attached_gpus" and int(captured[path]) == sum(key.endswith("/product_name") for key in captured):
        return ""
    return REASONS.get(name, "")


def _pairs(text: str, node: Node):
    """Yield command, elements of the capture, elements of the mock's answer."""
    parts = sections(text)
    if not parts:
        if "<nvidia_smi_log" in text:
            yield "-q -x", xml_elements(text), xml_elements(node.smi("-q", "-x"))
        else:
            yield "-q", text_elements(text), text_elements(node.smi("-q"))
    for title, command, body in parts:
        arguments = (command or "").split()[1:]
        names = re.match(r"capabilities :: names of help-query-([a-z-]+)", title)
        if command is None and names:
            option = "--help-query-" + names[1]
            yield option, named(body), named(node.smi(option))
        elif command and not title.startswith("load") and arguments[:1] == ["-q"]:
            form = xml_elements if "-x" in arguments else text_elements
            yield command[len("nvidia-smi ") :], form(body), form(node.smi(*arguments))
        elif command and not title.startswith("load") and arguments and arguments[0].startswith("--query-"):
            option = arguments[0].partition("=")[0]
            if "apps" not in option:  # which processes ran is left out
                yield option, csv_elements(body), csv_elements(node.smi(*arguments))
        elif command and arguments and arguments[0].startswith("--help-query-"):
            yield arguments[0], named(body), named(node.smi(arguments[0]))


def sections(text: str) -> list[tuple[str, str | None, str]]:
    """Return title, command and body of each section of a file that has titled ones."""
    heads = list(re.finditer(r"^#{20,}\n# ([^\n]+)\n(?:# \$ ([^\n]+)\n)?#{20,}\n", text.replace("\r\n", "\n"), re.M))
    heads = [head for head in heads if " :: " in head[1]]
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return [(head[1], head[2], head.string[head.end() : end]) for head, end in zip(heads, ends)]


def xml_elements(text: str) -> dict[str, str]:
    """Return the texts of -q -x by path, and the DTD's name."""
    found = {"DOCTYPE": re.search(r'SYSTEM "([^"]+)"', text)[1]}
    body = text[text.index("<nvidia_smi_log") : text.rindex("</nvidia_smi_log>") + len("</nvidia_smi_log>")]
    _flatten(ElementTree.fromstring(body), "", found)
    return found


def _flatten(element: ElementTree.Element, path: str, found: dict[str, str]) -> None:
    counts: dict[str, int] = {}
    for child in element:
        counts[child.tag] = counts.get(child.tag, -1) + 1
        name = f"{path}{child.tag}" + (f"[{counts[child.tag]}]" if counts[child.tag] or child.tag == "gpu" else "")
        if "id" in child.attrib:
            found[name + "/id"] = child.attrib["id"]
        if len(child):
            _flatten(child, name + "/", found)
        else:
            found[name] = (child.text or "").strip()


def text_elements(text: str) -> dict[str, str]:
    """Return the texts of -q by the labels above them."""
    found: dict[str, str] = {}
    path: list[str] = []
    counts: dict[str, int] = {}
    for line in text.split("\n"):
        key, separator, value = (line.rstrip() + " " if line.rstrip().endswith(" :") else line).partition(" : ")
        name = key.strip()
        if not name or name.startswith("==="):
            continue
        depth = (len(key) - len(key.lstrip())) // 4
        if not separator and not depth:
            path = [name]
            continue
        path[depth if path and path[0].startswith("GPU ") else 0 :] = []
        place = "/".join([*path, name])
        counts[place] = counts.get(place, -1) + 1
        if counts[place]:
            name += f"[{counts[place]}]"
        if separator:
            found["/".join([*path, name])] = value.strip()
        path.append(name)
    return found


def csv_elements(text: str) -> dict[str, str]:
    """Return the texts of a query by row and title, and the titles by their places."""
    rows = [line.split(", ") for line in text.strip("\n").split("\n") if line]
    found = {f"title {place}": title for place, title in enumerate(rows[0])}
    for number, row in enumerate(rows[1:]):
        found.update((f"{number}/{title.partition(' [')[0]}", cell) for title, cell in zip(rows[0], row))
    return found


def named(text: str) -> dict[str, str]:
    """Return the names in a help text by their places: a line of quoted names, or the title of a section."""
    lines = [
        line for line in text.split("\n") if re.fullmatch(r'"[\w.]+"( or "[\w.]+")*|Section about .+ properties', line)
    ]
    return {f"line {place}": line for place, line in enumerate(lines)}


def table(results: dict[str, Result]) -> str:
    """Return the table of the documentation."""
    lines = ["| capture | compared | equal | different | equal, in percent |", "|---|---|---|---|---|"]
    reasons: dict[str, int] = {}
    for name, result in results.items():
        different = len(result.differences)
        lines.append(
            f"| `{name}` | {result.compared} | {result.compared - different} | {different} | {result.share:.2f} |"
        )
        for one in result.differences:
            reasons[one.reason or "unknown"] = reasons.get(one.reason or "unknown", 0) + 1
    lines += ["", "| why elements are different | elements |", "|---|---|"]
    lines += [f"| {reason} | {count} |" for reason, count in sorted(reasons.items())]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Print or write the comparison."""
    write = arguments == ["--write"]
    paths = [pathlib.Path(name) for name in arguments if name != "--write"] or sorted(
        path for path in CAPTURES.iterdir() if path.suffix in (".xml", ".txt")
    )
    results = {path.name: compare(path) for path in paths}
    if write:
        page = PAGE.read_text(encoding="utf-8")
        before, after = page.partition(BEGIN)[0], page.partition(END)[2]
        PAGE.write_text(before + BEGIN + table(results) + END + after, encoding="utf-8")
        return 0
    for name, result in results.items():
        for one in result.differences:
            print(f"{name}: {one.command}: {one.path}: {one.captured!r}, mock {one.mock!r} ({one.reason or 'unknown'})")
    print(table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
