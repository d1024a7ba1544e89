# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Make one thing in a directory, give it its owner and mode, and remove what bears a hidden name.

Everything is made under a hidden name beside its place and renamed to its place, so that nobody sees it half made.
"""

from __future__ import annotations

import errno
import os
import stat

from .entries import CHAR, DIRECTORY, FILE, SYMLINK, Entry
from .hidden import STAGED, staged_prefix
from .root import HostRoot, split

_OPEN = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class MknodRefused(OSError):
    """mknod was refused because the process lacks the right."""


class Unsynced:
    """Files that are written but may not be on the disk yet.

    Each one is handed to the disk as soon as it is written, without a wait. The wait comes when all are written, which is
    where the disk can take them together.
    """

    _MOST = 100  # far below the usual limit of open files

    def __init__(self) -> None:
        self._files: list[int] = []

    def add(self, handle: int) -> None:
        """Take over the open file *handle*."""
        self._files.append(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        if len(self._files) >= self._MOST:
            self.sync()

    def sync(self) -> None:
        """Wait until all files are on the disk.

        :raises OSError: the disk refused one.
        """
        while self._files:
            handle = self._files.pop()
            try:
                sync(handle)
            finally:
                os.close(handle)

    def close(self) -> None:
        """Close all files without a wait."""
        while self._files:
            os.close(self._files.pop())


def sync(handle: int) -> None:
    """fsync(2), where the filesystem has it.

    :raises OSError: the disk refused.
    """
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EROFS):
            raise


def sync_directory(directory: int) -> None:
    """fsync(2) of a directory, given any descriptor of it; one that this user can't read is left out.

    :raises OSError: the disk refused.
    """
    try:
        handle = os.open(".", os.O_RDONLY | _OPEN, dir_fd=directory)
    except OSError:
        return
    try:
        sync(handle)
    finally:
        os.close(handle)


def put(root: HostRoot, entry: Entry) -> None:
    """Make *entry* beside its place and rename it to its place.

    :raises OSError: the filesystem refused; nothing was changed.
    """
    parent, name = split(entry.path)
    directory = root.directory(parent)
    if directory is None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")
    hidden = staged_prefix() + "0"
    unsynced = Unsynced()
    try:
        create(directory, entry, hidden, unsynced)
        fit(directory, hidden, entry)
        unsynced.sync()
        os.rename(hidden, name, src_dir_fd=directory, dst_dir_fd=directory)
    except BaseException:
        unsynced.close()
        remove_tree(directory, hidden)
        raise
    sync_directory(directory)


def create(directory: int, entry: Entry, name: str, unsynced: Unsynced) -> None:
    """Make *entry* as *name*. A file gets its owner and mode; for others see :func:`fit`.

    :raises MknodRefused: the process may not make character devices.
    :raises OSError: the filesystem refused.
    """
    if entry.kind == FILE:
        mode = entry.mode or 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(name, flags, mode & 0o777, dir_fd=directory)
        try:
            rest = memoryview(entry.content or b"")
            while rest:
                rest = rest[os.write(handle, rest) :]
            status = os.fstat(handle)
            given = (entry.uid, entry.gid) not in ((None, None), (status.st_uid, status.st_gid))
            if given:
                os.fchown(handle, -1 if entry.uid is None else entry.uid, -1 if entry.gid is None else entry.gid)
            if given or stat.S_IMODE(status.st_mode) != mode:  # a change of owner clears mode bits
                os.fchmod(handle, mode)
        except BaseException:
            os.close(handle)
            raise
        unsynced.add(handle)
    elif entry.kind == DIRECTORY:
        os.mkdir(name, entry.mode or 0, dir_fd=directory)
    elif entry.kind == SYMLINK:
        os.symlink(entry.target or "", name, dir_fd=directory)
    elif entry.kind == CHAR:
        try:
            device = os.makedev(entry.major or 0, entry.minor or 0)
            os.mknod(name, stat.S_IFCHR | (entry.mode or 0), device, dir_fd=directory)
        except PermissionError as error:
            raise MknodRefused(error.errno, error.strerror) from None
    else:
        raise OSError(errno.EINVAL, "nvmock.gpu does not make things of this kind")


def fit(directory: int, name: str, entry: Entry) -> None:
    """Give *name* the owner and mode of *entry*, where they differ: set-group-id directories and default ACLs give others.

    :raises OSError: the filesystem refused.
    """
    status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    uid = -1 if entry.uid in (None, status.st_uid) else entry.uid
    gid = -1 if entry.gid in (None, status.st_gid) else entry.gid
    if (uid, gid) != (-1, -1):
        os.chown(name, uid, gid, dir_fd=directory, follow_symlinks=False)
    if entry.mode is not None and entry.kind != SYMLINK and stat.S_IMODE(status.st_mode) != entry.mode:
        _change_mode(directory, name, entry.mode)


def _change_mode(directory: int, name: str, mode: int) -> None:
    """chmod that does not follow a link: through a descriptor that was opened without following."""
    handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        os.chmod(f"/proc/self/fd/{handle}", mode)
    finally:
        os.close(handle)


def open_directory(directory: int, name: str) -> int:
    """Open the directory *name*, for fsync as well if this user can read it."""
    try:
        return os.open(name, os.O_RDONLY | _OPEN, dir_fd=directory)
    except PermissionError:
        return os.open(name, os.O_PATH | _OPEN, dir_fd=directory)


def status_of(directory: int, name: str) -> os.stat_result | None:
    """Return the lstat of *name*, None if nothing has that name."""
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None


def unlink(directory: int, name: str) -> bool:
    """Remove the file *name*; return whether there was one.

    :raises OSError: the filesystem refused.
    """
    try:
        os.unlink(name, dir_fd=directory)
    except FileNotFoundError:
        return False
    except OSError:
        if status_of(directory, name) is None:  # a read-only filesystem refuses that as well
            return False
        raise
    return True


def remove_tree(directory: int, name: str) -> None:
    """Remove *name* and what is in it, however deep; for hidden names only.

    :raises OSError: the filesystem refused.
    """
    status = status_of(directory, name)
    if status is None:
        return
    if not stat.S_ISDIR(status.st_mode):
        os.unlink(name, dir_fd=directory)
        return
    top = os.open(name, os.O_RDONLY | _OPEN, dir_fd=directory)
    try:
        count = 0
        waiting = _remove_files(top)
        while waiting:
            inner = waiting.pop()
            handle = os.open(inner, os.O_RDONLY | _OPEN, dir_fd=top)
            try:
                # A directory in it comes up to the top: that needs neither recursion nor a descriptor for each level.
                for deeper in _remove_files(handle):
                    try:
                        os.rmdir(deeper, dir_fd=handle)
                        continue
                    except OSError as error:
                        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                            raise
                    while status_of(top, f"{STAGED}{count}") is not None:
                        count += 1
                    os.rename(deeper, f"{STAGED}{count}", src_dir_fd=handle, dst_dir_fd=top)
                    waiting.append(f"{STAGED}{count}")
            finally:
                os.close(handle)
            os.rmdir(inner, dir_fd=top)
    finally:
        os.close(top)
    os.rmdir(name, dir_fd=directory)


def _remove_files(directory: int) -> list[str]:
    """Remove all but the directories in a directory; return the names of those, sorted."""
    directories = []
    for name in sorted(os.listdir(directory)):
        status = status_of(directory, name)
        if status is not None and stat.S_ISDIR(status.st_mode):
            directories.append(name)
        elif status is not None:
            os.unlink(name, dir_fd=directory)
    return directories


def remove_hidden(directory: int, prefix: str) -> None:
    """Remove what a killed run left in *directory*: all whose names begin with *prefix*.

    :raises OSError: the filesystem refused.
    """
    for name in names_with(directory, prefix):
        remove_tree(directory, name)


def names_with(directory: int, prefix: str) -> list[str]:
    """Return the names in *directory* that begin with *prefix*, sorted."""
    handle = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=directory)
    try:
        return sorted(name for name in os.listdir(handle) if name.startswith(prefix))
    finally:
        os.close(handle)
