# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The plugin before a fake kubelet, over real sockets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import grpc
import pytest

from device_plugin import api
from device_plugin.flags import parse
from device_plugin.gpu_state import DISABLE, ENABLE, skipped_xids
from device_plugin.plugin import KubeletError, Plugin
from nvmock_gpu.host.view import Status
from nvmock_gpu.layout.state_faults import HARMLESS_XIDS
from plugin_support import CTL, ROOT, eventually

GPU = "nvidia.com/gpu"


def names(response):
    """The qualified names of the CDI devices in an answer that has nothing else."""
    assert not (response.annotations or response.devices or response.envs or response.mounts)
    return [device.name for device in response.cdi_devices]


@pytest.fixture
def running(node):
    node.make("--gpu-count", "4").kubelet.start()
    node.plugin()
    eventually(lambda: len(node.kubelet.healthy()) == 4)
    return node


def test_registration(running):
    request = running.kubelet.registered[0]
    assert (request.version, request.resource_name, request.endpoint) == ("v1beta1", GPU, "nvmock-gpu.sock")
    assert request.options.get_preferred_allocation_available and not request.options.pre_start_required
    assert running.kubelet.healthy() == sorted(running.uuids)
    options = running.kubelet._channels[GPU].unary_unary(
        "/v1beta1.DevicePlugin/GetDevicePluginOptions",
        api.Empty.SerializeToString,
        api.DevicePluginOptions.FromString,
    )(api.Empty())
    assert options.get_preferred_allocation_available


def test_devices_are_handed_out_by_the_cdi_field(running):
    response = running.kubelet.allocate(GPU, *running.uuids[:2])
    assert names(response) == [f"{GPU}={uuid}" for uuid in running.uuids[:2]]


@pytest.mark.parametrize("version", ["v1.31.0", "v1.34.3+k3s1", "v2.0.0-alpha.1", "a version of its own", None])
def test_a_supported_or_unknown_kubelet_is_served(node, version):
    node.version = version
    node.make("--gpu-count", "1").kubelet.start()
    node.plugin()
    eventually(node.kubelet.healthy)
    assert names(node.kubelet.allocate(GPU, node.uuids[0])) == [f"{GPU}={node.uuids[0]}"]


@pytest.mark.parametrize("version", ["v1.28.9", "v1.30.14", "v1.9.0"])
def test_a_kubelet_that_is_too_old_for_the_field_is_refused(node, version):
    node.version = version
    node.make("--gpu-count", "1").kubelet.start()
    node.plugin()
    assert isinstance(node.failure(), KubeletError)
    assert str(node.failure()) == (
        f"--cdi: 'field' is not possible with kubelet {version}: Kubernetes 1.31 or later is needed"
        " ('off' passes device nodes only)"
    )
    assert node.kubelet.registered == []
    node.plugin("--cdi", "off")
    eventually(node.kubelet.healthy)


def test_without_cdi_there_are_device_nodes(node):
    node.make("--gpu-count", "3").kubelet.start()
    node.plugin("--cdi", "off")
    os.unlink(node.path("etc/cdi/nvidia.yaml"))
    eventually(lambda: len(node.kubelet.healthy()) == 3)
    response = node.kubelet.allocate(GPU, node.uuids[2])
    assert dict(response.envs) == {"NVIDIA_VISIBLE_DEVICES": node.uuids[2]}
    paths = [one.host_path for one in response.devices]
    assert "/dev/nvidiactl" in paths and "/dev/nvidia2" in paths
    assert "/dev/nvidia0" not in paths and "/dev/nvidia1" not in paths
    assert {one.permissions for one in response.devices} == {"rw"}
    assert not response.annotations and not response.cdi_devices


def test_a_restarted_kubelet_is_registered_with_again(running):
    running.kubelet.restart()
    eventually(lambda: len(running.kubelet.healthy()) == 4)
    assert [request.resource_name for request in running.kubelet.registered] == [GPU]
    running.kubelet.allocate(GPU, running.uuids[0])


