# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The modules through their doors, as Ansible calls them: check mode, diff, idempotence, results, bad parameters."""

from __future__ import annotations

import importlib
import json
import os

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PLUGINS = "ansible_collections.nvmock.gpu.plugins"
FILES = "char" if os.geteuid() == 0 else "regular"
MAKERS = {
    "nvmock_devices": {"device_files": FILES, "dri": True, "restore_at_boot": "always"},
    "nvmock_driver_tree": {},
    "nvmock_cdi_spec": {"hook_mode": "none", "devices_are_files": FILES == "regular"},
}
MACHINE = {"gpu_count": 2, "uuid_seed": "doors"}


@pytest.fixture
def call(capsys):
    """Run a module; returns what it printed. ``ok`` says whether it is to succeed."""

    def run(name, ok=True, check=False, **parameters):
        module = importlib.import_module(f"{PLUGINS}.modules.{name}")
        arguments = {**parameters, "_ansible_check_mode": check, "_ansible_diff": True}
        capsys.readouterr()
        with patch_module_args(arguments), pytest.raises(SystemExit) as left:
            module.main()
        result = json.loads(capsys.readouterr().out)
        assert (left.value.code == 0) is ok, result
        assert bool(result.get("failed")) is not ok
        return result

    return run


def snapshot(top):
    """(path, type and mode, inode, mtime, size or target) of everything."""
    found = []
    for place, directories, files in os.walk(top):
        for name in directories + files:
            path = os.path.join(place, name)
            status = os.lstat(path)
            found.append((path, status.st_mode, status.st_ino, status.st_mtime_ns, status.st_size))
    return sorted(found)


def make_all(call, top, **parameters):
    for name, options in MAKERS.items():
        call(name, host_root=top, **MACHINE, **options, **parameters)


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_check_mode_predicts_and_changes_nothing(call, tmp_path, name):
    for before in MAKERS:  # what the module needs is there
        if before == name:
            break
        call(before, host_root=str(tmp_path), **MACHINE, **MAKERS[before])
    parameters = {"host_root": str(tmp_path), **MACHINE, **MAKERS[name]}
    untouched = snapshot(tmp_path)
    predicted = call(name, check=True, **parameters)
    assert snapshot(tmp_path) == untouched
    real = call(name, **parameters)
    assert predicted["changed"] and predicted["created"]
    assert predicted.pop("assumed", []) == []
    assert predicted == real
    settled = snapshot(tmp_path)
    again = call(name, **parameters)
    assert not again["changed"] and again["created"] == again["updated"] == again["removed"] == [] == again["diff"]
    assert snapshot(tmp_path) == settled


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_a_warning_of_the_guard_is_one_of_the_module(call, tmp_path, monkeypatch, name):
    make_all(call, str(tmp_path))
    # The result has no warnings in a process that has loaded plugins of Ansible's controller, such as filters.
    warnings = []
    monkeypatch.setattr(
        "ansible.module_utils.basic.AnsibleModule.warn", lambda _module, text, **_more: warnings.append(text)
    )
    monkeypatch.setattr(f"{PLUGINS}.module_utils.host.guard.warnings", lambda _root: [f"{name} warns"])
    result = call(name, host_root=str(tmp_path), **MACHINE, **MAKERS[name])
    assert not result["changed"] and warnings == [f"{name} warns"]
    warnings.clear()
    call(name, host_root=str(tmp_path), state="absent")
    assert warnings == []


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_the_diff_lists_what_is_changed(call, tmp_path, name):
    make_all(call, str(tmp_path))
    broken = {
        "nvmock_devices": "dev/nvidia1",
        "nvmock_driver_tree": "var/lib/nvidia-mock/driver/lib64/libcuda.so.1",
        "nvmock_cdi_spec": "etc/cdi/nvidia.yaml",
    }[name]
    (tmp_path / broken).unlink()
    result = call(name, host_root=str(tmp_path), **MACHINE, **MAKERS[name])
    assert result["created"] == ["/" + broken] and result["updated"] == result["removed"] == []
    listing = result["diff"][0]
    assert listing["before"] == "" and listing["after"].count("\n") == 1 and f"/{broken}" in listing["after"]


def contents(top):
    """{path: content, link target or device number} of everything, with its type and mode."""
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
            found[os.path.relpath(path, top)] = (status.st_mode, content)
    return found


