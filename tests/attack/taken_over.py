# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Unmanaged files in the product's places: refused; or taken over, kept secret, and put back with everything that they had."""

from __future__ import annotations

import os
import stat

import tree
from case import Attack, Case
from nodes import Made
from product import ctl

_FLAGS = ("--gpu-count", "2", "--with-hook")
_OTHER = ("--machine", "dgxh100", "--gpu-count", "1", "--with-dri")
_SECRET = b"a password that only root may read"
_TRIES = 80
_HOOK = "/usr/local/nvidia-container-toolkit/bin/nvidia-cdi-hook"


class TakenOver(Attack):
    """1 to 5 unmanaged files, and a history on top of them."""

    name = "taken_over"

    def prepare(self, place: str, seed: int) -> None:
        """Make a node, to know the product's places."""
        self._node = Made(place + "/node", "used", _FLAGS)
        self._files = [path for path in self._node.artefacts if self._node.fresh[path][0] != "directory"]
        # The manifest and the lock are the product's own: what is in their places is refused, and never taken over.
        own = ("/var/lib/nvidia-mock/manifest", "/var/lib/nvidia-mock/lock")
        self._files = [path for path in self._files if not path.startswith(own)]

    def count(self) -> int:
        """So many histories."""
        return _TRIES

    def attempt(self, case: Case) -> None:
        """Plant, run, perhaps run again with other options, remove."""
        rng, top = case.rng, case.path("node")
        tree.copy(self._node.top, top)
        ctl(top, "--remove")
        for path in rng.sample(self._files, rng.randint(1, 5)):
            _plant(top, path, rng)
        before, attributes = tree.listing(top), _attributes(top)
        outcome = ctl(top, *_FLAGS)
        wrong = tree.difference(before, tree.listing(top)) or ("" if not outcome.ok else "they were replaced")
        case.check("refused", not wrong and not outcome.complaint, f"{wrong}; {outcome}")
        outcome = ctl(top, *_FLAGS, "--take-over")
        after = tree.listing(top)
        fresh = {path: facts for path, facts in self._node.fresh.items() if not path.endswith("manifest.mtree")}
        if _is_program(before.get(_HOOK)):
            del fresh[_HOOK]  # it is used as it is
        wrong = tree.difference(fresh, {path: after[path] for path in fresh if path in after})
        told = f"planted {' '.join(path for path in before if before[path] != self._node.base.get(path))}: "
        case.check("taken", outcome.ok and not wrong, f"{wrong}; {told}{outcome}")
        readable = _readable_secret(top)
        case.check("secret", not readable, f"{told}{readable} tells what only root may read")
        if rng.random() < 0.5:
            ctl(top, *_OTHER)
        outcome = ctl(top, "--remove")
        wrong = tree.difference(before, tree.listing(top))
        case.check("back", outcome.ok and not wrong, f"{told}--remove: {outcome}; {wrong}")
        now = _attributes(top)
        lost = [
            f"{path}: {now.get(path)} instead of {facts}"
            for path, facts in attributes.items()
            if now.get(path) != facts
        ]
        case.check("attributes", not lost, f"{told}{lost[:1]}")


def _is_program(facts: tuple[str, str, str] | None) -> bool:
    """Whether this is a file that its owner can execute."""
    return facts is not None and facts[0].startswith("file") and int(facts[1].split()[0], 8) & 0o100 != 0


def _plant(top: str, place: str, rng) -> None:
    """Make something unmanaged at the path *place* of a node, with everything that a file can have."""
    path = top + place
    os.makedirs(os.path.dirname(path), exist_ok=True)
    kind = rng.choice(("file", "file", "link", "device"))
    if kind == "link":
        os.symlink("/etc/passwd", path)
    elif kind == "device":
        os.mknod(path, stat.S_IFCHR | 0o640, os.makedev(1, 3))
    else:
        tree.write(path, _SECRET, 0o600)
        if rng.random() < 0.5:
            os.link(path, f"{top}/home/{os.path.basename(path)}")
        try:
            os.setxattr(path, "user.of.somebody", b"value")
        except OSError:  # not every kernel has them on a tmpfs
            os.setxattr(path, "trusted.of.somebody", b"value")
        os.chmod(path, rng.choice((0o600, 0o400, 0o4700)))
    os.lchown(path, 0, rng.choice((0, 1000)))
    os.utime(path, ns=(10**18, 10**18 + rng.randrange(10**6)), follow_symlinks=False)


def _attributes(top: str) -> dict[str, tuple[object, ...]]:
    """What a listing does not tell of planted files: times, names and extended attributes."""
    found: dict[str, tuple[object, ...]] = {}
    for place, _directories, names in os.walk(top):
        for name in names:
            path = os.path.join(place, name)
            status = os.lstat(path)
            if 10**18 <= status.st_mtime_ns < 10**18 + 10**6:
                extended = [
                    (key, os.getxattr(path, key, follow_symlinks=False))
                    for key in os.listxattr(path, follow_symlinks=False)
                ]
                found[path[len(top) :]] = (status.st_mtime_ns, status.st_nlink, tuple(extended))
    return found


def _readable_secret(top: str) -> str:
    """Return a file that others than root may read and that has the secret in some spelling."""
    spellings = (_SECRET, _SECRET.hex().encode())
    for place, _directories, names in os.walk(top):
        for name in names:
            path = os.path.join(place, name)
            status = os.lstat(path)
            if stat.S_ISREG(status.st_mode) and status.st_mode & 0o044 and status.st_size < 1 << 22:
                with open(path, "rb") as file:
                    content = file.read()
                if any(spelling in content for spelling in spellings):
                    return path[len(top) :]
    return ""


ATTACK = TakenOver()
