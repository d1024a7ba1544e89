# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The command line of gpu-mock-dra-driver."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from .taints import NO_EXECUTE, NO_SCHEDULE

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Options:
    """The options of the command line."""

    host_root: str
    driver_root: str
    kubelet_directory: str
    cdi_directory: str
    cdi_kind: str
    fault_effect: str
    node_name: str
    interval: float
    ready_file: str


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, no usage."""
        self.exit(2, f"{self.prog}: {message}\n")


def parse(arguments: Sequence[str]) -> Options:
    """Options of a command line; a bad one ends the program with one line and status 2."""
    parser = _Parser(
        prog="gpu-mock-dra-driver",
        allow_abbrev=False,
        description="Offers the mock GPUs in this node's machine file by ResourceClaims.",
    )
    add = parser.add_argument
    add("--host-root", default="/", metavar="DIR", help="directory that is the node's / (default: %(default)s)")
    add(
        "--driver-root",
        default="/var/lib/nvidia-mock/driver",
        metavar="DIR",
        help="root of the driver installation on the node (default: %(default)s)",
    )
    add(
        "--kubelet-directory",
        default="/var/lib/kubelet",
        metavar="DIR",
        help="the kubelet's root directory, with the same path here and on the node (default: %(default)s)",
    )
    add(
        "--cdi-directory",
        default="/var/run/cdi",
        metavar="DIR",
        help="the node's directory for CDI specifications of claims, as this process sees it (default: %(default)s)",
    )
    add(
        "--cdi-kind",
        default="nvidia.com/gpu",
        metavar="KIND",
        help="kind of the node's CDI devices (default: %(default)s)",
    )
    add(
        "--fault-effect",
        default=NO_SCHEDULE,
        choices=(NO_SCHEDULE, NO_EXECUTE),
        help="effect of the taint of an unhealthy device: NoExecute also evicts the pods that use it (default: %(default)s)",
    )
    add("--node-name", default=os.environ.get("NODE_NAME", ""), metavar="NAME", help="default: $NODE_NAME")
    add("--interval", default=1.0, type=float, metavar="S", help="seconds between two checks of the node (default: 1)")
    add(
        "--ready-file",
        default="",
        metavar="FILE",
        help="file that exists while the driver is registered and its devices are published",
    )
    given = parser.parse_args(arguments)
    for name in ("host_root", "driver_root", "kubelet_directory", "cdi_directory"):
        if not getattr(given, name).startswith("/"):
            flag = name.replace("_", "-")
            parser.error(f"--{flag}: {getattr(given, name)!r} is not allowed: must be an absolute path")
    if not 0.05 <= given.interval <= 60:
        parser.error(f"--interval: {given.interval} is not allowed: must be 0.05 to 60 seconds")
    if given.cdi_kind.count("/") != 1 or "=" in given.cdi_kind:
        parser.error(f"--cdi-kind: {given.cdi_kind!r} is not allowed: must be vendor/class, such as nvidia.com/gpu")
    if not given.node_name:
        parser.error("--node-name: '' is not allowed: must be the name of this pod's node (or set $NODE_NAME)")
    return Options(**vars(given))
