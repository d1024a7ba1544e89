# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What gpu-mockctl state and gpu-mockctl fault have in common: a command line with words between the flags, and GPUs of a node."""

from __future__ import annotations

import sys

from .. import parameters
from ..errors import UsageError
from ..host.root import HostRoot
from ..node import DEFAULT_DRIVER_ROOT
from .flags import TEXT, Flag, Values, help_text, parse


def gpu_flags(own: list[Flag]) -> list[Flag]:
    """Return the flags of a command.

    :arg own: those that only this command has.
    """
    return [
        Flag("gpus", TEXT, None, "GPUs: indices, UUIDs or PCI bus IDs, comma separated; all without it"),
        *own,
        Flag("driver-root", TEXT, DEFAULT_DRIVER_ROOT, "root of the driver installation"),
        Flag("host-root", TEXT, "/", "directory that is the node's /"),
        Flag("output", TEXT, "text", "output format", ("text", "json")),
    ]


class Command:
    """A command with subcommands.

    :arg name: as in ``gpu-mockctl <name>``.
    :arg commands: the subcommands; the first one is that of an empty command line.
    :arg texts: usage, description, and what follows the flags in the help.
    :arg flags: all flags.
    """

    def __init__(self, name: str, commands: tuple[str, ...], texts: tuple[str, str, str], flags: list[Flag]) -> None:
        self._name = name
        self._commands = commands
        self._texts = texts
        self._flags = flags

    def read(self, argv: list[str]) -> tuple[str, list[str], Values] | None:
        """Return the subcommand, its words, and the values of the flags; None if the help was asked for and is printed.

        :raises UsageError: the command line is invalid.
        """
        words, rest = split_words(argv, self._flags)
        values = parse(self._flags, rest)
        if values is None:
            usage, about, after = self._texts
            sys.stdout.write(help_text(usage, about, self._flags, after))
            return None
        command = words.pop(0) if words else self._commands[0]
        if command not in self._commands:
            raise UsageError(f"{self._name}: unknown command {command!r}: must be one of {', '.join(self._commands)}")
        return command, words, values


def opened_root(values: Values) -> HostRoot:
    """Open the host root."""
    return HostRoot(parameters.absolute_path("host_root", values.text("host-root"), root_allowed=True))


def chosen_gpus(values: Values) -> list[str] | None:
    """Return the GPUs that the user names, or None."""
    chosen = values.optional("gpus")
    return None if chosen is None else [word.strip() for word in chosen.split(",")]


def split_words(argv: list[str], flags: list[Flag]) -> tuple[list[str], list[str]]:
    """Return the words and the flags with their values."""
    texts = {flag.name for flag in flags if flag.kind == TEXT}
    words, rest = [], []
    waiting = False
    for word in argv:
        if waiting or word.startswith("-"):
            rest.append(word)
            waiting = not waiting and "=" not in word and word.lstrip("-") in texts
        else:
            words.append(word)
    return words, rest
