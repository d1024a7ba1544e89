# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""nvmock_node gives the same result wherever it runs: in Ansible's process for a node with a local connection, as code that is sent to
a node, and as any module."""

from __future__ import annotations

import json
import os

import elsewhere
import pytest

FILES = "char" if os.geteuid() == 0 else "regular"
# Any environment makes the task one for Ansible's way to run a module.
WAYS = {
    "here": {},
    "sent": {"vars": {"ansible_connection": "elsewhere"}},
    "process": {"environment": {"NVMOCK_TEST": "1"}},
}
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
def told(tmp_path_factory):
    """The results of all cases, and what the connection was asked to run."""
    place = tmp_path_factory.mktemp("action")
    tasks = {}
    for number, options in enumerate(CASES.values()):
        for check in (True, False):
            for way, how in WAYS.items():
                os.makedirs(place / way, exist_ok=True)
                tasks[f"{way}_{number}_{int(check)}"] = {
                    "nvmock.gpu.nvmock_node": {"host_root": str(place / way), "device_files": FILES, **options},
                    "check_mode": check,
                    "diff": True,
                    **how,
                }
    return elsewhere.play(place, tasks)


@pytest.fixture(scope="module")
def results(told):
    """{case: [{check mode: result} of each way]}"""
    return {
        name: [{check: told[0][f"{way}_{number}_{int(check)}"] for check in (True, False)} for way in WAYS]
        for number, name in enumerate(CASES)
    }


def without_the_way(result):
    """The result without what tells where the module ran."""
    text = json.dumps({key: value for key, value in result.items() if key not in ("invocation", "deprecations")})
    for way in WAYS:
        text = text.replace(f"/{way}", "/here")
    return json.loads(text.replace("(nvmock_node)", "(nvmock.gpu.nvmock_node)"))


@pytest.mark.parametrize("check", [True, False], ids=["check", "run"])
@pytest.mark.parametrize("name", CASES)
def test_the_result_is_the_same(results, name, check):
    here, sent, process = (without_the_way(way[check]) for way in results[name])
    for result in (here, sent, process):
        result.pop("exception", None)
    assert here == process
    assert sent == process
    assert here.get("failed", False) is (
        name in ("bad value", "bad type", "bad choice", "unknown", "number", "relative")
    )


def test_the_runs_were_what_they_should_be(results, told):
    here = results["first"][0]
    assert here[False]["changed"] and here[False]["diff"]
    assert results["absent"][0][False]["devices"]["removed"]
    # Options that are not allowed are told before anything is sent.
    sent = [name for name in CASES if name not in ("bad type", "bad choice", "unknown")]
    assert told[1] == ["sent"] * 2 * len(sent)