def test_a_kubelet_that_comes_late(node):
    node.make("--gpu-count", "2")
    node.plugin()
    node.kubelet.start()
    eventually(lambda: len(node.kubelet.healthy()) == 2)


def test_a_stale_kubelet_socket_is_waited_out(node, said):
    node.make("--gpu-count", "2")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(os.path.join(node.plugins, "kubelet.sock"))
    node.plugin()
    eventually(lambda: "no kubelet answers there" in said())
    node.kubelet.start()
    eventually(lambda: len(node.kubelet.healthy()) == 2)


def test_a_refusal_of_the_kubelet_is_logged(node, said):
    node.kubelet.refuse = "no such version"
    node.make("--gpu-count", "1").kubelet.start()
    node.plugin()
    eventually(lambda: "the kubelet refuses nvidia.com/gpu: no such version" in said())
    node.kubelet.refuse = ""
    eventually(lambda: len(node.kubelet.healthy()) == 1)


def test_a_stale_socket_is_removed(node):
    node.make("--gpu-count", "1").kubelet.start()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(os.path.join(node.plugins, "nvmock-gpu.sock"))
    node.plugin()
    eventually(node.kubelet.healthy)


def test_a_second_plugin_waits_until_the_first_has_ended(running, said):
    options = parse(["--host-root", running.host_root, "--plugin-directory", running.plugins])
    second = Plugin(options, lambda: None, None, running.view)
    assert not second.tick() and not second.tick()
    assert said().count("another gpu-mock-device-plugin serves nvidia.com/gpu here: stop one") == 1
    running.stop_plugin()
    assert second.tick()
    second.stopping.set()
    second.run()


def test_another_plugin_for_the_resource(running, said):
    """The kubelet drops the first for the second; when that ends, the first comes back."""
    path = os.path.join(running.plugins, "nvidia-gpu.sock")
    with socket.socket(socket.AF_UNIX) as rival:
        rival.bind(path)
        rival.listen()
        running.kubelet._streams[GPU].cancel()
        eventually(lambda: f"another plugin offers it as well ({path})" in said())
        assert len(running.kubelet.registered) == 1
    os.unlink(path)
    eventually(lambda: len(running.kubelet.registered) == 2)


def test_stopping_takes_the_socket_away(running):
    assert "nvmock-gpu.sock" in os.listdir(running.plugins)
    running.stop_plugin()
    assert os.listdir(running.plugins) == ["kubelet.sock"]


def test_a_signal_stops_the_program(node):
    node.make("--gpu-count", "1").kubelet.start()
    command = [sys.executable, os.path.join(ROOT, "bin", "gpu-mock-device-plugin"), "--host-root", node.host_root]
    with subprocess.Popen([*command, "--plugin-directory", node.plugins], stderr=subprocess.PIPE, text=True) as process:
        eventually(lambda: node.kubelet.registered)
        process.terminate()
        errors = process.communicate(timeout=60)[1]
    assert process.returncode == 0 and "Traceback" not in errors
    assert os.listdir(node.plugins) == ["kubelet.sock"]


# Health


def reason_for(said, uuid):
    def look():
        lines = [line for line in said().splitlines() if " unhealthy: " in line]
        return next((line for line in reversed(lines) if uuid in line or "all " in line), "")

    return eventually(look)


def check_unhealthy_then_repaired(node, said, uuid, reason, repair):
    eventually(lambda: uuid not in node.kubelet.healthy())
    assert reason in reason_for(said, uuid)
    with pytest.raises(grpc.RpcError, match="is unhealthy"):
        node.kubelet.allocate(GPU, uuid)
    repair()
    eventually(lambda: uuid in node.kubelet.healthy())
    eventually(lambda: f"{uuid} is healthy again" in said() or "devices are healthy again" in said())
    node.kubelet.allocate(GPU, uuid)


def test_a_missing_device_node(running, said):
    path = running.path("dev/nvidia1")
    os.rename(path, path + ".away")
    check_unhealthy_then_repaired(
        running, said, running.uuids[1], "/dev/nvidia1 is missing", lambda: os.rename(path + ".away", path)
    )


