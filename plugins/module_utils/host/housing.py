# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The directories that the manifest is in: they appear with it and go with it, each time in one rename."""

from __future__ import annotations

import errno
import os
import stat

from . import lock as locking
from . import manifest as manifests
from .entries import FILE, Entry
from .manifest import Manifest
from .put import Unsynced, create, status_of, sync_directory, unlink
from .root import HostRoot, split

NOT_EMPTY = (errno.ENOTEMPTY, errno.EEXIST)
MANIFEST = split(manifests.PATH)[1]


def manifest_file(content: bytes) -> Entry:
    """The manifest as an entry."""
    return Entry(manifests.PATH, FILE, mode=0o644, content=content)


def missing_directories(root: HostRoot) -> tuple[str, list[str]]:
    """Return the deepest directory on the way to the manifest that exists, and the names missing below it."""
    place = "/"
    for path in manifests.DIRECTORIES:
        if root.directory(path) is None:
            return place, [split(lower)[1] for lower in manifests.DIRECTORIES[manifests.DIRECTORIES.index(path) :]]
        place = path
    return place, []


def make(directory: int, name: str, missing: list[str], manifest: Manifest, unsynced: Unsynced) -> int:
    """Make the directories *missing*, the topmost as *name*, with the manifest and the lock; return the open lock.

    :raises OSError: the filesystem refused; :func:`remove` removes what was made.
    """
    handles: list[int] = []
    try:
        for inner in [name, *missing[1:]]:
            above = handles[-1] if handles else directory
            os.mkdir(inner, 0o755, dir_fd=above)
            handles.append(os.open(inner, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above))
            os.fchmod(handles[-1], 0o755)  # a set-group-id directory hands its bit down
        create(handles[-1], manifest_file(manifest.to_bytes()), MANIFEST, unsynced)
        unsynced.sync()
        lock = locking.make(handles[-1])
        try:
            for handle in reversed(handles):
                sync_directory(handle)
        except BaseException:
            os.close(lock)
            raise
        return lock
    finally:
        for handle in handles:
            os.close(handle)


def hide_and_remove(directory: int, name: str, hidden: str) -> None:
    """Remove the manifest with its directories, the topmost of which is *name*: out of sight in one rename.

    If somebody has put something into them meanwhile, they come back without the manifest.
    """
    try:
        os.rename(name, hidden, src_dir_fd=directory, dst_dir_fd=directory)
    except FileNotFoundError:
        pass  # hidden already, by a first try
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        hidden = name  # on overlayfs a directory of a lower layer can't be renamed
    try:
        remove(directory, hidden)
    except OSError as error:
        if error.errno not in NOT_EMPTY:
            raise
        if hidden != name:
            os.rename(hidden, name, src_dir_fd=directory, dst_dir_fd=directory)
    sync_directory(directory)


def remove(directory: int, name: str) -> None:
    """Remove a chain of directories that end in the manifest's, by the names that are known; other things stay.

    :raises OSError: something else is in them.
    """
    names = [split(path)[1] for path in manifests.DIRECTORIES]
    handles: list[tuple[int, str]] = [(directory, name)]
    opened: list[int] = []
    try:
        while True:
            above, inner = handles[-1]
            try:
                handle = os.open(inner, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
            except FileNotFoundError:
                handles.pop()
                break
            opened.append(handle)
            deeper = next((known for known in names[1:] if _is_directory(handle, known)), None)
            if deeper is None:
                for known in (MANIFEST, locking.NAME):
                    unlink(handle, known)
                break
            handles.append((handle, deeper))
        for above, inner in reversed(handles):
            os.rmdir(inner, dir_fd=above)
    finally:
        for handle in opened:
            os.close(handle)


def _is_directory(directory: int, name: str) -> bool:
    status = status_of(directory, name)
    return status is not None and stat.S_ISDIR(status.st_mode)
