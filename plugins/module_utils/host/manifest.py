# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The manifest: what nvmock.gpu made on a node, for which component, and what each thing was when it was made.

It is on the node, so that any later run (from another controller, from a pod) can use it. The format is mtree(5), a line
per path. ``type=`` and the words after it say what was made, so that a removal deletes nothing that was changed since:
``size=``, ``link=`` and ``device=`` are mtree's own. ``crc32=`` is not: mtree's checksums are either POSIX's, for which
Python has no C code, or cryptographic, and take 18 times as long. A removal only needs to notice a change, and whoever
makes one on purpose may as well delete the file. ``nochange=`` says that the content of a file is not compared, because
others change it in place; the word is mtree's, and has a value because version 1 reads no word without one. ``formerly=``
has what else a path may be after a killed run. ``tags=`` are the components that want the path (owner.py). ``replaced=`` is
what ``take_over`` replaced and a removal restores. ``# fault:`` is a line per fault that somebody put on the node's files: the first
word is the word of the components' tags that it goes with, the rest is of the package node.

The last line has the number of paths and a checksum of the lines before it: a file that was cut or damaged is noticed.
"""

from __future__ import annotations

import os
import stat

from ..errors import HostError
from ..values import Value
from .entries import ASIDE, CHAR, DIRECTORY, FILE, SYMLINK, Entry
from .hidden import is_kept_name, is_staged_prefix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .root import HostRoot

STATE_DIRECTORY = "/var/lib/nvidia-mock"
PATH = STATE_DIRECTORY + "/manifest.mtree"
LOCK = STATE_DIRECTORY + "/lock"
HEALTHY = STATE_DIRECTORY + "/healthy"
"""The directory with the healthy entries of what a fault has removed or changed, each under its whole path."""
DIRECTORIES = ("/var", "/var/lib", STATE_DIRECTORY)
"""The directories that the manifest is in, from the top."""
MODE = 0o644

VERSION = 3
"""Of the format. Version 1 had no line for it, no facts beside the type, and no last line; version 2 had no ``nochange``."""
NEWEST = 4
"""Version 4 has faults, and is only written if there are some. An earlier nvmock.gpu would repair them without a word."""

FIRST_LINE = b"#mtree\n"
_FIRST = FIRST_LINE.decode("ascii")
_HEADER = """#mtree
# version: %d
# What nvmock.gpu made on this node, and for which component. Do not edit.
# run: %s
"""
_VERSION_LINE = "# version: "
_RUN_LINE = "# run: "
_END_LINE = "# end: "
_COMPLETE = "complete"
_IN_PROGRESS = "in progress"
_STAGED = "# hidden names: "
_FAULT = "# fault: "
_LARGEST = 64 * 1024 * 1024
_HELP = "restore it from a backup, or move it away and run again with the options that made the node"

_NO_NAMES = frozenset(("", ".", ".."))
_WORD_ENDS = " \t\n\r#=,\\"
_ESCAPED = {f"{ord(character):03o}": character for character in _WORD_ENDS}
_ENDS = frozenset(_WORD_ENDS)

# The last manifest that was read: a run asks for it more than once, and only writing another one changes it.
_parsed: dict[bytes, Manifest] = {}

_TYPES = {DIRECTORY: "dir", FILE: "file", SYMLINK: "link", CHAR: "char"}
_KINDS = {word: kind for kind, word in _TYPES.items()}
_KINDS_BY_WORD = {"type=" + word: kind for word, kind in _KINDS.items()}
_VOLATILE = "type=file nochange=yes"
_FIRST_FACTS = {FILE: "size=", SYMLINK: "link=", CHAR: "device="}
_WORDS = frozenset(("tags", "replaced", "formerly"))


class Owned(Value):
    """What the manifest has of a path.

    :arg kind: what was made: DIRECTORY, FILE, SYMLINK or CHAR.
    :arg tags: the components that want it.
    :arg replaced: what was there before and comes back on removal.
    :arg made: what it was when it was made, as :func:`facts` says it; more than one after a killed run; ``type=`` alone
        where a version made it that did not record more.
    """

    __slots__ = ("kind", "tags", "replaced", "made")

    def __init__(
        self, kind: str, tags: frozenset[str], replaced: Entry | None = None, made: tuple[str, ...] = ()
    ) -> None:
        self.kind = kind
        self.tags = tags
        self.replaced = replaced
        self.made = made

    @property
    def target(self) -> str | None:
        """The target of the link that was made, None if it is not known."""
        begin = "type=link link="
        targets = [made[len(begin) :] for made in self.made if made.startswith(begin)]
        return _unescape(targets[0]) if len(targets) == 1 else None

    def is_as_made(self, found: Entry) -> bool:
        """Whether *found* is what was made; only its kind counts where nothing more is known."""
        if not self.made:
            return found.kind == self.kind
        now = facts(found)
        if found.kind == FILE and _VOLATILE in self.made:
            return True
        return now in self.made or now.partition(" ")[0] in self.made


def facts(entry: Entry) -> str:
    """What is compared before a removal, as words of mtree(5): kind, content, target, device numbers; not mode and owner.

    "" for what is never made: other kinds, and files that are too large to be looked at.
    """
    if entry.kind == FILE and entry.fixed is not None:
        return _VOLATILE
    if entry.kind == FILE and entry.content is not None:
        return f"type=file size={len(entry.content)} crc32={_sum_of(entry.content):08x}"
    if entry.kind == SYMLINK:
        return "type=link link=" + _escape(entry.target or "")
    if entry.kind == CHAR:
        return f"type=char device=linux,{entry.major},{entry.minor}"
    return "type=dir" if entry.kind == DIRECTORY else ""


def _sum_of(content: bytes) -> int:
    from zlib import crc32

    if len(content) < _LARGE:
        return crc32(content)
    known = _sums.get(id(content))
    if known is None:
        if len(_sums) >= _MOST_SUMS:
            _sums.clear()
        known = _sums[id(content)] = content, crc32(content)
    return known[1]


# Checksums of programs and libraries, for which a run asks more than once: id -> content, which so keeps its id, and checksum.
_sums: dict[int, tuple[bytes, int]] = {}
_LARGE = 1 << 12
_MOST_SUMS = 64


class Manifest:
    """The paths that nvmock.gpu made.

    :arg in_progress: the last run did not reach its end.
    :arg staged: what the hidden names of that run begin with; "" if an older version wrote the manifest.
    :arg faults: the faults of the node's files, sorted.
    """

    def __init__(
        self,
        owned: dict[str, Owned] | None = None,
        in_progress: bool = False,
        staged: str = "",
        faults: tuple[str, ...] = (),
    ) -> None:
        self.owned = {} if owned is None else owned
        self.in_progress = in_progress
        # Whether the end is missing: ``owned`` has what is before the cut.
        self.is_cut = False
        # Whether the file has the owner and mode that it should have.
        self.is_held = True
        self._read: bytes | None = None
        self.staged = staged
        self.faults = faults

    @property
    def tags(self) -> set[str]:
        """The components that have something on the node."""
        return {tag for tags in {owned.tags for owned in self.owned.values()} for tag in tags}

    def only(self, owned: dict[str, Owned]) -> Manifest:
        """Return the manifest with no other paths than *owned*."""
        other = Manifest(owned, self.in_progress, self.staged, self.faults)
        other.is_cut, other.is_held = self.is_cut, self.is_held
        return other

    def to_bytes(self) -> bytes:
        """Return the manifest as text, sorted by path: the same facts give the same bytes. One that was read is as it was."""
        if self._read is not None:
            return self._read
        version = NEWEST if self.faults else VERSION
        lines = [_HEADER % (version, _IN_PROGRESS if self.in_progress else _COMPLETE)]
        if self.in_progress and self.staged:
            lines.append(f"{_STAGED}{self.staged}\n")
        lines += [f"{_FAULT}{fault}\n" for fault in self.faults]
        written: dict[frozenset[str], str] = {}
        if len(_lines) >= _MOST_LINES:
            _lines.clear()
        for path, owned in sorted(self.owned.items()):
            known = _lines.get(path)
            if known is None or known[0] is not owned:
                known = _lines[path] = owned, _line(path, owned, written)
            lines.append(known[1])
        data = "".join(lines).encode("utf-8", "surrogateescape")
        return data + _end_of(len(self.owned), data)

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Read a manifest of this version or an earlier one.

        :raises HostError: it is damaged, or of a later version; the message names the line and what to do.
        """
        manifest = cls()
        manifest._read = data
        text = data.decode("utf-8", "surrogateescape")
        if not (text.startswith(_FIRST) or _FIRST.startswith(text)) or "\0" in text:
            raise HostError(f"{PATH}: is no manifest: {_HELP}")
        lines = text.split("\n")
        if lines.pop():
            manifest.is_cut = True
        version = _version(lines)
        ended = has_run = False
        read: dict[str, frozenset[str]] = {}  # a node has hundreds of paths and a handful of sets of tags
        for number, line in enumerate(lines, 1):
            try:
                if ended:
                    raise ValueError(line)
                if line[:1] == ".":
                    _read_path(manifest.owned, line, read)
                elif line.startswith(_RUN_LINE):
                    has_run = True
                    manifest.in_progress = line[len(_RUN_LINE) :] == _IN_PROGRESS
                elif line.startswith(_STAGED):
                    manifest.staged = line[len(_STAGED) :]
                    if not is_staged_prefix(manifest.staged):
                        raise ValueError(line)
                elif line.startswith(_FAULT) and version >= NEWEST:
                    manifest.faults += (line[len(_FAULT) :],)
                elif line.startswith(_END_LINE) and version > 1:
                    ended = True
                    if data[data.rindex(b"\n", 0, -1) + 1 :] != _end_of(
                        len(manifest.owned), data[: data.rindex(b"\n", 0, -1) + 1]
                    ):
                        raise HostError(
                            f"{PATH}: its lines are not those that its last line counts, it was edited or damaged: {_HELP}"
                        )
                elif line and line[0] != "#":
                    raise ValueError(line)
            except (KeyError, ValueError):
                raise HostError(f"{PATH}: line {number} is damaged: {_HELP}") from None
        if not has_run or (version > 1 and not ended):
            manifest.is_cut = True
        return manifest


