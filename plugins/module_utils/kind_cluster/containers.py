# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Node containers, from the output of ``docker inspect`` and ``podman inspect``."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple, Optional

from ..errors import NvmockError

LABEL_CLUSTER = "io.x-k8s.kind.cluster"
LABEL_ROLE = "io.x-k8s.kind.role"
# The roles of the nodes that run Kubernetes. A cluster with several control planes also has a load balancer.
ROLES = ("control-plane", "worker")

# RFC 3339. docker writes times with Z, and podman with its time zone.
_INSTANT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})?")


class Container(NamedTuple):
    """A container of the cluster. ``image`` is the ID of its image, ``image_name`` the name, ``created`` a time in RFC 3339 format."""

    name: str
    id: str
    role: str
    image: str
    image_name: str
    status: str
    created: str


def read(text: str) -> list[Container]:
    """Return the containers in the output of ``inspect``, in its order.

    :raises NvmockError: the output is not a list of containers.
    """
    try:
        found = json.loads(text)
        return [_container(one) for one in found]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NvmockError(f"kind_cluster: can't parse the engine's description of the containers: {error!r}") from None


def _container(one: dict[str, Any]) -> Container:
    config = one["Config"]
    return Container(
        name=one["Name"].lstrip("/"),
        id=one["Id"],
        role=(config.get("Labels") or {}).get(LABEL_ROLE, ""),
        image=one["Image"],
        image_name=config["Image"],
        status=one["State"]["Status"],
        created=one["Created"],
    )


def nodes(containers: Iterable[Container]) -> list[Container]:
    """Return the containers that are nodes, in kind's order: control planes, then workers, each by number."""

    def order(one: Container) -> tuple[int, int]:
        number = re.search("[0-9]+$", one.name)
        return ROLES.index(one.role), int(number[0]) if number else 1

    return sorted((one for one in containers if one.role in ROLES), key=order)


def shape(roles: Iterable[str]) -> str:
    """Return the number of nodes per role, such as ``1 control-plane and 2 worker``."""
    all_roles = list(roles)
    return " and ".join(f"{all_roles.count(role)} {role}" for role in ROLES)


def not_running(containers: Iterable[Container]) -> list[Container]:
    """Return the containers with another status than running."""
    return [one for one in containers if one.status != "running"]


def cure(provider: str, containers: Iterable[Container]) -> str:
    """Return the command that starts the containers that are not running."""
    paused: list[str] = []
    stopped: list[str] = []
    for one in not_running(containers):
        (paused if one.status == "paused" else stopped).append(one.name)
    commands = [" ".join([provider, *words]) for words in (["unpause", *paused], ["start", *stopped]) if words[1:]]
    return " && ".join(commands)


def instant(text: str) -> Optional[datetime.datetime]:
    """Parse a time in RFC 3339 format, to the second. Without a time zone it is UTC. None if *text* has another format."""
    found = _INSTANT.fullmatch(text)
    if found is None:
        return None
    zone = "+00:00" if found[2] in (None, "Z") else found[2]
    try:
        return datetime.datetime.fromisoformat(found[1] + zone)
    except ValueError:
        return None
