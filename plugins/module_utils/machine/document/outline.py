# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Which elements the document of a GPU has, in order: by the driver's branch, the board, and the board's report."""

from __future__ import annotations

from .computed import NOT_AVAILABLE
from .elements import elements
from .texts import ABSENT, Report, conditions, other_names

LABELS = "labels/"
"""Key of a report: labels of ``-q`` that the driver's branch has otherwise, by the paths of their elements."""
# Keys of a report that are no elements.
_NO_ELEMENTS = ("from_driver", ABSENT, "query", "system", "dtd", LABELS[:-1])


def outline(report: Report) -> list[tuple[str, str, frozenset[int]]]:
    """Return the elements of the documents of all GPUs: path, label in ``-q``, indices of the GPUs that have it.

    The path of an element with children ends with a slash.
    """
    every = range(len(report.machine.gpus))
    absent = [_absent(report, gpu) for gpu in every]
    some_absent = any(absent)
    labels: dict[str, str] = {}  # in order
    having: dict[str, set[int]] = {}
    for path, label, since, until, text, condition in elements():
        if not since <= report.version < (until or 100_000):
            continue
        name = path if text else path + "/"
        gpus = {gpu for gpu in every if not condition or _meets(report, gpu, condition)}
        if some_absent:
            gpus = {gpu for gpu in gpus if not _is_absent(name, absent[gpu])}
        if gpus:
            labels[name] = report.shared.get(LABELS + path, label) if report.same_branch else label
            having[name] = gpus
    order = list(labels)
    for facts, gpus in [(report.shared, set(every))] + [(own, {gpu}) for gpu, own in enumerate(report.own)]:
        _add_unknown(report, facts, gpus, absent, (order, labels, having))
    return [(name, labels[name], frozenset(having[name])) for name in order]


class Document:
    """The documents of all GPUs of a machine.

    :ivar rows: the elements in order, as :func:`outline` returns them.
    """

    def __init__(self, report: Report) -> None:
        self.report = report
        self.rows = outline(report)
        self._having = {path: having for path, _label, having in self.rows}

    def having(self, path: str) -> frozenset[int]:
        """Return the indices of the GPUs that have the element."""
        return self._having.get(path, frozenset())

    def find(self, path: str) -> str:
        """Return the path of an element of this branch that says the same as that at *path*, ``""`` if there is none."""
        return next((name for name in (path, *other_names(path)) if name in self._having), "")

    def text(self, gpu: int, path: str) -> str:
        """Return the text of an element that the document of this GPU has, otherwise ``N/A``."""
        return self.report.text(gpu, path) if gpu in self._having.get(path, ()) else NOT_AVAILABLE


def label_of(name: str) -> str:
    """Return the label of an element that the table does not have: its own name if that is a label, ``fan_rpm`` -> ``Fan Rpm``."""
    name = name.partition("#")[0].replace("%2F", "/")
    if "_" not in name and not name.islower():
        return name
    return " ".join([word[:1].upper() + word[1:] for word in name.split("_")])


def element_name(name: str) -> str:
    """Return the XML name of an element that the table does not have: ``Fan RPM`` -> ``fan_rpm``."""
    name = name.partition("#")[0].replace("%2F", "/")
    if all(character.isalnum() or character in "_.-" for character in name) and not name[:1].isdigit():
        return name
    words = "".join([character.lower() if character.isalnum() else " " for character in name]).split()
    return "_".join(words) if words and not words[0][0].isdigit() else "_" + "_".join(words)


_paths: set[str] = set()


def _known() -> set[str]:
    if not _paths:
        _paths.update(path for path, *_rest in elements())
    return _paths


def _absent(report: Report, gpu: int) -> frozenset[str]:
    if not report.same_branch:
        return frozenset()
    lists = [facts.get(ABSENT, "") for facts in (report.shared, report.own[gpu])]
    return frozenset([path for text in lists for path in text.split("; ") if path])


def _is_absent(path: str, absent: frozenset[str]) -> bool:
    return path in absent or any(path.startswith(parent) for parent in absent if parent.endswith("/"))


def _meets(report: Report, gpu: int, condition: str) -> bool:
    met = conditions(report, gpu)
    return condition[3:] not in met if condition.startswith("no ") else condition in met


def _add_unknown(
    report: Report,
    facts: dict[str, str],
    gpus: set[int],
    absent: list[frozenset[str]],
    found: tuple[list[str], dict[str, str], dict[str, set[int]]],
) -> None:
    """Add the elements of a report that the table has in no branch, or not in the documents of these GPUs."""
    _order, labels, _having = found
    known = _known()
    is_shared = facts is report.shared
    before = ""
    for path in facts:
        if path.partition("/")[0] in _NO_ELEMENTS:
            continue
        if path in labels and is_shared:
            before = path
            continue
        if path in known and path not in labels and not report.same_branch:
            continue
        # What a GPU's own report has is there, even if the shared one says that it is absent.
        having = {gpu for gpu in gpus if not (is_shared and _is_absent(path, absent[gpu]))}
        if path.startswith("remapped_rows/"):  # not shown in MIG mode
            having = {gpu for gpu in having if not report.machine.gpus[gpu].mig_enabled}
        if having:
            _insert(report, found, path, before, having)
            before = path


def _insert(
    report: Report, found: tuple[list[str], dict[str, str], dict[str, set[int]]], path: str, before: str, gpus: set[int]
) -> None:
    """Add an element, and those around it, to GPUs: a new one after the one *before* it or at the end of its parent."""
    order, labels, having = found
    parts = path.split("/")
    for depth in range(1, len(parts) + 1):
        name = "/".join(parts[:depth]) + ("/" if depth < len(parts) else "")
        if name not in labels:
            parent = "/".join(parts[: depth - 1])
            order.insert(_place(order, parent + "/" if parent else "", before), name)
            plain = name.rstrip("/")
            labels[name] = report.shared.get(LABELS + plain) or table_label(plain) or label_of(parts[depth - 1])
            having[name] = set()
        having[name] |= gpus


def table_label(path: str) -> str:
    """Return the first label that the table has for a path, ``""`` if it has none."""
    return next((label for known, label, *_rest in elements() if known == path), "")


def _place(order: list[str], parent: str, before: str) -> int:
    """Return the place after what *before* is or is in, among the elements of *parent*; without that, after the last of them."""
    beside = parent + before[len(parent) :].partition("/")[0] if before.startswith(parent) and before != parent else ""
    last = len(order)
    after = inside = False
    for index, path in enumerate(order):
        if beside and (path == beside or path.startswith(beside + "/")):
            after = True
        elif after:
            return index
        elif not parent or path.startswith(parent):
            inside = True
        elif inside:
            return index
    return last
