# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Faults of a node's files: what they change, who leaves them on, that healing them leaves nothing, and what is refused."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import random
import stat
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils.cli import fault_command, node_command, verify_command
from ansible_collections.nvmock.gpu.plugins.module_utils.errors import HostError, NvmockError, ParameterError
from ansible_collections.nvmock.gpu.plugins.module_utils.host import guard, kernel_log
from ansible_collections.nvmock.gpu.plugins.module_utils.host.manifest import PATH as MANIFEST
from ansible_collections.nvmock.gpu.plugins.module_utils.host.manifest import Manifest
from ansible_collections.nvmock.gpu.plugins.module_utils.host.root import HostRoot
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.state_faults import NAMES
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.state_file import read_state
from ansible_collections.nvmock.gpu.plugins.module_utils.node import DEFAULT_DRIVER_ROOT as DRIVER
from ansible_collections.nvmock.gpu.plugins.module_utils.node.fault_change import FaultRequest, NodeFaults, kernel_lines
from ansible_collections.nvmock.gpu.plugins.module_utils.node.file_fault_effects import earlier_version, later_version
from ansible_collections.nvmock.gpu.plugins.module_utils.node.file_fault_kinds import (
    FILE_NAMES,
    FileFault,
    kind_of,
    read_fault,
)

pytestmark = pytest.mark.skipif(not guard.may_mknod(), reason="needs root with CAP_MKNOD")

CLI = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "bin", "gpu-mockctl")
NODE = ("--gpu-count", "2", "--uuid-seed", "a", "--with-hook")
SPEC = "/etc/cdi/nvidia.yaml"
HEALTHY = "/var/lib/nvidia-mock/healthy"
OTHER_STEP = "driver_upgrade 2"
# Each kind, and each step of the upgrade.
CASES = (*FILE_NAMES, OTHER_STEP)
# The kinds of the state that this machine type can have.
STATE = tuple(kind for kind in NAMES if kind != "fabric_unhealthy")
ALL_PAIRS = os.environ.get("NVMOCK_TEST_ALL_PAIRS")


def make(place, *arguments):
    """Run gpu-mockctl in this process; return what it says, and what it warns of."""
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        assert node_command.run(["--host-root", str(place), *(arguments or NODE)]) == 0
    return out.getvalue(), errors.getvalue()


def change(place, is_present, kind, gpus=None, check=False, driver_root=DRIVER, **options):
    name, _blank, step = (kind or "").partition(" ")
    if step:
        options["step"] = int(step)
    if name == "xid":
        options["xid"] = 79
    with HostRoot(str(place)) as root:
        request = FaultRequest(is_present, name or None, gpus, options)
        return NodeFaults(root, driver_root).change(request, check)


def put(place, kind, *arguments, **options):
    return change(place, True, kind, *arguments, **options)


def take(place, kind=None, *arguments, **options):
    return change(place, False, (kind or "").partition(" ")[0], *arguments, **options)


def seen(place):
    """Everything on the node, by path: type, mode, owner, and content, target or numbers."""
    found = {}
    for directory, names, files in os.walk(place):
        for name in [*names, *files]:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            special = status.st_rdev
            if stat.S_ISLNK(status.st_mode):
                special = os.readlink(path)
            elif stat.S_ISREG(status.st_mode):
                with open(path, "rb") as handle:
                    special = handle.read()
            found[path[len(str(place)) :]] = (status.st_mode, status.st_uid, status.st_gid, special)
    return found


def different(one, other):
    return sorted(path for path in {*one, *other} if one.get(path) != other.get(path))


