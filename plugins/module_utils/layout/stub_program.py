# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The smallest program that says something: a static ELF64 executable that writes a text and exits with a status.

It stands for a program that can't do its work, and needs neither a shell nor a library.
"""

from __future__ import annotations

from struct import pack

from ..errors import ParameterError
from .stub_library import ARCHITECTURES

_EHDR, _PHDR = 64, 56
_BASE = 0x400000
_START = _EHDR + _PHDR


def saying(text: str, status: int, architecture: str) -> bytes:
    """Return a program that writes *text* to its standard output and exits with *status*.

    :raises ParameterError: another architecture than ``x86_64`` and ``aarch64``.
    """
    data = text.encode("ascii")
    if architecture == "x86_64":
        machine, code = 62, _x86_64(len(data), status)
    elif architecture == "aarch64":
        machine, code = 183, _aarch64(len(data), status)
    else:
        raise ParameterError("architecture", architecture, "one of " + ", ".join(ARCHITECTURES))
    size = _START + len(code) + len(data)
    header = b"\x7fELF" + bytes((2, 1, 1, 0)) + bytes(8)  # 64 bits, little endian, version 1, System V
    header += pack("<2HI3QI6H", 2, machine, 1, _BASE + _START, _EHDR, 0, 0, _EHDR, _PHDR, 1, 64, 0, 0)
    segment = pack("<2I6Q", 1, 5, 0, _BASE, _BASE, size, size, 0x10000)  # PT_LOAD, read and execute
    return header + segment + code + data


def _x86_64(length: int, status: int) -> bytes:
    """write(1, text, length), exit_group(status); the text follows the code."""
    after_lea = b"\xba" + pack("<I", length)  # mov edx, length
    after_lea += b"\xb8" + pack("<I", 1) + b"\x0f\x05"  # mov eax, 1 (write); syscall
    after_lea += (
        b"\xbf" + pack("<I", status) + b"\xb8" + pack("<I", 231) + b"\x0f\x05"
    )  # edi, eax (exit_group); syscall
    before = b"\xbf" + pack("<I", 1)  # mov edi, 1
    return before + b"\x48\x8d\x35" + pack("<I", len(after_lea)) + after_lea  # lea rsi, [rip + ...]


def _aarch64(length: int, status: int) -> bytes:
    """The same; adr reaches the text, which begins seven instructions after it."""

    def move(register: int, number: int) -> int:
        return 0xD2800000 | number << 5 | register

    address = 7
    return pack(
        "<8I",
        move(0, 1),
        0x10000000 | address << 5 | 1,  # adr x1, text
        move(2, length),
        move(8, 64),  # write
        0xD4000001,  # svc 0
        move(0, status),
        move(8, 94),  # exit_group
        0xD4000001,
    )