@pytest.mark.parametrize("hook_mode", ["toolkit", "none"])
@pytest.mark.parametrize("release", ["1.17", "1.18", "1.19", "1.20", "1.20.1"])
def test_a_specification_of_an_older_release_is_brought_forward(call, tmp_path, release, hook_mode):
    """One run with the default makes the node as one that was made with it from the start."""
    old, fresh = tmp_path / "old", tmp_path / "fresh"
    options = {**MACHINE, **MAKERS["nvmock_cdi_spec"], "hook_mode": hook_mode}
    for top in (old, fresh):
        top.mkdir()
        for name in ("nvmock_devices", "nvmock_driver_tree"):
            call(name, host_root=str(top), **MACHINE, **MAKERS[name])
    call("nvmock_cdi_spec", host_root=str(old), toolkit_release=release, **options)
    before = contents(old)
    made = call("nvmock_cdi_spec", host_root=str(fresh), **options)
    result = call("nvmock_cdi_spec", host_root=str(old), **options)
    assert result["changed"] and result["updated"] == ["/etc/cdi/nvidia.yaml"] and result["removed"] == []
    assert result["device_names"] == made["device_names"] and result["cdi_version"] == made["cdi_version"]
    assert contents(old) == contents(fresh)
    assert not call("nvmock_cdi_spec", host_root=str(old), **options)["changed"]
    # And back: a release's name means what it meant.
    call("nvmock_cdi_spec", host_root=str(old), toolkit_release=release, **options)
    assert contents(old) == before != contents(fresh)


@pytest.mark.parametrize("name", ["device_uid", "device_gid"])
@pytest.mark.parametrize("number", [-1, 4294967295, 1000000000000])
@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_an_owner_that_no_file_can_have(call, tmp_path, name, number, check, state):
    result = call("nvmock_devices", ok=False, check=check, host_root=str(tmp_path), state=state, **{name: number})
    assert result["msg"] == f"{name}: {number} is not allowed: must be a whole number from 0 to 4294967294"
    assert snapshot(tmp_path) == []


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_an_unexpected_error_is_one_line(call, tmp_path, name, monkeypatch):
    from ansible_collections.nvmock.gpu.plugins.module_utils.host import converge

    def fail(*_arguments):
        raise RecursionError("too\ndeep")

    monkeypatch.setattr(converge, "plan_for", fail)
    make = {} if name != "nvmock_cdi_spec" else {"state": "absent"}
    result = call(name, ok=False, host_root=str(tmp_path), **MACHINE, **MAKERS[name], **make)
    assert result["msg"] == "unexpected error: RecursionError: too deep"
    assert "exception" not in result


def test_absent_predicts_and_leaves_nothing(call, tmp_path):
    make_all(call, str(tmp_path))
    for name in reversed(MAKERS):
        there = snapshot(tmp_path)
        predicted = call(name, check=True, host_root=str(tmp_path), state="absent")
        assert snapshot(tmp_path) == there
        real = call(name, host_root=str(tmp_path), state="absent")
        assert predicted == real and real["changed"] and real["removed"]
        assert not call(name, host_root=str(tmp_path), state="absent")["changed"]
    assert snapshot(tmp_path) == []


PLACES = {"nvmock_devices": "base", "nvmock_driver_tree": "driver_root", "nvmock_cdi_spec": "path"}
ELSEWHERE = {
    "nvmock_devices": "/opt/base",
    "nvmock_driver_tree": "/opt/driver",
    "nvmock_cdi_spec": "/etc/cdi/other.yaml",
}


def make_elsewhere(call, top, name, **parameters):
    call(name, host_root=top, **MACHINE, **{**MAKERS[name], PLACES[name]: ELSEWHERE[name], **parameters})


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_another_path_moves_and_absent_without_a_path_removes(call, tmp_path, name):
    make_all(call, str(tmp_path))
    make_elsewhere(call, str(tmp_path), name)
    moved = contents(tmp_path)
    absent = {
        "nvmock_devices": "run/nvidia/driver",
        "nvmock_driver_tree": "x",
        "nvmock_cdi_spec": "etc/cdi/nvidia.yaml",
    }
    assert ELSEWHERE[name][1:] in moved and absent[name] not in moved
    nothing = call(name, host_root=str(tmp_path), state="absent", **{PLACES[name]: "/opt/nothing.yaml"})
    assert not nothing["changed"] and contents(tmp_path) == moved
    result = call(name, host_root=str(tmp_path), state="absent")
    assert ELSEWHERE[name] in result["removed"]
    for other in MAKERS:
        if other != name:
            call(other, host_root=str(tmp_path), state="absent")
    assert contents(tmp_path) == {}


