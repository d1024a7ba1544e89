# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Libraries of a driver that is not that of the kernel module: their first function fails, as production's does.

Such a library is the usual one with other first instructions in the functions that initialize it. So everything else is as
in production: NVML still says its version and the texts of its errors, and UNINITIALIZED to every other call.
"""

from __future__ import annotations

from struct import unpack_from

from .stub_library import returning

NVML_MISMATCH = 18
"""NVML_ERROR_LIB_RM_VERSION_MISMATCH"""
CUDA_MISMATCH = 803
"""CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"""
NVML_INITS = ("nvmlInitWithFlags",)  # the other two jump there
CUDA_INITS = ("cuInit",)
_MACHINES = {62: "x86_64", 183: "aarch64"}
_DYNAMIC_SYMBOLS = 11
_LOAD = 1


def architecture_of(image: bytes) -> str:
    """Return the architecture of an ELF64 file, "" if it is none of a driver."""
    if image[:5] != b"\x7fELF\x02" or len(image) < 64:
        return ""
    return _MACHINES.get(unpack_from("<H", image, 18)[0], "")


def failing(image: bytes, functions: tuple[str, ...], status: int) -> bytes:
    """Return the library *image* whose *functions* return *status*; *image* itself if it is no library with these functions."""
    architecture = architecture_of(image)
    if not architecture:
        return image
    code = returning(status, architecture)
    places = _places(image, functions)
    result = bytearray(image)
    for at, size in places.values():
        if size < len(code):
            return image
        result[at : at + len(code)] = code
    return bytes(result) if len(places) == len(functions) else image


def _places(image: bytes, functions: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Return where the functions are in the file, and how long they are."""
    programs_at, sections_at = unpack_from("<2Q", image, 32)
    programs, sections = unpack_from("<H2xH", image, 56)
    loaded = []
    for at in range(programs_at, programs_at + 56 * programs, 56):
        kind, _flags, offset, address, _physical, length = unpack_from("<2I4Q", image, at)
        if kind == _LOAD:
            loaded.append((address, offset, length))
    wanted = {name.encode("ascii") for name in functions}
    found: dict[str, tuple[int, int]] = {}
    for at in range(sections_at, sections_at + 64 * sections, 64):
        _name, kind, _flags, _address, offset, size, link = unpack_from("<2I4QI", image, at)
        if kind != _DYNAMIC_SYMBOLS:
            continue
        (strings,) = unpack_from("<Q", image, sections_at + 64 * link + 24)
        for symbol in range(offset, offset + size, 24):
            name_at, _info, _other, _section, value, length = unpack_from("<I2BH2Q", image, symbol)
            name = image[strings + name_at : image.index(b"\0", strings + name_at)]
            if name in wanted:
                for address, start, extent in loaded:
                    if address <= value < address + extent:
                        found[name.decode("ascii")] = (value - address + start, length)
    return found
