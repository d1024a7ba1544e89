# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Access to an API server by a kubeconfig with a certificate or a token, such as that of kind, without a library.

The library ``kubernetes`` loads a thousand classes, which takes longer than all requests of a task. Everything that is not here, such as
programs that give credentials, is left to it.
"""

from __future__ import annotations

import base64
import http.client
import os
import ssl
import tempfile
from urllib.parse import urlsplit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CLUSTER = {"server", "certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify"}
_USER = {"client-certificate", "client-certificate-data", "client-key", "client-key-data", "token"}
_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
_HERE = ("localhost", "127.0.0.1", "::1")


def usual_file() -> str | None:
    """The kubeconfig that kubectl would use; None if it would read several, or none."""
    named = os.environ.get("KUBECONFIG", "")
    if os.pathsep in named:
        return None
    return named or os.path.expanduser("~/.kube/config")


class Plain:
    """A connection to an API server.

    :arg url: its address. ``headers`` are sent with each request. ``context`` has the certificates.
    """

    def __init__(self, url: str, headers: dict[str, str], context: ssl.SSLContext | None) -> None:
        self._url = urlsplit(url)
        self._headers = headers
        self._context = context
        self._connection: http.client.HTTPConnection | None = None

    def request(
        self, method: str, target: str, headers: dict[str, str], body: str | None, seconds: int
    ) -> tuple[int, bytes]:
        """Return the status and the body of the answer.

        :arg target: path and query, below the address.
        :raises OSError: no connection, or no answer in time.
        """
        if self._connection is None:
            self._connection = self._connect(seconds)
        try:
            path = self._url.path.rstrip("/") + target
            self._connection.request(method, path, body, {**self._headers, **headers})
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except http.client.HTTPException as error:
            self._connection = None
            raise OSError(f"{type(error).__name__}: {error}") from None
        except OSError:
            # The next request needs another one.
            self._connection = None
            raise

    def _connect(self, seconds: int) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if self._url.scheme == "http":
            return http.client.HTTPConnection(host, port or 80, timeout=seconds)
        return http.client.HTTPSConnection(host, port or 443, timeout=seconds, context=self._context)


def plain(path: str | None, context: str | None) -> Plain | None:
    """Return the access that the kubeconfig *path* describes; None if the library has to read it, or to say what is wrong with it.

    :arg context: its name; None for the current one.
    """
    try:
        import yaml
    except ImportError:
        return None
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        with open(path or "", encoding="utf-8") as file:
            config = yaml.load(file, Loader=loader)
        chosen = _named(config, "contexts", context or config["current-context"])["context"]
        cluster = _named(config, "clusters", chosen["cluster"])["cluster"]
        user = _named(config, "users", chosen["user"])["user"]
        host = urlsplit(cluster["server"]).hostname
        behind_proxy = host not in _HERE and any(os.environ.get(name) for name in _PROXIES)
        if behind_proxy or not set(cluster) <= _CLUSTER or not set(user) <= _USER:
            return None
        headers = {"authorization": f"Bearer {user['token']}"} if user.get("token") else {}
        tls = _tls(cluster, user, os.path.dirname(os.path.abspath(path or "")))
        return Plain(cluster["server"], headers, tls)
    except (OSError, KeyError, TypeError, ValueError, AttributeError, yaml.YAMLError):
        return None


def _named(config: Any, kind: str, name: str) -> Any:
    for one in config[kind]:
        if one["name"] == name:
            return one
    raise KeyError(name)


def _tls(cluster: dict[str, Any], user: dict[str, Any], place: str) -> ssl.SSLContext | None:
    if not cluster["server"].startswith("https:"):
        return None
    authority = _text(cluster, "certificate-authority", place)
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    certificate, key = _text(user, "client-certificate", place), _text(user, "client-key", place)
    if certificate and key:
        # ssl reads them from a file only.
        with tempfile.NamedTemporaryFile() as file:
            file.write(certificate + b"\n" + key)
            file.flush()
            context.load_cert_chain(file.name)
    return context


def _text(fields: dict[str, Any], name: str, place: str) -> bytes:
    """The content of a field that is either in the kubeconfig or in a file; relative paths begin at *place*."""
    if fields.get(f"{name}-data"):
        return base64.b64decode(fields[f"{name}-data"], validate=True)
    if fields.get(name):
        with open(os.path.join(place, fields[name]), "rb") as file:
            return file.read()
    return b""
