# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The view of a node as it will be: the changes of a plan over what exists.

So a specification can be made in the same run as the files that it names, and in check mode. The kernel of a real GPU
node shows facts in /proc and /sys, where nobody can write; these can be added.
"""

from __future__ import annotations

import os
import stat as modes

from .entries import CHAR, DIRECTORY, FILE, OTHER, SYMLINK, Entry
from .root import HostRoot, join, split
from .view import HostView, Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .plan import Change

_TYPES = {DIRECTORY: modes.S_IFDIR, FILE: modes.S_IFREG, SYMLINK: modes.S_IFLNK, CHAR: modes.S_IFCHR}
_IMPLICIT = Status(modes.S_IFDIR | 0o755)


class OverlayView(HostView):
    """A node's filesystem after *changes*.

    The changes are applied in their order, and each path is resolved in the state that the changes before it leave. A
    directory that replaces a link is a directory from then on, and what the link led to is not in it.

    What the plan has seen unchanged is not looked at again, so plan and view are of one moment.

    :arg changes: a plan's changes.
    """

    def __init__(self, root: str | HostRoot, changes: Iterable[Change] = ()) -> None:
        super().__init__(root)
        self._planned: dict[str, Entry] = {}
        self._seen = root.answers if isinstance(root, HostRoot) else {}
        # Places of directories that the plan makes: nothing is in them but what it puts there.
        self._new: set[str] = set()
        # place of a directory -> name in it -> whether it will be there
        self._renewed: dict[str, dict[str, bool]] = {}
        parent = directory = ""
        for change in changes:
            above, name = split(change.path)
            if above != parent:  # changes of one directory follow each other
                parent, directory = above, self._future_directory(above)
            self._put(directory, name, change.after)
            before, after = change.before, change.after
            if before is not None and (after is None or after.kind != before.kind):
                # What is not what it was any more may have been on the way to paths that are resolved, or were seen.
                self._real = {"/": "/"}
                self._seen = {}
                parent = ""
            elif after is not None and after.kind == DIRECTORY:
                place = self._real[change.path] = join(directory, name)
                if before is None:
                    self._new.add(place)
        self._forget_what_depends()

    def add(self, entries: Iterable[Entry]) -> None:
        """Let *entries* exist, too, and the directories above them."""
        for entry in entries:
            parent, name = split(entry.path)
            directory = self._future_directory(parent)
            self._add_missing(directory)
            self._put(directory, name, entry)
            self._real = {"/": "/"}
        self._forget_what_depends()

    def _forget_what_depends(self) -> None:
        """Forget names and resolved paths, which may be those of a state in between. Statuses are up to date."""
        self._names = {}
        self._real = {"/": "/"}

    def _put(self, directory: str, name: str, entry: Entry | None) -> None:
        """Let *entry* be in the place of *name*; None removes what is there."""
        place = join(directory, name)
        if entry is None:
            self._planned.pop(place, None)
            self._status[place] = None
        else:
            self._planned[place] = entry
            self._status.pop(place, None)
        names = self._renewed.get(directory)
        if names is None:
            names = self._renewed[directory] = {}
        names[name] = entry is not None

    def _future_directory(self, path: str) -> str:
        """Return *path* with the links in that part of it resolved that exists."""
        missing: list[str] = []
        while True:
            real = self.realpath(path)
            if real is not None:
                for name in reversed(missing):
                    real = join(real, name)
                return real
            path, name = split(path)
            missing.append(name)

    def _add_missing(self, directory: str) -> None:
        while self._lstat(directory) is None:
            self._status[directory] = _IMPLICIT
            directory, name = split(directory)
            self._renewed.setdefault(directory, {})[name] = True

    def _entry(self, place: str) -> Entry | None:
        """Return what the plan puts in a place, or what its making has seen there."""
        entry = self._planned.get(place)
        if entry is None:
            entry = self._seen.get(place)
            if entry is not None and entry.kind == OTHER:
                return None  # which it is, the filesystem tells
        return entry

    def read_status(self, place: str) -> Status | None:
        entry = self._entry(place)
        if entry is not None:
            return _status(entry)
        return None if self._new and split(place)[0] in self._new else super().read_status(place)

    def read_link(self, place: str) -> str | None:
        entry = self._entry(place)
        return super().read_link(place) if entry is None else entry.target

    def read_names(self, place: str) -> list[str] | None:
        found = None if place in self._new else super().read_names(place)
        renewed = self._renewed.get(place)
        if renewed is None:
            return found
        kept = [name for name in found or () if name not in renewed]
        return kept + [name for name, there in renewed.items() if there]

    def read_content(self, place: str) -> bytes | None:
        entry = self._entry(place)
        # A file that was too large to be compared was seen without its content.
        return super().read_content(place) if entry is None or entry.content is None else entry.content


def _status(entry: Entry) -> Status:
    mode = _TYPES.get(entry.kind, modes.S_IFSOCK) | (0o777 if entry.mode is None else entry.mode)
    uid = os.geteuid() if entry.uid is None else entry.uid
    gid = os.getegid() if entry.gid is None else entry.gid
    return Status(mode, uid, gid, entry.major or 0, entry.minor or 0)
