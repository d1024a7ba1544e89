# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The smallest shared objects that a dynamic linker accepts: ELF64, one loadable segment, a SONAME, no symbols.

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


def shared_object(soname: str, architecture: str) -> bytes:
    """Return the bytes of a shared object named *soname*.

    :arg architecture: ``x86_64`` or ``aarch64``.
    :raises ParameterError: another architecture.
    """
    if architecture not in _MACHINES:
        raise ParameterError("architecture", architecture, "one of " + ", ".join(ARCHITECTURES))
    machine, page = _MACHINES[architecture]

    strings = b"\0" + soname.encode("utf-8") + b"\0"
    hash_at = _EHDR + _PROGRAM_HEADERS * _PHDR
    hash_table = pack("<4I", 1, 1, 0, 0)  # one bucket, one chain: the null symbol
    symbols_at = hash_at + len(hash_table)
    strings_at = symbols_at + _SYM
    dynamic_at = _aligned(strings_at + len(strings))
    dynamic = b"".join(
        pack("<2Q", tag, value)
        for tag, value in (
            (14, 1),  # DT_SONAME
            (4, hash_at),  # DT_HASH
            (5, strings_at),  # DT_STRTAB
            (6, symbols_at),  # DT_SYMTAB
            (10, len(strings)),  # DT_STRSZ
            (11, _SYM),  # DT_SYMENT
            (0, 0),  # DT_NULL
        )
    )
    names_at = dynamic_at + len(dynamic)
    sections_at = _aligned(names_at + len(_SECTION_NAMES))
    loaded = names_at

    header = b"\x7fELF" + bytes((2, 1, 1, 0)) + bytes(8)  # 64 bits, little endian, version 1, System V
    header += pack("<2HI3QI6H", 3, machine, 1, 0, _EHDR, sections_at, 0, _EHDR, _PHDR, 3, _SHDR, _SECTIONS, 5)
    # The segment is writable because glibc before 2.35 relocates the dynamic section in place.
    program = pack("<2I6Q", 1, 6, 0, 0, 0, loaded, loaded, page)  # PT_LOAD, read and write
    program += pack("<2I6Q", 2, 6, dynamic_at, dynamic_at, dynamic_at, len(dynamic), len(dynamic), 8)  # PT_DYNAMIC
    program += pack("<2I6Q", 0x6474E551, 6, 0, 0, 0, 0, 0, 16)  # PT_GNU_STACK: no executable stack
    sections = b"".join(
        (
            bytes(_SHDR),
            _section(1, 5, 2, hash_at, len(hash_table), 2, 0, 8, 4),  # .hash
            _section(7, 11, 2, symbols_at, _SYM, 3, 1, 8, _SYM),  # .dynsym
            _section(15, 3, 2, strings_at, len(strings), 0, 0, 1, 0),  # .dynstr
            _section(23, 6, 3, dynamic_at, len(dynamic), 3, 0, 8, _DYN),  # .dynamic
            _section(32, 3, 0, names_at, len(_SECTION_NAMES), 0, 0, 1, 0),  # .shstrtab
        )
    )
    body = header + program + hash_table + bytes(_SYM) + strings
    body += bytes(dynamic_at - len(body)) + dynamic + _SECTION_NAMES
    return body + bytes(sections_at - len(body)) + sections


def _aligned(offset: int) -> int:
    return (offset + 7) & ~7


def _section(
    name: int, kind: int, flags: int, offset: int, size: int, link: int, info: int, align: int, entry_size: int
) -> bytes:
    address = offset if flags else 0
    return pack("<2I4Q2I2Q", name, kind, flags, address, offset, size, link, info, align, entry_size)
