# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A watch (the pod of the in-cluster path) and other runs on one node: none of them changes the other's node silently."""

from __future__ import annotations

import importlib
import json
import os
import time

import pytest
from ansible.module_utils.testing import patch_module_args
from test_command_line import make, run, snapshot

from ansible_collections.nvmock.gpu.plugins.module_utils.cli.flags import parse
from ansible_collections.nvmock.gpu.plugins.module_utils.cli.node_command import apply_node
from ansible_collections.nvmock.gpu.plugins.module_utils.cli.watch_command import flags
from ansible_collections.nvmock.gpu.plugins.module_utils.errors import GuardError
from ansible_collections.nvmock.gpu.plugins.module_utils.node.keeper import Keeper

DRIVER_ROOT = "/var/lib/nvidia-mock/driver"
OWN = f"watch:{os.uname().nodename}"


@pytest.fixture
def node(tmp_path):
    path = tmp_path / "node"
    path.mkdir()
    return path


def manifest(node):
    return (node / "var/lib/nvidia-mock/manifest.mtree").read_text()


def machine(node):
    return json.loads((node / DRIVER_ROOT[1:] / "etc/nvmock/machine.json").read_text())["type_name"]


def refused(running):
    """End a watch that runs, but is not ready; what it said on stderr, each thing once."""
    running.wait_for(running.alive.exists)
    time.sleep(0.5)
    assert running.process.poll() is None and not running.ready.exists()
    out, errors = running.end()
    lines = errors.splitlines()
    assert running.process.returncode == 0 and len(set(lines)) == len(lines), errors
    return out, errors


def module(name, node, **parameters):
    """Run an Ansible module, as the role gpu_node does."""
    arguments = {"host_root": str(node), **parameters}
    door = importlib.import_module(f"ansible_collections.nvmock.gpu.plugins.modules.{name}")
    with patch_module_args(arguments), pytest.raises(SystemExit) as left:
        door.main()
    assert left.value.code == 0


def by_role(node, state, name="dgxh100"):
    """What the role gpu_node does."""
    place = {"state": state}
    described = {} if state == "absent" else {"machine": name, "uuid_seed": "a"}
    files = "char" if os.geteuid() == 0 else "regular"
    parts = [
        ("nvmock_devices", {"device_files": files}),
        ("nvmock_driver_tree", {}),
        ("nvmock_cdi_spec", {"hook_mode": "none", "devices_are_files": files == "regular"}),
    ]
    for part, more in parts if state == "present" else parts[::-1]:
        module(part, node, **place, **(described | more if state == "present" else {}))


def by_command(node, state, name="dgxh100"):
    if state == "absent":
        done = run("--host-root", str(node), "--remove")
        assert done.returncode == 0, done.stderr
    else:
        make(node, "--machine", name, "--uuid-seed", "a")


@pytest.mark.parametrize("other", [by_role, by_command])
def test_a_node_of_another_run_is_not_made_another_machine(watch, node, other):
    other(node, "present")
    before = snapshot(node)
    out, errors = refused(watch("--machine", "dgxa100", "--remove-on-exit"))
    assert "the machine type dgxh100, and this command would make it one with the machine type dgxa100" in errors
    assert errors.count("\n") == 1
    assert "in_cluster_machines" in errors and "in_cluster_take_over" in errors
    assert snapshot(node) == before
    assert "the node is another run's" in out


@pytest.mark.parametrize("other", [by_role, by_command])
def test_a_node_that_another_run_made_another_machine_stays_it(watch, node, other):
    running = watch("--machine", "dgxa100", "--remove-on-exit")
    running.wait_for(running.ready.exists)
    assert OWN in manifest(node) and machine(node) == "dgxa100"
    other(node, "present")
    running.wait_for(lambda: not running.ready.exists())
    before = snapshot(node)
    assert machine(node) == "dgxh100" and OWN not in manifest(node)
    _out, errors = refused(running)
    assert "the machine type dgxh100, and" in errors.splitlines()[-1]
    assert snapshot(node) == before


@pytest.mark.parametrize("other", [by_role, by_command])
def test_a_node_that_another_run_removed_stays_without(watch, node, other):
    before = snapshot(node)
    running = watch("--remove-on-exit")
    running.wait_for(running.ready.exists)
    other(node, "absent")
    running.wait_for(lambda: not running.ready.exists())
    _out, errors = refused(running)
    last = errors.splitlines()[-1]
    assert "another run removed the mock GPUs from this node" in last and "delete the pod" in last
    assert snapshot(node) == before
    again = watch()
    again.wait_for(again.ready.exists)


