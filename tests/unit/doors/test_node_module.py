# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""nvmock_node makes, moves, reports and removes what the three modules do, which are the reference here."""

from __future__ import annotations

import importlib
import json
import os

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils.host.root import HostRoot
from ansible_collections.nvmock.gpu.plugins.module_utils.layout import state_mig
from ansible_collections.nvmock.gpu.plugins.module_utils.node import spec_options
from ansible_collections.nvmock.gpu.plugins.module_utils.node.state import NodeState

PLUGINS = "ansible_collections.nvmock.gpu.plugins"
FILES = "char" if os.geteuid() == 0 else "regular"
NODE = {"gpu_count": 2, "uuid_seed": "doors", "device_files": FILES}
COMMON = ("gpu_count", "uuid_seed", "instance", "allow_real_driver", "take_over", "state", "machine", "mig")
THREE = {
    "devices": ("nvmock_devices", ("base", "dev_roots", "dri", "device_mode", "device_files", "restore_at_boot")),
    "driver_tree": ("nvmock_driver_tree", ("driver_root", "layout", "content")),
    "cdi_spec": ("nvmock_cdi_spec", ("driver_root", *spec_options.argument_spec())),
}


@pytest.fixture
def call(capsys):
    """Run a module; returns what it printed. ``ok`` says whether it is to succeed."""

    def run(name, top, ok=True, check=False, **parameters):
        module = importlib.import_module(f"{PLUGINS}.modules.{name}")
        arguments = {"host_root": str(top), **parameters, "_ansible_check_mode": check, "_ansible_diff": True}
        capsys.readouterr()
        with patch_module_args(arguments), pytest.raises(SystemExit) as left:
            module.main()
        result = json.loads(capsys.readouterr().out)
        assert (left.value.code == 0) is ok, result
        result.pop("invocation", None)
        return result

    return run


def by_three(call, top, check=False, **parameters):
    """The results of the three modules, by the names of nvmock_node's."""
    results = {}
    order = list(THREE) if parameters.get("state") != "absent" else list(THREE)[::-1]
    for part in order:
        name, options = THREE[part]
        given = {key: value for key, value in parameters.items() if key in COMMON + options}
        if part == "cdi_spec":
            if given.get("state") == "absent":
                given.pop("driver_root", None)
            else:
                given["devices_are_files"] = FILES == "regular"
            if parameters.get("cdi", True) is False:
                given["state"] = "absent"
            if "cdi_spec_path" in parameters or given.get("state") == "absent" != parameters.get("state"):
                given["path"] = parameters.get("cdi_spec_path", "/etc/cdi/nvidia.yaml")
        results[part] = call(name, top, check=check, **given)
    return results


def contents(top):
    """{path: type, mode, owner and content, link target or device number} of everything."""
    found = {}
    for place, directories, files in os.walk(top):
        for name in directories + files:
            path = os.path.join(place, name)
            status = os.lstat(path)
            content = status.st_rdev
            if os.path.islink(path):
                content = os.readlink(path)
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    content = file.read()
            found[os.path.relpath(path, top)] = (status.st_mode, status.st_uid, status.st_gid, content)
    return found


RUNS = [
    {},
    {"base": "/opt/base", "driver_root": "/opt/driver", "dev_roots": ["/", "/opt/driver"]},
    {"cdi_spec_path": "/etc/cdi/other.json", "vendor": "example.com", "hook_mode": "none"},
    {"machine": "dgxh100", "mig": {"0": ["1g.10gb"]}, "restore_at_boot": "always", "dri": True},
    {"cdi": False},
    {"layout": "debian", "toolkit_release": "1.17"},
]


PAIRS = [(RUNS[0], later) for later in RUNS] + [
    (first, RUNS[number - 1]) for number, first in enumerate(RUNS) if number
]


