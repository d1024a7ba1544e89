# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Node containers, as ``docker inspect`` and ``podman inspect`` show them."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple, Optional

from ..errors import NvmockError

LABEL_CLUSTER = "io.x-k8s.kind.cluster"
LABEL_ROLE = "io.x-k8s.kind.role"
# Of the nodes that run Kubernetes. A cluster with several control planes has a load balancer, too.
ROLES = ("control-plane", "worker")

# RFC 3339, of which docker writes the form with Z and podman that of its time zone.
_INSTANT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})?")


class Container(NamedTuple):
    """A container of the cluster. ``image`` is an id, ``image_name`` the name it was made from, ``created`` a time of RFC 3339."""

    name: str
    id: str
    role: str
    image: str
    image_name: str
    status: str
    created: str


def read(text: str) -> list[Container]:
    """The containers in the output of ``inspect``, in its order.

    :raises NvmockError: it is no list of containers.
    """
    try:
        found = json.loads(text)
        return [_container(one) for one in found]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NvmockError(f"kind_cluster: can't read what the engine says of its containers: {error!r}") from None


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
    """Those that are nodes, in kind's own order: control planes, then workers, each by number."""

    def order(one: Container) -> tuple[int, int]:
        number = re.search("[0-9]+$", one.name)
        return ROLES.index(one.role), int(number[0]) if number else 1

    return sorted((one for one in containers if one.role in ROLES), key=order)


def shape(roles: Iterable[str]) -> str:
    """How many nodes of each role, in words."""
    all_roles = list(roles)
    return " and ".join(f"{all_roles.count(role)} {role}" for role in ROLES)


def not_running(containers: Iterable[Container]) -> list[Container]:
    """Those that are stopped, paused, or anything but running."""
    return [one for one in containers if one.status != "running"]


def cure(provider: str, containers: Iterable[Container]) -> str:
    """The command that makes those run that do not."""
    paused: list[str] = []
    stopped: list[str] = []
    for one in not_running(containers):
        (paused if one.status == "paused" else stopped).append(one.name)
    commands = [" ".join([provider, *words]) for words in (["unpause", *paused], ["start", *stopped]) if words[1:]]
    return " && ".join(commands)


def instant(text: str) -> Optional[datetime.datetime]:
    """A time of RFC 3339, to the second; without a zone it is UTC. None where it is no such time."""
    found = _INSTANT.fullmatch(text)
    if found is None:
        return None
    zone = "+00:00" if found[2] in (None, "Z") else found[2]
    try:
        return datetime.datetime.fromisoformat(found[1] + zone)
    except ValueError:
        return None
