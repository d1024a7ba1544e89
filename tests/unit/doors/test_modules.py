# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The modules through their doors, as Ansible calls them: check mode, diff, idempotence, results, bad parameters."""

from __future__ import annotations

import importlib
import json
import os

import pytest
import yaml
from ansible.module_utils.basic import AnsibleModule
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
    assert predicted == real
    settled = snapshot(tmp_path)
    again = call(name, **parameters)
    assert not again["changed"] and again["created"] == again["updated"] == again["removed"] == [] == again["diff"]
    assert snapshot(tmp_path) == settled


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_a_warning_of_the_guard_is_one_of_the_module(call, tmp_path, monkeypatch, name):
    make_all(call, str(tmp_path))
    warned = []
    monkeypatch.setattr(AnsibleModule, "warn", lambda _module, text, **_options: warned.append(text))
    monkeypatch.setattr(f"{PLUGINS}.module_utils.host.guard.warnings", lambda _root: ["a real GPU"])
    assert not call(name, host_root=str(tmp_path), **MACHINE, **MAKERS[name])["changed"]
    assert warned == ["a real GPU"]
    call(name, host_root=str(tmp_path), state="absent")
    assert warned == ["a real GPU"]


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


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_the_results_are_those_that_are_documented(call, tmp_path, name):
    make_all(call, str(tmp_path))
    module = importlib.import_module(f"{PLUGINS}.modules.{name}")
    documented = set(yaml.safe_load(module.RETURN))
    result = call(name, host_root=str(tmp_path), **MACHINE, **MAKERS[name])
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