@pytest.mark.parametrize(
    "status, reason",
    [
        (Status(0o100644), "/dev/nvidia2 is not a character device"),
        (Status(0o020666, 0, 0, 195, 7), "/dev/nvidia2 is 195:7, not 195:2"),
        (Status(0o020666, 0, 0, 1, 3), "/dev/nvidia2 is 1:3, not 195:2"),
    ],
)
def test_a_wrong_device_node(running, said, status, reason):
    running.odd_devices["nvidia2"] = status
    uuid = running.uuids[2]
    check_unhealthy_then_repaired(running, said, uuid, reason, running.odd_devices.clear)
    assert len(running.kubelet.healthy()) == 4


def test_a_missing_specification(running, said):
    path = running.path("etc/cdi/nvidia.yaml")
    os.rename(path, path + ".away")
    check_unhealthy_then_repaired(
        running, said, running.uuids[0], "can't be resolved: no file in", lambda: os.rename(path + ".away", path)
    )


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("cdiVersion:", "cdiVersion: 99.0.0 #", "/etc/cdi/nvidia.yaml"),
        ("kind: nvidia.com/gpu", "kind: example.com/mock", "defines it: they define example.com/mock (--cdi-kind)"),
    ],
)
def test_a_bad_specification(running, said, old, new, reason):
    path = running.path("etc/cdi/nvidia.yaml")
    with open(path, encoding="utf-8") as file:
        good = file.read()

    def write(text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    write(good.replace(old, new))
    check_unhealthy_then_repaired(running, said, running.uuids[3], reason, lambda: write(good))


def test_a_library_that_the_specification_mounts(running, said):
    place = running.path("var/lib/nvidia-mock/driver/lib64")
    os.rename(place, place + ".away")
    check_unhealthy_then_repaired(
        running,
        said,
        running.uuids[0],
        "is missing (/etc/cdi/nvidia.yaml mounts it)",
        lambda: os.rename(place + ".away", place),
    )


def test_a_hook_that_can_not_be_executed(running, said):
    running.make("--with-hook", "--gpu-count", "4")
    hook = running.path("usr/local/nvidia-container-toolkit/bin/nvidia-cdi-hook")
    eventually(lambda: len(running.kubelet.healthy()) == 4)
    os.chmod(hook, 0o644)
    reason = "nvidia-cdi-hook is not an executable file (/etc/cdi/nvidia.yaml uses it as a hook)"
    check_unhealthy_then_repaired(running, said, running.uuids[0], reason, lambda: os.chmod(hook, 0o755))


def test_a_fault_file_makes_a_gpu_unhealthy_until_it_is_removed(running, said):
    uuid = running.uuids[0]
    running.fault(uuid, "fallen off the bus\n")
    check_unhealthy_then_repaired(running, said, uuid, "fallen off the bus", lambda: running.fault(uuid))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (["xid", "xid=79"], "Xid 79: GPU has fallen off the bus"),
        (["gpu_lost"], "GPU is lost"),
        (["ecc_dram"], "Xid 48: Double Bit ECC Error"),
    ],
)
def test_a_fault_in_the_state_makes_a_gpu_unhealthy(running, said, fault, reason):
    running.gpu_fault("set", *fault, "--gpus", "2")
    uuid = running.uuids[2]
    check_unhealthy_then_repaired(running, said, uuid, reason, lambda: running.gpu_fault("clear", fault[0]))


def test_a_harmless_xid(running, said):
    running.gpu_fault("set", "xid", "xid=31", "--gpus", "0")
    running.gpu_fault("set", "thermal", "--gpus", "0")
    running.gpu_fault("set", "xid", "xid=119", "--gpus", "1")
    eventually(lambda: running.kubelet.healthy() == sorted([running.uuids[0], *running.uuids[2:]]))
    assert running.uuids[0] not in said()


