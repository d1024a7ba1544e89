# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""gpu-mockctl cdi: the door and its files, on a node that is a directory."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
FILES = "char" if os.geteuid() == 0 else "regular"
FACTS = ("--gpu-count", "2", "--uuid-seed", "s", "--mig", "1=3g.20gb")
DRIVER = ("--driver-root", "/var/lib/nvidia-mock/driver", "--dev-root", "/")
needs_nodes = pytest.mark.skipif(FILES != "char", reason="device nodes need root")


def mockctl(*args, stdin=None):
    command = [sys.executable, os.path.join(ROOT, "bin", "gpu-mockctl"), *args]
    return subprocess.run(command, capture_output=True, text=True, input=stdin, check=False)


@pytest.fixture
def node(tmp_path):
    done = mockctl("--host-root", str(tmp_path), "--mode", "cdi", "--device-files", FILES, *FACTS)
    assert done.returncode == 0, done.stderr
    return str(tmp_path)


def generate(node, *args):
    return mockctl("cdi", "generate", "--host-root", node, *DRIVER, *FACTS, *args)


def test_list_and_validate(node):
    listed = mockctl("cdi", "list", "--host-root", node)
    assert listed.stdout.splitlines()[:2] == ["nvidia.com/gpu=0", "nvidia.com/gpu=1:0"]
    assert listed.stderr == "Found 5 CDI devices\n"
    assert mockctl("cdi", "validate", "--host-root", node).returncode == 0


@needs_nodes
def test_what_runtimes_read_belongs_to_the_node_and_goes_with_it(node):
    assert generate(node, "--class", "more", "--output", "/etc/cdi/more.json").returncode == 0
    assert "nvidia.com/more=1:0" in mockctl("cdi", "list", "--host-root", node).stdout
    for path in ("/etc/cdi/more.json", "/etc/cdi/nvidia.yaml"):
        assert mockctl("--remove", "--mode", "cdi", "--cdi-output", path, "--host-root", node).returncode == 0
    assert os.listdir(node) == []


@needs_nodes
def test_standard_output_and_other_files(node):
    shown = generate(node).stdout
    assert shown.startswith("---\ncdiVersion: 0.5.0\nkind: nvidia.com/gpu\n")
    os.mkdir(node + "/tmp")
    assert generate(node, "--output", "/tmp/a").returncode == 0
    with open(node + "/tmp/a.yaml", encoding="utf-8") as file:
        assert file.read() == shown
    assert generate(node, "--output", "/new/place/a.json", "--format", "JSON").returncode == 0
    with open(node + "/new/place/a.json", encoding="utf-8") as file:
        assert file.read().startswith('{"cdiVersion":"0.5.0","kind":"nvidia.com/gpu","devices":[')
    assert generate(node, "--output", "/tmp/a.yaml/b.yaml").stderr.endswith(
        "/tmp/a.yaml is not a directory, but something must go into it: move it away\n"
    )


@needs_nodes
def test_coherent_memory(node, tmp_path):
    own = tmp_path / "own.json"
    own.write_text('{"base": "dgxa100", "addressing_mode": "ATS"}')
    flags = ("--machine-file", str(own), "--device-name-strategy", "type-index", "--enable-hooks", "chmod")
    done = generate(node, *flags, "--feature-flag", "enable-coherent-annotations", "--output", "/out/nvidia.yaml")
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(node + "/out")) == ["nvidia.coherent.yaml", "nvidia.yaml"]
    with open(node + "/out/nvidia.coherent.yaml", encoding="utf-8") as file:
        lines = file.read().splitlines()
    assert lines[:3] == ["---", "cdiVersion: 0.6.0", "kind: nvidia.com/gpu.coherent"]
    assert [line for line in lines if "- name:" in line] == ["    - name: all", "    - name: gpu0"]


def test_transform_root_from_standard_input(node):
    with open(node + "/etc/cdi/nvidia.yaml", encoding="utf-8") as file:
        content = file.read()
    done = mockctl("cdi", "transform", "root", "--from", "/", "--to", "/node", stdin=content)
    assert done.returncode == 0, done.stderr
    assert "hostPath: /node/dev/nvidia0" in done.stdout


def test_validate_says_what_is_wrong(node):
    with open(node + "/etc/cdi/bad.json", "w", encoding="ascii") as file:
        file.write('{"cdiVersion": "0.5.0", "kind": "a.b/cc", "devices": []}')
    done = mockctl("cdi", "validate", "/etc/cdi/bad.json", "--host-root", node)
    assert (done.returncode, done.stdout) == (1, "/etc/cdi/bad.json: devices: invalid spec, no devices\n")


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        (("cdi", "make"), 2, "must be one of generate"),
        (("cdi", "generate", "--gpu-cont", "3"), 2, "did you mean --gpu-count?"),
        (("cdi", "generate", "--gpu-count", "99"), 2, "--gpu-count: '99' is not allowed"),
        (("cdi", "generate", "--enable-hook", "all"), 2, "--enable-hook: 'all' is not allowed"),
        (("cdi", "generate", "--device-name-strategy", "x"), 2, "must be one of index, uuid, type-index"),
        (("cdi", "list", "--surplus"), 2, "unknown argument '--surplus'"),
        (("cdi", "generate", "--mode", "bogus"), 1, 'unknown mode "bogus"'),
        (("cdi", "transform", "root", "--input", "/nowhere"), 1, "/nowhere: can't be read"),
    ],
)
def test_mistakes_are_one_line(args, status, said):
    done = mockctl(*args)
    assert done.returncode == status
    assert said in done.stderr
    assert done.stderr.startswith("gpu-mockctl: ") and done.stderr.count("\n") == 1
