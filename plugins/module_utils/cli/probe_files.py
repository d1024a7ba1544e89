# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Files with which a probe checks a long-running command. They are in the command's own filesystem, not in a host root."""

from __future__ import annotations

import os
from contextlib import suppress

from ..errors import HostError


def beat(path: str | None) -> None:
    """Write the file *path*, so that its time is now.

    :raises HostError: it can't be written.
    """
    if path is None:
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            os.utime(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise HostError(f"{path}: {error.strerror}") from None


def stop(path: str | None) -> None:
    """Remove the file *path* if it exists."""
    if path is not None:
        with suppress(OSError):
            os.unlink(path)
