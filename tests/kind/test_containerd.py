# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""containerd injects the devices, through CRI, in a kind node that gpu-mockctl made a mock GPU node.

NVMOCK_TEST_KIND_NODE names a node (a container of this machine) that may be changed; else a cluster is made and deleted.
The node is reached through /proc/<pid>/root: its files, and containerd's socket. That takes root and a local engine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from conftest import PREFIX, ROOT, docker

sys.path.insert(0, str(ROOT / ".build"))

from ansible_collections.nvmock.gpu.plugins.module_utils.machine_builder import build_machine

pytestmark = pytest.mark.kind

CLUSTER = PREFIX + "containerd"
GPUS, MIG, SEED = 3, "2=3g.20gb,1g.5gb", "containerd-test"
BUSYBOX = "kindnode/busybox:v1"
DEBIAN = "localhost/nvmock-test-debian:latest"
DEBIAN_ARCHIVE = os.path.expanduser("~/.cache/nvmock.gpu/debian.tar")  # the scenario podman makes it
CONTROL = ["nvidia-modeset c3:fe 666", "nvidia-uvm eb:0 666", "nvidia-uvm-tools eb:1 666", "nvidiactl c3:ff 666"]
LIST_NODES = 'cd /dev && for n in nvidia* nvidia-caps/*; do [ -c $n ] && stat -c "%n %t:%T %a" $n; done; true'
OPEN = 'for n in libcuda.so.1 libnvidia-ml.so.1; do perl -MDynaLoader -e "exit(!DynaLoader::dl_load_file(shift))" $n && echo $n; done'
CONFIG = "/etc/containerd/config.toml"


def load_image(node, image):
    save = subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE)
    command = ["docker", "exec", "-i", node, "ctr", "--namespace", "k8s.io", "images", "import", "--all-platforms", "-"]
    subprocess.run(command, stdin=save.stdout, check=True, capture_output=True)
    assert save.wait() == 0


@pytest.fixture(scope="module")
def node(node_image, tmp_path_factory):
    pytest.importorskip("grpc")
    if os.geteuid() != 0:
        pytest.skip("the files of a node are reached as root")
    given = os.environ.get("NVMOCK_TEST_KIND_NODE")
    if not given:
        config = str(tmp_path_factory.mktemp("containerd") / "kubeconfig")
        create = ["kind", "create", "cluster", "--name", CLUSTER, "--image", node_image, "--wait", "180s"]
        subprocess.run([*create, "--kubeconfig", config], check=True, capture_output=True)
    name = given or f"{CLUSTER}-control-plane"
    if not os.path.isdir(f"/proc/{docker('inspect', '-f', '{{.State.Pid}}', name)}/root/etc"):
        pytest.skip("the engine is not this machine's own")
    yield name
    if not given:
        delete = ["kind", "delete", "cluster", "--name", CLUSTER, "--kubeconfig", config]
        subprocess.run(delete, check=True, capture_output=True)


@pytest.fixture(scope="module")
def root(node):
    return f"/proc/{docker('inspect', '-f', '{{.State.Pid}}', node)}/root"


