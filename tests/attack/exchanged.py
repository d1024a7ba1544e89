# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A directory and a link to one outside of the node change places all the time, while the product works."""

from __future__ import annotations

import ctypes
import os
import platform
import signal

import tree
from case import Attack, Case
from nodes import Made
from product import ctl

_FLAGS = ("--gpu-count", "1", "--with-dri")
_MARK = "LEAKED"
_VERSION = "999.99.99"
_DRIVER_ROOT = "/var/lib/nvidia-mock/driver"
_PLACES = ("/etc", "/etc/cdi", "/dev", "/dev/dri", "/run/nvidia/driver", "/run/nvidia/driver/dev")
_PLACES += ("/var/lib/nvidia-mock", _DRIVER_ROOT, _DRIVER_ROOT + "/lib64", _DRIVER_ROOT + "/etc/nvmock")
_COMMANDS: dict[str, tuple[str, ...]] = {
    "cdi list": ("cdi", "list"),
    "cdi validate": ("cdi", "validate"),
    "cdi generate": ("cdi", "generate", "--driver-root", _DRIVER_ROOT, "--dev-root", "/"),
    "verify": ("verify",),
    "check": (*_FLAGS, "--check", "--diff"),
    "present": (*_FLAGS, "--diff"),
    "remove": ("--remove", "--diff"),
}
_READS = 4
_RENAMEAT2 = {"x86_64": 316, "aarch64": 276}
_EXCHANGE, _FROM_HERE = 2, -100
_SPECIFICATION = (
    b"cdiVersion: 0.5.0\nkind: leaked.example/LEAKED\ndevices:\n"
    b"  - {name: one, containerEdits: {env: [A=LEAKED]}}\ncontainerEdits: {}\n"
)


class Exchanged(Attack):
    """One place, one command, some runs."""

    name = "exchanged"
    share = 1.5

    def missing(self) -> str:
        """A number of a system call is needed."""
        return "" if platform.machine() in _RENAMEAT2 else f"renameat2's number on {platform.machine()} is not known"

    def prepare(self, place: str, seed: int) -> None:
        """Make a node, and one that differs in everything that can be read of it."""
        self._node = Made(place + "/node", "systemd", _FLAGS)
        lure = (*_FLAGS, "--product-name", _MARK, "--driver-version", _VERSION, "--uuid-seed", _MARK)
        self._lure = Made(place + "/lure", "systemd", lure)
        tree.write(place + "/lure/etc/cdi/leaked.yaml", _SPECIFICATION)
        self._tries = [(name, where) for where in _PLACES for name in _COMMANDS] * 3

    def count(self) -> int:
        """Each command at each place, three times."""
        return len(self._tries)

    def attempt(self, case: Case) -> None:
        """Run some times while the two names are exchanged."""
        name, where = self._tries[case.number]
        top, outside = case.path("node"), case.path("outside")
        tree.copy(self._lure.top, outside)
        seen = tree.listing(outside, identity=True)
        for _run in range(1 if name == "remove" else _READS):
            tree.clear(top)
            tree.copy(self._node.top, top)
            if name == "present":  # with something to do
                os.unlink(top + "/etc/cdi/nvidia.yaml")
                tree.clear(top + _DRIVER_ROOT + "/lib64")
                os.mkdir(top + _DRIVER_ROOT + "/lib64")
            link = os.path.join(os.path.dirname(top + where), "attacker")
            os.symlink("../" * 30 + outside.lstrip("/") + where, link)
            child = _exchange(top + where, link)
            try:
                outcome = ctl(top, *_COMMANDS[name])
            finally:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
            words = f"{where} is exchanged, {name}: "
            leaked = _MARK in outcome.said or _VERSION in outcome.said
            case.check("read", not leaked, f"{words}the output tells of what is outside: {_line_with(outcome.said)}")
            case.check("traceback", not outcome.traceback and not outcome.hung, f"{words}{outcome}")
        touched = tree.difference(seen, tree.listing(outside, identity=True))
        case.check("write", not touched, f"{where} is exchanged, {name}: {touched}")


def _line_with(text: str) -> str:
    return next((line for line in text.split("\n") if _MARK in line or _VERSION in line), "")


def _exchange(one: str, other: str) -> int:
    """Exchange two names until the child that does it, whose pid is returned, is killed."""
    child = os.fork()
    if child:
        return child
    try:
        call = ctypes.CDLL(None).syscall
        words = (_RENAMEAT2[platform.machine()], _FROM_HERE, one.encode(), _FROM_HERE, other.encode(), _EXCHANGE)
        while True:
            call(*words)
    finally:
        os._exit(1)


ATTACK = Exchanged()