def test_a_node_of_another_run_with_the_same_settings_is_repaired_and_stays(watch, node):
    make(node, "--uuid-seed", "a")
    before = snapshot(node)
    running = watch("--remove-on-exit")
    running.wait_for(running.ready.exists)
    (node / "etc/cdi/nvidia.yaml").write_text("drift")
    running.wait_for(lambda: (node / "etc/cdi/nvidia.yaml").read_text() != "drift")
    _out, errors = running.end()
    assert errors == "" and snapshot(node) == before


def test_another_run_with_the_same_settings_makes_the_node_its_own(watch, node):
    running = watch("--remove-on-exit")
    running.wait_for(running.ready.exists)
    made = snapshot(node)
    done = make(node, "--uuid-seed", "a")
    assert ": up to date" in done.stdout and OWN not in manifest(node)
    running.end()
    assert set(snapshot(node)) == set(made)


def test_a_watch_that_is_told_to_takes_the_node_over(watch, node):
    make(node, "--machine", "dgxh100", "--uuid-seed", "a")
    running = watch("--machine", "dgxa100", "--take-over")
    running.wait_for(running.ready.exists)
    assert machine(node) == "dgxa100" and OWN in manifest(node)


@pytest.mark.parametrize(
    "given, named",
    [
        (["--gpu-count", "2"], "the number of GPUs 2, and this command would make it one with the number of GPUs 8"),
        (["--driver-version", "535.104.05"], "the driver version 535.104.05, and"),
        (["--product-name", "NVIDIA A100X"], "the product name NVIDIA A100X, and"),
        (["--uuid-seed", "b"], "the UUIDs GPU-"),
        (["--mig", "0=1g.5gb"], "the MIG devices 0:1g.5gb, and"),
        (["--mode", "cdi"], "the parts cdi_spec:"),
        (["--base", "/run/other"], "the parts cdi_spec:"),
        (["--mode", "fs"], "machine.json: No such file or directory"),
    ],
)
def test_what_differs_is_named(node, given, named):
    make(node, "--uuid-seed", "a", *given)
    before = snapshot(node)
    with pytest.raises(GuardError) as caught:
        keep(node, Keeper("pod-a", DRIVER_ROOT, False))
    assert named in str(caught.value)
    assert snapshot(node) == before


def keep(node, keeper, *more, remove=False):
    """One pass of a watch."""
    values = parse(flags(), ["--host-root", str(node), "--device-files", "auto", "--uuid-seed", "a", *more])
    result = apply_node(values.but(check=False, remove=remove), {"fs", "cdi"}, keeper)
    keeper.kept = not remove
    return result.changes


def test_a_new_pod_replaces_an_old_one(node):
    """The old one may still be there: what it does as it ends must not undo the work of the new one."""
    old, new = (Keeper(name, DRIVER_ROOT, False) for name in ("pod-a", "pod-b"))
    assert keep(node, old)
    keep(node, new, "--machine", "dgxh100")
    assert "watch:pod-b" in manifest(node) and "watch:pod-a" not in manifest(node)
    with pytest.raises(GuardError, match="the machine type dgxh100, and"):
        keep(node, old)
    assert keep(node, old, remove=True) == []
    assert keep(node, new, "--machine", "dgxh100") == []
    assert keep(node, new, remove=True) and list(node.iterdir()) == []


def test_a_lost_manifest_is_no_removal(node):
    keeper = Keeper("pod-a", DRIVER_ROOT, False)
    keep(node, keeper)
    (node / "var/lib/nvidia-mock/manifest.mtree").unlink()
    try:
        keep(node, keeper)
    except GuardError as error:
        assert "another run removed" not in str(error)


def test_an_unexpected_error_is_said_once_and_the_watch_goes_on(monkeypatch, capsys, tmp_path):
    from ansible_collections.nvmock.gpu.plugins.module_utils.cli import watch_command

    class Ended:
        si_signo = watch_command.signal.SIGTERM

    errors = [RecursionError("too\ndeep"), RecursionError("too\ndeep"), MemoryError()]
    waits = [None, None, Ended]

    def fail(*_unused):
        raise errors.pop(0)

    monkeypatch.setattr(watch_command, "apply_node", fail)
    monkeypatch.setattr(watch_command.signal, "sigtimedwait", lambda *_unused: waits.pop(0))
    values = parse(flags(), ["--host-root", str(tmp_path)])
    watch_command._keep(values, {"fs"}, 1, Keeper("pod-a", DRIVER_ROOT, False))
    assert capsys.readouterr().err == "gpu-mockctl: RecursionError: too deep\ngpu-mockctl: MemoryError:\n"
