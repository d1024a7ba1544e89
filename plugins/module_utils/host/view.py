# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A read-only view of a node's filesystem through a host root.

All paths that go in and come out are the node's own absolute paths. Symbolic links are resolved as the node itself
would after ``chroot(root)``: an absolute link starts at the root again, ``..`` stops there, and no link leads out of
it. So a specification can be made from a pod (``/host``), from a directory in a test, or on the node.

The four methods ``read_status``, ``read_link``, ``read_names`` and ``read_content`` are all that touches the system;
they get paths whose directories hold no link any more. A subclass that answers some of them from a plan shows the
node as it will be (check mode). Answers are cached: make a new view after a change.
"""

from __future__ import annotations

import os
import stat as modes
from bisect import bisect_left

from ..errors import HostError
from ..values import Value
from .glob import has_magic, matches, prefix_of

# As in Go's filepath.EvalSymlinks; the kernel gives up after 40.
MAX_LINKS = 255
# A file that is read whole (ld.so.cache, an ELF library's tables, mig-minors) is smaller than this.
MAX_CONTENT = 64 * 1024 * 1024


class Status(Value):
    """What ``lstat`` tells of one node of the filesystem.

    :arg mode: ``st_mode``, type and permission bits.
    :arg uid: owner.
    :arg gid: group.
    :arg major: of a device node, else 0.
    :arg minor: of a device node, else 0.
    """

    __slots__ = ("mode", "uid", "gid", "major", "minor")

    def __init__(self, mode: int, uid: int = 0, gid: int = 0, major: int = 0, minor: int = 0) -> None:
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.major = major
        self.minor = minor

    @property
    def is_dir(self) -> bool:
        return modes.S_ISDIR(self.mode)

    @property
    def is_file(self) -> bool:
        return modes.S_ISREG(self.mode)

    @property
    def is_link(self) -> bool:
        return modes.S_ISLNK(self.mode)

    @property
    def is_char_device(self) -> bool:
        return modes.S_ISCHR(self.mode)


def clean(path: str) -> str:
    """The path without ``.``, ``..``, doubled and trailing slashes, always absolute (Go's ``filepath.Clean``)."""
    if path[:1] == "/" and "//" not in path and "/." not in path and (path[-1] != "/" or path == "/"):
        return path
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part and part != ".":
            parts.append(part)
    return "/" + "/".join(parts)


class HostView:
    """A node's filesystem below ``root``, to be read only.

    :arg root: directory that is the node's ``/``.
    :raises HostError: the root is not a directory.
    """

    def __init__(self, root: str = "/") -> None:
        if not os.path.isdir(root):
            raise HostError(f"{root}: the host root is not a directory")
        self.root = root
        self._prefix = "" if clean(root) == "/" else root.rstrip("/")
        self._status: dict[str, Status | None] = {"/": Status(modes.S_IFDIR | 0o755)}
        self._names: dict[str, list[str] | None] = {}
        self._real: dict[str, str | None] = {"/": "/"}

    # -- the four primitives: resolved paths only ---------------------------------------------------------------

    def read_status(self, path: str) -> Status | None:
        """``lstat`` of a path whose directories are real; None if there is nothing or it may not be looked at."""
        try:
            found = os.lstat(self._prefix + path)
        except (OSError, ValueError):
            return None
        device = found.st_rdev
        return Status(found.st_mode, found.st_uid, found.st_gid, os.major(device), os.minor(device))

    def read_link(self, path: str) -> str | None:
        """The raw target of a symbolic link, None if it can't be read."""
        try:
            return os.readlink(self._prefix + path)
        except OSError:
            return None

    def read_names(self, path: str) -> list[str] | None:
        """The names in a directory in any order, None if it can't be listed."""
        try:
            return os.listdir(self._prefix + path)
        except OSError:
            return None

    def read_content(self, path: str) -> bytes | None:
        """The content of a regular file, None if it can't be read."""
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        try:
            descriptor = os.open(self._prefix + path, flags)
        except OSError:
            return None
        try:
            parts: list[bytes] = []
            left = MAX_CONTENT
            while left > 0:
                part = os.read(descriptor, min(left, 1 << 20))
                if not part:
                    return b"".join(parts)
                parts.append(part)
                left -= len(part)
            return None
        except OSError:
            return None
        finally:
            os.close(descriptor)

    # -- what others ask ----------------------------------------------------------------------------------------

    def lstat(self, path: str) -> Status | None:
        """The node at ``path`` itself (a last link is not followed), None if there is none."""
        place = self._place(path)
        return None if place is None else self._lstat(place)

    def stat(self, path: str) -> Status | None:
        """What ``path`` leads to, links followed; None if that does not exist."""
        real = self.realpath(path)
        return None if real is None else self._lstat(real)

    def exists(self, path: str) -> bool:
        return self.stat(path) is not None

    def is_char_device(self, path: str) -> bool:
        """Whether ``path`` itself is a character device (not a link to one)."""
        status = self.lstat(path)
        return status is not None and status.is_char_device

    def readlink(self, path: str) -> str | None:
        """The raw target if ``path`` is a symbolic link, else None."""
        place = self._place(path)
        if place is None:
            return None
        status = self._lstat(place)
        return self.read_link(place) if status is not None and status.is_link else None

    def realpath(self, path: str) -> str | None:
        """``path`` with every link resolved, None if it does not exist (Go's ``filepath.EvalSymlinks``)."""
        return self._resolve(clean(path), [MAX_LINKS])

    def read_bytes(self, path: str) -> bytes | None:
        """The content of the regular file that ``path`` leads to, None if there is none."""
        real = self.realpath(path)
        if real is None:
            return None
        status = self._lstat(real)
        return self.read_content(real) if status is not None and status.is_file else None

    def listdir(self, path: str) -> list[str]:
        """The sorted names in the directory that ``path`` leads to; empty if there is none."""
        real = self.realpath(path)
        return [] if real is None else self._listdir(real)

    def glob(self, pattern: str) -> list[str]:
        """Paths that match, as Go's ``filepath.Glob``: sorted in each directory, ``*`` stops at ``/`` and takes dots.

        Links are followed in directories, and a match may itself be a dangling link.
        """
        pattern = clean(pattern)
        if not has_magic(pattern):
            return [pattern] if self.lstat(pattern) is not None else []
        directory, _slash, name = pattern.rpartition("/")
        directory = directory or "/"
        directories = self.glob(directory) if has_magic(directory) else [directory]
        found: list[str] = []
        for place in directories:
            base = "" if place == "/" else place
            if not has_magic(name):
                if self.lstat(f"{base}/{name}") is not None:
                    found.append(f"{base}/{name}")
                continue
            names = self.listdir(place)
            prefix = prefix_of(name)
            start = bisect_left(names, prefix) if prefix else 0
            for index in range(start, len(names)):
                candidate = names[index]
                if not candidate.startswith(prefix):
                    break
                if matches(name, candidate):
                    found.append(f"{base}/{candidate}")
        return found

    # -- resolution ---------------------------------------------------------------------------------------------

    def _lstat(self, place: str) -> Status | None:
        try:
            return self._status[place]
        except KeyError:
            found = self._status[place] = self.read_status(place)
            return found

    def _listdir(self, place: str) -> list[str]:
        if place not in self._names:
            names = self.read_names(place)
            self._names[place] = None if names is None else sorted(names)
        return self._names[place] or []

    def _place(self, path: str) -> str | None:
        """``path`` with its directories resolved, but not its last part."""
        directory, _slash, name = clean(path).rpartition("/")
        if not name:
            return "/"
        real = self._resolve(directory or "/", [MAX_LINKS])
        if real is None:
            return None
        return f"/{name}" if real == "/" else f"{real}/{name}"

    def _resolve(self, path: str, links: list[int]) -> str | None:
        """Resolve a clean path; ``links`` holds how many links may still be followed (bounds loops)."""
        try:
            return self._real[path]
        except KeyError:
            pass
        directory, _slash, name = path.rpartition("/")
        parent = self._resolve(directory or "/", links)
        found = None if parent is None else self._enter(parent, name, links)
        if found is not None or links[0] > 0:
            # What failed for want of links may succeed from elsewhere: not remembered.
            self._real[path] = found
        return found

    def _enter(self, parent: str, name: str, links: list[int]) -> str | None:
        place = f"/{name}" if parent == "/" else f"{parent}/{name}"
        status = self._lstat(place)
        if status is None or not status.is_link:
            return None if status is None else place
        if links[0] <= 0:
            return None
        links[0] -= 1
        target = self.read_link(place)
        if not target:
            return None
        current: str | None = "/" if target.startswith("/") else parent
        for part in target.split("/"):
            if current is None:
                return None
            if part == "..":
                current = current.rpartition("/")[0] or "/"
            elif part and part != ".":
                current = self._enter(current, part, links)
        return current
