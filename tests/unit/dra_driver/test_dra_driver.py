# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The driver before a fake kubelet and a fake API server, over real sockets."""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
import threading

import grpc
import pytest

from device_plugin.api_server import ApiError
from device_plugin.one_per_node import Seat
from dra_driver import kubelet_api as api
from dra_driver.cluster import ClusterError
from dra_driver.names import DRIVER
from dra_support import eventually
from nvmock_gpu.cdi.read import parse

TIME_SLICING = {
    "apiVersion": "resource.nvidia.com/v1beta1",
    "kind": "GpuConfig",
    "sharing": {"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": "Long"}},
}


@pytest.fixture
def running(node):
    node.make("--gpu-count", "4")
    return node.registered_driver()


def names(answer):
    assert answer.error == ""
    return [(list(one.request_names), one.device_name) for one in answer.devices]


def read_spec(node, uid):
    path = node.spec_of(uid)
    with open(path, "rb") as file:
        return parse(path, file.read())


def nodes_in(spec):
    return [entry["path"] for device in spec["devices"] for entry in device["containerEdits"]["deviceNodes"]]


# -- registration and slices ---------------------------------------------------------------------------------------


def test_registration(node):
    node.make("--gpu-count", "4").driver()
    info = node.dra_kubelet.register()
    assert (info.type, info.name) == ("DRAPlugin", DRIVER)
    assert info.endpoint == f"{node.kubelet_directory}/plugins/{DRIVER}/dra.sock"
    versions = ["v1.DRAPlugin", "v1beta1.DRAPlugin", "v1.DRAResourceHealth", "v1alpha1.DRAResourceHealth"]
    assert list(info.supported_versions) == versions
    [one] = eventually(lambda: list(node.server.slices.values()))
    assert one["metadata"]["name"].startswith(f"00000-{DRIVER}-n-")
    [owner] = one["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"], owner["controller"]) == ("Node", "n", "node-uid", True)
    assert one["spec"]["pool"] == {"name": "n", "generation": 1, "resourceSliceCount": 1}
    assert [device["name"] for device in one["spec"]["devices"]] == ["gpu-0", "gpu-1", "gpu-2", "gpu-3"]
    assert [device["attributes"]["uuid"]["string"] for device in one["spec"]["devices"]] == node.uuids
    assert node.dra_kubelet.prepare() == {}, "the probe of liveness asks for no claim"


def test_nothing_is_published_before_the_kubelet_has_registered_the_driver(node, said):
    node.make("--gpu-count", "1").driver()
    node.dra_kubelet.register(accept=False)
    eventually(lambda: "the kubelet refuses the driver: no" in said())
    assert node.server.slices == {} and not os.path.exists(node.ready)
    node.dra_kubelet.register()
    eventually(lambda: node.server.slices and os.path.exists(node.ready))


def test_slices_that_the_kubelet_deleted_are_back_at_once(running):
    running.server.slices.clear()
    eventually(lambda: len(running.server.devices()) == 4, 2)


def test_another_machine_makes_other_slices(running):
    layout = ";".join(f"{index}={','.join(['1g.5gb'] * 7)}" for index in range(10))
    running.make("--gpu-count", "10", "--mig", layout)
    eventually(lambda: len(running.server.devices()) == 70)
    pools = [one["spec"]["pool"] for one in running.server.slices.values()]
    assert pools == [{"name": "n", "generation": 2, "resourceSliceCount": 2}] * 2
    running.make("--gpu-count", "2")
    eventually(lambda: len(running.server.devices()) == 2)
    assert len(running.server.slices) == 1


def test_a_quiet_node_is_not_written_to(running):
    def writes():
        return [call for call in running.server.calls if call[0] != "GET"]

    before = len(writes())
    seen = len(running.server.calls)
    eventually(lambda: len(running.server.calls) > seen + 10)
    assert len(writes()) == before


def test_a_server_that_drops_fields_is_not_written_to_again_and_again(node):
    """Such as taints, where the feature is off."""
    node.server.accept = lambda spec: {
        **spec,
        "devices": [{key: one[key] for key in one if key != "taints"} for one in spec["devices"]],
    }
    node.make("--gpu-count", "2").registered_driver()
    node.fault(node.uuids[0], "Xid 79")
    eventually(lambda: [call for call in node.server.calls if call[0] == "PUT"])
    seen = len(node.server.calls)
    eventually(lambda: len(node.server.calls) > seen + 10)
    assert len([call for call in node.server.calls if call[0] == "PUT"]) == 1


