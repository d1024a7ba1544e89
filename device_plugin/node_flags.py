# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Flags of every program that watches a node: the device plugin and the DRA driver."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """One line, no usage."""
        self.exit(2, f"{self.prog}: {message}\n")


def add_roots(parser: Parser) -> None:
    """Add the directories of the node."""
    add = parser.add_argument
    add("--host-root", default="/", metavar="DIR", help="directory that is the node's / (default: %(default)s)")
    add(
        "--driver-root",
        default="/var/lib/nvidia-mock/driver",
        metavar="DIR",
        help="root of the driver installation on the node (default: %(default)s)",
    )


def add_cdi_kind(parser: Parser) -> None:
    """Add the kind of the node's devices."""
    parser.add_argument(
        "--cdi-kind",
        default="nvidia.com/gpu",
        metavar="KIND",
        help="kind of the node's CDI devices (default: %(default)s)",
    )


def add_watch(parser: Parser, ready: str) -> None:
    """Add the name of the node, the interval, and the file that says that the program is ready.

    :arg ready: when the file exists.
    """
    add = parser.add_argument
    add("--node-name", default=os.environ.get("NODE_NAME", ""), metavar="NAME", help="default: $NODE_NAME")
    add("--interval", default=1.0, type=float, metavar="S", help="seconds between two checks of the node (default: 1)")
    add("--ready-file", default="", metavar="FILE", help=f"file that exists while {ready}")


def check(parser: Parser, given: argparse.Namespace, directories: Sequence[str]) -> None:
    """End the program with one line if a value is not allowed.

    :arg directories: names of the flags with directories.
    """
    for name in directories:
        path = getattr(given, name)
        if not path.startswith("/"):
            parser.error(f"--{name.replace('_', '-')}: {path!r} is not allowed: must be an absolute path")
    if not 0.05 <= given.interval <= 60:
        parser.error(f"--interval: {given.interval} is not allowed: must be 0.05 to 60 seconds")
    if given.cdi_kind.count("/") != 1 or "=" in given.cdi_kind:
        parser.error(f"--cdi-kind: {given.cdi_kind!r} is not allowed: must be vendor/class, such as nvidia.com/gpu")
