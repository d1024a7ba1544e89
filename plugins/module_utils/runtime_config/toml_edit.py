# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Small edits of a TOML file that leave every other byte as it was: comments, order, spacing, line ends.

``Document`` finds where each key and each value stands; an edit replaces or adds just that piece of text. What can't be
edited safely (a table written inline, a table in an array) is refused with the line to look at. Nothing here knows what the
keys mean.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple, Union

from ..errors import NvmockError

Path = tuple[str, ...]
Scalar = Union[bool, int, str]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_INTEGER = re.compile(r"[+-]?[0-9][0-9_]*\Z")
_OTHER_NUMBER = re.compile(r"[+-]?(?:inf|nan|[0-9][0-9A-Za-z_.:+-]*)\Z|[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9][0-9:.+Zz-]*\Z")
_MOST_DEPTH = 100  # of values in each other, and of parts of a key
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\", "e": "\x1b"}


class TomlError(NvmockError):
    """The text is not TOML, or the edit can't be made without rewriting what the user wrote."""


class Opaque(str):
    """A value that nobody here compares, such as a date or a float, as it is written."""

    __slots__ = ()


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()


class _Array(NamedTuple):
    items: list[Any]
    insert_at: int  # where one more element goes
    has_items: bool


class _Header(NamedTuple):
    path: Path
    start: int
    end: int  # after the newline
    array: bool


class _Entry(NamedTuple):
    table: Path
    header: int  # index in headers, -1 for the root table
    key: Path
    key_ends: tuple[int, ...]  # where each part of the key ends
    start: int  # of the line
    key_start: int
    value_start: int
    value_end: int
    end: int  # after the newline
    value: Any
    in_array: bool


