# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The smallest shared objects that a dynamic linker accepts: ELF64, a SONAME, at most one function.

A file of 0 bytes is not in ldconfig's cache and dlopen refuses it ("file too short"); both accept these objects. Go's
debug/elf (which nvidia-container-toolkit uses) reads the SONAME through the section headers.
Layout: System V ABI, chapters 4 and 5.
"""

from __future__ import annotations

from struct import pack

from ..errors import ParameterError

# e_machine and the alignment of loadable segments (the largest page size of the architecture)
_MACHINES = {"x86_64": (62, 0x1000), "aarch64": (183, 0x10000)}
ARCHITECTURES = tuple(sorted(_MACHINES))

_EHDR, _PHDR, _SHDR, _SYM, _DYN = 64, 56, 64, 24, 16
_PROGRAM_HEADERS, _SECTIONS = 3, 6
_SECTION_NAMES = b"\0.hash\0.dynsym\0.dynstr\0.dynamic\0.shstrtab\0"
_TEXT_NAME = b".text\0"

# A function that returns a small number: mov, ret.
_RETURN = {
    "x86_64": lambda number: b"\xb8" + pack("<I", number) + b"\xc3",
    "aarch64": lambda number: pack("<2I", 0x52800000 | number << 5, 0xD65F03C0),
}


def shared_object(soname: str, architecture: str, function: str = "", status: int = 0) -> bytes:
    """Return the bytes of a shared object named *soname*.

    :arg architecture: ``x86_64`` or ``aarch64``.
    :arg function: name of the one function that it has; "" for none.
    :arg status: what the function returns, 0 to 65535.
    :raises ParameterError: another architecture.
    """
    if architecture not in _MACHINES:
        raise ParameterError("architecture", architecture, "one of " + ", ".join(ARCHITECTURES))
    machine, page = _MACHINES[architecture]

    code = returning(status, architecture) if function else b""
    count = 1 if function else 0
    strings = b"\0" + soname.encode("utf-8") + b"\0"
    function_name_at = len(strings)
    if function:
        strings += function.encode("ascii") + b"\0"
    hash_at = _EHDR + (_PROGRAM_HEADERS + count) * _PHDR
    hash_table = pack("<4I", 1, 1 + count, count, 0) + bytes(4 * count)  # one bucket: the function, or the null symbol
    symbols_at = _aligned(hash_at + len(hash_table)) if function else hash_at + len(hash_table)
    symbols_size = (1 + count) * _SYM
    strings_at = symbols_at + symbols_size
    dynamic_at = _aligned(strings_at + len(strings))
    dynamic = pack(
        "<14Q",
        *(14, 1),  # DT_SONAME
        *(4, hash_at),  # DT_HASH
        *(5, strings_at),  # DT_STRTAB
        *(6, symbols_at),  # DT_SYMTAB
        *(10, len(strings)),  # DT_STRSZ
        *(11, _SYM),  # DT_SYMENT
        *(0, 0),  # DT_NULL
    )
    names_at = dynamic_at + len(dynamic)
    names = _SECTION_NAMES + (_TEXT_NAME if function else b"")
    code_at = _aligned(names_at + len(names))
    code_address = code_at + page  # in a page of its own, as it may be executed and not be written
    sections_at = _aligned(code_at + len(code)) if function else _aligned(names_at + len(names))
    loaded = names_at

    header = b"\x7fELF" + bytes((2, 1, 1, 0)) + bytes(8)  # 64 bits, little endian, version 1, System V
    counts = (_EHDR, _PHDR, _PROGRAM_HEADERS + count, _SHDR, _SECTIONS + count, 5)
    header += pack("<2HI3QI6H", 3, machine, 1, 0, _EHDR, sections_at, 0, *counts)
    # The segment is writable because glibc before 2.35 relocates the dynamic section in place.
    program = pack("<2I6Q", 1, 6, 0, 0, 0, loaded, loaded, page)  # PT_LOAD, read and write
    if function:
        program += pack("<2I6Q", 1, 5, code_at, code_address, code_address, len(code), len(code), page)  # PT_LOAD
    program += pack("<2I6Q", 2, 6, dynamic_at, dynamic_at, dynamic_at, len(dynamic), len(dynamic), 8)  # PT_DYNAMIC
    program += pack("<2I6Q", 0x6474E551, 6, 0, 0, 0, 0, 0, 16)  # PT_GNU_STACK: no executable stack
    sections = b"".join(
        (
            bytes(_SHDR),
            _section(1, 5, 2, hash_at, len(hash_table), 2, 0, 8, 4),  # .hash
            _section(7, 11, 2, symbols_at, symbols_size, 3, 1, 8, _SYM),  # .dynsym
            _section(15, 3, 2, strings_at, len(strings), 0, 0, 1, 0),  # .dynstr
            _section(23, 6, 3, dynamic_at, len(dynamic), 3, 0, 8, _DYN),  # .dynamic
            _section(32, 3, 0, names_at, len(names), 0, 0, 1, 0),  # .shstrtab
        )
    )
    symbols = bytes(_SYM)
    if function:
        name_at = len(_SECTION_NAMES)
        sections += pack("<2I4Q2I2Q", name_at, 1, 6, code_address, code_at, len(code), 0, 0, 4, 0)  # .text
        symbols += pack("<I2BH2Q", function_name_at, 0x12, 0, _SECTIONS, code_address, len(code))  # global, a function
    body = header + program + hash_table
    body += bytes(symbols_at - len(body)) + symbols + strings
    body += bytes(dynamic_at - len(body)) + dynamic + names
    if function:
        body += bytes(code_at - len(body)) + code
    return body + bytes(sections_at - len(body)) + sections


def returning(number: int, architecture: str) -> bytes:
    """Return the code of a function that returns *number*, 0 to 65535."""
    return _RETURN[architecture](number)


def _aligned(offset: int) -> int:
    return (offset + 7) & ~7


def _section(
    name: int, kind: int, flags: int, offset: int, size: int, link: int, info: int, align: int, entry_size: int
) -> bytes:
    address = offset if flags else 0
    return pack("<2I4Q2I2Q", name, kind, flags, address, offset, size, link, info, align, entry_size)
