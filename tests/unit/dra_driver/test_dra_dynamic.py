# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""MIG devices that are created on demand, before a fake kubelet and a fake API server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from dra_driver import cutter
from dra_driver.cluster import ClusterError
from dra_driver.flags import parse
from dra_support import eventually
from nvmock_gpu.cdi.read import parse as parse_spec
from nvmock_gpu.host.root import HostRoot
from nvmock_gpu.node.mig_cut import NodeCut, remake
from plugin_support import CTL

FLAG = "--dynamic-mig"
DRIVER_ROOT = "/var/lib/nvidia-mock/driver"
SMALL, LARGE, WHOLE = "gpu-0-mig-1g10gb-19-0", "gpu-0-mig-3g40gb-9-4", "gpu-0"
OVERLAPPING = "gpu-0-mig-2g20gb-14-0"


@pytest.fixture
def running(node):
    node.make("--machine", "dgxh100", "--gpu-count", "2")
    return node.registered_driver(FLAG)


def cut(node, gpu=0):
    """MIG mode and the profiles of a GPU, as the machine file says."""
    found = node.machine.gpus[gpu]
    return found.mig_enabled, [mig.profile for mig in found.mig_devices]


def names(answer):
    assert answer.error == ""
    return [one.device_name for one in answer.devices]


def nodes_of(node, uid):
    path = node.spec_of(uid)
    with open(path, "rb") as file:
        spec = parse_spec(path, file.read())
    return [entry["path"] for device in spec["devices"] for entry in device["containerEdits"]["deviceNodes"]]


def restart(node, *flags):
    node.dra_kubelet.close()
    node.stop_driver()
    return node.registered_driver(*(flags or (FLAG,)))


def change(node, gpu, make):
    """Change how a GPU is cut as nvidia-smi does: only the state."""
    with HostRoot(node.host_root) as root:
        now = NodeCut(root, DRIVER_ROOT)
        layout = now.layouts()[gpu]
        make(layout)
        now.cut({gpu: layout})


def add(profile, start):
    def make(layout):
        layout.set_mode(True)
        place = [one.name for one in layout.profiles].index(profile)
        layout.create_compute(layout.create(place, start), layout.profiles[place].slices)

    return make


def test_what_is_published(running):
    devices = running.server.devices()
    assert len(devices) == 2 * 26 and {"gpu-0", "gpu-1", SMALL, LARGE} <= set(devices)
    slices = sorted(running.server.slices.values(), key=lambda one: one["metadata"]["name"])
    assert [one["name"] for one in slices[0]["spec"]["sharedCounters"]] == ["gpu-0-counter-set", "gpu-1-counter-set"]
    assert "devices" not in slices[0]["spec"] and len(slices) == 3
    assert {one["spec"]["pool"]["resourceSliceCount"] for one in slices} == {3}


def test_mig_devices_come_and_go_with_their_claims(running):
    before = running.server.devices()
    versions = {one["metadata"]["resourceVersion"] for one in running.server.slices.values()}
    small, large = running.server.allocate("a", SMALL), running.server.allocate("b", LARGE)
    assert names(running.dra_kubelet.prepare(small)["uid-a"]) == [SMALL]
    assert cut(running) == (True, ["1g.10gb"]) and cut(running, 1) == (False, [])
    caps = running.path("dev/nvidia-caps")
    [instance, compute] = [path for path in nodes_of(running, "uid-a") if "nvidia-cap" in path]
    assert os.path.exists(running.path(instance[1:])) and os.path.exists(running.path(compute[1:]))
    assert "/dev/nvidia0" in nodes_of(running, "uid-a")
    assert os.path.exists(running.path("run/nvidia/driver/proc/driver/nvidia/capabilities/gpu0/mig/gi7/access"))
    assert names(running.dra_kubelet.prepare(large)["uid-b"]) == [LARGE]
    assert cut(running) == (True, ["3g.40gb", "1g.10gb"])
    first = running.dra_kubelet.prepare(small)["uid-a"]
    assert names(first) == [SMALL], "again"
    assert running.dra_kubelet.unprepare(small)["uid-a"].error == ""
    assert cut(running) == (True, ["3g.40gb"]) and not os.path.exists(running.path(instance[1:]))
    for _time in range(2):
        assert running.dra_kubelet.unprepare(large)["uid-b"].error == ""
        assert cut(running) == (False, []) and not os.path.exists(caps)
    assert running.server.devices() == before
    assert {one["metadata"]["resourceVersion"] for one in running.server.slices.values()} == versions


def test_a_claim_with_several_devices(running):
    claim = running.server.allocate("a", SMALL, LARGE, "gpu-1")
    assert names(running.dra_kubelet.prepare(claim)["uid-a"]) == [SMALL, LARGE, "gpu-1"]
    assert cut(running) == (True, ["3g.40gb", "1g.10gb"])
    assert running.dra_kubelet.unprepare(claim)["uid-a"].error == ""
    assert cut(running) == (False, [])


