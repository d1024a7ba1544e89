# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Damaged and forged manifests: one line, and nothing is deleted, restored or believed that the product has not made."""

from __future__ import annotations

import hashlib
import os
import re
import zlib
from collections.abc import Callable

import tree
from case import Attack, Case
from nodes import MANIFEST, Made, unknowable
from product import CPU_SECONDS, ctl

_FLAGS = ("--gpu-count", "1")
_NOBODY = 65534
_PLACES = ("/run/nvidia/driver", "/var/lib/nvidia-mock", "/etc/cdi/nvidia.yaml")
_CUTS = 40
_FLIPS = 60


class Manifests(Attack):
    """One damage to the manifest, then a run or a removal."""

    name = "manifests"
    share = 1.5

    def prepare(self, place: str, seed: int) -> None:
        """Make a node, and every damage to its manifest."""
        self._node = Made(place + "/node", "used", _FLAGS)
        with open(self._node.top + MANIFEST, "rb") as file:
            self._damages = damages(file.read(), seed)

    def count(self) -> int:
        """Each damage before a run and before a removal."""
        return 2 * len(self._damages)

    def attempt(self, case: Case) -> None:
        """Damage the manifest and go on."""
        name, change = self._damages[case.number // 2]
        removing = bool(case.number % 2)
        top = case.path("node")
        tree.copy(self._node.top, top)
        change(top)
        before = tree.listing(top)
        outcome = ctl(top, "--remove", limits=True) if removing else ctl(top, *_FLAGS, limits=True)
        after = tree.listing(top)
        words = f"manifest {name}, then a {'removal' if removing else 'run'}: "
        case.check(
            "bounded", not outcome.hung and outcome.cpu < CPU_SECONDS / 2, f"{words}{outcome.cpu:.1f} s {outcome}"
        )
        wrong = outcome.complaint if not outcome.ok else ""
        if not outcome.ok and not wrong:
            wrong = tree.difference(before, after)
        if name == _NEWER and outcome.ok:
            wrong = "this is not refused"
        case.check("line", not wrong, f"{words}{wrong}")
        unmanaged = {
            path: facts for path, facts in before.items() if path not in self._node.fresh or path in self._node.base
        }
        unmanaged.pop(MANIFEST, None)
        kept = {path: after[path] for path in unmanaged if path in after}
        wrong = tree.difference(unmanaged, kept)
        new = sorted(after.keys() - before.keys() - self._node.fresh.keys())
        special = [path for path in after if re.match("[4-7][0-7]{3} ", after[path][1]) and path not in before]
        wrong = wrong or (f"{new[0]} is new" if new else "") or (f"{special[0]} is set-user-ID" if special else "")
        case.check("unmanaged", not wrong, f"{words}{wrong}; {outcome}")
        lost = name in _LOST or name.startswith("cut")
        if lost:
            case.check("lost", outcome.ok or removing, f"{words}{outcome}")
        if outcome.ok and not removing:
            expected = {**self._node.fresh, **unmanaged}
            if lost:  # nobody knows then who has made a directory with other files
                expected[MANIFEST] = (after[MANIFEST][0], *expected[MANIFEST][1:])
            wrong = tree.difference(expected, after)
            case.check("repair", not wrong, f"{words}status 0: {wrong}")
            outcome, left = ctl(top, "--remove"), tree.listing(top)
            stays = {
                path: facts
                for path, facts in left.items()
                if not lost or path in unmanaged or not unknowable(path, facts)
            }
            wrong = tree.difference(unmanaged, stays)
            case.check("remove", outcome.ok and not wrong, f"{words}then a removal: {wrong}; {outcome}")
        elif outcome.ok:
            left = sorted(path for path in after if path in self._node.fresh and path not in self._node.base)
            # Nobody can know what a manifest said that is gone: one word about where things are is enough.
            told = name == "gone" and any(place in outcome.said for place in _PLACES)
            silent = [] if told else [path for path in left if path not in outcome.said and not _above(path, left)]
            case.check(
                "remove", not silent, f"{words}{len(silent)} paths stay unnamed, such as {silent[:1]}; {outcome}"
            )


def _above(path: str, left: list[str]) -> bool:
    """Whether *path* is a directory with something left in it."""
    return any(other.startswith(path + "/") for other in left)


def damages(content: bytes, seed: int) -> list[tuple[str, Callable[[str], None]]]:
    """Return (what it is, what does it to the host root given) of every damage."""
    import random

    rng = random.Random(f"{seed}/manifests")
    lines = content.splitlines(keepends=True)
    found: list[tuple[str, Callable[[str], None]]] = []

    def text(name: str, data: bytes) -> None:
        found.append((name, lambda top: _write(top, data)))

    text("empty", b"")
    text("one NUL", b"\0")
    text("of NULs", b"\0" * len(content))
    text("in Latin-1", content + b"./d\xe9 type=file tags=devices:/x\n")
    text("of another kind", b"{}\n")
    text("twice", content + content)
    text("reversed", b"".join(reversed(lines)))
    text("with DOS line ends", content.replace(b"\n", b"\r\n"))
    for number in sorted(rng.sample(range(1, len(lines)), min(_CUTS, len(lines) - 1))):
        text(f"cut before line {number + 1}", b"".join(lines[:number]))
    for number in range(8):
        at = rng.randrange(len(content))
        text(f"cut at byte {at}", content[:at])
        text(f"without line {number * len(lines) // 8 + 1}", b"".join(_without(lines, number * len(lines) // 8)))
    for _flip in range(_FLIPS):
        at, bit = rng.randrange(len(content)), rng.randrange(8)
        data = bytearray(content)
        data[at] ^= 1 << bit
        text(f"with bit {bit} of byte {at} flipped", bytes(data))
    sign = signer(content)
    tag = b"tags=devices:/run/nvidia/driver"
    for name, line in _FORGED.items():
        entry = line.replace(b"TAG", tag)
        forged = b"".join([*lines[:-1], entry + b"\n", lines[-1]]) if sign else content + entry + b"\n"
        text(f"with {name}", forged)
        if sign:
            text(f"with {name}, signed", sign(forged))
    version = re.search(rb"(?im)^#.*?\b(?:format|version)\D{0,3}(\d+)", content)
    if version:
        newer = content[: version.start(1)] + b"99" + content[version.end(1) :]
        text(_NEWER, sign(newer) if sign else newer)
    found += [
        ("writable by all", lambda top: os.chmod(top + MANIFEST, 0o666)),
        ("of nobody", lambda top: os.chown(top + MANIFEST, _NOBODY, _NOBODY)),
        ("in a directory that is writable by all", lambda top: os.chmod(os.path.dirname(top + MANIFEST), 0o777)),
        ("in a directory of nobody", lambda top: os.chown(os.path.dirname(top + MANIFEST), _NOBODY, _NOBODY)),
        ("unreadable", lambda top: os.chmod(top + MANIFEST, 0)),
        ("gone", lambda top: os.unlink(top + MANIFEST)),
        ("a directory", lambda top: (os.unlink(top + MANIFEST), os.mkdir(top + MANIFEST))),
        ("a FIFO", lambda top: (os.unlink(top + MANIFEST), os.mkfifo(top + MANIFEST))),
        ("a link to /etc/passwd", lambda top: (os.unlink(top + MANIFEST), os.symlink("/etc/passwd", top + MANIFEST))),
        ("a link to /dev/zero", lambda top: (os.unlink(top + MANIFEST), os.symlink("/dev/zero", top + MANIFEST))),
        ("of 3 GiB", lambda top: os.truncate(top + MANIFEST, 3 << 30)),
    ]
    return found


_LOST = ("gone", "empty")
_NEWER = "of a newer version"
_FORGED = {
    "an entry ./etc/shadow": b"./etc/shadow type=file TAG",
    "an entry ./etc": b"./etc type=dir TAG",
    "an entry ./var/lib/other/data": b"./var/lib/other/data type=file TAG",
    "an entry ./dev/null": b"./dev/null type=char TAG",
    "an entry of a set-user-ID file": b"./usr/lib/sh type=file TAG replaced=file:4755:0:0:23212f62696e2f7368",
    "an entry of a directory that is replaced": b"./usr/lib/sh type=dir TAG replaced=dir:4777:0:0:",
    "an entry with ..": b"./run/nvidia/driver/../../../etc/shadow type=file TAG",
    "an entry with an escaped ..": rb"./run/\056\056/etc/shadow type=file TAG",
    "an entry with //": b".//etc/shadow type=file TAG",
    "an entry with a NUL": rb"./etc/sha\000dow type=file TAG",
    "an entry of a huge user": b"./run/nvidia/x type=file TAG replaced=file:644:99999999999999999999:0:",
    "an entry of a huge mode": b"./run/nvidia/x type=file TAG replaced=file:7777777777777777777777:0:0:",
    "an entry of a negative user": b"./run/nvidia/x type=file TAG replaced=file:644:-5:-5:",
    "an entry of a huge major": b"./run/nvidia/x type=char TAG replaced=char:644:0:0:3939393939393939393939392c31",
    "an entry of a link with a NUL": b"./run/nvidia/x type=link TAG replaced=link:0:0:0:610062",
    "an entry of no kind": b"./run/nvidia/x type=door TAG",
    "an entry without tags": b"./etc/shadow type=file",
    "an entry of other tags": b"./etc/shadow type=file tags=x:/,devices:/run/nvidia/driver",
    "an entry of 100000 characters": b"./" + b"a/" * 50000 + b"b type=file TAG",
    "an entry of odd digits": "./run/nvidia/x type=file TAG replaced=file:٦٤٤:0:0:".encode(),
    "an entry of odd hex": b"./run/nvidia/x type=file TAG replaced=file:644:0:0:zz",
}


def _without(lines: list[bytes], number: int) -> list[bytes]:
    return [*lines[:number], *lines[number + 1 :]]


def _write(top: str, content: bytes) -> None:
    with open(top + MANIFEST, "wb") as file:
        file.write(content)


def signer(content: bytes) -> Callable[[bytes], bytes] | None:
    """Return what gives a forged manifest the checksum that its last line should have; None if it has no known one.

    An attacker reads the source. This tries the checksums that there are until one fits the true manifest.
    """
    lines = content.splitlines(keepends=True)
    last, body = lines[-1], b"".join(lines[:-1])
    for digits in re.findall(rb"[0-9a-f]{8,128}", last):
        for make in _CHECKSUMS:
            for start in (body, body.rstrip(b"\n"), content[: content.rindex(digits)]):
                if make(start).startswith(digits):

                    def sign(forged: bytes, make=make, start=start, digits=digits) -> bytes:
                        new = forged.splitlines(keepends=True)
                        whole = b"".join(new[:-1])
                        if start != body:
                            whole = whole.rstrip(b"\n") if len(start) < len(body) else forged[: forged.rindex(digits)]
                        return b"".join(new[:-1]) + new[-1].replace(digits, make(whole)[: len(digits)])

                    return sign
    return None


_CHECKSUMS: list[Callable[[bytes], bytes]] = [
    *(
        (lambda data, name=name: hashlib.new(name, data).hexdigest().encode())
        for name in ("sha256", "sha512", "sha1", "md5", "blake2b", "blake2s", "sha3_256")
    ),
    *(
        (lambda data, size=size: hashlib.blake2b(data, digest_size=size).hexdigest().encode())
        for size in (8, 16, 20, 32)
    ),
    lambda data: b"%08x" % zlib.crc32(data),
    lambda data: b"%08x" % zlib.adler32(data),
]

ATTACK = Manifests()