@pytest.mark.parametrize("first, later", PAIRS, ids=lambda run: "-".join(run) or "default")
def test_one_run_leaves_what_three_runs_leave(call, tmp_path, first, later):
    one, three = tmp_path / "one", tmp_path / "three"
    for top in (one, three):
        top.mkdir()
    for options in (first, later):
        wanted = {**NODE, **options}
        predicted = call("nvmock_node", one, check=True, **wanted)
        made = call("nvmock_node", one, **wanted)
        results = by_three(call, three, **wanted)
        assert contents(one) == contents(three)
        assert made["changed"] == any(result["changed"] for result in results.values())
        assert {**predicted, "verification": made["verification"]} == made
        for part, result in results.items():
            result.pop("diff", None)
            result.pop("warnings", None)
            assert made[part] == result, part
        assert "ALL CHECKS PASSED" in made["verification"]["lines"]
        assert len(made["verification"]["lines"]) == (2 if options.get("cdi") is False else 6)
    gone = call("nvmock_node", one, state="absent")
    results = by_three(call, three, state="absent")
    assert contents(one) == contents(three) == {}
    for part, result in results.items():
        result.pop("diff", None)
        assert gone[part] == result, part
    assert not call("nvmock_node", one, state="absent")["changed"]


def cut_at_run_time(top):
    """GPU 0 is cut into a 3g.20gb with one compute instance, as NVML and nvidia-smi do it."""
    entries = {
        state_mig.MODE: 1,
        state_mig.PENDING: 1,
        state_mig.MADE: 1,
        state_mig.INSTANCE + 2: 9 | 4 << 16,
        state_mig.COMPUTE + 16: 3,
    }
    with HostRoot(str(top)) as root:
        state = NodeState(root, "/var/lib/nvidia-mock/driver")
        state.change(lambda values, _now: values[0].update(entries), None)


def test_what_was_cut_at_run_time_stays_until_a_layout_is_declared(call, tmp_path):
    one, three = tmp_path / "one", tmp_path / "three"
    for top in (one, three):
        top.mkdir()
        call("nvmock_node", top, **NODE)
        cut_at_run_time(top)
    made = call("nvmock_node", one, **NODE)
    by_three(call, three, **NODE)
    assert contents(one) == contents(three)
    assert [[mig["profile"] for mig in gpu["mig_devices"]] for gpu in made["devices"]["gpus"]] == [["3g.20gb"], []]
    assert not call("nvmock_node", one, **NODE)["changed"]
    declared = {**NODE, "mig": {"1": ["7g.40gb"]}}
    made = call("nvmock_node", one, **declared)
    by_three(call, three, **declared)
    assert contents(one) == contents(three)
    assert [[mig["profile"] for mig in gpu["mig_devices"]] for gpu in made["devices"]["gpus"]] == [[], ["7g.40gb"]]
    assert not call("nvmock_node", one, **declared)["changed"]
    cut_at_run_time(one)
    assert call("nvmock_node", one, check=True, **declared)["changed"] is False  # nothing has made device nodes of it
    made = call("nvmock_node", one, **declared)
    with HostRoot(str(one)) as root:
        assert NodeState(root, "/var/lib/nvidia-mock/driver").read().entries == {}
    assert call("nvmock_node", one, state="absent")["changed"] and contents(one) == {}


@pytest.mark.parametrize("narrowed", [{"base": "/opt/base"}, {"driver_root": "/opt/driver"}, {"instance": "blue"}, {}])
def test_a_removal_is_narrowed_in_the_same_way(call, tmp_path, narrowed):
    blue = {"instance": "blue", "base": "/opt/base", "driver_root": "/opt/driver", "dev_roots": ["/opt/driver"]}
    blue.update(cdi_spec_path="/etc/cdi/blue.yaml", vendor="blue.example.com")
    one, three = tmp_path / "one", tmp_path / "three"
    for top in (one, three):
        top.mkdir()
        call("nvmock_node", top, **NODE)
        call("nvmock_node", top, **NODE, **blue)
    removed = call("nvmock_node", one, state="absent", **narrowed)
    results = by_three(call, three, state="absent", **narrowed)
    assert contents(one) == contents(three)
    assert {part: removed[part]["removed"] for part in THREE} == {
        part: result["removed"] for part, result in results.items()
    }


def test_check_mode_of_a_host_root_that_is_missing(call, tmp_path):
    top = tmp_path / "node"
    predicted = call("nvmock_node", top, check=True, **NODE)
    assert predicted["changed"] and predicted["verification"] == {} and os.listdir(tmp_path) == []
    assert "host_root" in call("nvmock_node", top, ok=False, **NODE)["msg"]
    top.mkdir()
    assert call("nvmock_node", top, **NODE)["devices"] == predicted["devices"]