def read_manifest(root: HostRoot) -> Manifest:
    """Return the node's manifest; an empty one if there is none.

    :raises HostError: it is damaged, unreadable, or others may write to it.
    """
    directory = root.status_of_directory(STATE_DIRECTORY)
    if directory is None:
        return Manifest()
    trusted = {0, os.geteuid()}
    top = root.status("/")
    if top is not None:
        trusted.add(top.st_uid)  # whoever has the host root has all of it
    _refuse_writable(STATE_DIRECTORY, directory, trusted)
    status = root.status(PATH)
    if status is None:
        return Manifest()
    _refuse_writable(PATH, status, trusted)
    if status.st_size > _LARGEST:
        raise HostError(f"{PATH}: has {status.st_size} bytes, more than any manifest: {_HELP}")
    content = root.read(PATH)
    if content not in _parsed:
        _parsed.clear()
        _parsed[content] = Manifest.from_bytes(content)
    manifest = _parsed[content]
    manifest.is_held = stat.S_IMODE(status.st_mode) == MODE
    return manifest


def remember(content: bytes, manifest: Manifest) -> None:
    """Let the next :func:`read_manifest` find *manifest* in *content*, which it wrote, without parsing it."""
    read = Manifest(dict(manifest.owned), faults=manifest.faults)
    read._read = content
    _parsed.clear()
    _parsed[content] = read