def format_value(value: Scalar | list[Any] | dict[str, Any]) -> str:
    """A value as TOML: a boolean, an integer, a string, a list of those, or an inline table."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{format_key(key)} = {format_value(one)}" for key, one in value.items()) + "}"
    return "[" + ", ".join(format_value(one) for one in value) + "]"


def format_key(part: str) -> str:
    """One part of a key, quoted if it has to be."""
    return part if _BARE_KEY.fullmatch(part) else format_value(part)


class Document:
    """A TOML text and where its keys stand.

    :arg text: the file.
    :raise TomlError: it is not TOML; the message names the line.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._parse()

    # Questions

    def get(self, *path: str) -> Any:
        """The value at a path, or ``MISSING``. Tables and values inside arrays of tables are not seen."""
        for entry in self._entries:
            if entry.in_array:
                continue
            full = entry.table + entry.key
            if full == path:
                return _plain(entry.value)
            if isinstance(entry.value, dict) and path[: len(full)] == full:
                return _descend(entry.value, path[len(full) :])
        return MISSING

    def raw(self, *path: str) -> str | None:
        """The value at a path as it is written, or ``None``."""
        entry = self._entry(path)
        return None if entry is None else self.text[entry.value_start : entry.value_end]

    def has_table(self, *path: str) -> bool:
        """Whether a header ``[path]`` is there."""
        return any(header.path == path and not header.array for header in self._headers)

    def has(self, *path: str) -> bool:
        """Whether anything is there at a path or below it, outside of arrays of tables."""
        names = [one.path for one in self._headers if not one.array]
        names += [one.table + one.key for one in self._entries if not one.in_array]
        return any(name[: len(path)] == path for name in names) or self.get(*path) is not MISSING

    def line(self, *path: str) -> int:
        """The line at which the value at a path stands, from 1; that of the inline table that holds it; 0 if it is nowhere."""
        for entry in self._entries:
            full = entry.table + entry.key
            if not entry.in_array and path[: len(full)] == full:
                return self._line(entry.start)
        return 0

    # Edits

    def set(self, path: Path, value: Scalar | list[Any]) -> None:
        """Make the value at a path be this one."""
        self.set_raw(path, format_value(value))

    def set_raw(self, path: Path, text: str) -> None:
        """Make the value at a path be written like this."""
        entry = self._entry(path)
        if entry is not None:
            self._replace(entry.value_start, entry.value_end, text)
            return
        self._refuse_obstacles(path)
        table, key = path[:-1], path[-1]
        line = f"{format_key(key)} = {text}"
        index = self._header_index(table)
        if index is not None:
            own = [entry for entry in self._entries if entry.header == index and len(entry.key) == 1]
            own = own or [entry for entry in self._entries if entry.header == index]
            if own:
                self._insert_line(own[-1].end, self._indent(own[-1].start) + line)
            elif index >= 0:
                self._insert_line(self._headers[index].end, self._indent(self._headers[index].start) + line)
            else:
                self._insert_line(0, line)
            return
        for entry in reversed(self._entries):
            full = entry.table + entry.key
            if not entry.in_array and len(entry.table) < len(table) and full[: len(table)] == table:
                # The table exists by dotted keys only: a header for it would define it twice.
                prefix = self.text[entry.key_start : entry.key_ends[len(table) - len(entry.table) - 1]]
                self._insert_line(entry.end, f"{self._indent(entry.start)}{prefix}.{line}")
                return
        newline = self._newline()
        gap = newline if self.text.strip() else ""
        header = "[" + ".".join(format_key(part) for part in table) + "]"
        self._insert_line(len(self.text), f"{gap}{header}{newline}{line}")

    def append(self, path: Path, values: list[Any]) -> None:
        """Add elements to the end of the array at a path."""
        entry = self._entry(path)
        if entry is None or not isinstance(entry.value, _Array):
            raise TomlError(f"{'.'.join(path)} is no array")
        text = ", ".join(format_value(one) for one in values)
        if text:
            array = entry.value
            self._replace(array.insert_at, array.insert_at, ", " + text if array.has_items else text)

    def remove(self, path: Path) -> None:
        """Take a key and its value out, with the line they stand on."""
        entry = self._entry(path)
        if entry is not None:
            self._replace(entry.start, entry.end, "")

    def remove_empty_table(self, path: Path) -> None:
        """Take out the header of a table that has no keys, and the empty line above it."""
        for index, header in enumerate(self._headers):
            if header.path == path and not header.array and not any(one.header == index for one in self._entries):
                before = self.text[: header.start]
                trimmed = re.sub(r"(?:^|(?<=\n))[ \t]*\r?\n\Z", "", before)
                self._replace(len(trimmed), header.end, "")
                return

    # How it is done

    def _entry(self, path: Path) -> _Entry | None:
        for entry in self._entries:
            if not entry.in_array and entry.table + entry.key == tuple(path):
                return entry
        return None

    def _header_index(self, table: Path) -> int | None:
        if not table:
            return -1
        for index, header in enumerate(self._headers):
            if header.path == table and not header.array:
                return index
        return None

    def _refuse_obstacles(self, path: Path) -> None:
        for entry in self._entries:
            full = entry.table + entry.key
            if not entry.in_array and path[: len(full)] == full:
                kind = "an inline table" if isinstance(entry.value, dict) else "a value, not a table"
                raise TomlError(f"line {self._line(entry.start)}: {'.'.join(full)} is {kind}: change it by hand")
        for header in self._headers:
            if header.path[: len(path)] == path:
                raise TomlError(f"line {self._line(header.start)}: {'.'.join(path)} is a table, not a value")
            if header.array and path[: len(header.path)] == header.path:
                raise TomlError(f"line {self._line(header.start)}: {'.'.join(header.path)} is an array of tables")
        if any(not one.in_array and (one.table + one.key)[: len(path)] == path for one in self._entries):
            raise TomlError(f"{'.'.join(path)} is a table, not a value")

    def _replace(self, start: int, end: int, new: str) -> None:
        self.text = self.text[:start] + new + self.text[end:]
        self._parse()

    def _insert_line(self, position: int, line: str) -> None:
        newline = self._newline()
        before = self.text[:position]
        if before and not before.endswith("\n"):
            line = newline + line
        self._replace(position, position, line + newline)

    def _newline(self) -> str:
        first = self.text.find("\n")
        return "\r\n" if first > 0 and self.text[first - 1] == "\r" else "\n"

    def _indent(self, start: int) -> str:
        match = re.compile(r"[ \t]*").match(self.text, start)
        return match.group() if match else ""

    def _line(self, position: int) -> int:
        return self.text.count("\n", 0, position) + 1

    # Reading

    def _fail(self, position: int, what: str) -> TomlError:
        return TomlError(f"line {self._line(position)}: {what}")

    def _parse(self) -> None:
        self._headers: list[_Header] = []
        self._entries: list[_Entry] = []
        self._depth = 0
        text, position = self.text, 1 if self.text.startswith("\ufeff") else 0
        table: Path = ()
        header_index = -1
        in_array = False
        arrays: set[Path] = set()
        seen: set[Path] = set()
        while position < len(text):
            start = position
            position = self._blank(position)
            if position >= len(text):
                break
            if text[position] == "#" or self._at_newline(position):
                position = self._line_end(position)
                continue
            if text[position] == "[":
                array = text.startswith("[[", position)
                path, _ends, after = self._key(self._blank(position + (2 if array else 1)))
                after = self._blank(after)
                closing = "]]" if array else "]"
                if not text.startswith(closing, after):
                    raise self._fail(start, f"no {closing} after the table's name")
                position = self._line_end(after + len(closing))
                in_array = array or any(path[: len(one)] == one for one in arrays)
                if array:
                    arrays.add(path)
                elif not in_array and any(one.path == path and not one.array for one in self._headers):
                    raise self._fail(start, f"table {'.'.join(path)} is there twice")
                table, header_index = path, len(self._headers)
                self._headers.append(_Header(path, start, position, array))
                continue
            key_start = position
            key, ends, after = self._key(position)
            after = self._blank(after)
            if not text.startswith("=", after):
                raise self._fail(start, "no = after the key")
            value_start = self._blank(after + 1)
            value, value_end = self._value(value_start)
            position = self._line_end(value_end)
            if not in_array:
                if table + key in seen:
                    raise self._fail(start, f"{'.'.join(table + key)} is there twice")
                seen.add(table + key)
            self._entries.append(
                _Entry(
                    table, header_index, key, ends, start, key_start, value_start, value_end, position, value, in_array
                )
            )

    def _blank(self, position: int) -> int:
        while position < len(self.text) and self.text[position] in " \t":
            position += 1
        return position

    def _at_newline(self, position: int) -> bool:
        return self.text.startswith("\n", position) or self.text.startswith("\r\n", position)

    def _line_end(self, position: int) -> int:
        """After the newline; only blanks and a comment may come before it."""
        at = self._blank(position)
        if at < len(self.text) and self.text[at] == "#":
            found = self.text.find("\n", at)
            return len(self.text) if found < 0 else found + 1
        if at >= len(self.text):
            return at
        if not self._at_newline(at):
            raise self._fail(at, f"unexpected {self.text[at]!r}")
        return self.text.index("\n", at) + 1

    def _key(self, position: int) -> tuple[Path, tuple[int, ...], int]:
        parts: list[str] = []
        ends: list[int] = []
        while True:
            position = self._blank(position)
            if position < len(self.text) and self.text[position] in "\"'":
                part, position = self._string(position)
            else:
                match = _BARE_KEY.match(self.text, position)
                if match is None:
                    raise self._fail(position, "no key where one should be")
                part, position = match.group(), match.end()
            parts.append(part)
            ends.append(position)
            if len(parts) > _MOST_DEPTH:
                raise self._fail(position, f"a key has more than {_MOST_DEPTH} parts")
            after = self._blank(position)
            if not self.text.startswith(".", after):
                return tuple(parts), tuple(ends), position
            position = after + 1

    def _string(self, position: int) -> tuple[str, int]:
        """A string on one line."""
        quote = self.text[position]
        out: list[str] = []
        at = position + 1
        while at < len(self.text) and self.text[at] != "\n":
            char = self.text[at]
            if char == quote:
                return "".join(out), at + 1
            if char == "\\" and quote == '"':
                piece, at = self._escape(at)
                out.append(piece)
                continue
            out.append(char)
            at += 1
        raise self._fail(position, "a string has no end")

    def _escape(self, at: int) -> tuple[str, int]:
        char = self.text[at + 1 : at + 2]
        if char in _ESCAPES and char:
            return _ESCAPES[char], at + 2
        size = {"u": 4, "U": 8, "x": 2}.get(char, 0)
        digits = self.text[at + 2 : at + 2 + size]
        if size and re.fullmatch(r"[0-9A-Fa-f]{%d}" % size, digits) and int(digits, 16) < 0x110000:
            return chr(int(digits, 16)), at + 2 + size
        raise self._fail(at, f"\\{char} is no escape")

    def _value(self, position: int) -> tuple[Any, int]:
        text = self.text
        if text.startswith(('"""', "'''"), position):
            quote = text[position : position + 3]
            end = position + 3
            while not text.startswith(quote, end):
                if end >= len(text):
                    raise self._fail(position, "a string has no end")
                end += 2 if text[end] == "\\" and quote == '"""' else 1
            end += 3
            for _quote in range(2):  # up to two quotes may stand right before the closing ones
                end += text.startswith(quote[0], end)
            return Opaque(text[position:end]), end
        first = text[position : position + 1]
        if first in ('"', "'") and first:
            return self._string(position)
        if first in ("[", "{"):
            if self._depth >= _MOST_DEPTH:
                raise self._fail(position, f"values are nested more than {_MOST_DEPTH} deep")
            self._depth += 1
            found = self._array(position) if first == "[" else self._inline_table(position)
            self._depth -= 1
            return found
        match = re.compile(r"[^,\]}#\r\n]+").match(text, position)
        token = match.group().rstrip(" \t") if match else ""
        if not token:
            raise self._fail(position, "no value where one should be")
        end = position + len(token)
        if token in ("true", "false"):
            return token == "true", end
        if _INTEGER.match(token):
            return int(token.replace("_", "")), end
        if not _OTHER_NUMBER.match(token):
            raise self._fail(position, f"{token!r} is no value")
        return Opaque(token), end

    def _space(self, position: int) -> int:
        """Past blanks, newlines and comments."""
        while position < len(self.text):
            char = self.text[position]
            if char in " \t\r\n":
                position += 1
            elif char == "#":
                found = self.text.find("\n", position)
                position = len(self.text) if found < 0 else found
            else:
                break
        return position

    def _array(self, position: int) -> tuple[_Array, int]:
        items: list[Any] = []
        insert_at = position + 1
        at = self._space(position + 1)
        while not self.text.startswith("]", at):
            if at >= len(self.text):
                raise self._fail(position, "an array has no end")
            value, insert_at = self._value(at)
            items.append(value)
            at = self._space(insert_at)
            if self.text.startswith(",", at):
                at = self._space(at + 1)
            elif at < len(self.text) and not self.text.startswith("]", at):
                raise self._fail(at, "no comma between two elements")
        return _Array(items, insert_at, bool(items)), at + 1

    def _inline_table(self, position: int) -> tuple[dict[str, Any], int]:
        out: dict[str, Any] = {}
        at = self._space(position + 1)
        while not self.text.startswith("}", at):
            if at >= len(self.text):
                raise self._fail(position, "an inline table has no end")
            key, _ends, at = self._key(at)
            at = self._blank(at)
            if not self.text.startswith("=", at):
                raise self._fail(at, "no = after the key")
            self._depth += len(key) - 1
            value, at = self._value(self._blank(at + 1))
            self._depth -= len(key) - 1
            inner = out
            for part in key[:-1]:
                inner = inner.setdefault(part, {})
                if not isinstance(inner, dict):
                    raise self._fail(at, f"{part} is a value, not a table")
            if key[-1] in inner:
                raise self._fail(at, f"{key[-1]} is there twice")
            inner[key[-1]] = value
            at = self._space(at)
            if self.text.startswith(",", at):
                at = self._space(at + 1)
            elif at < len(self.text) and not self.text.startswith("}", at):
                raise self._fail(at, "no comma between two keys")
        return out, at + 1


def _plain(value: Any) -> Any:
    if isinstance(value, _Array):
        return [_plain(one) for one in value.items]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return value


def _descend(value: Any, path: Path) -> Any:
    for part in path:
        if not isinstance(value, dict) or part not in value:
            return MISSING
        value = value[part]
    return _plain(value)