@pytest.mark.parametrize("held, wanted", [(SMALL, OVERLAPPING), (SMALL, WHOLE), (WHOLE, SMALL), (SMALL, SMALL)])
def test_devices_that_exclude_each_other(running, held, wanted):
    """The scheduler allocates them only if it does not know of the first claim any more."""
    first = running.server.allocate("a", held)
    assert running.dra_kubelet.prepare(first)["uid-a"].error == ""
    before = cut(running)
    second = running.server.allocate("b", wanted)
    answer = running.dra_kubelet.prepare(second)["uid-b"]
    assert answer.error == f"claim default/b: {held} is in use by claim default/a"
    assert cut(running) == before and not os.path.exists(running.spec_of("uid-b"))
    running.server.claims.pop(("default", "a"))
    assert names(running.dra_kubelet.prepare(second)["uid-b"]) == [wanted]
    assert cut(running)[0] == (wanted != WHOLE)


def test_a_refused_prepare_leaves_nothing(running, monkeypatch):
    monkeypatch.setattr(cutter, "remake", fail)
    claim = running.server.allocate("a", SMALL)
    answer = running.dra_kubelet.prepare(claim)["uid-a"]
    assert answer.error == "claim default/a: no space" and not answer.devices
    assert not os.path.exists(running.spec_of("uid-a")) and cut(running) == (False, [])
    assert running.server.devices()[SMALL].get("taints") is None
    monkeypatch.setattr(cutter, "remake", remake)
    assert names(running.dra_kubelet.prepare(claim)["uid-a"]) == [SMALL]
    assert running.dra_kubelet.unprepare(claim)["uid-a"].error == ""
    assert os.listdir(running.cdi) == []


def fail(_root, _driver_root):
    raise OSError("no space")


def test_an_overlap_in_one_claim_is_refused(running):
    claim = running.server.allocate("a", SMALL, OVERLAPPING)
    assert "MIG: refused" in running.dra_kubelet.prepare(claim)["uid-a"].error
    assert cut(running) == (False, [])


def test_claims_survive_restarts(running):
    claim = running.server.allocate("a", SMALL, LARGE)
    first = running.dra_kubelet.prepare(claim)["uid-a"]
    restart(running)
    assert len(running.server.devices()) == 52, "the GPU is still cut on demand"
    assert running.dra_kubelet.prepare(claim)["uid-a"] == first
    # A restart of the node: /dev, /run and the state of the GPUs are gone, and other programs make the node again.
    running.dra_kubelet.close()
    running.stop_driver()
    for place in ("dev", "run", "var/run/cdi"):
        shutil.rmtree(running.path(place))
    running.make("--machine", "dgxh100", "--gpu-count", "2", "--mig", "1=")
    assert cut(running) == (False, [])
    running.registered_driver(FLAG)
    eventually(lambda: os.path.exists(running.spec_of("uid-a")))
    assert cut(running) == (True, ["3g.40gb", "1g.10gb"])
    assert running.dra_kubelet.prepare(claim)["uid-a"] == first
    assert running.dra_kubelet.unprepare(claim)["uid-a"].error == ""
    assert cut(running) == (False, [])


def test_a_crash_between_the_checkpoint_and_the_cut(running):
    """The claim is in the checkpoint first, so that the MIG device does not count as somebody else's."""
    claim = running.server.allocate("a", SMALL)
    assert running.dra_kubelet.prepare(claim)["uid-a"].error == ""
    running.dra_kubelet.close()
    running.stop_driver()
    with HostRoot(running.host_root) as root:
        now = NodeCut(root, DRIVER_ROOT)
        layout = now.layouts()[0]
        layout.computes, layout.instances = {}, {}
        layout.set_mode(False)
        now.cut({0: layout})
    running.registered_driver(FLAG)
    eventually(lambda: cut(running) == (True, ["1g.10gb"]))
    assert running.dra_kubelet.unprepare(claim)["uid-a"].error == ""
    assert cut(running) == (False, [])


def test_runs_of_others_leave_the_devices(running):
    claim = running.server.allocate("a", SMALL)
    running.dra_kubelet.prepare(claim)
    running.make("--machine", "dgxh100", "--gpu-count", "2")
    assert cut(running) == (True, ["1g.10gb"])
    # A layout for another GPU: the run cuts all GPUs as it says, and the driver makes its device again.
    running.make("--machine", "dgxh100", "--gpu-count", "2", "--mig", "1=3g.40gb")
    eventually(lambda: cut(running) == (True, ["1g.10gb"]))
    assert cut(running, 1) == (True, ["3g.40gb"])
    eventually(lambda: "gpu-1" not in running.server.devices())
    assert {"gpu-1-mig-3g40gb-9-0"} == {name for name in running.server.devices() if name.startswith("gpu-1")}
    assert running.dra_kubelet.unprepare(claim)["uid-a"].error == ""
    assert cut(running) == (False, []) and cut(running, 1) == (True, ["3g.40gb"])


