# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The host root: the directory that is a node's ``/``, reached only through directory descriptors.

Every path is walked component by component with O_NOFOLLOW from the descriptor of the root. A symbolic link on the way
is resolved as the node itself would resolve it: absolute targets start at the host root, and ``..`` stops there. So no link
leads out. Below a *strict* path, which only nvmock.gpu writes to, a link is refused.
"""

from __future__ import annotations

import errno
import os
import stat

from ..errors import HostError
from .entries import CHAR, DIRECTORY, FILE, OTHER, SYMLINK, Entry

_NO_NAMES = ("", ".", "..")
_MAX_LINKS = 40
_MAX_CONTENT = 16 * 1024 * 1024
NO_LINKS = ("",)
"""As the strict paths of a host root: every symbolic link in the place of a directory is refused."""
_OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OPEN_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def split(path: str) -> tuple[str, str]:
    """Return (parent, name) of a normalised absolute path."""
    parent, _slash, name = path.rpartition("/")
    return parent or "/", name


def join(parent: str, name: str) -> str:
    """Return the path of *name* in the directory *parent*: the reverse of :func:`split`."""
    return f"{'' if parent == '/' else parent}/{name}"


class HostRoot:
    """An open host root, for use as a context manager."""

    def __init__(
        self, path: str, strict: tuple[str, ...] = (), beside: HostRoot | None = None, most: int = 1 << 30
    ) -> None:
        """Open the directory *path*.

        :arg strict: node paths at and below which symbolic links in the place of directories are refused.
        :arg beside: an open host root: the same directory is opened again, whatever *path* leads to by now.
        :arg most: how many directories may stay open, if nobody else holds their descriptors.
        :raises HostError: it does not exist or can't be opened.
        """
        self.path = path
        self._strict = strict
        self._most = most
        self.answers: dict[str, Entry | None] = {}  # of seen()
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        try:
            self._root: int = os.open(path, flags) if beside is None else os.open(".", flags, dir_fd=beside._root)
        except FileNotFoundError:
            raise HostError(f"host_root: the directory {path} does not exist: create it, or name another") from None
        except OSError as error:
            raise HostError(f"host_root: {path}: {error.strerror}") from None
        # node path -> (descriptor, path with all links resolved)
        self._directories: dict[str, tuple[int, str]] = {"/": (self._root, "/")}

    def __enter__(self) -> HostRoot:
        return self

    def __exit__(self, *_unused: object) -> None:
        self.close()

    def without_links(self, most: int) -> HostRoot:
        """Return this host root, opened again, with every symbolic link refused and at most so many open directories.

        For paths whose links have been resolved: a directory that somebody replaces by a link is not there any more.
        """
        return HostRoot(self.path, NO_LINKS, self, most)

    def close(self) -> None:
        """Close all descriptors."""
        self.drop()
        if self._directories:
            os.close(self._root)
        self._directories = {}

    def be_strict(self, strict: tuple[str, ...]) -> None:
        """Refuse symbolic links in the place of directories at and below these node paths as well from now on."""
        new = tuple([place for place in strict if place not in self._strict])
        if new:
            self._strict += new
            self.drop()

    def drop(self) -> None:
        """Close the descriptors of all directories but the root's own, and forget what was seen."""
        self.answers.clear()
        directories, self._directories = self._directories, {"/": self._directories["/"]} if self._directories else {}
        for descriptor in {item[0] for item in directories.values()} - {self._root}:
            os.close(descriptor)

    def _trim(self) -> None:
        """Close the descriptors of all directories but the root."""
        root = self._directories.pop("/")
        for descriptor, _resolved in self._directories.values():
            os.close(descriptor)
        self._directories = {"/": root}

    def directory(self, path: str, goal: str = "") -> int | None:
        """Return a descriptor of the directory *path* for use as ``dir_fd``; None if it does not exist.

        :arg goal: what is looked for in it, for the message.
        :raises HostError: something that is not a directory is in the way, or a link that is refused.
        """
        found = self._directories.get(path)
        if found is None:
            if len(self._directories) > self._most:
                self._trim()
            found = self._resolve(path, [], goal)
        return None if found is None else found[0]

    def real(self, path: str) -> str | None:
        """Return *path* with all links resolved, None if it is not a directory that exists.

        :raises HostError: as :meth:`directory`.
        """
        found = self._resolve(path, [])
        return None if found is None else found[1]

    def reach(self, path: str, descriptor: int) -> None:
        """Reach the directory *path* by *descriptor*, which is open, and is closed with the others."""
        parent, name = split(path)
        above = self._resolve(parent, [])
        if above is None:
            os.close(descriptor)
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        self._directories[path] = (descriptor, join(above[1], name))

    def _resolve(self, path: str, links: list[str], goal: str = "") -> tuple[int, str] | None:
        goal = goal or path
        known = self._directories.get(path)
        # From the nearest directory that is open downwards: recursion would be as deep as the path.
        names: list[str] = []
        while known is None:
            path, name = split(path)
            if name in _NO_NAMES:  # ".." at the top would leave the root
                raise HostError(f"{join(path, '/'.join([name, *reversed(names)]))!r} is not a normalised absolute path")
            names.append(name)
            known = self._directories.get(path)
        for name in reversed(names):
            path = join(path, name)
            found = self._enter(path, name, known, links, goal)
            if found is None:
                return None
            self._directories[path] = known = found
        return known

    def _enter(
        self, path: str, name: str, above: tuple[int, str], links: list[str], goal: str
    ) -> tuple[int, str] | None:
        """Return the directory *name* in the one that is open, or what a link of that name leads to.

        :arg goal: what is looked for: *path*, or something below it.
        """
        descriptor, resolved_parent = above
        try:
            return os.open(name, _OPEN_DIRECTORY, dir_fd=descriptor), join(resolved_parent, name)
        except FileNotFoundError:
            return None
        except NotADirectoryError:
            return self._follow(path, name, above, links, goal)
        except OSError as error:
            raise HostError(f"{path}: {error.strerror}") from None

    def _follow(
        self, path: str, name: str, above: tuple[int, str], links: list[str], goal: str
    ) -> tuple[int, str] | None:
        """Resolve *path*, which is no directory: a link inside the root, or an error."""
        descriptor, resolved_parent = above
        try:
            target = os.readlink(name, dir_fd=descriptor)
        except OSError:
            what = "something must go into it" if goal == path else f"must be one for {goal}"
            raise HostError(f"{path} is not a directory, but {what}: move it away") from None
        if any(path == strict or path.startswith(strict + "/") for strict in self._strict):
            raise HostError(f"{path} is a symbolic link where a directory of nvmock.gpu must be: remove it")
        links.append(path)
        if len(links) > _MAX_LINKS:
            raise HostError(f"{links[0]}: too many levels of symbolic links")
        current: tuple[int, str] | None = self._directories["/"]
        if not target.startswith("/"):
            current = self._resolve(resolved_parent, links)
        for part in target.split("/"):
            if current is None:
                return None
            if part in ("", "."):
                continue
            place = split(current[1])[0] if part == ".." else join(current[1], part)
            current = self._resolve(place, links)
        return current

    def status(self, path: str) -> os.stat_result | None:
        """Return the lstat of *path*, None if nothing is there."""
        parent, _slash, name = path.rpartition("/")
        if name in _NO_NAMES:
            if path == "/":
                return self.status_of_directory(path)
            raise HostError(f"{path!r} is not a normalised absolute path")
        descriptor = self.directory(parent or "/", path)
        if descriptor is None:
            return None
        try:
            return os.stat(name, dir_fd=descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise HostError(f"{path}: {error.strerror}") from None

    def status_of_directory(self, path: str) -> os.stat_result | None:
        """Return the stat of the directory *path*, links resolved; None if it does not exist."""
        descriptor = self.directory(path)
        try:
            return None if descriptor is None else os.fstat(descriptor)
        except OSError as error:
            raise HostError(f"{path}: {error.strerror}") from None

    def is_directory(self, path: str) -> bool:
        """Whether *path* is a directory or a link to one inside the root."""
        return self.directory(path) is not None

    def names(self, path: str) -> list[str]:
        """Return the sorted names in directory *path*; empty if there is no such directory."""
        descriptor = self.directory(path)
        if descriptor is None:
            return []
        try:
            readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=descriptor)
            try:
                return sorted(os.listdir(readable))
            finally:
                os.close(readable)
        except OSError as error:
            raise HostError(f"{path}: {error.strerror}") from None

    def seen(self, path: str) -> Entry | None:
        """Return what is at *path*, or was when this was asked before: a specification and a plan see one node.

        :raises HostError: as :meth:`observe`.
        """
        if path not in self.answers:
            self.answers[path] = self.observe(path)
        return self.answers[path]

    def observe(self, path: str) -> Entry | None:
        """Return what is at *path*, None if nothing is there.

        :raises HostError: it can't be looked at.
        """
        status = self.status(path)
        if status is None:
            return None
        kind = stat.S_IFMT(status.st_mode)
        entry = Entry(path, OTHER, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)
        if kind == stat.S_IFDIR:
            entry.kind = DIRECTORY
        elif kind == stat.S_IFREG:
            entry.kind = FILE
            if status.st_size <= _MAX_CONTENT:
                entry.content = self.read(path)
        elif kind == stat.S_IFLNK:
            entry.kind = SYMLINK
            entry.mode = None
            entry.target = self.target(path)
        elif kind == stat.S_IFCHR:
            entry.kind = CHAR
            entry.major, entry.minor = os.major(status.st_rdev), os.minor(status.st_rdev)
        return entry

    def target(self, path: str) -> str:
        """Return the target of the symbolic link *path*, as it is written.

        :raises HostError: it can't be read.
        """
        parent, name = split(path)
        descriptor = self.directory(parent)
        try:
            if descriptor is None:
                raise FileNotFoundError(errno.ENOENT, "No such file or directory")
            return os.readlink(name, dir_fd=descriptor)
        except OSError as error:
            raise HostError(f"{path}: {error.strerror}") from None

    def read(self, path: str, most: int | None = None) -> bytes:
        """Return the bytes of the regular file *path*, not following a link in its place.

        :arg most: refuse a file with more bytes.
        :raises HostError: it can't be read.
        """
        parent, name = split(path)
        descriptor = self.directory(parent)
        try:
            if descriptor is None:
                raise FileNotFoundError(errno.ENOENT, "No such file or directory")
            handle = os.open(name, _OPEN_FILE, dir_fd=descriptor)
            try:
                status = os.fstat(handle)
                if not stat.S_ISREG(status.st_mode):
                    raise HostError(f"{path}: is not a regular file")
                pieces: list[bytes] = []
                size = 0
                # A buffer that is larger than the file costs the kernel more than the file does.
                buffer = min(status.st_size or 1 << 16, 1 << 20)
                while True:
                    piece = os.read(handle, buffer)
                    if not piece:
                        return b"".join(pieces)
                    size += len(piece)
                    if size == status.st_size and not pieces:
                        return piece  # files of procfs have no size, and are read to their end
                    pieces.append(piece)
                    if most is not None and size > most:
                        raise HostError(f"{path}: has more than {most} bytes")
            finally:
                os.close(handle)
        except OSError as error:
            raise HostError(f"{path}: {error.strerror}") from None
