# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Reading ``/etc/ld.so.cache``: where the dynamic linker of a driver root finds its 64-bit libraries.

Format: glibc's dl-cache.h (``ld.so-1.7.0`` old style, may be followed by ``glibc-ld.so.cache1.1``).
"""

from __future__ import annotations

from struct import Struct
from struct import error as StructError

_OLD_MAGIC = b"ld.so-1.7.0\0"
_NEW_MAGIC = b"glibc-ld.so.cache1.1"
_OLD_ENTRY = 12
_NEW_HEADER = 48
_NEW_ENTRY = Struct("<iIIIQ")
_ELF = 0x0001
# The architectures that the tool treats as 64 bits: x86-64 and PPC64 (it skips aarch64, 0x0a00).
_LIB_64 = (0x0300, 0x0500)


def libraries(data: bytes) -> list[tuple[str, str]]:
    """Return the 64-bit entries as (name, path), in the file's order; empty if the file can't be parsed."""
    start = 0
    if data.startswith(_OLD_MAGIC):
        try:
            (count,) = Struct("<I").unpack_from(data, len(_OLD_MAGIC))
        except StructError:
            return []
        end = len(_OLD_MAGIC) + 4 + count * _OLD_ENTRY
        start = (end + 7) & ~7
    if data[start : start + len(_NEW_MAGIC)] != _NEW_MAGIC:
        return []
    try:
        return _entries(data, start)
    except (StructError, ValueError):
        return []


def _entries(data: bytes, start: int) -> list[tuple[str, str]]:
    (count,) = Struct("<I").unpack_from(data, start + len(_NEW_MAGIC))
    found = []
    for index in range(min(count, len(data) // _NEW_ENTRY.size)):
        flags, key, value, _os_version, _hwcap = _NEW_ENTRY.unpack_from(
            data, start + _NEW_HEADER + index * _NEW_ENTRY.size
        )
        if flags & _ELF and flags & 0xFF00 in _LIB_64:
            found.append((_text(data, start + key), _text(data, start + value)))
    return found


def _text(data: bytes, at: int) -> str:
    return data[at : data.index(b"\0", at)].decode("utf-8", "surrogateescape")
