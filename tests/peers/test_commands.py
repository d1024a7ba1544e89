# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""nvidia-ctk's `cdi transform root` and `cdi list` do with our specifications what gpu-mockctl's do."""

from __future__ import annotations

import shutil
import sys

import pytest

from .node import DRIVER_ROOT, HOOK, MACHINES, PLAIN
from .toolkit import ROOT, call, each_toolkit, mockctl

MACHINE = next(iter(MACHINES))
# Names that begin with a letter need no more than version 0.3.0, so host paths make these invalid.
NAMES = {"index and uuid": (), "type-index": ("--device-name-strategy", "type-index")}
ROOTS = (
    ("/", "/host"), ("", "/host"), (DRIVER_ROOT, "/host/driver"), ("/var/lib/", "/x"), ("/var", "/"), ("/", "/"), ("/", ""),
    ("/dev", "/host/dev/"), ("/dev/null", ""), ("/usr", ""), ("nvidia", "/x"), ("--driver", "/x"), ("/none", "/x"),
)  # fmt: skip


@pytest.fixture
def spec(nodes, toolkit, tmp_path):
    """Maker of a specification of the release."""

    def make(*more):
        path = tmp_path / "spec.yaml"
        node = nodes(MACHINE, PLAIN)
        options = ("--driver-root", DRIVER_ROOT, "--dev-root", "/", "--nvidia-cdi-hook-path", HOOK)
        release = ("--toolkit-release", toolkit.release)
        path.write_text(mockctl("cdi", "generate", "--host-root", node.root, *options, *release, *more, *node.flags))
        return path

    return make


@pytest.mark.parametrize("relative_to", ["host", "container"])
@pytest.mark.parametrize("names", NAMES)
@each_toolkit
def test_transform_root(spec, toolkit, names, relative_to):
    path = spec(*NAMES[names])
    statuses = []
    for old, new in ROOTS:
        arguments = [
            "cdi",
            "transform",
            "root",
            f"--from={old}",
            f"--to={new}",
            "--relative-to",
            relative_to,
            "--input",
            path,
        ]
        theirs = call(toolkit.program("nvidia-ctk"), *arguments)
        program = [sys.executable, ROOT / "bin" / "gpu-mockctl"]
        ours = call(*program, *arguments, "--toolkit-release", toolkit.release)
        assert (theirs.returncode, theirs.stdout) == (ours.returncode, ours.stdout), (
            old,
            new,
            theirs.stderr,
            ours.stderr,
        )
        statuses.append(ours.returncode)
    assert 0 in statuses and (1 in statuses) >= (names == "type-index" and relative_to == "host")


@each_toolkit
def test_list(spec, toolkit, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for place in (first, second):
        place.mkdir()
    shutil.copy(spec(), first / "a.yaml")
    shutil.copy(spec("--class", "other"), first / "b.yaml")
    shutil.copy(spec(), second / "again.yaml")
    (second / "bad.yaml").write_text("cdiVersion: 0.5.0\n")
    for directories in ((first,), (second,), (first, second)):
        flags = [word for place in directories for word in ("--spec-dir", place)]
        theirs = call(toolkit.program("nvidia-ctk"), "cdi", "list", *flags)
        assert theirs.returncode == 0 and theirs.stdout.splitlines() == mockctl("cdi", "list", *flags).splitlines()
        assert len(theirs.stdout.splitlines()) > 8
    shutil.copy(first / "a.yaml", first / "c.yaml")  # each device twice: none of them
    theirs = call(toolkit.program("nvidia-ctk"), "cdi", "list", "--spec-dir", first)
    assert theirs.stdout == mockctl("cdi", "list", "--spec-dir", first) and "nvidia.com/gpu=" not in theirs.stdout
