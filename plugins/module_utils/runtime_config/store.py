# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Configuration files on the disk, each with its original and a record of its changes.

For a changed file ``/etc/containerd/config.toml``, the state directory has ``etc%containerd%config.toml.orig`` (its bytes before the
first change; missing if the file did not exist) and ``etc%containerd%config.toml.json`` (the record). No other module of the package
accesses the disk. Other modules decide what to set.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ..errors import NvmockError
from .settings import Applied, Setting, apply, revert

_LONGEST_NAME = 255  # NAME_MAX, in bytes

Move = Callable[[str, str], None]
Check = Callable[[str], None]


class Edit(NamedTuple):
    """The change of a file.

    :arg path: the file.
    :arg before: its text; empty if it does not exist.
    :arg after: its text afterwards.
    :arg keys: the keys that change, with dots between their parts.
    :arg changed: whether anything changes, even if it is only the record.
    """

    path: str
    before: str
    after: str
    keys: list[str]
    changed: bool

    def diff(self) -> dict[str, str]:
        """Return the change for Ansible's diff mode."""
        return {
            "before_header": self.path,
            "after_header": self.path,
            "before": self.before,
            "after": self.after,
        }


def read(path: str) -> bytes | None:
    """Return the file's bytes, or ``None`` if it does not exist."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        return None


def read_text(path: str) -> str | None:
    """Return the file's text with its line endings, or ``None`` if it does not exist.

    :raise NvmockError: it is not UTF-8.
    """
    data = read(path)
    return None if data is None else _decode(data, path)


def names_in(directory: str) -> list[str]:
    """Return the names in a directory, sorted; empty if it does not exist."""
    try:
        return sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return []


def changed_paths(directory: str, runtime: str) -> list[str]:
    """Return the files that have a record in a state directory, for one runtime.

    Records without a runtime are ignored. Versions before 0.2.0 wrote them, for files that are options of the role.
    """
    out = []
    for name in names_in(directory):
        if name.endswith(".json"):
            record = _read_record(os.path.join(directory, name))
            if record is not None and record.get("runtime") == runtime:
                out.append(str(record["path"]))
    return out


def record_name(path: str) -> str:
    """Return the name of the files that the state directory has for *path*, without their ends.

    A path can be 16 times as long as a name. Of what would be too long, the name has a checksum.
    """
    name = path.strip("/").replace("%", "%25").replace("/", "%")
    if len(os.fsencode(name)) <= _LONGEST_NAME - len(".json"):
        return name
    return f"%{hashlib.sha256(os.fsencode(path)).hexdigest()}"


class ConfigFile:
    """One configuration file, its original and the record of its changes.

    :arg path: the file. If it is a symbolic link, its target is changed.
    :arg language: ``toml`` or ``json``.
    :arg directory: the state directory.
    :arg move: moves a finished file (first argument) to a path (second argument), and keeps the owner and the mode of an existing
        file.
    :arg runtime: the runtime of the file, for ``changed_paths``.
    :raise NvmockError: the record can't be read.
    """

    def __init__(self, path: str, language: str, directory: str, move: Move, runtime: str = "") -> None:
        self.path = path
        self.language = language
        self.directory = directory
        self._move = move
        self._runtime = runtime
        self._target = os.path.realpath(path)  # replacing a link would not change its target
        stem = os.path.join(directory, record_name(path))
        self._record_path = stem + ".json"
        self._original_path = stem + ".orig"
        self._data = read(path)
        self._record = _read_record(self._record_path)
        self._undo: Callable[[], None] | None = None

    def present(self, settings: list[Setting]) -> Edit:
        """Return the change that applies the settings. Nothing is written.

        :raise NvmockError: the file can't be parsed, or a setting can't be made.
        """
        before = _decode(self._data, self.path)
        after, changes = apply(before, self.language, settings)
        return Edit(self.path, before, after, [_dotted(one) for one in changes], bool(changes))

    def write(self, settings: list[Setting], check: Check | None = None) -> Edit:
        """Apply the settings.

        :arg check: called with the name of the new file, in the same directory, before it replaces the old one. Raises if the file
            is invalid.
        """
        edit = self.present(settings)
        if edit.changed:
            after = edit.after.encode()
            if check is not None:
                with self._candidate(after) as name:
                    check(name)
            original = self._original()
            _text, applied = apply(_decode(original, self.path), self.language, settings)
            known = {one.path for one in applied}
            applied += [one for one in (self._record or {"applied": []})["applied"] if one.path not in known]
            self._undo = self._as_it_is()
            self._remember(original, after, applied)
            self._put(after)
        return edit

    def undo(self) -> None:
        """Revert what this object wrote. An earlier record is kept."""
        if self._undo is not None:
            self._undo()
            self._undo = None

    def absent(self) -> Edit:
        """Return the change that restores the file before the first change. Nothing is written."""
        before = _decode(self._data, self.path)
        if self._record is None:
            return Edit(self.path, before, before, [], False)
        original = self._original()
        keys = [_dotted(one) for one in self._record["applied"]] if original != self._data else []
        return Edit(self.path, before, _decode(original, self.path), keys, True)

    def remove(self) -> Edit:
        """Restore the file, and remove its record."""
        edit = self.absent()
        if edit.changed:
            original = self._original()
            if original is None:
                _unlink(self._target)
            elif original != self._data:
                self._put(original)
            self._forget()
        return edit

    def _original(self) -> bytes | None:
        """Return the current content without the changes of this module."""
        if self._record is None:
            return self._data
        original = read(self._original_path) if self._record["existed"] else None
        if self._data is None or self._data == original:
            return self._data
        if _digest(self._data) == self._record["written"]:
            return original
        # The file was changed by other means since. Only revert the settings of this module.
        text = revert(
            _decode(self._data, self.path),
            self._record["language"],
            self._record["applied"],
            _decode(original, self.path),
        )
        return None if original is None and not text.strip() else text.encode()

    def _remember(self, original: bytes | None, written: bytes, applied: list[Applied]) -> None:
        made = list(self._record["made"]) if self._record else []
        for directory in (self.directory, os.path.dirname(self._target)):
            made += [one for one in _make(directory) if one not in made]
        if original is not None:
            _store(self._original_path, original)
        else:
            _unlink(self._original_path)
        record = {
            "path": self.path,
            "runtime": self._runtime,
            "language": self.language,
            "existed": original is not None,
            "written": _digest(written),
            "applied": applied,
            "made": made,
        }
        _store(self._record_path, json.dumps(record, indent=2).encode() + b"\n")
        self._record = record

    def _forget(self) -> None:
        for path in (self._original_path, self._record_path):
            _unlink(path)
        _remove_empty((self._record or {"made": []})["made"])

    def _as_it_is(self) -> Callable[[], None]:
        """Return a function that restores the current state of the file, its original and its record."""
        data, record = self._data, self._record
        kept = [(path, read(path)) for path in (self._original_path, self._record_path)]

        def back() -> None:
            if data is None:
                _unlink(self._target)
            else:
                self._put(data)
            for path, content in kept:
                if content is None:
                    _unlink(path)
                else:
                    _store(path, content)
            before = record["made"] if record else []
            _remove_empty([one for one in (self._record or {"made": []})["made"] if one not in before])
            self._record = record

        return back

    def _put(self, data: bytes) -> None:
        with _temporary(os.path.dirname(self._target), data) as name:
            self._move(name, self._target)

    @contextlib.contextmanager
    def _candidate(self, data: bytes) -> Iterator[str]:
        """Write the new file under another name, in the same directory, so that relative paths in it are the same."""
        place = os.path.dirname(self._target)
        with _temporary(place if os.path.isdir(place) else None, data) as name:
            yield name


def _dotted(one: Applied) -> str:
    return ".".join(one.path)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _decode(data: bytes | None, path: str) -> str:
    try:
        return (data or b"").decode("utf-8")
    except UnicodeDecodeError as error:
        raise NvmockError(f"{path}: not UTF-8 text") from error


def _read_record(path: str) -> dict[str, Any] | None:
    data = read(path)
    if data is None:
        return None
    try:
        record: dict[str, Any] = json.loads(data)
        record["applied"] = [Applied(tuple(key), before, after) for key, before, after in record["applied"]]
        for key in ("path", "language", "existed", "written", "made"):
            record[key]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NvmockError(f"{path}: not a record of this collection: move it to another directory ({error})") from error
    return record


def _make(directory: str) -> list[str]:
    """Create a directory and its missing parents. Returns the created directories."""
    made = []
    while directory and not os.path.isdir(directory):
        made.append(directory)
        directory = os.path.dirname(directory)
    for one in reversed(made):
        os.mkdir(one, 0o755)
        os.chmod(one, 0o755)
    return made


def _remove_empty(directories: list[str]) -> None:
    for directory in sorted(directories, key=len, reverse=True):
        if os.path.isdir(directory) and not os.listdir(directory):
            os.rmdir(directory)


def _unlink(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


@contextlib.contextmanager
def _temporary(directory: str | None, data: bytes) -> Iterator[str]:
    """Create a file with this content, readable by its owner only. It is removed in the end unless it was moved."""
    # No suffix, so that a program that reads *.toml in the directory ignores it.
    handle, name = tempfile.mkstemp(dir=directory, prefix=".nvmock-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        yield name
    finally:
        _unlink(name)


def _store(path: str, data: bytes) -> None:
    with _temporary(os.path.dirname(path), data) as name:
        os.replace(name, path)
