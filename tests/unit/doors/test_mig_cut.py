# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A program on the node cuts its GPUs: the node is then, byte by byte, what nvidia-smi and a run with the node's options make of it."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import HostError
from ansible_collections.nvmock.gpu.plugins.module_utils.host.root import HostRoot
from ansible_collections.nvmock.gpu.plugins.module_utils.node.mig_cut import NodeCut, has_mock, remake

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
DRIVER = "/var/lib/nvidia-mock/driver"
STATE = "libnvidia-mockstate"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="device nodes need root")

COMMANDS = {
    "default": [],
    "hooks": ["--with-hook", "--machine", "dgxh100"],
    "dri": ["--with-dri", "--gpu-count", "2"],
    "majors": ["--uvm-major", "241", "--caps-major", "236"],
    "files": ["--device-files", "regular"],
    "json": ["--cdi-output", "/etc/cdi/gpus.json"],
    "toolkit": ["--with-hook", "--toolkit-root", "/opt/toolkit"],
    "instance": ["--instance", "blue", "--base", "/run/blue", "--driver-root", "/opt/blue"],
}
MODULES = {
    "debian": {"layout": "debian", "restore_at_boot": "always", "device_mode": "0660"},
    "class": {"vendor": "example.com", "class": "card", "device_name_strategies": ["uuid"], "all_device": False},
    "release": {"toolkit_release": "1.17", "dev_root": DRIVER},
    "type": {"device_name_strategies": ["type-index"], "hook_mode": "none"},
}


def by_command(flags):
    def make(node):
        command = [sys.executable, os.path.join(ROOT, "bin", "gpu-mockctl"), "--host-root", str(node)]
        done = subprocess.run([*command, "--uuid-seed", "one", *flags], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    return make


def by_module(parameters):
    def make(node):
        name = "ansible_collections.nvmock.gpu.plugins.modules.nvmock_node"
        given = {"host_root": str(node), "uuid_seed": "one", "verify": False, **parameters}
        with patch_module_args(given), pytest.raises(SystemExit) as ended:
            importlib.import_module(name).main()
        assert ended.value.code == 0

    return make


MAKERS = {name: by_command(flags) for name, flags in COMMANDS.items()}
MAKERS.update((name, by_module(parameters)) for name, parameters in MODULES.items())


def driver_root_of(name):
    return "/opt/blue" if name == "instance" else DRIVER


def snapshot(node):
    """Everything on the node but the state."""
    found = {}
    for directory, names, files in os.walk(node):
        for name in names + files:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            content = os.readlink(path) if os.path.islink(path) else None
            if content is None and os.path.isfile(path):
                with open(path, "rb") as file:
                    content = file.read()
            if STATE not in path:
                found[os.path.relpath(path, node)] = (status.st_mode, status.st_uid, status.st_rdev, content)
    manifest = "var/lib/nvidia-mock/manifest.mtree"
    lines = found[manifest][3].split(b"\n")
    found[manifest] = b"\n".join(line for line in lines if STATE.encode() not in line and not line.startswith(b"# "))
    return found


def cut(node, driver_root, change):
    with HostRoot(str(node)) as root:
        now = NodeCut(root, driver_root)
        layout = now.layouts()[0]
        change(layout)
        now.cut({0: layout})


def two(layout):
    layout.set_mode(True)
    for place, start in ((0, 3), (4, 4)):
        layout.create_compute(layout.create(place, start), layout.profiles[place].slices)


def none(layout):
    layout.computes, layout.instances = {}, {}
    layout.set_mode(False)


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_the_node_is_what_a_run_would_make_of_it(tmp_path, name, capsys):
    make, driver_root = MAKERS[name], driver_root_of(name)
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for node in (ours, theirs):
        node.mkdir()
        make(node)
    before = snapshot(ours)
    for node in (ours, theirs):
        cut(node, driver_root, two)
    with HostRoot(str(ours)) as root:
        assert NodeCut(root, driver_root).is_behind and not NodeCut(root, driver_root).is_followed()
        made = remake(root, driver_root)
        assert [mig.profile for mig in made.gpus[0].mig_devices] == [
            made.model.mig_profiles[4].name,
            made.model.mig_profiles[0].name,
        ]
        assert not NodeCut(root, driver_root).is_behind
    make(theirs)
    assert snapshot(ours) == snapshot(theirs)
    cut(ours, driver_root, none)
    with HostRoot(str(ours)) as root:
        remake(root, driver_root)
    assert snapshot(ours) == before
    capsys.readouterr()


def test_a_node_that_its_options_would_change_is_left_alone(tmp_path):
    by_command([])(tmp_path)
    spec = tmp_path / "etc/cdi/nvidia.yaml"
    spec.write_text(spec.read_text().replace("NVIDIA_VISIBLE_DEVICES=void", "NVIDIA_VISIBLE_DEVICES=all"))
    cut(tmp_path, DRIVER, two)
    before = snapshot(tmp_path)
    with HostRoot(str(tmp_path)) as root, pytest.raises(HostError) as caught:
        remake(root, DRIVER)
    assert str(caught.value) == (
        "the options that made this node can't be found on it (/etc/cdi/nvidia.yaml would be another one): run gpu-mockctl watch with"
        " them on the node, which makes MIG devices, too"
    )
    assert snapshot(tmp_path) == before


def test_what_a_restart_has_emptied_is_made_again(tmp_path):
    by_command(["--with-hook"])(tmp_path)
    before = snapshot(tmp_path)
    subprocess.run(["rm", "-r", str(tmp_path / "dev"), str(tmp_path / "run")], check=True)
    cut(tmp_path, DRIVER, two)
    with HostRoot(str(tmp_path)) as root:
        remake(root, DRIVER)
    assert (tmp_path / "dev/nvidia-caps").is_dir()
    cut(tmp_path, DRIVER, none)
    with HostRoot(str(tmp_path)) as root:
        remake(root, DRIVER)
    assert snapshot(tmp_path) == before


def test_a_node_without_a_mock(tmp_path):
    with HostRoot(str(tmp_path)) as root:
        assert not has_mock(root, DRIVER)
        with pytest.raises(HostError, match=r"no driver installation of nvmock\.gpu"):
            NodeCut(root, DRIVER)


def test_a_state_of_another_boot_does_not_count(tmp_path, monkeypatch):
    by_command([])(tmp_path)
    cut(tmp_path, DRIVER, two)
    place = "ansible_collections.nvmock.gpu.plugins.module_utils.node"
    for name in ("mig_cut", "mig_state"):
        monkeypatch.setattr(f"{place}.{name}.boot_number", lambda: 1)
    with HostRoot(str(tmp_path)) as root:
        assert not NodeCut(root, DRIVER).is_behind and not NodeCut(root, DRIVER).layouts()[0].enabled
    cut(tmp_path, DRIVER, two)
    with HostRoot(str(tmp_path)) as root:
        assert NodeCut(root, DRIVER).is_behind and len(NodeCut(root, DRIVER).layouts()[0].instances) == 2
