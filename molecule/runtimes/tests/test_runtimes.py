# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Each runtime of each node injects the GPUs. It was restarted only if its file changed, and only the CDI settings changed."""

from __future__ import annotations

import os
import sys

import pytest
import testinfra
import yaml

SCENARIO = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROJECT = os.path.dirname(os.path.dirname(SCENARIO))
sys.path[:0] = [os.path.join(PROJECT, ".build"), os.path.join(PROJECT, "molecule")]

from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine

with open(os.path.join(SCENARIO, "inventory.yml"), encoding="utf-8") as stream:
    INVENTORY = yaml.safe_load(stream)["all"]["children"]["nodes"]
PREFIX = "nvmock-runtimes-"
SERVICES = ("stable", "old", "testing", "off", "imports")
# Each runtime of each node that supports CDI.
RUNTIMES = [
    *(("stable", one) for one in ("docker", "podman", "cri")),
    *(("testing", one) for one in ("docker", "ctr", "cri")),
    *(("off", one) for one in ("docker", "ctr", "cri")),
    ("imports", "cri"),
    ("old", "podman"),
    ("podman", "podman"),
]
CONTROL = ["nvidia-modeset c3:fe 666", "nvidia-uvm eb:0 666", "nvidia-uvm-tools eb:1 666", "nvidiactl c3:ff 666"]
LIST_NODES = 'cd /dev && for n in nvidia*; do [ -c $n ] && stat -c "%n %t:%T %a" $n; done; true'
PODMAN = "podman --cgroup-manager cgroupfs --runtime runc"
# root may always set these limits.
RUN = {
    "docker": "docker run --rm --network none {devices} localhost/busybox:1",
    "podman": f"{PODMAN} run --rm --network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 {{devices}} localhost/busybox:1",
    "ctr": "ctr --namespace k8s.io run --rm {devices} localhost/busybox:1 test",
}


def node(name):
    return testinfra.get_host(f"docker://root@{PREFIX}{name}")


@pytest.fixture(scope="module", autouse=True)
def starts():
    """How often each service was started before the first test, because a test restarts one."""
    count = "journalctl --unit {0} --output cat | grep -c '^Started {0}.service'"
    units = [(name, unit) for name in SERVICES for unit in ("containerd", "docker")]
    return {(name, unit): int(node(name).check_output(count.format(unit))) for name, unit in units}


@pytest.fixture(scope="module", params=RUNTIMES, ids="-".join)
def runtime(request):
    return request.param


@pytest.fixture(scope="module")
def machine(runtime):
    return build_machine(uuid_seed=PREFIX + runtime[0], gpu_count=INVENTORY["vars"]["gpu_node_gpu_count"])


@pytest.fixture(scope="module")
def run(runtime):
    """Run a script with sh in a container with CDI devices; (status, output)."""
    name, program = runtime
    if program == "cri":
        yield from _cri(name)
        return
    host = node(name)
    if program == "podman":
        host.check_output(
            f"tar -C /opt/busybox -c . | {PODMAN} import --quiet --change ENV=PATH=/bin - localhost/busybox:1"
        )

    def call(script, *devices):
        options = " ".join(f"--device {device}" for device in devices)
        done = host.run(RUN[program].format(devices=options) + " sh -c %s", script)
        return done.rc, done.stdout if done.rc == 0 else done.stderr

    yield call


def _cri(name):
    """Like the kubelet: containerd itself injects the device. With ctr, the client does."""
    pytest.importorskip("grpc")
    from cri import Containerd, Refused

    with Containerd(PREFIX + name) as client:

        def call(script, *devices):
            try:
                return client.run(client.start("localhost/busybox:1", devices), script)
            except Refused as error:
                return 1, str(error)

        yield call


def nodes_of(run, *devices):
    status, said = run(LIST_NODES, *devices)
    assert status == 0, said
    return sorted(said.splitlines())


def gpu(minor):
    return f"nvidia{minor} c3:{minor:x} 666"


def test_gpus_by_index_uuid_and_all(run, machine):
    assert nodes_of(run, "nvidia.com/gpu=0") == sorted([*CONTROL, gpu(0)])
    assert nodes_of(run, f"nvidia.com/gpu={machine.gpus[1].uuid}") == sorted([*CONTROL, gpu(1)])
    assert nodes_of(run, "nvidia.com/gpu=all") == sorted([*CONTROL, gpu(0), gpu(1)])
    assert nodes_of(run) == []


def test_programs_and_environment(run, machine):
    status, said = run("nvidia-smi -L; echo $NVIDIA_VISIBLE_DEVICES", "nvidia.com/gpu=1")
    assert (status, said.splitlines()) == (0, [f"GPU 0: {machine.gpus[1].name} (UUID: {machine.gpus[1].uuid})", "void"])


def test_a_device_that_is_not_there(run):
    status, said = run("true", "nvidia.com/gpu=7")
    assert status != 0 and "unresolvable CDI devices nvidia.com/gpu=7" in said


@pytest.mark.parametrize("runtime", [("stable", "cri")], ids="-".join, indirect=True)
def test_containerd_1_7_ignores_devices_where_cdi_is_off(run, machine):
    """Silently: the container starts without a GPU. CDI is enabled by default since 2.0, and always since 2.4."""
    host, config = node("stable"), "/etc/containerd/config.toml"
    assert "nvidia0" in run("ls /dev", "nvidia.com/gpu=0")[1].split()
    host.check_output(f"cp -a {config} /root/config.toml && sed -i 's/enable_cdi = true/enable_cdi = false/' {config}")
    try:
        assert "enable_cdi = false" in host.file(config).content_string
        host.check_output("systemctl restart containerd")
        status, said = run("ls /dev", "nvidia.com/gpu=0")
        assert status == 0 and "null" in said.split() and "nvidia0" not in said.split()
    finally:
        host.check_output(f"cp -a /root/config.toml {config} && rm /root/config.toml && systemctl restart containerd")
    assert "nvidia0" in run("ls /dev", "nvidia.com/gpu=0")[1].split()


