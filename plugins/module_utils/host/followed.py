# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A file that others change in place (in_place.py), kept open by a process that follows it.

The process holds an open file description lock on the first byte. By it others know that somebody follows the file. It ends with the
process.
"""

from __future__ import annotations

import os
import struct

from .root import HostRoot, split

_SET_OFD_LOCK = 37  # F_OFD_SETLK; fcntl has it from Python 3.9 on
_LOCK = struct.Struct("hhqqi4x")  # struct flock
_READ_LOCK, _WRITE_LOCK, _NO_LOCK = 0, 1, 2  # F_RDLCK, F_WRLCK, F_UNLCK
_GET_OFD_LOCK = 36  # F_OFD_GETLK


class FollowedFile:
    """The file at a path of a node, while it is the same one.

    :arg root: an open host root.
    :raises OSError: it can't be opened.
    """

    def __init__(self, root: HostRoot, path: str) -> None:
        directory, name = split(path)
        parent = root.directory(directory)
        if parent is None:
            raise FileNotFoundError(path)
        self._handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
        status = os.fstat(self._handle)
        self.identity = (status.st_dev, status.st_ino)

    def lock(self) -> None:
        """Show that this process follows the file."""
        from contextlib import suppress
        from fcntl import fcntl

        with suppress(OSError):  # a file system without these locks: nvidia-smi says that nobody follows
            fcntl(self._handle, _SET_OFD_LOCK, _LOCK.pack(_READ_LOCK, os.SEEK_SET, 0, 1, 0))

    def is_followed(self) -> bool:
        """Whether another process follows the file."""
        from fcntl import fcntl

        try:
            found = fcntl(self._handle, _GET_OFD_LOCK, _LOCK.pack(_WRITE_LOCK, os.SEEK_SET, 0, 1, 0))
        except OSError:  # a file system without these locks
            return False
        return bool(_LOCK.unpack(found)[0] != _NO_LOCK)

    def read(self, offset: int, size: int) -> bytes:
        """Return bytes as they are now."""
        return os.pread(self._handle, size, offset)

    def close(self) -> None:
        """Stop following."""
        os.close(self._handle)
