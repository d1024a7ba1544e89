# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A read-only view of a node's filesystem below a host root.

All paths, both arguments and results, are absolute paths as the node sees them. Symbolic links are resolved as the node
would resolve them after ``chroot(root)``: an absolute link starts at the root, ``..`` stops there, and no link leaves it.
So a specification can be made from a pod (``/host``), in a test's directory, or on the node.

A view resolves links by name, and then reads the result through directory descriptors that refuse every link
(:meth:`.root.HostRoot.without_links`). A directory that another process replaces by a link in between is missing; it is
never followed.

The methods ``read_status``, ``read_link``, ``read_names`` and ``read_content`` read the filesystem. Their arguments are
*places*: paths without links in their directories. A subclass that answers some of them from a plan shows the node as it
will be (:mod:`.overlay`). Answers are cached: make a new view after a change.
"""

from __future__ import annotations

import os
import stat as modes

from ..errors import HostError
from ..values import Value
from .glob import has_magic, select
from .root import NO_LINKS, HostRoot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self

# Go's filepath.EvalSymlinks has this limit; the kernel stops after 40.
MAX_LINKS = 255
# Longest path that the kernel accepts (PATH_MAX, without the NUL).
MAX_PATH = 4095
# Files that are read completely (ld.so.cache, an ELF library, mig-minors) are smaller.
MAX_CONTENT = 64 * 1024 * 1024
# How many directories stay open. A process may open 1024 files by default.
MAX_OPEN = 400


class Status(Value):
    """The result of ``lstat``.

    :arg mode: ``st_mode``: type and permissions.
    :arg uid: owner.
    :arg gid: group.
    :arg major: device number; 0 if it is not a device.
    :arg minor: device number; 0 if it is not a device.
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
    """Return *path* as an absolute path without ``.``, ``..``, and superfluous slashes (Go's ``filepath.Clean``)."""
    if path[:1] == "/" and "//" not in path and (path[-1] != "/" or path == "/"):
        if "/." not in path:
            return path
        ended = path + "/"
        if "/./" not in ended and "/../" not in ended:
            return path
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part and part != ".":
            parts.append(part)
    return "/" + "/".join(parts)


def _opened(root: str | HostRoot) -> HostRoot:
    if isinstance(root, HostRoot):
        return root.without_links(MAX_OPEN)
    return HostRoot(root, NO_LINKS, most=MAX_OPEN)