def test_other_directories(run, runtime):
    """ctr only reads the default directories, whatever containerd's configuration is."""
    name, program = runtime
    if "container_runtime_cdi_spec_dirs" in INVENTORY["hosts"][PREFIX + name] and program != "ctr":
        assert nodes_of(run, "nvidia.com/hookless=0") == sorted([*CONTROL, gpu(0)])
    else:
        assert run("true", "nvidia.com/hookless=0")[0] != 0


def test_podman_still_reads_the_administrators_directories():
    host = node("podman")
    host.check_output(
        "mkdir -p /opt/mine && sed s,nvidia.com/gpu,example.com/mine, /etc/cdi/nvidia.yaml >/opt/mine/mine.yaml"
    )
    command = RUN["podman"].format(devices="--device example.com/mine=1")
    assert "nvidia1" in host.check_output(command + " ls /dev").split()


@pytest.mark.parametrize("name", SERVICES)
def test_what_was_restarted(starts, name):
    """Once if a file changed, otherwise not at all: started at boot, with the test's configuration, and by the role."""
    for unit in ("containerd", "docker"):
        assert starts[name, unit] == (3 if name in ("stable", "off", "imports") else 2), unit


@pytest.mark.parametrize(
    ("name", "program", "least", "below"),
    [
        ("old", "containerd", "0", "1.7"),
        ("old", "dockerd", "0", "25.0"),
        ("stable", "containerd", "1.7", "2.0"),
        ("stable", "dockerd", "25.0", "28.2"),
        ("stable", "podman", "5.0", "5.5"),
        ("testing", "containerd", "2.0", "99"),
        ("testing", "dockerd", "28.2", "99"),
        ("podman", "podman", "5.5", "99"),
    ],
)
def test_versions_are_what_this_is_about(name, program, least, below):
    """Otherwise the scenario would no longer show what its documentation says."""
    said = node(name).check_output(f"{program} --version | grep -oE '[0-9]+[.][0-9]+[.][0-9]+' | head -n 1")
    found, low, high = ([int(part) for part in one.split(".")] for one in (said, least, below))
    assert low <= found < high


CRI_2 = 'version = 2\n\n[plugins."io.containerd.grpc.v1.cri"] # mine\n  restrict_oom_score_adj = true\n'
DOCKER = '{ "log-level":"warn" }\n'
IMPORTS = CRI_2.replace("2\n", '2\nimports = ["/etc/containerd/conf.d/*.toml"]\n', 1)
DIRS = '"cdi-spec-dirs": ["/etc/cdi", "/var/run/cdi", "/opt/cdi"]'
OFF = """# mine
version = 3

[plugins."io.containerd.cri.v1.runtime"] # mine
  restrict_oom_score_adj = true

  enable_cdi = true  # mine
  cdi_spec_dirs = ["/etc/cdi", "/var/run/cdi", "/opt/cdi"]

[plugins.'io.containerd.cri.v1.images']
  snapshotter = "overlayfs"
"""


@pytest.mark.parametrize(
    ("name", "containerd", "docker"),
    [
        ("testing", CRI_2, DOCKER),
        ("old", CRI_2, DOCKER),
        ("stable", CRI_2 + "  enable_cdi = true\n", '{"log-level": "warn", "features": {"cdi": true}}\n'),
        (
            "off",
            OFF,
            f'{{"log-level": "warn", "features": {{"cdi": true}}, {DIRS}}}\n',
        ),
        ("imports", IMPORTS, f'{{"log-level": "warn", {DIRS}}}\n'),
    ],
)
def test_no_more_is_changed_than_has_to_be(name, containerd, docker):
    for path, text in (("/etc/containerd/config.toml", containerd), ("/etc/docker/daemon.json", docker)):
        file = node(name).file(path)
        assert (file.content_string, file.mode) == (text, 0o640)


def test_containerd_2_gets_a_drop_in_where_its_file_imports_a_directory():
    """It has the version of the existing files, is read after them, and contains the directories that are already read."""
    place = "/etc/containerd/conf.d/"
    assert sorted(node("imports").file(place).listdir()) == ["vendor.toml", "zz-nvmock-cdi.toml"]
    assert "enable_cdi = false  # theirs" in node("imports").file(place + "vendor.toml").content_string
    drop_in = node("imports").file(place + "zz-nvmock-cdi.toml").content_string
    assert drop_in == (
        'version = 2\n\n[plugins."io.containerd.cri.v1.runtime"]\nenable_cdi = true\n'
        'cdi_spec_dirs = ["/etc/cdi", "/var/run/cdi", "/opt/cdi"]\n'
    )
    dump = node("imports").check_output("containerd config dump")
    assert "restrict_oom_score_adj = true" in dump and "enable_cdi = true" in dump


def test_podmans_own_list_is_added_to():
    drop_in = node("podman").file("/etc/containers/containers.conf.d/99-nvmock-cdi.conf")
    assert drop_in.content_string == '[engine]\ncdi_spec_dirs = ["/opt/cdi", {append = true}]\n'
    assert not node("stable").file("/etc/containers/containers.conf.d").exists