def test_a_part_that_is_refused_leaves_nothing(call, tmp_path):
    (tmp_path / "etc/cdi").mkdir(parents=True)
    (tmp_path / "etc/cdi/nvidia.yaml").write_text("mine")
    there = contents(tmp_path)
    assert "/etc/cdi/nvidia.yaml" in call("nvmock_node", tmp_path, ok=False, **NODE)["msg"]
    assert contents(tmp_path) == there
    call("nvmock_node", tmp_path, take_over=True, **NODE)
    call("nvmock_node", tmp_path, state="absent")
    assert contents(tmp_path) == there


def test_what_was_changed_stays_and_is_named(call, tmp_path):
    call("nvmock_node", tmp_path, **NODE)
    spec = tmp_path / "etc/cdi/nvidia.yaml"
    spec.write_text("mine")
    named = "not everything is removed: /etc/cdi/nvidia.yaml was changed since it was made: left as it is"
    for options in ({**NODE, "cdi": False}, {"state": "absent"}):
        failed = call("nvmock_node", tmp_path, ok=False, **options)
        assert failed["msg"] == named
        assert failed["cdi_spec"]["left"] == ["/etc/cdi/nvidia.yaml"] and failed["devices"]["left"] == []
    assert spec.read_text() == "mine"


def test_a_node_that_fails_the_verification(call, tmp_path, monkeypatch):
    module = importlib.import_module(f"{PLUGINS}.module_utils.module.node")
    real = module.verify_cdi

    def broken(root, driver_root, spec_path):
        (tmp_path / "etc/cdi/nvidia.yaml").unlink()
        return real(root, driver_root, spec_path)

    monkeypatch.setattr(module, "verify_cdi", broken)
    failed = call("nvmock_node", tmp_path, ok=False, **NODE)
    assert failed["msg"] == "/etc/cdi/nvidia.yaml: missing" and failed["changed"]
    assert failed["verification"]["problems"] == ["/etc/cdi/nvidia.yaml: missing"]
    assert call("nvmock_node", tmp_path, verify=False, **NODE)["verification"] == {}


def test_the_results_are_those_that_are_documented(call, tmp_path):
    module = importlib.import_module(f"{PLUGINS}.modules.nvmock_node")
    result = call("nvmock_node", tmp_path, **NODE)
    assert set(result) - {"changed", "diff", "warnings"} == set(yaml.safe_load(module.RETURN))


BAD = {
    "gpu_count": st.one_of(st.integers(max_value=0), st.integers(min_value=65)),
    "driver_version": st.from_regex(r"[a-z/ ]{1,12}", fullmatch=True),
    "base": st.sampled_from(["relative", "../base", "/run/../base", "/"]),
    "driver_root": st.sampled_from(["/", "relative"]),
    "cdi_spec_path": st.from_regex(r"/[a-z]{1,5}\.(txt|yml|)", fullmatch=True),
    "device_mode": st.from_regex(r"[89a-z]{1,5}", fullmatch=True),
    "uvm_major": st.sampled_from([0, 512, -1]),
    "device_uid": st.sampled_from([-1, 2**32 - 1]),
    "toolkit_root": st.just("relative"),
    "instance": st.sampled_from(["a b", "-", "x" * 33]),
}


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_bad_parameter_is_one_line_and_changes_nothing(call, tmp_path, data):
    parameter = data.draw(st.sampled_from(sorted(BAD)))
    value = data.draw(BAD[parameter])
    message = call("nvmock_node", tmp_path, ok=False, **{**NODE, parameter: value})["msg"]
    assert "\n" not in message and message.startswith(parameter), message
    assert contents(tmp_path) == {}


# -- faults --------------------------------------------------------------------------------------------------------------