def test_a_recovery_action_that_was_set(running, said):
    command = [
        sys.executable,
        CTL,
        "state",
        "set",
        "recovery_action=Reboot",
        "--gpus",
        "3",
        "--host-root",
        running.host_root,
    ]
    subprocess.run(command, check=True, capture_output=True)
    eventually(lambda: len(running.kubelet.healthy()) == 3)
    assert "GPU recovery action: Reboot" in reason_for(said, running.uuids[3])


def test_a_damaged_state_is_one_of_gpus_at_rest(running):
    running.gpu_fault("set", "gpu_lost")
    eventually(lambda: running.kubelet.healthy() == [])
    place = running.path("var/lib/nvidia-mock/driver/lib64")
    name = next(name for name in os.listdir(place) if "mockstate" in name)
    with open(os.path.join(place, name), "r+b") as file:
        file.truncate(5000)
    eventually(lambda: len(running.kubelet.healthy()) == 4)


@pytest.mark.parametrize(
    ("disabled", "enabled", "skipped"),
    [
        ("", "", HARMLESS_XIDS),
        ("79, x,94", "", HARMLESS_XIDS | {79, 94}),
        ("all", "", None),
        ("Xids", "all", None),
        ("5", "all", frozenset()),
        ("", "31,79", HARMLESS_XIDS - {31}),
        ("9" * 30, "", HARMLESS_XIDS),
    ],
)
def test_xids_that_do_not_count(disabled, enabled, skipped):
    assert skipped_xids({DISABLE: disabled, ENABLE: enabled}) == skipped


def test_an_xid_of_an_instance_concerns_its_mig_device(node, said):
    node.make("--gpu-count", "1", "--mig", "0=3g.20gb,2g.10gb,1g.5gb").kubelet.start()
    node.plugin("--mig-strategy", "mixed")
    names = [f"nvidia.com/mig-{profile}" for profile in ("1g.5gb", "2g.10gb", "3g.20gb")]
    eventually(lambda: all(len(node.kubelet.healthy(name)) == 1 for name in names))
    of = {mig.profile: mig for mig in node.machine.gpus[0].mig_devices}["2g.10gb"]
    node.gpu_fault("set", "xid", "xid=94", f"gpu_instance={of.gi}", f"compute_instance={of.ci}")
    eventually(lambda: [len(node.kubelet.healthy(name)) for name in names] == [1, 0, 1])
    node.gpu_fault("set", "xid", "xid=62")
    eventually(lambda: [len(node.kubelet.healthy(name)) for name in names] == [0, 0, 0])
    node.gpu_fault("clear")
    eventually(lambda: [len(node.kubelet.healthy(name)) for name in names] == [1, 1, 1])


def test_a_machine_file_that_is_gone(running, said):
    path = running.path("var/lib/nvidia-mock/driver/etc/nvmock/machine.json")
    os.rename(path, path + ".away")
    eventually(lambda: running.published[-1] == {})
    eventually(lambda: running.kubelet.healthy() == [])
    assert "machine.json is missing" in reason_for(said, "")
    assert len(running.kubelet.lists[GPU]) == 4
    os.rename(path + ".away", path)
    eventually(lambda: len(running.kubelet.healthy()) == 4)
    eventually(lambda: running.published[-1]["nvidia.com/gpu.count"] == "4")


def test_another_machine_is_followed(running):
    running.make("--gpu-count", "2")
    eventually(lambda: running.kubelet.healthy() == sorted(running.uuids) and len(running.uuids) == 2)
    eventually(lambda: running.published[-1]["nvidia.com/gpu.count"] == "2")
    running.make("--gpu-count", "8")
    eventually(lambda: len(running.kubelet.healthy()) == 8)


def test_a_node_without_gpus_becomes_one(node):
    node.kubelet.start()
    node.plugin("--ready-file", os.path.join(node.host_root, "ready"))
    eventually(lambda: os.path.exists(node.path("ready")))
    assert node.kubelet.registered == [] and node.published[-1] == {}
    node.make("--gpu-count", "2")
    eventually(lambda: len(node.kubelet.healthy()) == 2)


