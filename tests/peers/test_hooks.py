# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""nvidia-cdi-hook of NVIDIA and ours do the same to twin containers.

The calls are those of the node's own specification, each alone and all in their order, and some that no specification has.
Not compared: a CUDA image's libcuda with NVIDIA's own ELF header about compatibility, as none of that kind can be had here.
"""

from __future__ import annotations

import functools
import json
import os
import pathlib
import re
import shutil
import sys

import pytest

from .known_differences import known
from .node import DRIVER_ROOT, HOOK, MACHINES, MIG, PLAIN
from .toolkit import TOOLKITS, call, case, each_toolkit, mockctl

IN_CONTAINER = pathlib.Path(__file__).with_name("in_container.py")
MACHINE = next(iter(MACHINES))
ALL = "all in order"
LIMITS = "apply-cuda-memory-limits"
HOOKS = (
    "create-symlinks", "enable-cuda-compat", "update-ldcache", "disable-device-node-modification", "chmod",
    "update-application-profile", LIMITS, ALL,
)  # fmt: skip


def empty(root):
    """From scratch."""


def debian(root):
    (root / "etc/ld.so.conf.d").mkdir(parents=True)
    (root / "etc/debian_version").write_text("13.1\n")
    (root / "etc/ld.so.conf").write_text("include /etc/ld.so.conf.d/*.conf\n")
    (root / "etc/ld.so.conf.d/libc.conf").write_text("# libc default configuration\n/usr/local/lib\n")
    (root / "etc/ld.so.cache").write_bytes(b"")
    (root / "usr/lib/x86_64-linux-gnu").mkdir(parents=True)


def fedora(root):
    (root / "etc/ld.so.conf.d").mkdir(parents=True)
    (root / "etc/ld.so.conf").write_text("include ld.so.conf.d/*.conf\n")
    (root / "usr/lib64").mkdir(parents=True)
    (root / "lib64").symlink_to("usr/lib64")


def alpine(root):
    (root / "etc").mkdir()
    (root / "etc/alpine-release").write_text("3.22.1\n")
    (root / "lib").mkdir()


def cuda(root):
    """Debian's, with the libraries of a newer driver."""
    debian(root)
    compat = root / "usr/local/cuda-14.0/compat"
    compat.mkdir(parents=True)
    (root / "usr/local/cuda").symlink_to("cuda-14.0")
    (compat / "libcuda.so.1000.10.01").write_bytes(b"")
    (compat / "libcuda.so.1").symlink_to("libcuda.so.1000.10.01")


def cuda_without_cache(root):
    """The same, and ldconfig was never run."""
    cuda(root)
    (root / "etc/ld.so.cache").unlink()


IMAGES = {image.__name__: image for image in (empty, debian, fedora, alpine, cuda, cuda_without_cache)}


@functools.cache
def edits_of(node, toolkit, device):
    """What the node's specification has for a device: the device's and the common part of each kind of edit, in this order."""
    options = (
        "--driver-root",
        DRIVER_ROOT,
        "--dev-root",
        "/",
        "--nvidia-cdi-hook-path",
        HOOK,
        "--enable-hook",
        "chmod",
    )
    release = ("--toolkit-release", toolkit.release)
    text = mockctl("cdi", "generate", "--host-root", node.root, "--format", "json", *options, *release, *node.flags)
    spec = json.loads(text)
    parts = [next(one for one in spec["devices"] if one["name"] == device)["containerEdits"], spec["containerEdits"]]
    return {
        kind: [edit for part in parts for edit in part.get(kind, [])] for kind in ("deviceNodes", "mounts", "hooks")
    }


class Container:
    """An OCI bundle in which the mounts and device nodes of a specification are done."""

    def __init__(self, place, image, node, edits):
        self.bundle = place
        self.root = place / "rootfs"
        for name in ("dev", "proc", "run"):
            (self.root / name).mkdir(parents=True)
        image(self.root)
        for mount in edits["mounts"]:
            self._copy(node.root / mount["hostPath"].lstrip("/"), mount["containerPath"])
        for device in edits["deviceNodes"]:
            self._node(node.root / device["path"].lstrip("/"), device["path"])
        (place / "config.json").write_text(json.dumps({"ociVersion": "1.2.1", "root": {"path": "rootfs"}}))

    def _place(self, path):
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.parent.chmod(0o711 if place.parent.name == "dri" else 0o755)  # hook chmod has work to do
        return place

    def _copy(self, source, path):
        shutil.copy(source, self._place(path))

    def _node(self, source, path):
        status = source.stat()
        os.mknod(self._place(path), status.st_mode, status.st_rdev)

    def run(self, program, *calls):
        """What in_container.py says of a program's calls."""
        state = json.dumps(
            {"ociVersion": "1.2.1", "id": "c", "status": "created", "pid": 0, "bundle": str(self.bundle)}
        )
        commands = json.dumps([[str(program), *arguments] for arguments in calls])
        enter = ["unshare", "--mount", "--propagation", "private", sys.executable, IN_CONTAINER, self.root, state]
        done = call(*enter, input=commands, timeout=200)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def comparable(tree):
    """A tree without what is random in NVIDIA's: parts of names; and without directories that it leaves for itself."""
    drop_in = re.compile(r"(etc/ld\.so\.conf\.d/(?:00-compat|00-nvcr|zz-nvcr))-[^/]*\.conf")
    return {
        drop_in.sub(r"\1-*.conf", path): found
        for path, found in tree.items()
        if not path.startswith("run/nvidia-ctk-hook")
    }


