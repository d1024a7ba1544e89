# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The tests of the tests: break a node in one way; the checks of the scenario podman must notice.

Needs what the scenario's prepare step makes (podman, the image), and root.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCENARIO = os.path.join(ROOT, "molecule", "podman")
IMAGE = "localhost/nvmock-test-debian"
LIBRARIES = f"var/lib/nvidia-mock/driver/usr/lib/{os.uname().machine}-linux-gnu"
HOOK = "usr/local/nvidia-container-toolkit/bin/nvidia-cdi-hook"


def environment(place):
    extra = {"MOLECULE_EPHEMERAL_DIRECTORY": str(place), "ANSIBLE_CONFIG": os.path.join(ROOT, "ansible.cfg")}
    paths = {"ANSIBLE_COLLECTIONS_PATH": os.path.join(ROOT, ".build"), "PYTHONPATH": os.path.join(ROOT, ".build")}
    return {**os.environ, **extra, **paths, "MOLECULE_PROJECT_DIRECTORY": ROOT}


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    if os.geteuid() != 0 or shutil.which("podman") is None:
        pytest.skip("needs root and podman")
    if subprocess.run(["podman", "image", "exists", IMAGE], check=False).returncode != 0:
        pytest.skip("the image is not there: run the scenario podman once")
    place = tmp_path_factory.mktemp("podman")
    (place / "node").mkdir()
    playbook = os.path.join(os.path.dirname(sys.executable), "ansible-playbook")
    command = [playbook, "-i", SCENARIO + "/inventory.yml", SCENARIO + "/converge.yml"]
    done = subprocess.run(command, env=environment(place), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return place


@pytest.fixture
def node(pristine, tmp_path):
    subprocess.run(["cp", "-a", str(pristine / "node"), str(tmp_path / "node")], check=True)
    return tmp_path


def check(place, only):
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-c", os.devnull]
    command += ["--rootdir", SCENARIO, "--connection", "ansible", "--ansible-inventory", SCENARIO + "/inventory.yml"]
    command += ["--hosts", "ansible://nodes", "-k", only, SCENARIO + "/tests/test_injection.py"]
    return subprocess.run(command, env=environment(place), cwd=ROOT, capture_output=True, text=True, check=False)


def in_spec(node, name, pattern, text):
    path = node / "node/etc/cdi" / name
    content = path.read_text()
    changed = re.sub(pattern, text, content, count=1, flags=re.DOTALL)
    assert changed != content
    path.write_text(changed)


def without_mount(node, name, container_path):
    pattern = r"        - hostPath: [^\n]*\n          containerPath: " + re.escape(container_path)
    in_spec(node, name, pattern + r"\n          options:\n(            - \w+\n)+", "")


def truncate(path):
    path.write_bytes(b"")


MUTATIONS = {
    "a device node is gone": (lambda node: (node / "node/dev/nvidia1").unlink(), "index"),
    "a minor number is another": (lambda node: in_spec(node, "nvidia.yaml", r"minor: 1\n", "minor: 5\n"), "index"),
    "a mode is another": (lambda node: in_spec(node, "hookless.yaml", r"fileMode: 438", "fileMode: 384"), "index"),
    "a MIG capability is another": (
        lambda node: in_spec(node, "nvidia.yaml", r"nvidia-cap\d+\n", "nvidia-cap1\n"),
        "mig",
    ),
    "the variable is another": (
        lambda node: in_spec(node, "nvidia.yaml", r"NVIDIA_VISIBLE_DEVICES=void", "NVIDIA_VISIBLE_DEVICES=all"),
        "programs",
    ),
    "a library is empty": (lambda node: truncate(node / "node" / LIBRARIES / "libcuda.so.550.54.15"), "opens"),
    "the hook program does nothing": (
        lambda node: (node / "node" / HOOK).write_text("#!/bin/sh\ncat >/dev/null\n"),
        "places",
    ),
    "no hook makes the linker's cache": (
        lambda node: in_spec(node, "nvidia.yaml", r"- update-ldcache\n", "- no-such-hook\n"),
        "ldconfig",
    ),
    "nvidia-smi can't be run": (
        lambda node: (node / "node/var/lib/nvidia-mock/driver/usr/bin/nvidia-smi").chmod(0o644),
        "programs",
    ),
    "a name has no mount": (
        lambda node: without_mount(node, "hookless.yaml", f"/usr/lib/{os.uname().machine}-linux-gnu/libcuda.so.1"),
        "places",
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_broken_node_is_noticed(node, name):
    mutate, only = MUTATIONS[name]
    mutate(node)
    done = check(node, only)
    assert done.returncode == 1, done.stdout


def test_a_whole_node_passes(node):
    done = check(node, "index or programs or places")
    assert done.returncode == 0, done.stdout
