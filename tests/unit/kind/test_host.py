# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What is told of a machine before kind creates a cluster on it."""

from __future__ import annotations

import os
import socket

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.kind_cluster import host, info
from ansible_collections.nvmock.gpu.plugins.module_utils.kind_cluster.answer import Answer

THREE = {"nodes": [{"role": "control-plane"}, {"role": "worker"}, {"role": "worker"}]}
PORTS = {
    "networking": {"apiServerPort": 6443, "apiServerAddress": "127.0.0.2"},
    "nodes": [
        {"role": "control-plane", "extraPortMappings": [{"containerPort": 80, "hostPort": 8080}]},
        {
            "role": "worker",
            "extraPortMappings": [{"hostPort": 53, "listenAddress": "::1", "protocol": "udp"}, {"containerPort": 1}],
        },
    ],
}


@pytest.mark.parametrize(
    "config, ports",
    [
        ({}, []),
        (THREE, []),
        (PORTS, [("127.0.0.2", 6443, "TCP"), ("0.0.0.0", 8080, "TCP"), ("::1", 53, "UDP")]),
        ({"networking": {"apiServerPort": 6443}}, [("127.0.0.1", 6443, "TCP")]),
        ({"networking": {"apiServerPort": -1}, "nodes": None}, []),
        ({"networking": {"apiServerPort": "x"}}, []),
        ({"networking": None}, []),
    ],
)
def test_the_ports_of_a_configuration(config, ports):
    assert host.ports(config) == ports


@pytest.mark.parametrize("kind, protocol", [(socket.SOCK_STREAM, "TCP"), (socket.SOCK_DGRAM, "UDP")])
@pytest.mark.parametrize("everywhere", [False, True])
def test_a_busy_port(kind, protocol, everywhere):
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("0.0.0.0" if everywhere else "127.0.0.1", 0))
        if protocol == "TCP":
            holder.listen(1)
        number = holder.getsockname()[1]
        assert host.is_busy(("127.0.0.1", number, protocol))
        facts = host.look({"networking": {"apiServerPort": number}}, "/")
        assert facts.busy == ((("127.0.0.1", number, "TCP"),) if protocol == "TCP" else ())
    assert not host.is_busy(("127.0.0.1", number, protocol))


@pytest.mark.parametrize("port", [("127.0.0.1", 1, "SCTP"), ("192.0.2.1", 4000, "TCP"), ("no address", 4000, "TCP")])
def test_what_can_not_be_tried_is_not_busy(port):
    assert not host.is_busy(port)


GOOD = host.Facts(space=100 * host.GIB, directory="/d", instances=512, watches=524288)


@pytest.mark.parametrize(
    "facts, problem, warning",
    [
        (host.Facts(), None, None),
        (GOOD, None, None),
        (GOOD._replace(busy=(("127.0.0.1", 6443, "TCP"),)), "port 6443 (TCP) of 127.0.0.1 is in use: stop", None),
        (GOOD._replace(space=host.GIB), "1.0 GiB are free in /d, and 3 nodes need about 6 GiB: remove", None),
        (GOOD._replace(space=5 * host.GIB), None, "5.0 GiB are free in /d, and 3 nodes need about 6 GiB"),
        (GOOD._replace(instances=20), "fs.inotify.max_user_instances is 20, of which 0 are in use", None),
        (GOOD._replace(instances=128), None, None),
        (
            GOOD._replace(instances=128, instances_used=100),
            None,
            "of which 100 are in use, and the cluster needs about 62: run",
        ),
        (GOOD._replace(watches=100), "fs.inotify.max_user_watches is 100, and the cluster needs up to 3072: run", None),
        (GOOD._replace(watches=2048), None, "fs.inotify.max_user_watches is 2048"),
    ],
)
def test_the_judgement(facts, problem, warning):
    problems, warnings = host.judge(facts, THREE)
    for found, words in ((problems, problem), (warnings, warning)):
        assert len(found) == (words is not None)
        for text in found:
            assert words in text and "\n" not in text


def test_looking(tmp_path):
    for name in (
        "nvidia0",
        "nvidia12",
        "nvidiactl",
        "nvidia-uvm",
        "nvidia-caps",
        "null",
        "nvidia-cap1",
        "nvidia0x",
        "nvram",
    ):
        (tmp_path / "dev").mkdir(exist_ok=True)
        (tmp_path / "dev" / name).write_text("")
    limits = tmp_path / "proc/sys/fs/inotify"
    limits.mkdir(parents=True)
    (limits / "max_user_instances").write_text("128\n")
    (limits / "max_user_watches").write_text("nonsense")
    for process, targets in (
        ("1", ["anon_inode:inotify", "/x", "anon_inode:inotify"]),
        ("2", ["anon_inode:inotify"]),
        ("self", []),
    ):
        (tmp_path / "proc" / process / "fd").mkdir(parents=True)
        for number, target in enumerate(targets):
            os.symlink(target, tmp_path / "proc" / process / "fd" / str(number))
    facts = host.look({}, str(tmp_path), str(tmp_path))
    assert facts.devices == tuple(
        f"/dev/{name}" for name in ("nvidia-caps", "nvidia-uvm", "nvidia0", "nvidia12", "nvidiactl")
    )
    assert (facts.instances, facts.watches) == (128, None)
    assert facts.instances_used == (3 if os.geteuid() == 0 else 0)
    assert facts.space > 0 and facts.busy == ()


def test_a_machine_that_tells_nothing(tmp_path):
    assert host.look({}, "/none", str(tmp_path)) == host.Facts(directory="/none")


@pytest.mark.parametrize("provider", ["docker", "podman"])
def test_an_engine_on_another_machine_is_not_judged_here(monkeypatch, provider):
    monkeypatch.setattr(
        host, "look", lambda _config, directory: host.Facts(("/dev/nvidia0",), directory=directory, watches=1)
    )
    answers = {
        "here": Answer(0, f"/data\t{os.uname().nodename}\n"),
        "there": Answer(0, "/data\telsewhere\n"),
        "none": Answer(1),
    }
    question = info.Question("n", provider, "r", 1, "k", False, "1", "1", [], [], THREE)
    for name, answer in answers.items():
        found = info._host(question, lambda commands, _seconds, answer=answer: [answer])
        assert (found["devices"] == ["/dev/nvidia0"]) is (name == "here")
        assert len(found["problems"]) == (name == "here") and found["warnings"] == []
    assert info._host(question._replace(config=None), None) == {"devices": [], "problems": [], "warnings": []}