class HostView:
    """A node's filesystem below a host root, for reading only.

    :arg root: the directory that is the node's ``/``, or an open host root, of which the view uses the same directory.
    :raises HostError: the directory does not exist or can't be opened.
    """

    def __init__(self, root: str | HostRoot = "/") -> None:
        self._disk = _opened(root)
        self.root = self._disk.path
        self._status: dict[str, Status | None] = {"/": Status(modes.S_IFDIR | 0o755)}
        self._names: dict[str, list[str] | None] = {}
        # What paths lead to. One that is not clean leads to the same as the clean one.
        self._real: dict[str, str | None] = {"/": "/"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_unused: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_disk"):
            self._disk.close()

    def close(self) -> None:
        """Close all descriptors; answers that are cached stay available."""
        self._disk.close()

    # -- reading: places only -----------------------------------------------------------------------------------

    def read_status(self, place: str) -> Status | None:
        """Return the result of ``lstat``; None if nothing is there or permission is denied."""
        try:
            found = self._disk.status(place)
        except (HostError, ValueError):  # ValueError: a path that no file can have
            return None
        if found is None:
            return None
        device = found.st_rdev
        if not device:
            return Status(found.st_mode, found.st_uid, found.st_gid)
        return Status(found.st_mode, found.st_uid, found.st_gid, os.major(device), os.minor(device))

    def read_link(self, place: str) -> str | None:
        """Return the target of a symbolic link as it is written; None if it can't be read."""
        try:
            return self._disk.target(place)
        except (HostError, ValueError):
            return None

    def read_names(self, place: str) -> list[str] | None:
        """Return the names in a directory in any order; None if it can't be read."""
        try:
            return self._disk.names(place)
        except (HostError, ValueError):
            return None

    def read_content(self, place: str) -> bytes | None:
        """Return the content of a regular file; None if it can't be read or is too large."""
        try:
            return self._disk.read(place, MAX_CONTENT)
        except (HostError, ValueError):
            return None

    # -- questions ----------------------------------------------------------------------------------------------

    def lstat(self, path: str) -> Status | None:
        """Return the status of *path* itself (a link is not followed); None if it does not exist."""
        place = self._place(path)
        return None if place is None else self._lstat(place)

    def stat(self, path: str) -> Status | None:
        """Return the status of what *path* leads to, links followed; None if that does not exist."""
        real = self.realpath(path)
        return None if real is None else self._lstat(real)

    def exists(self, path: str) -> bool:
        """Return whether *path* leads to something."""
        return self.stat(path) is not None

    def is_char_device(self, path: str) -> bool:
        """Return whether *path* itself is a character device (not a link to one)."""
        status = self.lstat(path)
        return status is not None and status.is_char_device

    def is_executable(self, path: str) -> bool:
        """Return whether *path* leads to a regular file with execute permission for anyone."""
        status = self.stat(path)
        return status is not None and status.is_file and status.mode & 0o111 != 0

    def readlink(self, path: str) -> str | None:
        """Return the target of *path* as it is written; None if it is not a symbolic link."""
        place = self._place(path)
        if place is None:
            return None
        status = self._lstat(place)
        return self.read_link(place) if status is not None and status.is_link else None

    def realpath(self, path: str) -> str | None:
        """Return *path* with every link resolved; None if it does not exist (Go's ``filepath.EvalSymlinks``)."""
        known = self._real
        if path in known:
            return known[path]
        place = self._place(path)
        status = None if place is None else self._lstat(place)
        if len(path) > MAX_PATH or (status is not None and status.is_link):
            return self._resolve(clean(path), [MAX_LINKS])
        known[path] = real = None if status is None else place
        return real

    def read_bytes(self, path: str) -> bytes | None:
        """Return the content of the regular file that *path* leads to; None if there is none."""
        real = self.realpath(path)
        if real is None:
            return None
        status = self._lstat(real)
        return self.read_content(real) if status is not None and status.is_file else None

    def identity(self, path: str) -> tuple[str, int, int, int, int] | None:
        """Return what changes if the file that *path* leads to is replaced or written; None if it does not exist.

        :returns: its path without links, inode, size, and times of change of content and status in ns.
        """
        real = self.realpath(path)
        try:
            status = None if real is None else self._disk.status(real)
        except (HostError, ValueError):
            return None
        if real is None or status is None:
            return None
        return real, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns

    def listdir(self, path: str) -> list[str]:
        """Return the sorted names in the directory that *path* leads to; an empty list if there is none."""
        real = self.realpath(path)
        return [] if real is None else self._listdir(real)

    def glob(self, pattern: str) -> list[str]:
        """Return the paths that match *pattern*, in the order of Go's ``filepath.Glob``: sorted in each directory.

        ``*`` matches no ``/``, but names that begin with a dot. Links to directories are followed. A match may be a
        link that leads nowhere.
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
            found += [f"{base}/{candidate}" for candidate in select(name, self.listdir(place))]
        return found

    # -- resolution ---------------------------------------------------------------------------------------------

    def _lstat(self, place: str) -> Status | None:
        if place not in self._status:
            self._status[place] = self.read_status(place)
        return self._status[place]

    def _listdir(self, place: str) -> list[str]:
        if place not in self._names:
            names = self.read_names(place)
            self._names[place] = None if names is None else sorted(names)
        return self._names[place] or []

    def _place(self, path: str) -> str | None:
        """Return *path* with the links in its directories resolved; None if one of these does not exist."""
        directory, _slash, name = path.rpartition("/")
        known = self._real
        if directory in known and name not in ("", ".", ".."):
            real = known[directory]
        else:
            directory, _slash, name = clean(path).rpartition("/")
            if not name:
                return "/"
            real = self._resolve(directory or "/", [MAX_LINKS])
        if real is None:
            return None
        return f"/{name}" if real == "/" else f"{real}/{name}"

    def _resolve(self, path: str, links: list[int]) -> str | None:
        """Resolve a clean path.

        :arg links: one number, how many more links may be followed (which ends loops).
        """
        known = self._real
        if path in known:
            return known[path]
        if len(path) > MAX_PATH:
            return None
        # From the longest known beginning downwards: recursion would be as deep as the path.
        ends: list[int] = []
        end = len(path)
        while end > 0 and path[:end] not in known:
            ends.append(end)
            end = path.rfind("/", 0, end)
        current = known[path[:end] or "/"]
        for stop in reversed(ends):
            if current is not None:
                current = self._enter(current, path[end + 1 : stop], links)
            if current is None and links[0] <= 0:
                return None  # too many links from here; from elsewhere it may succeed
            known[path[:stop]] = current
            end = stop
        return current

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