def test_a_declared_layout_and_claims_exclude_each_other(running, said):
    running.make("--machine", "dgxh100", "--gpu-count", "2", "--mig", "0=2g.20gb")
    line = "gpu-0 is cut by another layout (2g.20gb): it is offered as it is"
    eventually(lambda: line in said() and len(running.server.devices()) == 27)
    claim = running.server.allocate("a", LARGE)
    assert f"this node has no device {LARGE}" in running.dra_kubelet.prepare(claim)["uid-a"].error
    static = running.server.allocate("b", "gpu-0-mig-2g20gb-14-0")
    assert names(running.dra_kubelet.prepare(static)["uid-b"]) == ["gpu-0-mig-2g20gb-14-0"]
    assert running.dra_kubelet.unprepare(static)["uid-b"].error == ""
    assert cut(running) == (True, ["2g.20gb"]), "it was not made for a claim"
    running.make("--machine", "dgxh100", "--gpu-count", "2", "--mig", "1=")
    eventually(lambda: len(running.server.devices()) == 52)
    assert said().count(line) == 1


def test_a_declared_layout_over_a_claim_is_one_line(running, said):
    claim = running.server.allocate("a", SMALL)
    running.dra_kubelet.prepare(claim)
    running.dra_kubelet.watch()
    running.make("--machine", "dgxh100", "--gpu-count", "2", "--mig", "0=7g.80gb")
    line = f"{SMALL} is lost: gpu-0 is cut by another layout (7g.80gb): delete its pod, or remove that layout"
    eventually(lambda: line in said())
    eventually(lambda: running.dra_kubelet.health.get(SMALL, (0, ""))[0] == 2)
    assert running.dra_kubelet.unprepare(claim)["uid-a"].error == ""
    assert cut(running) == (True, ["7g.80gb"]) and said().count(line) == 1


def test_a_mig_mode_that_was_left_on(running):
    change(running, 0, lambda layout: layout.set_mode(True))
    eventually(lambda: "gpu-0" in running.server.devices())
    claim = running.server.allocate("a", WHOLE)
    assert names(running.dra_kubelet.prepare(claim)["uid-a"]) == [WHOLE]
    assert cut(running) == (False, []) and nodes_of(running, "uid-a") == ["/dev/nvidia0"]


def test_what_nvidia_smi_made_is_made_on_the_node_and_left_alone(running, said):
    change(running, 1, add("3g.40gb", 0))
    eventually(lambda: cut(running, 1) == (True, ["3g.40gb"]))
    eventually(lambda: "gpu-1 is cut by another layout (3g.40gb)" in said())
    eventually(lambda: [one for one in running.server.devices() if one.startswith("gpu-1")] == ["gpu-1-mig-3g40gb-9-0"])
    claim = running.server.allocate("a", "gpu-1-mig-3g40gb-9-0")
    eventually(lambda: not running.dra_kubelet.prepare(claim)["uid-a"].error)
    assert running.dra_kubelet.unprepare(claim)["uid-a"].error == ""
    assert cut(running, 1) == (True, ["3g.40gb"])


def test_monitoring_sees_what_exists(running):
    running.dra_kubelet.prepare(running.server.allocate("a", SMALL))
    everything = [f"{name}!" for name in running.server.devices()]
    monitor = running.server.allocate("m", *everything)
    eventually(lambda: names(running.dra_kubelet.prepare(monitor)["uid-m"]) == [SMALL, "gpu-1"])
    absent = running.server.allocate("n", f"{LARGE}!")
    assert running.dra_kubelet.prepare(absent)["uid-n"].error == "claim default/n: none of its devices exists now"


def taints(node, name):
    return [(one["key"], one.get("value")) for one in node.server.devices()[name].get("taints", [])]


def test_faults_of_a_gpu_and_of_a_mig_device(running):
    running.dra_kubelet.prepare(running.server.allocate("a", SMALL))
    running.dra_kubelet.watch()
    eventually(lambda: running.dra_kubelet.health.get(SMALL) == (1, ""))
    running.fault(running.uuids[0], "Xid 79")
    wanted = [("gpu.nvidia.com/xid", "79")]
    eventually(lambda: taints(running, SMALL) == taints(running, LARGE) == taints(running, WHOLE) == wanted)
    assert running.dra_kubelet.health[SMALL][0] == 2 and taints(running, "gpu-1") == []
    running.fault(running.uuids[0])
    eventually(lambda: not any(taints(running, name) for name in running.server.devices()))
    mig = running.machine.gpus[0].mig_devices[0].uuid
    running.fault(mig, "Xid 48")
    eventually(lambda: taints(running, SMALL) == [("gpu.nvidia.com/xid", "48")])
    assert taints(running, LARGE) == []


