# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""GPUs that are cut into quarters, and profiles with attributes: NVML, nvidia-smi, CDI, labels and resources say the same."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys

import pytest
import yaml

from device_plugin.labels import labels_of
from device_plugin.resources import Sharing, offer
from nvmock_gpu.machine.file import PATH, read_machine_file
from plugin_support import ROOT

DRIVER_ROOT = "var/lib/nvidia-mock/driver"
RTX = "rtx-pro-6000-blackwell-server-edition"
# Profile, ID, instances, multiprocessors: the listings of `nvidia-smi mig -lgip` in NVIDIA's MIG user guide.
LISTED = {
    "a30": [
        ("1g.6gb", 14, 4, 14),
        ("1g.6gb+me", 21, 1, 14),
        ("2g.12gb", 5, 2, 28),
        ("2g.12gb+me", 6, 1, 28),
        ("4g.24gb", 0, 1, 56),
    ],
    RTX: [
        ("1g.24gb", 14, 4, 46),
        ("1g.24gb+gfx", 47, 4, 46),
        ("1g.24gb+me", 21, 1, 46),
        ("1g.24gb+me.all", 65, 1, 46),
        ("1g.24gb-me", 67, 4, 46),
        ("2g.48gb", 5, 2, 94),
        ("2g.48gb+gfx", 35, 2, 94),
        ("2g.48gb+me.all", 64, 1, 94),
        ("2g.48gb-me", 66, 2, 94),
        ("4g.96gb", 0, 1, 188),
        ("4g.96gb+gfx", 32, 1, 188),
    ],
}
# Machine, profiles of GPU 0, their GPU instances and first memory slices.
LAYOUTS = [
    ("a30", ["2g.12gb+me", "1g.6gb", "1g.6gb"], [1, 5, 6], [0, 2, 3]),
    (RTX, ["2g.48gb-me", "1g.24gb+me.all", "1g.24gb+gfx"], [1, 5, 6], [0, 2, 3]),
]
ASK_NVML = """
import json
from pynvml import *
nvmlInit()
h = nvmlDeviceGetHandleByIndex(0)
profiles = []
for number in range(18):
    try:
        info = nvmlDeviceGetGpuInstanceProfileInfoV(h, number, 2)
    except NVMLError:
        continue
    name = info.name if isinstance(info.name, str) else info.name.decode()
    profiles.append([name.removeprefix("MIG "), info.id, info.instanceCount, info.multiprocessorCount])
devices = []
for index in range(nvmlDeviceGetMaxMigDeviceCount(h)):
    try:
        mig = nvmlDeviceGetMigDeviceHandleByIndex(h, index)
    except NVMLError:
        continue
    gi = nvmlDeviceGetGpuInstanceId(mig)
    start = nvmlGpuInstanceGetInfo(nvmlDeviceGetGpuInstanceById(h, gi)).placement.start
    devices.append([nvmlDeviceGetName(mig).rpartition(" ")[2], gi, start, nvmlDeviceGetUUID(mig)])
print(json.dumps([sorted(profiles), devices]))
"""


def ask(command, top):
    environment = {**os.environ, "NVMOCK_DEV": f"{top}/dev", "LD_LIBRARY_PATH": f"{top}/{DRIVER_ROOT}/lib64"}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


@pytest.mark.skipif(platform.machine() not in ("x86_64", "aarch64"), reason="programs are for these architectures")
@pytest.mark.parametrize(("name", "layout", "instances", "starts"), LAYOUTS, ids=["a30", "rtx"])
def test_every_interface_says_the_same(tmp_path, name, layout, instances, starts):
    top = tmp_path / "node"
    top.mkdir()
    files = "char" if os.geteuid() == 0 else "regular"
    command = [sys.executable, "-I", "-S", os.path.join(ROOT, "bin", "gpu-mockctl"), "--machine", name]
    command += ["--mig", "0=" + ",".join(layout), "--host-root", str(top), "--device-files", files, "--uuid-seed", "s"]
    subprocess.run(command, check=True, capture_output=True)

    machine = read_machine_file((top / DRIVER_ROOT / PATH).read_bytes())
    migs = machine.gpus[0].mig_devices
    assert [mig.profile for mig in migs] == layout and [mig.gi for mig in migs] == instances

    profiles, devices = json.loads(ask([sys.executable, "-c", ASK_NVML], top))
    assert profiles == [list(row) for row in LISTED[name]]
    assert devices == [[mig.profile, mig.gi, start, mig.uuid] for mig, start in zip(migs, starts, strict=True)]

    listing = ask([str(top / DRIVER_ROOT / "bin/nvidia-smi"), "-L"], top)
    for mig in migs:
        assert f"MIG {mig.profile} " in listing and mig.uuid in listing

    found = ask([str(top / DRIVER_ROOT / "bin/nvidia-smi"), "mig", "-lgip"], top)
    rows = re.findall(r"MIG (\S+) +(\d+) +\d+/(\d+) +\S+ +(?:Yes|No) +(\d+) ", found)
    assert sorted((row[0], *map(int, row[1:])) for row in rows) == LISTED[name]

    specification = yaml.safe_load((top / "etc/cdi/nvidia.yaml").read_text())
    assert {f"0:{index}" for index in range(len(migs))} <= {device["name"] for device in specification["devices"]}

    resources = {one.name for one in offer(machine, "mixed", Sharing())}
    labels = labels_of(machine, "mixed", Sharing())
    for mig in migs:
        resource = "nvidia.com/mig-" + mig.profile.replace("+", ".")
        assert resource in resources and labels[f"{resource}.count"] == str(layout.count(mig.profile))
        assert (
            labels[f"{resource}.product"]
            == f"{machine.gpus[0].name}-MIG-{mig.profile}".replace(" ", "-").replace("+", ".")[:63]
        )
