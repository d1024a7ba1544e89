# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Pure parts: resources, preferences, labels, flags."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_plugin.flags import parse
from device_plugin.labels import labels_of
from device_plugin.preference import prefer
from device_plugin.resources import OfferError, Sharing, offer
from nvmock_gpu.machine.build import build_machine
from plugin_support import ROOT

GPU = "nvidia.com/gpu"


def machine(name="dgxa100", **options):
    return build_machine(name, uuid_seed="n", **options)


def counts(made, strategy, sharing=None):
    return {one.name: len(one.devices) for one in offer(made, strategy, sharing or Sharing())}


EVEN = {0: ["3g.20gb", "3g.20gb"], 1: ["3g.20gb"]}


@pytest.mark.parametrize(
    "mig, strategy, wanted",
    [
        ({}, "none", {GPU: 2}),
        ({}, "single", {GPU: 2}),
        ({}, "mixed", {GPU: 2}),
        (EVEN, "none", {GPU: 2}),
        (EVEN, "single", {GPU: 3}),
        (EVEN, "mixed", {"nvidia.com/mig-3g.20gb": 3}),
        ({0: ["1g.5gb+me", "1g.5gb"]}, "mixed", {GPU: 1, "nvidia.com/mig-1g.5gb": 1, "nvidia.com/mig-1g.5gb.me": 1}),
        ({0: [], 1: ["1g.5gb"]}, "mixed", {"nvidia.com/mig-1g.5gb": 1}),
    ],
)
def test_strategies(mig, strategy, wanted):
    assert counts(machine(gpu_count=2, mig_layout=mig), strategy) == wanted


@pytest.mark.parametrize(
    "mig, reason",
    [
        ({0: ["1g.5gb"]}, "some GPUs are in MIG mode and some are not"),
        ({0: ["1g.5gb"], 1: []}, "has no MIG device"),
        ({0: ["1g.5gb"], 1: ["3g.20gb"]}, r"more than one profile \(1g.5gb, 3g.20gb\)"),
    ],
)
def test_single_wants_equal_parts(mig, reason):
    made = machine(gpu_count=2, mig_layout=mig)
    with pytest.raises(OfferError, match=reason):
        offer(made, "single", Sharing())
    labels = labels_of(made, "single", Sharing())
    assert labels["nvidia.com/gpu.product"] == "NVIDIA-A100-SXM4-40GB-MIG-INVALID"
    assert labels["nvidia.com/gpu.count"] == labels["nvidia.com/gpu.replicas"] == labels["nvidia.com/gpu.memory"] == "0"


def test_shares():
    sharing = Sharing({GPU: 4}, rename=True)
    (one,) = offer(machine(gpu_count=2), "none", sharing)
    assert (one.name, one.base, len(one.devices)) == ("nvidia.com/gpu.shared", GPU, 8)
    assert {key.partition("::")[0] for key in one.devices} == {device.uuid for device in one.devices.values()}


@given(data=st.data(), name=st.sampled_from(["dgxa100", "dgxh100"]), copies=st.sampled_from([1, 3]))
def test_preferences_are_always_a_choice_of_what_is_there(data, name, copies):
    made = machine(name)
    (one,) = offer(made, "none", Sharing({GPU: copies} if copies > 1 else {}))
    available = data.draw(st.lists(st.sampled_from(sorted(one.devices)), min_size=1, unique=True))
    must = data.draw(st.lists(st.sampled_from(available), unique=True))
    size = data.draw(st.integers(len(must), len(available)))
    chosen = prefer(made, one, available, must, size)
    assert len(chosen) == len(set(chosen)) == size
    assert set(must) <= set(chosen) <= set(available)


