# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A run writes the specification of the node that it leaves, whatever it found: the next run changes nothing."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import yaml

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
DRIVER = "/var/lib/nvidia-mock/driver"
TOOLKIT = "/usr/local/nvidia-container-toolkit"
SPEC = "/etc/cdi/nvidia.yaml"
HOOKS = ("--device-files", "regular", "--gpu-count", "2", "--with-hook")


def mockctl(node, *arguments):
    command = [sys.executable, os.path.join(ROOT, "bin", "gpu-mockctl"), "--host-root", str(node), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def present(node, *arguments):
    done = mockctl(node, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def settled(node, *arguments):
    """Run twice: the first run may repair, the second has nothing to do. Return the specification."""
    present(node, *arguments)
    written = (node / SPEC[1:]).read_text()
    assert "up to date" in present(node, *arguments, "--diff")
    assert (node / SPEC[1:]).read_text() == written
    return written


def host_paths(text):
    spec = yaml.safe_load(text)
    for edits in (spec["containerEdits"], *(device["containerEdits"] for device in spec["devices"])):
        yield from (entry["hostPath"] for entry in edits.get("mounts", ()))
        yield from (entry.get("hostPath", entry["path"]) for entry in edits.get("deviceNodes", ()))


def test_another_driver_version_below_a_linked_parent(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "var").mkdir()
    (tmp_path / "var/run").symlink_to("../run")
    where = (*HOOKS, "--driver-root", "/var/run/nvidia/dr")
    settled(tmp_path, *where, "--driver-version", "570.1")
    written = settled(tmp_path, *where, "--driver-version", "535.104.05")
    missing = [path for path in host_paths(written) if not os.path.lexists(f"{tmp_path}{path}")]
    assert missing == []


def directories(node):
    """The managed directories that have something of the driver or the hook program in them."""
    tops = (DRIVER, f"{TOOLKIT}/bin")
    return sorted(
        place[len(str(node)) :] for top in tops for place, _names, _files in os.walk(f"{node}{top}") if place != top
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    node = tmp_path_factory.mktemp("made")
    present(node, *HOOKS)
    return node


# What is in the place of a directory: a link to it elsewhere, to another directory, or to nothing.
LINKS = {"moved": "{aside}", "elsewhere": "/etc", "dangling": "/nowhere"}


@pytest.mark.parametrize("kind", LINKS)
def test_a_directory_of_the_driver_became_a_link(made, kind):
    wanted = (made / SPEC[1:]).read_text()
    places = directories(made)
    assert f"{DRIVER}/lib64" in places and f"{DRIVER}/usr/share/nvidia" in places
    for number, place in enumerate(places):
        aside = f"/aside-{kind}-{number}"
        os.rename(f"{made}{place}", f"{made}{aside}")
        os.symlink(LINKS[kind].format(aside=aside), f"{made}{place}")
        assert settled(made, *HOOKS) == wanted, place
        assert os.path.isdir(f"{made}{place}") and not os.path.islink(f"{made}{place}"), place


@pytest.mark.parametrize("place", ["/usr", "/usr/local", TOOLKIT, "/dev"])
def test_a_directory_above_is_a_link_to_nothing(tmp_path, place):
    wanted = settled(tmp_path, *HOOKS)
    os.rename(f"{tmp_path}{place}", f"{tmp_path}/aside")
    os.symlink("/nowhere", f"{tmp_path}{place}")
    assert settled(tmp_path, *HOOKS) == wanted


def test_dri_nodes_of_an_earlier_run(tmp_path):
    wanted = settled(tmp_path / "plain", *HOOKS) if (tmp_path / "plain").mkdir() is None else ""
    node = tmp_path / "node"
    node.mkdir()
    assert "/dev/dri/card0" in settled(node, *HOOKS, "--with-dri")
    written = settled(node, *HOOKS)
    assert "/dev/dri" not in written
    assert len(written) == len(wanted)
