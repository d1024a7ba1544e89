# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The record that the role kind_cluster keeps of a cluster (cluster.json), and what it says about whose the cluster is."""

from __future__ import annotations

import datetime
import json
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple, Optional

from ..errors import NvmockError
from .containers import Container, instant

# The fields and their values where nothing is recorded. ``phase`` is none, creating, created, or used (a cluster of others).
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
# How long after kind's time is over a container of it may still appear.
_GRACE_SECONDS = 60


def read(text: str, path: str) -> dict[str, Any]:
    """The record in *text*, with every field of `EMPTY`; an empty text is no record.

    :arg path: of the file, for messages.
    :raises NvmockError: it is damaged.
    """

    def damaged(why: str) -> NvmockError:
        return NvmockError(
            f"kind_cluster: the record {path} is damaged ({why}): remove it; the cluster then counts as somebody else's"
        )

    try:
        found = json.loads(text or "{}")
    except ValueError as error:
        raise damaged(str(error)) from None
    if not isinstance(found, dict):
        raise damaged("it is no object")
    for field, empty in EMPTY.items():
        if field in found and type(found[field]) is not type(empty):
            raise damaged(f"{field} is {found[field]!r}")
    if found.get("phase") == "creating" and instant(found.get("started", "")) is None:
        raise damaged(f"started is {found.get('started', '')!r}")
    return {**EMPTY, **found}


class Standing(NamedTuple):
    """Whose a cluster is.

    ``owned``: each container is one that was recorded when ``kind create`` was done. ``half_made``: it was recorded that the
    cluster was about to be created, when there was none, and the containers came right then.
    """

    exists: bool
    owned: bool
    half_made: bool

    @property
    def usable(self) -> bool:
        return self.exists and not self.half_made

    @property
    def stays(self) -> bool:
        """Somebody else's, or ours of a record that is lost: it is cleaned and not deleted."""
        return self.exists and not self.owned and not self.half_made


def standing(containers: Collection[Container], record: dict[str, Any], create_seconds: int) -> Standing:
    """Whose the cluster of *containers* is, by *record*.

    :arg create_seconds: how long kind had to create it.
    """
    exists = bool(containers)
    owned = half_made = False
    if record["phase"] == "created":
        owned = exists and {one.id for one in containers} <= set(record["containers"].values())
    elif record["phase"] == "creating":
        half_made = exists and _made_in_time(containers, record["started"], create_seconds)
    return Standing(exists, owned, half_made)


def _made_in_time(containers: Iterable[Container], started: str, seconds: int) -> bool:
    begin = instant(started)
    if begin is None:
        return False
    deadline = begin + datetime.timedelta(seconds=seconds + _GRACE_SECONDS)
    times = [instant(one.created) for one in containers]
    return all(time is not None and time <= deadline for time in times)


class File(NamedTuple):
    """A file that is there: its SHA-1, and its permissions as in 0o600."""

    checksum: str
    mode: int


def kubeconfig_is_good(
    record: dict[str, Any], containers: Iterable[Container], path: str, merged: bool, file: Optional[File]
) -> bool:
    """Whether the kubeconfig is the one that kind gave for exactly these containers, and nobody has touched it since.

    :arg path: of the kubeconfig. ``file`` is what lies there, or None.
    :arg merged: whether it is to be merged into a file of the user's.
    """
    return (
        file is not None
        and (record["kubeconfig"], record["kubeconfig_merged"]) == (path, merged)
        and sorted(record["seen"]) == sorted(one.id for one in containers)
        and (record["kubeconfig_checksum"], 0o600) == (file.checksum, file.mode)
    )
