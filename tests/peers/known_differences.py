# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Where our nvidia-cdi-hook leaves a container other than NVIDIA's: exactly what either leaves.

A difference that is gone fails the test as a new one does. docs/native.md tells users of those that are meant.
"""

from __future__ import annotations

import platform
import stat
from typing import NamedTuple, Optional

# The images that are not Debian's, and what NVIDIA's hook takes for the search path of their ldconfig.
NOT_DEBIAN = ("empty", "fedora", "alpine")
SYSTEM = ["/lib", "/usr/lib", "/lib64", "/usr/lib64"]
if platform.machine() == "x86_64":
    SYSTEM += ["/libx32", "/usr/libx32"]


class Difference(NamedTuple):
    """Of one path after one hook, in the containers of these images: [type, mode, content], None where it is not there."""

    hook: str
    images: tuple
    path: str
    theirs: Optional[list]
    ours: Optional[list]
    why: str


def _file(*lines):
    return [stat.S_IFREG, 0o644, "".join(f"{line}\n" for line in lines)]


KNOWN = [
    Difference(
        "update-ldcache", NOT_DEBIAN, "etc/ld.so.conf.d/00-nvcr-*.conf", _file("/lib64/vdpau"), _file("/lib64", "/lib64/vdpau"),
        "ours lists the folders that ldconfig searches anyway, too",
    ),
    Difference(
        "update-ldcache", ("alpine",), f"etc/ld-musl-{platform.machine()}.path",
        _file("/lib64/vdpau", *SYSTEM), _file("/lib64", "/lib64/vdpau", "/lib", "/usr/local/lib", "/usr/lib"),
        "ours adds to musl's own default, which has /usr/local/lib",
    ),
]  # fmt: skip


def known(image, hooks):
    """The differences after these hooks, by path."""
    return {one.path: (one.theirs, one.ours) for one in KNOWN if one.hook in hooks and image in one.images}
