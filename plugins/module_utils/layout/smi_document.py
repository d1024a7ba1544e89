# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The payload of nvidia-smi: the document of the machine's GPUs, for ``-q``, ``-q -x`` and all queries (native/smi_document.h).

The program has the tables of all versions (native/smi_elements.c). Lines of the machine:

- ``system``: element of ``-q -x`` before the GPUs, its label in ``-q``, its text. ``@time`` and ``@count`` are made when it runs.
- ``document``: name of the DTD, version of the driver (branch * 1000 + minor), which chooses the elements and fields of the tables.
- ``row``: path, name, label, flags, section and text of an element. With any of them, they replace the table: for boards whose
  document has elements that the table does not have.
- ``set``: path and text of an element. ``drop``: path of an element, or of a group with a slash behind it, that is not there.
- ``field``: name and unit of a field of ``--query-gpu`` that the table does not have.

Lines of a GPU, after the line ``gpu``:

- ``when``: the conditions that the GPU meets.
- ``own``: path and text of an element that differs from that of the machine. Without a text, this GPU does not have it.
- ``answer``: name of a field of ``--query-gpu``, and the text that this GPU answers with.
- ``instance``: a MIG device; see :func:`_instance`.
"""

from __future__ import annotations

from ..machine.document.computed import DEPRECATED_SINCE, NOT_AVAILABLE
from ..machine.document.elements import TEXTS, elements
from ..machine.document.texts import ABSENT, Report, conditions, other_names
from ..machine.mig import capability_minor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..machine.document.outline import Document
    from ..machine.model import Gpu, Machine, MigDevice

_QUERY = "query/"
# Keys of a report that are no elements.
_NO_ELEMENTS = ("from_driver", ABSENT, "query", "system", "dtd", "labels")
# Elements that differ between GPUs that are otherwise alike.
_OF_ONE_GPU = (
    *("serial", "uuid", "pdi", "minor_number", "board_id", "pci/pci_bus", "pci/pci_device", "pci/pci_domain"),
    "pci/pci_bus_id",
)
_IDENTITY = {"index": 0, "minor": 0, "uuid": "", "pci_bus_id": "", "serial": "", "irq": 0, "mig_devices": ()}


class Payload:
    """The lines of one machine's document."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._report = Report(machine)
        version = self._report.version
        # Path -> condition, of the elements of the version that have a text.
        self._known = {
            path: condition
            for path, _label, since, until, text, condition in elements()
            if text and since <= version and (not until or version < until)
        }
        self._conditions = [conditions(self._report, gpu.index) for gpu in machine.gpus]
        self._document: Document | None = None
        if not self._is_of_the_table():
            from ..machine.document.outline import Document

            self._document = Document(self._report)
        # Of each element whose text is that of the first GPU.
        self._texts: dict[str, str] = {}

    def lines(self) -> list[str]:
        """Return the lines of the machine."""
        from ..machine.document.head import dtd_name, head

        found = [_line("system", *row) for row in head(self._report)]
        found.append(_line("document", dtd_name(self._report), str(round(self._report.version * 1000))))
        if self._document is None:
            self._texts = {path: self._report.text(0, path) for path in self._told()} if self._machine.gpus else {}
            found += [_line("drop", path) for path in self._absent()]
            found += [_line("set", path, text) for path, text in self._texts.items()]
        else:
            found += self._rows(self._document)
        return found + self._fields()

    def lines_of(self, gpu: Gpu) -> list[str]:
        """Return the lines that follow the line of a GPU."""
        index = gpu.index
        found = [_line("instance", *_instance(self._machine, gpu, mig)) for mig in gpu.mig_devices]
        first = self._machine.gpus[0]
        alike = not gpu.report and not first.report and gpu.but(**_IDENTITY) == first.but(**_IDENTITY)
        if self._document is None:
            found.append(_line("when", " ".join(self._conditions[index])))
        for path in _OF_ONE_GPU if alike and self._document is None else self._texts:
            text = self._texts.get(path, "")
            if self._document is not None and index not in self._document.having(path):
                found.append(_line("own", path))
                continue
            if alike and path not in _OF_ONE_GPU:
                continue
            own = "" if path.endswith("/") else self._report.text(index, path)
            if own != text:
                found.append(_line("own", path, own))
        answers = {
            path: text for facts in (self._report.shared, self._report.own[index]) for path, text in facts.items()
        }
        for path, text in answers.items():
            if path.startswith(_QUERY):
                found.append(_line("answer", path[len(_QUERY) :].partition(" [")[0], text))
        return found

    def _is_of_the_table(self) -> bool:
        """Whether every element of the reports is one of the version's table, and the document of every GPU has the same ones."""
        report = self._report
        absent = self._absent()
        for facts, gpus in [
            (report.shared, range(len(report.own))),
            *[(own, (index,)) for index, own in enumerate(report.own)],
        ]:
            for path in facts:
                if path.partition("/")[0] in _NO_ELEMENTS:
                    if path == ABSENT and facts is not report.shared and report.same_branch:
                        return False
                    if path.startswith("labels/") and report.same_branch:
                        return False
                    continue
                condition = self._known.get(path)
                if condition is None:
                    if report.same_branch or path not in TEXTS:
                        return False
                    continue
                if condition and not all(_is_met(condition, self._conditions[gpu]) for gpu in gpus):
                    # Rows of memory are not shown in MIG mode, whatever the report says.
                    if condition == "rows" and all(self._machine.gpus[gpu].mig_enabled for gpu in gpus):
                        continue
                    return False
                if any(path == name or (name[-1] == "/" and path.startswith(name)) for name in absent):
                    return False
        return True

    def _absent(self) -> list[str]:
        text = self._report.shared.get(ABSENT, "") if self._report.same_branch else ""
        return [path for path in text.split("; ") if path and not path.startswith("system/")]

    def _told(self) -> list[str]:
        """Return the elements whose texts the table does not have, in any order."""
        found = {path for path, text in TEXTS.items() if text[0] == "="}
        found.update(DEPRECATED_SINCE)
        for facts in (self._report.shared, *self._report.own):
            for path in facts:
                found.add(path)
                if not self._report.same_branch:
                    found.update(other_names(path))
        return sorted(path for path in found if path in self._known)

    def _rows(self, document: Document) -> list[str]:
        from ..machine.document.outline import element_name
        from .smi_forms import flags_of, section_of

        found = []
        for path, label, having in document.rows:
            plain = path.rstrip("/")
            text = "" if path.endswith("/") else self._report.text(min(having), path)
            self._texts[path] = text
            name = element_name(plain.rpartition("/")[2])
            flags = flags_of(plain, label, not path.endswith("/"))
            found.append(_line("row", plain, name, label, flags, section_of(path), text))
        return found

    def _fields(self) -> list[str]:
        """Return the fields that only the reports of the machine have."""
        if not any(path.startswith(_QUERY) for facts in (self._report.shared, *self._report.own) for path in facts):
            return []
        from ..machine.document.queries import KINDS, fields

        known = {name for field in fields(KINDS[0], self._report.version) for name in field.names}
        found: dict[str, str] = {}
        for facts in (self._report.shared, *self._report.own):
            for path in facts:
                name, _bracket, unit = path[len(_QUERY) :].rstrip("]").partition(" [")
                if path.startswith(_QUERY) and name and name not in known:
                    found.setdefault(name, unit)
        return [_line("field", name, unit) for name, unit in found.items()]


def _is_met(condition: str, met: list[str]) -> bool:
    return condition[3:] not in met if condition.startswith("no ") else condition in met


def _instance(machine: Machine, gpu: Gpu, mig: MigDevice) -> tuple[str, ...]:
    """Return the minor of the capability, GPU instance, compute instance, and the texts of INSTANCE_ELEMENTS."""
    from ..machine.document.instances import INSTANCE_ELEMENTS, instance_texts

    model = machine.model
    texts = instance_texts(model, mig) if model is not None else {}
    return (
        str(capability_minor(gpu.minor, mig.gi, mig.ci)),
        str(mig.gi),
        str(mig.ci),
        *[texts.get(path, NOT_AVAILABLE) for path, _label in INSTANCE_ELEMENTS],
    )


def _line(kind: str, *cells: str) -> str:
    return "\t".join((kind, *cells)) + "\n"
