# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A node whose kernel has devices at the bus IDs of the GPUs: every interface warns, and pci_domain moves the GPUs."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.host.root import HostRoot
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.node.cautions import cautions

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
FILES = "char" if os.geteuid() == 0 else "regular"


def node_with(top, *names):
    """A /sys as the kernel makes it: each device is a link to its place below its root."""
    devices = top / "sys/bus/pci/devices"
    devices.mkdir(parents=True)
    for name in names:
        real = top / f"sys/devices/pci0000:00/{name}"
        real.mkdir(parents=True)
        (real / "class").write_text("0x060000\n")
        (devices / name).symlink_to(f"../../../devices/pci0000:00/{name}")
    return top


def said(top, **options):
    with HostRoot(str(top)) as root:
        return cautions(root, build_machine(**options))


def test_a_node_without_sysfs_or_with_other_devices_is_silent(tmp_path):
    assert said(tmp_path) == []
    assert said(node_with(tmp_path, "0000:00:00.0", "0000:00:1f.2", "10000:e0:06.0", "what:is:this")) == []


def test_each_bus_id_in_use_is_named(tmp_path):
    node_with(tmp_path, "0000:00:00.0", "0000:0f:00.0", "0000:bd:00.0")
    (warning,) = said(tmp_path)
    assert "0000:0f:00.0, 0000:bd:00.0," in warning and "0000:07:00.0" not in warning and "\n" not in warning
    assert "pci_domain moves the GPUs to another PCI domain (0001 is free)" in warning
    assert said(tmp_path, gpu_count=1) == [], "a GPU that the machine does not have is no conflict"
    assert said(tmp_path, pci_domain="0001") == []


def test_the_named_domain_is_free_for_all_gpus(tmp_path):
    node_with(tmp_path, "0000:07:00.0", "0002:00:00.0", "10000:00:00.0")
    two = {"gpu_count": 2, "pci_bus_ids": ["0000:07:00.0", "0001:07:00.0"]}
    (warning,) = said(tmp_path, **two)
    assert "(0003 is free)" in warning
    assert said(tmp_path, **two, pci_domain="0003") == []


def test_long_domains_are_compared_as_numbers(tmp_path):
    node_with(tmp_path, "10000:e0:06.0")
    (warning,) = said(tmp_path, gpu_count=1, pci_bus_ids=["00010000:e0:06.0"])
    assert "00010000:e0:06.0" in warning


@pytest.mark.parametrize("check", [True, False])
def test_gpu_mockctl_warns_on_standard_error_and_in_json(tmp_path, check):
    node_with(tmp_path, "0000:47:00.0")
    command = [sys.executable, "-I", "-S", os.path.join(ROOT, "bin", "gpu-mockctl"), "--host-root", str(tmp_path)]
    command += ["--device-files", FILES, "--output", "json", *(["--check"] if check else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    (warning,) = json.loads(done.stdout)["warnings"]
    assert done.stderr == f"gpu-mockctl: warning: {warning}\n" and "0000:47:00.0" in warning
    moved = subprocess.run([*command, "--pci-domain", "1"], capture_output=True, text=True, check=True)
    result = json.loads(moved.stdout)
    assert moved.stderr == "" and result["warnings"] == []
    assert [gpu["pci_bus_id"] for gpu in result["gpus"]][2] == "0001:47:00.0"
    if not check:
        information = tmp_path / "run/nvidia/driver/proc/driver/nvidia/gpus/0001:47:00.0/information"
        assert "Bus Location: \t 0001:47:00.0\n" in information.read_text()


def test_the_module_warns(tmp_path, monkeypatch, capsys):
    from ansible.module_utils.basic import AnsibleModule
    from ansible.module_utils.testing import patch_module_args

    node_with(tmp_path, "0000:b7:00.0")
    told = []
    monkeypatch.setattr(AnsibleModule, "warn", lambda _module, text, **_more: told.append(text))
    module = importlib.import_module("ansible_collections.nvmock.gpu.plugins.modules.nvmock_devices")
    for domain in ("0001", None):
        assert told == []
        options = {"host_root": str(tmp_path), "device_files": FILES, "pci_domain": domain, "_ansible_check_mode": True}
        with patch_module_args(options), pytest.raises(SystemExit):
            module.main()
        capsys.readouterr()
    assert len(told) == 1 and "0000:b7:00.0" in told[0]
