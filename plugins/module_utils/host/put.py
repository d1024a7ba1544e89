# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Put one entry on a node, change it, or take it away.

What is to appear is made under a temporary name in its own directory, gets its owner and mode, and is renamed to its
place, so that nothing half-made is ever seen there. What to do after an error is the caller's business.
"""

from __future__ import annotations

import errno
import os
import stat

from .entries import CHAR, DIRECTORY, FILE, SYMLINK, Entry
from .plan import CREATE, Change
from .root import HostRoot, join, split

TEMPORARY = ".nvmock.tmp"
"""The one temporary name; one suffices, as the host root is locked. What bears it is ours to remove."""


class MknodRefused(OSError):
    """mknod was refused for want of rights."""


def make(root: HostRoot, change: Change) -> None:
    """Make *change* on the node.

    :raises MknodRefused: the process may not make character devices.
    :raises OSError: the filesystem refused.
    """
    entry = change.after
    if entry is None:
        remove(root, change.path)
        return
    before = change.before
    if entry.kind == DIRECTORY and before is not None and before.kind == DIRECTORY:
        _set_directory_attributes(root, entry)
        return
    if change.action == CREATE and entry.kind == DIRECTORY and root.status(entry.path) is not None:
        _set_directory_attributes(root, entry)  # made a moment ago as the manifest's own
        return
    if before is not None and (before.kind == DIRECTORY or entry.kind == DIRECTORY):
        remove(root, change.path)  # rename replaces neither a directory by a file nor the reverse
    elif before is not None and before.kind == SYMLINK:
        root.forget(change.path)  # it may have led to a directory
    if before is None and entry.kind != FILE and _create_in_place(root, entry):
        return
    put(root, entry)


def take_back(root: HostRoot, change: Change) -> None:
    """Bring back what was there before *change*, of which any part may have been made.

    :raises OSError: the filesystem refused, or what was there is not known.
    """
    before = change.before
    if before is None:
        remove(root, change.path)
        return
    if before.kind == FILE and before.content is None:
        raise OSError(errno.EFBIG, "too large to have been kept")
    found = root.status(change.path)
    if before.kind == DIRECTORY and found is not None and stat.S_ISDIR(found.st_mode):
        _set_directory_attributes(root, before)
        return
    if found is not None and (before.kind == DIRECTORY or stat.S_ISDIR(found.st_mode)):
        remove(root, change.path)
    put(root, before)


def _create_in_place(root: HostRoot, entry: Entry) -> bool:
    """Make a directory, link or device at its place in one call, if it is born with the right owner and mode there.

    That is as atomic as a rename, and half as dear. Return whether it was done.
    """
    parent, name = split(entry.path)
    directory = root.directory(parent)
    if directory is None or entry.uid not in (None, os.geteuid()) or entry.gid not in (None, os.getegid()):
        return False
    if os.fstat(directory).st_mode & stat.S_ISGID:
        return False
    create(directory, entry, name)
    if entry.kind == SYMLINK:
        return True
    status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    if stat.S_IMODE(status.st_mode) == entry.mode:
        return True
    remove(root, entry.path)  # a default ACL gave it another mode
    return False


class NewTree:
    """A directory that is new, with all that goes into it: made under the temporary name and shown in one rename."""

    def __init__(self, parent: int, path: str) -> None:
        self._parent = parent
        self._name = split(path)[1]
        self.inside = path + "/"

    def make(self, root: HostRoot, change: Change) -> None:
        """Make what goes into it: nobody sees it yet, so a file needs no rename of its own."""
        entry = change.after
        if entry is not None and entry.kind == FILE:
            parent, name = split(entry.path)
            directory = root.directory(parent)
            if directory is not None:
                create(directory, entry, name)
                return
        make(root, change)

    def show(self) -> None:
        os.rename(TEMPORARY, self._name, src_dir_fd=self._parent, dst_dir_fd=self._parent)


def new_tree(root: HostRoot, change: Change) -> NewTree | None:
    """Begin a new tree if *change* makes a directory, and that is born with the right owner and mode."""
    entry = change.after
    if entry is None or change.before is not None or entry.kind != DIRECTORY or root.status(entry.path) is not None:
        return None
    parent, _name = split(entry.path)
    directory = root.directory(parent)
    if directory is None:
        return None
    remove_temporary(directory)
    hidden = Entry(join(parent, TEMPORARY), DIRECTORY, entry.mode, entry.uid, entry.gid)
    if not _create_in_place(root, hidden):
        return None
    root.reach_through(entry.path, TEMPORARY)
    return NewTree(directory, entry.path)


def put(root: HostRoot, entry: Entry) -> None:
    """Make *entry* under the temporary name and rename it to its place.

    :raises OSError: the filesystem refused.
    """
    parent, name = split(entry.path)
    directory = root.directory(parent)
    if directory is None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")
    try:
        create(directory, entry)
    except FileExistsError:
        remove_temporary(directory)
        create(directory, entry)
    if entry.kind != FILE:
        _set_attributes(directory, TEMPORARY, entry)  # set-group-id directories and ACLs give others
    os.rename(TEMPORARY, name, src_dir_fd=directory, dst_dir_fd=directory)


def create(directory: int, entry: Entry, name: str = TEMPORARY) -> None:
    """Make *entry* under *name*; a file gets its owner and mode, the others what they are born with.

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
            if given or stat.S_IMODE(status.st_mode) != mode:  # a change of owner takes mode bits away
                os.fchmod(handle, mode)
        finally:
            os.close(handle)
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
        raise OSError(errno.EINVAL, "of a kind that can't be made")


def _set_attributes(directory: int, name: str, entry: Entry) -> None:
    """Give what bears *name* the owner and mode of *entry*, where it has others."""
    status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    uid = -1 if entry.uid in (None, status.st_uid) else entry.uid
    gid = -1 if entry.gid in (None, status.st_gid) else entry.gid
    if (uid, gid) != (-1, -1):
        os.chown(name, uid, gid, dir_fd=directory, follow_symlinks=False)
    if entry.mode is not None and stat.S_IMODE(status.st_mode) != entry.mode:
        _change_mode(directory, name, entry.mode)


def _change_mode(directory: int, name: str, mode: int) -> None:
    """chmod that does not follow a link: through a descriptor that was opened without following."""
    handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        os.chmod(f"/proc/self/fd/{handle}", mode)
    finally:
        os.close(handle)


def _set_directory_attributes(root: HostRoot, entry: Entry) -> None:
    parent, name = split(entry.path)
    directory = root.directory(parent)
    if directory is None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")
    _set_attributes(directory, name, entry)


def remove(root: HostRoot, path: str) -> None:
    """Remove what is at *path*, if something is; a directory must be empty.

    :raises OSError: the filesystem refused.
    """
    parent, name = split(path)
    directory = root.directory(parent)
    if directory is None:
        return
    root.forget(path)
    try:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            os.rmdir(name, dir_fd=directory)
        else:
            os.unlink(name, dir_fd=directory)
    except FileNotFoundError:
        return


def remove_temporary(directory: int) -> None:
    """Remove what bears the temporary name in *directory*, and all that is in it."""
    _remove_tree(directory, TEMPORARY)


def _remove_tree(directory: int, name: str) -> None:
    """Remove *name* and what is in it; only ever called for the temporary name."""
    try:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(status.st_mode):
        os.unlink(name, dir_fd=directory)
        return
    handle = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        for inner in os.listdir(handle):
            _remove_tree(handle, inner)
    finally:
        os.close(handle)
    os.rmdir(name, dir_fd=directory)
