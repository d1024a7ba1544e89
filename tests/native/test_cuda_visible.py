# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Which devices libcuda.so.1 shows: CUDA_VISIBLE_DEVICES, CUDA_DEVICE_ORDER and MIG.

Rules: CUDA programming guide (environment variables), MIG user guide (device enumeration). What they do not say is as PyTorch's
torch.cuda reads the variable.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.mig import capability_minor

from .cuda_node import NO_DEVICE, bare, loaded, running

UUIDS = [
    *("GPU-aaaaaaaa-0000-0000-0000-000000000000", "GPU-aaaaaaaa-1111-0000-0000-000000000000"),
    *("GPU-bbbbbbbb-0000-0000-0000-000000000000", "GPU-cccccccc-0000-0000-0000-000000000000"),
]
MACHINE = build_machine("dgxa100", gpu_count=4, uuids=UUIDS)
LAYOUT = {1: ["3g.20gb", "1g.5gb"], 3: ["1g.5gb"] * 3}
MIG = build_machine("dgxa100", gpu_count=4, uuids=UUIDS, mig_layout=LAYOUT)
FIRST, SECOND = (MIG.gpus[index].mig_devices for index in (1, 3))


def seen(image, machine, variables):
    """The bare UUIDs of the devices, in their order."""
    with loaded(image, machine, **variables) as cuda:
        status = cuda.status("cuInit", 0)
        if status:
            assert status == NO_DEVICE
            return []
        return cuda.uuids()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", [0]),
        ("2,0", [2, 0]),
        ("3,2,1,0", [3, 2, 1, 0]),
        ("", []),
        ("-1", []),
        ("0,-1,1", [0]),
        ("-0,1", [0, 1]),
        ("0,4,1", [0]),
        ("1,x,2", [1]),
        ("1,,2", [1]),
        (",1", []),
        ("1,", [1]),
        ("NoDevFiles", []),
        ("none", []),
        ("all", []),
        (" 1 , 2", [1, 2]),
        ("+1,02", [1, 2]),
        ("1gpu2,2ampere", [1, 2]),
        ("1,2,1", []),
        ("18446744073709551617", []),
        ("4294967297", []),
        ("99999999999999999999999999", []),
        (UUIDS[2], [2]),
        (f"{UUIDS[3]},{UUIDS[0]}", [3, 0]),
        ("GPU-b,GPU-c", [2, 3]),
        ("GPU-aaaaaaaa-1", [1]),
        ("GPU-a", []),
        ("GPU-b,GPU-a,GPU-c", [2]),
        ("GPU-", []),
        ("GPU-b,0", [2]),
        ("0,GPU-b", [0]),
        ("GPU-bbbb,GPU-b", []),
        ("GPU-b,GPU-d,GPU-c", [2]),
        (UUIDS[2] + "0", []),
        ("gpu-b", []),
        ("MIG-b", []),
        ("0" * 5000 + "1", [1]),
        ("GPU-b," + "x" * 100000, [2]),
    ],
)
def test_chosen_gpus(cuda_image, value, expected):
    assert seen(cuda_image, MACHINE, {"CUDA_VISIBLE_DEVICES": value}) == [bare(UUIDS[index]) for index in expected]


def test_without_the_variable(cuda_image):
    assert seen(cuda_image, MACHINE, {}) == [bare(uuid) for uuid in UUIDS]


def by_the_rules(value, uuids):
    """The indices that a list chooses; the elements as torch.cuda reads them (_strtoul, uuid_to_ordinal)."""
    prefix = value[:4] if value.startswith(("GPU-", "MIG-")) else ""
    chosen = []
    for element in value.split(","):
        number = re.match(r"[+-]?[0-9]+", element.strip())
        found = []
        if prefix and element.startswith(prefix):
            found = [index for index, uuid in enumerate(uuids) if uuid.startswith(element)]
        elif not prefix and number:
            found = [index for index in range(len(uuids)) if index == int(number[0])]
        if len(found) != 1:
            break
        if found[0] in chosen:
            return []
        chosen += found
    return chosen


