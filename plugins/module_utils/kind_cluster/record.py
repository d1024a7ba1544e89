# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The record of the role kind_cluster about a cluster (cluster.json), which determines whether the cluster is managed."""

from __future__ import annotations

import datetime
import json
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple, Optional

from ..errors import NvmockError
from .containers import Container, instant

# The fields and their default values. ``phase`` is none, creating, created, or used (an unmanaged cluster).
EMPTY: dict[str, Any] = {
    "format": 1,
    "phase": "none",
    "started": "",
    "node_image": "",
    "containers": {},
    "seen": [],
    "kubeconfig": "",
    "kubeconfig_checksum": "",
    "kubeconfig_merged": False,
}
# How long after kind's timeout its containers may still be created.
_GRACE_SECONDS = 60


def read(text: str, path: str) -> dict[str, Any]:
    """Parse the record in *text*, and add the missing fields of `EMPTY`. An empty text is an empty record.

    :arg path: the path of the file, for messages.
    :raises NvmockError: the record is damaged.
    """

    def damaged(why: str) -> NvmockError:
        return NvmockError(
            f"kind_cluster: the record {path} is damaged ({why}): remove it; the cluster is then unmanaged"
        )

    try:
        found = json.loads(text or "{}")
    except ValueError as error:
        raise damaged(str(error)) from None
    if not isinstance(found, dict):
        raise damaged("it is not an object")
    for field, empty in EMPTY.items():
        if field in found and type(found[field]) is not type(empty):
            raise damaged(f"{field} is {found[field]!r}")
    if found.get("phase") == "creating" and instant(found.get("started", "")) is None:
        raise damaged(f"started is {found.get('started', '')!r}")
    return {**EMPTY, **found}


class Standing(NamedTuple):
    """Whether a cluster exists and is managed.

    ``owned``: the record contains each container, so ``kind create`` of the role created them. ``half_made``: the record has the
    phase ``creating``, and the containers were created in this phase.
    """

    exists: bool
    owned: bool
    half_made: bool

    @property
    def usable(self) -> bool:
        return self.exists and not self.half_made

    @property
    def stays(self) -> bool:
        """Whether the cluster is kept, because it is unmanaged or its record is lost. It is cleaned and not deleted."""
        return self.exists and not self.owned and not self.half_made


def standing(containers: Collection[Container], record: dict[str, Any], create_seconds: int) -> Standing:
    """Determine from *record* whether the cluster with *containers* is managed.

    :arg create_seconds: kind's timeout.
    """
    exists = bool(containers)
    owned = half_made = False
    if record["phase"] == "created":
        owned = exists and {one.id for one in containers} <= set(record["containers"].values())
    elif record["phase"] == "creating":
        half_made = exists and _made_in_time(containers, record["started"], create_seconds)
    return Standing(exists, owned, half_made)


def is_known(containers: Iterable[Container], record: dict[str, Any]) -> bool:
    """Whether *record* names at least one of the containers: the cluster that it was written for is still there."""
    recorded = {*record["containers"].values(), *record["seen"]}
    return any(one.id in recorded for one in containers)


def _made_in_time(containers: Iterable[Container], started: str, seconds: int) -> bool:
    begin = instant(started)
    if begin is None:
        return False
    deadline = begin + datetime.timedelta(seconds=seconds + _GRACE_SECONDS)
    times = [instant(one.created) for one in containers]
    return all(time is not None and time <= deadline for time in times)


class File(NamedTuple):
    """An existing file: its SHA-1, and its permissions, such as 0o600."""

    checksum: str
    mode: int


def kubeconfig_is_good(
    record: dict[str, Any], containers: Iterable[Container], path: str, merged: bool, file: Optional[File]
) -> bool:
    """Whether the kubeconfig is the one that kind wrote for exactly these containers, without later changes.

    :arg path: the path of the kubeconfig. ``file`` describes the existing file, or is None.
    :arg merged: whether it should be merged into the user's file.
    """
    return (
        file is not None
        and (record["kubeconfig"], record["kubeconfig_merged"]) == (path, merged)
        and sorted(record["seen"]) == sorted(one.id for one in containers)
        and (record["kubeconfig_checksum"], 0o600) == (file.checksum, file.mode)
    )
