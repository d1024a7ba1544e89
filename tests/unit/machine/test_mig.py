# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""MIG: placements, instance ids and capability minors as the driver has them."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mig_parted import LAYOUTS

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import ParameterError
from ansible_collections.nvmock.gpu.plugins.module_utils.machine import mig, types
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine


def _placed(layout, type_name="dgxa100"):
    machine = build_machine(type_name, gpu_count=1, mig_layout={0: layout}, uuid_seed="s")
    return [(device.gi, device.profile) for device in machine.gpus[0].mig_devices]


# From the listings of NVIDIA's MIG user guide (nvidia-smi mig -lgi after -cgi).
@pytest.mark.parametrize(
    ("layout", "instances"),
    [
        (["7g.40gb"], [0]),
        (["3g.20gb", "3g.20gb"], [1, 2]),
        (["4g.20gb", "3g.20gb"], [1, 2]),
        (["2g.10gb"] * 3, [3, 4, 5]),
        (["1g.5gb"] * 7, [7, 8, 9, 10, 11, 12, 13]),
        (["3g.20gb", "2g.10gb", "1g.5gb"], [1, 5, 13]),
        (["1g.10gb"] * 4, [3, 4, 5, 6]),
        ([], []),
    ],
)
def test_instance_ids(layout, instances):
    assert [gi for gi, _name in _placed(layout)] == instances


# The same for GPUs that are cut into quarters.
@pytest.mark.parametrize(
    ("layout", "instances"),
    [
        (["4g.24gb"], [0]),
        (["2g.12gb", "2g.12gb"], [1, 2]),
        (["1g.6gb"] * 4, [3, 4, 5, 6]),
        (["2g.12gb", "1g.6gb+me", "1g.6gb"], [1, 5, 6]),
    ],
)
def test_instance_ids_of_an_a30(layout, instances):
    assert [gi for gi, _name in _placed(layout, "a30")] == instances


@pytest.mark.parametrize(
    "layout",
    [
        ["7g.40gb", "1g.5gb"],
        ["1g.5gb"] * 8,
        ["4g.20gb", "4g.20gb"],
        ["1g.5gb+me", "1g.5gb+me"],
        ["3g.20gb"] * 3,
        ["2g.10gb"] * 4,
    ],
)
def test_what_does_not_fit_is_named(layout):
    with pytest.raises(ParameterError, match=r"^mig\[0\]: .* must be profiles that fit one GPU: no space left for "):
        _placed(layout)


@pytest.mark.parametrize(
    ("board", "layout"), [(board, layout) for board in LAYOUTS for layout in LAYOUTS[board]], ids=str
)
def test_layouts_of_the_mig_manager_fit_in_any_order(board, layout):
    profiles = [name for name, count in layout.items() for _each in range(count)]
    for order in sorted(set(itertools.permutations(profiles))):
        assert sorted(name for _gi, name in _placed(list(order), board)) == sorted(profiles)


def fits(model, layout):
    """Whether any choice of starts is a placement; by trying all."""
    profiles = {profile.name: profile for profile in model.mig_profiles}
    wanted = [profiles[name] for name in layout]
    if sum(profile.slices for profile in wanted) > 7:
        return False
    if any(layout.count(profile.name) > profile.instance_count for profile in wanted):
        return False
    for starts in itertools.product(*(profile.starts for profile in wanted)):
        slices = [
            start + offset for profile, start in zip(wanted, starts, strict=True) for offset in range(profile.size)
        ]
        if len(slices) == len(set(slices)):
            return True
    return False


@pytest.mark.parametrize("board", ["dgxa100", "a30", "rtx-pro-6000-blackwell-server-edition"])
def test_exactly_what_fits_is_accepted(board):
    """Every combination of profiles without an attribute, written from the largest and from the smallest."""
    model = build_machine(board).model
    names = [profile.name for profile in model.mig_profiles if profile.name.isalnum() or "+" not in profile.name]
    accepted = 0
    for number in range(1, 6):
        for layout in itertools.combinations_with_replacement(names, number):
            right = fits(model, list(layout))
            accepted += right
            for order in (layout, layout[::-1]):
                try:
                    _placed(list(order), board)
                except ParameterError:
                    assert not right, order
                else:
                    assert right, order
    assert accepted >= 8


def test_the_given_order_decides_where_there_is_a_choice():
    """As a user who creates them one after the other; and what was placed before stays where it was."""
    assert _placed(["1g.5gb", "3g.20gb"]) == [(2, "3g.20gb"), (7, "1g.5gb")]
    assert _placed(["3g.20gb", "1g.5gb"]) == [(1, "3g.20gb"), (11, "1g.5gb")]
    # Here the first placement of 3g.20gb leaves no room for the others, so it gives way.
    assert _placed(["3g.20gb", *["1g.5gb"] * 4]) == [(2, "3g.20gb"), *((gi, "1g.5gb") for gi in (7, 8, 9, 10))]


