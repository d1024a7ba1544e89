# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Change a file in place, under a lock of its own, because others have it mounted: it keeps its inode.

The lock is flock(2) on the file. A run may replace the file, so whoever gets the lock looks whether the path still leads to the
file that is locked.
"""

from __future__ import annotations

import os
import stat
import time

from ..errors import HostError
from .root import HostRoot, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_WAIT = 60.0
"""Seconds after which a writer gives up."""
_NAP = 0.001


def change_in_place(root: HostRoot, path: str, change: Callable[[bytes], list[tuple[int, bytes]]]) -> None:
    """Read the file, and write what *change* makes of its bytes, in order: (offset, bytes).

    Each is one pwrite(2). A process that is killed in between has written some of them.

    :raises HostError: there is no such file, it can't be written, or somebody holds the lock for too long.
    """
    from fcntl import LOCK_EX, LOCK_NB, flock

    parent, name = split(path)
    deadline = time.monotonic() + LONGEST_WAIT
    while True:
        directory = root.directory(parent)
        if directory is None:
            raise HostError(f"{path}: does not exist")
        try:
            handle = os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
        except OSError as error:
            raise HostError(f"{path}: {error.strerror}") from None
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise HostError(f"{path}: is not a regular file")
            while True:
                try:
                    flock(handle, LOCK_EX | LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise HostError(f"{path}: another process has held the lock for {LONGEST_WAIT:.0f} s") from None
                    time.sleep(_NAP)
            here = os.stat(name, dir_fd=directory, follow_symlinks=False)
            if (here.st_dev, here.st_ino) != (status.st_dev, status.st_ino):
                root.drop()
                continue
            data = os.pread(handle, status.st_size + 1, 0)
            for offset, written in change(data):
                if os.pwrite(handle, written, offset) != len(written):
                    raise HostError(f"{path}: could not be written whole")
            return
        except OSError as error:
            raise HostError(f"{path}: {error.strerror}") from None
        finally:
            os.close(handle)