def test_an_api_server_that_is_away_for_a_while(running, said):
    running.server.down = True
    eventually(lambda: said().count("connection refused") == 1)
    running.server.slices.clear()
    running.server.down = False
    eventually(lambda: len(running.server.devices()) == 4)


def test_a_node_without_a_mock_is_left_alone(node):
    os.makedirs(node.host_root, exist_ok=True)
    node.driver()
    eventually(lambda: os.path.exists(node.ready))
    assert os.listdir(f"{node.kubelet_directory}/plugins") == []
    assert os.listdir(f"{node.kubelet_directory}/plugins_registry") == []
    node.make("--gpu-count", "1")
    node.dra_kubelet.register()
    eventually(node.server.devices)


def test_sockets_that_were_removed_are_made_again(running):
    os.unlink(f"{running.kubelet_directory}/plugins_registry/{DRIVER}-reg.sock")
    eventually(lambda: os.path.exists(f"{running.kubelet_directory}/plugins_registry/{DRIVER}-reg.sock"))
    running.dra_kubelet.register()
    eventually(lambda: os.path.exists(running.ready))
    claim = running.server.allocate("a", "gpu-0")
    assert names(running.dra_kubelet.prepare(claim)["uid-a"]) == [(["r0"], "gpu-0")]


# -- who may run ---------------------------------------------------------------------------------------------------


def test_a_cluster_without_the_api_is_refused(node):
    node.server.has_group = False
    node.make("--gpu-count", "1").driver()
    failure = node.failure()
    assert isinstance(failure, ClusterError)
    assert "resource.k8s.io/v1 is not available: Kubernetes 1.34 or later is needed" in str(failure)


def test_a_node_whose_gpus_another_device_plugin_offers(node, said):
    node.server.node["status"]["allocatable"]["nvidia.com/gpu"] = "8"
    place = f"{node.kubelet_directory}/device-plugins/nvidia-gpu.sock"
    with socket.socket(socket.AF_UNIX) as plugin:
        plugin.bind(place)
        plugin.listen()
        node.make("--gpu-count", "1").driver()
        eventually(lambda: f"waiting: a device plugin offers nvidia.com/gpu on node n ({place}): stop it" in said())
        seen = len(node.server.calls)
        eventually(lambda: len(node.server.calls) > seen + 3)
        assert said().count("waiting") == 1
        assert node.server.slices == {} and os.listdir(f"{node.kubelet_directory}/plugins_registry") == []
        assert not os.path.exists(node.ready)
        node.server.node["status"]["allocatable"]["nvidia.com/gpu"] = "0"
        node.dra_kubelet.register()
        eventually(node.server.devices)


def test_a_resource_that_the_kubelet_has_left_on_the_node(node):
    """No plugin answers any more."""
    node.server.node["status"]["allocatable"]["nvidia.com/gpu"] = "8"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(f"{node.kubelet_directory}/device-plugins/nvidia-gpu.sock")
    node.make("--gpu-count", "1").registered_driver()
    assert node.server.devices()


def test_a_driver_waits_for_the_device_plugin_of_its_node(node, said):
    plugin = Seat(f"{node.kubelet_directory}/device-plugins", exclusive=False)
    assert plugin.take() == ""
    node.make("--gpu-count", "1").driver()
    eventually(lambda: "waiting: gpu-mock-device-plugin offers the GPUs of this node: stop it" in said())
    assert node.server.slices == {} and not os.path.exists(node.ready)
    plugin.leave()
    node.dra_kubelet.register()
    eventually(lambda: node.server.devices() and os.path.exists(node.ready))


