# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the planner sees of a node: what is there, what it has other names for, and what can be reached without a refused link."""

from __future__ import annotations

from ..errors import HostError
from .entries import DIRECTORY, SYMLINK, Entry
from .root import split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Node:
    """What the planner looks at: the node as it is, and where it will have other directories.

    :arg observe: what is at a path.
    :arg names: the names in a directory.
    :arg is_directory: whether a path is a directory or a link to one.
    :arg resolve: the path of a directory with its links resolved, None if it does not exist.
    :arg strict: directories at and below which no link is followed.
    """

    def __init__(
        self,
        observe: Callable[[str], Entry | None],
        names: Callable[[str], list[str]],
        is_directory: Callable[[str], bool],
        resolve: Callable[[str], str | None],
        strict: tuple[str, ...] = (),
    ) -> None:
        self.observe = observe
        self.names = names
        self.is_directory = is_directory
        # Directories that this run makes, also in the place of something else: nothing is below them yet.
        self.new: set[str] = set()
        self._resolve = resolve
        self._strict = strict
        self._places = {"/": "/"}
        self._reached: dict[str, bool | str] = {"/": True}

    def place(self, path: str) -> str:
        """*path* with the links above it resolved: two names of one thing have one place."""
        parent, _slash, name = path.rpartition("/")
        above = self._places.get(parent) or self._place_of_directory(parent or "/")
        return f"/{name}" if above == "/" else f"{above}/{name}"

    def _place_of_directory(self, path: str) -> str:
        known = self._places.get(path)
        if known is None:
            resolved = None
            if path not in self.new:
                try:
                    resolved = self._resolve(path)
                except HostError:
                    resolved = None  # something that is no directory is in the way
            known = self._places[path] = self.place(path) if resolved is None else resolved
        return known

    def reach(self, path: str) -> bool | str:
        """Whether the directory *path* can be reached, or the link that is in the place of one where only nvmock.gpu may be."""
        known = self._reached.get(path)
        if known is None:
            known = self.reach(split(path)[0])
            if known is True:
                known = path not in self.new and self._enter(path)
            self._reached[path] = known
        return known

    def _enter(self, path: str) -> bool | str:
        found = self.observe(path)
        if found is not None and found.kind == SYMLINK:
            return path if self.is_strict(path) else self.is_directory(path)
        return found is not None and found.kind == DIRECTORY

    def is_strict(self, path: str) -> bool:
        """Whether only nvmock.gpu makes things at *path*."""
        return any(path == place or path.startswith(place + "/") for place in self._strict)
