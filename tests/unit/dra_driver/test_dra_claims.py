# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What a claim says, and the command line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dra_driver.claim_spec import claim_spec
from dra_driver.claims import ClaimError, Result, check_config, results_of
from dra_driver.flags import parse
from dra_driver.names import CONFIG_VERSION, DRIVER
from nvmock_gpu.cdi.read import parse as read_spec

WORDS = st.sampled_from(
    ["GpuConfig", "MigDeviceConfig", "TimeSlicing", "MPS", CONFIG_VERSION, "Long", "interval", "", "x\ny"]
)
KEYS = st.sampled_from(["apiVersion", "kind", "sharing", "strategy", "timeSlicingConfig", "interval", "other"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.dictionaries(KEYS, inner, max_size=4) | st.lists(inner, max_size=2),
    max_leaves=12,
)
NODES = [{"path": "/dev/nvidia0"}]


@given(VALUES, st.sampled_from(["gpu-0", "gpu-0-mig-1g5gb-19-0"]))
def test_a_configuration_is_accepted_or_refused_in_one_line(parameters, device):
    try:
        check_config(parameters, device)
    except ClaimError as error:
        assert "\n" not in str(error) and str(error).startswith("configuration: ")
    else:
        assert parameters["apiVersion"] == CONFIG_VERSION
        assert parameters["kind"] == ("GpuConfig" if device == "gpu-0" else "MigDeviceConfig")


def test_a_migs_configuration():
    sharing = {"sharing": {"strategy": "TimeSlicing"}}
    check_config({"apiVersion": CONFIG_VERSION, "kind": "MigDeviceConfig", **sharing}, "gpu-0-mig-1g5gb-19-0")
    sharing["sharing"]["timeSlicingConfig"] = {"interval": "Long"}
    with pytest.raises(ClaimError, match="'timeSlicingConfig' is not allowed: must be one of strategy"):
        check_config({"apiVersion": CONFIG_VERSION, "kind": "MigDeviceConfig", **sharing}, "gpu-0-mig-1g5gb-19-0")


def test_only_this_drivers_devices_on_this_node_count():
    ours = {"request": "gpu/a100", "driver": DRIVER, "pool": "n", "device": "gpu-0"}
    others = [{**ours, "driver": "other"}, {**ours, "pool": "m"}]
    claim = {"status": {"allocation": {"devices": {"results": [*others, ours]}}}}
    assert results_of(claim, "n") == [Result("gpu/a100", "n", "gpu-0", False)]
    wrong = {"requests": ["gpu"], "opaque": {"driver": DRIVER, "parameters": {}}}
    claim["status"]["allocation"]["devices"]["config"] = [wrong]
    with pytest.raises(ClaimError, match="apiVersion"):
        results_of(claim, "n")
    for empty in ({}, {"status": None}, {"status": {"allocation": None}}):
        with pytest.raises(ClaimError, match=r"has no device of gpu\.nvidia\.com on node n"):
            results_of(empty, "n")


def test_common_edits_are_in_a_specification_once():
    common = {"env": ["A=1"], "mounts": [{"hostPath": "/a", "containerPath": "/a"}]}
    other = {"env": ["A=1", "B=2"]}
    content = claim_spec({"u-gpu-0": (common, {"deviceNodes": NODES}), "u-gpu-1": (other, {"deviceNodes": NODES})})
    spec = read_spec("x.json", content)
    assert spec["containerEdits"]["env"] == ["A=1", "B=2"] and len(spec["containerEdits"]["mounts"]) == 1
    assert [device["name"] for device in spec["devices"]] == ["u-gpu-0", "u-gpu-1"]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--host-root", "x"], "--host-root: 'x' is not allowed: must be an absolute path"),
        (["--cdi-directory", ""], "--cdi-directory: '' is not allowed: must be an absolute path"),
        (["--interval", "0"], "--interval: 0.0 is not allowed: must be 0.05 to 60 seconds"),
        (["--cdi-kind", "gpu"], "--cdi-kind: 'gpu' is not allowed: must be vendor/class"),
        (["--fault-effect", "None"], "argument --fault-effect: invalid choice: 'None'"),
        (["--node-name", ""], "--node-name: '' is not allowed: must be the name of this pod's node"),
        (["--node"], "unrecognized arguments: --node"),
    ],
)
def test_a_bad_flag_is_one_line(capsys, arguments, message):
    with pytest.raises(SystemExit) as caught:
        parse(["--node-name", "n", *arguments])
    errors = capsys.readouterr().err
    assert caught.value.code == 2 and message in errors and errors.count("\n") == 1