@pytest.mark.parametrize(
    "name, free, size, wanted",
    [
        ("dgxa100", range(8), 2, {0, 1}),  # a PCIe switch
        ("dgxa100", [0, 2, 3, 5], 2, {2, 3}),
        ("dgxa100", [1, 2, 5, 6, 7], 3, {5, 6, 7}),  # a socket, with a switch in it
        ("dgxa100", [0, 1, 2, 4, 5, 6, 7], 3, {0, 1, 2}),  # leaves the whole socket to others
        ("dgxh100", [0, 3, 4, 5, 6, 7], 4, {4, 5, 6, 7}),
    ],
)
def test_near_gpus_are_preferred(name, free, size, wanted):
    made = machine(name)
    (one,) = offer(made, "none", Sharing())
    available = [made.gpus[index].uuid for index in free]
    chosen = prefer(made, one, available, [], size)
    assert {one.devices[key].gpu.index for key in chosen} == wanted


def test_shares_come_from_the_gpu_that_is_used_least():
    made = machine(gpu_count=2)
    (one,) = offer(made, "none", Sharing({GPU: 3}))
    busy, idle = (gpu.uuid for gpu in made.gpus)
    available = [f"{busy}::2", *(f"{idle}::{copy}" for copy in range(3))]
    assert prefer(made, one, available, [], 1)[0].startswith(idle)
    assert {key.partition("::")[0] for key in prefer(made, one, available, [], 2)} == {busy, idle}


# Labels: GFD's expected outputs (k8s-device-plugin tests/expected-output-mig-*.txt), less the facts that nobody has here.
NONE = [
    "cuda.driver.major",
    "cuda.driver.minor",
    "cuda.driver.rev",
    "cuda.runtime.major",
    "cuda.runtime.minor",
    "cuda.driver-version.major",
    "cuda.driver-version.minor",
    "cuda.driver-version.revision",
    "cuda.driver-version.full",
    "cuda.runtime-version.major",
    "cuda.runtime-version.minor",
    "cuda.runtime-version.full",
    "gpu.count",
    "gpu.replicas",
    "gpu.sharing-strategy",
    "gpu.product",
    "gpu.memory",
    "gpu.family",
    "gpu.mode",
    "mig.capable",
    "gpu.compute.major",
    "gpu.compute.minor",
    "mps.capable",
    "vgpu.present",
    "gpu.present",
]
ENGINES = [f"engines.{name}" for name in ("copy", "decoder", "encoder", "jpeg", "ofa")]
UNCOUNTED = ["product", "count", "replicas", "sharing-strategy", "memory", "multiprocessors", "slices.gi", "slices.ci"]
PROFILE = [*UNCOUNTED, *ENGINES]


def keys(labels):
    return {key.removeprefix("nvidia.com/") for key in labels} - {"feature.node.kubernetes.io/pci-10de.present"}


def test_labels_without_mig():
    labels = labels_of(machine(), "none", Sharing())
    assert keys(labels) == set(NONE)
    assert labels["nvidia.com/gpu.product"] == "NVIDIA-A100-SXM4-40GB"
    assert labels["nvidia.com/gpu.family"] == "ampere"
    assert labels["nvidia.com/cuda.driver.rev"] == "15"
    assert labels["nvidia.com/vgpu.present"] == "false"
    assert labels["feature.node.kubernetes.io/pci-10de.present"] == "true"


def test_labels_of_mixed_mig():
    labels = labels_of(machine(gpu_count=2, mig_layout={0: ["3g.20gb", "3g.20gb"]}), "mixed", Sharing())
    assert keys(labels) == {*NONE, "mig.strategy", *(f"mig-3g.20gb.{name}" for name in PROFILE)}
    assert labels["nvidia.com/mig-3g.20gb.product"] == "NVIDIA-A100-SXM4-40GB-MIG-3g.20gb"
    assert labels["nvidia.com/mig-3g.20gb.count"] == "2"
    assert labels["nvidia.com/gpu.count"] == "2"


def test_labels_of_single_mig():
    labels = labels_of(machine(gpu_count=2, mig_layout=EVEN), "single", Sharing())
    assert keys(labels) == {*NONE, "mig.strategy", *(f"gpu.{name}" for name in PROFILE)}
    assert labels["nvidia.com/gpu.product"] == "NVIDIA-A100-SXM4-40GB-MIG-3g.20gb"
    assert (labels["nvidia.com/gpu.count"], labels["nvidia.com/gpu.memory"]) == ("3", "19968")