def refuse_cut(manifest: Manifest) -> None:
    """Refuse to remove by a manifest that ends too early.

    :raises HostError: it does.
    """
    if manifest.is_cut:
        raise HostError(
            f"{PATH}: its end is missing, so that it does not name everything: run again with the options that made the "
            "node, which completes it, and then remove"
        )


def _refuse_writable(path: str, status: os.stat_result, trusted: set[int]) -> None:
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISLNK(status.st_mode) or (status.st_uid in trusted and not mode & 0o022):
        return
    owner = f"owner {status.st_uid}" if status.st_uid not in trusted else f"mode {mode:04o}"
    right = "0755" if stat.S_ISDIR(status.st_mode) else "0644"
    raise HostError(
        f"{path}: {owner} lets others decide what is deleted: look whether the manifest is as it was, "
        f"then: chown 0:0 {path} && chmod {right} {path}"
    )


def _end_of(count: int, data: bytes) -> bytes:
    from zlib import crc32

    return f"{_END_LINE}{count} paths, crc32 {crc32(data):08x}\n".encode("ascii")


def _version(lines: list[str]) -> int:
    """The version of the format; 1 has no line for it."""
    if len(lines) < 2 or not lines[1].startswith(_VERSION_LINE):
        return 1
    text = lines[1][len(_VERSION_LINE) :]
    if not text.isdigit() or len(text) > 9 or int(text) < 2:
        raise HostError(f"{PATH}: line 2 is damaged: {_HELP}")
    if int(text) > NEWEST:
        raise HostError(
            f"{PATH}: was written by a newer nvmock.gpu (version {text} of the format, this one reads up to {NEWEST}): "
            "use that one or a newer one"
        )
    return int(text)