def test_two_drivers_of_a_node(running, said):
    """The second starts with the claims of the first."""
    running.dra_kubelet.prepare(running.server.allocate("a", "gpu-1"))
    place = running.place + "/second"
    os.mkdir(place)
    second = type(running)(place)
    try:
        second.server.node["metadata"]["uid"] = "second"
        second.make("--gpu-count", "4")
        second.driver("--kubelet-directory", running.kubelet_directory, "--cdi-directory", running.cdi)
        eventually(lambda: "waiting: gpu-mock-dra-driver offers the GPUs of this node: stop it" in said())
        claim = running.server.allocate("b", "gpu-2")
        running.dra_kubelet.prepare(claim)
        running.dra_kubelet.close()
        running.stop_driver()
        second.dra_kubelet.registry = running.dra_kubelet.registry
        second.dra_kubelet.register()
        assert sorted(os.listdir(running.cdi)) == [f"k8s.gpu.nvidia.com-claim_uid-{one}.json" for one in "ab"]
        second.server.allocate("a", "gpu-1"), second.server.allocate("b", "gpu-2")
        other = second.server.allocate("c", "gpu-2")
        assert second.dra_kubelet.prepare(other)["uid-c"].error.endswith("gpu-2 is in use by claim default/b")
    finally:
        second.close()


def test_another_driver_of_this_name(running, said):
    """Such as NVIDIA's. Its slices are left alone while it is there."""
    place = f"{running.kubelet_directory}/plugins/{DRIVER}/dra.sock"
    os.unlink(place)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(place)
        other.listen()
        eventually(lambda: f"another DRA driver gpu.nvidia.com serves {place}: stop one of the two" in said())
        eventually(lambda: not os.path.exists(running.ready))
        running.server.slices.clear()
        seen = len(running.server.calls)
        threading.Event().wait(0.5)
        assert running.server.slices == {} and len(running.server.calls) - seen <= 1
    running.dra_kubelet.register()
    eventually(lambda: running.server.devices() and os.path.exists(running.ready))


# -- claims --------------------------------------------------------------------------------------------------------


def test_a_claim_gets_its_devices(running):
    claim = running.server.allocate("a", "gpu-1", "gpu-3")
    answer = running.dra_kubelet.prepare(claim)["uid-a"]
    assert names(answer) == [(["r0"], "gpu-1"), (["r1"], "gpu-3")]
    assert [list(one.cdi_device_ids) for one in answer.devices] == [
        ["k8s.gpu.nvidia.com/claim=uid-a-gpu-1"],
        ["k8s.gpu.nvidia.com/claim=uid-a-gpu-3"],
    ]
    assert {one.pool_name for one in answer.devices} == {"n"}
    spec = read_spec(running, "uid-a")
    assert spec["kind"] == "k8s.gpu.nvidia.com/claim"
    assert [device["name"] for device in spec["devices"]] == ["uid-a-gpu-1", "uid-a-gpu-3"]
    assert nodes_in(spec) == ["/dev/nvidia1", "/dev/nvidia3"]
    path = running.path("etc/cdi/nvidia.yaml")
    with open(path, "rb") as file:
        assert spec["containerEdits"] == parse(path, file.read())["containerEdits"]
    assert stat.S_IMODE(os.stat(running.spec_of("uid-a")).st_mode) == 0o644
    assert sorted(os.listdir(running.cdi)) == ["k8s.gpu.nvidia.com-claim_uid-a.json"]


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_both_versions_are_served(running, version):
    claim = running.server.allocate("a", "gpu-0")
    assert names(running.dra_kubelet.prepare(claim, version=version)["uid-a"]) == [(["r0"], "gpu-0")]
    assert running.dra_kubelet.unprepare(claim, version=version)["uid-a"].error == ""


def test_a_mig_device(node):
    node.make("--machine", "dgxh100", "--gpu-count", "2", "--mig", "1=3g.40gb,1g.10gb").registered_driver()
    name = "gpu-1-mig-1g10gb-19-4"
    assert name in node.server.devices()
    claim = node.server.allocate("a", name)
    assert names(node.dra_kubelet.prepare(claim)["uid-a"]) == [(["r0"], name)]
    paths = nodes_in(read_spec(node, "uid-a"))
    assert "/dev/nvidia1" in paths and len([one for one in paths if "nvidia-caps" in one]) == 2


def test_prepare_can_be_repeated(running):
    claim = running.server.allocate("a", "gpu-1")
    first = running.dra_kubelet.prepare(claim)["uid-a"]
    status = os.stat(running.spec_of("uid-a"))
    assert running.dra_kubelet.prepare(claim)["uid-a"] == first
    assert os.stat(running.spec_of("uid-a")).st_ino == status.st_ino


