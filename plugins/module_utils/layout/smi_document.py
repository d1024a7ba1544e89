# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The payload of nvidia-smi: the document of the machine's GPUs, for ``-q``, ``-q -x`` and all queries (native/smi_document.h).

Lines of the machine:

- ``system``: element of ``-q -x`` before the GPUs, its label in ``-q``, its text. ``@time`` and ``@count`` are made when it runs.
- ``document``: name of the DTD.
- ``element``: depth in the XML, depth in ``-q``, flags, section of ``-d``, path, name, label, text. Its number is its place.
- ``field``: kind of query, names, unit, source, flags, text without a source, section of the help, description. A source is numbers
  of elements, see :class:`..machine.document.queries.Field`.

Lines of a GPU, after the line ``gpu``:

- ``own``: number of an element, and the text that differs from that of the machine. Without a text, this GPU does not have it.
- ``answer``: number of a field, and the text that this GPU answers with.
- ``instance``: a MIG device; see :func:`_instance`.
"""

from __future__ import annotations

from ..machine.document.computed import NOT_AVAILABLE
from ..machine.document.head import dtd_name, head
from ..machine.document.instances import INSTANCE_ELEMENTS, instance_texts
from ..machine.document.outline import Document, element_name
from ..machine.document.queries import KINDS, REASONS, Field, fields
from ..machine.document.texts import Report
from ..machine.mig import capability_minor
from .smi_state import live_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..machine.model import Gpu, Machine, MigDevice

# Sections of -d by the first name of a path.
_SECTIONS = {
    "fb_memory_usage": "MEMORY",
    "bar1_memory_usage": "MEMORY",
    "cc_protected_memory_usage": "MEMORY",
    "utilization": "UTILIZATION",
    "ecc_mode": "ECC",
    "ecc_errors": "ECC",
    "temperature": "TEMPERATURE",
    "power_readings": "POWER",
    "gpu_power_readings": "POWER",
    "gpu_memory_power_readings": "POWER",
    "module_power_readings": "POWER",
    "edpp_multiplier": "POWER",
    "clocks": "CLOCK",
    "applications_clocks": "CLOCK",
    "default_applications_clocks": "CLOCK",
    "deferred_clocks": "CLOCK",
    "max_clocks": "CLOCK",
    "max_customer_boost_clocks": "CLOCK",
    "clock_policy": "CLOCK",
    "compute_mode": "COMPUTE",
    "processes": "PIDS",
    "performance_state": "PERFORMANCE",
    "clocks_throttle_reasons": "PERFORMANCE",
    "clocks_event_reasons": "PERFORMANCE",
    "clocks_event_reasons_counters": "PERFORMANCE",
    "sparse_operation_mode": "PERFORMANCE",
    "supported_clocks": "SUPPORTED_CLOCKS",
    "retired_pages": "PAGE_RETIREMENT",
    "accounting_mode": "ACCOUNTING",
    "accounting_mode_buffer_size": "ACCOUNTING",
    "accounted_processes": "ACCOUNTING",
    "encoder_stats": "ENCODER_STATS",
    "supported_gpu_target_temp": "SUPPORTED_GPU_TARGET_TEMP",
    "voltage": "VOLTAGE",
    "fbc_stats": "FBC_STATS",
    "remapped_rows": "ROW_REMAPPER",
    "gpu_reset_status": "RESET_STATUS",
    "gsp_firmware_version": "GSP_FIRMWARE_VERSION",
    "power_smoothing": "POWER_SMOOTHING",
    "power_profiles": "POWER_PROFILES",
}
# Elements with a form of their own, by their flag in the payload; -q shows some of them with -d only.
_FORMS = {
    "mig_devices": "m",
    "supported_clocks": "sd",
    "processes": "p",
    "accounted_processes": "ad",
    "supported_gpu_target_temp": "d",
    "supported_gpu_target_temp/gpu_target_temp_min": "d",
    "supported_gpu_target_temp/gpu_target_temp_max": "d",
}
_PREFIXED = (
    "pci/pci_bus",
    "pci/pci_device",
    "pci/pci_domain",
    "pci/pci_device_id",
    "pci/pci_sub_system_id",
    "pci/pci_base_class",
    "pci/pci_sub_class",
)
# Elements that differ between GPUs that are otherwise alike.
_OF_ONE_GPU = (
    "serial",
    "uuid",
    "minor_number",
    "board_id",
    "pci/pci_bus",
    "pci/pci_device",
    "pci/pci_domain",
    "pci/pci_bus_id",
)
_QUERY = "query/"


class Payload:
    """The lines of one machine's document."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._report = Report(machine)
        self._document = Document(self._report)
        self._rows = self._document.rows
        self._numbers = {path: number for number, (path, _label, _gpus) in enumerate(self._rows)}
        # A text of an element is that of the first GPU that has it.
        self._texts = [
            "" if path[-1] == "/" else self._report.text(min(gpus), path) for path, _label, gpus in self._rows
        ]
        self._fields: list[tuple[int, Field]] = [
            (kind, field) for kind, name in enumerate(KINDS) for field in fields(name, self._report.version)
        ]
        self._fields += self._unknown_fields()

    def _unknown_fields(self) -> list[tuple[int, Field]]:
        """Return the fields that only the reports of the machine have."""
        known = {name for kind, field in self._fields if kind == 0 for name in field.names}
        found: dict[str, Field] = {}
        for facts in (self._report.shared, *self._report.own):
            for path in facts:
                name, _bracket, unit = path[len(_QUERY) :].rstrip("]").partition(" [")
                if path.startswith(_QUERY) and name and name not in known:
                    found.setdefault(name, Field([name], unit, "", "", "", ""))
        return [(0, field) for field in found.values()]

    def lines(self) -> list[str]:
        """Return the lines of the machine."""
        live = live_lines(lambda path: self._numbers.get(self._document.find(path), -1), self._texts.__getitem__)
        return [*self._head(), *self._elements(), *self._field_lines(), *live]

    def lines_of(self, gpu: Gpu) -> list[str]:
        """Return the lines that follow the line of a GPU."""
        found = [_line("instance", *_instance(self._machine, gpu, mig)) for mig in gpu.mig_devices]
        first = self._machine.gpus[0]
        alike = not gpu.report and not first.report and gpu.but(**_IDENTITY) == first.but(**_IDENTITY)
        for number, (path, _label, having) in enumerate(self._rows):
            if gpu.index not in having:
                found.append(_line("own", str(number)))
            elif path[-1] != "/" and not (alike and path not in _OF_ONE_GPU):
                text = self._report.text(gpu.index, path)
                if text != self._texts[number]:
                    found.append(_line("own", str(number), text))
        for number, (kind, field) in enumerate(self._fields):
            name = field.names[0]
            text_or_none = self._report.query(gpu.index, name) if kind == 0 else None
            if kind == 0 and text_or_none is None and field.unit and not field.source:
                text_or_none = self._report.query(gpu.index, f"{name} [{field.unit}]")
            if text_or_none is not None:
                found.append(_line("answer", str(number), text_or_none))
        return found

    def _head(self) -> list[str]:
        return [_line("document", dtd_name(self._report)), *[_line("system", *row) for row in head(self._report)]]

    def _elements(self) -> list[str]:
        lines = []
        depths: dict[str, int] = {"": 0}  # of what is inside, in -q
        for (path, label, _gpus), text in zip(self._rows, self._texts):
            name = path.rstrip("/").rpartition("/")[2]
            parent = path.rstrip("/").rpartition("/")[0]
            depth = depths.get(parent, 0)
            if path[-1] == "/":
                depths[path[:-1]] = depth + bool(label)
            flags = _FORMS.get(path.rstrip("/"), "") + ("c" if path[-1] == "/" else "")
            flags += ("h" if path in _PREFIXED else "") + ("" if label else "x")
            xml = element_name(name)
            lines.append(
                _line(
                    "element",
                    str(path.rstrip("/").count("/")),
                    str(depth),
                    flags,
                    _SECTIONS.get(path.partition("/")[0], ""),
                    path.rstrip("/"),
                    xml,
                    label,
                    text,
                )
            )
        return lines

    def _field_lines(self) -> list[str]:
        lines = []
        for kind, field in self._fields:
            source = field.source
            if source.startswith("&"):
                paths = [source[1:] + reason for reason in REASONS]
            else:
                paths = [] if source.startswith("@") else source.lstrip("+").split()
            found = [self._numbers.get(self._document.find(path), -1) for path in paths]
            # The place of a reason is its bit, so one that is missing keeps its place.
            numbers = [str(number) for number in found if number >= 0 or source.startswith("&")]
            sign = source[:1] if source[:1] in ("+", "&") else ""
            words = source if source.startswith("@") else sign + ",".join(numbers)
            lines.append(
                _line(
                    "field",
                    str(kind),
                    " ".join(field.names),
                    field.unit,
                    words,
                    field.flags,
                    field.text,
                    field.section,
                    self._description(field, paths),
                )
            )
        return lines

    def _description(self, field: Field, paths: list[str]) -> str:
        found = self._document.find(paths[0]) if paths and not field.source.startswith("&") else ""
        if not found:
            return ""
        labels = []
        for path, label, _gpus in self._rows:
            if label and (found == path or (path[-1] == "/" and found.startswith(path))):
                labels.append(label.strip())
        return "As nvidia-smi -q shows it: " + ", ".join(labels) + "." if labels else ""


_IDENTITY = {"index": 0, "minor": 0, "uuid": "", "pci_bus_id": "", "serial": "", "irq": 0, "mig_devices": ()}


def _instance(machine: Machine, gpu: Gpu, mig: MigDevice) -> tuple[str, ...]:
    """Return the minor of the capability, GPU instance, compute instance, and the texts of INSTANCE_ELEMENTS."""
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
