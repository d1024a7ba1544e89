# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The hidden names in the directories of a node: of what is staged or put aside during a run, and of what was taken over.

No program takes such a thing for its own: the names match none of ``*.so.*`` (ldconfig), ``*.conf`` (tmpfiles.d), ``*.yaml``,
``*.json`` (CDI libraries) and ``nvidia*`` (nvidia-ctk).
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

STAGED = ".nvmock.tmp-"
KEPT = ".nvmock.kept-"
OLD = ".nvmock.tmp"
"""The only hidden name of versions before 1.1. Its content is removed after such a version was killed, and never otherwise."""

_HEX = frozenset("0123456789abcdef")


def staged_prefix() -> str:
    """Return what the names of one run begin with. No other run has the same, so it meets no other file."""
    return f"{STAGED}{os.urandom(4).hex()}-"


def is_staged_prefix(text: str) -> bool:
    """Whether *text* is such a beginning."""
    return _is_name(text[:-1], STAGED) and text.endswith("-")


def kept_name(name: str, is_taken: Callable[[str], bool]) -> str:
    """Return the name for what is taken over in the place of *name*.

    :arg is_taken: whether a name in the same directory exists.
    """
    from zlib import crc32

    number = crc32(os.fsencode(name))
    while is_taken(f"{KEPT}{number:08x}"):
        number = (number + 1) % (1 << 32)
    return f"{KEPT}{number:08x}"


def is_kept_name(text: str) -> bool:
    """Whether *text* is a name that :func:`kept_name` gives."""
    return _is_name(text, KEPT)


def _is_name(text: str, prefix: str) -> bool:
    return text.startswith(prefix) and len(text) == len(prefix) + 8 and _HEX.issuperset(text[len(prefix) :])