def test_unprepare_releases_and_can_be_repeated(running):
    claim = running.server.allocate("a", "gpu-1")
    running.dra_kubelet.prepare(claim)
    for _time in range(2):
        assert running.dra_kubelet.unprepare(claim)["uid-a"].error == ""
        assert os.listdir(running.cdi) == []
    again = running.server.allocate("b", "gpu-1")
    assert names(running.dra_kubelet.prepare(again)["uid-b"]) == [(["r0"], "gpu-1")]


def test_unprepare_of_an_unknown_claim_is_no_error(running):
    for uid in ("uid-x", "../../etc/passwd", ""):
        assert running.dra_kubelet.unprepare(api.Claim(namespace="n", name="x", uid=uid))[uid].error == ""


def test_unprepare_depends_on_nothing(running):
    claim = running.server.allocate("a", "gpu-1")
    running.dra_kubelet.prepare(claim)
    running.server.down = True
    shutil.rmtree(running.host_root + "/var/lib")
    assert running.dra_kubelet.unprepare(claim)["uid-a"].error == ""
    assert not os.path.exists(running.spec_of("uid-a"))


def test_a_device_in_use_is_refused(running):
    running.dra_kubelet.prepare(running.server.allocate("a", "gpu-1"))
    other = running.server.allocate("b", "gpu-0", "gpu-1")
    answer = running.dra_kubelet.prepare(other)["uid-b"]
    assert answer.error == "claim default/b: gpu-1 is in use by claim default/a" and not answer.devices
    assert not os.path.exists(running.spec_of("uid-b"))


def test_a_claim_that_no_longer_exists_holds_nothing(running, said):
    running.dra_kubelet.prepare(running.server.allocate("a", "gpu-1"))
    running.server.allocate("a", "gpu-0", uid="another")
    other = running.server.allocate("b", "gpu-1")
    assert names(running.dra_kubelet.prepare(other)["uid-b"]) == [(["r0"], "gpu-1")]
    assert "claim default/a: released: it no longer exists" in said()
    assert sorted(os.listdir(running.cdi)) == ["k8s.gpu.nvidia.com-claim_uid-b.json"]


def test_admin_access_is_beside_the_users(running):
    running.dra_kubelet.prepare(running.server.allocate("a", "gpu-1"))
    admin = running.server.allocate("watcher", "gpu-0!", "gpu-1!")
    assert [device for _requests, device in names(running.dra_kubelet.prepare(admin)["uid-watcher"])] == [
        "gpu-0",
        "gpu-1",
    ]
    user = running.server.allocate("b", "gpu-0")
    assert names(running.dra_kubelet.prepare(user)["uid-b"]) == [(["r0"], "gpu-0")]


def test_claims_share_a_gpu(node):
    node.make("--machine", "dgxh100", "--gpu-count", "2", "--mig", "1=3g.40gb").registered_driver("--share-gpus")
    gpu, mig = node.server.devices().values()
    assert gpu["allowMultipleAllocations"] and "allowMultipleAllocations" not in mig
    policy = {"default": "81559Mi", "validRange": {"min": "1Mi", "step": "1Mi"}}
    assert gpu["capacity"] == {"memory": {"value": "81559Mi", "requestPolicy": policy}}
    assert "requestPolicy" not in str(mig["capacity"])
    claims = [node.server.allocate("a", "gpu-0@s1"), node.server.allocate("b", "gpu-0@s2", "gpu-0@s3")]
    answers = node.dra_kubelet.prepare(*claims)
    assert [one.share_id for one in answers["uid-a"].devices] == ["s1"]
    assert [one.share_id for one in answers["uid-b"].devices] == ["s2", "s3"]
    assert [list(one.cdi_device_ids) for one in answers["uid-b"].devices] == [
        ["k8s.gpu.nvidia.com/claim=uid-b-gpu-0-s2"],
        ["k8s.gpu.nvidia.com/claim=uid-b-gpu-0-s3"],
    ]
    spec = read_spec(node, "uid-b")
    assert [device["name"] for device in spec["devices"]] == ["uid-b-gpu-0-s2", "uid-b-gpu-0-s3"]
    assert nodes_in(spec) == ["/dev/nvidia0", "/dev/nvidia0"]
    # A claim that has the whole device gets none of which there are shares.
    whole = node.server.allocate("c", "gpu-0")
    assert node.dra_kubelet.prepare(whole)["uid-c"].error == "claim default/c: gpu-0 is in use by claim default/a"
    restart(node, "--share-gpus")
    assert node.dra_kubelet.prepare(*claims) == answers


