# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""No file on the node ends the plugin: devices are unhealthy, one line says which file and why, and they recover."""

from __future__ import annotations

import json
import os
import shutil
import threading

import pytest

from device_plugin.log import Once, log, one_line
from device_plugin.node import Node
from device_plugin.node_api import LabelKeeper
from nvmock_gpu.host.view import HostView
from plugin_support import eventually

GPU = "nvidia.com/gpu"
MACHINE_FILE = "/var/lib/nvidia-mock/driver/etc/nvmock/machine.json"


@pytest.fixture
def running(node):
    node.make("--gpu-count", "3").kubelet.start()
    node.plugin()
    eventually(lambda: len(node.kubelet.healthy()) == 3)
    return node


def edited(content, change):
    facts = json.loads(content)
    change(facts)
    return json.dumps(facts).encode()


MACHINE_FILES = {
    "brackets": lambda _old: b"[" * 100_000,
    "empty": lambda _old: b"",
    "nul": lambda _old: b"\0" * 100,
    "half": lambda old: old[: len(old) // 2],
    "driver-list": lambda old: edited(old, lambda facts: facts.update(driver_version=["550", "54"])),
    "uuid-list": lambda old: edited(old, lambda facts: facts["gpus"][1].update(uuid=["GPU-1"])),
    "uuid-path": lambda old: edited(old, lambda facts: facts["gpus"][1].update(uuid="../../../etc/shadow")),
    "uuid-twice": lambda old: edited(old, lambda facts: facts["gpus"].append(facts["gpus"][0])),
    "minor": lambda old: edited(old, lambda facts: facts["gpus"][0].update(minor=10**400)),
    "digits": lambda old: old.replace(b'"minor": 0', b'"minor": ' + b"7" * 6000),
    "capability": lambda old: edited(old, lambda facts: facts["model"].update(compute_capability={})),
    "model": lambda old: edited(old, lambda facts: facts.update(model=[])),
}


@pytest.mark.parametrize("kind", MACHINE_FILES)
def test_a_machine_file_of_any_content(running, said, kind):
    path = running.path(MACHINE_FILE[1:])
    with open(path, "rb") as file:
        good = file.read()

    def write(content):
        with open(path + ".new", "wb") as file:
            file.write(content)
        os.replace(path + ".new", path)

    write(MACHINE_FILES[kind](good))
    eventually(lambda: len(running.kubelet.lists[GPU]) == 3 and running.kubelet.healthy() == [])
    lines = [line for line in said().splitlines() if "unhealthy" in line]
    assert len(lines) == 1 and lines[0].startswith(f"{GPU}: all 3 devices are unhealthy: {MACHINE_FILE}: not a machine")
    assert len(lines[0]) < 500
    write(good)
    eventually(lambda: len(running.kubelet.healthy()) == 3)
    assert said().count("all 3 devices are healthy again") == 1
    assert "Traceback" not in said()


def test_a_directory_in_the_place_of_the_machine_file(running, said):
    path = running.path(MACHINE_FILE[1:])
    os.rename(path, path + ".away")
    os.mkdir(path)
    eventually(lambda: "machine.json can't be read: it is not a regular file" in said())
    os.rmdir(path)
    os.rename(path + ".away", path)
    eventually(lambda: len(running.kubelet.healthy()) == 3)


def test_a_host_root_that_is_gone_and_back(running, said):
    os.rename(running.host_root, running.host_root + ".away")
    eventually(lambda: running.kubelet.healthy() == [])
    lines = [line for line in said().splitlines() if "unhealthy" in line]
    assert len(lines) == 1 and "all 3 devices are unhealthy: " in lines[0] and running.host_root in lines[0]
    os.rename(running.host_root + ".away", running.host_root)
    eventually(lambda: len(running.kubelet.healthy()) == 3)


def test_a_damaged_specification_is_one_line(running, said):
    path = running.path("etc/cdi/nvidia.yaml")
    with open(path, "rb") as file:
        good = file.read()
    with open(path, "wb") as file:
        file.write(b"[" * 3000)
    eventually(lambda: running.kubelet.healthy() == [])
    assert said().count("unhealthy") == 1
    assert "all 3 devices are unhealthy: its CDI device of kind nvidia.com/gpu can't be resolved: /etc/cdi/" in said()
    with open(path, "wb") as file:
        file.write(good)
    eventually(lambda: len(running.kubelet.healthy()) == 3)


def test_names_that_vanish_while_they_are_looked_at(running):
    """A view that lists names which are gone by the time they are looked at, as it happens to a slow reader."""

    class LateView(HostView):
        def read_names(self, path):
            names = super().read_names(path)
            if names is not None and path.endswith("/cdi"):
                vanished = [f"gone{number}.yaml" for number in range(3)]
                for name in vanished:
                    self._status[f"{path}/{name}"] = self.read_status("/etc/cdi/nvidia.yaml")
                names = [*names, ".nvmock.tmp", *vanished]
            return names

    node = Node(running.host_root, "/var/lib/nvidia-mock/driver", True, GPU, LateView)
    machine = node.look().machine
    assert machine is not None
    assert list(node._specs().specs) == ["/etc/cdi/nvidia.yaml"]


def test_specifications_that_come_and_go_all_the_time(running, said):
    ended = threading.Event()

    def churn():
        place = running.path("etc/cdi")
        while not ended.is_set():
            for name in ("a.yaml", ".nvmock.tmp", "b.json"):
                path = os.path.join(place, name)
                with open(path, "w", encoding="utf-8") as file:
                    file.write("[")
                os.rename(path, path + ".moved")
                os.unlink(path + ".moved")

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        running.fault(running.uuids[0], "set by the test")
        eventually(lambda: running.uuids[0] not in running.kubelet.healthy())
        running.fault(running.uuids[0])
        eventually(lambda: running.uuids[0] in running.kubelet.healthy())
    finally:
        ended.set()
        thread.join()
    eventually(lambda: len(running.kubelet.healthy()) == 3)
    assert "a check failed" not in said() and "can't be checked" not in said()


def test_an_unexpected_error_is_said_once_and_passes(running, said, monkeypatch):
    def fail(*_unused):
        raise KeyError("of a reader")

    with monkeypatch.context() as patch:
        patch.setattr(running._plugin._node, "health", fail)
        eventually(lambda: running.kubelet.healthy() == [])
        patch.setattr(running._plugin, "_watch_rivals", fail)
        eventually(lambda: "a check failed" in said())
        running._plugin.stopping.wait(0.3)
    eventually(lambda: len(running.kubelet.healthy()) == 3)
    assert said().count("all 3 devices are unhealthy: the node can't be checked: KeyError: 'of a reader'") == 1
    assert said().count("a check failed, and is repeated: KeyError: 'of a reader'") == 1


def test_a_socket_that_can_not_be_made_is_waited_out(node, said):
    node.make("--gpu-count", "2").kubelet.start()
    place = os.path.join(node.plugins, "nvmock-gpu.sock")
    os.makedirs(os.path.join(place, "something"))
    node.plugin("--ready-file", node.path("ready"))
    eventually(lambda: f"{place}: " in said())
    node._plugin.stopping.wait(0.3)
    assert said().count(f"{place}: ") == 1 and not os.path.exists(node.path("ready"))
    shutil.rmtree(place)
    eventually(lambda: len(node.kubelet.healthy()) == 2)
    eventually(lambda: os.path.exists(node.path("ready")))


def test_a_fault_of_any_content_is_one_line(running, said):
    uuid = running.uuids[0]
    place = running.path("run/nvidia-mock/faults")
    os.makedirs(place)
    with open(os.path.join(place, uuid), "wb") as file:
        file.write(b"\x1b[2Jred\0\xff" + b"x" * 100_000 + b"\nsecond")
    eventually(lambda: uuid not in running.kubelet.healthy())
    lines = [line for line in said().splitlines() if uuid in line]
    assert len(lines) == 1 and lines[0].isprintable() and len(lines[0]) < 500
    assert "\\x1b[2Jred\\x00" in lines[0]


def test_an_unexpected_answer_does_not_end_the_labels(said, monkeypatch):
    monkeypatch.setattr("device_plugin.node_api._PAUSE", 0.01)
    answers = [{}, {"metadata": []}, {"metadata": {"labels": []}}]
    metadata = {}

    class Api:
        def get(self):
            return answers.pop(0) if answers else {"metadata": metadata}

        def patch(self, changes):
            metadata.update(changes)

    keeper = LabelKeeper(Api())
    keeper.start()
    keeper.want({"nvidia.com/gpu.count": "8"})
    eventually(lambda: keeper.want({"nvidia.com/gpu.count": "8"}))
    assert metadata["labels"] == {"nvidia.com/gpu.count": "8"}
    assert "labels: KeyError: 'metadata'" in said()


def test_a_message_is_one_line(said):
    log("a\nb\x1b[1m\udcff\u2028" + "x" * 100_000)
    assert said().count("\n") == 1 and said().startswith("a\\nb\\x1b[1m\\udcff\\u2028x")
    assert one_line("plain text, ü") == "plain text, ü"


def test_each_thing_has_its_own_last_message(said):
    once = Once()
    for _number in range(3):
        once.say("one is broken", "one")
        once.say("two is broken", "two")
    once.over("one")
    once.say("one is broken", "one")
    assert said() == "one is broken\ntwo is broken\none is broken\n"
