# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the module nvmock_objects_info does: it asks the API server of a cluster for several kinds of objects, and for logs.

The paths are those of the Kubernetes API reference, so that no discovery is needed. The library ``kubernetes`` reads the kubeconfig.
"""

from __future__ import annotations

import json

from ..errors import NvmockError
from . import OneLine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# kind -> (path of the API, resource, whether it is in a namespace)
KINDS = {
    "ConfigMap": ("/api/v1", "configmaps", True),
    "DaemonSet": ("/apis/apps/v1", "daemonsets", True),
    "Event": ("/api/v1", "events", True),
    "Job": ("/apis/batch/v1", "jobs", True),
    "Namespace": ("/api/v1", "namespaces", False),
    "Node": ("/api/v1", "nodes", False),
    "Pod": ("/api/v1", "pods", True),
    "RuntimeClass": ("/apis/node.k8s.io/v1", "runtimeclasses", False),
    "Secret": ("/api/v1", "secrets", True),
}
_QUERY: dict[str, Any] = {
    "kind": {"type": "str", "choices": sorted(KINDS), "required": True},
    "namespace": {"type": "str"},
    "name": {"type": "str"},
    "label_selectors": {"type": "list", "elements": "str", "default": []},
    "field_selectors": {"type": "list", "elements": "str", "default": []},
    "logs": {"type": "bool", "default": False},
    "tail_lines": {"type": "int", "default": 200},
}
ARGUMENT_SPEC: dict[str, Any] = {
    "kubeconfig": {"type": "path"},
    "context": {"type": "str"},
    "seconds": {"type": "int", "default": 30},
    "queries": {"type": "list", "elements": "dict", "options": _QUERY, "required": True},
}


def run(module: Any) -> None:
    """Ask, and leave the module with the result.

    :arg module: an AnsibleModule, or what stands for it in a process of Ansible's own.
    """
    params = module.params
    found: list[list[dict[str, Any]]] = []
    with OneLine(module):
        server = Server(params["kubeconfig"], params["context"], params["seconds"])
        found = [server.answer(query) for query in params["queries"]]
    module.exit_json(changed=False, found=found)


class Server:
    """The API server of a cluster.

    :arg kubeconfig: its file; None for the usual one, or the service account of the pod.
    :arg context: in that file; None for the current one.
    :arg seconds: for which a request waits for its answer.
    :raises NvmockError: the library is missing, or the file can't be used.
    """

    def __init__(self, kubeconfig: str | None, context: str | None, seconds: int) -> None:
        try:
            from kubernetes import client, config
        except ImportError:
            raise NvmockError(
                "the Python library kubernetes is missing on the machine that asks the API server: pip install kubernetes"
            ) from None
        self._seconds = seconds
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
        path, resource, in_namespace = KINDS[query["kind"]]
        if in_namespace and query["namespace"]:
            path += f"/namespaces/{query['namespace']}"
        path += f"/{resource}"
        if query["name"]:
            path += f"/{query['name']}"
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

    def _get(self, path: str, parameters: list[tuple[str, str]], or_nothing: bool = False) -> bytes | None:
        from urllib.parse import urlencode

        # The calls of the library differ between its versions; the pool with its certificates does not.
        settings = self._client.configuration
        url = f"{settings.host}{path}?{urlencode(parameters)}"
        headers = {"Accept": "application/json, */*"}
        try:
            for way in settings.auth_settings().values():
                if way.get("in") == "header" and way.get("value"):
                    headers[way["key"]] = way["value"]
            pool = self._client.rest_client.pool_manager
            response = pool.request("GET", url, headers=headers, timeout=float(self._seconds), retries=False)
        except Exception as error:  # of urllib3, of TLS, or of a program that gives credentials
            raise NvmockError(f"the API server does not answer: {' '.join(str(error).split())[:300]}") from None
        data: bytes = response.data
        if 200 <= response.status < 300:
            return data
        if response.status == 404 or or_nothing:
            return None
        try:
            reason = json.loads(data)["message"]
        except (ValueError, KeyError, TypeError):
            reason = f"status {response.status}"
        raise NvmockError(f"the API server refuses: {' '.join(str(reason).split())}")