def mockctl(root, *args):
    return subprocess.run(
        [ROOT / "bin/gpu-mockctl", *args, "--host-root", root], check=True, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def machine():
    layout = {gpu: profiles.split(",") for gpu, profiles in [MIG.split("=")]}
    return build_machine(uuid_seed=SEED, gpu_count=GPUS, mig_layout=layout)


@pytest.fixture(scope="module")
def made(node, root):
    """The node with both kinds of specification; the images are there."""
    facts = ["--gpu-count", str(GPUS), "--mig", MIG, "--uuid-seed", SEED]
    driver = ["--driver-root", "/var/lib/nvidia-mock/driver"]
    docker("exec", node, "systemctl", "stop", "kubelet")  # it ends pods that it does not know
    mockctl(root, "--with-hook", "--mode", "cdi", *facts)
    hookless = ["--dev-root", "/", "--class", "hookless", "--hook-mode", "none", "--output", "/etc/cdi/hookless.yaml"]
    mockctl(root, "cdi", "generate", "--mode", "nvml", *hookless, *driver, *facts)
    load_image(node, BUSYBOX)
    yield root
    mockctl(root, "--remove", "--cdi-output", "/etc/cdi/hookless.yaml")
    mockctl(root, "--remove")
    docker("exec", node, "systemctl", "start", "kubelet")


@pytest.fixture(scope="module")
def debian(node, made):
    """The name of a Debian image in the node."""
    if subprocess.run(["docker", "image", "inspect", DEBIAN], capture_output=True, check=False).returncode != 0:
        if not os.path.exists(DEBIAN_ARCHIVE):
            pytest.skip(f"no {DEBIAN_ARCHIVE}: the scenario podman makes it")
        docker("import", DEBIAN_ARCHIVE, DEBIAN)
    load_image(node, DEBIAN)
    return DEBIAN


@pytest.fixture
def containerd(made):
    from cri import Containerd

    with Containerd(f"{made}/run/containerd/containerd.sock") as client:
        yield client


def seen(containerd, *devices):
    status, said = containerd.run(containerd.start(BUSYBOX, devices), LIST_NODES)
    assert status == 0, said
    return sorted(said.splitlines())


def gpu_node(minor):
    return f"nvidia{minor} c3:{minor:x} 666"


def mig_nodes(device):
    first = 3 + (2 * 15 + device.gi) * 9
    return [f"nvidia-caps/nvidia-cap{number} ec:{number:x} 444" for number in (first, first + 1 + device.ci)]


KINDS = pytest.mark.parametrize("kind", ["nvidia.com/gpu", "nvidia.com/hookless"])


@KINDS
def test_a_gpu_by_index_and_uuid(containerd, machine, kind):
    assert seen(containerd, f"{kind}=0") == sorted([*CONTROL, gpu_node(0)])
    assert seen(containerd, f"{kind}=1") == sorted([*CONTROL, gpu_node(1)])
    assert seen(containerd, f"{kind}={machine.gpus[1].uuid}") == sorted([*CONTROL, gpu_node(1)])


@KINDS
def test_a_mig_device_by_index_and_uuid(containerd, machine, kind):
    device = machine.gpus[2].mig_devices[1]
    expected = sorted([*CONTROL, gpu_node(2), *mig_nodes(device)])
    assert seen(containerd, f"{kind}=2:1") == expected
    assert seen(containerd, f"{kind}={device.uuid}") == expected


@KINDS
def test_all(containerd, machine, kind):
    expected = [*CONTROL, gpu_node(0), gpu_node(1), gpu_node(2)]
    for device in machine.gpus[2].mig_devices:
        expected += mig_nodes(device)
    assert seen(containerd, f"{kind}=all") == sorted(expected)


@KINDS
def test_programs_libraries_and_environment(containerd, machine, kind):
    """In a container without ldconfig, and without glibc: the programs are static."""
    script = "nvidia-smi -L; echo $NVIDIA_VISIBLE_DEVICES; ls /lib64"
    status, said = containerd.run(containerd.start(BUSYBOX, [f"{kind}=1"]), script)
    lines = said.splitlines()
    gpu = machine.gpus[1]
    assert (status, lines[:2]) == (0, [f"GPU 0: {gpu.name} (UUID: {gpu.uuid})", "void"])
    version = machine.driver_version
    assert {"libcuda.so", "libcuda.so.1", f"libcuda.so.{version}", f"libnvidia-ml.so.{version}"} <= set(lines[2:])


@KINDS
def test_a_program_opens_the_libraries(containerd, debian, kind):
    status, said = containerd.run(containerd.start(debian, [f"{kind}=0"]), OPEN)
    assert (status, said.split()) == (0, ["libcuda.so.1", "libnvidia-ml.so.1"])


def test_ldconfig_lists_the_libraries(containerd, debian):
    status, said = containerd.run(containerd.start(debian, ["nvidia.com/gpu=0"]), "ldconfig -p")
    assert status == 0
    for name in ("libcuda.so.1", "libcuda.so", "libnvidia-ml.so.1"):
        assert f"\t{name} (libc6" in said


def test_a_container_without_devices_sees_none(containerd):
    assert seen(containerd) == []


def spec(**changes):
    device = {"name": "0", "containerEdits": {"deviceNodes": [{"path": "/dev/mine", "hostPath": "/dev/null"}]}}
    return {"cdiVersion": "0.5.0", "kind": "example.com/bad", "devices": [device], **changes}


@pytest.mark.parametrize(
    "bad",
    [
        spec(devices=[{"name": "0", "containerEdits": {}}]),
        spec(driver="nvidia"),
        spec(cdiVersion="0.3.0"),
        spec(cdiVersion="9.9.9"),
        spec(devices=[{**spec()["devices"][0], "name": "0/1"}]),
        spec(devices=spec()["devices"] * 2),
    ],
    ids=["empty edits", "unknown field", "version too low", "no such version", "bad name", "two of one name"],
)
def test_what_we_refuse_containerd_refuses(containerd, made, tmp_path, bad):
    from cri import Refused

    name = f"{made}/etc/cdi/bad.json"
    with open(name, "w", encoding="ascii") as file:
        json.dump(bad, file)
    try:
        check = subprocess.run(
            [ROOT / "bin/gpu-mockctl", "cdi", "validate", "/etc/cdi/bad.json", "--host-root", made],
            capture_output=True,
            check=False,
        )
        assert check.returncode == 1
        with pytest.raises(Refused, match=r"unresolvable CDI devices example\.com/bad=0"):
            containerd.start(BUSYBOX, ["example.com/bad=0"])
    finally:
        os.remove(name)


def test_a_device_that_is_not_there(containerd):
    from cri import Refused

    with pytest.raises(Refused, match=r"unresolvable CDI devices nvidia\.com/gpu=7"):
        containerd.start(BUSYBOX, ["nvidia.com/gpu=7"])


def test_where_cdi_is_off_devices_are_passed_over(node, made):
    """containerd 1.7 says nothing: the container starts and has no GPU. In 2.x CDI is on."""
    from cri import Containerd

    config = docker("exec", node, "cat", CONFIG)
    if "enable_cdi = true" not in config:
        pytest.skip("this node's containerd has CDI without saying so")
    try:
        docker(
            "exec",
            node,
            "sh",
            "-c",
            f"cp {CONFIG} {CONFIG}.kept && sed -i s/enable_cdi.=.true/enable_cdi=false/ {CONFIG}",
        )
        docker("exec", node, "systemctl", "restart", "containerd")
        with Containerd(f"{made}/run/containerd/containerd.sock") as client:
            assert seen(client, "nvidia.com/gpu=0") == []
    finally:
        docker("exec", node, "sh", "-c", f"mv {CONFIG}.kept {CONFIG} && systemctl restart containerd")
