# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What can exist on a node: directories, files, symbolic links and character devices, as values.

The same class describes what should be there (layouts make it) and what is there (``HostRoot.observe``), so that a
comparison is a comparison of fields. Paths are absolute and are those that the node sees, whatever the host root.
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
    :arg kind: DIRECTORY, FILE, SYMLINK, CHAR, or OTHER for something observed that we never make.
    :arg mode: permission bits; None where they do not matter (symbolic links).
    :arg uid: owner; None: whoever creates it, and not compared.
    :arg gid: group; None likewise.
    :arg content: bytes of a FILE; None if too large to be of interest.
    :arg target: target of a SYMLINK.
    :arg major: device number of a CHAR.
    :arg minor: device number of a CHAR.
    :arg implicit: a DIRECTORY that is wanted only because something lies in it: made if missing, else left as it is,
        and a symbolic link to a directory inside the host root does as well.
    """

    __slots__ = ("path", "kind", "mode", "uid", "gid", "content", "target", "major", "minor", "implicit")

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


def directory(path: str, mode: int = 0o755, implicit: bool = False) -> Entry:
    """A directory."""
    return Entry(path, DIRECTORY, mode=mode, implicit=implicit)


def file(path: str, content: bytes, mode: int = 0o644) -> Entry:
    """A regular file with these bytes."""
    return Entry(path, FILE, mode=mode, content=content)


def symlink(path: str, target: str) -> Entry:
    """A symbolic link; *target* is written as given."""
    return Entry(path, SYMLINK, target=target)


def char_device(path: str, major: int, minor: int, mode: int = 0o666) -> Entry:
    """A character device node."""
    return Entry(path, CHAR, mode=mode, major=major, minor=minor)


def owned_by(entries: list[Entry], uid: int | None, gid: int | None) -> list[Entry]:
    """Give every entry that has no owner of its own this one; return the same list."""
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
    if want.kind == FILE and have.content != want.content:
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