def test_labels_only(node):
    """Where another plugin offers the devices: neither a kubelet nor its directory is needed."""
    node.make("--gpu-count", "2").labelled = False
    os.rmdir(node.plugins)
    node.plugin("--no-devices", "--ready-file", node.path("ready"))
    eventually(lambda: len(node.published) > 2)
    assert node.published[-1]["nvidia.com/gpu.count"] == "2" and not os.path.exists(node.path("ready"))
    node.labelled = True
    eventually(lambda: os.path.exists(node.path("ready")))


# Malformed requests


@pytest.mark.parametrize(
    "ids, message",
    [([], "requests no device"), (["GPU-none"], "has no device 'GPU-none'"), (["", ""], "has no device ''")],
)
def test_malformed_allocations(running, ids, message):
    with pytest.raises(grpc.RpcError, match=message) as caught:
        running.kubelet.allocate(GPU, *ids)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_one_device_twice(running):
    with pytest.raises(grpc.RpcError, match="one device twice"):
        running.kubelet.allocate(GPU, running.uuids[0], running.uuids[0])


def test_no_container(running):
    with pytest.raises(grpc.RpcError, match="no container requests a device"):
        running.kubelet.call(GPU, "Allocate", api.AllocateRequest())


def test_bytes_that_are_no_message(running):
    with pytest.raises(grpc.RpcError):
        running.kubelet.call(GPU, "Allocate", b"\xff\xff\xff", raw=True)
    assert running.kubelet.allocate(GPU, running.uuids[0])


@pytest.mark.parametrize("size, must", [(9, ()), (-1, ()), (0, (0,)), (1, (0, 1)), (2, ("GPU-none",))])
def test_malformed_preferences(running, size, must):
    wanted = [running.uuids[one] if isinstance(one, int) else one for one in must]
    with pytest.raises(grpc.RpcError) as caught:
        running.kubelet.prefer(GPU, running.uuids, size, wanted)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


# MIG and time-slicing over the wire


def test_mixed_mig_has_a_socket_for_each_profile(node):
    node.make("--gpu-count", "3", "--mig", "0=3g.20gb,1g.5gb;1=1g.5gb+me").kubelet.start()
    node.plugin("--mig-strategy", "mixed")
    wanted = {GPU, "nvidia.com/mig-1g.5gb", "nvidia.com/mig-3g.20gb", "nvidia.com/mig-1g.5gb.me"}
    eventually(lambda: set(node.kubelet.lists) == wanted and all(node.kubelet.healthy(name) for name in wanted))
    mig = node.machine.gpus[0].mig_devices[0]
    response = node.kubelet.allocate(f"nvidia.com/mig-{mig.profile}", mig.uuid)
    assert names(response) == [f"{GPU}={mig.uuid}"]
    # One that is no longer there ends; the others stay.
    node.make("--gpu-count", "3", "--mig", "0=3g.20gb")
    eventually(
        lambda: sorted(os.listdir(node.plugins)) == ["kubelet.sock", "nvmock-gpu.sock", "nvmock-mig-3g.20gb.sock"]
    )


def test_shares_of_one_gpu_are_one_cdi_device(node):
    node.make("--gpu-count", "2").kubelet.start()
    node.plugin("--time-slicing", "nvidia.com/gpu=3", "--rename-by-default")
    name = "nvidia.com/gpu.shared"
    eventually(lambda: len(node.kubelet.healthy(name)) == 6)
    uuid = node.uuids[1]
    response = node.kubelet.allocate(name, f"{uuid}::0", f"{uuid}::2")
    assert names(response) == [f"{GPU}={uuid}"]
    node.fault(uuid, "x")
    eventually(lambda: len(node.kubelet.healthy(name)) == 3)


def test_one_share_only(node):
    node.make("--gpu-count", "2").kubelet.start()
    node.plugin("--time-slicing", "nvidia.com/gpu=2", "--fail-requests-greater-than-one")
    eventually(lambda: len(node.kubelet.healthy()) == 4)
    with pytest.raises(grpc.RpcError, match="a container may request 1, not 2"):
        node.kubelet.allocate(GPU, *[f"{node.uuids[0]}::{copy}" for copy in range(2)])
