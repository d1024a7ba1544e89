# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""nvmock_objects against an API server of a few lines: what is created, changed, removed and waited for, and check mode."""

from __future__ import annotations

import http.server
import importlib
import json
import threading
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args

NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ns"}}
MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "map", "namespace": "ns"}, "data": {"a": "1"}}
MAP_PATH = "/api/v1/namespaces/ns/configmaps/map"
LAST = "kubectl.kubernetes.io/last-applied-configuration"


class Store:
    """Objects by path, and the requests that were made. A removed object is there for some more looks."""

    def __init__(self):
        self.objects, self.asked, self.looks = {}, [], {}

    def answer(self, method, path, query, body):
        self.asked.append((method, path, query, body))
        if method == "GET":
            if path in self.looks:
                self.looks[path] -= 1
                if self.looks[path] == 0:
                    del self.objects[path], self.looks[path]
            return (200, self.objects[path]) if path in self.objects else (404, {})
        if method == "DELETE":
            self.looks[path] = 3
            return 200, {}
        if isinstance(body, list):
            self.objects[path]["metadata"]["annotations"].pop(LAST)
            return 200, self.objects[path]
        if path.count("/") > 4 and "/api/v1/namespaces/ns" not in self.objects:
            return 404, {"message": "no such namespace"}
        known = self.objects.get(path, {"metadata": {"uid": "1", "generation": 1}, "status": {}})
        made = {**known, **body, "metadata": {**known["metadata"], **body["metadata"], "resourceVersion": "7"}}
        if "dryRun" not in query:
            self.objects[path] = made
        return 200, made


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def apply(store, tmp_path, capsys):
    """Run the module; returns what it printed."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            parts = urlsplit(self.path)
            text = self.rfile.read(int(self.headers.get("content-length", 0)))
            query = {key: value for key, [value] in parse_qs(parts.query).items()}
            status, answer = store.answer(self.command, parts.path, query, json.loads(text) if text else None)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PATCH = do_DELETE = answer

        def log_message(self, *_arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{listening.server_address[1]}"
        config = {
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": url}}],
            "users": [{"name": "u", "user": {"token": "secret"}}],
            "current-context": "c",
        }
        (tmp_path / "kubeconfig").write_text(yaml.safe_dump(config))

        def run(*definitions, **parameters):
            module = importlib.import_module("ansible_collections.nvmock.gpu.plugins.modules.nvmock_objects")
            capsys.readouterr()
            arguments = {"kubeconfig": str(tmp_path / "kubeconfig"), "definitions": list(definitions), **parameters}
            with patch_module_args(arguments), pytest.raises(SystemExit):
                module.main()
            return json.loads(capsys.readouterr().out)

        yield run
        listening.shutdown()


def test_create_again_change(apply, store):
    made = apply(NAMESPACE, MAP)
    assert made["changed"] and made["objects"] == ["Namespace ns", "ConfigMap map"]
    assert made["diff"][1]["before"] == {} and made["diff"][1]["after"]["data"] == {"a": "1"}
    patches = [(path, query, body) for method, path, query, body in store.asked if method == "PATCH"]
    assert patches[1] == (MAP_PATH, {"fieldManager": "nvmock.gpu", "force": "true"}, MAP)
    store.objects[MAP_PATH]["status"] = {"changes": "by a controller"}
    assert not apply(NAMESPACE, MAP)["changed"]
    changed = apply(NAMESPACE, {**MAP, "data": {"a": "2"}})
    assert changed["objects"] == ["ConfigMap map"] and changed["diff"][0]["before"]["data"] == {"a": "1"}


def test_check_mode_changes_nothing(apply, store):
    told = apply(NAMESPACE, MAP, _ansible_check_mode=True)
    assert told["objects"] == ["Namespace ns", "ConfigMap map"] and store.objects == {}
    apply(NAMESPACE, MAP)
    assert apply(MAP, state="absent", _ansible_check_mode=True)["objects"] == ["ConfigMap map"]
    assert store.asked[-1][2] == {"propagationPolicy": "Foreground", "dryRun": "All"}


def test_removal_waits(apply, store):
    apply(NAMESPACE, MAP)
    assert apply(MAP, state="absent")["objects"] == ["ConfigMap map"] and MAP_PATH not in store.objects
    assert not apply(MAP, state="absent")["changed"]
    apply(MAP)
    store.looks[MAP_PATH] = 1000
    told = apply(MAP, state="absent", wait_seconds=0)
    assert told["failed"] and told["msg"] == "ConfigMap map still exists after 0 s"


def test_what_is_replaced_is_gone_before_it_is_applied(apply, store):
    apply(NAMESPACE, MAP)
    store.asked.clear()
    told = apply(NAMESPACE, {**MAP, "data": {"a": "2"}}, remove_first=[MAP])
    assert told["objects"] == ["ConfigMap map", "ConfigMap map"] and store.objects[MAP_PATH]["data"] == {"a": "2"}
    assert told["diff"][0]["after"] == told["diff"][1]["before"] == {}
    assert [method for method, path, _query, _body in store.asked if path == MAP_PATH and method != "GET"] == [
        "DELETE",
        "PATCH",
    ]
    told = apply(remove_first=[{"kind": "ConfigMap"}])
    assert told["failed"] and told["msg"].startswith("remove_first: number 1: metadata.name is missing")


def test_fields_that_were_applied_without_the_server_are_owned(apply, store):
    apply(NAMESPACE, MAP)
    owner = {
        "manager": "OpenAPI-Generator",
        "operation": "Update",
        "fieldsV1": {"f:metadata": {"f:annotations": {f"f:{LAST}": {}}}},
    }
    other = {"manager": "kubelet", "operation": "Update", "fieldsV1": {"f:status": {}}}
    store.objects[MAP_PATH]["metadata"].update(annotations={LAST: "{}"}, managedFields=[owner, other])
    apply(MAP)
    [changes] = [body for method, _path, _query, body in store.asked if isinstance(body, list)]
    assert changes[0]["value"] == [{**owner, "manager": "nvmock.gpu", "operation": "Apply"}, other]
    assert changes[1] == {
        "op": "remove",
        "path": "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration",
    }


@pytest.mark.parametrize(
    "definition, reason",
    [
        (
            {"kind": "Pot", "metadata": {"name": "x"}},
            "definitions: number 1: kind 'Pot' is not allowed: must be one of",
        ),
        ({"kind": "Pod"}, "definitions: number 1: metadata.name is missing: must be the name of a Pod"),
        ({"kind": "Pod", "metadata": {"name": "x"}}, "definitions: number 1: metadata.namespace is missing"),
        ({**MAP, "metadata": {"name": "map", "namespace": "no"}}, "the API server refuses: ConfigMap map: not found"),
    ],
)
def test_bad_input(apply, store, definition, reason):
    told = apply(definition)
    assert told["failed"] and told["msg"].startswith(reason) and "\n" not in told["msg"] and store.objects == {}
