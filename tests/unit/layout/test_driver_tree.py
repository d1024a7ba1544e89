# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The driver tree: the Go system's six libraries, and whole installations of three branches as recorded lists have them."""

from __future__ import annotations

import json
import os

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import HostError
from ansible_collections.nvmock.gpu.plugins.module_utils.host.entries import DIRECTORY, FILE, SYMLINK
from ansible_collections.nvmock.gpu.plugins.module_utils.layout import driver_tree
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.driver_tree import (
    DriverTreeOptions,
    driver_tree_entries,
)
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.file import machine_file_text, read_machine_file

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
ROOT = "/opt/driver"
VERSIONS = ("550.54.15", "570.124.06", "580.65.06")

SIX = (
    "libcuda",
    "libnvidia-ml",
    "libnvidia-encode",
    "libnvcuvid",
    "libnvidia-ptxjitcompiler",
    "libnvidia-fatbinaryloader",
)

# What a real installation has and ours has not: programs that only make sense on real hardware, and running daemons.
NOT_OURS = {
    "usr/bin/nvidia-installer",
    "usr/bin/nvidia-uninstall",
    "usr/bin/nvidia-ngx-updater",
    "usr/bin/nvidia-sleep.sh",
    "run/nvidia-fabricmanager/socket",
    "run/nvidia-persistenced/socket",
}
# What ours has besides: the Go system's sixth library and configuration, and our own facts.
ONLY_OURS = {
    "etc/nvidia-container-runtime/config.toml",
    "etc/nvmock/machine.json",
    "usr/lib/x86_64-linux-gnu/libnvidia-fatbinaryloader.so",
    "usr/lib/x86_64-linux-gnu/libnvidia-fatbinaryloader.so.1",
    "usr/lib/x86_64-linux-gnu/libnvidia-fatbinaryloader.so.{V}",
    "usr/lib/x86_64-linux-gnu/libnvidia-mockstate.so.{V}",
}
# Modes that differ on purpose: a mock needs no set-user-id program.
OTHER_MODES = {"usr/bin/nvidia-modprobe": ("4755", "0755")}


def tree(version="550.54.15", **options):
    """The entries by their path relative to the driver root."""
    machine = build_machine(driver_version=version, uuid_seed="s")
    return {
        entry.path[len(ROOT) + 1 :]: entry for entry in driver_tree_entries(machine, ROOT, DriverTreeOptions(**options))
    }


def recorded(version):
    with open(os.path.join(DATA, f"driver-{version}.txt"), encoding="ascii") as handle:
        lines = [line.split() for line in handle if not line.startswith("#")]
    return {words[2]: words for words in lines}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_whole_installation(version):
    ours = {path: entry for path, entry in tree(version, layout="debian").items() if entry.kind != DIRECTORY}
    theirs = recorded(version)
    assert set(theirs) - set(ours) == NOT_OURS & set(theirs)
    assert set(ours) - set(theirs) == {path.format(V=version) for path in ONLY_OURS}
    assert set(theirs) >= NOT_OURS
    for path in set(ours) & set(theirs):
        kind, mode, *_rest = theirs[path]
        entry = ours[path]
        if kind == "l":
            assert (entry.kind, entry.target) == (SYMLINK, theirs[path][4]), path
        else:
            expected = OTHER_MODES.get(path, (mode, mode))
            assert (entry.kind, mode, f"{entry.mode:04o}") == (FILE, *expected), path


@pytest.mark.parametrize("layout", driver_tree.LAYOUTS)
@pytest.mark.parametrize("version", VERSIONS)
def test_six_libraries_with_chains(layout, version):
    options = DriverTreeOptions(layout=layout)
    place = driver_tree.library_directory(options)
    entries = tree(version, layout=layout)
    for name in SIX:
        assert entries[f"{place}/{name}.so"].target == f"{name}.so.1"
        assert entries[f"{place}/{name}.so.1"].target == f"{name}.so.{version}"
        assert entries[f"{place}/{name}.so.{version}"].kind == FILE


@pytest.mark.parametrize("version", VERSIONS)
def test_every_link_leads_to_a_file(version):
    entries = tree(version)
    for path, entry in entries.items():
        for _step in range(5):
            if entry.kind != SYMLINK:
                break
            path = os.path.normpath(os.path.join(os.path.dirname(path), entry.target))
            entry = entries[path]
        assert entry.kind in (FILE, DIRECTORY), path


