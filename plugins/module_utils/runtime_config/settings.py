# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Settings in a container runtime's configuration file, TOML or JSON: apply and revert them.

Pure: text in, text out. Applying settings that the text already has returns the same text. ``revert`` reverts ``apply`` even if
other parts of the file were changed since.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NamedTuple

from ..errors import NvmockError, shortened
from .toml_edit import MISSING, Document, Path

_MOST_DEPTH = 100  # of objects and arrays in each other


class ConfigError(NvmockError):
    """The file can't be parsed, or a setting can't be made in it."""


class Setting(NamedTuple):
    """A setting that the file must have.

    :arg path: the key, outermost table first.
    :arg value: its value.
    :arg ensure: ``set``: the key has this value. ``correct``: if the key exists, it has this value. ``contain``: the list has these
        elements, and others are kept.
    :arg default: with ``contain``, the program's default if the key does not exist.
    """

    path: Path
    value: Any
    ensure: str = "set"
    default: tuple[str, ...] = ()


class Applied(NamedTuple):
    """The text of a key before and after a change; ``None`` if it did not exist."""

    path: Path
    before: str | None
    after: str | None


def apply(text: str, language: str, settings: list[Setting]) -> tuple[str, list[Applied]]:
    """Apply the settings with the smallest edit.

    :return: the new text, and its changes, in order.
    """
    editor = _editor(text, language)
    applied: list[Applied] = []
    for setting in settings:
        before = editor.raw(setting.path)
        if _apply_one(editor, setting):
            applied.append(Applied(setting.path, before, editor.raw(setting.path)))
    return (editor.text() if applied else text), applied


def revert(text: str, language: str, applied: list[Applied], original: str) -> str:
    """Revert only what ``apply`` changed. A key that was changed again since is kept.

    :arg text: the current content of the file.
    :arg original: the original content. Tables that it did not have are also removed if they are empty.
    """
    editor = _editor(text, language)
    for one in reversed(applied):
        if editor.raw(one.path) == one.after:
            editor.restore(one.path, one.before, _editor(original, language))
    return editor.text()


def _apply_one(editor: _TomlEditor | _JsonEditor, setting: Setting) -> bool:
    now = editor.get(setting.path)
    if setting.ensure == "contain":
        if now is MISSING:
            missing = [one for one in setting.value if one not in setting.default]
            if missing:
                editor.set(setting.path, [*setting.default, *missing])
            return bool(missing)
        if not isinstance(now, list):
            raise ConfigError(f"{'.'.join(setting.path)} should be a list, but is {now!r}")
        missing = [one for one in setting.value if one not in now]
        if missing:
            editor.append(setting.path, missing)
        return bool(missing)
    if setting.ensure == "correct" and now is MISSING:
        return False
    if now is not MISSING and type(now) is type(setting.value) and now == setting.value:
        return False
    editor.set(setting.path, setting.value)
    return True


class _TomlEditor:
    def __init__(self, text: str) -> None:
        self._document = Document(text)

    def get(self, path: Path) -> Any:
        return self._document.get(*path)

    def raw(self, path: Path) -> str | None:
        return self._document.raw(*path)

    def set(self, path: Path, value: Any) -> None:
        self._document.set(path, value)

    def append(self, path: Path, values: list[Any]) -> None:
        self._document.append(path, values)

    def has_table(self, path: Path) -> bool:
        return self._document.has_table(*path)

    def restore(self, path: Path, before: str | None, original: _TomlEditor | _JsonEditor) -> None:
        if before is not None:
            self._document.set_raw(path, before)
            return
        self._document.remove(path)
        if not original.has_table(path[:-1]):
            self._document.remove_empty_table(path[:-1])

    def text(self) -> str:
        return self._document.text


class _JsonEditor:
    def __init__(self, text: str) -> None:
        self._data = _json_data(text) if text.strip() else {}
        if not isinstance(self._data, dict):
            raise ConfigError("not a JSON object")
        indent = re.search(r"\{\s*\n([ \t]+)", text)
        self._indent: str | None = indent.group(1) if indent else (None if text.strip() else "  ")
        self._end = "\n" if text.endswith("\n") or not text.strip() else ""

    def _parent(self, path: Path, create: bool) -> dict[str, Any] | None:
        inner = self._data
        for part in path[:-1]:
            if part not in inner:
                if not create:
                    return None
                inner[part] = {}
            inner = inner[part]
            if not isinstance(inner, dict):
                raise ConfigError(f"{part} should be an object, but is {inner!r}")
        return inner

    def get(self, path: Path) -> Any:
        parent = self._parent(path, create=False)
        return MISSING if parent is None else parent.get(path[-1], MISSING)

    def raw(self, path: Path) -> str | None:
        value = self.get(path)
        return None if value is MISSING else json.dumps(value)

    def set(self, path: Path, value: Any) -> None:
        parent = self._parent(path, create=True)
        if parent is None:
            raise AssertionError("a parent that should have been created is missing")
        parent[path[-1]] = value

    def append(self, path: Path, values: list[Any]) -> None:
        self.set(path, [*self.get(path), *values])

    def has_table(self, path: Path) -> bool:
        return not path or isinstance(self.get(path), dict)

    def restore(self, path: Path, before: str | None, original: _TomlEditor | _JsonEditor) -> None:
        if before is not None:
            self.set(path, json.loads(before))
            return
        parent = self._parent(path, create=False)
        if parent is not None:
            parent.pop(path[-1], None)
            if not parent and not original.has_table(path[:-1]):
                self.restore(path[:-1], None, original)

    def text(self) -> str:
        if not self._data:
            return ""
        text = json.dumps(self._data, indent=self._indent, ensure_ascii=False) + self._end
        return re.sub("[\ud800-\udfff]", lambda half: f"\\u{ord(half[0]):04x}", text)  # UTF-8 has no lone surrogates


def _json_data(text: str) -> Any:
    """Return the data of a JSON text, all of which can be written again.

    :raise ConfigError: it is not JSON, or a value or a name in it would be lost.
    """
    try:
        data = json.loads(text, object_pairs_hook=_unique, parse_float=_finite, parse_constant=_finite)
        _check_depth(data)
    except ValueError as error:
        raise ConfigError(f"not JSON: {error}") from None
    except RecursionError:
        raise ConfigError(f"not a configuration: nested more than {_MOST_DEPTH} deep") from None
    return data


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _value in pairs]
        raise ConfigError(f"{max(names, key=names.count)!r} is there twice in one JSON object: remove one")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ConfigError(f"{shortened(text, 60)} is not a JSON number that can be written again: change it")
    return number


def _check_depth(data: Any) -> None:
    left = [(data, 0)]
    while left:
        value, depth = left.pop()
        if depth > _MOST_DEPTH:
            raise RecursionError
        if isinstance(value, (dict, list)):
            left += [(one, depth + 1) for one in (value.values() if isinstance(value, dict) else value)]


def _editor(text: str, language: str) -> _TomlEditor | _JsonEditor:
    return _JsonEditor(text) if language == "json" else _TomlEditor(text)
