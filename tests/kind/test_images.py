# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Whether a teardown leaves the images that were built for clusters; on stand-ins of our own, without a cluster."""

from __future__ import annotations

import subprocess

import pytest
from conftest import PREFIX, ROOT, docker

pytestmark = pytest.mark.kind

REPOSITORIES = {
    "mockctl_image_name": PREFIX + "keep/gpu-mockctl",
    "kind_cluster_python_image": PREFIX + "keep/kind-node",
}
OTHER = PREFIX + "keep/other:1"


def images():
    names = docker("images", "--format", "{{.Repository}}:{{.Tag}}").split()
    return {name for name in names if name.startswith(PREFIX + "keep/")}


@pytest.fixture
def stand_ins(node_image):
    """Two tags of each of our repositories, and an image of somebody else's."""
    for repository in REPOSITORIES.values():
        for tag in ("1", "2"):
            label = f"LABEL nvmock.gpu.base={tag}"
            subprocess.run(
                ["docker", "import", "--change", label, "-", f"{repository}:{tag}"],
                input=b"\0" * 1024,  # an empty archive
                check=True,
                capture_output=True,
            )
    docker("tag", node_image, OTHER)
    yield images()
    docker("rmi", *images())


@pytest.mark.parametrize("keep", [True, False])
def test_a_teardown_keeps_or_removes_all_built_images(play, stand_ins, tmp_path, keep):
    assert len(stand_ins) == 5
    variables = {"gpu_mock_provider": "kind", "gpu_mock_cluster": PREFIX + "none", **REPOSITORIES}
    variables |= {"gpu_mock_local_directory": str(tmp_path), "kind_cluster_state_directory": str(tmp_path / "state")}
    variables["gpu_mock_keep_images"] = str(keep).lower()  # as -e name=false gives it
    run = play(str(ROOT / "playbooks" / "teardown.yml"), **variables)
    assert run.rc == 0, run.output
    assert images() == (stand_ins if keep else {OTHER})
