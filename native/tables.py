# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Writes the tables of nvidia-smi's document for the core and for the program.

    python3 native/tables.py

From native/smi_elements.txt: plugins/module_utils/machine/document/elements.py. From this and the fields of queries.py:
native/smi_elements.c. A unit test compares the files with what this program makes.
"""

from __future__ import annotations

import importlib
import os
import sys
import types

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TEXT = os.path.join(ROOT, "native", "smi_elements.txt")
ELEMENTS = os.path.join(ROOT, "plugins", "module_utils", "machine", "document", "elements.py")
TARGET = os.path.join(ROOT, "native", "smi_elements.c")

# Ready-made, because reading the text would take a tenth of gpu-mockctl's run.
_MODULE = '''# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
# fmt: off
"""The elements of nvidia-smi's document: made by native/tables.py from native/smi_elements.txt, not to be edited."""

from __future__ import annotations

# Path in -q -x; label in -q, "" if it is not shown there; first version, and first one without it, as branch + minor/1000, 0 for any;
# text without a report of the board: "" for an element with children, "=name" for a rule of computed.py; condition, or "".
ELEMENTS: tuple[tuple[str, str, float, float, str, str], ...] = (
%s)
# Path of each element with a text -> that text.
TEXTS: dict[str, str] = {
%s}


def elements() -> tuple[tuple[str, str, float, float, str, str], ...]:
    """Return all elements of all versions."""
    return ELEMENTS
'''

_HEAD = """/* Copyright (c) 2026, the nvmock.gpu authors
 * SPDX-License-Identifier: Apache-2.0 */
/* Made by native/tables.py from plugins/module_utils/machine/document, not to be edited. */
#include "smi_document.h"

"""


def _core(name: str) -> types.ModuleType:
    """Import a module of the core by the name that its tests use, or from this checkout."""
    package = "nvmock_tables"
    if package not in sys.modules:
        module = types.ModuleType(package)
        module.__path__ = [os.path.join(ROOT, "plugins", "module_utils")]
        sys.modules[package] = module
    return importlib.import_module(f"{package}.{name}")


def _text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _number(version: float) -> int:
    return round(version * 1000)


def read_elements() -> list[tuple[str, str, float, float, str, str]]:
    """Return the rows of the text."""
    found: list[tuple[str, str, float, float, str, str]] = []
    path: list[str] = []
    with open(TEXT, encoding="ascii") as handle:
        lines = [line.rstrip("\n") for line in handle if not line.startswith("#")]
    for line in lines:
        name, label, versions, text, condition = [cell.rstrip() for cell in line.split("|")]
        depth = (len(name) - len(name.lstrip())) // 2
        path[depth:] = [name.lstrip()]
        since, _dash, until = versions.strip().partition("-")
        label = label.strip().replace("~", " ").replace(">", "    ")
        found.append(("/".join(path), label, float(since or 0), float(until or 0), text.strip(), condition.strip()))
    return found


def module() -> str:
    """Return the content of elements.py."""
    rows = []
    texts: dict[str, str] = {}
    for path, label, since, until, text, condition in read_elements():
        cells = [_text(path), _text(label), f"{since:g}", f"{until:g}", _text(text), _text(condition)]
        rows.append(f"    ({', '.join(cells)}),\n")
        if text:
            texts.setdefault(path, text)
    return _MODULE % ("".join(rows), "".join(f"    {_text(path)}: {_text(text)},\n" for path, text in texts.items()))


def source() -> str:
    """Return the content of smi_elements.c."""
    elements = read_elements()
    queries = _core("machine.document.queries")
    names = _core("machine.document.texts").other_names
    forms = _core("layout.smi_forms")
    lines = [_HEAD, "const struct smi_element smi_elements[] = {\n"]
    for path, label, since, until, text, condition in elements:
        flags = forms.flags_of(path, label, bool(text))
        shown = "" if text.startswith("=") else text
        cells = [_text(part) for part in (path, label, flags, forms.section_of(path), shown, condition)]
        lines.append(f"    {{{', '.join(cells)}, {_number(since)}, {_number(until)}}},\n")
    lines.append("};\n\nconst int smi_element_count = sizeof smi_elements / sizeof *smi_elements;\n\n")
    lines.append("const struct smi_field smi_fields[] = {\n")
    # The versions at which a table changes.
    changes = sorted({0.0, 535.0, *(row[2] for row in elements), *(row[3] for row in elements)})
    changes = sorted({*changes, 590.0, 595.0, 610.0})
    for kind, name in enumerate(queries.KINDS):
        lines += _fields(queries, names, kind, name, changes)
    lines.append("};\n\nconst int smi_field_count = sizeof smi_fields / sizeof *smi_fields;\n")
    return "".join(lines)


def _fields(queries: types.ModuleType, names: object, kind: int, name: str, changes: list[float]) -> list[str]:
    """Return a row for each form of a field, with the versions that have it, in the order of the help text."""
    order: list[tuple[str, ...]] = []
    spans: dict[tuple[str, ...], list[list[float]]] = {}
    for place, version in enumerate(changes):
        before: tuple[str, ...] | None = None
        for field in queries.fields(name, version):
            key = (
                " ".join(field.names),
                field.unit,
                _source(queries, names, field.source),
                field.flags,
                field.text,
                field.section,
            )
            if key not in spans:
                order.insert(order.index(before) + 1 if before else 0, key)
                spans[key] = []
            before = key
            until = changes[place + 1] if place + 1 < len(changes) else 0.0
            if spans[key] and spans[key][-1][1] == version:
                spans[key][-1][1] = until
            else:
                spans[key].append([version, until])
    return [
        f"    {{{kind}, {', '.join(_text(cell) for cell in key)}, {_number(since)}, {_number(until)}}},\n"
        for key in order
        for since, until in spans[key]
    ]


def _source(queries: types.ModuleType, names: object, text: str) -> str:
    """Return a source for the program: each path with those of other branches, separated by ``|``."""
    if text.startswith("@"):
        return text
    sign = text[:1] if text[:1] in ("+", "&") else ""
    paths = [text[1:] + reason for reason in queries.REASONS] if sign == "&" else text.lstrip("+").split()
    return sign + " ".join(["|".join([path, *names(path)]) for path in paths])  # type: ignore[operator]


def main() -> None:
    """Write the files."""
    with open(ELEMENTS, "w", encoding="ascii") as handle:
        handle.write(module())
    with open(TARGET, "w", encoding="ascii") as handle:
        handle.write(source())


if __name__ == "__main__":
    main()
