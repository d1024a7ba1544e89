# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A podman container, a containerd container and a process on the node see a set within a second.

Their CDI specification is the one of the node; nothing of it names the state. podman and containerd read /etc/cdi: the specification is
bound there in a mount namespace of its own, so nothing of the machine changes.
"""

from __future__ import annotations

import json
import os
import pathlib
import platform
import shutil
import subprocess
import tempfile
import threading
import time

import pytest
import yaml

from ansible_collections.nvmock.gpu.plugins.module_utils.cdi.serialize import serialize
from ansible_collections.nvmock.gpu.plugins.module_utils.host.root import HostRoot
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.node import DEFAULT_DRIVER_ROOT, cdi_spec
from ansible_collections.nvmock.gpu.plugins.module_utils.node.state import NodeState
from ansible_collections.nvmock.gpu.plugins.module_utils.nvcdi.options import Options
from ansible_collections.nvmock.gpu.plugins.module_utils.nvcdi.releases import DEFAULT_RELEASE
from ansible_collections.nvmock.gpu.plugins.module_utils.nvcdi.transform import HOST, RootTransform

from .conftest import ROOT
from .test_podman import call, remove

CLI = ROOT / "bin" / "gpu-mockctl"
SMI = ("/bin/nvidia-smi", "--query-gpu=temperature.gpu", "--format=csv,noheader", "-i", "0", "-lms", "50")
CONTAINER = f"nvmock-state-{os.getpid()}"
NEEDED = ("podman", "runc", "unshare", "containerd", "ctr")
_missing = [name for name in NEEDED if not shutil.which(name)]

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or bool(_missing), reason=f"not installed: {', '.join(_missing)}" if _missing else "it needs root"
)


class Lines:
    """What a command prints, with the time of each line."""

    def __init__(self, command, environment=None):
        self.process = subprocess.Popen(
            [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        self.last = ""
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.last = line.strip()

    def soon(self, expected, seconds):
        end = time.monotonic() + seconds
        while self.last != expected and time.monotonic() < end and self.process.poll() is None:
            time.sleep(0.01)
        if self.process.poll() is not None:
            return self.process.stderr.read()[-300:]
        return self.last


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A node in a directory."""
    place = tmp_path_factory.mktemp("node")
    arguments = ("--machine", "dgxh100", "--gpu-count", "2", "--uuid-seed", "s")
    done = call(CLI, "--host-root", place, *arguments)
    assert done.returncode == 0, done.stderr
    return place


@pytest.fixture(scope="module")
def specifications(node, tmp_path_factory):
    place = tmp_path_factory.mktemp("cdi")
    with HostRoot(str(node)) as root:
        machine = build_machine("dgxh100", gpu_count=2, uuid_seed="s")
        options = Options(
            mode="nvml",
            driver_root=DEFAULT_DRIVER_ROOT,
            dev_root="/",
            architecture=platform.machine(),
            disabled_hooks=("all",),
        )
        spec = cdi_spec.make(machine, root, options, cdi_spec.SpecFile(), []).specs[0]
    text = json.dumps(spec)
    assert "libnvidia-mockstate.so" in text
    content = serialize(RootTransform("/", str(node), HOST, DEFAULT_RELEASE)(json.loads(text)), False)
    (place / "nvidia.yaml").write_bytes(content)
    return place


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    made = not os.path.isdir("/etc/cdi")
    if made:
        os.mkdir("/etc/cdi")
    place = pathlib.Path(tempfile.mkdtemp(prefix="nv"))  # podman takes no long names here
    try:
        yield place
    finally:
        remove(place)
        if made:
            os.rmdir("/etc/cdi")


def inside(specifications, *command):
    return ["unshare", "--mount", "sh", "-ec", f'mount --bind "{specifications}" /etc/cdi; exec "$@"', "sh", *command]


@pytest.fixture(scope="module")
def podman(state, specifications):
    rootfs = state / "podman"
    (rootfs / "bin").mkdir(parents=True)
    command = ["podman", "--root", state / "root", "--runroot", state / "run", "--runtime", "runc"]
    command += ["--cgroup-manager", "cgroupfs", "run", "--rm", "--network", "none", "--ulimit", "nofile=1024:1024"]
    command += ["--ulimit", "nproc=1024:1024", "--device", "nvidia.com/gpu=all", "--rootfs", rootfs, *SMI]
    lines = Lines(inside(specifications, *command))
    yield lines
    call("podman", "--root", state / "root", "--runroot", state / "run", "kill", "--all", timeout=30)
    lines.process.kill()
    lines.process.wait()