def test_a_device_that_is_not_shared_has_no_id_of_a_share(running):
    [device] = running.dra_kubelet.prepare(running.server.allocate("a", "gpu-0"))["uid-a"].devices
    assert not device.HasField("share_id")
    assert not any("allowMultipleAllocations" in one for one in running.server.devices().values())


def test_several_claims_in_one_request(running):
    claims = [running.server.allocate("a", "gpu-0"), running.server.allocate("b", "gpu-9")]
    answers = running.dra_kubelet.prepare(*claims)
    assert set(answers) == {"uid-a", "uid-b"}
    assert names(answers["uid-a"]) == [(["r0"], "gpu-0")]
    assert answers["uid-b"].error == "claim default/b: this node has no device gpu-9"


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda server: server.claims.clear(), "claim default/a: it does not exist"),
        (
            lambda server: server.claims["default", "a"]["metadata"].update(uid="new"),
            "claim default/a: its UID is new, not uid-a: it was deleted and created again",
        ),
        (
            lambda server: server.claims["default", "a"]["status"].clear(),
            "claim default/a: the claim has no device of gpu.nvidia.com on node n",
        ),
        (
            lambda server: server.claims["default", "a"].update(status="odd"),
            "claim default/a: AttributeError: 'str' object has no attribute 'get'",
        ),
        (
            lambda server: setattr(server, "down", True),
            "claim default/a: the API server at fake:443: connection refused",
        ),
    ],
)
def test_a_claim_that_can_not_be_prepared(running, change, message):
    claim = running.server.allocate("a", "gpu-0")
    change(running.server)
    assert running.dra_kubelet.prepare(claim)["uid-a"].error == message
    assert not os.path.exists(running.spec_of("uid-a"))


def opaque(parameters, **more):
    return {"source": "FromClaim", **more, "opaque": {"driver": DRIVER, "parameters": parameters}}


@pytest.mark.parametrize(
    "parameters, message",
    [
        (TIME_SLICING, ""),
        ({**TIME_SLICING, "sharing": {"strategy": "TimeSlicing"}}, ""),
        ({"apiVersion": "resource.nvidia.com/v1beta1", "kind": "GpuConfig"}, ""),
        (
            {**TIME_SLICING, "sharing": {"strategy": "MPS"}},
            "sharing.strategy: 'MPS' is not allowed: must be TimeSlicing: MPS is not supported",
        ),
        (
            {**TIME_SLICING, "kind": "MigDeviceConfig"},
            "kind: 'MigDeviceConfig' is not allowed: must be GpuConfig for gpu-0",
        ),
        (
            {**TIME_SLICING, "kind": "VfioDeviceConfig"},
            "kind: 'VfioDeviceConfig' is not allowed: must be GpuConfig or MigDeviceConfig",
        ),
        (
            {**TIME_SLICING, "sharing": {"strategy": "TimeSlicing", "timeSlicingConfig": {"interval": "Ever"}}},
            "sharing.timeSlicingConfig.interval: 'Ever' is not allowed: must be Default or Short or Medium or Long",
        ),
        ({**TIME_SLICING, "extra": 1}, "parameters: 'extra' is not allowed: must be one of apiVersion, kind, sharing"),
        ({"kind": "GpuConfig"}, "apiVersion: 'None' is not allowed: must be resource.nvidia.com/v1beta1"),
        (None, "parameters: 'None' is not allowed: must be an object"),
    ],
)
def test_configurations(running, parameters, message):
    claim = running.server.allocate("a", "gpu-0", config=[opaque(parameters)])
    error = running.dra_kubelet.prepare(claim)["uid-a"].error
    assert error == (f"claim default/a: configuration: {message}" if message else "")