def test_two_mocks(call, tmp_path):
    top = str(tmp_path)
    make_all(call, top)
    alone = contents(tmp_path)
    blue = {"instance": "blue", "restore_at_boot": "always", "dev_roots": ["/", "/opt/driver"]}
    make_elsewhere(call, top, "nvmock_devices", **blue)
    make_elsewhere(call, top, "nvmock_driver_tree", instance="blue")
    make_elsewhere(call, top, "nvmock_cdi_spec", instance="blue", driver_root="/opt/driver", vendor="blue.example.com")
    both = contents(tmp_path)
    make_all(call, top)
    assert contents(tmp_path) == both
    refused = call("nvmock_devices", ok=False, host_root=top, **MACHINE, **MAKERS["nvmock_devices"], instance="red")
    assert "belongs to the mock of this node that has no name" in refused["msg"]
    for name in MAKERS:
        call(name, host_root=top, state="absent", instance="blue")
    assert contents(tmp_path) == alone
    for name in MAKERS:
        assert not call(name, host_root=top, state="absent", instance="blue")["changed"]
        call(name, host_root=top, state="absent", instance="")
    assert contents(tmp_path) == {}


@pytest.mark.skipif(FILES == "regular", reason="regular files have no numbers")
def test_two_mocks_want_no_other_device_numbers(call, tmp_path):
    options = MAKERS["nvmock_devices"]
    call("nvmock_devices", host_root=str(tmp_path), **MACHINE, **options)
    blue = {**options, "instance": "blue", "base": "/opt/base", "dev_roots": ["/"], "uvm_major": 300}
    refused = call("nvmock_devices", ok=False, host_root=str(tmp_path), **MACHINE, **blue)
    assert "is also part of devices:/run/nvidia/driver@/, which wants it otherwise" in refused["msg"]


def test_absent_fails_and_names_what_was_changed(call, tmp_path):
    make_all(call, str(tmp_path))
    (tmp_path / "etc/cdi/nvidia.yaml").write_text("mine")
    for check in (True, False):
        result = call("nvmock_cdi_spec", ok=False, check=check, host_root=str(tmp_path), state="absent")
        assert result["left"] == ["/etc/cdi/nvidia.yaml"]
        assert result["msg"] == (
            "not everything is removed: /etc/cdi/nvidia.yaml was changed since it was made: left as it is"
        )


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_absent_of_a_node_whose_manifest_is_lost(call, tmp_path, name):
    make_all(call, str(tmp_path))
    (tmp_path / "var/lib/nvidia-mock/manifest.mtree").unlink()
    there = snapshot(tmp_path)
    assert "run again with the options" in call(name, ok=False, host_root=str(tmp_path), state="absent")["msg"]
    assert snapshot(tmp_path) == there


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_the_results_are_those_that_are_documented(call, tmp_path, name):
    make_all(call, str(tmp_path))
    module = importlib.import_module(f"{PLUGINS}.modules.{name}")
    documented = set(yaml.safe_load(module.RETURN))
    result = call(name, check="assumed" in documented, host_root=str(tmp_path), **MACHINE, **MAKERS[name])
    assert set(result) - {"changed", "diff", "invocation", "warnings"} == documented - {"diff"}


def test_machine_info_and_verify(call, tmp_path):
    info = call("nvmock_machine_info", **MACHINE)
    assert not info["changed"] and json.dumps(info).count("GPU-") >= 2
    make_all(call, str(tmp_path))
    verified = call("nvmock_verify", host_root=str(tmp_path), device_files=FILES)
    assert "ALL CHECKS PASSED" in verified["lines"] and "✓ CDI smoke test PASSED" in verified["lines"]
    (tmp_path / "dev/nvidia0").unlink()
    failed = call("nvmock_verify", ok=False, host_root=str(tmp_path), device_files=FILES)
    assert "/dev/nvidia0" in failed["msg"]


