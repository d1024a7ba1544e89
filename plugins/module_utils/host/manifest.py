# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The manifest: what we created on a node, and for which component.

It lies on the node, so that any later run (from another controller, from a pod) knows what is ours. The format is
mtree(5): one line a path with ``type=`` and ``tags=``, the tags being the components that want the path, such as
``devices:/run/nvidia/driver``. What stood at a path before we took it over at the user's request is kept in
``replaced=`` and comes back on removal.
"""

from __future__ import annotations

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
DIRECTORIES = ("/var", "/var/lib", STATE_DIRECTORY)
"""The directories that the manifest lies in, from the top."""

FIRST_LINE = b"#mtree\n"
_HEADER = """#mtree
# What nvmock.gpu created on this node, and for which concern. Written by nvmock.gpu: do not edit.
# run: %s
"""
_REPAIR = "put the file back from a backup, or remove by hand what it lists"
_NO_NAMES = frozenset(("", ".", ".."))
_COMPLETE = "complete"
_IN_PROGRESS = "in progress"
_STAGED = "# hidden names: "

_WORD_ENDS = frozenset(" \t\n\r#=,\\")

# The last manifest that was read: a run asks for it more than once, and nobody changes it but by writing another.
_parsed: dict[bytes, Manifest] = {}

_TYPES = {DIRECTORY: "dir", FILE: "file", SYMLINK: "link", CHAR: "char"}
_KINDS = {word: kind for kind, word in _TYPES.items()}


class Owned(Value):
    """What the manifest knows of a path: its kind, the components that want it, and what it replaced."""

    __slots__ = ("kind", "tags", "replaced")

    def __init__(self, kind: str, tags: frozenset[str], replaced: Entry | None = None) -> None:
        self.kind = kind
        self.tags = tags
        self.replaced = replaced


class Manifest:
    """The paths that are ours.

    :arg in_progress: the last run did not reach its end.
    :arg staged: what the hidden names of that run begin with; "" if an older version wrote the manifest.
    """

    def __init__(self, owned: dict[str, Owned] | None = None, in_progress: bool = False, staged: str = "") -> None:
        self.owned = {} if owned is None else owned
        self.in_progress = in_progress
        self.staged = staged

    def to_bytes(self) -> bytes:
        """Return the manifest as text, sorted by path: the same facts give the same bytes."""
        lines = [_HEADER % (_IN_PROGRESS if self.in_progress else _COMPLETE)]
        if self.in_progress and self.staged:
            lines.append(f"{_STAGED}{self.staged}\n")
        written: dict[frozenset[str], str] = {}
        for path, owned in sorted(self.owned.items()):
            tags = written.get(owned.tags)
            if tags is None:
                tags = written[owned.tags] = ",".join(_escape(tag) for tag in sorted(owned.tags))
            replaced = "" if owned.replaced is None else " replaced=" + _replaced_to_text(owned.replaced)
            lines.append(f".{_escape(path)} type={_TYPES[owned.kind]} tags={tags}{replaced}\n")
        return "".join(lines).encode("utf-8", "surrogateescape")

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Read a manifest.

        :raises HostError: it is damaged; the message names the line.
        """
        manifest = cls()
        text = data.decode("utf-8", "surrogateescape")
        if not text.startswith("#mtree\n") or not text.endswith("\n"):
            raise HostError(f"{PATH}: begins or ends in the wrong way: {_REPAIR}")
        read: dict[str, frozenset[str]] = {}  # a node has hundreds of paths and a handful of sets of tags
        for number, line in enumerate(text.split("\n"), 1):
            if line == "# run: " + _IN_PROGRESS:
                manifest.in_progress = True
            elif line.startswith(_STAGED):
                manifest.staged = line[len(_STAGED) :]
                if not is_staged_prefix(manifest.staged):
                    raise HostError(f"{PATH}: line {number} is damaged: {_REPAIR}")
            if not line or line.startswith("#"):
                continue
            try:
                first, *words = line.split(" ")
                values = dict(word.split("=", 1) for word in words)
                path = _unescape(first)
                # Hands off everything that is not plainly a path on the node: what is listed here gets removed one day.
                if not path.startswith("./") or not _NO_NAMES.isdisjoint(path[2:].split("/")):
                    raise ValueError(path)
                replaced = _replaced_from_text(path[1:], values["replaced"]) if "replaced" in values else None
                tags = read.get(values["tags"])
                if tags is None:
                    tags = read[values["tags"]] = frozenset(_unescape(tag) for tag in values["tags"].split(","))
                manifest.owned[path[1:]] = Owned(_KINDS[values["type"]], tags, replaced)
            except (KeyError, ValueError):
                raise HostError(f"{PATH}: line {number} is damaged: {_REPAIR}") from None
        return manifest


def read_manifest(root: HostRoot) -> Manifest:
    """Return the node's manifest; an empty one if there is none.

    :raises HostError: it is damaged or unreadable.
    """
    if root.status(PATH) is None:
        return Manifest()
    content = root.read(PATH)
    if content not in _parsed:
        _parsed.clear()
        _parsed[content] = Manifest.from_bytes(content)
    return _parsed[content]


def _escape(text: str) -> str:
    """mtree's octal escapes for what would end a word."""
    if _WORD_ENDS.isdisjoint(text):
        return text
    return "".join(f"\\{ord(character):03o}" if character in _WORD_ENDS else character for character in text)


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    first, *rest = text.split("\\")
    return first + "".join(chr(int(part[:3], 8)) + part[3:] for part in rest)


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
    if text.startswith(ASIDE + ":"):
        name = text[len(ASIDE) + 1 :]
        if not is_kept_name(name):
            raise ValueError(name)
        return Entry(path, ASIDE, target=name)
    word, mode, uid, gid, payload = text.split(":")
    data = bytes.fromhex(payload)
    entry = Entry(path, _KINDS[word], int(mode, 8), int(uid), int(gid))
    if entry.kind == FILE:
        entry.content = data
    elif entry.kind == SYMLINK:
        entry.mode = None
        entry.target = data.decode("utf-8", "surrogateescape")
    elif entry.kind == CHAR:
        major, minor = data.decode("ascii").split(",")
        entry.major, entry.minor = int(major), int(minor)
    return entry
