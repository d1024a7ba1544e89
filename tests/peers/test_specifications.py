# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""nvidia-ctk, unmodified, on a mock node writes the very bytes that gpu-mockctl writes.

It finds our libnvidia-ml.so.1 below the driver root and asks it for everything. What it reads of the kernel is made by node.py.
"""

from __future__ import annotations

import shutil

import pytest

from .node import DRIVER_ROOT, HOOK, LAYOUTS, MACHINES, MIG, PLAIN, Node
from .toolkit import TOOLKITS, each_toolkit, mockctl

DEV_ROOTS = {"none given": (), "/": ("--dev-root", "/")}
OPTIONS = ("--driver-root", DRIVER_ROOT, "--nvidia-cdi-hook-path", HOOK)


def theirs(node, toolkit, *options):
    """What nvidia-ctk writes on the node, and its log."""
    node.install(toolkit.program("nvidia-ctk"))
    output = node.root / "theirs.yaml"
    output.unlink(missing_ok=True)
    done = node.run("nvidia-ctk", "cdi", "generate", "--output=/theirs.yaml", *OPTIONS, *options)
    assert done.returncode == 0, done.stderr
    return output.read_bytes(), done.stderr


def ours(node, toolkit_release, *options):
    """What gpu-mockctl writes for the node."""
    output = node.root / "ours.yaml"
    output.unlink(missing_ok=True)
    release = ("--toolkit-release", toolkit_release)
    mockctl(
        "cdi", "generate", "--host-root", node.root, "--output", "/ours.yaml", *OPTIONS, *release, *options, *node.flags
    )
    return output.read_bytes()


def difference(expected, actual):
    """The first line that is not the same, in words; empty if there is none."""
    if expected == actual:
        return ""
    lines, others = expected.splitlines(keepends=True), actual.splitlines(keepends=True)
    number = next(
        (n for n, (one, other) in enumerate(zip(lines, others)) if one != other), min(len(lines), len(others))
    )
    one, other = (some[number].decode() if number < len(some) else "(end)" for some in (lines, others))
    return f"line {number + 1}: theirs {one!r}, ours {other!r}"


@pytest.mark.parametrize("dev_root", DEV_ROOTS)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("machine", MACHINES)
@each_toolkit
def test_the_same_bytes(nodes, tables, toolkit, machine, layout, dev_root):
    row = [toolkit.version, machine, layout, dev_root, "-"]
    try:
        node = nodes(machine, layout)
        expected, log = theirs(node, toolkit, *DEV_ROOTS[dev_root])
        actual = ours(node, toolkit.release, *DEV_ROOTS[dev_root])
    except BaseException as error:
        tables.specifications.append([*row, f"not compared: {type(error).__name__}"])
        raise
    row[-1] = str(len(expected))
    tables.specifications.append([*row, difference(expected, actual) or "equal"])
    assert difference(expected, actual) == ""
    assert "auto-detected mode as 'nvml'" in log.lower(), log
    if dev_root == "/" and toolkit == TOOLKITS[-1]:  # as in the specification that the node got when it was made
        assert difference(expected, (node.root / "etc/cdi/nvidia.yaml").read_bytes()) == ""
    # Every GPU or MIG device is in it: not two empty specifications that are equal.
    uuids = [gpu["uuid"] for gpu in node.gpus if not gpu["mig_enabled"]]
    uuids += [mig["uuid"] for gpu in node.gpus for mig in gpu["mig_devices"]]
    assert uuids and all(f"name: {uuid}\n".encode() in expected for uuid in uuids)


@each_toolkit
def test_the_files_of_coherent_annotations(nodes, toolkit):
    """Two files, and the annotation is in neither."""
    node = nodes(next(iter(MACHINES)), PLAIN)
    flag = ("--feature-flag", "enable-coherent-annotations")
    for run in (theirs, ours):
        for place in node.root.glob("*.noncoherent.yaml"):
            place.unlink()
        run(node, toolkit if run is theirs else toolkit.release, *flag)
        (more,) = node.root.glob("*.noncoherent.yaml")
        more.rename(node.root / f"more-{run.__name__}")
    for one, other in (("theirs.yaml", "ours.yaml"), ("more-theirs", "more-ours")):
        assert difference((node.root / one).read_bytes(), (node.root / other).read_bytes()) == ""
    assert b"annotations" not in (node.root / "more-ours").read_bytes()


@each_toolkit
def test_a_difference_is_seen(nodes, tmp_path, toolkit):
    """The rules of another release are another specification, and nvidia-ctk reads what the test has made of the kernel."""
    machine = next(iter(MACHINES))
    expected, _log = theirs(nodes(machine, PLAIN), toolkit)
    assert difference(expected, ours(nodes(machine, PLAIN), "1.17")).startswith("line ")
    bare = Node(tmp_path / PLAIN, machine, PLAIN)
    shutil.rmtree(bare.kernel / "sys/bus")
    assert b"/dev/dri/card0" in ours(bare, toolkit.release) and b"/dev/dri/" not in theirs(bare, toolkit)[0]
    bare = Node(tmp_path / MIG, machine, MIG)
    shutil.rmtree(bare.kernel / "proc-driver/nvidia-caps")
    with pytest.raises(AssertionError, match="MIG capability"):
        theirs(bare, toolkit)
