# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Calls of the Kubernetes API with the service account of this pod."""

from __future__ import annotations

import http.client
import json
import os
import ssl
from typing import Any

from nvmock_gpu.errors import NvmockError

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_OK = (http.client.OK, http.client.CREATED, http.client.ACCEPTED)


class ApiError(NvmockError):
    """The API server can't be reached, or refuses.

    :ivar status: the HTTP status; 0 without an answer.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class ApiServer:
    """The API server of a cluster.

    :arg account: directory of the service account's files. The kubelet renews the token in it.
    """

    def __init__(self, host: str, port: int, account: str = ACCOUNT) -> None:
        self._host = host
        self._port = port
        self._account = account

    def call(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> dict[str, Any]:
        """The object in the server's answer.

        :arg body: is sent as JSON; None for no body.
        :raises ApiError: the API server can't be reached, or refuses.
        """
        try:
            with open(f"{self._account}/token", encoding="ascii") as file:
                token = file.read().strip()
            context = ssl.create_default_context(cafile=f"{self._account}/ca.crt")
            connection = http.client.HTTPSConnection(self._host, self._port, timeout=5, context=context)
            headers = {"Authorization": f"Bearer {token}", "Content-Type": content_type}
            try:
                connection.request(method, path, None if body is None else json.dumps(body), headers)
                response = connection.getresponse()
                content = response.read()
            finally:
                connection.close()
            answer = _object(content, response.status in _OK)
        except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
            raise ApiError(f"the API server at {self._host}:{self._port}: {error}") from None
        if response.status not in _OK:
            reason = f"{method} {path}: {answer.get('message', response.reason)}"
            raise ApiError(f"the API server refuses {reason}", response.status)
        return answer


def _object(content: bytes, must_be: bool) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except ValueError:
        if must_be:
            raise
        answer = {}  # a refusal in plain text, such as of an API group that does not exist
    if not isinstance(answer, dict):
        raise ValueError("its answer is not an object")
    return answer


def in_cluster() -> ApiServer | None:
    """The API server of the cluster that this pod runs in; None outside of a cluster, or without a service account."""
    host = os.environ.get("KUBERNETES_SERVICE_HOST")
    if not host or not os.path.exists(f"{ACCOUNT}/token"):
        return None
    return ApiServer(host, int(os.environ.get("KUBERNETES_SERVICE_PORT", "443")))
