# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""apply-cuda-memory-limits of NVIDIA's nvidia-cdi-hook sets limits by our libnvidia-ml.so.1, and ours refuses what it refuses.

This is the one hook that works on the node: with the library of the driver root, and with cgroups of version 2, which are
mounted here where the test machine has others.
"""

from __future__ import annotations

import json
import os

import pytest

from .node import DRIVER_ROOT, MACHINES, PLAIN
from .toolkit import TOOLKITS, call, case

MACHINE = next(iter(MACHINES))
REQUEST, LIMIT = "NVIDIA_GPU_MEMORY_REQUEST", "NVIDIA_GPU_MEMORY_LIMIT"
ENTER = """
mount -t cgroup2 cgroup2 /sys/fs/cgroup || exit 77
exec "$@"
"""
NOT_SIMULATED = "not simulated"
VARIABLES = {
    "none": [],
    "request": [f"{REQUEST}=1024"],
    "limit": [f"{LIMIT}=1024"],
    "both": [f"{LIMIT}=4096", f"{REQUEST}=1024"],
    "nothing": [f"{LIMIT}=0"],
    "first of two": [f"{LIMIT}=1", f"{LIMIT}=x"],
    "request above limit": [f"{REQUEST}=11", f"{LIMIT}=10"],
    "no value": [LIMIT],
    "no number": [f"{LIMIT}=4Gi"],
    "sign": [f"{LIMIT}=+4"],
    "too much": [f"{LIMIT}=17592186044416"],
    "other names": [f"{LIMIT}S=x", "PATH=/bin"],
}


class Runs:
    """Runs both hook programs for a container on a node."""

    def __init__(self, place, node, toolkit):
        self.place = place
        self.node = node
        self.programs = (toolkit.program("nvidia-cdi-hook"), node.hook)
        self.driver_root = f"{node.root}{DRIVER_ROOT}"

    def __call__(self, variables, *ids):
        """The runs of NVIDIA's and of ours."""
        (self.place / "config.json").write_text(json.dumps({"process": {"env": variables}, "root": {"path": "rootfs"}}))
        state = json.dumps({"ociVersion": "1.2.1", "id": "c", "pid": os.getpid(), "bundle": str(self.place)})
        ids = [word for one in ids for word in ("--gpu-id", one)]
        hook = ["apply-cuda-memory-limits", "--driver-root", self.driver_root, *ids]
        enter = ["unshare", "--mount", "--propagation", "private", "sh", "-c", ENTER, "sh"]
        environment = {"PATH": os.environ["PATH"], "NVMOCK_DEV": f"{self.node.root}/dev"}
        runs = [call(*enter, program, *hook, input=state, env=environment, timeout=60) for program in self.programs]
        if runs[0].returncode == 77:
            pytest.skip(f"this machine has no cgroups of version 2: {runs[0].stderr.strip()}")
        return runs


@pytest.fixture
def runs(nodes, tmp_path, toolkit):
    return Runs(tmp_path, nodes(MACHINE, PLAIN), toolkit)


each_with_limits = pytest.mark.parametrize("toolkit", [case(one) for one in TOOLKITS if one.limits_memory])


@pytest.mark.parametrize("name", VARIABLES)
@each_with_limits
def test_the_same_status(runs, toolkit, name):
    uuids = [gpu["uuid"] for gpu in runs.node.gpus]
    theirs, ours = runs(VARIABLES[name], uuids[0], ",".join(uuids[1:3]))
    assert theirs.returncode == ours.returncode, (theirs.stderr, ours.stderr)
    # With limits, theirs has asked the library, and ours says that it has not.
    asks = name in ("request", "limit", "both", "nothing", "first of two")
    assert (f"driver library found: {runs.driver_root}" in theirs.stderr) is (NOT_SIMULATED in ours.stderr) is asks
    assert theirs.returncode == (0 if asks or name in ("none", "other names") else 1)


@each_with_limits
def test_what_the_library_refuses(runs, toolkit):
    """Ours does not ask it: a GPU that is not there, and more memory than the GPU has."""
    gpu = runs.node.gpus[0]
    memory = MACHINES[MACHINE]["model"]["memory_mib"]
    for variables, ids, said in (
        ([f"{LIMIT}={memory}"], [gpu["uuid"]], ""),
        ([f"{LIMIT}={memory + 1}"], [gpu["uuid"]], "Invalid Argument"),
        ([f"{LIMIT}=1"], [gpu["uuid"], "GPU-none"], "Not Found"),
    ):
        theirs, ours = runs(variables, *ids)
        assert theirs.returncode == bool(said) and said in theirs.stderr
        assert ours.returncode == 0 and NOT_SIMULATED in ours.stderr


@each_with_limits
def test_the_same_calls_are_refused(runs, toolkit):
    for ids in ((), ("",), (" ",), ("GPU-1,",), ("GPU-1", "")):
        theirs, ours = runs([], *ids)
        assert theirs.returncode == ours.returncode == 1, ids
