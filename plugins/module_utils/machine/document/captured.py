# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""From the documents that nvidia-smi printed on a real machine to the report of a machine definition."""

from __future__ import annotations

from ..model import Machine
from ..report import FROM_DRIVER, build, nested
from .computed import NOT_AVAILABLE
from .elements import elements
from .outline import Document, outline, table_label
from .queries import answer, fields
from .texts import ABSENT, Report

# What a document has of a machine itself, not of its boards; and what runs on it.
_NOT_OF_A_BOARD = ("uuid", "minor_number", "mig_devices", "MIG Device", "processes", "accounted_processes")
_FREE = ("fb_memory_usage/free", "bar1_memory_usage/free")
_CHASSIS = "platformInfo/chassis_serial_number"
# Fields of queries that change from moment to moment, and those of a node.
_READINGS = (
    *("temperature.", "power.draw", "module.power.draw", "gpu.power.draw", "clocks.current.", "clocks_event_reasons."),
    *("clocks_event_reasons_counters.", "clocks_throttle_reasons.", "utilization.", "memory.", "pstate", "fan.speed"),
    *("pcie.link.gen.current", "pcie.link.gen.gpucurrent", "pcie.link.width.current", "encoder.stats."),
)
_OF_A_NODE = ("uuid", "serial", "hostname", "platform.chassis_serial_number")
# -q shows these numbers with a prefix.
_HEXADECIMAL = (
    "pci_bus",
    "pci_device",
    "pci_domain",
    "pci_device_id",
    "pci_sub_system_id",
    "pci_base_class",
    "pci_sub_class",
)


def by_element(document: list[tuple[str, str]], version: float) -> list[tuple[str, str]]:
    """Return a document of ``-q`` with the paths and texts of ``-q -x``. Labels that no branch has stay as they are.

    :arg document: (labels joined by ``/``, text).
    """
    paths = _paths_by_label(version)[0]
    found = []
    for labels, text in document:
        path = _path_of(labels, paths)
        if path.startswith("pci/") and path[4:] in _HEXADECIMAL and text.startswith("0x"):
            text = text[2:]
        found.append((path, text))
    return found


def other_labels(document: list[tuple[str, str]], version: float) -> dict[str, str]:
    """Return the labels in a document of ``-q`` that the branch has otherwise, or in no such element: path -> label."""
    paths, of_version = _paths_by_label(version)
    shown = {path: labels.rpartition("/")[2] for labels, path in of_version.items()}
    found = {}
    for labels, _text in document:
        parts = labels.split("/")
        for depth in range(1, len(parts) + 1):
            whole = "/".join(parts[:depth])
            path = paths.get(whole)
            if (
                path is not None
                and whole not in of_version
                and shown.get(path, table_label(path).strip()) != parts[depth - 1]
            ):
                found[path] = parts[depth - 1]
    return found


def _path_of(labels: str, paths: dict[str, str]) -> str:
    """Return the path of an element: parents that are known have their names."""
    parts = labels.split("/")
    for depth in range(len(parts), 0, -1):
        known = paths.get("/".join(parts[:depth]))
        if known is not None:
            return "/".join([known, *parts[depth:]])
    return labels


def report_of(
    machine: Machine, documents: list[list[tuple[str, str]]], is_xml: bool, keep_identity: bool = False
) -> tuple[dict[str, object], list[dict[str, object]]]:
    """Return ``report`` and ``gpu_reports`` of a definition.

    :arg machine: that of the definition without them.
    :arg documents: of each GPU, (path in ``-q -x``, text) in document order.
    :arg is_xml: they are those of ``-q -x``, which has elements that ``-q`` does not show.
    :arg keep_identity: keep the serial number of the chassis.
    """
    documents = [[pair for pair in document if _is_kept(*pair, keep_identity)] for document in documents]
    model = machine.model
    if model is None:
        raise ValueError("a machine of a definition has a model")
    bare = machine.but(model=model.but(report=((FROM_DRIVER, machine.driver_version),)))
    shared: dict[str, object] = {FROM_DRIVER: machine.driver_version}
    shared.update(_differences(Report(bare), 0, documents[0], is_xml))
    facts = _nested(shared)
    common = Report(machine.but(model=model.but(report=build(facts))))
    each = [_nested(_differences(common, index, document, is_xml)) for index, document in enumerate(documents)]
    return facts, each if any(each) else []


