# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import node_flags
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


def parse(arguments: Sequence[str]) -> Options:
    """Options of a command line; a bad one ends the program with one line and status 2."""
    parser = node_flags.Parser(
        prog="gpu-mock-device-plugin",
        allow_abbrev=False,
        description="Offers the mock GPUs in this node's machine file to its kubelet.",
    )
    add = parser.add_argument
    node_flags.add_roots(parser)
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
    node_flags.add_cdi_kind(parser)
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
    node_flags.add_watch(parser, "the kubelet has all resources and the node has its labels")
    given = parser.parse_args(arguments)
    node_flags.check(parser, given, ("host_root", "driver_root", "plugin_directory"))
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
