# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Hostile contents for a JSON file: the text itself broken, and each value replaced by another kind of value."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator

# What replaces a value: every kind that JSON has, and the ends of their ranges.
_VALUES: tuple[object, ...] = (
    *(None, True, 0, -1, 1 << 31, 1 << 63, 10**40, 1.5, 1e308, float("inf"), float("nan")),
    *("", "x", "x" * 100_000, "../../etc/shadow", "a\0b", "a\nb", "\ud800", "٣", "{{ 1 }}", "$(touch /tmp/attacked)"),
    *([], [[]], [None] * 1000, {}, {"": {}}, {"a": [{}]}),
)


class Hostile:
    """A hostile file: what it is in words, its content, and whether nothing can be made of it."""

    def __init__(self, name: str, content: bytes, hopeless: bool) -> None:
        self.name = name
        self.content = content
        self.hopeless = hopeless


def hostile_files(content: bytes, most: int, seed: str) -> list[Hostile]:
    """Return the hostile variants of a JSON file: all broken texts, and random ones of the other values, *most* in all."""
    rng = random.Random(seed)
    found = [Hostile(name, data, True) for name, data in _broken(content)]
    others = list(_replaced(json.loads(content)))
    rng.shuffle(others)
    return found + others[: most - len(found)]


def _broken(content: bytes) -> Iterator[tuple[str, bytes]]:
    size = len(content)
    yield "empty", b""
    yield "of blanks", b" \n\t" * 100
    yield "of NULs", b"\0" * 4096
    yield "with a NUL inside", content[: size // 2] + b"\0" + content[size // 2 :]
    yield "of all bytes", bytes(range(256)) * 8
    yield "in invalid UTF-8", content.replace(b'"type_name"', b'"type_n\xff\xfe"', 1) + b"\xff"
    yield "in UTF-16", content.decode().encode("utf-16")
    yield "nested 100000 deep in lists", b"[" * 100_000
    yield "nested 100000 deep in lists, complete", b"[" * 100_000 + b"]" * 100_000
    yield "nested 100000 deep in maps", b'{"a":' * 100_000
    yield "nested 100000 deep in a field", b'{"gpus":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    yield "an unknown word", b"nothing"
    yield "of a number", b"1" * 5000
    yield "of a list", b"[]"
    yield "of a text", b'"text"'
    yield "null", b"null"
    yield "twice", content + content
    yield "with rubbish behind", content + b"x"
    yield "of 20 MB", b'{"type_name": "' + b"x" * 20_000_000
    yield (
        "a YAML bomb",
        b"a0: &a0 [x, x]\n"
        + b"".join(b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 10)),
    )
    for part in range(1, 12):
        yield f"cut after {part} twelfths", content.rstrip()[: size * part // 12]


def _replaced(data: object) -> Iterator[Hostile]:
    """Each value of *data* replaced by each of _VALUES, and each key left out."""
    for path in _paths(data):
        for value in (*_VALUES, _MISSING):
            changed = copy.deepcopy(data)
            place = changed
            for step in path[:-1]:
                place = place[step]
            if value is _MISSING:
                del place[path[-1]]
            else:
                place[path[-1]] = value
            said = "left out" if value is _MISSING else f"is {value!r:.40}"
            yield Hostile(f"in which {'.'.join(map(str, path))} {said}", json.dumps(changed).encode(), False)


_MISSING = object()


def _paths(data: object, above: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """The path of every value, of a list only its first and last."""
    if isinstance(data, dict):
        steps: list[object] = list(data)
    elif isinstance(data, list) and data:
        steps = sorted({0, len(data) - 1})
    else:
        return
    for step in steps:
        yield (*above, step)
        yield from _paths(data[step], (*above, step))