def test_configurations_of_others_are_not_looked_at(running):
    other = {"source": "FromClass", "opaque": {"driver": "other.example.com", "parameters": {"kind": "x"}}}
    elsewhere = opaque({"kind": "x"}, requests=["r7"])
    claim = running.server.allocate("a", "gpu-0", config=[other, elsewhere])
    assert running.dra_kubelet.prepare(claim)["uid-a"].error == ""


# -- restarts ------------------------------------------------------------------------------------------------------


def restart(node, *flags):
    node.dra_kubelet.close()
    node.stop_driver()
    return node.registered_driver(*flags)


def test_claims_survive_a_restart_of_the_driver(running):
    claim = running.server.allocate("a", "gpu-1")
    first = running.dra_kubelet.prepare(claim)["uid-a"]
    restart(running)
    assert len(running.server.slices) == 1
    assert running.dra_kubelet.prepare(running.server.allocate("b", "gpu-1"))["uid-b"].error
    assert running.dra_kubelet.prepare(claim)["uid-a"] == first
    assert running.dra_kubelet.unprepare(claim)["uid-a"].error == ""


def test_a_lost_specification_is_written_again(running, said):
    """After a restart of the node /run is empty, and the kubelet may not ask again."""
    claim = running.server.allocate("a", "gpu-1")
    running.dra_kubelet.prepare(claim)
    before = read_spec(running, "uid-a")
    running.dra_kubelet.close()
    running.stop_driver()
    shutil.rmtree(running.cdi)
    running.registered_driver()
    eventually(lambda: os.path.exists(running.spec_of("uid-a")))
    assert read_spec(running, "uid-a") == before
    os.unlink(running.spec_of("uid-a"))
    assert running.dra_kubelet.prepare(claim)["uid-a"].error == "" and os.path.exists(running.spec_of("uid-a"))
    os.unlink(running.spec_of("uid-a"))
    eventually(lambda: os.path.exists(running.spec_of("uid-a")))
    assert "wrote the CDI specification of claim default/a again" in said()


def test_a_specification_is_not_written_for_another_device(running, said):
    claim = running.server.allocate("a", "gpu-1")
    running.dra_kubelet.prepare(claim)
    running.make("--gpu-count", "4", "--uuid-seed", "another")
    eventually(lambda: running.server.devices()["gpu-1"]["attributes"]["uuid"]["string"] == running.uuids[1])
    os.unlink(running.spec_of("uid-a"))
    eventually(lambda: "the node's machine has changed" in said())
    assert "the node's machine has changed" in running.dra_kubelet.prepare(claim)["uid-a"].error
    assert running.dra_kubelet.unprepare(claim)["uid-a"].error == ""


def test_stale_specifications_are_swept(node):
    os.makedirs(node.cdi)
    for name in ("k8s.gpu.nvidia.com-claim_old.json", ".k8s.gpu.nvidia.com-claim_x.json.new", "other.yaml"):
        with open(f"{node.cdi}/{name}", "w", encoding="utf-8"):
            pass
    node.make("--gpu-count", "1").registered_driver()
    assert os.listdir(node.cdi) == ["other.yaml"]


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"version": 2, "claims": {}}', '{"version": 1, "claims": {"u": {}}}']
)
def test_a_damaged_checkpoint_is_one_line(node, said, content):
    place = f"{node.kubelet_directory}/plugins/{DRIVER}"
    os.makedirs(place)
    with open(f"{place}/claims.json", "w", encoding="utf-8") as file:
        file.write(content)
    node.make("--gpu-count", "1").registered_driver()
    assert said().count("no claim counts as prepared") == 1
    claim = node.server.allocate("a", "gpu-0")
    assert names(node.dra_kubelet.prepare(claim)["uid-a"]) == [(["r0"], "gpu-0")]
    with open(f"{place}/claims.json", encoding="utf-8") as file:
        assert list(json.load(file)["claims"]) == ["uid-a"]