@pytest.fixture(scope="module")
def containerd(state, specifications):
    rootfs = state / "containerd-rootfs"
    for name in ("bin", "proc", "dev", "sys"):
        (rootfs / name).mkdir(parents=True)
    socket = state / "c.sock"
    config = state / "c.toml"
    config.write_text(
        f'version = 2\nroot = "{state}/croot"\nstate = "{state}/cstate"\n'
        'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]\n'
        f'[grpc]\n  address = "{socket}"\n',
        encoding="ascii",
    )
    with (state / "containerd.log").open("wb") as log:
        daemon = subprocess.Popen(["containerd", "--config", config], stdout=log, stderr=log)
    for _try in range(200):
        if socket.exists() and call("ctr", "-a", socket, "version").returncode == 0:
            break
        time.sleep(0.1)
    run = ["ctr", "-a", socket, "run", "--rm", "-c", oci_config(state, rootfs, specifications), CONTAINER]
    lines = Lines(run)
    yield lines
    call("ctr", "-a", socket, "task", "kill", "-s", "KILL", CONTAINER, timeout=20)
    call("ctr", "-a", socket, "task", "rm", "-f", CONTAINER, timeout=20)
    lines.process.kill()
    lines.process.wait()
    call("runc", "--root", "/run/containerd/runc/default", "delete", "-f", CONTAINER)
    daemon.kill()
    daemon.wait()


def oci_config(state, rootfs, specifications):
    """The container's configuration with the edits of the specification, because ctr of older releases does not read CDI."""
    bundle = state / "bundle"
    bundle.mkdir()
    assert call("runc", "spec", "-b", bundle).returncode == 0
    config = json.loads((bundle / "config.json").read_text(encoding="utf-8"))
    config["root"] = {"path": str(rootfs), "readonly": False}
    config["process"].update(args=list(SMI), terminal=False)
    config["process"].pop("rlimits", None)
    spec = yaml.safe_load((specifications / "nvidia.yaml").read_bytes())
    device = next(device for device in spec["devices"] if device["name"] == "all")
    for edits in (spec["containerEdits"], device["containerEdits"]):
        for mount in edits.get("mounts", []):
            places = {"source": mount["hostPath"], "destination": mount["containerPath"]}
            config["mounts"].append({**places, "type": "bind", "options": mount["options"]})
        for node in edits.get("deviceNodes", []):
            found = os.stat(node.get("hostPath", node["path"])).st_rdev
            numbers = {"major": os.major(found), "minor": os.minor(found)}
            config["linux"].setdefault("devices", []).append(
                {"path": node["path"], "type": "c", "fileMode": 0o666, **numbers}
            )
    path = bundle / "nvidia.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


def test_two_containers_and_a_process_see_a_set(node, podman, containerd):
    driver = f"{node}{DEFAULT_DRIVER_ROOT}"
    environment = {**os.environ, "NVMOCK_DEV": f"{node}/dev"}
    here = Lines([f"{driver}{SMI[0]}", *SMI[1:]], environment)
    try:
        with HostRoot(str(node)) as root:
            state = NodeState(root, DEFAULT_DRIVER_ROOT)
            cold = str(state.rest(0, "temperature"))
            for lines in (here, podman, containerd):
                assert lines.soon(cold, 30) == cold
            for degrees in (71, 72, 73, 74, 75):
                state.change(state.set([0], {0: degrees}), None)
                end = time.monotonic() + 1
                for lines in (here, podman, containerd):
                    assert lines.soon(str(degrees), max(0, end - time.monotonic())) == str(degrees)
    finally:
        here.process.terminate()
        here.process.wait()


def test_root_in_a_container_may_not_set(node, podman, specifications, state):
    """The file is mounted read-only."""
    assert podman.soon(podman.last, 1)
    rootfs = state / "other"
    (rootfs / "bin").mkdir(parents=True)
    command = ["podman", "--root", state / "root", "--runroot", state / "run", "--runtime", "runc"]
    command += ["--cgroup-manager", "cgroupfs", "run", "--rm", "--network", "none", "--ulimit", "nofile=1024:1024"]
    command += [
        "--ulimit",
        "nproc=1024:1024",
        "--device",
        "nvidia.com/gpu=all",
        "--rootfs",
        rootfs,
        SMI[0],
        "-i",
        "0",
        "-c",
        "2",
    ]
    done = call(*inside(specifications, *command))
    assert done.returncode == 4 and "Insufficient Permissions" in done.stdout, done
