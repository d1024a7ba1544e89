# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The Node object of the API server: its kubelet's version, and its labels. For these few calls, a client of a few lines is enough."""

from __future__ import annotations

import threading
import time
from typing import Any

from . import api_server
from .api_server import ApiError, ApiServer
from .log import Once, described, log

OWNED = "nvmock.gpu/labels"
"""Annotation that lists the managed labels of a node, so that exactly those can be removed."""
_PAUSE = 5.0
_LOOK_AGAIN = 60.0


class NodeApi:
    """The Node object of this pod's node."""

    def __init__(self, server: ApiServer, node: str) -> None:
        self._server = server
        self._path = f"/api/v1/nodes/{node}"

    def get(self) -> dict[str, Any]:
        """The Node object."""
        return self._server.call("GET", self._path)

    def patch(self, metadata: dict[str, Any]) -> None:
        """Merge into the node's metadata; a value of None removes its key."""
        self._server.call("PATCH", self._path, {"metadata": metadata}, "application/merge-patch+json")

    def kubelet_version(self) -> str | None:
        """The version, such as ``v1.31.0``; None if it can't be determined."""
        try:
            version: str = self.get()["status"]["nodeInfo"]["kubeletVersion"]
        except (ApiError, KeyError, TypeError) as error:
            log(f"can't determine the kubelet's version: {error}")
            return None
        return version


def in_cluster(node: str) -> NodeApi | None:
    """The Node object in the cluster that this pod runs in; None outside of a cluster, or without the name of the node."""
    server = api_server.in_cluster()
    return None if server is None or not node else NodeApi(server, node)


class LabelKeeper(threading.Thread):
    """Keeps a node's labels up to date, in a separate thread: a slow API server must not delay the plugin."""

    def __init__(self, api: NodeApi) -> None:
        super().__init__(name="labels", daemon=True)
        self._api = api
        self._wanted: dict[str, str] | None = None
        self._kept: dict[str, str] | None = None
        self._changed = threading.Event()
        self._trouble = Once()
        self._foreign = Once()

    def want(self, labels: dict[str, str]) -> bool:
        """Set the labels that the node should have from now on.

        :returns: whether the node already has them.
        """
        if labels != self._wanted:
            self._wanted = dict(labels)
            self._changed.set()
            return False
        return self._kept == labels

    def run(self) -> None:
        while True:
            self._changed.wait(_LOOK_AGAIN)
            self._changed.clear()
            wanted = self._wanted
            if wanted is None:
                continue
            try:
                self.keep(wanted)
                self._kept = wanted
                self._trouble.over()
            except ApiError as error:
                self._failed(str(error))
            except (
                Exception
            ) as error:  # without this thread, the labels would stay as they are for as long as the pod runs
                self._failed(described(error))

    def _failed(self, reason: str) -> None:
        self._trouble.say(f"labels: {reason}")
        time.sleep(_PAUSE)
        self._changed.set()

    def keep(self, wanted: dict[str, str]) -> None:
        """Compare once, and patch what differs. An unmanaged label is not changed.

        :raises ApiError: the API server can't be reached, or refuses.
        """
        metadata = self._api.get()["metadata"]
        labels = metadata.get("labels") or {}
        owned = set(filter(None, (metadata.get("annotations") or {}).get(OWNED, "").split(",")))
        foreign = sorted(key for key in wanted if key in labels and key not in owned and labels[key] != wanted[key])
        if foreign:
            self._foreign.say(f"labels: {', '.join(foreign)} exist and are not managed by this plugin: not changed")
        ours = {key: value for key, value in wanted.items() if key not in foreign}
        changes: dict[str, str | None] = {key: None for key in owned - set(ours) if key in labels}
        changes.update({key: value for key, value in ours.items() if labels.get(key) != value})
        mine = owned & set(ours) | {key for key in ours if key not in labels}
        note = ",".join(sorted(mine)) or None
        if changes or mine != owned:
            self._api.patch({"labels": changes, "annotations": {OWNED: note}})
            log(f"labels: {len(mine)} labels of this node are managed, {len(changes)} changed")