def test_an_ended_driver_leaves_nothing_but_claims(running):
    claim = running.server.allocate("a", "gpu-1")
    running.dra_kubelet.prepare(claim)
    running.dra_kubelet.close()
    running.stop_driver()
    place = f"{running.kubelet_directory}/plugins"
    assert os.listdir(f"{place}/{DRIVER}") == ["claims.json"]
    assert os.listdir(f"{running.kubelet_directory}/plugins_registry") == []
    running.registered_driver()
    running.dra_kubelet.unprepare(claim)
    running.dra_kubelet.close()
    running.stop_driver()
    assert os.listdir(place) == [] and os.listdir(running.cdi) == []


# -- health --------------------------------------------------------------------------------------------------------


def taints(node, name="gpu-0"):
    return [(one["key"], one.get("value"), one["effect"]) for one in node.server.devices()[name].get("taints", [])]


@pytest.mark.parametrize("version", ["v1", "v1alpha1"])
def test_a_fault_and_its_healing(running, version):
    running.dra_kubelet.watch(version)
    eventually(lambda: running.dra_kubelet.health == {f"gpu-{one}": (1, "") for one in range(4)})
    running.fault(running.uuids[0], "Xid 79")
    eventually(lambda: running.dra_kubelet.health["gpu-0"][0] == 2)
    assert running.dra_kubelet.health["gpu-0"][1].endswith("Xid 79")
    eventually(lambda: taints(running) == [("gpu.nvidia.com/xid", "79", "NoSchedule")])
    assert taints(running, "gpu-1") == []
    running.fault(running.uuids[0])
    eventually(lambda: running.dra_kubelet.health["gpu-0"] == (1, ""))
    eventually(lambda: taints(running) == [])


def test_an_effect_that_evicts(node):
    node.make("--gpu-count", "1").registered_driver("--fault-effect", "NoExecute")
    node.fault(node.uuids[0], "broken")
    eventually(lambda: taints(node) == [("gpu.nvidia.com/unhealthy", None, "NoExecute")])
    node.fault(node.uuids[0], "Xid 43")
    eventually(lambda: taints(node) == [("gpu.nvidia.com/xid", "43", "None")])


def test_a_fault_in_the_state(running):
    """A harmless Xid is shown, and the device stays healthy."""
    running.gpu_fault("set", "xid", "xid=31", "--gpus", "0")
    running.gpu_fault("set", "gpu_lost", "--gpus", "1")
    eventually(lambda: taints(running) == [("gpu.nvidia.com/xid", "31", "None")])
    eventually(lambda: taints(running, "gpu-1") == [("gpu.nvidia.com/gpu-lost", None, "NoSchedule")])
    running.gpu_fault("set", "xid", "xid=119", "--gpus", "0")
    eventually(lambda: taints(running) == [("gpu.nvidia.com/xid", "119", "NoSchedule")])
    running.gpu_fault("clear")
    eventually(lambda: not any(taints(running, f"gpu-{one}") for one in range(4)))


def test_a_missing_specification_taints_all(running, said):
    os.rename(running.path("etc/cdi/nvidia.yaml"), running.path("etc/cdi/away"))
    eventually(lambda: all(taints(running, f"gpu-{one}") for one in range(4)))
    claim = running.server.allocate("a", "gpu-0")
    assert "no valid CDI specification on this node defines GPU-" in running.dra_kubelet.prepare(claim)["uid-a"].error
    assert "all 4 devices are unhealthy" in said()
    os.rename(running.path("etc/cdi/away"), running.path("etc/cdi/nvidia.yaml"))
    eventually(lambda: not any(taints(running, f"gpu-{one}") for one in range(4)))
    assert running.dra_kubelet.prepare(claim)["uid-a"].error == ""


def test_too_many_streams_do_not_stop_prepare(running):
    streams = [running.dra_kubelet.stream() for _stream in range(16)]
    assert all(len(next(stream).devices) == 4 for stream in streams)
    with pytest.raises(grpc.RpcError) as caught:
        next(running.dra_kubelet.stream())
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    claim = running.server.allocate("a", "gpu-0")
    assert running.dra_kubelet.prepare(claim)["uid-a"].error == ""
    for stream in streams:
        stream.cancel()

    def opened():
        try:
            return next(running.dra_kubelet.stream()).devices
        except grpc.RpcError:
            return None

    eventually(opened)


def test_the_error_says_its_status():
    assert ApiError("x", 404).status == 404 and str(ApiError("x")) == "x"
