# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A specification as the bytes that nvidia-container-toolkit writes.

The output is that of two YAML writers, for data with the structure of specifications: yaml.v3 (v1.18 and later: the order of
the structs, 4 blanks) and sigs.k8s.io/yaml (v1.17: keys sorted, 2 blanks, lists not indented, lines folded at 80
columns). Which texts are quoted, and how: resolve.go, encode.go and emitterc.go of go-yaml. JSON is Go's encoding/json:
one line, ``<``, ``>`` and ``&`` escaped. The emitter is written here, because loading PyYAML would take longer than the rest of a run.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .spec import Spec

YAML = "yaml"
JSON = "json"
FORMATS = (YAML, JSON)

# Words that YAML 1.1 readers do not read as text. Both writers quote them.
_WORDS = frozenset(
    word
    for base in ("true", "false", "yes", "no", "on", "off", "y", "n", "null", "~")
    for word in (base, base.capitalize(), base.upper())
) | {"", "<<"}
# What makes a plain scalar impossible as its first character, alone or before a blank.
_INDICATORS = frozenset("#,[]{}&*!|>'\"%@`")
_INDICATORS_BEFORE_BLANK = frozenset("-?:")
_NOT_FINITE = (".inf", ".Inf", ".INF")
_NOT_NUMBERS = (".nan", ".NaN", ".NAN")
_FOLD_AT = 80


def serialize(spec: Spec, sorted_keys: bool, file_format: str = YAML) -> bytes:
    """Return the content of a specification file.

    :arg sorted_keys: write YAML like sigs.k8s.io/yaml, otherwise like yaml.v3.
    :arg file_format: ``yaml`` or ``json``.
    """
    if file_format == JSON:
        return to_json(spec)
    writer = _Writer(sorted_keys)
    writer.write_map(spec, 0)
    return ("\n".join(writer.lines) + "\n").encode("utf-8", "surrogateescape")


def to_json(data: object) -> bytes:
    """Go's ``json.Marshal``: no blanks, no newline at the end, HTML's characters escaped."""
    import json

    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text.encode("utf-8", "surrogateescape")


