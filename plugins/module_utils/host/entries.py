# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What can exist on a node: directories, files, symbolic links and character devices, as values.

The same class describes what should be there (made by layouts) and what is there (``HostRoot.observe``), so that a
comparison is a comparison of fields. Paths are absolute, as the node sees them, whatever the host root is.
"""

from __future__ import annotations

from ..values import Value

DIRECTORY = "directory"
FILE = "file"
SYMLINK = "symlink"
CHAR = "char"
OTHER = "other"
"""Something that nvmock.gpu never makes: a socket, a pipe, a block device."""
ASIDE = "aside"
"""What was taken over, kept beside its place under the hidden name that ``target`` says."""


class Entry(Value):
    """One thing on a node.

    :arg path: absolute path on the node, normalised.
    :arg kind: DIRECTORY, FILE, SYMLINK, CHAR; OTHER for something that nvmock.gpu never makes; ASIDE in a manifest.
    :arg mode: permission bits; None for a symbolic link.
    :arg uid: owner; None for whoever creates it, and then it is not compared.
    :arg gid: group, with the same meaning of None.
    :arg content: bytes of a FILE; None if it is too large to be compared.
    :arg target: target of a SYMLINK.
    :arg major: device number of a CHAR.
    :arg minor: device number of a CHAR.
    :arg implicit: a DIRECTORY that is wanted only because something is in it. It is made if it is missing, and not changed
        otherwise. A symbolic link to a directory inside the host root is also accepted.
    :arg fixed: of a FILE that is volatile: how many bytes at its beginning, and its size, are compared. The others belong to whoever
        writes them in place. Nothing of it is compared for a removal. None for a file that is compared whole.
    """

    __slots__ = ("path", "kind", "mode", "uid", "gid", "content", "target", "major", "minor", "implicit", "fixed")

    def __init__(
        self,
        path: str,
        kind: str,
        mode: int | None = None,
        uid: int | None = None,
        gid: int | None = None,
        content: bytes | None = None,
        target: str | None = None,
        major: int | None = None,
        minor: int | None = None,
        implicit: bool = False,
        fixed: int | None = None,
    ) -> None:
        self.path = path
        self.kind = kind
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.content = content
        self.target = target
        self.major = major
        self.minor = minor
        self.implicit = implicit
        self.fixed = fixed


def directory(path: str, mode: int = 0o755, implicit: bool = False) -> Entry:
    """A directory."""
    return Entry(path, DIRECTORY, mode=mode, implicit=implicit)


def file(path: str, content: bytes, mode: int = 0o644) -> Entry:
    """A regular file with these bytes."""
    return Entry(path, FILE, mode=mode, content=content)


def volatile(path: str, content: bytes, fixed: int, mode: int = 0o644) -> Entry:
    """A regular file that others change in place behind its first *fixed* bytes; *content* is what it is made with."""
    return Entry(path, FILE, mode=mode, content=content, fixed=fixed)


def symlink(path: str, target: str) -> Entry:
    """A symbolic link; *target* is written as it is."""
    return Entry(path, SYMLINK, target=target)


def char_device(path: str, major: int, minor: int, mode: int = 0o666) -> Entry:
    """A character device node."""
    return Entry(path, CHAR, mode=mode, major=major, minor=minor)


def owned_by(entries: list[Entry], uid: int | None, gid: int | None) -> list[Entry]:
    """Set the owner and group of every entry that has none; return the same list."""
    for entry in entries:
        if entry.uid is None:
            entry.uid = uid
        if entry.gid is None:
            entry.gid = gid
    return entries


def differences(have: Entry, want: Entry) -> list[str]:
    """Return what must change to get from *have* to *want*: some of type, content, target, device, mode, owner, group."""
    if have.kind != want.kind:
        return ["type"]
    found = []
    if want.kind == FILE and not _has_content(have, want):
        found.append("content")
    if want.kind == SYMLINK and have.target != want.target:
        found.append("target")
    if want.kind == CHAR and (have.major, have.minor) != (want.major, want.minor):
        found.append("device")
    if want.mode is not None and have.mode != want.mode:
        found.append("mode")
    if want.uid is not None and have.uid != want.uid:
        found.append("owner")
    if want.gid is not None and have.gid != want.gid:
        found.append("group")
    return found


def _has_content(have: Entry, want: Entry) -> bool:
    if want.fixed is None or have.content is None or want.content is None:
        return have.content == want.content
    return len(have.content) == len(want.content) and have.content[: want.fixed] == want.content[: want.fixed]
