# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The machine that will run a cluster's nodes: what would make a creation fail, known before kind is started."""

from __future__ import annotations

import errno
import os
import re
import socket
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Optional

GIB = 1 << 30
# An idle node of Kubernetes 1.37 has 27 inotify instances with 264 watches as a control plane, and 14 with 137 as a worker.
_INSTANCES = {"control-plane": 30, "worker": 16}
_WATCHES = 1024
# With less than this, systemd or the kubelet of a node does not start.
_FEWEST_INSTANCES = 8
_FEWEST_WATCHES = 64
# The engine copies the images of a node, about 1 GiB, from the node image to a volume of each node.
_LEAST_SPACE = GIB // 2
_SPACE = 2 * GIB
_NVIDIA_NODE = re.compile(r"nvidia([0-9]+|ctl|-modeset|-uvm|-uvm-tools|-caps)")

Port = tuple[str, int, str]
"""Address, number and protocol (TCP, UDP) on which the engine will listen."""


class Facts(NamedTuple):
    """What was read of the machine; None or empty where nothing could be read.

    ``devices`` are the paths of NVIDIA device nodes, ``space`` the free bytes below ``directory``, where the engine keeps its data,
    ``instances_used`` the inotify instances of root's processes.
    """

    devices: tuple[str, ...] = ()
    busy: tuple[Port, ...] = ()
    directory: str = ""
    space: Optional[int] = None
    instances: Optional[int] = None
    instances_used: int = 0
    watches: Optional[int] = None


class Judgement(NamedTuple):
    """Each text is one line that says what to do.

    ``problems`` let the creation fail, ``warnings`` may let it fail.
    """

    problems: list[str]
    warnings: list[str]


def roles(config: Mapping[str, Any]) -> list[str]:
    """The roles of the nodes in a configuration of kind."""
    return [str(node.get("role", "control-plane")) for node in config.get("nodes") or [{}]]


def ports(config: Mapping[str, Any]) -> list[Port]:
    """The ports that a configuration of kind names; kind chooses a free one for the API server without one."""
    networking = config.get("networking") or {}
    found = [(networking.get("apiServerAddress") or "127.0.0.1", networking.get("apiServerPort"), "TCP")]
    for node in config.get("nodes") or []:
        for mapping in node.get("extraPortMappings") or []:
            address = mapping.get("listenAddress") or "0.0.0.0"
            found.append((address, mapping.get("hostPort"), str(mapping.get("protocol") or "TCP").upper()))
    return [
        (str(address), number, protocol)
        for address, number, protocol in found
        if isinstance(number, int) and 0 < number < 65536
    ]


def judge(facts: Facts, config: Mapping[str, Any]) -> Judgement:
    """Judge a machine on which kind will create the cluster of *config*."""
    problems: list[str] = []
    warnings: list[str] = []
    count = len(roles(config))
    for address, number, protocol in facts.busy:
        problems.append(
            f"port {number} ({protocol}) of {address} is in use: stop what listens there, or name another one in"
            " kind_cluster_config or kind_cluster_nodes"
        )
    if facts.space is not None:
        text = (
            f"{facts.space / GIB:.1f} GiB are free in {facts.directory}, and {count} {'nodes need' if count > 1 else 'node needs'}"
            f" about {count * _SPACE // GIB} GiB: remove unused images and volumes"
        )
        _sort(facts.space, count * _LEAST_SPACE, count * _SPACE, text, problems, warnings)
    if facts.instances is not None:
        needed = sum(_INSTANCES.get(role, 0) for role in roles(config))
        text = (
            f"fs.inotify.max_user_instances is {facts.instances}, of which {facts.instances_used} are in use, and the cluster needs"
            f" about {needed}: run 'sudo sysctl fs.inotify.max_user_instances=512'"
        )
        free = facts.instances - facts.instances_used
        if facts.instances < count * _FEWEST_INSTANCES:
            problems.append(text)
        elif free < needed:
            warnings.append(text)
    if facts.watches is not None:
        text = (
            f"fs.inotify.max_user_watches is {facts.watches}, and the cluster needs up to {count * _WATCHES}: run"
            " 'sudo sysctl fs.inotify.max_user_watches=524288'"
        )
        _sort(facts.watches, count * _FEWEST_WATCHES, count * _WATCHES, text, problems, warnings)
    return Judgement(problems, warnings)


def _sort(value: int, least: int, enough: int, text: str, problems: list[str], warnings: list[str]) -> None:
    if value < least:
        problems.append(text)
    elif value < enough:
        warnings.append(text)


def look(config: Mapping[str, Any], directory: str, top: str = "/") -> Facts:
    """Read what *config* needs to know of this machine.

    :arg directory: where the engine keeps its data.
    :arg top: the directory whose ``dev`` and ``proc`` are read.
    """
    names = _names(os.path.join(top, "dev"))
    return Facts(
        devices=tuple(f"/dev/{name}" for name in names if _NVIDIA_NODE.fullmatch(name)),
        busy=tuple(port for port in ports(config) if is_busy(port)),
        directory=directory,
        space=_space(directory),
        instances=_number(os.path.join(top, "proc/sys/fs/inotify/max_user_instances")),
        instances_used=_instances_of_root(os.path.join(top, "proc")),
        watches=_number(os.path.join(top, "proc/sys/fs/inotify/max_user_watches")),
    )


def is_busy(port: Port) -> bool:
    """Whether another program listens on the port."""
    address, number, protocol = port
    kind = {"TCP": socket.SOCK_STREAM, "UDP": socket.SOCK_DGRAM}.get(protocol)
    if kind is None:
        return False
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, kind) as probe:
            if protocol == "TCP":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, number))
    except OSError as error:
        return error.errno == errno.EADDRINUSE
    return False


def _names(path: str) -> list[str]:
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


def _space(directory: str) -> Optional[int]:
    try:
        status = os.statvfs(directory)
    except (OSError, ValueError):
        return None
    return status.f_bavail * status.f_frsize


def _number(path: str) -> Optional[int]:
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def _instances_of_root(proc: str) -> int:
    """The inotify instances of root's processes, as far as this user may look: the limit is one for each user."""
    return sum(_instances(os.path.join(proc, name)) for name in _names(proc) if name.isdigit())


def _instances(process: str) -> int:
    try:
        if os.stat(process).st_uid != 0:
            return 0
    except OSError:
        return 0
    links: Iterable[str] = (os.path.join(process, "fd", name) for name in _names(os.path.join(process, "fd")))
    return sum(_target(link) == "anon_inode:inotify" for link in links)


def _target(link: str) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ""
