# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The tests of the tests: break every artefact of a node in turn; the molecule scenario's checks must notice each time.

Every entry is removed once; of each kind of entry, every attribute is changed once; the text of every file that is not one
of the many libraries is changed, and of every fourth library.
"""

from __future__ import annotations

import importlib.util
import inspect
import os
import shutil
import subprocess
import sys

import pytest
import testinfra

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# These need what molecule's prepare step makes, or ask the same as another check more slowly.
NOT_HERE = {"test_unmanaged_files_are_unchanged"}
LISTING_ONLY = (
    "test_every_entry_is_there_with_its_type_mode_owner_and_target",
    "test_there_is_no_other_managed_path",
    "test_the_specification_names_every_device",
    "test_every_host_path_of_the_specification_exists",
    "test_the_manifest_lists_every_managed_path",
)


def load_checks():
    path = os.path.join(ROOT, "molecule", "default", "tests", "test_node.py")
    spec = importlib.util.spec_from_file_location("molecule_default_test_node", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Node:
    """An embedded node and the scenario's checks bound to it."""

    def __init__(self, root):
        self.root = root
        self.module = load_checks()
        self.host = testinfra.get_host("local://")
        self.variables = {
            "gpu_node_host_root": root,
            "inventory_hostname": "mutant",
            "gpu_node_gpu_count": 2,
            "gpu_node_dri": True,
            "gpu_node_mig": {1: ["3g.20gb"]},
        }
        command = [sys.executable, "-I", "-S", os.path.join(ROOT, "bin", "gpu-mockctl"), "--host-root", root]
        command += ["--gpu-count", "2", "--with-dri", "--mig", "1=3g.20gb", "--uuid-seed", "mutant", "--with-hook"]
        self.command = [*command, "--device-files", "auto"]
        self.make()

    def make(self):
        subprocess.run(self.command, check=True, capture_output=True)

    def failing(self, names=None):
        """Return the names of the checks that fail, stopping at the first."""
        try:
            listing = self.module.read_listing(self.host, self.root)
            values = {
                "host": self.host,
                "root": self.root,
                "variables": self.variables,
                "machine": self.module.machine_of(self.variables),
                "listing": listing,
                "regular_files": self.module.stand_ins(listing),
                "owner": os.geteuid(),
            }
        except AssertionError:
            return ["the fixtures"]
        for name, check in inspect.getmembers(self.module, inspect.isfunction):
            if not name.startswith("test_") or name in NOT_HERE or (names is not None and name not in names):
                continue
            try:
                check(**{parameter: values[parameter] for parameter in inspect.signature(check).parameters})
            except pytest.skip.Exception:
                continue
            except Exception:
                return [name]
        return []

    def entries(self):
        """All paths of ours on the node: those that the manifest lists."""
        with open(os.path.join(self.root, "var/lib/nvidia-mock/manifest.mtree"), encoding="utf-8") as handle:
            lines = [line.split(" ") for line in handle if line.startswith("./")]
        return {line[0][1:]: line[1] for line in lines}


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    node = Node(str(tmp_path_factory.mktemp("node")))
    yield node
    subprocess.run([*node.command, "--remove"], check=True, capture_output=True)
    assert os.listdir(node.root) == []


def at(node, path):
    return node.root + path


def test_an_unbroken_node_passes(node):
    assert node.failing() == []


def test_every_removed_entry_is_noticed(node):
    missed = []
    for path, kind in node.entries().items():
        if path in ("/etc", "/etc/cdi", "/run", "/run/nvidia", "/dev", "/dev/dri/by-path") or path.endswith("/by-path"):
            continue  # others' or implicit directories: what lies in them is checked
        if path.startswith(("/etc/tmpfiles.d", "/usr")):
            continue
        place = at(node, path)
        if kind == "type=dir":
            moved = place + ".moved"
            os.rename(place, moved)
            if not node.failing(LISTING_ONLY):
                missed.append(path)
            os.rename(moved, place)
            continue
        aside = os.path.join(os.path.dirname(node.root), "aside")
        os.rename(place, aside)
        if not node.failing(LISTING_ONLY):
            missed.append(path)
        os.rename(aside, place)
    assert missed == []
    assert node.failing() == []


def change_mode(place):
    os.chmod(place, 0o700 if os.path.isdir(place) else 0o604)


def change_owner(place):
    os.chown(place, 12345, -1, follow_symlinks=False)


def change_target(place):
    os.unlink(place)
    os.symlink("elsewhere", place)


def change_to_file(place):
    os.unlink(place)
    with open(place, "w", encoding="utf-8"):
        os.chmod(place, 0o666)


def change_numbers(place):
    os.unlink(place)
    os.mknod(place, 0o020666, os.makedev(195, 77))
    os.chmod(place, 0o666)


def change_to_directory(place):
    os.unlink(place)
    os.mkdir(place)


MUTATIONS = [
    ("/run/nvidia/driver/dev/nvidia0", change_mode),
    ("/run/nvidia/driver/dev/nvidia0", change_owner),
    ("/run/nvidia/driver/dev/nvidia0", change_to_file),
    ("/dev/nvidiactl", change_numbers),
    ("/dev/nvidia-uvm", change_to_directory),
    ("/var/lib/nvidia-mock/driver/dev/nvidia1", change_numbers),
    ("/dev/nvidia-caps/nvidia-cap2", change_mode),
    ("/dev/dri/by-path/pci-0000:07:00.0-card", change_target),
    ("/var/lib/nvidia-mock/driver/lib64", change_mode),
    ("/var/lib/nvidia-mock/driver/lib64/libcuda.so.1", change_target),
    ("/var/lib/nvidia-mock/driver/lib64/libcuda.so", change_to_file),
    ("/var/lib/nvidia-mock/driver/bin/nvidia-smi", change_mode),
    ("/var/lib/nvidia-mock/driver/bin/nvidia-smi", change_owner),
    ("/etc/cdi/nvidia.yaml", change_mode),
    ("/etc/cdi/nvidia.yaml", change_target),
]


@pytest.mark.parametrize(("path", "mutate"), MUTATIONS, ids=lambda value: getattr(value, "__name__", value))
def test_every_changed_attribute_is_noticed(node, path, mutate):
    if os.geteuid() != 0 and mutate in (change_owner, change_numbers, change_to_file):
        pytest.skip("needs root: chown, mknod, or device nodes to tell files from")
    mutate(at(node, path))
    noticed = node.failing()
    if os.path.isdir(at(node, path)) and mutate is change_to_directory:
        shutil.rmtree(at(node, path))
    node.make()
    assert noticed, f"{mutate.__name__} on {path} went unnoticed"
    assert node.failing(LISTING_ONLY) == []


def test_every_changed_text_is_noticed(node):
    missed = []
    paths = [path for path, kind in node.entries().items() if kind == "type=file" and "/dev/" not in path]
    libraries = [path for path in paths if ".so" in path]
    for path in [path for path in paths if path not in libraries] + libraries[::4]:
        if path.startswith(("/etc/tmpfiles.d", "/usr")):
            continue
        with open(at(node, path), "rb") as handle:
            content = handle.read()
        mode = os.stat(at(node, path)).st_mode & 0o777
        os.chmod(at(node, path), 0o644)
        with open(at(node, path), "r+b") as handle:
            handle.write(b"# by hand\n")
        os.chmod(at(node, path), mode)
        if not node.failing():
            missed.append(path)
        os.chmod(at(node, path), 0o644)
        with open(at(node, path), "wb") as handle:
            handle.write(content)
        os.chmod(at(node, path), mode)
    assert missed == []
