# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Programs and libraries for nodes and containers that may have neither Python nor a C library (sources: native/,
docs/native.md).

Ansible only copies Python modules to a node, so each of them is a module, written by scripts/build-native.
"""

from __future__ import annotations

from ..errors import ParameterError

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Ansible's packer reads this, and it is never executed. A run only imports the module that it needs.
    from . import (  # noqa: F401
        driver_program_aarch64,
        driver_program_x86_64,
        libcuda_aarch64,
        libcuda_x86_64,
        libnvidia_ml_aarch64,
        libnvidia_ml_x86_64,
        nvidia_cdi_hook_aarch64,
        nvidia_cdi_hook_x86_64,
        nvidia_smi_aarch64,
        nvidia_smi_x86_64,
    )

CDI_HOOK = "nvidia-cdi-hook"
DRIVER_PROGRAM = "driver-program"
NVML = "libnvidia-ml"
CUDA = "libcuda"
SMI = "nvidia-smi"
PROGRAMS = (CDI_HOOK, DRIVER_PROGRAM, SMI, NVML, CUDA)
LIBRARIES = (NVML, CUDA)
ARCHITECTURES = ("aarch64", "x86_64")

_NO_BYTES = 8  # SHT_NOBITS: a section such as .bss, which has a place in the file, and nothing there

unpacked: dict[tuple[str, str], bytes] = {}
"""The programs of this run, by name and architecture. bin/startup.py keeps them for the next one."""


def binary(name: str, architecture: str) -> bytes:
    """Return *name* (one of PROGRAMS) for *architecture*: a static ELF executable, or a shared object that needs no other.

    :raises ParameterError: there is none for this architecture.
    """
    if architecture not in ARCHITECTURES:
        allowed = "one of " + ", ".join(ARCHITECTURES)
        raise ParameterError("architecture", architecture, f"{allowed} for {name}; hook_mode=none works without it")
    key = (name, architecture)
    if key not in unpacked:
        from binascii import a2b_base64
        from zlib import decompress

        unpacked[key] = decompress(a2b_base64(_data(name, architecture)))
    return unpacked[key]


def with_payload(image: bytes, text: str) -> bytes:
    """Return the program *image* with *text* appended, from which it reads its name and facts (native/payload.h)."""
    payload = text.encode("ascii")
    return b"%s%snvmock1 %08x\n" % (image, payload, len(payload))


def with_facts(image: bytes, facts: bytes) -> bytes:
    """Return the shared object *image* with *facts* as its last loadable segment (native/library.ld).

    The segment starts with a placeholder. Content that follows it in the file is moved back.
    """
    from struct import pack_into, unpack_from

    facts += bytes(-len(facts) % 8)
    sections_at, headers, sections = (
        unpack_from(form, image, at)[0] for form, at in (("<Q", 40), ("<H", 56), ("<H", 60))
    )
    loadable = [at for at in range(64, 64 + 56 * headers, 56) if unpack_from("<I", image, at)[0] == 1]
    header = loadable[-1]
    offset, size = unpack_from("<Q16xQ", image, header + 8)
    moved = len(facts) - size
    old = memoryview(image)
    result = bytearray().join((old[:offset], facts, old[offset + size :]))
    pack_into("<2Q", result, header + 32, len(facts), len(facts))  # in the file, in memory
    pack_into("<Q", result, 40, sections_at + moved)
    for at in range(sections_at + moved, sections_at + moved + 64 * sections, 64):
        (kind,), (where,) = unpack_from("<I", result, at + 4), unpack_from("<Q", result, at + 24)
        if where == offset and kind != _NO_BYTES:
            pack_into("<Q", result, at + 32, len(facts))
        elif where > offset:
            pack_into("<Q", result, at + 24, where + moved)
    return bytes(result)


def _data(name: str, architecture: str) -> str:
    module = __import__(f"{__name__}.{name.replace('-', '_')}_{architecture}", fromlist=["DATA"])
    data: str = module.DATA
    return data
