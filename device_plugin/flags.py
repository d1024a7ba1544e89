# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The command line."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from .allocation import FIELD, OFF
from .resources import GPU, MIG_PREFIX, Sharing

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_REPLICAS = 1000


@dataclass(frozen=True)
class Options:
    """The options of the command line."""

    host_root: str
    driver_root: str
    plugin_directory: str
    cdi: str
    cdi_kind: str
    mig_strategy: str
    sharing: Sharing
    labels: bool
    devices: bool
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
        prog="gpu-mock-device-plugin",
        allow_abbrev=False,
        description="Offers the mock GPUs in this node's machine file to its kubelet.",
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
        "--plugin-directory",
        default="/var/lib/kubelet/device-plugins",
        metavar="DIR",
        help="the kubelet's directory of plugin sockets, as this process sees it (default: %(default)s)",
    )
    add(
        "--cdi",
        default=FIELD,
        choices=(FIELD, OFF),
        help="how a container gets its devices: by the CDI field of Allocate's answer (Kubernetes 1.31 and later), or as"
        " device nodes only (default: %(default)s)",
    )
    add(
        "--cdi-kind",
        default="nvidia.com/gpu",
        metavar="KIND",
        help="kind of the node's CDI devices (default: %(default)s)",
    )
    add(
        "--mig-strategy",
        default="none",
        choices=("none", "single", "mixed"),
        help="none: whole GPUs; single: MIG devices as nvidia.com/gpu; mixed: MIG devices by profile, such as"
        " nvidia.com/mig-1g.5gb (default: %(default)s)",
    )
    add(
        "--time-slicing",
        default="",
        metavar="RESOURCE=N,...",
        help=f"offer each device of a resource N times, such as {GPU}=4",
    )
    add("--rename-by-default", action="store_true", help=f"offer shared devices as {GPU}.shared")
    add(
        "--fail-requests-greater-than-one",
        action="store_true",
        help="refuse a container that requests more than one share",
    )
    parts = parser.add_mutually_exclusive_group()
    parts.add_argument("--no-labels", action="store_true", help="do not set labels on the node")
    parts.add_argument("--no-devices", action="store_true", help="only set labels; another plugin offers the devices")
    add("--node-name", default=os.environ.get("NODE_NAME", ""), metavar="NAME", help="default: $NODE_NAME")
    add("--interval", default=1.0, type=float, metavar="S", help="seconds between two checks of the node (default: 1)")
    add(
        "--ready-file",
        default="",
        metavar="FILE",
        help="file that exists while the kubelet has all resources and the node has its labels",
    )
    given = parser.parse_args(arguments)
    for name in ("host_root", "driver_root", "plugin_directory"):
        if not getattr(given, name).startswith("/"):
            parser.error(
                f"--{name.replace('_', '-')}: {getattr(given, name)!r} is not allowed: must be an absolute path"
            )
    if not 0.05 <= given.interval <= 60:
        parser.error(f"--interval: {given.interval} is not allowed: must be 0.05 to 60 seconds")
    if given.cdi_kind.count("/") != 1 or "=" in given.cdi_kind:
        parser.error(f"--cdi-kind: {given.cdi_kind!r} is not allowed: must be vendor/class, such as nvidia.com/gpu")
    try:
        replicas = _replicas(given.time_slicing)
    except ValueError as error:
        parser.error(f"--time-slicing: {error}")
    sharing = Sharing(replicas, given.rename_by_default, given.fail_requests_greater_than_one)
    return Options(
        host_root=given.host_root,
        driver_root=given.driver_root,
        plugin_directory=given.plugin_directory,
        cdi=given.cdi,
        cdi_kind=given.cdi_kind,
        mig_strategy=given.mig_strategy,
        sharing=sharing,
        labels=not given.no_labels,
        devices=not given.no_devices,
        node_name=given.node_name,
        interval=given.interval,
        ready_file=given.ready_file,
    )


def _replicas(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in filter(None, text.split(",")):
        name, separator, number = part.partition("=")
        if not separator or not (name == GPU or name.startswith(MIG_PREFIX)):
            raise ValueError(f"{part!r} is not allowed: must be {GPU}=N or {MIG_PREFIX}<profile>=N")
        if not (number.isascii() and number.isdigit() and 2 <= int(number) <= MAX_REPLICAS):
            raise ValueError(f"{part!r} is not allowed: N must be 2 to {MAX_REPLICAS}")
        if name in found:
            raise ValueError(f"{name} is given twice")
        found[name] = int(number)
    return found