class _Writer:
    """The lines of a YAML file.

    :arg sorted_keys: write like sigs.k8s.io/yaml.
    """

    def __init__(self, sorted_keys: bool) -> None:
        self.lines = ["---"]
        self._sorted = sorted_keys
        # The lines of maps by their id and indentation: the names of a device can share their edits.
        self._maps: dict[tuple[int, int], list[str]] = {}

    def write_map(self, data: dict[str, object], indent: int, first: str = "", keys: list[str] | None = None) -> None:
        """Write a map; its first line begins with ``first`` (a dash of the list it is in) instead of blanks."""
        lines, written, sorted_keys = self.lines, _written, self._sorted
        pad = " " * indent
        # yaml.v3 aligns to multiples of 4, also where the dash of a list has moved a map by 2.
        deeper = indent + 2 if sorted_keys else 4 * ((indent + 4) // 4)
        for key in keys or (sorted(data) if sorted_keys else data):
            value = data[key]
            head = f"{first or pad}{written.get(key) or _text(key)}:"
            first = ""
            if isinstance(value, str) and value in written and not sorted_keys:
                lines.append(f"{head} {written[value]}")  # as below: almost every field
            elif isinstance(value, (list, tuple)):
                if value:
                    lines.append(head)
                    self._write_list(value, indent if sorted_keys else deeper)
                else:
                    lines.append(head + " []")
            elif isinstance(value, dict):
                if value:
                    lines.append(head)
                    # The only map that Go has as a map, not as a struct.
                    self._write_inner(value, deeper, _as_go_sorts(value) if key == "annotations" else None)
                else:
                    lines.append(head + " {}")
            else:
                lines.append(_with_scalar(head + " ", value, deeper, sorted_keys))

    def _write_inner(self, data: dict[str, object], indent: int, keys: list[str] | None) -> None:
        known = self._maps.get((id(data), indent))
        if known is None:
            start = len(self.lines)
            self.write_map(data, indent, keys=keys)
            self._maps[id(data), indent] = self.lines[start:]
        else:
            self.lines += known

    def _write_list(self, data: list[object] | tuple[object, ...], indent: int) -> None:
        dash = " " * indent + "- "
        if isinstance(data[0], str) and not self._sorted:
            try:
                self.lines += [dash + _written[text] for text in data]  # type: ignore[index]
                return
            except (KeyError, TypeError):
                pass  # a text that is new or has several lines, or not only texts
        for value in data:
            if isinstance(value, dict) and value:
                self.write_map(value, indent + 2, dash)
            elif isinstance(value, dict):
                self.lines.append(dash + "{}")
            else:
                self.lines.append(_with_scalar(dash, value, indent + 2, self._sorted))


def _as_go_sorts(keys: Iterable[str]) -> list[str]:
    """The order of a map's keys: numbers in them count by their value (sorter.go of go-yaml)."""
    from functools import cmp_to_key

    return sorted(keys, key=cmp_to_key(_compare_keys))


def _compare_keys(first: str, second: str) -> int:
    in_number = False
    for index, (one, other) in enumerate(zip(first, second)):
        if one == other:
            in_number = one.isdigit()
            continue
        letters = one.isalpha(), other.isalpha()
        if all(letters):
            return ord(one) - ord(other)
        if any(letters):
            # After a digit, letters sort first. Otherwise they sort last.
            return -1 if letters[0] == in_number else 1
        before = first[:index]
        number = before[len(before.rstrip("0123456789")) :].lstrip("0") if "0" in (one, other) else ""
        rest = _leading_digits(first[index:]), _leading_digits(second[index:])
        values = [int((number and "1") + digits or "0") for digits in rest]
        return values[0] - values[1] or len(rest[0]) - len(rest[1]) or ord(one) - ord(other)
    return len(first) - len(second)


def _leading_digits(text: str) -> str:
    return text[: len(text) - len(text.lstrip("0123456789"))]


def _with_scalar(head: str, value: object, indent: int, folds: bool) -> str:
    """A line that ends with a scalar; what does not fit in it goes on below, at ``indent``."""
    if value is None:
        return head + "null"
    if value is True or value is False:
        return head + ("true" if value else "false")
    if isinstance(value, int):
        return f"{head}{value}"
    text = str(value)
    if "\n" in text and _fits_block(text, tabs_too=not folds):
        return head + _block(text, indent)
    written = _text(text)
    if folds and len(head) + len(written) > _FOLD_AT and " " in written:
        return _folded(head, written, indent)
    return head + written


# Texts and how they are written: the same words come again for every mount of every specification.
_written: dict[str, str] = {}
_MOST_WRITTEN = 4096


def _text(text: str) -> str:
    """Return a text as a scalar on one line: plain if every reader reads it as text, otherwise in quotes."""
    written = _written.get(text)
    if written is None:
        if "\n" in text:  # as a value it may be a block
            return _new_text(text)
        if len(_written) >= _MOST_WRITTEN:
            _written.clear()
        written = _written[text] = _new_text(text)
    return written


def _new_text(text: str) -> str:
    # The writers use double quotes for text that would be read as another type, and single quotes otherwise.
    plain = text.isascii() and text.isprintable()
    if plain and text[:1] == "/" and " " not in text and text[-1] != ":":
        return text  # as below: almost every one
    odd = not plain and not all(map(_is_printable, text))
    if odd or _looks_like_other(text):
        return _escaped(text)
    if _may_be_plain(text):
        return text
    quoted = text.replace("'", "''")
    return f"'{quoted}'"


def _may_be_plain(text: str) -> bool:
    if text[0] in _INDICATORS or (text[0] in _INDICATORS_BEFORE_BLANK and text[1:2] in ("", " ")):
        return False
    if text.startswith(("---", "...")):
        return False
    return not (text[0] == " " or text[-1] in " :" or ": " in text or " #" in text)


def _is_printable(char: str) -> bool:
    """Whether the writers do not escape the character (is_printable and is_break of go-yaml's yamlprivateh.go)."""
    code = ord(char)
    if code < 0xA0:
        return 0x20 <= code <= 0x7E
    return (code < 0xD800 or 0xE000 <= code <= 0xFFFD) and code not in (0x2028, 0x2029, 0xFEFF)


_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\", "\0": "\\0", "\x07": "\\a", "\x08": "\\b"}
_ESCAPES.update({"\x0b": "\\v", "\x0c": "\\f", "\x1b": "\\e", "\x85": "\\N", "\u2028": "\\L", "\u2029": "\\P"})


def _escaped(text: str) -> str:
    parts = []
    for char in text:
        code = ord(char)
        if char in _ESCAPES:
            parts.append(_ESCAPES[char])
        elif _is_printable(char):
            parts.append(char)
        elif code <= 0xFF:
            parts.append(f"\\x{code:02X}")
        elif code <= 0xFFFF:
            parts.append(f"\\u{code:04X}")
        else:
            parts.append(f"\\U{code:08X}")
    return '"' + "".join(parts) + '"'


def _fits_block(text: str, tabs_too: bool) -> bool:
    """Whether a text of several lines is written as a literal block. Otherwise it is escaped.

    Go writes some more: blocks that begin with a blank, with an indentation that can't be read back in lists.
    """
    if text[0] in " \n" or text[-1] == " " or " \n" in text:
        return False
    return all(char == "\n" or (char == "\t" and tabs_too) or _is_printable(char) for char in text)


def _block(text: str, indent: int) -> str:
    """A literal block: ``|-`` without, ``|`` with one, ``|+`` with more line breaks at its end."""
    breaks = len(text) - len(text.rstrip("\n"))
    lines = (text[:-1] if breaks else text).split("\n")
    return "\n".join(["|" + ("-", "", "+")[min(breaks, 2)], *[" " * indent + line if line else "" for line in lines]])


def _folded(head: str, written: str, indent: int) -> str:
    """Return the line with breaks instead of blanks after column 80. Several blanks can only be kept in quotes."""
    parts = []
    column = len(head)
    for index, char in enumerate(written):
        more = written[index + 1 : index + 2] == " "
        if char == " " and column > _FOLD_AT and written[index - 1] != " " and (not more or written[0] == '"'):
            parts.append("\n" + " " * indent + ("\\" if more else ""))
            column = indent + more
        else:
            parts.append(char)
            column += 1
    return head + "".join(parts)


def _looks_like_other(text: str) -> bool:
    """Whether a plain scalar of this text would be a word, a number, a base-60 number or a time."""
    if text in _WORDS:
        return True
    first = text[0]
    if first not in "+-.0123456789":
        return False
    if text[1:] in _NOT_FINITE if first in "+-" else text in (*_NOT_FINITE, *_NOT_NUMBERS):
        return True
    if first == ".":
        return _is_float(text)
    unsigned = text[1:] if first in "+-" else text
    number = unsigned.replace("_", "")
    return _is_float(number) or _is_integer(number) or _is_base_60(unsigned) or _is_time(text)


def _are_digits(text: str, digits: str = "0123456789") -> bool:
    return text != "" and not text.strip(digits)


def _is_float(text: str) -> bool:
    """``12``, ``0666``, ``1.``, ``.5``, ``1e3``."""
    mantissa, separator, exponent = text.replace("E", "e").partition("e")
    whole, _dot, fraction = mantissa.partition(".")
    if separator and not _are_digits(exponent[1:] if exponent[:1] in ("+", "-") else exponent):
        return False
    return _are_digits(whole + fraction)


def _is_integer(text: str) -> bool:
    """``0x1F``, ``0o17``, ``0b1``."""
    digits = {"0x": "0123456789abcdef", "0o": "01234567", "0b": "01"}.get(text[:2].lower(), "")
    return digits != "" and _are_digits(text[2:].lower(), digits)


def _is_base_60(text: str) -> bool:
    """``1:30``, ``190:20:30.15``."""
    first, *others = text.split(":")
    if not others or not _are_digits(first[:1]) or first.strip("0123456789_"):
        return False
    others[-1], _dot, fraction = others[-1].partition(".")
    return not fraction.strip("0123456789_") and all(_are_digits(part) and int(part) < 60 for part in others)


def _is_time(text: str) -> bool:
    """``2024-01-02``, with or without a time of the day."""
    day, separator, time = text.replace("t", "T").replace(" ", "T", 1).partition("T")
    year, *rest = day.split("-")
    if len(year) != 4 or len(rest) != 2 or not all(_are_digits(part) and len(part) < 3 for part in (year[2:], *rest)):
        return False
    if not separator:
        return _is_day(year, *rest)
    if text[len(day)] != " ":
        # RFC 3339 wants a zone, Z or +01:00; the form with a blank has none.
        if time.endswith("Z"):
            time = time[:-1]
        elif time[-6:-5] in ("+", "-") and time[-3:-2] == ":" and _are_digits(time[-5:-3] + time[-2:]):
            time = time[:-6]
        else:
            return False
    clock = time.split(":")
    clock[-1], dot, fraction = clock[-1].partition(".")
    if len(clock) != 3 or (dot and not _are_digits(fraction)):
        return False
    numbers = [int(part) if _are_digits(part) and len(part) < 3 else 99 for part in clock]
    return _is_day(year, *rest) and numbers[0] < 24 and numbers[1] < 60 and numbers[2] < 60


def _is_day(year: str, month: str, day: str) -> bool:
    from datetime import date

    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True