def differences(theirs, ours):
    """What is not the same in two trees: {path: (theirs, ours)}."""
    theirs, ours = comparable(theirs), comparable(ours)
    paths = sorted(theirs.keys() | ours.keys())
    return {path: (theirs.get(path), ours.get(path)) for path in paths if theirs.get(path) != ours.get(path)}


def hooks_of(toolkit):
    return [hook for hook in HOOKS if hook != LIMITS or toolkit.limits_memory]


# A MIG device has the hooks of a GPU but for LIMITS, and other device nodes.
CASES = [case(toolkit, PLAIN, "all", hook) for toolkit in TOOLKITS for hook in hooks_of(toolkit)]
CASES += [case(toolkit, MIG, "0:0", ALL) for toolkit in TOOLKITS]


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize(("toolkit", "layout", "device", "hook"), CASES)
def test_the_same_tree(nodes, tables, tmp_path, toolkit, layout, device, hook, image):
    results = tables.hooks.setdefault((toolkit.version, layout, hook), {})
    results[image] = "not compared"
    node = nodes(MACHINE, layout)
    edits = edits_of(node, toolkit, device)
    hooks = [one["args"][1:] for one in edits["hooks"] if hook in (one["args"][1], ALL)]
    names = {name for name, *_arguments in hooks}
    every = set(hooks_of(toolkit)) - ({ALL, "chmod", LIMITS} if layout == MIG else {ALL})
    assert names == (every if hook == ALL else {hook})
    ours = Container(tmp_path / "ours", IMAGES[image], node, edits).run(node.hook, *hooks)
    theirs = Container(tmp_path / "theirs", IMAGES[image], node, edits).run(toolkit.program("nvidia-cdi-hook"), *hooks)
    found, expected = differences(theirs["after"], ours["after"]), known(image, names)
    results[image] = "DIFFERENT" if found != expected else "known" if found else "equal"
    assert ours["statuses"] == theirs["statuses"] == [0] * len(hooks), (theirs["messages"], ours["messages"])
    assert found == expected
    # Both have done something; without a driver in the image there is nothing for enable-cuda-compat to do, and without its
    # variables (test_memory_limits.py) nothing for apply-cuda-memory-limits.
    idle = hook == LIMITS or (hook == "enable-cuda-compat" and not image.startswith("cuda"))
    assert bool(differences(theirs["before"], theirs["after"])) != idle


def obstacles(root):
    """Things that are in the way of a hook."""
    debian(root)
    (root / "file").write_text("x")
    (root / "directory/inner").mkdir(parents=True)
    (root / "link").symlink_to("elsewhere")
    (root / "right").symlink_to("t")
    (root / "outwards").symlink_to("../" * 12 + "tmp")
    (root / "into").symlink_to("/directory")
    (root / "forward").symlink_to("/usr/local/cuda/compat")
    compat = root / "usr/local/cuda/compat"
    compat.mkdir(parents=True)
    (compat / "libcuda.so.600.10.01").write_bytes(b"")


LINKS = (
    "", "x", "::", "a::", "::b", "a::b::c", "t::/", "t::/file", "t::/directory", "t::/link", "t::/right", "t::relative/x",
    "t::/outwards/x", "t::/into/x", "t::/file/x", "../../../x::/y", "t::/new/../z", "t:://double", "t::/a/b/c/d", "t::/../../up",
)  # fmt: skip
UNUSUAL = {
    "links": [["create-symlinks", "--link", link] for link in LINKS] + [["create-symlinks"]],
    "modes": [
        ["chmod", *mode, "--path", "/directory"] for mode in ([], ["--mode="], ["--mode", "8"], ["--mode", "0711"])
    ],
    "paths": [
        ["chmod", "--mode", "711", "--path", path]
        for path in ("directory", "/none", "/file", "/outwards", "/directory/../directory/inner", "")
    ],
    "versions": [["enable-cuda-compat", *flag] for flag in ([], ["--host-driver-version="])]
    + [
        ["enable-cuda-compat", f"--host-driver-version={version}"]
        for version in ("600.9", "600.99.1", "1000.1", "new", "599.99.99")
    ],
    "other directories": [
        ["enable-cuda-compat", "--host-driver-version=599.1", *more]
        for more in (
            ["--cuda-compat-container-root=/none"],
            ["--cuda-compat-container-root", "/file"],
            ["--host-cuda-version=12.4"],
            ["--cuda-compat-container-root=/../forward/", "--host-cuda-version="],
        )
    ],
    "words": [
        ["create-symlinks", "x"],
        ["chmod", "word", "--mode", "711", "--path", "/directory", "--", "--bogus"],
        ["chmod", "--mode", "700", "-", "--path", "/directory"],
    ],
    "no GPUs": [["update-application-profile"]],
    "commands": [[], ["hook"], ["some-new-hook", "--x"], ["chmod", "--bogus"], ["chmod", "--help"], ["--version"]],
    "ldconfig": [["update-ldcache", "--folder", "/opt", "--folder", "/none", "--folder", "/opt"]],
}


@pytest.mark.parametrize("name", UNUSUAL)
@each_toolkit
def test_unusual_calls(nodes, tmp_path, toolkit, name):
    """No specification of ours has these. The messages are the programs' own."""
    node, nothing = nodes(MACHINE, PLAIN), {"mounts": [], "deviceNodes": []}
    ours = Container(tmp_path / "ours", obstacles, node, nothing).run(node.hook, *UNUSUAL[name])
    program = toolkit.program("nvidia-cdi-hook")
    theirs = Container(tmp_path / "theirs", obstacles, node, nothing).run(program, *UNUSUAL[name])
    statuses = list(zip(UNUSUAL[name], theirs["statuses"], ours["statuses"]))
    assert [one for one in statuses if one[1] != one[2]] == []
    assert differences(theirs["after"], ours["after"]) == {}
