# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""gpu-mockctl cdi: the door to :mod:`.cdi_commands`; brings the machine, the node and a way to write."""

from __future__ import annotations

import os
import sys

from ..cdi.registry import DEFAULT_DIRECTORIES
from ..errors import HostError, UsageError
from ..host.converge import converge
from ..host.entries import directory, file
from ..host.put import put
from ..host.root import HostRoot
from ..host.view import HostView, clean
from ..machine.model import Machine
from ..node.cdi_spec import node_view
from ..node.components import cdi_spec
from .cdi_commands import Terminal
from .cdi_commands import run as run_command
from .flags import help_text, parse
from .machine_flags import machine_flags, machine_from

# Where runtimes read specifications: what is written there belongs to the node, and an uninstall takes it away.
_SPEC_DIRECTORIES = (*DEFAULT_DIRECTORIES, "/run/cdi")


def _read_stdin() -> bytes:
    return sys.stdin.buffer.read()


def run(argv: list[str]) -> int:
    """Run the command; return its exit status."""
    terminal = Terminal(
        stdout=sys.stdout,
        stderr=sys.stderr,
        stdin=_read_stdin,
        machine_from=_machine_from,
        machine_help="\n" + help_text("", "The machine:", machine_flags()).partition("Flags:\n")[2],
        view_of=_view_of,
        save=_save,
    )
    return run_command(argv, terminal)


def _machine_from(argv: list[str]) -> Machine:
    values = parse(machine_flags(), argv)
    if values is None:  # the command has taken --help; this was a -help of Go's manner
        raise UsageError("cdi generate: say --help for the flags")
    return machine_from(values)


def _view_of(machine: Machine, host_root: str, dev_root: str) -> HostView:
    with HostRoot(os.path.abspath(host_root)) as root:
        return node_view(machine, root, clean(dev_root))


def _save(host_root: str, path: str, content: bytes) -> None:
    """Write a file, with the directories above it: as the node's own if a runtime reads it there."""
    with HostRoot(os.path.abspath(host_root)) as root:
        if path.rpartition("/")[0] in _SPEC_DIRECTORIES:
            owner = 0 if os.geteuid() == 0 else None
            component = cdi_spec(path, content, owner, owner)
            converge(root, {component.tag: component.entries})
            return
        missing = []
        parent = path.rpartition("/")[0]
        while parent and root.directory(parent) is None:
            missing.append(parent)
            parent = parent.rpartition("/")[0]
        try:
            for place in reversed(missing):
                put(root, directory(place))
            put(root, file(path, content))
        except OSError as error:
            raise HostError(f"{path}: can't be written: {error.strerror}") from None
