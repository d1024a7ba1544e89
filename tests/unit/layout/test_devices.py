# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Device nodes: numbers, modes, DRM, MIG capabilities, dev roots."""

from __future__ import annotations

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.host.entries import CHAR, DIRECTORY, FILE, SYMLINK
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.devices import DeviceOptions, device_entries
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.node import components


def nodes(machine=None, dev_root="/", **options):
    entries = device_entries(machine or build_machine(), dev_root, DeviceOptions(**options))
    return {entry.path: entry for entry in entries}


def numbers(entries):
    return {path: (entry.major, entry.minor) for path, entry in entries.items() if entry.kind == CHAR}


def test_numbers():
    assert numbers(nodes()) == {
        **{f"/dev/nvidia{index}": (195, index) for index in range(8)},
        "/dev/nvidiactl": (195, 255),
        "/dev/nvidia-modeset": (195, 254),
        "/dev/nvidia-uvm": (235, 0),
        "/dev/nvidia-uvm-tools": (235, 1),
    }


def test_modes_and_owners():
    assert {entry.mode for entry in nodes().values()} == {0o666}
    entries = nodes(mode=0o660, uid=0, gid=44, dri=True)
    assert {entry.mode for entry in entries.values() if entry.kind == CHAR} == {0o660}
    assert {(entry.uid, entry.gid) for entry in entries.values() if entry.kind == CHAR} == {(0, 44)}


def test_uvm_major():
    found = numbers(nodes(uvm_major=500))
    assert (found["/dev/nvidia-uvm"], found["/dev/nvidia-uvm-tools"]) == ((500, 0), (500, 1))


def test_dri():
    plain, entries = nodes(), nodes(dri=True)
    more = {path: entry for path, entry in entries.items() if path not in plain}
    assert entries["/dev/dri"].kind == DIRECTORY
    for index in range(8):
        assert numbers(more)[f"/dev/dri/card{index}"] == (226, index)
        assert numbers(more)[f"/dev/dri/renderD{128 + index}"] == (226, 128 + index)
        by_path = f"/dev/dri/by-path/pci-{build_machine().gpus[index].pci_bus_id}"
        assert (more[f"{by_path}-card"].kind, more[f"{by_path}-card"].target) == (SYMLINK, f"../card{index}")
        assert more[f"{by_path}-render"].target == f"../renderD{128 + index}"
    assert len(more) == 1 + 8 * 4


def test_mig_capabilities():
    machine = build_machine(mig_layout={0: ["3g.20gb"], 2: ["1g.5gb"], 5: []})
    plain, entries = nodes(), nodes(machine)
    more = {path: entry for path, entry in entries.items() if path not in plain}
    caps = {path.rpartition("cap")[2]: entry for path, entry in more.items() if entry.kind == CHAR}
    # config, monitor; gpu0 gi1 and its ci0; gpu2 gi7 and its ci0
    assert set(caps) == {"1", "2", "12", "13", "336", "337"}
    assert all((entry.major, str(entry.minor)) == (236, minor) for minor, entry in caps.items())
    assert {minor: entry.mode for minor, entry in caps.items()} == {**dict.fromkeys(caps, 0o444), "1": 0o400}
    assert more["/dev/nvidia-caps"].kind == DIRECTORY
    assert numbers(nodes(machine, caps_major=240))["/dev/nvidia-caps/nvidia-cap1"] == (240, 1)


def test_regular_files_are_asked_for_by_name():
    machine = build_machine(mig_layout={0: ["1g.5gb"]})
    characters, files = nodes(machine, dri=True), nodes(machine, dri=True, regular_files=True)
    assert set(characters) == set(files)
    for path, entry in characters.items():
        if entry.kind == CHAR:
            assert (files[path].kind, files[path].content, files[path].mode) == (FILE, b"", entry.mode)
        else:
            assert files[path] == entry


@pytest.mark.parametrize("root", ["/run/nvidia/driver", "/a b"])
def test_dev_roots(root):
    assert set(nodes(dev_root=root)) == {root + path for path in nodes()}


def test_components_of_dev_roots():
    machine = build_machine()
    own = components.dev_root_devices(machine, "/base", "/", DeviceOptions(), False)
    assert own.owner == "devices:/base@/" and own.exclusive == ()
    assert "/dev" not in {entry.path for entry in own.entries}  # the node's own: never ours
    other = components.dev_root_devices(machine, "/base", "/root", DeviceOptions(), False)
    assert {"/root", "/root/dev"} <= {entry.path for entry in other.entries}
    assert other.strict == ("/root", "/var/lib/nvidia-mock/healthy")
    base = components.devices(machine, "/base", DeviceOptions(uid=1, gid=2), "x86_64", False)
    assert {(entry.uid, entry.gid) for entry in base.entries} == {(1, 2)}


def test_majors_for_the_guard():
    assert components.majors(build_machine(), DeviceOptions()) == {"uvm_major": (235, "nvidia")}
    machine = build_machine(mig_layout={0: []})
    assert set(components.majors(machine, DeviceOptions())) == {"uvm_major", "caps_major"}
