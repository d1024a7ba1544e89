# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Identities that are the same in each run and unique per node, because they are derived from a seed.

A GPU has the same UUID in /proc, in the CDI specification and in NVML, because all use this module (RFC 9562, version 5).
"""

from __future__ import annotations

try:
    # hashlib loads OpenSSL, which would take a tenth of gpu-mockctl's run time for a few hashes.
    from _sha1 import sha1
except ImportError:  # a Python built without it
    from hashlib import sha1

# Version 5 UUID of the DNS name nvmock.gpu: the name space of everything that is derived below.
_NAMESPACE = bytes.fromhex("296330b237ce50fba494f1d575c45424")


def _digest(seed: str, what: str) -> bytes:
    name = f"{seed}\0{what}".encode("utf-8", "surrogatepass")
    return bytes(sha1(_NAMESPACE + name, usedforsecurity=False).digest())


def derive_uuid(seed: str, what: str) -> str:
    """Return the UUID of *what* on the node *seed*, without NVIDIA's prefix."""
    raw = bytearray(_digest(seed, what)[:16])
    raw[6] = raw[6] & 0x0F | 0x50  # version 5
    raw[8] = raw[8] & 0x3F | 0x80  # variant of RFC 9562
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def derive_serial(seed: str, what: str) -> str:
    """Return a board serial number: 13 digits beginning with 165, as the captured boards have."""
    number = int.from_bytes(_digest(seed, what)[:8], "big") % 10**10
    return f"165{number:010d}"
