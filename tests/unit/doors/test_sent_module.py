# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Modules that are sent to a node without Ansible's code: when, and when not (test_node_action.py has the results of nvmock_node)."""

from __future__ import annotations

import marshal
import subprocess
import sys
import zlib

import elsewhere
import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.module import node
from ansible_collections.nvmock.gpu.plugins.plugin_utils import local_module, sent_module

OFF = "version = 2\n[plugins.'io.containerd.grpc.v1.cri']\nenable_cdi = false\n"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """For each task, its result, and how the module ran."""
    place = tmp_path_factory.mktemp("sent")
    (place / "config.toml").write_text(OFF)
    (place / "other.toml").write_text(OFF)
    runtime = {"names": ["containerd"], "versions": {"containerd": "1.7.24"}, "state_directory": str(place / "state")}
    runtime["containerd_config"] = str(place / "config.toml")
    other = {**runtime, "containerd_config": str(place / "other.toml")}
    of_elsewhere = {"ansible_connection": "elsewhere"}
    node_here = {"host_root": str(place / "node"), "device_files": "regular"}
    tasks = {
        "would_change": {"nvmock.gpu.nvmock_container_runtime": runtime, "check_mode": True},
        "change": {"nvmock.gpu.nvmock_container_runtime": runtime},
        "nothing": {"nvmock.gpu.nvmock_container_runtime": runtime},
        "bad": {"nvmock.gpu.nvmock_container_runtime": {**runtime, "names": ["runc"]}},
        "remove": {"nvmock.gpu.nvmock_container_runtime": {**runtime, "state": "absent"}},
        "nothing_left": {"nvmock.gpu.nvmock_container_runtime": {**runtime, "state": "absent"}},
        "here": {"nvmock.gpu.nvmock_container_runtime": other, "vars": {"ansible_connection": "local"}},
        "home": {"nvmock.gpu.nvmock_node": {"host_root": "~/none", "state": "absent"}},
        "by_name": {"nvmock.gpu.nvmock_node": node_here, "vars": {"ansible_python_interpreter": "python3"}},
        "no_pipe": {"nvmock.gpu.nvmock_node": node_here, "vars": {"ansible_pipelining": False}},
        "other_user": {"nvmock.gpu.nvmock_node": node_here, "become": True, "become_user": "root"},
        "delegated": {"nvmock.gpu.nvmock_node": node_here, "delegate_to": "localhost"},
        "no_python": {
            "nvmock.gpu.nvmock_node": node_here,
            "vars": {"ansible_python_interpreter": str(place / "python3")},
        },
    }
    found = {}
    for name, task in tasks.items():
        task.setdefault("check_mode", "nvmock.gpu.nvmock_node" in task)
        task["vars"] = {**of_elsewhere, **task.get("vars", {})}
        (place / name).mkdir()
        results, record = elsewhere.play(place / name, {name: task})
        found[name] = (results[name], list(dict.fromkeys(record)))
    return found


@pytest.mark.parametrize(
    "name, ways, changed",
    [
        ("would_change", ["sent"], True),
        ("change", ["sent", "as usual"], True),
        ("nothing", ["sent"], False),
        ("bad", ["sent"], False),
        ("remove", ["sent", "as usual"], True),
        ("nothing_left", ["sent"], False),
        ("here", [], True),
        ("home", ["as usual"], False),
    ],
)
def test_what_needs_ansible_s_way_goes_that_way(runs, name, ways, changed):
    result, record = runs[name]
    assert (record, result["changed"]) == (ways, changed)
    assert result.get("failed", False) is (name == "bad")


@pytest.mark.parametrize("name", ["by_name", "no_pipe", "other_user", "delegated"])
def test_what_only_ansible_s_way_can_give(runs, name):
    assert runs[name][1] == ["as usual"]


def test_the_change_was_made_and_restored(runs):
    assert (
        runs["change"][0]["runtimes"]["containerd"]["changed_keys"]
        == runs["would_change"][0]["runtimes"]["containerd"]["changed_keys"]
    )
    assert runs["remove"][0]["reasons"] != []
    assert "runc" in runs["bad"][0]["msg"]


def test_a_node_without_python_is_told_as_usual(runs):
    result, record = runs["no_python"]
    assert result["failed"] and record == ["sent", "as usual"]
    assert "interpreter" in result["msg"] and "not found" in result["msg"]


def test_another_python_compiles_the_sources(tmp_path):
    params = local_module.checked("nvmock_node", node.ARGUMENT_SPEC, {"host_root": str(tmp_path), "state": "absent"})
    packed = zlib.decompressobj()
    message = sent_module.message(str(tmp_path), node.__name__, params, True, False)
    program, modules, magic = marshal.loads(packed.decompress(message))
    assert any(code for _package, _path, _source, code in modules.values())
    broken = {name: (package, path, source, code and b"?") for name, (package, path, source, code) in modules.items()}
    for content, works in (
        ((program, modules, magic), True),
        ((program, broken, b"other"), True),
        ((program, broken, magic), False),
    ):
        sent = zlib.compress(marshal.dumps(content, 2)) + packed.unused_data
        done = subprocess.run(
            sent_module.command(sys.executable), shell=True, input=sent, capture_output=True, check=False
        )
        answer = sent_module.answer(done.stdout.decode())
        assert (answer is not None) is works, done.stderr
        assert answer is None or answer["changed"] is False


def test_only_the_result_is_an_answer():
    assert sent_module.answer("Last login: today\n") is None
    assert sent_module.answer('Welcome\n\nnvmock.gpu result: {"changed": true}\nBye\n') == {"changed": True}
