# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Role container_runtime on a directory, for runtimes that are not installed here. Needs no container engine."""

from __future__ import annotations

import json

import pytest

VERSIONS = {"containerd": "1.7.24", "docker": "26.1.0", "crio": "1.30.0", "podman": "5.4.0"}
CONTAINERD = (
    'version = 2\n# of the distribution\n[plugins."io.containerd.grpc.v1.cri"]\n  sandbox_image = "pause:3.9"\n'
)


def files(root):
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def node(tmp_path):
    for name, text in {"containerd/config.toml": CONTAINERD, "docker/daemon.json": '{"debug": true}\n'}.items():
        path = tmp_path / "etc" / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return tmp_path


def test_each_runtime_reads_specifications_and_is_put_back(play, node):
    before = files(node)
    variables = {
        "root": str(node),
        "container_runtime_versions": VERSIONS,
        "container_runtime_cdi_spec_dirs": ["/etc/cdi", "/opt/cdi"],
    }
    assert play("runtime_directory.yml", "--check", **variables).changed > 0
    assert files(node) == before
    run = play("runtime_directory.yml", **variables)
    assert run.rc == 0, run.output
    now = files(node)
    assert "enable_cdi = true" in now["etc/containerd/config.toml"]
    assert '"/opt/cdi"' in now["etc/containerd/config.toml"] and "pause:3.9" in now["etc/containerd/config.toml"]
    docker = json.loads(now["etc/docker/daemon.json"])
    assert docker["debug"] is True and docker["features"]["cdi"] is True and "/opt/cdi" in docker["cdi-spec-dirs"]
    assert "/opt/cdi" in now["etc/crio/crio.conf.d/99-nvmock-cdi.conf"]
    assert "/opt/cdi" in now["etc/containers/containers.conf.d/99-nvmock-cdi.conf"]
    assert play("runtime_directory.yml", **variables).changed == 0
    gone = play("runtime_directory.yml", **variables, container_runtime_state="absent")
    assert gone.rc == 0, gone.output
    assert files(node) == before
