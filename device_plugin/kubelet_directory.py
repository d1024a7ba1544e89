# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The kubelet's directories, as this process sees them."""

from __future__ import annotations

import os

from nvmock_gpu.errors import NvmockError


class DirectoryError(NvmockError):
    """The kubelet's directory can't be used."""


def must_be_writable(directory: str, flag: str) -> None:
    """Check a directory before anything is done.

    :arg flag: the option that names it.
    :raises DirectoryError: it does not exist, or can't be written.
    """
    if not os.path.isdir(directory):
        name = directory.rstrip("/").rpartition("/")[2]
        raise DirectoryError(f"{directory} does not exist: mount the kubelet's {name} directory there, or set {flag}")
    if not os.access(directory, os.W_OK | os.X_OK):
        raise DirectoryError(f"{directory} is not writable: run as root, with the directory mounted writable")