BAD = {
    "gpu_count": st.one_of(st.integers(max_value=0), st.integers(min_value=65)),
    "machine": st.text(st.characters(codec="ascii", min_codepoint=33), min_size=1).filter(
        lambda name: "dgx" not in name
    ),
    "driver_version": st.from_regex(r"[a-z/ ]{1,12}", fullmatch=True),
    "uuids": st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), min_size=2, max_size=2),
    "pci_bus_ids": st.lists(st.from_regex(r"[g-z:.]{1,12}", fullmatch=True), min_size=2, max_size=2),
}


@pytest.mark.parametrize("name", sorted(MAKERS))
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_bad_parameter_is_one_line_and_changes_nothing(call, tmp_path, name, data):
    parameter = data.draw(st.sampled_from(sorted(BAD)))
    value = data.draw(BAD[parameter])
    result = call(name, ok=False, host_root=str(tmp_path), **{**MACHINE, **MAKERS[name], parameter: value})
    message = result["msg"]
    assert "\n" not in message and message.startswith(parameter), message
    assert "must be" in message or "allowed" in message, message
    assert snapshot(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "parameters", "word"),
    [
        ("nvmock_devices", {"device_mode": "worldwide"}, "device_mode"),
        ("nvmock_devices", {"uvm_major": 512}, "uvm_major"),
        ("nvmock_devices", {"base": "relative"}, "base"),
        ("nvmock_driver_tree", {"driver_root": "/"}, "driver_root"),
        ("nvmock_cdi_spec", {"path": "/etc/cdi/nvidia.txt"}, "path"),
    ],
)
def test_more_bad_parameters(call, tmp_path, name, parameters, word):
    message = call(name, ok=False, host_root=str(tmp_path), **{**MACHINE, **MAKERS[name], **parameters})["msg"]
    assert message.startswith(word) and "\n" not in message
    assert snapshot(tmp_path) == []


def test_check_mode_names_what_another_task_must_make(call, tmp_path):
    parameters = {"host_root": str(tmp_path), **MACHINE, **MAKERS["nvmock_cdi_spec"]}
    assumed = call("nvmock_cdi_spec", check=True, **parameters)["assumed"]
    assert {"/dev/nvidia0", "/dev/nvidiactl", "/var/lib/nvidia-mock/driver/lib64/libcuda.so.1"} <= set(assumed)
    assert "libcuda.so" in call("nvmock_cdi_spec", ok=False, **parameters)["msg"]
    call("nvmock_devices", host_root=str(tmp_path), **MACHINE, **MAKERS["nvmock_devices"])
    assumed = call("nvmock_cdi_spec", check=True, **parameters)["assumed"]
    assert assumed and all(path.startswith("/var/lib/nvidia-mock/driver") for path in assumed)


def test_no_mig_device_on_any_gpu(call, tmp_path):
    make_all(call, str(tmp_path))
    before = snapshot(tmp_path)
    message = call("nvmock_node", ok=False, host_root=str(tmp_path), **MACHINE, mig={"0": [], "1": []})["msg"]
    assert "every GPU is in MIG mode without a MIG device (mig is '0=;1=')" in message
    assert snapshot(tmp_path) == before


@pytest.mark.skipif(FILES == "regular", reason="only root can give files away")
def test_what_root_runs_at_boot_belongs_to_root(call, tmp_path):
    parameters = {**MACHINE, **MAKERS["nvmock_devices"], "device_uid": 65534, "device_gid": 65533}
    call("nvmock_devices", host_root=str(tmp_path), **parameters)
    owners = set()
    for place, directories, files in os.walk(tmp_path / "etc"):
        for name in [*directories, *files]:
            status = os.lstat(os.path.join(place, name))
            owners.add((status.st_uid, status.st_gid))
    assert owners == {(0, 0)}
    status = os.lstat(tmp_path / "dev/nvidia0")
    assert (status.st_uid, status.st_gid) == (65534, 65533)
    assert not call("nvmock_devices", host_root=str(tmp_path), **parameters)["changed"]


@pytest.mark.parametrize("load", [True, 80, [80]])
def test_a_load_that_is_no_dictionary(call, tmp_path, load):
    """Ansible itself looks for suboptions in it first."""
    message = call("nvmock_gpu_state", ok=False, host_root=str(tmp_path), load=load)["msg"]
    assert message.startswith("argument 'load' is of type")
    assert "\n" not in message
