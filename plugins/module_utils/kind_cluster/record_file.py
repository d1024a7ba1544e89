# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Writes the record of a cluster (cluster.json), which only its owner can read."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from typing import Any

from ..errors import NvmockError


def text_of(record: Mapping[str, Any]) -> str:
    """The content of the file."""
    return json.dumps(record, indent=4, sort_keys=True) + "\n"


def present(path: str) -> tuple[str, bool]:
    """The content of the file, empty if there is none, and whether it has the mode that `write` gives it."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(), os.fstat(file.fileno()).st_mode & 0o777 == 0o600
    except OSError:
        return "", False


def write(path: str, text: str) -> None:
    """Write the file, and its directory if it is missing. A reader finds the old content or the new one.

    :raises NvmockError: the file can't be written.
    """
    directory = os.path.dirname(path)
    try:
        os.makedirs(directory, mode=0o700, exist_ok=True)
        handle, new = tempfile.mkstemp(dir=directory)
        try:
            with open(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(new, path)
        except OSError:
            os.unlink(new)
            raise
    except OSError as error:
        raise NvmockError(f"kind_cluster: the record {path} can't be written: {error.strerror}") from None
