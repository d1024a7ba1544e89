# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The API server of a cluster, for the modules that ask it and change objects.

The paths are those of the Kubernetes API reference, so that no discovery is needed.
"""

from __future__ import annotations

import json

from ..errors import NvmockError
from . import access

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# kind -> (path of the API, resource, whether it is in a namespace)
KINDS = {
    "ClusterRole": ("/apis/rbac.authorization.k8s.io/v1", "clusterroles", False),
    "ClusterRoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings", False),
    "ConfigMap": ("/api/v1", "configmaps", True),
    "DaemonSet": ("/apis/apps/v1", "daemonsets", True),
    "Event": ("/api/v1", "events", True),
    "Job": ("/apis/batch/v1", "jobs", True),
    "Namespace": ("/api/v1", "namespaces", False),
    "Node": ("/api/v1", "nodes", False),
    "Pod": ("/api/v1", "pods", True),
    "RuntimeClass": ("/apis/node.k8s.io/v1", "runtimeclasses", False),
    "Secret": ("/api/v1", "secrets", True),
    "ServiceAccount": ("/api/v1", "serviceaccounts", True),
}
_MANAGER = "nvmock.gpu"
"""The owner of the fields that are applied (Kubernetes' server-side apply)."""
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""The annotation of objects that kubectl or kubernetes.core applied without the server."""


class Server:
    """The API server of a cluster.

    :arg kubeconfig: its file; None for the usual one, or the service account of the pod.
    :arg context: in that file; None for the current one.
    :arg seconds: for which a request waits for its answer.
    :raises NvmockError: the library is missing, or the file can't be used.
    """

    def __init__(self, kubeconfig: str | None, context: str | None, seconds: int) -> None:
        self._seconds = seconds
        self._client: Any = None
        self._plain = access.plain(kubeconfig or access.usual_file(), context)
        if self._plain is None:
            self._load_library(kubeconfig, context)

    def _load_library(self, kubeconfig: str | None, context: str | None) -> None:
        """Have the library ``kubernetes`` read the kubeconfig: it takes as long as ten requests, and supports everything."""
        try:
            from kubernetes import client, config
        except ImportError:
            raise NvmockError(
                "the Python library kubernetes is missing on the machine that asks the API server: pip install kubernetes"
            ) from None
        try:
            self._client = config.new_client_from_config(kubeconfig or None, context or None)  # type: ignore[no-untyped-call]
        except Exception as error:  # of a file that is missing, is no kubeconfig, or names files that are missing
            if kubeconfig:
                raise NvmockError(f"kubeconfig: {kubeconfig} can't be used: {' '.join(str(error).split())}") from None
            try:
                config.load_incluster_config()  # type: ignore[no-untyped-call]
                self._client = client.ApiClient()
            except Exception:
                raise NvmockError(f"no kubeconfig can be used: {' '.join(str(error).split())}") from None

    def answer(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the objects that the query asks for, an empty list if there are none. Pods may get a field ``logs``: the lines by
        container.

        :raises NvmockError: no answer, or one that is no success.
        """
        path = _path(query["kind"], query["namespace"], query["name"])
        parameters = [
            (name, ",".join(query[option]))
            for name, option in (("labelSelector", "label_selectors"), ("fieldSelector", "field_selectors"))
            if query[option] and not query["name"]
        ]
        text = self._get(path, parameters)
        if text is None:
            return []
        said = json.loads(text)
        objects: list[dict[str, Any]] = said.get("items") or [] if "items" in said else [said]
        for one in objects:
            # Half of the text of a node, and no role reads it. Ansible copies a result several times.
            one["metadata"].pop("managedFields", None)
            if query["kind"] == "Node":
                one.get("status", {}).pop("images", None)
        if query["logs"]:
            for one in objects:
                one["logs"] = self._logs(one, query["tail_lines"])
        return objects

    def _logs(self, pod: dict[str, Any], tail_lines: int) -> dict[str, list[str]]:
        status = pod.get("status", {})
        place = f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}/log"
        logs = {}
        for one in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]:
            if one.get("containerID"):  # it has started
                parameters = [("container", one["name"]), ("tailLines", str(tail_lines))]
                text = self._get(place, parameters, or_nothing=True) or b""
                logs[one["name"]] = [line for line in text.decode("utf-8", "replace").split("\n") if line]
        return logs

    def apply(self, definition: dict[str, Any], dry_run: bool) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        """Create the object or change it (server-side apply); return it as it was, None if it did not exist, and as it is.

        Fields that were applied before and are no longer in *definition* are removed. Fields of other owners stay.

        :arg dry_run: only ask the server what would be. In a namespace that does not exist, it is *definition*.
        :raises NvmockError: no answer, or one that is no success.
        """
        path = path_of(definition)
        text = self._get(path, [])
        before = None if text is None else json.loads(text)
        how = [("dryRun", "All")] if dry_run else []
        if before is not None and not dry_run:
            self._take_fields(path, before)
        sent = self._request(
            "PATCH",
            path,
            [("fieldManager", _MANAGER), ("force", "true"), *how],
            definition,
            "application/apply-patch+yaml",
        )
        if sent is None and not dry_run:
            raise NvmockError(
                f"the API server refuses: {definition['kind']} {definition['metadata']['name']}: not found"
            )
        return before, definition if sent is None else json.loads(sent)

    def _take_fields(self, path: str, before: dict[str, Any]) -> None:
        """Become the owner of the fields that an earlier version applied without the server, so that they can be removed."""
        metadata = before["metadata"]
        if _LAST_APPLIED not in (metadata.get("annotations") or {}):
            return
        owners = metadata.get("managedFields") or []
        for owner in owners:
            annotations = owner.get("fieldsV1", {}).get("f:metadata", {}).get("f:annotations", {})
            if owner["operation"] == "Update" and f"f:{_LAST_APPLIED}" in annotations and "subresource" not in owner:
                owner.update(manager=_MANAGER, operation="Apply")
        changes = [
            {"op": "replace", "path": "/metadata/managedFields", "value": owners},
            {"op": "remove", "path": f"/metadata/annotations/{_LAST_APPLIED.replace('/', '~1')}"},
        ]
        self._request("PATCH", path, [], changes, "application/json-patch+json")

    def remove(self, definition: dict[str, Any], dry_run: bool) -> dict[str, Any] | None:
        """Remove the object and then what it owns; return it as it was, None if it did not exist.

        It is gone when the objects that it owns are gone: see `exists`.
        """
        path = path_of(definition)
        text = self._get(path, [])
        if text is None:
            return None
        how = [("dryRun", "All")] if dry_run else []
        self._request("DELETE", path, [("propagationPolicy", "Foreground"), *how])
        before: dict[str, Any] = json.loads(text)
        return before

    def exists(self, definition: dict[str, Any]) -> bool:
        """Whether there is an object of this kind and name."""
        return self._get(path_of(definition), []) is not None

    def _get(self, path: str, parameters: list[tuple[str, str]], or_nothing: bool = False) -> bytes | None:
        return self._request("GET", path, parameters, or_nothing=or_nothing)

    def _request(
        self,
        method: str,
        path: str,
        parameters: list[tuple[str, str]],
        body: Any = None,
        content_type: str = "application/json",
        or_nothing: bool = False,
    ) -> bytes | None:
        """Return the answer; None if there is no such object, and with *or_nothing* also if the server refuses."""
        from urllib.parse import urlencode

        headers = {"Accept": "application/json, */*"}
        if body is not None:
            headers["Content-Type"] = content_type
        text = None if body is None else json.dumps(body)
        try:
            status, data = self._ask(method, f"{path}?{urlencode(parameters)}", headers, text)
        except Exception as error:  # of urllib3, of TLS, or of a program that gives credentials
            raise NvmockError(f"the API server does not answer: {' '.join(str(error).split())[:300]}") from None
        if 200 <= status < 300:
            return data
        if status == 404 or or_nothing:
            return None
        try:
            reason = json.loads(data)["message"]
        except (ValueError, KeyError, TypeError):
            reason = f"status {status}"
        raise NvmockError(f"the API server refuses: {' '.join(str(reason).split())}")

    def _ask(self, method: str, target: str, headers: dict[str, str], body: str | None) -> tuple[int, bytes]:
        if self._plain is not None:
            return self._plain.request(method, target, headers, body, self._seconds)
        # The calls of the library differ between its versions; the pool with its certificates does not.
        settings = self._client.configuration
        for way in settings.auth_settings().values():
            if way.get("in") == "header" and way.get("value"):
                headers[way["key"]] = way["value"]
        pool = self._client.rest_client.pool_manager
        sent = {} if body is None else {"body": body}
        response = pool.request(
            method, f"{settings.host}{target}", headers=headers, timeout=float(self._seconds), retries=False, **sent
        )
        return response.status, response.data


def path_of(definition: dict[str, Any]) -> str:
    """The path of the object, below the address of the server."""
    metadata = definition["metadata"]
    return _path(definition["kind"], metadata.get("namespace"), metadata["name"])


def _path(kind: str, namespace: str | None, name: str | None) -> str:
    path, resource, in_namespace = KINDS[kind]
    if in_namespace and namespace:
        path += f"/namespaces/{namespace}"
    return "/".join([path, resource, *([name] if name else [])])