def verified(place):
    errors = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
        verify_command.run(["--host-root", str(place)])
    return errors.getvalue()


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A node, and what is on it. Each test leaves it like this."""
    place = tmp_path_factory.mktemp("file-faults")
    (place / "run" / "systemd" / "system").mkdir(parents=True)  # so that device nodes are restored at boot
    make(place)
    before = seen(place)
    yield place, before
    assert different(seen(place), before) == []


@pytest.mark.parametrize("kind", CASES)
def test_every_kind(node, kind):
    """Check mode predicts it, runs leave it on and say so, verification names it, and healing leaves nothing."""
    place, before = node
    name = kind.partition(" ")[0]
    predicted = put(place, kind, check=True)
    assert predicted.changed and different(seen(place), before) == []
    done = put(place, kind)
    assert [(one.action, one.path) for one in done.files] == [(one.action, one.path) for one in predicted.files]
    assert done.diffs("state") == predicted.diffs("state")
    assert not put(place, kind).changed
    faulty = seen(place)
    said, warned = make(place)
    assert said.endswith("0 created, 0 updated, 0 removed: up to date\n"), said
    assert warned.count("\n") == 1 and f"fault {name}" in warned and "left on" in warned
    assert different(seen(place), faulty) == []
    assert f"fault {name}" in verified(place)
    take(place, kind)
    assert different(seen(place), before) == []
    assert verified(place) == ""


def _cases(pairs, count):
    """All of them on request, otherwise a sample that differs from the one of another list."""
    pairs = list(pairs)
    return pairs if ALL_PAIRS else random.Random(len(pairs)).sample(pairs, count)


PAIRS = [pair for pair in itertools.permutations([*STATE, *CASES], 2) if pair[0].split()[0] != pair[1].split()[0]]


@pytest.mark.parametrize("one, other", _cases(PAIRS, 24))
def test_pairs_leave_nothing(node, one, other):
    """Ordered pairs of kinds of both families, healed in both orders."""
    place, before = node
    state = f"{DRIVER}/lib64/libnvidia-mockstate.so.550.54.15"
    at_rest = before[state][3]
    try:
        for first in (one, other):
            put(place, one), put(place, other)
            take(place, first)
            take(place, other if first == one else one)
            assert set(different(seen(place), before)) <= {state}  # it counts how often it was written
            with HostRoot(str(place)) as root:
                assert read_state(root.read(state), state).entries == {}
    finally:
        take(place)
        with open(f"{place}{state}", "r+b") as handle:
            handle.write(at_rest)


@settings(max_examples=15)
@given(st.lists(st.tuples(st.sampled_from(["put", "take", "run", "gpu"]), st.sampled_from(CASES)), max_size=5))
def test_histories(node, steps):
    """Faults that come and go, with runs between them: the set of faults alone counts, and without one the node is as before."""
    place, before = node
    on = {}
    for step, kind in steps:
        name = kind.split()[0]
        if step == "put":
            put(place, kind)
            on[name] = kind
        elif step == "take":
            take(place, kind)
            on.pop(name, None)
        elif step == "gpu" and kind_of(name).is_of_gpus:
            put(place, kind, ["1"])
            on[name] = kind
        else:
            make(place)
    with HostRoot(str(place)) as root:
        rows = NodeFaults(root, DRIVER)
        listed = {
            row["kind"] for row in [*rows.of_node(), *(one for gpu in rows.of_gpus([0, 1]) for one in gpu["faults"])]
        }
    assert listed == set(on)
    take(place)
    assert different(seen(place), before) == []


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("arguments", [("--gpu-count", "3"), ("--driver-version", "550.90.07"), ("--mig", "0=1g.5gb")])
def test_another_node_under_a_fault(tmp_path, kind, arguments):
    """A run with other options while a fault is on: without the fault, the node is as if there had never been one."""
    if kind not in ("device_node_missing", "driver_upgrade", "spec_stale", "hook_missing") and not ALL_PAIRS:
        pytest.skip("only with NVMOCK_TEST_ALL_PAIRS")
    options = ["--uuid-seed", "a", "--with-hook", *arguments]
    fresh, place = tmp_path / "fresh", tmp_path / "node"
    fresh.mkdir(), place.mkdir()
    make(fresh, *options)
    make(place)
    put(place, kind)
    make(place, *options)
    assert make(place, *options)[0].endswith(": up to date\n")
    take(place)
    assert different(seen(place), seen(fresh)) == []


def test_the_removal_takes_faults_off(tmp_path):
    make(tmp_path)
    for kind in FILE_NAMES:
        put(tmp_path, kind)
    make(tmp_path, "--remove")
    assert seen(tmp_path) == {}


def test_a_part_that_is_removed_takes_its_faults_along(tmp_path):
    make(tmp_path)
    put(tmp_path, "spec_shadowed"), put(tmp_path, "device_node_missing", ["0"])
    make(tmp_path, "--remove", "--mode", "cdi")
    with HostRoot(str(tmp_path)) as root:
        assert Manifest.from_bytes(root.read(MANIFEST)).faults == ("devices device_node_missing gpus=0",)
    assert "fault device_node_missing" in verified(tmp_path) and "spec_shadowed" not in verified(tmp_path)
    make(tmp_path, "--remove")
    assert seen(tmp_path) == {}


def test_single_modules_leave_them_on(tmp_path):
    """A specification that is made alone is that of the node without faults."""
    from ansible_collections.nvmock.gpu.plugins.module_utils.machine.file import PATH, read_machine_file
    from ansible_collections.nvmock.gpu.plugins.module_utils.node import cdi_spec
    from ansible_collections.nvmock.gpu.plugins.module_utils.node.with_faults import with_faults, without_faults
    from ansible_collections.nvmock.gpu.plugins.module_utils.nvcdi.options import options_from

    make(tmp_path)
    with HostRoot(str(tmp_path)) as root:
        machine = read_machine_file(root.read(f"{DRIVER}/{PATH}"), PATH)
        healthy = root.read(SPEC)
    options = options_from(
        {"mode": "nvml", "hook_mode": "toolkit", "architecture": "x86_64", "driver_root": DRIVER, "dev_root": "/"}
    )
    for kinds in (("device_node_missing", "driver_half_removed"), (OTHER_STEP,), ("spec_duplicate", "spec_shadowed")):
        for kind in kinds:
            put(tmp_path, kind)
        with HostRoot(str(tmp_path)) as root:
            planned = without_faults(root, machine, "")
            spec = cdi_spec.make(machine, root, options, cdi_spec.SpecFile(uid=0, gid=0), planned)
            assert next(one.content for one in spec.component.entries if one.path == SPEC) == healthy
            (faulty,) = with_faults(root, machine, [spec.component])
            assert all(root.read(one.path) == one.content for one in faulty.entries if one.content is not None)
        take(tmp_path)


def test_two_mocks(tmp_path):
    """Each has its own faults. What both need has none."""
    make(tmp_path)
    blue = ("--uuid-seed", "a", "--gpu-count", "2", "--with-hook", "--instance", "blue", "--base", "/run/blue")
    places = ("--driver-root", "/opt/blue", "--cdi-output", "/opt/cdi/blue.yaml")
    make(tmp_path, *blue, *places)
    before = seen(tmp_path)
    put(tmp_path, "library_missing", driver_root="/opt/blue")
    changed = different(seen(tmp_path), before)
    assert all(path.startswith(("/opt/blue/", HEALTHY)) or path == MANIFEST for path in changed)
    with HostRoot(str(tmp_path)) as root:
        assert Manifest.from_bytes(root.read(MANIFEST)).faults == ("driver_tree.blue library_missing",)
        assert NodeFaults(root, DRIVER).of_node() == []
    with pytest.raises(HostError, match="is also part of"):
        put(tmp_path, "device_node_missing", driver_root="/opt/blue")
    take(tmp_path, driver_root="/opt/blue")
    assert different(seen(tmp_path), before) == []


def test_what_the_kinds_do(node):
    place, before = node
    version = "550.54.15"

    def on_node(path):
        return seen(place).get(path)

    put(place, "device_node_missing", ["1"])
    assert on_node("/dev/nvidia1") is None and on_node("/dev/nvidia0") is not None
    restored = b"".join(now[3] for path, now in seen(place).items() if path.startswith("/etc/tmpfiles.d/"))
    assert b"/nvidia1 " not in restored and b"/nvidia0 " in restored  # a restart does not bring it back
    put(place, "device_node_wrong_major", ["0"])
    assert os.major(on_node("/dev/nvidia0")[3]) == 240
    put(place, "device_node_no_permission", ["0"])
    assert stat.S_IMODE(on_node("/dev/nvidia0")[0]) == 0
    take(place, None, ["0"])
    assert on_node("/dev/nvidia0") == before["/dev/nvidia0"] and on_node("/dev/nvidia1") is None
    take(place)

    put(place, "driver_upgrade 1")
    new = later_version(version)
    assert on_node(f"{DRIVER}/lib64/libcuda.so.{version}") is None
    assert on_node(f"{DRIVER}/lib64/libcuda.so.1")[3] == f"libcuda.so.{new}"
    smi = subprocess.run([f"{place}{DRIVER}/bin/nvidia-smi"], capture_output=True, text=True, check=False)
    assert smi.returncode == 18
    assert smi.stdout == "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 550.54\n"
    procfs = "/run/nvidia/driver/proc/driver/nvidia/version"
    assert on_node(procfs) == before[procfs]
    put(place, OTHER_STEP)
    assert new.encode() in on_node(procfs)[3] and f"libcuda.so.{new}".encode() in on_node(SPEC)[3]
    environment = {**os.environ, "NVMOCK_DEV": f"{place}/dev"}
    smi = subprocess.run(
        [f"{place}{DRIVER}/bin/nvidia-smi", "--version"], capture_output=True, text=True, env=environment, check=False
    )
    assert smi.returncode == 0 and new in smi.stdout and version not in smi.stdout
    take(place)

    put(place, "library_missing")
    smi = subprocess.run([f"{place}{DRIVER}/bin/nvidia-smi"], capture_output=True, text=True, check=False)
    assert smi.returncode == 12 and "couldn't find libnvidia-ml.so library" in smi.stdout
    take(place)
    put(place, "spec_stale")
    assert b"so.550.54.14" in on_node(SPEC)[3] and b"so.550.54.15" not in on_node(SPEC)[3].replace(
        b"mockstate.so.550.54.15", b""
    )
    take(place)


def test_what_others_changed_is_not_hidden(tmp_path):
    make(tmp_path)
    before = seen(tmp_path)
    with open(f"{tmp_path}{SPEC}", "a", encoding="utf-8") as handle:
        handle.write("# edited\n")
    with pytest.raises(HostError, match=r"is not as nvmock\.gpu made it: run nvmock\.gpu again"):
        put(tmp_path, "spec_stale")
    make(tmp_path)
    put(tmp_path, "spec_stale"), put(tmp_path, "device_node_missing")
    os.unlink(f"{tmp_path}{HEALTHY}{SPEC}")
    with pytest.raises(HostError, match=r"is missing: run nvmock\.gpu again"):
        take(tmp_path)
    make(tmp_path)  # repairs what the fault keeps
    os.mknod(f"{tmp_path}/dev/nvidia0", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    for change_it in (make, take):  # a node of others is in a place that must be empty
        with pytest.raises(NvmockError, match=r"exists and was not made by nvmock\.gpu: remove it"):
            change_it(tmp_path)
    os.unlink(f"{tmp_path}/dev/nvidia0")
    take(tmp_path)
    assert different(seen(tmp_path), before) == []


REFUSED = [
    ("hook_missing", {}, "this node does not have a hook program of nvmock.gpu"),
    ("driver_upgrade 3", {}, "fault.step: 3 is not allowed: must be 1 or 2"),
    ("spec_stale 1", {}, "fault.step: 1 is not allowed: must be left out for spec_stale"),
    ("xid 1", {}, "fault.step: 1 is not allowed: must be left out for xid"),
    ("spec_stale", {"gpus": ["0"]}, "must be left out for spec_stale: it is a fault of the node"),
    ("spec_stale", {"count": 3}, "fault.count: 3 is not allowed: must be left out for spec_stale"),
    ("device_node_missing", {"gpus": ["7"]}, "gpus: '7' is not allowed"),
    ("xyz", {}, "fault.kind: 'xyz' is not allowed: must be one of xid"),
]


@pytest.mark.parametrize("kind, options, message", REFUSED)
def test_refused(tmp_path, kind, options, message):
    make(tmp_path, "--gpu-count", "2")
    before = seen(tmp_path)
    with pytest.raises(ParameterError) as error:
        put(tmp_path, kind, **options)
    assert message in str(error.value) and "\n" not in str(error.value)
    assert different(seen(tmp_path), before) == []


def test_nodes_that_cannot_have_some(tmp_path):
    """Regular files in the place of device nodes, no specification, and one in the directory of the highest priority."""
    files, shadow = tmp_path / "files", tmp_path / "shadow"
    files.mkdir(), shadow.mkdir()
    make(files, "--device-files", "regular")
    for kind in ("device_node_wrong_major", "device_node_no_permission"):
        with pytest.raises(ParameterError, match="device nodes of this GPU that are character devices"):
            put(files, kind)
    assert put(files, "device_node_missing").changed
    make(shadow, "--cdi-output", "/var/run/cdi/nvidia.yaml")
    with pytest.raises(ParameterError, match="a directory with a lower priority"):
        put(shadow, "spec_shadowed")


@given(st.text("adeginorsuv_ =,0123456789é\n", max_size=40) | st.sampled_from(CASES))
def test_texts_of_manifests(text):
    """A text is read as the fault that it says, or it is refused."""
    try:
        fault = read_fault(text)
    except ValueError:
        return
    assert fault.text == text and fault.kind in FILE_NAMES


@given(st.sampled_from(FILE_NAMES), st.frozensets(st.integers(0, 15), min_size=1), st.sampled_from([1, 2]))
def test_texts_come_back(kind, gpus, step):
    fault = FileFault(
        kind, tuple(sorted(gpus)) if kind_of(kind).is_of_gpus else (), step if kind == "driver_upgrade" else 0
    )
    assert read_fault(fault.text) == fault


def test_a_fault_that_this_version_does_not_know(tmp_path):
    make(tmp_path)
    with HostRoot(str(tmp_path)) as root:
        known = Manifest.from_bytes(root.read(MANIFEST))
    known.faults = ("cdi_spec spec_on_fire",)
    with open(f"{tmp_path}{MANIFEST}", "wb") as handle:
        handle.write(Manifest(known.owned, faults=known.faults).to_bytes())
    with pytest.raises(HostError, match=r"which this nvmock\.gpu does not know"):
        make(tmp_path)


@pytest.mark.parametrize("version", ["550.54.15", "565.77", "550.163.00", "580.65.09", "470.0", "999.9"])
def test_other_versions(version):
    for other in (later_version(version), earlier_version(version)):
        assert other != version and len(other) == len(version) and other.split(".")[0] == version.split(".")[0]


def test_the_command(tmp_path):
    make(tmp_path)

    def told(*words):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            assert fault_command.run([*words, "--host-root", str(tmp_path)]) == 0
        return out.getvalue()

    assert told() == "GPU 0: no faults\nGPU 1: no faults\n"
    assert told("set", "device_node_missing", "--gpus", "1") == "GPU 1: device_node_missing\n"
    assert told("set", "driver_upgrade", "step=2").endswith("GPU 1: device_node_missing\nnode: driver_upgrade step=2\n")
    lines = told("set", "xid", "xid=31", "--gpus", "1").splitlines()
    assert lines == [
        "GPU 1: xid xid=31 (GPU memory page fault)",
        "GPU 1: device_node_missing",
        "node: driver_upgrade step=2",
    ]
    found = json.loads(told("--output", "json"))
    assert found["node"] == [{"kind": "driver_upgrade", "step": 2}]
    assert found["gpus"][1] == {"index": 1, "faults": [{"kind": "xid", "xid": 31}, {"kind": "device_node_missing"}]}
    assert told("clear", "driver_upgrade", "xid") == "GPU 0: no faults\nGPU 1: device_node_missing\n"
    assert told("clear") == "GPU 0: no faults\nGPU 1: no faults\n"
    assert all(kind in told("kinds") for kind in (*NAMES, *FILE_NAMES))


def test_a_run_without_faults_loads_nothing_for_them(tmp_path):
    make(tmp_path)
    command = [sys.executable, "-I", "-S", "-v", CLI, "--host-root", str(tmp_path), *NODE]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    )
    for name in (
        "file_faults",
        "file_fault_effects",
        "file_fault_kinds",
        "fault_change",
        "stub_program",
        "mismatch",
        "fault_words",
    ):
        assert f".{name}'" not in done.stderr
    assert done.stdout.endswith(": up to date\n")


# -- the kernel's log --------------------------------------------------------------------------------------------------


def test_the_line_of_the_kernel():
    request = FaultRequest(True, "xid", None, {"xid": 79}, kernel_log=True)
    line = "nvmock: NVRM: Xid (PCI:0000:07:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus."
    assert kernel_lines("0000:07:00.0", request) == [line]
    assert "): 48, " in kernel_lines("0000:07:00.0", FaultRequest(True, "ecc_dram", None, {}))[0]


@pytest.mark.parametrize("kind", ["thermal", "spec_stale"])
def test_kinds_of_which_the_kernel_says_nothing(node, kind):
    place, _before = node
    with (
        HostRoot(str(place)) as root,
        pytest.raises(ParameterError, match=f"left out for {kind}: the kernel has no line"),
    ):
        NodeFaults(root, DRIVER).change(FaultRequest(True, kind, None, {}, kernel_log=True))


def test_a_kernel_log_that_cannot_be_written(tmp_path, monkeypatch):
    """Nothing is changed then. The log is opened before."""
    make(tmp_path)
    before = seen(tmp_path)
    request = FaultRequest(True, "xid", ["0"], {"xid": 79}, kernel_log=True)

    def refused():
        with HostRoot(str(tmp_path)) as root, pytest.raises(HostError) as error:
            NodeFaults(root, DRIVER).change(request)
        assert "\n" not in str(error.value) and "leave kernel_log out" in str(error.value)

    refused()
    os.mknod(f"{tmp_path}/dev/kmsg", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    refused()
    os.unlink(f"{tmp_path}/dev/kmsg")
    assert different(seen(tmp_path), before) == []
    lines = []
    monkeypatch.setattr(kernel_log, "NUMBERS", (1, 3))
    monkeypatch.setattr(kernel_log.KernelLog, "write", lambda _log, line: lines.append(line))
    os.mknod(f"{tmp_path}/dev/kmsg", 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    with HostRoot(str(tmp_path)) as root:
        faults = NodeFaults(root, DRIVER)
        assert faults.change(request, check=True).changed and lines == []
        assert faults.change(request).changed and len(lines) == 1
        assert not faults.change(request).changed and len(lines) == 1  # the fault is on already