def _is_kept(path: str, text: str, keep_identity: bool) -> bool:
    first = path.partition("/")[0].partition("#")[0]
    if path == _CHASSIS:
        return keep_identity or text in ("", NOT_AVAILABLE)
    return first not in _NOT_OF_A_BOARD and not (first == "serial" and text != NOT_AVAILABLE)


def _nested(pairs: dict[str, object]) -> dict[str, object]:
    return nested(tuple([(path, _printable(str(text))) for path, text in pairs.items()]))


def _printable(text: str) -> str:
    """Return the text as a definition can have it, with ? for each other character."""
    return "".join([character if " " <= character <= "~" else "?" for character in text])


def _differences(report: Report, gpu: int, document: list[tuple[str, str]], is_xml: bool) -> dict[str, object]:
    """Return what *document* says otherwise than *report*, and under ABSENT the elements that only *report* has."""
    rows = [(path, label) for path, label, having in outline(report) if gpu in having]
    known = {path for path, _label in rows}
    said = dict(document)
    pairs: dict[str, object] = {}
    before = ""
    for path, text in document:
        if path not in known and before:
            pairs.setdefault(before, said[before])  # tells the place of the unknown one
        if path not in known or report.text(gpu, path) != text:
            pairs[path] = text
        before = path
    parents = {path[: index + 1] for path in said for index, character in enumerate(path) if character == "/"}
    absent: list[str] = []
    for path, label in rows:
        first = path.partition("/")[0]
        skipped = first in (*_NOT_OF_A_BOARD, "serial", "supported_clocks") or path == _CHASSIS or not (is_xml or label)
        if (
            path in said
            or path in parents
            or skipped
            or any(path.startswith(parent) for parent in absent if parent[-1] == "/")
        ):
            continue
        absent.append(path)
    _drop_free_memory(report, gpu, pairs)
    if absent:
        pairs[ABSENT] = "; ".join(absent)
    return pairs


def _drop_free_memory(report: Report, gpu: int, pairs: dict[str, object]) -> None:
    """Drop the free memory that follows from the reserved and used memory in *pairs*."""
    free = {path: pairs.pop(path) for path in _FREE if path in pairs}
    own = (*report.machine.gpus[gpu].report, *[(path, str(text)) for path, text in pairs.items()])
    gpus = list(report.machine.gpus)
    gpus[gpu] = gpus[gpu].but(report=own)
    complete = Report(report.machine.but(gpus=tuple(gpus)))
    pairs.update((path, text) for path, text in free.items() if complete.text(gpu, path) != text)


def answers_of(machine: Machine, answers: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return the answers to ``--query-gpu`` of each GPU that do not follow from the documents of *machine*.

    Readings are left out: those of the query are of another moment than those of the document.

    :arg answers: of each GPU, field with its unit -> text.
    """
    document = Document(Report(machine))
    known = {name: field for field in fields("gpu", document.report.version) for name in field.names}
    found = []
    for gpu, told in zip(range(len(machine.gpus)), answers):
        own: dict[str, str] = {}
        for title, text in told.items():
            name, _bracket, unit = title.rstrip("]").partition(" [")
            field = known.get(name)
            if name.startswith(_READINGS) or name in _OF_A_NODE or (field and field.source.startswith("@")):
                continue
            if field is None:
                own[f"{name} [{unit}]" if unit and "/" not in unit else name] = text
            elif answer(document, gpu, field) != text:
                own[field.names[0]] = text
        found.append(own)
    return found


_by_label: dict[float, tuple[dict[str, str], dict[str, str]]] = {}


def _paths_by_label(version: float) -> tuple[dict[str, str], dict[str, str]]:
    """Return labels joined by ``/`` -> path, of all branches, that of the version first; and those of the version only."""
    if version not in _by_label:
        label_of: dict[str, str] = {}
        table: dict[str, str] = {}
        other: dict[str, str] = {}
        for path, label, since, until, _text, _condition in elements():
            labels = [label_of.get(path[:index], "") for index, character in enumerate(path) if character == "/"]
            label_of[path] = label.strip()
            labels = [part for part in (*labels, label.strip()) if part]
            if label:
                (table if since <= version < (until or 100_000) else other).setdefault("/".join(labels), path)
        _by_label[version] = ({**other, **table}, table)
    return _by_label[version]