def test_a_long_layout_is_refused_at_once():
    with pytest.raises(ParameterError, match=r"no space left for 1g\.5gb"):
        _placed(["1g.5gb"] * 100_000)


# The MIG user guide's table of the A100: copy engines, NVDECs, JPEG, OFA. It has no column of encoders: the A100 has none.
def test_engines_of_the_a100_are_those_of_the_guide():
    assert {profile.name: profile.engines for profile in build_machine("dgxa100").model.mig_profiles} == {
        "1g.5gb": (1, 0, 0, 0, 0),
        "1g.5gb+me": (1, 1, 0, 1, 1),
        "1g.10gb": (1, 1, 0, 0, 0),
        "2g.10gb": (2, 1, 0, 0, 0),
        "3g.20gb": (3, 2, 0, 0, 0),
        "4g.20gb": (4, 2, 0, 0, 0),
        "7g.40gb": (7, 5, 0, 1, 1),
    }


# Of boards in MIG mode: memory in MiB, multiprocessors, copy engines, decoders, JPEG decoders. From captures of an H100 and an H200 by
# nvidia-smi 590.48.01 (instances of an H200's 3g.71gb are two compute instances, whose sum is not that of the instance).
CAPTURED = {
    ("dgxh100", "1g.10gb"): (9984, 16, 1, 1, 1),
    ("dgxh100", "2g.20gb"): (20096, 32, 2, 2, 2),
    ("dgxh100", "3g.40gb"): (40448, 60, 3, 3, 3),
    ("dgxh200", "1g.18gb"): (16384, 16, 1, 1, 1),
    ("dgxh200", "2g.35gb"): (33280, 32, 2, 2, 2),
    ("dgxh200", "3g.71gb"): (71424, 60, 3, 3, 3),
}


@pytest.mark.parametrize(("type_name", "name"), CAPTURED)
def test_profiles_of_captured_boards(type_name, name):
    (profile,) = [one for one in build_machine(type_name).model.mig_profiles if one.name == name]
    copy, decoder, encoder, jpeg, ofa = profile.engines
    assert (profile.memory_mib, profile.multiprocessors, copy, decoder, jpeg) == CAPTURED[type_name, name]
    assert (encoder, ofa) == (0, 0)


@pytest.mark.parametrize("type_name", types.names())
def test_every_type_knows_its_engines(type_name):
    """Media extensions add the OFA; without them only the whole GPU has it."""
    profiles = build_machine(type_name).model.mig_profiles
    if type_name in ("b300-sxm6-ac", "hgxb300"):  # not published
        assert {profile.engines for profile in profiles} == {()}
        return
    for profile in profiles:
        _copy, decoder, encoder, jpeg, ofa = profile.engines
        assert ofa == ("+me" in profile.name or profile.slices == max(one.slices for one in profiles)), profile.name
        assert "+me" not in profile.name or jpeg >= 1, profile.name
        assert "-me" not in profile.name or (decoder, encoder, jpeg) == (0, 0, 0), profile.name


@pytest.mark.parametrize("type_name", types.names())
def test_profile_names_are_those_of_nvidias_programs(type_name):
    """Device plugin, gpu-feature-discovery and mig-parted derive the name from the memory."""
    model = build_machine(type_name).model
    for profile in model.mig_profiles:
        plain, _plus, attribute = profile.name.replace("-", "+").partition("+")
        assert plain == f"{profile.slices}g.{mig.memory_in_name(model.memory_mib, profile.memory_mib)}gb", attribute


# GPU and instance in MiB, from listings of `nvidia-smi mig -lgip` and captures.
@pytest.mark.parametrize(
    ("gpu", "instance", "gigabytes"),
    [
        *((40960, 4864, 5), (40960, 9856, 10), (40960, 19968, 20), (40960, 40192, 40)),
        *((81559, 9984, 10), (81559, 20096, 20), (81559, 40448, 40), (81559, 81152, 80)),
        *((143771, 16384, 18), (143771, 33280, 35), (143771, 71424, 71), (143771, 143360, 141)),
        (183359, 20992, 23),
        # go-nvml's mocks of H200 and B200, whose instances are larger than their eighths of the GPU
        *((144384, 18432, 35), (184320, 23552, 45)),
    ],
)
def test_memory_in_name(gpu, instance, gigabytes):
    assert mig.memory_in_name(gpu, instance) == gigabytes


@given(st.integers(1, 1 << 30), st.data())
def test_memory_in_name_is_the_rule_in_floating_point(gpu, data):
    """go-nvlib computes with float64; the integers agree but where a product of floats is off at an exact half."""
    instance = data.draw(st.integers(1, gpu))
    share = math.ceil(instance / gpu * 8) / 8
    exact = share * math.ceil(gpu / 1024)
    assert abs(mig.memory_in_name(gpu, instance) - exact) <= 0.5


