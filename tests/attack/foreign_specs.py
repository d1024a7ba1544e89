# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Odd files in the directories of CDI specifications: no command hangs, ends in a traceback or changes them."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

import tree
from case import Attack, Case
from nodes import Made
from product import CPU_SECONDS, ctl

_FLAGS = ("--gpu-count", "1")
_DRIVER_ROOT = "/var/lib/nvidia-mock/driver"
_COMMANDS: dict[str, tuple[str, ...]] = {
    "generate": ("cdi", "generate", "--driver-root", _DRIVER_ROOT, "--dev-root", "/"),
    "list": ("cdi", "list"),
    "validate": ("cdi", "validate"),
    "verify": ("verify",),
    "run": _FLAGS,
    "run with another machine": ("--gpu-count", "2"),
    "remove": ("--remove",),
}
_HEAD = b"cdiVersion: 0.5.0\nkind: odd.example/device\n"
_DEVICE = b"devices: [{name: one, containerEdits: {env: [A=1]}}]\ncontainerEdits: {}\n"


def _bomb(depth: int, width: int) -> bytes:
    lines = [b"a0: &a0 [x, x]"]
    lines += [b"a%d: &a%d [%s]" % (n, n, b", ".join([b"*a%d" % (n - 1)] * width)) for n in range(1, depth)]
    return _HEAD + b"\n".join(lines) + b"\n" + _DEVICE


def _map_bomb(depth: int) -> bytes:
    lines = [b"a0: &a0 {k: v}"]
    keys = b"abcdefgh"
    for n in range(1, depth):
        lines.append(b"a%d: &a%d {%s}" % (n, n, b", ".join(b"%c: *a%d" % (key, n - 1) for key in keys)))
    return b"\n".join(lines) + b"\n" + _HEAD + b"devices: [{name: one, containerEdits: *a%d}]\n" % (depth - 1)


def _many_devices(number: int) -> bytes:
    devices = b"".join(b"- {name: d%d, containerEdits: {env: [A=%d]}}\n" % (n, n) for n in range(number))
    return _HEAD + b"devices:\n" + devices


_BIG = "of 10 MB of devices"


# name -> content, or what makes it at a path
def _socket(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(path)


def _zero(path: str) -> None:
    node = path.rpartition("/etc/")[0] + "/dev/zero"
    os.mknod(node, 0o020666, os.makedev(1, 5))
    os.symlink("/dev/zero", path)


KINDS: dict[str, bytes | Callable[[str], object]] = {
    "empty": b"",
    "of spaces": b" \n" * 100,
    "of bad syntax": b"{[}\n",
    "of a list": b"- a\n- b\n",
    "of a text": b"hello\n",
    "of NULs": b"\0" * 1000,
    "of random bytes": bytes(range(256)) * 16,
    "in UTF-16": "kind: a.b/c\n".encode("utf-16"),
    "nested 20000 deep": b"[" * 20000,
    "nested 20000 deep in JSON": b'{"a":' * 20000,
    "of a double key": _HEAD + _HEAD + _DEVICE,
    "with a Python tag": _HEAD + b"x: !!python/object/apply:os.system ['touch /tmp/attacked']\n" + _DEVICE,
    "of a recursive alias": b"a: &a [*a]\n" + _HEAD + _DEVICE,
    "an alias bomb of lists": _bomb(9, 9),
    "an alias bomb of maps": _map_bomb(9),
    "an alias bomb of few lines": _bomb(30, 2),
    "of one device": _HEAD + _DEVICE,
    "of odd types": _HEAD + b"devices: 5\ncontainerEdits: [1]\n",
    "of odd names": _HEAD + b"devices: [{name: 2001-99-99, containerEdits: {}}, {name: {a: b}}, 7]\n",
    "of a date": b"cdiVersion: 2001-99-99\nkind: a.b/c\n" + _DEVICE,
    "of a newer version": b"cdiVersion: 99.0.0\nkind: a.b/c\n" + _DEVICE,
    _BIG: _many_devices(200_000),
    "of one line of 10 MB": _HEAD + b"x: " + b"y" * 10_000_000 + b"\n" + _DEVICE,
    "of 100 MB of zeros": lambda path: _sparse(path, 100 << 20),
    "of 5 GiB of zeros": lambda path: _sparse(path, 5 << 30),
    "a FIFO": os.mkfifo,
    "a socket": _socket,
    "a directory": os.mkdir,
    "a dangling link": lambda path: os.symlink("nowhere", path),
    "a link to itself": lambda path: os.symlink(os.path.basename(path), path),
    "a link to /dev/zero": _zero,
    "a device": lambda path: os.mknod(path, 0o020666, os.makedev(1, 5)),
    "unreadable": lambda path: tree.write(path, _HEAD + _DEVICE, 0),
}


def _sparse(path: str, size: int) -> None:
    with open(path, "wb") as file:
        file.truncate(size)


class ForeignSpecs(Attack):
    """One odd file and one command."""

    name = "foreign_specs"
    share = 1.5

    def prepare(self, place: str, seed: int) -> None:
        """Make a node."""
        self._node = Made(place + "/node", "used", _FLAGS)
        self._tries = [(kind, command) for kind in KINDS for command in _COMMANDS]

    def count(self) -> int:
        """Each file with each command."""
        return len(self._tries)

    def is_long(self, number: int) -> bool:
        """PyYAML takes seconds for 10 MB."""
        return self._tries[number][0] == _BIG

    def attempt(self, case: Case) -> None:
        """Put the file there and run the command."""
        kind, command = self._tries[case.number]
        top = case.path("node")
        tree.copy(self._node.top, top)
        name = "odd.json" if "JSON" in kind else "odd.yaml"
        content = KINDS[kind]
        if isinstance(content, bytes):
            tree.write(f"{top}/etc/cdi/{name}", content)
        else:
            content(f"{top}/etc/cdi/{name}")
        before = tree.listing(top)
        outcome = ctl(top, *_COMMANDS[command], limits=True)
        words = f"a file {kind}, {command}: "
        slow = outcome.hung or outcome.cpu > CPU_SECONDS / 2
        case.check("bounded", not slow, f"{words}{outcome.cpu:.1f} s of CPU time; {outcome}")
        case.check("traceback", not outcome.traceback, f"{words}{outcome}")
        after = tree.listing(top)
        odd = {path: facts for path, facts in before.items() if path not in self._node.fresh or path in self._node.base}
        wrong = tree.difference(odd, {path: after[path] for path in odd if path in after})
        if command == "remove" and not wrong:
            wrong = tree.difference({**self._node.base, **odd}, after)
        if command == "run" and not wrong:
            wrong = tree.difference(before, after)
        case.check("unmanaged", not wrong, f"{words}{wrong}")
        # Runtimes ignore what they can't read: it is no reason not to make or remove a node.
        if command in ("generate", "run", "run with another machine", "remove"):
            case.check("works", outcome.ok, f"{words}{outcome}")


ATTACK = ForeignSpecs()
