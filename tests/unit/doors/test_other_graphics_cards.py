# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""DRM nodes on a node that has another graphics card: the next free numbers, in the nodes, the links and the specification."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.nvmock.gpu.plugins.module_utils.host.root import HostRoot
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.devices import DeviceOptions
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.node import drm

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
PLUGINS = "ansible_collections.nvmock.gpu.plugins"
AS_ROOT = os.geteuid() == 0
FILES = "char" if AS_ROOT else "regular"
DEVS = ("dev", "var/lib/nvidia-mock/driver/dev", "run/nvidia/driver/dev")


def plug_in(top, card=0, render=128, sysfs=False):
    """A graphics card of another vendor."""
    names = [f"card{card}"] + ([f"renderD{render}"] if render else [])
    for name in names:
        if sysfs:
            (top / "sys/class/drm" / name).mkdir(parents=True)
            continue
        (top / "dev/dri").mkdir(parents=True, exist_ok=True)
        if AS_ROOT:
            os.mknod(top / "dev/dri" / name, 0o020660, os.makedev(226, int(re.sub("[^0-9]", "", name))))
        else:
            (top / "dev/dri" / name).write_bytes(b"")


def mockctl(top, *arguments):
    command = [sys.executable, "-I", "-S", os.path.join(ROOT, "bin", "gpu-mockctl"), "--host-root", str(top)]
    command += ["--device-files", FILES, "--output", "json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def nodes(top, dev="dev"):
    """{name: device numbers} of the nodes in a directory of DRM nodes."""
    found = {}
    for name in os.listdir(top / dev / "dri"):
        if name != "by-path":
            status = os.stat(top / dev / "dri" / name)
            found[name] = (os.major(status.st_rdev), os.minor(status.st_rdev)) if AS_ROOT else None
    return found


def named(top):
    """The DRM nodes that the specification names."""
    return sorted(set(re.findall(r"/dev/dri/((?:card|renderD)\d+)", (top / "etc/cdi/nvidia.yaml").read_text())))


def numbers(*names):
    return {name: (226, int(re.sub("[^0-9]", "", name))) if AS_ROOT else None for name in names}


@pytest.fixture(autouse=True)
def _no_card_here():
    if any(
        drm.drm.minor_of(name) is not None
        for name in (os.listdir("/sys/class/drm") if os.path.isdir("/sys/class/drm") else ())
    ):
        pytest.skip("this machine has a graphics card, whose numbers are not free")


@pytest.mark.parametrize("sysfs", [False, True], ids=["in dev", "in sysfs"])
def test_the_next_free_numbers(tmp_path, sysfs):
    plug_in(tmp_path, sysfs=sysfs)
    others = {} if sysfs else nodes(tmp_path)
    mockctl(tmp_path, "--gpu-count", "2", "--with-dri")
    mine = numbers("card1", "renderD129", "card2", "renderD130")
    assert nodes(tmp_path) == {**mine, **others}
    assert all(nodes(tmp_path, dev) == mine for dev in DEVS[1:])
    assert os.readlink(tmp_path / "dev/dri/by-path/pci-0000:07:00.0-card") == "../card1"
    assert named(tmp_path) == sorted(mine)
    again = mockctl(tmp_path, "--gpu-count", "2", "--with-dri")
    assert not again["changed"]
    mockctl(tmp_path, "--remove")
    assert (nodes(tmp_path) if others else {}) == others
    assert not (tmp_path / "var/lib/nvidia-mock").exists()


def test_a_card_without_a_render_node(tmp_path):
    plug_in(tmp_path, render=None)
    mockctl(tmp_path, "--gpu-count", "1", "--with-dri")
    assert named(tmp_path) == ["card1", "renderD128"]


def test_without_dri_a_specification_names_no_card_of_others(tmp_path):
    plug_in(tmp_path)
    mockctl(tmp_path, "--gpu-count", "1")
    assert named(tmp_path) == []
    assert nodes(tmp_path) == numbers("card0", "renderD128")


def test_numbers_stay(tmp_path):
    """When the other card is unplugged, when GPUs come and go, and when a number is lost to another card."""
    plug_in(tmp_path)
    mockctl(tmp_path, "--gpu-count", "2", "--with-dri")
    for name in ("card0", "renderD128"):
        os.unlink(tmp_path / "dev/dri" / name)
    assert not mockctl(tmp_path, "--gpu-count", "2", "--with-dri")["changed"]
    mockctl(tmp_path, "--gpu-count", "3", "--with-dri")
    assert set(nodes(tmp_path)) == {"card1", "card2", "card0", "renderD129", "renderD130", "renderD128"}
    assert os.readlink(tmp_path / "dev/dri/by-path/pci-0000:07:00.0-card") == "../card1"
    mockctl(tmp_path, "--gpu-count", "1", "--with-dri")
    assert set(nodes(tmp_path)) == {"card1", "renderD129"} == set(named(tmp_path))
    plug_in(tmp_path, card=1, render=129, sysfs=True)
    mockctl(tmp_path, "--gpu-count", "1", "--with-dri")
    assert set(nodes(tmp_path)) == {"card0", "renderD128"} == set(named(tmp_path))
    assert not mockctl(tmp_path, "--gpu-count", "1", "--with-dri")["changed"]


def test_another_machine_has_its_own_numbers(tmp_path):
    """Also where it has some of the same bus IDs, as after an upgrade from a version that knew other ones."""
    for top, bus_ids in (("one", "0000:06:00.0,0000:07:00.0"), ("one", "0000:07:00.0,0000:0f:00.0"), ("two", "")):
        os.makedirs(tmp_path / top, exist_ok=True)
        options = ["--pci-bus-ids", bus_ids] if bus_ids else []
        mockctl(tmp_path / top, "--gpu-count", "2", "--with-dri", *options)
    links = "dev/dri/by-path/pci-0000:07:00.0-card"
    assert os.readlink(tmp_path / "one" / links) == os.readlink(tmp_path / "two" / links) == "../card0"
    assert not mockctl(tmp_path / "one", "--gpu-count", "2", "--with-dri")["changed"]


def test_a_lost_node_or_link_comes_back_with_its_number(tmp_path):
    plug_in(tmp_path)
    mockctl(tmp_path, "--gpu-count", "2", "--with-dri")
    before = nodes(tmp_path)
    for name in ("card1", "renderD130", "by-path/pci-0000:0f:00.0-card"):
        os.unlink(tmp_path / "dev/dri" / name)
    mockctl(tmp_path, "--gpu-count", "2", "--with-dri")
    assert nodes(tmp_path) == before
    assert not mockctl(tmp_path, "--gpu-count", "2", "--with-dri")["changed"]


def test_modules_choose_and_name_the_same(tmp_path, capsys):
    plug_in(tmp_path)
    common = {"host_root": str(tmp_path), "gpu_count": 2, "uuid_seed": "x"}
    for name, options in (
        ("nvmock_devices", {"dri": True, "device_files": FILES}),
        ("nvmock_driver_tree", {}),
        ("nvmock_cdi_spec", {"hook_mode": "none", "devices_are_files": FILES == "regular"}),
    ):
        module = importlib.import_module(f"{PLUGINS}.modules.{name}")
        for changed in ("true", "false"):
            with patch_module_args({**common, **options}), pytest.raises(SystemExit):
                module.main()
            assert f'"changed": {changed}' in capsys.readouterr().out
    assert named(tmp_path) == ["card1", "card2", "renderD129", "renderD130"]


@pytest.mark.skipif(not AS_ROOT, reason="device nodes need root")
def test_regular_files_have_the_same_names(tmp_path):
    plug_in(tmp_path)
    command = [sys.executable, os.path.join(ROOT, "bin", "gpu-mockctl"), "--host-root", str(tmp_path), "--with-dri"]
    subprocess.run([*command, "--device-files", "regular", "--gpu-count", "1"], check=True, capture_output=True)
    assert named(tmp_path) == ["card1", "renderD129"]


def test_a_card_of_this_machine_counts_for_device_nodes_in_a_directory(tmp_path, monkeypatch):
    in_kernel = drm._in_kernel
    monkeypatch.setattr(drm, "_in_kernel", lambda root: {0, 128} if root.path == "/" else in_kernel(root))
    machine = build_machine(gpu_count=1)
    with HostRoot(str(tmp_path)) as root:
        for regular, minors in ((False, (1, 129)), (True, (0, 128))):
            options = DeviceOptions(dri=True, regular_files=regular)
            assert drm.numbered(root, options, machine, ["/"]).drm_minors == (minors,)
        assert drm.numbered(root, DeviceOptions(), machine, ["/"]) == DeviceOptions()
