# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The devices of every machine type, and the slices that they make."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dra_driver.devices import devices_of, semantic_version
from dra_driver.quantities import quantity
from dra_driver.slices import MOST_DEVICES, changes, contents_of
from dra_driver.taints import taint_of
from nvmock_gpu.machine import types
from nvmock_gpu.machine.build import build_machine

TYPES = [*types.names(), types.FALLBACK]
A100 = {0: ["3g.20gb", "1g.5gb", "1g.5gb+me"]}


def value(entry):
    [(_kind, content)] = entry.items()
    return content


def test_a_gpu_is_described_as_by_nvidias_driver():
    machine = build_machine("dgxa100", uuid_seed="s")
    devices = devices_of(machine)
    assert [one.name for one in devices] == [f"gpu-{number}" for number in range(8)]
    gpu = machine.gpus[1]
    assert devices[1].in_slice() == {
        "name": "gpu-1",
        "attributes": {
            "type": {"string": "gpu"},
            "uuid": {"string": gpu.uuid},
            "productName": {"string": "NVIDIA A100-SXM4-40GB"},
            "brand": {"string": "Nvidia"},
            "architecture": {"string": "Ampere"},
            "cudaComputeCapability": {"version": "8.0.0"},
            "driverVersion": {"version": "550.54.15"},
            "cudaDriverVersion": {"version": "12.4.0"},
            "addressingMode": {"string": "None"},
            "resource.kubernetes.io/pciBusID": {"string": "0000:0f:00.0"},
            "resource.kubernetes.io/pcieRoot": {"string": "pci0000:07"},
            "resource.kubernetes.io/numaNode": {"int": 0},
        },
        "capacity": {"memory": {"value": "40Gi"}},
    }
    roots = [value(one.attributes["resource.kubernetes.io/pcieRoot"]) for one in devices]
    assert [roots.count(root) for root in roots] == [2] * 8
    assert [value(one.attributes["resource.kubernetes.io/numaNode"]) for one in devices] == [0] * 4 + [1] * 4


def test_a_mig_device_is_described_as_by_nvidias_driver():
    machine = build_machine("dgxh100", gpu_count=4, mig_layout={3: ["3g.40gb", "1g.10gb"]})
    devices = devices_of(machine)
    assert [one.name for one in devices] == [
        "gpu-0",
        "gpu-1",
        "gpu-2",
        "gpu-3-mig-3g40gb-9-0",
        "gpu-3-mig-1g10gb-19-4",
    ]
    small = devices[4]
    parent = machine.gpus[3]
    assert value(small.attributes["type"]) == "mig" and value(small.attributes["profile"]) == "1g.10gb"
    assert value(small.attributes["uuid"]) == parent.mig_devices[1].uuid
    assert value(small.attributes["parentUUID"]) == parent.uuid
    assert {name: value(one) for name, one in small.capacity.items()} == {
        "memory": "9984Mi",
        "copyEngines": "1",
        "decoders": "1",
        "encoders": "0",
        "jpegEngines": "1",
        "ofaEngines": "0",
        "multiprocessors": "16",
        "memorySlice4": "1",
    }
    assert [name for name in devices[3].capacity if name.startswith("memorySlice")] == [
        f"memorySlice{number}" for number in range(4)
    ]


def test_profiles_of_an_attribute_have_names_that_dns_accepts():
    devices = devices_of(build_machine("dgxa100", gpu_count=1, mig_layout=A100))
    assert "gpu-0-mig-1g5gb-me-20-5" in [one.name for one in devices]