@pytest.mark.parametrize(
    "profile, resource, numbers",
    [
        ("3g.20gb", "mig-3g.20gb", ["3", "2", "0", "0", "0"]),
        ("1g.5gb+me", "mig-1g.5gb.me", ["1", "1", "0", "1", "1"]),
    ],
)
def test_labels_of_engines(profile, resource, numbers):
    labels = labels_of(machine(gpu_count=1, mig_layout={0: [profile]}), "mixed", Sharing())
    assert [labels[f"nvidia.com/{resource}.{name}"] for name in ENGINES] == numbers
    assert labels[f"nvidia.com/{resource}.product"] == f"NVIDIA-A100-SXM4-40GB-{resource.replace('mig', 'MIG')}"


def test_no_labels_of_engines_that_nobody_knows():
    own = {"base": "dgxa100", "gpu_count": 1, "mig_profiles": [["1g.5gb", 1, [0], 4864, 7, 14]]}
    labels = labels_of(machine("mine", definition=own, mig_layout={0: ["1g.5gb"]}), "mixed", Sharing())
    assert keys(labels) == {*NONE, "mig.strategy", *(f"mig-1g.5gb.{name}" for name in UNCOUNTED)}


@pytest.mark.parametrize("rename, product", [(False, "NVIDIA-A100-SXM4-40GB-SHARED"), (True, "NVIDIA-A100-SXM4-40GB")])
def test_labels_of_shared_gpus(rename, product):
    labels = labels_of(machine(), "none", Sharing({GPU: 4}, rename))
    assert (labels["nvidia.com/gpu.replicas"], labels["nvidia.com/gpu.product"]) == ("4", product)
    assert labels["nvidia.com/gpu.sharing-strategy"] == "time-slicing"


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=95).filter(
        lambda text: text == text.strip()
    )
)
def test_any_product_name_gives_a_label_that_kubernetes_takes(text):
    labels = labels_of(machine(product_name=text), "none", Sharing())
    value = labels["nvidia.com/gpu.product"]
    assert len(value) <= 63 and all(one.isalnum() or one in "-_." for one in value)
    assert not value or (value[0].isalnum() and value[-1].isalnum())


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--cdi", "x"], "--cdi: invalid choice"),
        (["--mig-strategy", "x"], "--mig-strategy: invalid choice"),
        (["--time-slicing", "nvidia.com/gpu=1"], "'nvidia.com/gpu=1' is not allowed: N must be 2 to 1000"),
        (["--time-slicing", "gpu=2"], "must be nvidia.com/gpu=N or nvidia.com/mig-<profile>=N"),
        (["--time-slicing", "nvidia.com/gpu=2,nvidia.com/gpu=3"], "given twice"),
        (["--host-root", "x"], "--host-root: 'x' is not allowed: must be an absolute path"),
        (["--interval", "nan"], "must be 0.05 to 60 seconds"),
        (["--cdi-kind", "gpu"], "must be vendor/class"),
        (["--no-labels", "--no-devices"], "--no-devices: not allowed with argument --no-labels"),
        (["--unknown"], "unrecognized arguments: --unknown"),
    ],
)
def test_bad_flags_are_one_line(capsys, arguments, message):
    with pytest.raises(SystemExit) as caught:
        parse(arguments)
    errors = capsys.readouterr().err
    assert caught.value.code == 2 and message in errors and errors.count("\n") == 1


def test_the_messages_are_those_of_the_definition(tmp_path):
    if shutil.which("protoc") is None:
        pytest.skip("protoc is not here")
    environment = {**os.environ, "PATH": os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]}
    subprocess.run([os.path.join(ROOT, "scripts", "generate-device-plugin-api"), tmp_path], check=True, env=environment)
    for made in ("device_plugin/api.binpb", "dra_driver/kubelet_api.binpb"):
        with open(os.path.join(ROOT, made), "rb") as file:
            assert (tmp_path / made).read_bytes() == file.read()