def test_rows_without_engines_stay_valid():
    rows = [["1g.5gb", 1, [0], 4864, 7, 14], ["2g.10gb", 2, [0], 9856, 3, 28, [2, 1, 0, 0, 0]]]
    model = build_machine("x", {"base": "dgxa100", "mig_profiles": rows}).model
    assert [profile.engines for profile in model.mig_profiles] == [(), (2, 1, 0, 0, 0)]


@pytest.mark.parametrize(
    ("engines", "said"),
    [
        ([1, 0, 0, 0], "[1, 0, 0, 0] is not allowed: must be a list of five engine counts"),
        ([1, 0, 0, 0, 65], "65 is not allowed: must be a whole number from 0 to 64"),
    ],
)
def test_bad_engines_are_named(engines, said):
    with pytest.raises(ParameterError) as error:
        mig.check_profiles("p", [["1g.5gb", 1, [0], 4864, 7, 14, engines]])
    assert str(error.value).startswith("p: " + said)


def test_mig_mode_without_devices_and_gpus_without_mig():
    machine = build_machine(gpu_count=3, mig_layout={1: []})
    assert [gpu.mig_enabled for gpu in machine.gpus] == [False, True, False]
    assert machine.gpus[1].mig_devices == ()
    with pytest.raises(ParameterError, match="has no MIG profiles"):
        build_machine("x", {"base": "dgxa100", "mig_profiles": []}, mig_layout={0: []})


def test_the_same_gpu_twice_is_refused():
    with pytest.raises(ParameterError, match="given once only"):
        build_machine(mig_layout={0: ["1g.5gb"], "0": ["7g.40gb"]})


def test_devices():
    device = build_machine(mig_layout={"2": ["3g.20gb", "1g.5gb+me"]}, uuid_seed="s").gpus[2].mig_devices[0]
    assert (device.index, device.ci, device.memory_mib, device.compute_slices) == (0, 0, 19968, 3)
    assert device.uuid.startswith("MIG-") and not device.graphics


def test_uuids_of_devices_are_distinct_over_gpus_and_stay():
    machine = build_machine(mig_layout={index: ["1g.5gb"] * 7 for index in range(8)}, uuid_seed="s")
    uuids = {device.uuid for gpu in machine.gpus for device in gpu.mig_devices}
    assert len(uuids) == 56
    fewer = build_machine(mig_layout={0: ["1g.5gb"]}, uuid_seed="s").gpus[0].mig_devices[0]
    assert fewer.uuid in uuids


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(LAYOUTS)), st.data())
def test_any_layout_is_placed_without_overlap_or_refused(type_name, data):
    profiles = {profile.name: profile for profile in build_machine(type_name).model.mig_profiles}
    layout = data.draw(st.lists(st.sampled_from(sorted(profiles)), max_size=8))
    try:
        placed = _placed(layout, type_name)
    except ParameterError:
        return
    assert sorted(name for _gi, name in placed) == sorted(layout)
    instances = [gi for gi, _name in placed]
    assert instances == sorted(set(instances)) and all(0 <= gi < 15 for gi in instances)
    assert sum(profiles[name].slices for name in layout) <= 7


_NUMBERS = st.integers(0, 9)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(_NUMBERS, _NUMBERS, st.lists(_NUMBERS, max_size=3)), min_size=1, max_size=3), st.data())
def test_profiles_of_users_never_share_an_instance(rows, data):
    """Whatever profiles a definition has: refused, or every GPU instance has an id of its own."""
    profiles = [[f"{slices}g.{number}gb", size, starts, 1, 7, 1] for number, (slices, size, starts) in enumerate(rows)]
    layout = data.draw(st.lists(st.sampled_from([profile[0] for profile in profiles]), max_size=7))
    definition = {"base": "dgxa100", "mig_profiles": profiles}
    try:
        machine = build_machine("x", definition, mig_layout={0: layout})
    except ParameterError as error:
        assert "\n" not in str(error)
        return
    ids = [device.gi for device in machine.gpus[0].mig_devices]
    assert len(set(ids)) == len(ids) and all(0 <= gi < 15 for gi in ids)


def test_capability_minors():
    """Lines of a recorded /proc/driver/nvidia-caps/mig-minors."""
    minors = mig.capability_minors([0, 1, 2])
    assert minors["config"] == 1 and minors["monitor"] == 2
    for name, minor in {
        "gpu0/gi0/access": 3,
        "gpu0/gi0/ci0/access": 4,
        "gpu0/gi1/access": 12,
        "gpu0/gi14/ci7/access": 137,
        "gpu1/gi0/access": 138,
        "gpu2/gi0/access": 273,
    }.items():
        assert minors[name] == minor, name
    assert len(set(minors.values())) == len(minors)
