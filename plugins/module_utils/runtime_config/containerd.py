# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""CDI in containerd's CRI plugin: which key, in which table, of which file.

How containerd reads its configuration (source: https://github.com/containerd/containerd, cmd/containerd/server/config/config.go,
plugins/cri/runtime/plugin.go and internal/cri/config, at 1.7.29, 2.0.14, 2.1.9, 2.2.9, 2.3.7 and 2.4.2):

* CDI is supported since 1.7, where it is disabled by default. It is enabled by default since 2.0. Since 2.4 there is no key to
  disable it. In 2.3 there still is.
* ``version = 1``, or no version: the table is ``plugins.cri``; 2: ``plugins."io.containerd.grpc.v1.cri"``; 3 (2.0 and newer) and
  4 (2.3 and newer): ``plugins."io.containerd.cri.v1.runtime"``. Version 4 changes listeners and metrics, not the CRI plugin.
* 2.0 to 2.2 merge the files first, and then use the version of the last file that has one. The older table is only effective if
  this version is 2. 2.3 and newer migrate each file to version 4 before they merge it.
* A file in ``imports`` is read after the file that imports it. 1.7 replaces the whole table with that of the later file
  (https://github.com/containerd/containerd/issues/5837). 2.x replaces single keys, and a list as a whole.
"""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Optional

from .decision import DEFAULT_DIRS, Decision, Refused, missing
from .settings import Setting, apply
from .toml_edit import MISSING, Document, Path, TomlError
from .versions import at_least

PROGRAM = "containerd"
MINIMUM = "1.7.0"
ON_BY_DEFAULT = "2.0"
MIGRATES_EACH_FILE = "2.3"
ALWAYS_ON = "2.4"

# The files of a directory are read in the order of their names, and not all names start with a number.
DROP_IN = "zz-nvmock-cdi.toml"

Read = Callable[[str], Optional[str]]
Names = Callable[[str], list[str]]

_TABLE_1: Path = ("plugins", "cri")
_TABLE_2: Path = ("plugins", "io.containerd.grpc.v1.cri")
_TABLE_3: Path = ("plugins", "io.containerd.cri.v1.runtime")
_SWITCH = "enable_cdi"
_DIRS = "cdi_spec_dirs"
_CRI_PLUGINS = ("cri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime")


class Node(NamedTuple):
    """What is known about a node.

    :arg version: the version of containerd.
    :arg config: the path of its configuration file.
    :arg read: returns the text of a file by its path, or ``None`` if it does not exist.
    :arg names: returns the names in a directory, sorted; empty if it does not exist.
    :arg dump: the output of ``containerd config dump``, with merged files and defaults; ``None`` if containerd can't be run.
    :arg below: files outside of this directory are neither read nor written.
    """

    version: str
    config: str
    read: Read
    names: Names
    dump: str | None = None
    below: str = "/"


class File(NamedTuple):
    """A file that containerd reads.

    :arg version: the value of its key ``version``, or 0.
    """

    path: str
    document: Document
    version: int

    @property
    def is_empty(self) -> bool:
        """Whether it only contains comments."""
        return not self.document.has()


class Found(NamedTuple):
    """An effective value, and its position."""

    value: Any
    file: File
    path: Path

    def place(self) -> str:
        """The file and the line, for messages."""
        return f"{self.file.path}, line {self.file.document.line(*self.path)}"


def decide(node: Node, directories: Sequence[str]) -> Decision:
    """Decide what to set, and in which file.

    :arg directories: the directories that must be read.
    :raise Refused: no change to a managed file would have the effect.
    :raise NvmockError: a file can't be read.
    """
    files = load(node)
    answer = _answer(node.dump)
    plugin_off = _without_cri(files, answer)
    if plugin_off:
        return Decision(
            f"containerd {node.version} runs without its CRI plugin ({plugin_off}), which CDI requires: not changed"
        )
    state = _State(node, files, answer)
    more = missing(directories, state.reads)
    if state.on and not more:
        return Decision(f"{state.words()}: nothing to change")
    why = [] if state.on else [state.words()]
    if more:
        why.append(f"containerd {node.version} does not read {', '.join(more)}")
    path, settings = _edit(node, files, state, directories)
    _refuse_what_others_undo(node, path, settings, directories)
    before = node.read(path) or ""
    _text, changes = apply(before, "toml", list(settings))
    keys = ", ".join(one.path[-1] for one in changes if one.path != ("version",))
    if not keys:
        # containerd's own answer differs from its files, so no setting would help.
        raise Refused(
            f"containerd: {path} enables CDI for {', '.join(directories)}, but 'containerd config dump' does not show it"
        )
    return Decision(f"{' and '.join(why)}: {keys} set in {path}", path, "toml", settings)


def is_good(node: Node, directories: Sequence[str]) -> bool:
    """Whether CDI is enabled and every directory is read, by containerd's own answer; true if there is no answer."""
    answer = _answer(node.dump)
    if answer is None:
        return True
    state = _State(node, [], answer)
    return state.on and not missing(directories, state.reads)


def load(node: Node) -> list[File]:
    """Read the configuration file and its imports, in the order in which containerd reads them.

    :raise NvmockError: one of them is not TOML. The message contains the path and the line.
    """
    out: list[File] = []
    pending = [node.config]
    while pending:
        path = pending.pop(0)
        text = None if any(one.path == path for one in out) else node.read(path)
        if text is None:
            continue
        try:
            document = Document(text)
        except TomlError as error:
            raise TomlError(f"{path}: {error}") from error
        version = document.get("version")
        out.append(File(path, document, version if isinstance(version, int) and not isinstance(version, bool) else 0))
        for pattern in _imports(out[-1]):
            found = _expand(pattern, node.names) if "*" in pattern else [pattern]
            pending += [one for one in found if _is_below(one, node.below)]
    return out


def _imports(file: File) -> list[str]:
    """Return the paths and patterns that a file imports. Relative ones start at its directory."""
    values = file.document.get("imports")
    place = posixpath.dirname(file.path)
    strings = [one for one in values if isinstance(one, str)] if isinstance(values, list) else []
    return [posixpath.normpath(posixpath.join(place, one)) for one in strings]


def _expand(pattern: str, names: Names) -> list[str]:
    head, tail = posixpath.split(pattern)
    heads = _expand(head, names) if "*" in head else [head]
    return [posixpath.join(one, name) for one in heads for name in names(one) if fnmatch.fnmatchcase(name, tail)]


def _is_below(path: str, directory: str) -> bool:
    return path.startswith(directory.rstrip("/") + "/")


def _answer(dump: str | None) -> Document | None:
    """Parse containerd's own answer; ``None`` if it is missing or can't be parsed."""
    try:
        return Document(dump) if dump else None
    except TomlError:
        return None


def _without_cri(files: list[File], answer: Document | None) -> str:
    """Return where the CRI plugin is disabled; empty if it is enabled."""
    for file in files:
        disabled = file.document.get("disabled_plugins")
        if isinstance(disabled, list) and any(one in _CRI_PLUGINS for one in disabled):
            return f"disabled_plugins in {file.path}"
    if answer is not None and answer.get(*_TABLE_2, _DIRS) is MISSING and answer.get(*_TABLE_3, _DIRS) is MISSING:
        return "'containerd config dump' does not show it"
    return ""


class _State:
    """Whether CDI is enabled, and which directories are read: from containerd's answer, or from the files if there is none."""

    def __init__(self, node: Node, files: list[File], answer: Document | None) -> None:
        self.version = node.version
        self.switch = _found(node.version, files, _SWITCH)
        self.dirs = _found(node.version, files, _DIRS)
        self.always = at_least(node.version, ALWAYS_ON)
        self.by_default = at_least(node.version, ON_BY_DEFAULT)
        on = self.by_default if self.switch is None else self.switch.value
        reads = DEFAULT_DIRS if self.dirs is None else self.dirs.value
        if answer is not None:
            table = _TABLE_2 if answer.get(*_TABLE_3, _DIRS) is MISSING else _TABLE_3
            on, reads = answer.get(*table, _SWITCH), answer.get(*table, _DIRS)
        self.on = self.always or on is True
        self.reads: list[str] = (
            [one for one in reads if isinstance(one, str)] if isinstance(reads, (list, tuple)) else []
        )

    def words(self) -> str:
        """Whether CDI is enabled, and why."""
        if self.always:
            return f"CDI is always enabled in containerd {self.version}"
        on = "enabled" if self.on else "disabled"
        if self.switch is not None and (self.switch.value is True) == self.on:
            return f"CDI is {on} in containerd {self.version} ({self.switch.place()})"
        if self.by_default == self.on:
            return f"CDI is {on} by default in containerd {self.version}"
        return f"CDI is {on} in containerd {self.version}"


def _found(version: str, files: list[File], key: str) -> Found | None:
    """Return the effective value of a key of the CRI plugin; ``None`` if no file has one."""
    if not at_least(version, ON_BY_DEFAULT):
        table = _TABLE_1 if _merged_version(files, 1) < 2 else _TABLE_2
        holder = next((file for file in reversed(files) if file.document.has(*table)), None)
        return None if holder is None else _get(holder, table, key)
    if not at_least(version, MIGRATES_EACH_FILE):
        # A file without a version has the version of the files before it. Its old table is renamed as in version 2.
        places = [(file, _TABLE_3) for file in reversed(files)]
        if _merged_version(files, 3) == 2:
            places += [(file, table) for file in reversed(files) for table in _tables_migrated(file.version)[1:]]
    else:
        places = [(file, table) for file in reversed(files) for table in _tables_migrated(file.version)]
    return next((found for file, table in places if (found := _get(file, table, key))), None)


def _get(file: File, table: Path, key: str) -> Found | None:
    value = file.document.get(*table, key)
    return None if value is MISSING else Found(value, file, (*table, key))


def _merged_version(files: list[File], default: int) -> int:
    """Return the effective version of files that are merged first: that of the last file that has one."""
    return next((file.version for file in reversed(files) if file.version >= 2), default)


def _tables_migrated(version: int) -> list[Path]:
    """Return the effective tables of a file of this version that is migrated to version 4, by descending precedence."""
    if version >= 4:
        return [_TABLE_3]
    return [_TABLE_3, _TABLE_2] if version >= 2 else [_TABLE_3, _TABLE_2, _TABLE_1]


def _edit(node: Node, files: list[File], state: _State, directories: Sequence[str]) -> tuple[str, tuple[Setting, ...]]:
    """Return the file to change, and its settings."""
    main = files[0] if files else File(node.config, Document(""), 0)
    if not at_least(node.version, ON_BY_DEFAULT):
        return node.config, _settings_1(main, directories)
    drop_in = _drop_in(node, main)
    if drop_in:
        version = main.version if at_least(node.version, MIGRATES_EACH_FILE) else _merged_version(files, 3)
        return drop_in, _settings_of_drop_in(version, state, directories)
    if at_least(node.version, MIGRATES_EACH_FILE):
        # The table of the file's own version first, then its other effective tables.
        tables = [_TABLE_2] if main.version == 2 else []
        tables = list(dict.fromkeys([*tables, *_tables_migrated(main.version)]))
    else:
        tables = [_TABLE_2, _TABLE_3] if main.version == _merged_version(files, 3) == 2 else [_TABLE_3]
    return node.config, _settings_2(tables, main, state, directories)


def _settings_1(main: File, directories: Sequence[str]) -> tuple[Setting, ...]:
    """Return the settings for containerd 1.7, where CDI is disabled by default."""
    table = _TABLE_2 if main.version >= 2 or main.is_empty else _TABLE_1
    return (
        *([Setting(("version",), 2)] if main.is_empty else []),
        Setting((*table, _SWITCH), True),
        Setting((*table, _DIRS), list(directories), "contain", DEFAULT_DIRS),
    )


def _settings_2(tables: list[Path], main: File, state: _State, directories: Sequence[str]) -> tuple[Setting, ...]:
    """Return the settings for containerd 2.x. CDI is enabled by default, so only wrong values are corrected.

    :arg tables: the effective tables of the main file. New keys are added to the first one.
    """
    switches = [Setting((*table, _SWITCH), True, "correct") for table in tables]
    # In the table that already has the list, otherwise in the first one.
    own = state.dirs.path[:-1] if state.dirs is not None and state.dirs.file.path == main.path else tables[0]
    dirs = Setting((*own, _DIRS), list(directories), "contain", tuple(state.reads))
    version = [Setting(("version",), 3)] if main.is_empty and missing(directories, state.reads) else []
    return (*version, *([] if state.always else switches), dirs)


def _settings_of_drop_in(version: int, state: _State, directories: Sequence[str]) -> tuple[Setting, ...]:
    """Return the settings for a drop-in. A list in it replaces earlier lists, so it starts with the directories that are read already."""
    settings = [Setting(("version",), version)]
    if not state.on:
        settings.append(Setting((*_TABLE_3, _SWITCH), True))
    if missing(directories, state.reads):
        settings.append(Setting((*_TABLE_3, _DIRS), list(directories), "contain", tuple(state.reads)))
    return tuple(settings)


def _drop_in(node: Node, main: File) -> str:
    """Return the drop-in that the main file would import; empty if it imports no directory, or has no version."""
    if main.version < 2:
        return ""
    for pattern in _imports(main):
        place, name = posixpath.split(pattern)
        path = posixpath.join(place, DROP_IN)
        if "*" in name and "*" not in place and fnmatch.fnmatchcase(DROP_IN, name) and _is_below(path, node.below):
            return path
    return ""


def _refuse_what_others_undo(node: Node, path: str, settings: tuple[Setting, ...], directories: Sequence[str]) -> None:
    """Refuse if a file that is read later than the changed one overrides it, before anything is written."""

    def read(one: str) -> str | None:
        if one != path:
            return node.read(one)
        try:
            return apply(node.read(one) or "", "toml", list(settings))[0]
        except TomlError as error:
            raise TomlError(f"{path}: {error}") from error

    def names(directory: str) -> list[str]:
        place, name = posixpath.split(path)
        return sorted({*node.names(directory), name}) if directory == place else node.names(directory)

    changed = node._replace(read=read, names=names)
    state = _State(changed, load(changed), None)
    if not state.on:
        place = state.switch.place() if state.switch is not None else _last_section(changed)
        said = f"sets {_SWITCH} = false" if state.switch is not None else "replaces the CRI plugin's section"
        raise Refused(f"containerd: {place} {said}, and is read after {path}: set {_SWITCH} = true there, or remove it")
    lost = missing(directories, state.reads)
    if lost:
        place = _last_section(changed) if state.dirs is None else state.dirs.place()
        raise Refused(
            f"containerd: {place} sets {_DIRS} without {', '.join(lost)}, and is read after {path}: add them there"
        )


def _last_section(node: Node) -> str:
    files = load(node)
    table = _TABLE_1 if _merged_version(files, 1) < 2 else _TABLE_2
    return next((file.path for file in reversed(files) if file.document.has(*table)), node.config)
