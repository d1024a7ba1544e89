# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The SONAME of a shared library, found as Go's debug/elf finds it: through the section table."""

from __future__ import annotations

from struct import Struct

from ..errors import SpecError

_SHT_DYNAMIC = 6
_DT_NULL = 0
_DT_SONAME = 14
# By class (EI_CLASS): an address or size, and an entry of the dynamic section.
_SIZES = {1: ("I", "iI"), 2: ("Q", "qQ")}
_ORDERS = {1: "<", 2: ">"}  # by EI_DATA


class _Form:
    """The tables of one class and byte order.

    :ivar table: where the header has e_shoff, with its form.
    :ivar sizes: the same of e_shentsize and e_shnum.
    :ivar section: sh_type, sh_offset, sh_size and sh_link of a section header.
    :ivar dynamic: an entry of the dynamic section.
    """

    def __init__(self, size: int, order: str) -> None:
        word, entry = _SIZES[size]
        self.table = Struct(order + word), 32 if size == 1 else 40
        self.sizes = Struct(order + "HH"), 46 if size == 1 else 58
        self.section = Struct(f"{order}4xI{'8x' if size == 1 else '16x'}{word}{word}I")
        self.dynamic = Struct(order + entry)


_forms: dict[bytes, _Form] = {}


def soname(data: bytes, name: str) -> str:
    """Return the DT_SONAME of an ELF file.

    :arg data: content of the file.
    :arg name: the file's name, which is returned if the file has no SONAME.
    :raises SpecError: not an ELF file, or a broken one.
    """
    head = data[4:6]
    if data[:4] != b"\x7fELF" or len(data) < 64 or head[0] not in _SIZES or head[1] not in _ORDERS:
        raise SpecError(f"{name}: not an ELF file")
    form = _forms.get(head)
    if form is None:
        form = _forms[head] = _Form(head[0], _ORDERS[head[1]])
    try:
        return _soname(data, form) or name
    except Exception as error:
        # struct.error, IndexError, ...: a broken table can lead to any of them.
        raise SpecError(f"{name}: broken ELF file ({error})") from None


def _soname(data: bytes, form: _Form) -> str:
    reader, at = form.table
    (table,) = reader.unpack_from(data, at)
    reader, at = form.sizes
    size, count = reader.unpack_from(data, at)
    section = form.section.unpack_from
    for index in range(count):
        kind, start, length, link = section(data, table + index * size)
        if kind != _SHT_DYNAMIC:
            continue
        _kind, names, names_length, _link = section(data, table + link * size)
        for tag, value in form.dynamic.iter_unpack(data[start : start + length]):
            if tag == _DT_NULL:
                break
            if tag == _DT_SONAME:
                strings = data[names : names + names_length]
                return strings[value : strings.index(b"\0", value)].decode("utf-8", "surrogateescape")
        return ""
    return ""
