# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What follows from the version of a driver: a table by driver branch, the number before the first dot.

Sources: CUDA versions up to 580: the release notes of the CUDA Toolkit, which name the driver that comes with each version; 515,
535, 565 to 580 and 590 to 610: published outputs of nvidia-smi; 615: the CUDA 13.4 additions to NVML in its change log. Build dates: the
first line of /proc/driver/nvidia/version or the kernel log with a driver of the branch, as published (the versions are 470.239.06,
515.65.01, 525.105.17, 535.161.08, 545.23.08, 550.54.15, 560.31.02, 565.77, 570.195.03, 575.64.03, 580.65.06, 590.48.01, 595.80).
One date stands for all versions of a branch.
"""

from __future__ import annotations

# Branch, highest CUDA version, build date ("" if it is not published).
_BRANCHES: tuple[tuple[int, tuple[int, int], str], ...] = (
    (470, (11, 4), "Sat Feb  3 06:03:07 UTC 2024"),
    (495, (11, 5), ""),
    (510, (11, 6), ""),
    (515, (11, 7), "Wed Jul 20 14:00:58 UTC 2022"),
    (520, (11, 8), ""),
    (525, (12, 0), "Tue Mar 28 18:02:59 UTC 2023"),
    (530, (12, 1), ""),
    (535, (12, 2), "Tue Mar  5 22:42:15 UTC 2024"),
    (545, (12, 3), "Mon Nov  6 23:49:37 UTC 2023"),
    (550, (12, 4), "Tue Mar  5 22:23:56 UTC 2024"),
    (555, (12, 5), ""),
    (560, (12, 6), "Tue Jul 30 21:02:43 UTC 2024"),
    (565, (12, 7), "Wed Nov 27 23:33:08 UTC 2024"),
    (570, (12, 8), "Sat Sep 20 00:47:16 UTC 2025"),
    (575, (12, 9), "Mon Jun 16 08:03:23 UTC 2025"),
    (580, (13, 0), "Sun Jul 27 06:54:38 UTC 2025"),
    (590, (13, 1), "Mon Nov 24 04:14:44 UTC 2025"),
    (595, (13, 2), "Thu May 21 19:21:58 UTC 2026"),
    (610, (13, 3), ""),
    (615, (13, 4), ""),
)


def cuda_version(driver_version: str) -> tuple[int, int]:
    """Return the highest CUDA version that a driver supports, of the nearest branch if its own is unknown."""
    return _nearest(branch_of(driver_version))[1]


def build_date(driver_version: str) -> str:
    """Return the build date in the banner of a driver, of the nearest branch with a published one."""
    return _nearest(branch_of(driver_version), dated=True)[2]


def nearest_branch(driver_version: str) -> int | None:
    """Return the branch that stands for the driver's own; None if that one is known."""
    branch = branch_of(driver_version)
    found = _nearest(branch)[0]
    return None if found == branch else found


def branch_of(driver_version: str) -> int:
    """``550`` of ``550.54.15``."""
    return int(driver_version.partition(".")[0])


def _nearest(branch: int, dated: bool = False) -> tuple[int, tuple[int, int], str]:
    """The row of the branch. If there is none, that of the nearest branch, and of two the older one."""
    rows = [row for row in _BRANCHES if row[2] or not dated]
    return min(rows, key=lambda row: abs(row[0] - branch))
