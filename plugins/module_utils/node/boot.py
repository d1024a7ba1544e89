# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Which boot of the kernel this is: a state belongs to one."""

from __future__ import annotations

_PATH = "/proc/sys/kernel/random/boot_id"


def boot_number() -> int:
    """Return a number of this boot of the kernel, 0 if it is unknown."""
    try:
        with open(_PATH, "rb") as handle:
            return int(handle.read().strip().replace(b"-", b"")[:16], 16)
    except (OSError, ValueError):
        return 0
