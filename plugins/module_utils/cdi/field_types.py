# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Types of fields, checked as Go's strict decoding and the JSON schema check them."""

from __future__ import annotations

from ..errors import shortened
from ..values import Value, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

TEXT = "text"
TEXTS = "a list of texts"
LIST = "a list"
MAP = "a map"
BOOL = "bool"
INTEGER = "a whole number"
UINT32 = "a whole number from 0 to 4294967295"

_TYPES: dict[str, type] = {TEXT: str, LIST: list, MAP: dict, BOOL: bool}
_STR = frozenset((str,))
_INT64 = 1 << 63
_UINT32 = 1 << 32


@value
class Field(Value):
    """The type of a field."""

    kind: str  # one of the constants above
    required: bool = False
    items: str = ""  # what the items of a list must be, if they are not maps


class Fields(dict[str, Field] if TYPE_CHECKING else dict):  # type: ignore[misc]
    """The fields of one kind of map, by name."""

    def __init__(self, fields: Mapping[str, Field]) -> None:
        super().__init__(fields)
        self.required = tuple([name for name, field in fields.items() if field.required])
        # The fields of which every value of a type is good.
        self.types = {
            name: _TYPES[field.kind] for name, field in fields.items() if field.kind in _TYPES and not field.items
        }


def check_fields(data: dict[Any, Any], fields: Fields) -> list[str]:
    """Return the problems of one map: unknown and missing fields, and wrong types. A null counts as missing, as in Go.

    :returns: each problem as it follows the position of the map: ``.name: ...`` of a field, otherwise ``: ...``.
    """
    found = []
    types = fields.types
    for name, item in data.items():
        if isinstance(item, types.get(name, ())):
            continue
        field = fields.get(name)
        if field is None:
            found.append(f": unknown field {shortened(repr(name), 60)}: must be one of {', '.join(fields)}")
        elif item is not None and not _fits(item, field):
            found += [f".{name}{problem}" for problem in _check(item, field)]
    for name in fields.required:
        if data.get(name) is None:
            found.append(f": {name} is missing")
    return found


def _fits(value: object, field: Field) -> bool:
    """Whether there is nothing to say: the quick answer for almost every field."""
    if field.kind is TEXTS:
        return isinstance(value, list) and _STR.issuperset(map(type, value))
    return not field.items and _is(value, field.kind)


def _check(value: object, field: Field) -> Iterator[str]:
    if not _is(value, LIST if field.kind == TEXTS else field.kind):
        yield f": must be {_said(field.kind)}, is {shortened(repr(value), 60)}"
        return
    items = TEXT if field.kind == TEXTS else field.items
    if items and isinstance(value, list):
        for index, item in enumerate(value):
            if not _is(item, items):
                yield f"[{index}]: must be {_said(items)}, is {shortened(repr(item), 60)}"


def _is(value: object, kind: str) -> bool:
    if kind in _TYPES:
        return isinstance(value, _TYPES[kind])
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    return 0 <= value < _UINT32 if kind == UINT32 else -_INT64 <= value < _INT64


def _said(kind: str) -> str:
    return "true or false" if kind == BOOL else kind
