# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The view of a node as it will be: planned entries laid over what is there, and what is to be removed left out.

By this a specification can be made in the same run (and in check mode) as the files that it is about. The same way it
shows what the kernel of a real GPU node would show in /proc and /sys, where nobody can write.
"""

from __future__ import annotations

import os
import stat as modes

from .entries import CHAR, DIRECTORY, FILE, SYMLINK, Entry
from .view import HostView, Status

_TYPES = {DIRECTORY: modes.S_IFDIR, FILE: modes.S_IFREG, SYMLINK: modes.S_IFLNK, CHAR: modes.S_IFCHR}


class OverlayView(HostView):
    """A node's filesystem with *planned* entries in it and without the *hidden* paths."""

    def __init__(self, root: str, planned: list[Entry], hidden: set[str]) -> None:
        super().__init__(root)
        below = HostView(root)
        self._planned: dict[str, Entry] = {}
        self._added: dict[str, set[str]] = {}
        self._hidden = hidden
        places: dict[str, str] = {}
        for entry in planned:
            parent, _slash, name = entry.path.rpartition("/")
            if parent not in places:
                places[parent] = _resolved(below, parent)
            self._add(f"{places[parent]}/{name}", entry)

    def _add(self, place: str, entry: Entry) -> None:
        self._planned[place] = entry
        parent, _slash, name = place.rpartition("/")
        while name:
            siblings = self._added.setdefault(parent or "/", set())
            if name in siblings:
                break
            siblings.add(name)
            parent, _slash, name = parent.rpartition("/")

    def read_status(self, path: str) -> Status | None:
        entry = self._planned.get(path)
        if entry is None:
            if path in self._hidden:
                return None
            found = super().read_status(path)
            return Status(modes.S_IFDIR | 0o755) if found is None and path in self._added else found
        mode = _TYPES[entry.kind] | (0o777 if entry.mode is None else entry.mode)
        uid = os.geteuid() if entry.uid is None else entry.uid
        gid = os.getegid() if entry.gid is None else entry.gid
        return Status(mode, uid, gid, entry.major or 0, entry.minor or 0)

    def read_link(self, path: str) -> str | None:
        entry = self._planned.get(path)
        return super().read_link(path) if entry is None else entry.target

    def read_names(self, path: str) -> list[str] | None:
        found = super().read_names(path)
        added = self._added.get(path)
        if found is None:
            return None if added is None else list(added)
        base = "" if path == "/" else path
        kept = {name for name in found if f"{base}/{name}" not in self._hidden}
        return list(kept if added is None else kept | added)

    def read_content(self, path: str) -> bytes | None:
        entry = self._planned.get(path)
        return super().read_content(path) if entry is None else entry.content


def _resolved(view: HostView, directory: str) -> str:
    """*directory* with the links of that part of it resolved that exists; "" for the root."""
    missing: list[str] = []
    while directory:
        real = view.realpath(directory)
        if real is not None:
            return "/".join(["" if real == "/" else real, *reversed(missing)])
        directory, _slash, name = directory.rpartition("/")
        missing.append(name)
    return "/".join(["", *reversed(missing)]) if missing else ""