def test_faults_of_gpus(call, tmp_path, monkeypatch):
    """The module puts them on and takes them off, a run leaves them and says so in one line, verification names them."""
    node = {**NODE, "machine": "dgxh100"}
    call("nvmock_node", tmp_path, **node)
    fault = {"kind": "xid", "xid": 94, "gpus": ["1"], "gpu_instance": 2}
    at_rest = {"index": 1, "faults": []}
    predicted = call("nvmock_fault", tmp_path, check=True, **fault)
    assert predicted["changed"] and predicted["gpus"] == [at_rest]
    made = call("nvmock_fault", tmp_path, **fault)
    assert made["changed"] and made["diff"] == predicted["diff"]
    assert made["gpus"] == [{"index": 1, "faults": [{"kind": "xid", "xid": 94, "gpu_instance": 2}]}]
    assert "GPU 1: fault xid xid=94 gpu_instance=2 (Contained ECC error)\n" in made["diff"]["after"]
    assert not call("nvmock_fault", tmp_path, **fault)["changed"]
    told = []  # the result has no warnings in a process that has loaded plugins of Ansible's controller
    monkeypatch.setattr(
        "ansible.module_utils.basic.AnsibleModule.warn", lambda _module, text, **_more: told.append(text)
    )
    again = call("nvmock_node", tmp_path, verify=False, **node)
    assert not again["changed"]
    told = [text for text in told if "fault" in text]
    assert len(told) == 1 and told[0].startswith("GPU 1: fault xid xid=94") and "left on" in told[0]
    failed = call("nvmock_verify", tmp_path, ok=False, device_files=FILES)
    assert "GPU 1: fault xid xid=94 gpu_instance=2 (Contained ECC error): take it off" in failed["msg"]
    assert call("nvmock_fault", tmp_path, state="absent")["changed"]
    call("nvmock_verify", tmp_path, device_files=FILES)
    assert not call("nvmock_fault", tmp_path, state="absent")["changed"]


def test_faults_of_files(call, tmp_path, monkeypatch):
    """The same for files: check mode predicts the paths, and what a run says instead of a verification."""
    call("nvmock_node", tmp_path, **NODE)
    before = contents(tmp_path)
    predicted = call("nvmock_fault", tmp_path, check=True, kind="spec_stale")
    assert predicted["changed"] and contents(tmp_path) == before and predicted["node"] == []
    made = call("nvmock_fault", tmp_path, kind="spec_stale")
    assert made["updated"] == predicted["updated"] == ["/etc/cdi/nvidia.yaml"] and made["diff"] == predicted["diff"]
    assert "/var/lib/nvidia-mock/healthy/etc/cdi/nvidia.yaml" in made["created"]
    assert made["node"] == [{"kind": "spec_stale"}]
    lost = call("nvmock_fault", tmp_path, kind="device_node_missing", gpus=["0"])
    assert "/dev/nvidia0" in lost["removed"] and lost["gpus"] == [
        {"index": 0, "faults": [{"kind": "device_node_missing"}]}
    ]
    told = []
    monkeypatch.setattr(
        "ansible.module_utils.basic.AnsibleModule.warn", lambda _module, text, **_more: told.append(text)
    )
    again = call("nvmock_node", tmp_path, **NODE)
    assert not again["changed"] and again["verification"]["lines"] == ["not verified, because files have faults"]
    assert [text for text in told if "GPU 0: fault device_node_missing; node: fault spec_stale: left on" in text]
    failed = call("nvmock_verify", tmp_path, ok=False, device_files=FILES)
    assert (
        "GPU 0: fault device_node_missing: take it off" in failed["msg"] and "node: fault spec_stale" in failed["msg"]
    )
    assert call("nvmock_fault", tmp_path, state="absent")["changed"]
    assert contents(tmp_path) == before
    call("nvmock_verify", tmp_path, device_files=FILES)


@pytest.mark.parametrize(
    "given, message",
    [
        ({}, "state is present but all of the following are missing: kind"),
        ({"kind": "xid"}, "fault.xid: None is not allowed"),
        ({"kind": "thermal", "xid": 3}, "fault.xid: 3 is not allowed: must be left out for thermal"),
        ({"kind": "fabric_unhealthy"}, "GPU 0 does not have fabric_health"),
        ({"kind": "thermal", "gpus": ["7"]}, "gpus: '7' is not allowed"),
        ({"kind": "thermal", "step": 1}, "fault.step: 1 is not allowed: must be left out for thermal"),
        ({"kind": "spec_stale", "gpus": ["0"]}, "it is a fault of the node, not of a GPU"),
        (
            {"kind": "hook_missing", "kernel_log": True},
            "must be left out for hook_missing: the kernel has no line for it",
        ),
        ({"kind": "xid", "xid": 79, "kernel_log": True}, "leave kernel_log out"),
    ],
)
def test_a_fault_that_is_refused(call, tmp_path, given, message):
    call("nvmock_node", tmp_path, **NODE)
    found = call("nvmock_fault", tmp_path, ok=False, **given)["msg"]
    assert message in found and "\n" not in found


def test_a_fault_on_a_node_without_a_mock(call, tmp_path):
    assert "no driver installation of nvmock.gpu" in call("nvmock_fault", tmp_path, ok=False, kind="thermal")["msg"]
