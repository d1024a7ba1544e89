# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The SONAME of a shared library, found as Go's debug/elf finds it: through the section table."""

from __future__ import annotations

from struct import Struct

from ..errors import SpecError

_SHT_DYNAMIC = 6
_DT_NULL = 0
_DT_SONAME = 14
# By class (EI_CLASS): where the header has e_shoff, e_shentsize and e_shnum; where a section header has type, offset,
# size and link; one entry of the dynamic section.
_LAYOUTS = {
    1: (32, "I", 46, (4, 16, 20, 24), "I", "iI"),
    2: (40, "Q", 58, (4, 24, 32, 40), "Q", "qQ"),
}
_ORDERS = {1: "<", 2: ">"}


def soname(data: bytes, name: str) -> str:
    """The DT_SONAME of an ELF file.

    :arg data: content of the file.
    :arg name: the file's name, which is the answer if it says no SONAME of its own.
    :raises SpecError: not an ELF file, or a broken one.
    """
    if data[:4] != b"\x7fELF" or len(data) < 64 or data[4] not in _LAYOUTS or data[5] not in _ORDERS:
        raise SpecError(f"{name}: not an ELF file")
    try:
        return _soname(data) or name
    except Exception as error:
        # struct.error, IndexError, ...: whatever a broken table leads to means the same.
        raise SpecError(f"{name}: broken ELF file ({error})") from None


def _soname(data: bytes) -> str:
    order = _ORDERS[data[5]]
    offset_at, word, sizes_at, (type_at, start_at, size_at, link_at), section_word, entry_format = _LAYOUTS[data[4]]
    (table,) = Struct(order + word).unpack_from(data, offset_at)
    size, count = Struct(order + "HH").unpack_from(data, sizes_at)
    number = Struct(order + "I")
    wide = Struct(order + section_word)

    def section(index: int) -> tuple[bytes, int]:
        at = table + index * size
        (start,) = wide.unpack_from(data, at + start_at)
        (length,) = wide.unpack_from(data, at + size_at)
        (link,) = number.unpack_from(data, at + link_at)
        return data[start : start + length], link

    for index in range(count):
        (kind,) = number.unpack_from(data, table + index * size + type_at)
        if kind != _SHT_DYNAMIC:
            continue
        content, link = section(index)
        strings, _link = section(link)
        for tag, value in Struct(order + entry_format).iter_unpack(content):
            if tag == _DT_NULL:
                break
            if tag == _DT_SONAME:
                return strings[value : strings.index(b"\0", value)].decode("utf-8", "surrogateescape")
        return ""
    return ""
