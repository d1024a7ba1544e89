# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Keeps the node's ResourceSlices as they should be, in a thread of its own: a slow API server must not delay Prepare.

The kubelet deletes them when it starts, and when the driver has not been connected for 30 seconds. So they are compared every second.
"""

from __future__ import annotations

import http.client
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from device_plugin.api_server import ApiError
from device_plugin.log import Once, described, log

from .names import DRIVER, GROUP
from .slices import changes, name_prefix

if TYPE_CHECKING:
    from device_plugin.api_server import ApiServer

    from .slices import Content

SLICES = f"{GROUP}/resourceslices"
_PAUSE = 5.0


class SliceKeeper(threading.Thread):
    """The slices of one node.

    :arg interval: seconds between two looks.
    """

    def __init__(self, server: ApiServer, node: str, interval: float) -> None:
        super().__init__(name="slices", daemon=True)
        self._server = server
        self._node = node
        self._interval = interval
        self._wanted: list[Content] | None = None
        self._kept: list[Content] | None = None
        # By name: the version that the server made of what was wanted. A server without a feature drops its fields.
        self._written: dict[str, tuple[str, Content]] = {}
        self._changed = threading.Event()
        self._trouble = Once()
        self._stopped = False

    def stop(self) -> None:
        """End the thread. The slices stay: the driver may only be restarted."""
        self._stopped = True
        self._changed.set()

    def want(self, wanted: list[Content] | None) -> bool:
        """Set what each slice has from now on.

        :arg wanted: None to leave the slices as they are.
        :returns: whether they were published when they were last compared.
        """
        if wanted != self._wanted:
            self._wanted = wanted
            self._changed.set()
            return False
        return self._kept == wanted

    def run(self) -> None:
        while not self._stopped:
            self._changed.wait(self._interval)
            self._changed.clear()
            wanted = self._wanted
            if wanted is None or self._stopped:
                continue
            try:
                self.keep(wanted)
                self._kept = wanted
                self._trouble.over()
            except ApiError as error:
                self._kept = None
                if error.status != http.client.CONFLICT:  # changed since it was read
                    self._trouble.say(f"ResourceSlices: {error}")
                    time.sleep(min(_PAUSE, self._interval * 5))
            except (
                Exception
            ) as error:  # without this thread, the slices would stay as they are for as long as the pod runs
                self._kept = None
                self._trouble.say(f"ResourceSlices: {described(error)}")
                time.sleep(min(_PAUSE, self._interval * 5))

    def keep(self, wanted: list[Content]) -> None:
        """Compare once, and change what differs.

        :raises ApiError: the API server can't be reached, or refuses.
        """
        selector = quote(f"spec.driver={DRIVER},spec.nodeName={self._node}", safe="")
        existing = self._server.call("GET", f"{SLICES}?fieldSelector={selector}").get("items") or []
        names = set()
        for one in existing:
            name = one["metadata"]["name"]
            names.add(name)
            version, content = self._written.get(name, ("", None))
            if content is not None and version == one["metadata"]["resourceVersion"]:
                one["spec"].update(_with_times(content, one["spec"].get("devices") or []))
        self._written = {name: known for name, known in self._written.items() if name in names}
        calls = changes(existing, wanted, self._node)
        if not calls:
            return
        node = self._server.call("GET", f"/api/v1/nodes/{self._node}")
        owner = {
            "apiVersion": "v1",
            "kind": "Node",
            "name": self._node,
            "uid": node["metadata"]["uid"],
            "controller": True,
        }
        for change in calls:
            if change.spec is None:
                self._remove(change.old)
                continue
            metadata: dict[str, Any] = {"ownerReferences": [owner]}
            method, path = "POST", SLICES
            if change.old is None:
                metadata["generateName"] = name_prefix(change.place, self._node)
            else:
                metadata["name"] = change.old["metadata"]["name"]
                metadata["resourceVersion"] = change.old["metadata"]["resourceVersion"]
                method, path = "PUT", f"{SLICES}/{metadata['name']}"
            body = {
                "apiVersion": "resource.k8s.io/v1",
                "kind": "ResourceSlice",
                "metadata": metadata,
                "spec": change.spec,
            }
            made = self._server.call(method, path, body)["metadata"]
            self._written[made["name"]] = (made["resourceVersion"], wanted[change.place])
        count = sum(len(content.get("devices", ())) for content in wanted)
        log(f"ResourceSlices: {count} devices in {len(wanted)} slices, {len(calls)} changed")

    def _remove(self, old: dict[str, Any] | None) -> None:
        try:
            if old is not None:
                self._server.call("DELETE", f"{SLICES}/{old['metadata']['name']}")
        except ApiError as error:
            if error.status != http.client.NOT_FOUND:
                raise


def _with_times(content: Content, stored: list[dict[str, Any]]) -> Content:
    """What was written, with the times of taints that the server has added."""
    by_name = {one["name"]: one.get("taints") or [] for one in stored}
    found = []
    for one in content.get("devices", ()):
        taints = by_name.get(one["name"], [])
        found.append({**one, "taints": taints} if one.get("taints") and taints else one)
    return {**content, "devices": found} if found else content
