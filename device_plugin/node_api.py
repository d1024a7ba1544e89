# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The Node object of the API server: its kubelet's version, and its labels. For these few calls, a client of a few lines is enough."""

from __future__ import annotations

import http.client
import json
import os
import ssl
import threading
import time
from typing import Any

from nvmock_gpu.errors import NvmockError

from .log import Once, described, log

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
OWNED = "nvmock.gpu/labels"
"""Annotation that lists the managed labels of a node, so that exactly those can be removed."""
_PAUSE = 5.0
_LOOK_AGAIN = 60.0


class ApiError(NvmockError):
    """The API server can't be reached, or refuses."""


class NodeApi:
    """Calls of a pod with a service account."""

    def __init__(self, node: str, host: str, port: int, account: str = ACCOUNT) -> None:
        self._path = f"/api/v1/nodes/{node}"
        self._host = host
        self._port = port
        self._account = account

    def get(self) -> dict[str, Any]:
        """The Node object."""
        return self._call("GET", None)

    def patch(self, metadata: dict[str, Any]) -> None:
        """Merge into the node's metadata; a value of None removes its key."""
        self._call("PATCH", json.dumps({"metadata": metadata}))

    def kubelet_version(self) -> str | None:
        """The version, such as ``v1.31.0``; None if it can't be determined."""
        try:
            version: str = self.get()["status"]["nodeInfo"]["kubeletVersion"]
        except (ApiError, KeyError, TypeError) as error:
            log(f"can't determine the kubelet's version: {error}")
            return None
        return version

    def _call(self, method: str, body: str | None) -> dict[str, Any]:
        try:
            # The kubelet renews the token.
            with open(f"{self._account}/token", encoding="ascii") as file:
                token = file.read().strip()
            context = ssl.create_default_context(cafile=f"{self._account}/ca.crt")
            connection = http.client.HTTPSConnection(self._host, self._port, timeout=5, context=context)
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/merge-patch+json"}
            try:
                connection.request(method, self._path, body, headers)
                response = connection.getresponse()
                content = response.read()
            finally:
                connection.close()
            answer = json.loads(content)
            if not isinstance(answer, dict):
                raise ValueError("its answer is not an object")
        except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
            raise ApiError(f"the API server at {self._host}:{self._port}: {error}") from None
        if response.status != http.client.OK:
            raise ApiError(f"the API server refuses {method} {self._path}: {answer.get('message', response.reason)}")
        return answer


def in_cluster(node: str) -> NodeApi | None:
    """The API of the cluster that this pod runs in; None outside of a cluster, or without the name of the node."""
    host = os.environ.get("KUBERNETES_SERVICE_HOST")
    if not node or not host or not os.path.exists(f"{ACCOUNT}/token"):
        return None
    return NodeApi(node, host, int(os.environ.get("KUBERNETES_SERVICE_PORT", "443")))


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
