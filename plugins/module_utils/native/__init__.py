# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Programs for nodes and containers that may have neither Python nor a C library (sources: native/, docs/native.md).

Ansible carries only Python modules to a node, so each program is one, made by scripts/build-native.
"""

from __future__ import annotations

from ..errors import ParameterError

CDI_HOOK = "nvidia-cdi-hook"
DRIVER_PROGRAM = "driver-program"
PROGRAMS = (CDI_HOOK, DRIVER_PROGRAM)
ARCHITECTURES = ("aarch64", "x86_64")

_unpacked: dict[tuple[str, str], bytes] = {}


def binary(name: str, architecture: str) -> bytes:
    """Return the program *name* (one of PROGRAMS) for *architecture*: a static ELF executable.

    :raises ParameterError: there is none for this architecture.
    """
    if architecture not in ARCHITECTURES:
        allowed = "one of " + ", ".join(ARCHITECTURES)
        raise ParameterError("architecture", architecture, f"{allowed} for {name}; hook_mode=none works without it")
    key = (name, architecture)
    if key not in _unpacked:
        from binascii import a2b_base64
        from zlib import decompress

        _unpacked[key] = decompress(a2b_base64(_data(name, architecture)))
    return _unpacked[key]


def with_payload(image: bytes, text: str) -> bytes:
    """Return the program *image* with *text* behind it, where it looks for what it is (native/payload.h)."""
    payload = text.encode("ascii")
    return b"%s%snvmock1 %08x\n" % (image, payload, len(payload))


def _data(name: str, architecture: str) -> str:
    # One import each, written out: only so does Ansible find what to carry along.
    if architecture == "x86_64":
        if name == CDI_HOOK:
            from . import nvidia_cdi_hook_x86_64

            return nvidia_cdi_hook_x86_64.DATA
        from . import driver_program_x86_64

        return driver_program_x86_64.DATA
    if name == CDI_HOOK:
        from . import nvidia_cdi_hook_aarch64

        return nvidia_cdi_hook_aarch64.DATA
    from . import driver_program_aarch64

    return driver_program_aarch64.DATA
