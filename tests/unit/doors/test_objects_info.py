# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""nvmock_objects_info against an API server of a few lines: paths, selectors, logs, credentials, and what fails in one line."""

from __future__ import annotations

import http.server
import importlib
import json
import threading
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args

pytest.importorskip("kubernetes")

POD = {
    "metadata": {"namespace": "ns", "name": "pod"},
    "status": {
        "initContainerStatuses": [{"name": "first", "containerID": "x"}],
        "containerStatuses": [{"name": "second"}],
    },
}
ANSWERS = {
    "/api/v1/nodes": {"items": [{"metadata": {"name": "a"}}]},
    "/api/v1/namespaces/ns/pods": {"items": [POD]},
    "/api/v1/namespaces/ns/pods/pod/log": "one\ntwo\n\n",
    "/apis/batch/v1/namespaces/ns/jobs": {"items": None},
    "/apis/apps/v1/namespaces/ns/daemonsets/set": {"metadata": {"name": "set"}},
    "/api/v1/secrets": (403, {"message": "secrets is forbidden:\n no right"}),
    "/api/v1/events": (500, "not JSON"),
}


@pytest.fixture
def server():
    """(URL, [(path, parameters, headers)]) of the server."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            parts = urlsplit(self.path)
            asked.append((parts.path, parse_qs(parts.query), dict(self.headers)))
            answer = ANSWERS.get(parts.path, (404, {"message": "not found"}))
            status, answer = answer if isinstance(answer, tuple) else (200, answer)
            self.send_response(status)
            self.end_headers()
            self.wfile.write((answer if isinstance(answer, str) else json.dumps(answer)).encode())

        def log_message(self, *_arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_address[1]}", asked
        listening.shutdown()


@pytest.fixture
def ask(tmp_path, server, capsys):
    """Run the module with queries; returns what it printed."""
    path = tmp_path / "kubeconfig"
    contexts = [{"name": name, "context": {"cluster": name, "user": "user"}} for name in ("good", "bad")]
    clusters = [
        {"name": "good", "cluster": {"server": server[0]}},
        {"name": "bad", "cluster": {"server": "http://127.0.0.1:1"}},
    ]
    users = [{"name": "user", "user": {"token": "secret"}}]
    config = {"contexts": contexts, "clusters": clusters, "users": users, "current-context": "good"}
    path.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", **config}))

    def run(*queries, kubeconfig=path, **parameters):
        module = importlib.import_module("ansible_collections.nvmock.gpu.plugins.modules.nvmock_objects_info")
        capsys.readouterr()
        arguments = {"kubeconfig": str(kubeconfig), "queries": list(queries), "seconds": 5, **parameters}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            module.main()
        return json.loads(capsys.readouterr().out)

    return run


def test_several_kinds(ask, server):
    jobs = {"kind": "Job", "namespace": "ns", "label_selectors": ["a=b", "c in (d,e)"], "field_selectors": ["f=g"]}
    result = ask(
        {"kind": "Node"},
        jobs,
        {"kind": "DaemonSet", "namespace": "ns", "name": "set"},
        {"kind": "Namespace", "name": "no"},
    )
    assert result["found"] == [[{"metadata": {"name": "a"}}], [], [{"metadata": {"name": "set"}}], []]
    paths = [path for path, _parameters, _headers in server[1]]
    assert paths == [
        "/api/v1/nodes",
        "/apis/batch/v1/namespaces/ns/jobs",
        "/apis/apps/v1/namespaces/ns/daemonsets/set",
        "/api/v1/namespaces/no",
    ]
    assert server[1][1][1] == {"labelSelector": ["a=b,c in (d,e)"], "fieldSelector": ["f=g"]}
    assert all(headers["authorization"] == "Bearer secret" for _path, _parameters, headers in server[1])


def test_logs_are_those_of_containers_that_have_started(ask, server):
    [[pod]] = ask({"kind": "Pod", "namespace": "ns", "logs": True, "tail_lines": 7})["found"]
    assert pod["logs"] == {"first": ["one", "two"]}
    assert server[1][-1][1] == {"container": ["first"], "tailLines": ["7"]}


@pytest.mark.parametrize(
    "query, reason",
    [
        ({"kind": "Secret"}, "the API server refuses: secrets is forbidden: no right"),
        ({"kind": "Event"}, "the API server refuses: status 500"),
    ],
)
def test_no_success(ask, query, reason):
    result = ask(query)
    assert result["failed"] and " ".join(result["msg"].split()) == reason and "\n" not in result["msg"]


def test_no_answer(ask, tmp_path):
    result = ask({"kind": "Node"}, context="bad")
    assert (
        result["msg"].startswith("the API server does not answer: ")
        and "refused" in result["msg"]
        and "\n" not in result["msg"]
    )
    result = ask({"kind": "Node"}, kubeconfig=tmp_path / "missing")
    assert result["msg"].startswith(f"kubeconfig: {tmp_path}/missing can't be used: ")
    result = ask({"kind": "Node"}, context="none")
    assert "can't be used" in result["msg"] and "none" in result["msg"]
