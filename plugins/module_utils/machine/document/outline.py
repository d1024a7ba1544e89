# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Which elements the document of a GPU has, in order: by the driver's branch, the board, and the board's report."""

from __future__ import annotations

from .computed import NOT_AVAILABLE
from .elements import elements
from .texts import ABSENT, Report, other_names

# Keys of a report that are no elements.
_NO_ELEMENTS = ("from_driver", ABSENT, "query", "system")
_BEFORE_AMPERE = ("Kepler", "Maxwell", "Pascal", "Volta", "Turing")


def outline(report: Report) -> list[tuple[str, str, frozenset[int]]]:
    """Return the elements of the documents of all GPUs: path, label in ``-q``, indices of the GPUs that have it.

    The path of an element with children ends with a slash.
    """
    gpus = range(len(report.machine.gpus))
    every = frozenset(gpus)
    absent = [_absent(report, gpu) for gpu in gpus]
    known = {path for path, *_rest in elements()}
    rows: list[tuple[str, str, frozenset[int]]] = []
    for path, label, since, until, text, condition in elements():
        if not since <= report.version < (until or 100_000):
            continue
        having = frozenset([gpu for gpu in gpus if _meets(report, gpu, condition)]) if condition else every
        if any(absent):
            name = path if text else path + "/"
            having = frozenset([gpu for gpu in having if not _is_absent(name, absent[gpu])])
        if having:
            rows.append((path if text else path + "/", label, having))
    _add_unknown(report, rows, known)
    return rows


class Document:
    """The documents of all GPUs of a machine.

    :ivar rows: the elements in order, as :func:`outline` returns them.
    """

    def __init__(self, report: Report) -> None:
        self.report = report
        self.rows = outline(report)
        self._having = {path: having for path, _label, having in self.rows}

    def find(self, path: str) -> str:
        """Return the path of an element of this branch that says the same as that at *path*, ``""`` if there is none."""
        return next((name for name in (path, *other_names(path)) if name in self._having), "")

    def text(self, gpu: int, path: str) -> str:
        """Return the text of an element that the document of this GPU has, otherwise ``N/A``."""
        return self.report.text(gpu, path) if gpu in self._having.get(path, ()) else NOT_AVAILABLE


def label_of(name: str) -> str:
    """Return the label of an element that the table does not have: its own name if that is a label, ``fan_rpm`` -> ``Fan Rpm``."""
    name = name.partition("#")[0]
    if "_" not in name and not name.islower():
        return name
    return " ".join([word[:1].upper() + word[1:] for word in name.split("_")])


def element_name(name: str) -> str:
    """Return the XML name of an element that the table does not have: ``Fan RPM`` -> ``fan_rpm``."""
    name = name.partition("#")[0]
    if all(character.isalnum() or character in "_.-" for character in name) and not name[:1].isdigit():
        return name
    words = "".join([character.lower() if character.isalnum() else " " for character in name]).split()
    return "_".join(words) if words and not words[0][0].isdigit() else "_" + "_".join(words)


def _absent(report: Report, gpu: int) -> frozenset[str]:
    if not report.same_branch:
        return frozenset()
    lists = [facts.get(ABSENT, "") for facts in (report.shared, report.own[gpu])]
    return frozenset([path for text in lists for path in text.split("; ") if path])


def _is_absent(path: str, absent: frozenset[str]) -> bool:
    return path in absent or any(path.startswith(parent) for parent in absent if parent.endswith("/"))


def _meets(report: Report, gpu: int, condition: str) -> bool:
    if condition.startswith("no "):
        return not _meets(report, gpu, condition[3:])
    model = report.model
    recent = model.architecture not in _BEFORE_AMPERE
    if condition == "tlimit":  # temperatures as distances to a limit
        return recent and model.architecture != "Ampere"
    if condition == "rows":  # rows of memory are remapped, and the report shows it
        return recent and bool(model.readings.ecc_mode) and not report.machine.gpus[gpu].mig_enabled
    return recent  # sram: errors of SRAM by kind


def _add_unknown(report: Report, rows: list[tuple[str, str, frozenset[int]]], known: set[str]) -> None:
    """Add the elements of the report that the table has in no branch, and those that it has not in this one's documents."""
    present = {path for path, _label, _gpus in rows}
    for facts, gpus in [(report.shared, frozenset(range(len(report.own))))] + [
        (own, frozenset([index])) for index, own in enumerate(report.own)
    ]:
        before = ""
        for path in facts:
            in_mig_mode = any(report.machine.gpus[gpu].mig_enabled for gpu in gpus)
            if path.partition("/")[0] in _NO_ELEMENTS or (in_mig_mode and path.startswith("remapped_rows/")):
                continue
            if path in present:
                before = path
                if gpus and len(gpus) == 1 and facts is not report.shared:
                    _also(rows, path, gpus)
                continue
            if path in known and not report.same_branch:
                continue
            _insert(rows, present, path, before, gpus)
            before = path


def _also(rows: list[tuple[str, str, frozenset[int]]], path: str, gpus: frozenset[int]) -> None:
    for index, (name, label, having) in enumerate(rows):
        if name == path and not gpus <= having:
            rows[index] = (name, label, having | gpus)


def _insert(
    rows: list[tuple[str, str, frozenset[int]]], present: set[str], path: str, before: str, gpus: frozenset[int]
) -> None:
    """Insert an element, and those around it, after the one *before* it in the report or at the end of its parent."""
    parts = path.split("/")
    for depth in range(1, len(parts) + 1):
        prefix = "/".join(parts[:depth]) + ("/" if depth < len(parts) else "")
        if prefix in present:
            continue
        parent = "/".join(parts[: depth - 1])
        place = _place(rows, parent + "/" if parent else "", before)
        label = _label(prefix.rstrip("/"), parts[depth - 1])
        rows.insert(place, (prefix, label, gpus))
        present.add(prefix)


def _label(path: str, name: str) -> str:
    for known, label, _since, _until, _text, _condition in elements():
        if known == path:
            return label
    return label_of(name)


def _place(rows: list[tuple[str, str, frozenset[int]]], parent: str, before: str) -> int:
    last = len(rows)
    inside = False
    for index, (path, *_rest) in enumerate(rows):
        if path == before and path.startswith(parent) and "/" not in path[len(parent) :]:
            return index + 1
        if parent and (path == parent or path.startswith(parent)):
            inside = True
            last = index + 1
        elif inside:
            break
    return last
