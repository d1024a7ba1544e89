# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The kernel's log: lines are written to /dev/kmsg. They can't be taken back."""

from __future__ import annotations

import os
import stat

from ..errors import HostError
from .root import HostRoot

PATH = "/dev/kmsg"
NUMBERS = (1, 11)
"""Documentation/admin-guide/devices.txt"""
_ERROR = 3  # KERN_ERR


class KernelLog:
    """The log of the kernel that a node runs on, open for writing.

    :arg root: an open host root.
    :raises HostError: it can't be written there.
    """

    def __init__(self, root: HostRoot) -> None:
        directory = root.directory("/dev")
        try:
            if directory is None:
                raise FileNotFoundError(2, "No such file or directory")
            flags = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            self._descriptor = os.open("kmsg", flags, dir_fd=directory)
        except OSError as error:
            raise HostError(
                f"{PATH}: the kernel log can't be written: {error.strerror}: leave kernel_log out"
            ) from None
        status = os.fstat(self._descriptor)
        if not stat.S_ISCHR(status.st_mode) or (os.major(status.st_rdev), os.minor(status.st_rdev)) != NUMBERS:
            self.close()
            raise HostError(f"{PATH}: is not the kernel log: leave kernel_log out")

    def __enter__(self) -> KernelLog:
        return self

    def __exit__(self, *_unused: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it."""
        os.close(self._descriptor)

    def write(self, line: str) -> None:
        """Write one line.

        :raises HostError: the kernel refused it.
        """
        try:
            os.write(self._descriptor, f"<{_ERROR}>{line}\n".encode("ascii"))
        except OSError as error:
            raise HostError(f"{PATH}: the kernel log can't be written: {error.strerror}") from None