@pytest.mark.parametrize("name", TYPES)
def test_the_api_servers_limits_are_kept(name):
    for count in (1, 64):
        machine = build_machine(name, gpu_count=count, pci_bus_ids=None, allow_unsupported=True)
        profiles = [] if machine.model is None else machine.model.mig_profiles
        layouts = [None]
        if profiles:
            layouts.append({index: [profiles[0].name] * profiles[0].instance_count for index in range(count)})
            layouts += [{0: [one.name]} for one in profiles if count == 1]
        for layout in layouts:
            machine = build_machine(name, gpu_count=count, mig_layout=layout)
            devices = devices_of(machine)
            assert len({one.name for one in devices}) == len(devices) >= count
            for one in devices:
                assert re.fullmatch("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", one.name)
                assert len(one.attributes) + len(one.capacity) <= 32
                assert all(re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", capacity) for capacity in one.capacity)
                for entry in one.attributes.values():
                    if "string" in entry:
                        assert 0 < len(entry["string"].encode()) <= 64
                    if "version" in entry:
                        assert re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", entry["version"])
            counts = [len(content["devices"]) for content in contents_of(devices, {})]
            assert sum(counts) == len(devices) and max(counts) <= MOST_DEVICES


@pytest.mark.parametrize("name, profile, wanted", [("a30", "2g.12gb", 2), ("dgxa100", "2g.10gb", 3)])
def test_each_mig_device_has_memory_slices_of_its_own(name, profile, wanted):
    devices = devices_of(build_machine(name, gpu_count=1, mig_layout={0: [profile] * wanted}))
    slices = [capacity for one in devices for capacity in one.capacity if capacity.startswith("memorySlice")]
    assert sorted(slices) == [f"memorySlice{number}" for number in range(2 * wanted)]


def test_a_long_name_is_cut():
    machine = build_machine("dgxa100", gpu_count=1, product_name="x" * 95)
    assert value(devices_of(machine)[0].attributes["productName"]) == "x" * 64


@pytest.mark.parametrize(
    "text, version",
    [
        ("550.54.15", "550.54.15"),
        ("535.104.05", "535.104.5"),
        ("570.190", "570.190.0"),
        ("580", "580.0.0"),
        ("a.b", ""),
        ("", ""),
    ],
)
def test_versions_are_semantic(text, version):
    assert semantic_version(text) == version


@given(st.integers(min_value=1, max_value=1 << 32))
def test_a_quantity_has_the_largest_unit(mib):
    text = quantity(mib)
    number, unit = int(text[:-2]), text[-2:]
    power = ("Mi", "Gi", "Ti").index(unit)
    assert number * 1024**power == mib and (number % 1024 or unit == "Ti")


@pytest.mark.parametrize(
    "reason, taint",
    [
        ("fault in /x/GPU-1: Xid 79", ("xid", "79", "NoSchedule")),
        ("fault in /x/GPU-1: Xid (PCI:0000:07:00): 48, pid=1", ("xid", "48", "NoSchedule")),
        ("fault in /x/GPU-1: NVRM: xid 31", ("xid", "31", "None")),
        ("fault in /x/GPU-1: GPU is lost", ("gpu-lost", None, "NoSchedule")),
        ("/dev/nvidia0 is missing", ("unhealthy", None, "NoSchedule")),
    ],
)
def test_a_reason_has_a_taint(reason, taint):
    found = taint_of(reason, "NoSchedule")
    key, text, effect = taint
    assert (found["key"], found.get("value"), found["effect"]) == (f"gpu.nvidia.com/{key}", text, effect)


# -- slices --------------------------------------------------------------------------------------------------------


def apply(existing, calls):
    """The slices after the calls; at each step a scheduler sees only whole pools of one generation."""
    existing = list(existing)
    for change in calls:
        if change.old is not None:
            existing = [one for one in existing if one["metadata"]["name"] != change.old["metadata"]["name"]]
        if change.spec is not None:
            name = f"{change.place:05d}-x" if change.old is None else change.old["metadata"]["name"]
            existing.append({"metadata": {"name": name}, "spec": change.spec})
    return existing


def devices(*names):
    return {"devices": [{"name": name, "attributes": {}, "capacity": {}} for name in names]}


def sets(*names):
    return {"sharedCounters": [{"name": name, "counters": {"memory": {"value": "1"}}} for name in names]}


NAMES = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3, unique=True)
CONTENTS = st.lists(
    st.one_of(NAMES.map(lambda names: devices(*names)), NAMES.map(lambda names: sets(*names))),
    max_size=4,
)


@given(CONTENTS, CONTENTS)
def test_a_pool_is_complete_after_every_change(before, after):
    first = apply([], changes([], before, "n"))
    calls = changes(first, after, "n")
    done = apply(first, calls)
    found = [one["spec"] for one in sorted(done, key=lambda one: one["metadata"]["name"])]
    assert [{key: one[key] for key in ("devices", "sharedCounters") if key in one} for one in found] == after
    pools = [one["spec"]["pool"] for one in done]
    assert all(pool == {**pools[0], "resourceSliceCount": len(after)} for pool in pools)
    assert changes(done, after, "n") == []
    if before == after:
        assert calls == []


def test_one_changed_slice_keeps_the_generation():
    first = apply([], changes([], [devices("a"), devices("b")], "n"))
    [change] = changes(first, [devices("a"), devices("c")], "n")
    assert change.spec["pool"] == {"name": "n", "generation": 1, "resourceSliceCount": 2}
    calls = changes(first, [devices("d"), devices("c")], "n")
    assert [one.spec["pool"]["generation"] for one in calls] == [2, 2]
    calls = changes(first, [devices("a")], "n")
    assert [one.spec and one.spec["pool"]["generation"] for one in calls] == [2, None]


def test_slices_of_another_shape_are_replaced():
    """Such as those that NVIDIA's driver or an earlier version has left."""
    first = apply([], changes([], [devices("a")], "n"))
    first[0]["metadata"]["name"] = "n-gpu.nvidia.com-abcde"
    calls = changes(first, [devices("a")], "n")
    assert [(one.old is None, one.spec is None) for one in calls] == [(True, False), (False, True)]
    assert calls[0].spec["pool"]["generation"] == 2


def test_the_time_of_a_taint_stays():
    taint = {"key": "k", "value": "1", "effect": "NoSchedule"}
    first_device, second_device = devices("a", "b")["devices"]
    tainted = {**first_device, "taints": [taint]}
    wanted = [{"devices": [tainted, second_device]}]
    first = apply([], changes([], wanted, "n"))
    first[0]["spec"]["devices"][0]["taints"][0]["timeAdded"] = "then"
    assert changes(first, wanted, "n") == []
    both = [{"devices": [tainted, {**second_device, "taints": [taint]}]}]
    [change] = changes(first, both, "n")
    assert [one["taints"][0].get("timeAdded") for one in change.spec["devices"]] == ["then", None]
