# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A node with a local connection: nvmock_node gives the same result in Ansible's process as in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import yaml

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
FILES = "char" if os.geteuid() == 0 else "regular"
# Any environment makes the task one for a process of its own.
PROCESS = {"environment": {"NVMOCK_TEST": "1"}}
CASES = {
    "first": {"uuid_seed": "x", "mig": {0: []}, "gpu_count": 2},
    "again": {"uuid_seed": "x", "mig": {0: []}, "gpu_count": 2},
    "moved": {"uuid_seed": "{{ 'x' }}", "driver_root": "/opt/driver", "driver_version": "{{ 570.190 | string }}"},
    "bad value": {"gpu_count": 65},
    "bad type": {"gpu_count": "many"},
    "bad choice": {"layout": "lib65"},
    "unknown": {"gpu_cuont": 2},
    "number": {"driver_version": 570.190},
    "relative": {"base": "run"},
    "without specification": {"uuid_seed": "x", "cdi": False},
    "absent": {"state": "absent"},
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """{case: ({check mode: result in this process}, {check mode: result of a process of its own})}"""
    place = tmp_path_factory.mktemp("action")
    tasks = []
    for number, (_name, options) in enumerate(CASES.items()):
        for check in (True, False):
            for way in ("here", "process"):
                os.makedirs(place / way, exist_ok=True)
                task = {
                    "nvmock.gpu.nvmock_node": {"host_root": str(place / way), "device_files": FILES, **options},
                    "register": f"{way}_{number}_{int(check)}",
                    "ignore_errors": True,
                    "check_mode": check,
                    "diff": True,
                    **(PROCESS if way == "process" else {}),
                }
                tasks.append(task)
    names = [task["register"] for task in tasks]
    told = "{{ {" + ", ".join(f"'{name}': {name}" for name in names) + "} | to_json }}"
    tasks.append({"ansible.builtin.copy": {"content": told, "dest": str(place / "results"), "mode": "0600"}})
    playbook = place / "play.yml"
    playbook.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    command = [sys.executable, "-m", "ansible.cli.playbook", "-i", "localhost,", "-c", "local", str(playbook)]
    command += ["-e", json.dumps({"ansible_python_interpreter": sys.executable})]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((place / "results").read_text())
    return {
        name: [{check: found[f"{way}_{number}_{int(check)}"] for check in (True, False)} for way in ("here", "process")]
        for number, name in enumerate(CASES)
    }


def without_the_way(result):
    """The result without what tells where the module ran."""
    text = json.dumps({key: value for key, value in result.items() if key not in ("invocation", "deprecations")})
    return json.loads(text.replace("/process", "/here").replace("(nvmock_node)", "(nvmock.gpu.nvmock_node)"))


@pytest.mark.parametrize("check", [True, False], ids=["check", "run"])
@pytest.mark.parametrize("name", CASES)
def test_the_result_is_the_same(results, name, check):
    here, process = (without_the_way(way[check]) for way in results[name])
    for result in (here, process):
        result.pop("exception", None)
    assert here == process
    assert here.get("failed", False) is (
        name in ("bad value", "bad type", "bad choice", "unknown", "number", "relative")
    )


def test_the_runs_were_what_they_should_be(results):
    here = results["first"][0]
    assert here[False]["changed"] and here[False]["diff"]
    assert results["absent"][0][False]["devices"]["removed"]
