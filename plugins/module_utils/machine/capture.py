# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Reads what nvidia-smi prints about a machine: ``-q -x``, ``-q``, ``topo -m``, ``nvlink -s``, and files of several such outputs.

Only the formats are known here, not a board: any output of these forms is read.
"""

from __future__ import annotations

from ..errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

SLASH = "%2F"
"""A slash in a label of ``-q``, in paths whose parts are separated by slashes."""
_MOST_GPUS = 64
_DEEPEST = 8
_UNKNOWN = (
    "[redacted]",
    "n/a",
    "[n/a]",
    "none",
    "not supported",
    "[not supported]",
    "unknown error",
    "[unknown error]",
    "unknown",
    "",
)
# What nvidia-smi prints instead of values that it no longer has.
_DEPRECATED = "requested functionality has been deprecated"
NOTHING_READ = "neither the output of nvidia-smi -q -x or nvidia-smi -q, nor a file that has one of them"


class Capture:
    """What was read. An unknown value is missing, None or empty.

    :ivar system: path in the output, such as ``driver_version`` or ``Driver Version``, to value.
    :ivar gpus: the same of each GPU, such as ``pci/pci_bus_id`` or ``PCI/Bus Id``.
    :ivar documents: of each GPU all (path, text) in document order. The path is one of ``gpus``; a repeated element has a number,
        ``entry#2``. Supported clocks are in the form of document/clocks.py.
    :ivar answers: of each GPU, field of ``--query-gpu`` with its unit, such as ``power.draw [W]`` -> text.
    :ivar is_xml: the paths are those of ``-q -x``, not of ``-q``.
    :ivar dtd: the name of the DTD of ``-q -x``, or ``""``.
    :ivar links: NVLinks of the first GPU.
    :ivar link_speed: MB/s of its first active NVLink.
    :ivar links_inactive: its NVLinks lead nowhere.
    :ivar numa: NUMA node or CPUs of each GPU, as text.
    :ivar cpus: CPUs near each GPU, such as ``0-19``.
    :ivar nodes: NUMA node near each GPU.
    :ivar matrix: per GPU its cells of ``topo -m`` for the GPUs.
    :ivar switches: per GPU the GPUs that it reaches through PCIe switches only.
    :ivar compute_capability: such as ``9.0``.
    """

    def __init__(self) -> None:
        self.system: dict[str, str] = {}
        self.gpus: list[dict[str, str]] = []
        self.documents: list[list[tuple[str, str]]] = []
        self.answers: list[dict[str, str]] = []
        self.is_xml = False
        self.dtd = ""
        self.links: int | None = None
        self.link_speed: int | None = None
        self.links_inactive = False
        self.numa: list[str] = []
        self.cpus: list[str] = []
        self.nodes: list[str] = []
        self.matrix: list[list[str]] = []
        self.switches: list[set[int]] = []
        self.compute_capability: str | None = None


def read_captures(texts: dict[str, str]) -> Capture:
    """Read one machine's outputs.

    :arg texts: name of a file (for messages) -> its content.
    :raises UsageError: a text is none of the outputs, none of them describes the GPUs, or more than one does.
    """
    capture = Capture()
    found_in = ""
    for name, text in texts.items():
        known = False
        for body in _preferred(text):
            if _is_query(body) and found_in != name:
                if found_in:
                    raise UsageError(f"{name}: the GPUs are described by {found_in} already")
                found_in = name
                _read_query(name, body, capture)
                known = True
            known |= _read_topology(body, capture) | _read_links(body, capture) | _read_answers(body, capture)
        if not known:
            raise UsageError(f"{name}: {NOTHING_READ}")
    if not capture.gpus:
        raise UsageError(f"{', '.join(texts)}: {NOTHING_READ}")
    return capture


def known(value: str | None) -> str | None:
    """Return *value* unless it is one of the words by which nvidia-smi says that it has none."""
    if value is None or value.strip().lower() in _UNKNOWN or value.strip().lower().startswith(_DEPRECATED):
        return None
    return value.strip()


def _preferred(text: str) -> list[str]:
    """Return the outputs in *text*: of a file with titled sections one per command, idle ones before others."""
    bodies: dict[str, tuple[bool, str]] = {}
    sections = list(_sections(text))
    for title, command, body in sections:
        idle = title.startswith("idle")
        if command not in bodies or (idle and not bodies[command][0]):
            bodies[command] = (idle, body)
    return [body for _idle, body in bodies.values()] if sections else [text]


def _sections(text: str) -> Iterator[tuple[str, str, str]]:
    import re

    heads = list(re.finditer(r"^#{20,}\n# ([^\n]+)\n# \$ ([^\n]+)\n#{20,}\n", text.replace("\r\n", "\n"), re.M))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    for head, end in zip(heads, ends):
        yield head.group(1), head.group(2), head.string[head.end() : end]


def _is_query(body: str) -> bool:
    return "<nvidia_smi_log" in body or ("NVSMI LOG" in body and "Attached GPUs" in body)


def _read_query(name: str, body: str, capture: Capture) -> None:
    if "<nvidia_smi_log" in body:
        _read_xml(name, body, capture)
    else:
        _read_indented(body, capture)
    if not capture.gpus:
        raise UsageError(f"{name}: {NOTHING_READ}")
    if len(capture.gpus) > _MOST_GPUS:
        raise UsageError(f"{name}: {len(capture.gpus)} GPUs, more than the {_MOST_GPUS} of a machine")


def _read_xml(name: str, body: str, capture: Capture) -> None:
    from xml.etree import ElementTree

    start, end = body.index("<nvidia_smi_log"), body.rfind("</nvidia_smi_log>")
    if end < 0:
        raise UsageError(f"{name}: {NOTHING_READ}")
    try:
        # Without its DOCTYPE: there are no entities to expand.
        root = ElementTree.fromstring(body[start : end + len("</nvidia_smi_log>")])
    except (ElementTree.ParseError, ValueError, RecursionError):
        raise UsageError(f"{name}: {NOTHING_READ}") from None
    capture.is_xml = True
    capture.dtd = body[:start].partition('nvidia_smi_log SYSTEM "')[2].partition('"')[0]
    for child in root:
        if child.tag == "gpu":
            document: list[tuple[str, str]] = []
            _read_document(child, "", document, 0)
            capture.documents.append(document)
            facts: dict[str, str] = {}
            _flatten(child, "", facts)
            facts.setdefault("pci/pci_bus_id", child.get("id") or "")
            capture.gpus.append(facts)
        elif len(child) == 0:
            capture.system.setdefault(child.tag, child.text or "")


def _read_document(element: Any, prefix: str, document: list[tuple[str, str]], depth: int) -> None:
    if depth > _DEEPEST:
        return
    seen: dict[str, int] = {}
    for child in element:
        seen[child.tag] = seen.get(child.tag, 0) + 1
        path = f"{prefix}{child.tag}" + (f"#{seen[child.tag]}" if seen[child.tag] > 1 else "")
        if path == "supported_clocks":
            document.append((path, _clocks(child)))
        elif len(child):
            _read_document(child, path + "/", document, depth + 1)
        else:
            document.append((path, (child.text or "").strip()))


def _clocks(element: Any) -> str:
    from .document.clocks import compact

    clocks = []
    try:
        for memory in element:
            graphics = [int((one.text or "").split()[0]) for one in memory if one.tag == "supported_graphics_clock"]
            clocks.append((int((memory.findtext("value") or "").split()[0]), graphics))
    except (ValueError, IndexError):
        return ""
    return compact(clocks) if clocks else (element.text or "").strip()


def _flatten(element: Any, prefix: str, facts: dict[str, str]) -> None:
    left = [(element, prefix)]
    while left:
        parent, path = left.pop(0)
        for child in parent:
            name = path + child.tag
            if len(child):
                left.append((child, name + "/"))
            else:
                facts.setdefault(name, child.text or "")


def _read_indented(body: str, capture: Capture) -> None:
    """``-q``: four blanks per level, ``Key   : Value``, a line without a value begins a level."""
    facts = capture.system
    document: list[tuple[str, str]] = []
    path: list[str] = []
    for line in body.split("\n"):
        # A value can be empty.
        key, separator, value = (line.rstrip() + " " if line.rstrip().endswith(" :") else line).partition(" : ")
        name = key.strip()
        if not name:
            continue
        if not line.startswith(" ") and not separator and name.startswith("GPU ") and name.count(":") == 2:
            facts = {"PCI/Bus Id": name[len("GPU ") :]}
            document = []
            capture.gpus.append(facts)
            capture.documents.append(document)
            path = []
            continue
        depth = (len(key) - len(key.lstrip())) // 4
        del path[max(0, depth - 1 if capture.gpus else depth) :]
        if separator:
            facts.setdefault("/".join([*path, name]), value)
            document.append(("/".join([part.replace("/", SLASH) for part in (*path, name)]), value.strip()))
        elif depth:
            path.append(name)


def _read_topology(body: str, capture: Capture) -> bool:
    """``topo -m``: a matrix of the GPUs and what else is near them, separated by tabs."""
    import re

    lines = re.sub(r"\x1b\[[0-9;]*m", "", body).split("\n")
    heads = [
        number for number, line in enumerate(lines) if "\tCPU Affinity" in line and line.lstrip().startswith("GPU0")
    ]
    if not heads:
        return False
    titles = [title.strip() for title in lines[heads[0]].split("\t")][1:]
    count = sum(re.fullmatch(r"GPU\d+", title) is not None for title in titles)
    near = max(titles.index(title) if title in titles else count for title in ("CPU Affinity", "NUMA Affinity"))
    for line in lines[heads[0] + 1 : heads[0] + 1 + count]:
        cells = [cell.strip() for cell in line.split("\t")][1:]
        capture.numa.append(cells[near] if near < len(cells) else "")
        for texts, title in ((capture.cpus, "CPU Affinity"), (capture.nodes, "NUMA Affinity")):
            place = titles.index(title) if title in titles else len(cells)
            texts.append(cells[place] if place < len(cells) else "")
        capture.matrix.append(cells[:count])
        capture.switches.append({index for index, cell in enumerate(cells[:count]) if cell in ("X", "PIX", "PXB")})
    return True


def _read_links(body: str, capture: Capture) -> bool:
    """``nvlink -s``: a line per link below a line per GPU."""
    import re

    if "Device does not have or support Nvlink" in body:
        capture.links = 0
        return True
    if re.search(r"links are inactive", body, re.I):
        capture.links_inactive = True
        return True
    first = re.split(r"^GPU 1: ", body, maxsplit=1, flags=re.M)[0]
    found = re.findall(r"^\s+Link \d+: .*(?:GB/s|inactive)", first, re.M)
    if found:
        capture.links = len(found)
        speeds = re.findall(r"^\s+Link \d+: (\d+)(?:\.(\d{1,3}))?\d* GB/s", first, re.M)
        if speeds and len(speeds[0][0]) < 5:
            capture.link_speed = int(speeds[0][0] + speeds[0][1].ljust(3, "0"))
    return bool(found)


def _read_answers(body: str, capture: Capture) -> bool:
    """``--query-gpu=...,compute_cap,... --format=csv``."""
    lines = body.strip().split("\n")
    titles = lines[0].split(", ")
    if "compute_cap" not in titles or len(lines) < 2:
        return False
    rows = [line.rstrip("\r").split(", ") for line in lines[1 : _MOST_GPUS + 1]]
    # A text can have a comma and a blank in it: of such a row nothing is certain.
    answers = [dict(zip(titles, row)) if len(row) == len(titles) else {} for row in rows]
    capture.compute_capability = known(answers[0].get("compute_cap"))
    if not capture.answers:
        capture.answers = answers
    return True