def test_a_watch_makes_what_belongs_to_it(running, monkeypatch):
    monkeypatch.setattr(cutter, "remake", fail)
    flags = ["--host-root", running.host_root, "--device-files", "regular", "--uuid-seed", "n", "--machine", "dgxh100"]
    command = [sys.executable, CTL, "watch", *flags, "--gpu-count", "2", "--interval", "60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watch:
        try:
            for line in watch.stdout:
                if line.startswith("mock GPU node"):
                    break

            def followed():
                with HostRoot(running.host_root) as root:
                    return NodeCut(root, DRIVER_ROOT).is_followed()

            eventually(followed)
            claim = running.server.allocate("a", SMALL)
            assert names(running.dra_kubelet.prepare(claim)["uid-a"]) == [SMALL]
            assert cut(running) == (True, ["1g.10gb"])
            assert running.dra_kubelet.unprepare(claim)["uid-a"].error == ""
            assert cut(running) == (False, [])
        finally:
            watch.terminate()
            watch.wait(60)


def test_a_watch_that_does_nothing_is_not_waited_for_for_ever(running, monkeypatch):
    monkeypatch.setattr(cutter, "LONGEST_WAIT", 0.2)
    monkeypatch.setattr(NodeCut, "is_followed", lambda self: True)
    error = running.dra_kubelet.prepare(running.server.allocate("a", SMALL))["uid-a"].error
    assert error == "claim default/a: gpu-mockctl watch has not made the MIG devices within 0 s: see its log"
    assert cut(running) == (False, [])


def test_without_the_flag_nothing_is_made(running):
    """The devices of claims are released, and what was made for them is offered as it is."""
    claim = running.server.allocate("a", SMALL)
    running.dra_kubelet.prepare(claim)
    restart(running, "--fault-effect", "NoSchedule")
    eventually(lambda: set(running.server.devices()) == {SMALL, "gpu-1"})
    assert len(running.server.slices) == 1
    assert names(running.dra_kubelet.prepare(claim)["uid-a"]) == [SMALL]
    assert running.dra_kubelet.unprepare(claim)["uid-a"].error == ""


def test_the_checkpoint_of_other_devices_is_as_before(running):
    running.dra_kubelet.prepare(running.server.allocate("a", "gpu-1"), running.server.allocate("b", SMALL))
    with open(f"{running.kubelet_directory}/plugins/gpu.nvidia.com/claims.json", encoding="utf-8") as file:
        claims = json.load(file)["claims"]
    assert "made" not in claims["uid-a"]["devices"][0] and claims["uid-b"]["devices"][0]["made"] is True


def test_a_board_without_mig_is_offered_as_before(node):
    node.make("--machine", "l40s", "--gpu-count", "2").registered_driver(FLAG)
    assert set(node.server.devices()) == {"gpu-0", "gpu-1"} and len(node.server.slices) == 1
    assert names(node.dra_kubelet.prepare(node.server.allocate("a", "gpu-0"))["uid-a"]) == ["gpu-0"]
    os.rename(node.path("etc/cdi/nvidia.yaml"), node.path("etc/cdi/away"))
    eventually(lambda: taints(node, "gpu-1"))
    error = node.dra_kubelet.prepare(node.server.allocate("b", "gpu-1"))["uid-b"].error
    assert "no valid CDI specification on this node defines GPU-" in error
    assert node.dra_kubelet.unprepare(node.server.allocate("b", "gpu-1"))["uid-b"].error == ""


@pytest.mark.parametrize("field", ["sharedCounters", "devices"])
def test_a_cluster_without_partitionable_devices_is_refused(node, field):
    def accept(spec):
        kept = {key: spec[key] for key in spec if key != "sharedCounters" or field == "devices"}
        if "devices" in kept:
            kept["devices"] = [{key: one[key] for key in one if key != "consumesCounters"} for one in kept["devices"]]
        return kept

    node.server.accept = accept
    node.make("--machine", "dgxh100").driver(FLAG)
    failure = node.failure()
    assert isinstance(failure, ClusterError) and "Kubernetes 1.36 or later is needed" in str(failure)
    assert node.server.slices == {}


def test_a_gpu_is_either_cut_or_shared(capsys):
    with pytest.raises(SystemExit):
        parse(["--node-name", "n", FLAG, "--share-gpus"])
    assert capsys.readouterr().err == (
        "gpu-mock-dra-driver: --dynamic-mig: not allowed with --share-gpus: a GPU is either cut or shared\n"
    )