def test_every_directory_is_named_and_paths_are_unique():
    for root in (ROOT, "/"):
        entries = driver_tree_entries(build_machine(), root, DriverTreeOptions())
        paths = [entry.path for entry in entries]
        assert paths == sorted(set(paths))
        directories = {entry.path for entry in entries if entry.kind == DIRECTORY}
        parents = {path.rpartition("/")[0] for path in paths} - {"", "/opt"}
        assert parents <= directories


@pytest.mark.parametrize(
    ("layout", "architecture", "libraries", "programs"),
    [
        ("lib64", "x86_64", "lib64", "bin"),
        ("usr/lib64", "x86_64", "usr/lib64", "usr/bin"),
        ("debian", "x86_64", "usr/lib/x86_64-linux-gnu", "usr/bin"),
        ("debian", "aarch64", "usr/lib/aarch64-linux-gnu", "usr/bin"),
    ],
)
def test_layouts(layout, architecture, libraries, programs):
    entries = tree(layout=layout, architecture=architecture)
    assert f"{libraries}/libcuda.so.550.54.15" in entries and f"{programs}/nvidia-smi" in entries
    assert len(entries) >= 125


def test_empty_content():
    full, empty = tree(), tree(content="empty")
    assert set(full) == set(empty)
    for path, entry in empty.items():
        library = ".so" in path and entry.kind == FILE
        assert (entry.content == b"") if library else (entry == full[path]), path
    assert len(full["lib64/libcuda.so.550.54.15"].content) > 400


def test_owner_is_given_to_all():
    assert {(entry.uid, entry.gid) for entry in tree(uid=12, gid=34).values()} == {(12, 34)}


def test_json_files_are_json_and_name_an_installed_library():
    entries = tree("580.65.06")
    checked = 0
    for path, entry in entries.items():
        if path.endswith(".json") and path.startswith("usr/share"):
            facts = json.loads(entry.content)
            library = (facts.get("ICD") or facts.get("layer"))["library_path"]
            assert f"lib64/{library}" in entries, path
            checked += 1
    assert checked == 8


def test_the_runtime_configuration_is_toml():
    tomllib = pytest.importorskip("tomllib", reason="tomllib is in Python from 3.11 on")
    for root in ("/var/lib/nvidia-mock/driver", '/odd "quoted" \\ path/é'):
        machine = build_machine()
        entries = {entry.path: entry for entry in driver_tree_entries(machine, root, DriverTreeOptions())}
        config = tomllib.loads(entries[f"{root}/etc/nvidia-container-runtime/config.toml"].content.decode())
        assert config["nvidia-container-cli"]["root"] == root
        assert config["nvidia-container-runtime"]["mode"] == "cdi"


# --- the machine file ---


@pytest.mark.parametrize("name", ["dgxa100", "dgxb200", "dgxh100", "dgxh200", "fallback"])
def test_machine_file_round_trip(name):
    machine = build_machine(
        name, product_name='A "quoted" \\ name', mig_layout={0: [], 1: ["1g.5gb"]} if name == "dgxa100" else None
    )
    data = machine_file_text(machine)
    assert read_machine_file(data) == machine
    facts = json.loads(data)
    assert facts["type_name"] == name and len(facts["gpus"]) == 8
    assert facts["gpus"][1]["mig_devices"] == [] or facts["gpus"][1]["mig_devices"][0]["profile"] == "1g.5gb"
    assert tree()["etc/nvmock/machine.json"].content == machine_file_text(build_machine(uuid_seed="s"))


def test_a_machine_file_of_an_older_version_has_no_engines():
    machine = build_machine("dgxa100", mig_layout={0: ["1g.5gb"]})
    facts = json.loads(machine_file_text(machine))
    for profile in facts["model"]["mig_profiles"]:
        assert len(profile.pop("engines")) == 5
    read = read_machine_file(json.dumps(facts).encode())
    assert {profile.engines for profile in read.model.mig_profiles} == {()}
    assert read.gpus == machine.gpus
    assert read_machine_file(machine_file_text(read)) == read


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"null", b"7", b'{"model": 1, "gpus": 2}', b"\xff", b'{"gpus": [{}]}']
)
def test_damaged_machine_file_is_one_line(data):
    with pytest.raises(HostError) as error:
        read_machine_file(data)
    assert "machine.json" in str(error.value) and "\n" not in str(error.value)