def _read_path(owned: dict[str, Owned], line: str, read: dict[str, frozenset[str]]) -> None:
    """Add what *line* says to *owned*.

    :raises ValueError: it is damaged.
    :raises KeyError: it has an unknown type or escape, or no tags.
    """
    first, _blank, rest = line.partition(" ")
    path = _unescape(first)[1:]
    # Nothing that is not plainly a path on the node: what is in here is removed one day.
    if path in owned or not path.startswith("/") or not _NO_NAMES.isdisjoint(path[1:].split("/")):
        raise ValueError(path)
    made, _space, rest = rest.partition(" tags=")
    kind = _check_facts(made)
    tags_text, *words = rest.split(" ")
    tags = read.get(tags_text)
    if tags is None:
        tags = read[tags_text] = frozenset([_unescape(tag) for tag in tags_text.split(",")])
        if "" in tags:
            raise ValueError(tags_text)
    values = dict([word.split("=", 1) for word in words]) if words else {}
    if not _WORDS.issuperset(values):
        raise ValueError(rest)
    known: tuple[str, ...] = (made,)
    if "formerly" in values:
        known += tuple([_unescape(other) for other in values["formerly"].split(",")])
        for other in known[1:]:
            _check_facts(other)
    replaced = _replaced_from_text(path, values["replaced"]) if "replaced" in values else None
    owned[path] = Owned(kind, tags, replaced, known)


# The lines that were written last: the manifests of before and after a change share most of what they own.
_lines: dict[str, tuple[Owned, str]] = {}
_MOST_LINES = 1 << 13


def _line(path: str, owned: Owned, written: dict[frozenset[str], str]) -> str:
    """Return what a manifest has of a path. *written* has each set of tags as text."""
    tags = written.get(owned.tags)
    if tags is None:
        tags = written[owned.tags] = ",".join([_escape(tag) for tag in sorted(owned.tags)])
    made = owned.made[0] if owned.made else "type=" + _TYPES[owned.kind]
    line = f".{_escape(path)} {made} tags={tags}"
    if len(owned.made) > 1:
        line += " formerly=" + ",".join([_escape(other) for other in owned.made[1:]])
    if owned.replaced is not None:
        line += " replaced=" + _replaced_to_text(owned.replaced)
    return line + "\n"


def _check_facts(made: str) -> str:
    """Return the kind that *made*, the words of :func:`facts`, says."""
    first, _blank, words = made.partition(" ")
    kind = _KINDS_BY_WORD[first]
    if words and made != _VOLATILE:
        count = 1 if kind == FILE else 0
        if kind == DIRECTORY or not words.startswith(_FIRST_FACTS[kind]) or words.count(" ") != count:
            raise ValueError(made)
        if kind == FILE and " crc32=" not in words:
            raise ValueError(made)
    return kind


def _escape(text: str) -> str:
    """mtree's octal escapes for what would end a word."""
    if _ENDS.isdisjoint(text):
        return text
    return "".join([f"\\{ord(character):03o}" if character in _ENDS else character for character in text])


def _unescape(text: str) -> str:
    """:raises KeyError: it has another escape than :func:`_escape` makes."""
    if "\\" not in text:
        return text
    first, *rest = text.split("\\")
    return first + "".join([_ESCAPED[part[:3]] + part[3:] for part in rest])


def _replaced_to_text(entry: Entry) -> str:
    """One word: kind, mode, uid, gid and the hex of content, target or device numbers, joined by colons."""
    payload = b""
    if entry.kind == ASIDE:
        return f"{ASIDE}:{entry.target}"
    if entry.kind == FILE:
        payload = entry.content or b""
    elif entry.kind == SYMLINK:
        payload = (entry.target or "").encode("utf-8", "surrogateescape")
    elif entry.kind == CHAR:
        payload = f"{entry.major},{entry.minor}".encode()
    return f"{_TYPES[entry.kind]}:{entry.mode or 0:o}:{entry.uid}:{entry.gid}:{payload.hex()}"


def _replaced_from_text(path: str, text: str) -> Entry:
    """:raises ValueError: it is damaged, or no system has such numbers."""
    if text.startswith(ASIDE + ":"):
        name = text[len(ASIDE) + 1 :]
        if not is_kept_name(name):
            raise ValueError(name)
        return Entry(path, ASIDE, target=name)
    word, mode, uid, gid, payload = text.split(":")
    data = bytes.fromhex(payload)
    entry = Entry(path, _KINDS[word], _number(mode, 0o7777, 8), _number(uid, 2**32 - 2), _number(gid, 2**32 - 2))
    if entry.kind == FILE:
        entry.content = data
    elif entry.kind == SYMLINK:
        entry.mode = None
        entry.target = data.decode("utf-8", "surrogateescape")
        if not data or b"\0" in data or len(data) > 4095:
            raise ValueError(text)
    elif entry.kind == CHAR:
        major, minor = data.decode("ascii").split(",")
        entry.major, entry.minor = _number(major, 2**12 - 1), _number(minor, 2**20 - 1)
    else:
        raise ValueError(text)
    return entry


def _number(text: str, most: int, base: int = 10) -> int:
    number = int(text, base) if text.isdigit() and len(text) < 20 else -1
    if not 0 <= number <= most:
        raise ValueError(text)
    return number
