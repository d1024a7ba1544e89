# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A specification as the bytes that nvidia-container-toolkit writes.

Two YAML writers are imitated, for the shape of data that specifications have: yaml.v3 (v1.18 and later: the order of
the structs, 4 blanks) and sigs.k8s.io/yaml (v1.17: keys sorted, 2 blanks, lists not indented). JSON is Go's
encoding/json: one line, ``<``, ``>`` and ``&`` escaped. An emitter of our own, as PyYAML costs more to load than all
the rest of a run.
"""

from __future__ import annotations

from .releases import release

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .spec import Spec

YAML = "yaml"
JSON = "json"
FORMATS = (YAML, JSON)

# Words that YAML 1.1 or 1.2 readers take for something else than text; both writers quote them.
_WORDS = frozenset(
    word
    for base in ("true", "false", "yes", "no", "on", "off", "y", "n", "null", "~")
    for word in (base, base.capitalize(), base.upper())
) | {"", "<<", "="}
_INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`")


def serialize(spec: Spec, toolkit_release: str, file_format: str = YAML) -> bytes:
    """The content of a specification file.

    :arg toolkit_release: whose layout the YAML has.
    :arg file_format: ``yaml`` or ``json``.
    """
    if file_format == JSON:
        return to_json(spec)
    lines: list[str] = ["---"]
    if release(toolkit_release).sorted_yaml:
        _write_map(lines, spec, 0, sorted_keys=True)
    else:
        _write_map(lines, spec, 0, sorted_keys=False)
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


def to_json(data: object) -> bytes:
    """Go's ``json.Marshal``: no blanks, no newline at the end, HTML's characters escaped."""
    import json

    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text.encode("utf-8", "surrogateescape")


def _write_map(lines: list[str], data: dict[str, object], indent: int, sorted_keys: bool, first: str = "") -> None:
    """Write a map; its first line begins with ``first`` (a dash of the list it is in) instead of blanks."""
    pad = " " * indent
    # yaml.v3 aligns to multiples of 4, also where the dash of a list has moved a map by 2.
    deeper = indent + 2 if sorted_keys else 4 * ((indent + 4) // 4)
    for key in sorted(data) if sorted_keys else data:
        value = data[key]
        head = f"{first or pad}{_text(key)}:"
        first = ""
        if isinstance(value, dict):
            if value:
                lines.append(head)
                _write_map(lines, value, deeper, sorted_keys)
            else:
                lines.append(head + " {}")
        elif isinstance(value, (list, tuple)):
            if value:
                lines.append(head)
                _write_list(lines, value, indent if sorted_keys else deeper, sorted_keys)
            else:
                lines.append(head + " []")
        else:
            lines.append(f"{head} {_scalar(value)}")


def _write_list(lines: list[str], data: list[object] | tuple[object, ...], indent: int, sorted_keys: bool) -> None:
    dash = " " * indent + "- "
    for value in data:
        if isinstance(value, dict) and value:
            _write_map(lines, value, indent + 2, sorted_keys, dash)
        else:
            lines.append(dash + ("{}" if isinstance(value, dict) else _scalar(value)))


def _scalar(value: object) -> str:
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return _text(str(value))


# Texts and how they are written: the same words come again for every mount of every specification.
_written: dict[str, str] = {}
_MOST_WRITTEN = 4096


def _text(text: str) -> str:
    """A text as one scalar: plain where every reader takes it for text, else in quotes."""
    written = _written.get(text)
    if written is None:
        if len(_written) >= _MOST_WRITTEN:
            _written.clear()
        written = _written[text] = _new_text(text)
    return written


def _new_text(text: str) -> str:
    if _is_plain(text):
        return text
    if _needs_escapes(text):
        return _escaped(text)
    # The writers choose double quotes for what would be read as another type, single quotes for the rest.
    if _looks_like_other(text):
        return f'"{text}"'
    quoted = text.replace("'", "''")
    return f"'{quoted}'"


def _is_plain(text: str) -> bool:
    if not text or text in _WORDS or (not text.isascii() and _needs_escapes(text)):
        return False
    if text[0] in _INDICATORS and not (text[0] in "-?:" and len(text) > 1 and text[1] not in " "):
        return False
    if text[0] == " " or text[-1] in " :" or ": " in text or " #" in text or _needs_escapes(text):
        return False
    if text.startswith(("---", "...")):
        return False
    return not _looks_like_other(text)


def _needs_escapes(text: str) -> bool:
    return not text.isprintable() or any(0xDC80 <= ord(char) <= 0xDCFF for char in text)


_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\", "\0": "\\0", "\x07": "\\a", "\x08": "\\b"}
_ESCAPES.update({"\x0b": "\\v", "\x0c": "\\f", "\x1b": "\\e", "\x85": "\\N", "\xa0": "\\_"})


def _escaped(text: str) -> str:
    parts = []
    for char in text:
        code = ord(char)
        if char in _ESCAPES:
            parts.append(_ESCAPES[char])
        elif char.isprintable():
            parts.append(char)
        elif code <= 0xFF:
            parts.append(f"\\x{code:02X}")
        elif code <= 0xFFFF:
            parts.append(f"\\u{code:04X}")
        else:
            parts.append(f"\\U{code:08X}")
    return '"' + "".join(parts) + '"'


def _looks_like_other(text: str) -> bool:
    """Whether a YAML 1.1 reader could take the text for a number, a date, a base-60 number or a word."""
    if text in _WORDS:
        return True
    first = text[0]
    if not (first.isdigit() or first in "+-."):
        return False
    rest = text.lstrip("+-")
    if rest.lower() in (".inf", ".nan"):
        return True
    body = rest.replace("_", "")
    if not body:
        return False
    if body[:2].lower() in ("0x", "0o", "0b"):
        return True
    if all(char.isdigit() or char in ".:" for char in body) and any(char.isdigit() for char in body):
        # 12, 1.5, 0:1 and 1:30.5; 1.2.3 is no number.
        return ":" in body or body.count(".") <= 1
    if _is_float(body):
        return True
    return _is_date(text)


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_date(text: str) -> bool:
    """Whether it begins as a timestamp does: ``2024-01-02`` with anything of a time behind."""
    year, _dash, rest = text.partition("-")
    month, _dash, rest = rest.partition("-")
    day = rest[:2].rstrip("Tt :")
    return len(year) == 4 and year.isdigit() and month.isdigit() and day.isdigit()
