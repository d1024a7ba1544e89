# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The command line of gpu-mock-dra-driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from device_plugin import node_flags

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
    share_gpus: bool
    dynamic_mig: bool
    node_name: str
    interval: float
    ready_file: str


def parse(arguments: Sequence[str]) -> Options:
    """Options of a command line; a bad one ends the program with one line and status 2."""
    parser = node_flags.Parser(
        prog="gpu-mock-dra-driver",
        allow_abbrev=False,
        description="Offers the mock GPUs in this node's machine file by ResourceClaims.",
    )
    add = parser.add_argument
    node_flags.add_roots(parser)
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
    node_flags.add_cdi_kind(parser)
    add(
        "--fault-effect",
        default=NO_SCHEDULE,
        choices=(NO_SCHEDULE, NO_EXECUTE),
        help="effect of the taint of an unhealthy device: NoExecute also evicts the pods that use it (default: %(default)s)",
    )
    add(
        "--share-gpus",
        action="store_true",
        help="let several claims share a GPU, each with a part of its memory (Kubernetes 1.36 and later)",
    )
    add(
        "--dynamic-mig",
        action="store_true",
        help="offer every MIG device that a GPU without MIG devices could have, and create it for the claim that gets it"
        " (Kubernetes 1.36 and later); the node must be writable, and the process needs CAP_MKNOD",
    )
    node_flags.add_watch(parser, "the driver is registered and its devices are published")
    given = parser.parse_args(arguments)
    node_flags.check(parser, given, ("host_root", "driver_root", "kubelet_directory", "cdi_directory"))
    if not given.node_name:
        parser.error("--node-name: '' is not allowed: must be the name of this pod's node (or set $NODE_NAME)")
    if given.dynamic_mig and given.share_gpus:
        parser.error("--dynamic-mig: not allowed with --share-gpus: a GPU is either cut or shared")
    return Options(**vars(given))
