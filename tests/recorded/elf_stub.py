# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The smallest ELF64 shared object that tells a SONAME through its section table."""

from __future__ import annotations

import struct

_HEADER = 64


def shared_object(soname: str) -> bytes:
    """An x86-64 shared object: header, .dynstr, .dynamic and the section table, no code."""
    strings = b"\0" + soname.encode() + b"\0"
    strings += b"\0" * (-len(strings) % 8)
    names = b"\0.dynstr\0.dynamic\0.shstrtab\0"
    names += b"\0" * (-len(names) % 8)
    dynamic = struct.pack("<qQqQ", 14, 1, 0, 0)
    dynamic_at = _HEADER + len(strings)
    names_at = dynamic_at + len(dynamic)
    table_at = names_at + len(names)
    header = struct.pack(
        "<16sHHIQQQIHHHHHH",
        b"\x7fELF\x02\x01\x01".ljust(16, b"\0"),
        3,  # ET_DYN
        62,  # EM_X86_64
        1,
        0,
        0,
        table_at,
        0,
        _HEADER,
        0,
        0,
        64,
        4,
        3,
    )

    def section(name: int, kind: int, at: int, size: int, link: int, entry: int) -> bytes:
        return struct.pack("<IIQQQQIIQQ", name, kind, 0, 0, at, size, link, 0, 8, entry)

    table = (
        bytes(64)
        + section(1, 3, _HEADER, len(strings), 0, 0)
        + section(9, 6, dynamic_at, len(dynamic), 1, 16)
        + section(18, 3, names_at, len(names), 0, 0)
    )
    return header + strings + dynamic + names + table
