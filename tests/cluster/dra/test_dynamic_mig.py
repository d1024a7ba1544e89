# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""MIG devices that the driver creates for claims (dra_driver_dynamic_mig), on GPUs that have no layout. The tests run in this order."""

from __future__ import annotations

import json

import pytest
from cluster_support import MACHINE_FILE, SPEC, eventually

from claims_support import DRIVER, DRIVER_NAMESPACE, devices_in, example_of

pytestmark = pytest.mark.kind

PROFILES = {"small": "1g.5gb", "middle": "2g.10gb", "large": "3g.20gb"}
SMI = "/var/lib/nvidia-mock/driver/bin/nvidia-smi"
# Everything on the node that belongs to MIG devices.
FILES = f"sha256sum {MACHINE_FILE} {SPEC}; ls /dev/nvidia-caps; find /run/nvidia/driver | sort; ls /var/run/cdi"


@pytest.fixture(scope="module")
def before(cluster, node):
    """The files of the node, without those of claims that were removed a moment ago."""
    eventually(lambda: cluster.claim_files(node) == [], 60, "no specification of a claim")
    return cluster.on(node, FILES, check=False)


@pytest.fixture(scope="module", autouse=True)
def dynamic(cluster, node, before):
    said = cluster.role(node, dra_driver_dynamic_mig=True, dra_driver_demo=False)
    assert "failed=0" in said, said
    yield
    cluster.remove_all()  # without the option, the driver does not destroy what it made
    cluster.kubectl("rollout", "undo", "-n", DRIVER_NAMESPACE, "daemonset/gpu-mock-dra-driver")
    cluster.until_slices(lambda devices: devices and not any("consumesCounters" in one for one in devices.values()))


@pytest.fixture(scope="module")
def gpu(cluster, node):
    """The first GPU, which has no layout."""
    return cluster.gpus(node)[0]


def request(cluster, name, parent, profile):
    """YAML of a pod, and of its claim for a MIG device of a GPU."""
    cel = f"device.attributes['{DRIVER}'].parentUUID == '{parent}' && device.attributes['{DRIVER}'].profile == '{profile}'"
    return cluster.claim(name, deviceClassName="mig.nvidia.com", cel=cel)


def profiles(cluster, node):
    """MIG mode and the profiles of the first GPU."""
    found = cluster.gpus(node)[0]
    return found["mig_enabled"], sorted(one["profile"] for one in found["mig_devices"])


def test_what_is_published(cluster, node, gpu):
    devices = cluster.until_slices(
        lambda all_devices: {
            name: one for (where, name), one in all_devices.items() if where == node and "consumesCounters" in one
        },
        60,
        "devices that consume counters",
    )
    count = len(cluster.gpus(node)) - 1
    assert len(devices) == 26 * count
    assert not any(f"{name}-".startswith("gpu-3-") for name in devices), "GPU 3 has a layout"
    parts = cluster.get("resourceslices", "--field-selector", f"spec.driver={DRIVER}")["items"]
    sets = [one["name"] for part in parts for one in part["spec"].get("sharedCounters", [])]
    assert len(sets) == len(set(sets)) == count and "gpu-0-counter-set" in sets
    assert devices["gpu-0"]["consumesCounters"][0]["counters"]["memory-slice-7"] == {"value": "1"}


def test_mig_devices_of_one_gpu_and_the_whole_gpu(cluster, node, gpu):
    """Pods with different MIG devices of one GPU run side by side. Who wants all of it waits until they are gone."""
    uuid = gpu["uuid"]
    cluster.apply(
        *(request(cluster, name, uuid, profile) for name, profile in PROFILES.items()),
        *(cluster.claim_pod(name, name, node, restart="Always") for name in PROFILES),
    )
    seen = {name: devices_in("\n".join(cluster.lines(name))) for name in PROFILES}
    assert all(found[0] == uuid and len(found) == 2 for found in seen.values()), seen
    assert len({found[1] for found in seen.values()}) == 3
    assert profiles(cluster, node) == (True, sorted(PROFILES.values()))
    smi = cluster.on(node, f"{SMI} -L")
    assert all(f"MIG {profile} " in smi for profile in PROFILES.values()), smi
    text = cluster.claim("whole", cel=f"device.attributes['{DRIVER}'].?uuid.orValue('') == '{uuid}'")
    cluster.apply(text, cluster.claim_pod("whole", "whole", node), example_of("MIG devices on demand"))
    cluster.until_pod("whole", lambda one: "cannot allocate all claims" in json.dumps(one["status"]), what="its wait")
    shown = devices_in(cluster.output("two-migs"))
    assert [one[:3] for one in shown] == ["GPU", "MIG", "MIG"], shown
    cluster.remove("small", "middle", "two-migs")
    eventually(lambda: profiles(cluster, node) == (True, ["3g.20gb"]), 30, "one MIG device")
    cluster.until_pod("whole", lambda one: one["status"]["phase"] == "Pending")
    assert cluster.seen("large") == seen["large"]
    cluster.remove("large")
    assert devices_in("\n".join(cluster.lines("whole"))) == [uuid]
    assert profiles(cluster, node) == (False, [])
    cluster.remove("whole")


def test_restarts(cluster, node, gpu):
    """The driver's pod and the kubelet restart while a pod has a MIG device."""
    cluster.apply(
        request(cluster, "held", gpu["uuid"], "3g.20gb"), cluster.claim_pod("held", "held", node, restart="Always")
    )
    uuids = devices_in("\n".join(cluster.lines("held")))
    [(_node, device)] = cluster.allocated("held")
    old = cluster.driver_pod(node)
    cluster.kubectl("delete", "pod", "-n", DRIVER_NAMESPACE, old)
    cluster.until_driver(node, lambda one: one["metadata"]["name"] != old, "another pod of the driver")
    assert cluster.seen("held") == uuids and cluster.allocated("held") == [(node, device)]
    registered = cluster.driver_log(node).count("registered with the kubelet")
    cluster.on(node, "systemctl restart kubelet")
    eventually(
        lambda: cluster.driver_log(node).count("registered with the kubelet") > registered, 60, "the registration"
    )
    cluster.until_slices(lambda devices: (node, device) in devices, 60, "the slices of the node")
    eventually(lambda: cluster.seen("held") == uuids, 120, "the same MIG device")
    assert profiles(cluster, node) == (True, ["3g.20gb"])


def test_nothing_is_left(cluster, node, before):
    cluster.remove("held")
    eventually(lambda: cluster.on(node, FILES, check=False) == before, 30, "the node as it was")