ELEMENTS = st.one_of(
    st.integers(-2, 6).map(str),
    st.sampled_from(UUIDS).flatmap(lambda uuid: st.integers(0, 41).map(lambda length: uuid[:length])),
    st.sampled_from(["", " ", "GPU-", "MIG-", "x", " 1", "2 ", "+0", "-0", "1x", "99999999999"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=6).map(lambda text: text.replace(",", "")),
)


@settings(max_examples=150, deadline=None)
@given(elements=st.lists(ELEMENTS, max_size=5))
def test_any_list(cuda_image, elements):
    value = ",".join(elements)
    expected = by_the_rules(value, UUIDS)
    assert seen(cuda_image, MACHINE, {"CUDA_VISIBLE_DEVICES": value}) == [bare(UUIDS[index]) for index in expected]


def test_the_order_of_pci_bus_ids(cuda_image):
    buses = ["0001:05:00.0", "0000:ff:00.0", "0000:0f:1f.0", "0000:0f:00.0"]
    machine = build_machine("dgxa100", gpu_count=4, uuids=UUIDS, pci_bus_ids=buses)
    for order, expected in (("PCI_BUS_ID", [3, 2, 1, 0]), ("FASTEST_FIRST", [0, 1, 2, 3]), ("", [0, 1, 2, 3])):
        assert seen(cuda_image, machine, {"CUDA_DEVICE_ORDER": order}) == [bare(UUIDS[index]) for index in expected]
    chosen = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": "1,0"}
    assert seen(cuda_image, machine, chosen) == [bare(UUIDS[index]) for index in (2, 3)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, FIRST[0].uuid),
        ("0,1,2,3", FIRST[0].uuid),
        ("3,1", SECOND[0].uuid),
        ("0,2", [UUIDS[0], UUIDS[2]]),
        ("0,3", SECOND[0].uuid),
        (UUIDS[3], SECOND[0].uuid),
        (UUIDS[0], [UUIDS[0]]),
        (SECOND[1].uuid, SECOND[1].uuid),
        (f"{SECOND[2].uuid},{FIRST[1].uuid}", SECOND[2].uuid),
        (FIRST[1].uuid[:20], FIRST[1].uuid),
        (f"MIG-{UUIDS[1]}/{FIRST[1].gi}/{FIRST[1].ci}", FIRST[1].uuid),
        (f"MIG-{UUIDS[1]}/{FIRST[1].gi}", []),
        (f"MIG-{UUIDS[0]}/0/0", []),
        ("MIG-", []),
        ("MIG-ffffffff", []),
        (f"{SECOND[1].uuid},{SECOND[1].uuid}", []),
        (f"{UUIDS[0]},{SECOND[1].uuid}", [UUIDS[0]]),
        (f"{SECOND[1].uuid},{UUIDS[0]}", SECOND[1].uuid),
    ],
)
def test_one_compute_instance_is_a_device(cuda_image, value, expected):
    expected = [expected] if isinstance(expected, str) else expected
    variables = {} if value is None else {"CUDA_VISIBLE_DEVICES": value}
    assert seen(cuda_image, MIG, variables) == [bare(uuid) for uuid in expected]


def test_instances_without_device_nodes(cuda_image):
    """As in a container that was given one MIG device."""
    with loaded(cuda_image, MIG) as cuda:
        for gpu in MIG.gpus:
            if gpu.index != 3:
                (cuda.dev / f"nvidia{gpu.minor}").unlink()
            for mig in gpu.mig_devices:
                if mig is not SECOND[1]:
                    minor = capability_minor(gpu.minor, mig.gi, mig.ci)
                    (cuda.dev / "nvidia-caps" / f"nvidia-cap{minor}").unlink()
        cuda.start()
        assert cuda.uuids() == [bare(SECOND[1].uuid)]


def test_mig_mode_without_instances(cuda_image):
    """CUDA can't use such a GPU."""
    empty = build_machine("dgxa100", gpu_count=4, uuids=UUIDS, mig_layout={0: [], 2: []})
    assert seen(cuda_image, empty, {}) == [bare(UUIDS[index]) for index in (1, 3)]
    assert seen(cuda_image, empty, {"CUDA_VISIBLE_DEVICES": "1"}) == [bare(UUIDS[3])]
    assert seen(cuda_image, empty, {"CUDA_VISIBLE_DEVICES": UUIDS[0]}) == []


def test_the_variable_is_read_once(cuda_image, monkeypatch):
    # The variable has to be as it was before running() puts back what it found.
    with running(cuda_image, MACHINE, CUDA_VISIBLE_DEVICES="2") as cuda, monkeypatch.context() as changed:
        changed.setenv("CUDA_VISIBLE_DEVICES", "0,1")
        cuda.start()
        assert cuda.uuids() == [bare(UUIDS[2])]
