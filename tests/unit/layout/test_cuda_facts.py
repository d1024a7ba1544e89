# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The facts and attributes of CUDA devices. tests/native asks the library for them."""

from __future__ import annotations

import struct

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.layout.cuda_attributes import (
    NUMBERS,
    attribute_count,
    attributes,
)
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.cuda_facts import cuda_facts
from ansible_collections.nvmock.gpu.plugins.module_utils.machine import types
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.model import Gpu, Machine, MigDevice

HEAD, GPU, MIG = 688, 176, 184
UNKNOWN = -(1 << 31)


def own(**facts):
    definition = {
        "product_name": "NVIDIA X1",
        "driver_version": "550.54.15",
        "memory_mib": 1000,
        "compute_capability": "9.0",
        "architecture": "Hopper",
    }
    return build_machine(definition={**definition, **facts})


def test_tables_follow_each_other():
    machine = build_machine("dgxa100", mig_layout={2: ["3g.20gb", "1g.5gb"], 5: ["1g.5gb"]})
    facts = cuda_facts(machine)
    assert len(facts) == HEAD + 8 * GPU + 3 * MIG
    assert struct.unpack_from("<8s2I2i", facts) == (b"nvmock1\0", 8, 3, 12040, 135)
    firsts = [struct.unpack_from("<3I", facts, HEAD + place * GPU + 20) for place in range(8)]
    off = [(0, first) for first in (0, 0, 2, 2, 2, 3, 3)]
    assert firsts[2] == (1, 0, 2) and firsts[5] == (1, 2, 1)
    assert [one[:2] for place, one in enumerate(firsts) if place != 2 and place != 5] == off[:2] + [(0, 2)] * 2 + [
        (0, 3)
    ] * 2
    parents = [struct.unpack_from("<I", facts, HEAD + 8 * GPU + place * MIG)[0] for place in range(3)]
    assert parents == [2, 2, 5]


def test_a_part_of_a_gpu_instance():
    whole = build_machine("dgxa100", mig_layout={0: ["3g.20gb"]})
    gpu = whole.gpus[0]
    (mig,) = gpu.mig_devices
    part = MigDevice(0, mig.uuid, mig.gi, 0, "1c.3g.20gb", memory_mib=mig.memory_mib, compute_slices=1)
    machine = Machine(
        "x", "550.54.15", (12, 4), (Gpu(0, 0, gpu.uuid, mig_enabled=True, mig_devices=(part,)),), whole.model
    )
    facts = cuda_facts(machine)
    # 14 of 42 multiprocessors; half of the L2 cache and the engines of the GPU instance.
    assert struct.unpack_from("<3i", facts, HEAD + GPU + 16) == (14, 20 << 20, 3)


def test_texts_that_are_too_long_are_cut():
    facts = cuda_facts(own(product_name="N" * 90))
    assert facts[HEAD + 80 :].rstrip(b"\0") == b"N" * 90
    machine = Machine("x", "550.54.15", (12, 4), tuple(build_machine("dgxa100").gpus))
    assert len(cuda_facts(machine)) == HEAD + 8 * GPU


@pytest.mark.parametrize("name", types.names())
def test_every_machine_type_has_what_device_queries_print(name):
    machine = build_machine(name)
    known = attributes(machine)
    wanted = {*range(1, 20), 21, 31, 37, 39, 41, 51, 75, 76, 81, 82, 83, 87, 90, 95, 97, 106}
    if not machine.model.readings.max_clocks_mhz:
        wanted.remove(13)
    if name == "vera-rubin":  # no source has its multiprocessors and memory bus yet
        wanted -= {16, 37}
    assert wanted - set(known) == set()
    assert all(0 < number < NUMBERS and UNKNOWN < value < 1 << 31 for number, value in known.items())


def test_nothing_is_made_up():
    assert attributes(Machine("recorded", "550.54.15", (12, 4), ())) == {}
    bare = attributes(own())
    assert {16, 37, 38, 40, 13, 36, 32} & set(bare) == set()
    assert set(attributes(own(compute_capability="3.5"))) >= {75, 76}
    assert 39 not in attributes(own(compute_capability="3.5"))
    assert 39 not in attributes(own(compute_capability="99.0"))
    assert attributes(own(compute_capability="12.9"))[39] == 1536


def test_old_gpus_have_less():
    known = attributes(own(compute_capability="5.2"))
    assert (known[89], known[90], known[95], known[21]) == (0, 0, 0, 65536)
    assert known[107] == known[111] == known[120] == 0


def test_a_coherent_link_to_the_host():
    grace = attributes(build_machine("gb200"))
    assert [grace[number] for number in (86, 88, 100, 101, 130)] == [1] * 5
    assert [attributes(own())[number] for number in (86, 88, 100)] == [0] * 3
    assert attributes(own(addressing_mode="HMM"))[88] == 1


def test_gpudirect_is_not_for_geforce():
    assert attributes(own())[116] == 1
    assert 116 not in attributes(own(product_name="NVIDIA GeForce RTX 4090"))


@pytest.mark.parametrize(
    ("version", "count"),
    [((11, 4), 125), ((11, 8), 125), ((12, 0), 130), ((12, 7), 136), ((13, 4), 162), ((14, 0), 162)],
)
def test_the_nearest_older_cuda_version_has_the_number(version, count):
    assert attribute_count(version) == count
