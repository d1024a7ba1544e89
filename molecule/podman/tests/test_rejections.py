# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What we refuse, podman refuses as well: a specification that is wrong by one thing, and the same one without it."""

from __future__ import annotations

import copy
import json

import pytest
from podman_support import MOCKCTL, run_in

GOOD = {
    "cdiVersion": "0.5.0",
    "kind": "nvidia.com/gpu",
    "devices": [{"name": "0", "containerEdits": {"deviceNodes": [{"path": "/dev/nvidia0", "hostPath": "/dev/null"}]}}],
    "containerEdits": {"env": ["NVIDIA_VISIBLE_DEVICES=void"]},
}


def _change(what):
    spec = copy.deepcopy(GOOD)
    what(spec, spec["devices"][0])
    return spec


def _set(place, **values):
    place.update(values)


# (the specification, what we say)
BAD = {
    "empty edits": (
        _change(lambda spec, device: _set(device, containerEdits={})),
        "invalid device, empty device edits",
    ),
    "unknown field": (
        _change(lambda spec, device: _set(spec, driver="nvidia")),
        "unknown field 'driver'",
    ),
    "unknown field of a node": (
        _change(lambda spec, device: _set(device["containerEdits"]["deviceNodes"][0], host="/dev/null")),
        "unknown field 'host'",
    ),
    "bad device name": (
        _change(lambda spec, device: _set(device, name="0/1")),
        "invalid",
    ),
    "bad class": (
        _change(lambda spec, device: _set(spec, kind="nvidia.com/g pu")),
        "invalid",
    ),
    "no such version": (
        _change(lambda spec, device: _set(spec, cdiVersion="9.9.9")),
        'invalid version "9.9.9"',
    ),
    "two devices of one name": (
        _change(lambda spec, device: spec["devices"].append(copy.deepcopy(device))),
        'multiple device "0"',
    ),
    "a variable without a value": (
        _change(lambda spec, device: _set(spec["containerEdits"], env=["void"])),
        "must be NAME=value",
    ),
    "a hook that no runtime knows": (
        _change(lambda spec, device: _set(spec["containerEdits"], hooks=[{"hookName": "later", "path": "/bin/true"}])),
        "invalid hook name",
    ),
    "a mount to nowhere": (
        _change(
            lambda spec, device: _set(spec["containerEdits"], mounts=[{"hostPath": "/etc", "containerPath": ""}]),
        ),
        "empty container path",
    ),
}


@pytest.fixture
def node(tmp_path):
    """A host root whose /etc/cdi the container sees."""
    (tmp_path / "etc/cdi").mkdir(parents=True)
    (tmp_path / "var/run/cdi").mkdir(parents=True)
    return tmp_path


def write(node, spec, path="etc/cdi/test.json"):
    (node / path).write_text(json.dumps(spec))


def run(host, variables, node, script="true", device="nvidia.com/gpu=0"):
    image, places = variables["podman_image"], (f"{node}/etc/cdi", f"{node}/var/run/cdi")
    return run_in(host, places[0], image, [device], script, run_specs=places[1])


def ours(host, node):
    return host.run("%s cdi validate --host-root %s", MOCKCTL, str(node))


def test_the_good_one_is_taken_by_both(host, variables, node):
    write(node, GOOD)
    assert ours(host, node).rc == 0
    done = run(host, variables, node, "test -c /dev/nvidia0 && echo $NVIDIA_VISIBLE_DEVICES")
    assert (done.rc, done.stdout) == (0, "void\n"), done.stderr


@pytest.mark.parametrize("name", BAD)
def test_a_bad_one_is_refused_by_both(host, variables, node, name):
    spec, said = BAD[name]
    write(node, spec)
    check = ours(host, node)
    assert check.rc == 1
    assert said in check.stdout
    done = run(host, variables, node)
    assert done.rc != 0
    assert "unresolvable CDI devices nvidia.com/gpu=0" in done.stderr


def test_a_version_that_is_too_low_for_its_fields(host, node):
    """Refused by us as by containerd (tests/kind/test_containerd.py); the CDI library in podman 4 does not look."""
    write(node, _change(lambda spec, device: _set(spec, cdiVersion="0.3.0")))
    assert "the spec version must be at least v0.5.0" in ours(host, node).stdout


def test_a_device_of_two_files_is_lost_to_both(host, variables, node):
    write(node, GOOD)
    write(node, GOOD, "etc/cdi/again.json")
    check = ours(host, node)
    assert check.rc == 1
    assert 'conflicting device "nvidia.com/gpu=0"' in check.stdout
    assert "unresolvable CDI devices nvidia.com/gpu=0" in run(host, variables, node).stderr


def test_a_specification_in_var_run_shadows_for_both(host, variables, node):
    other = _change(lambda spec, device: _set(spec["containerEdits"], env=["NVIDIA_VISIBLE_DEVICES=other"]))
    write(node, GOOD)
    write(node, other, "var/run/cdi/other.json")
    listed = host.run("%s cdi list --host-root %s", MOCKCTL, str(node))
    assert 'device "nvidia.com/gpu=0" of /etc/cdi/test.json is hidden by /var/run/cdi/other.json' in listed.stderr
    assert run(host, variables, node, "echo $NVIDIA_VISIBLE_DEVICES").stdout == "other\n"


@pytest.mark.parametrize(
    "edits",
    [
        {"deviceNodes": [{"path": "/dev/nvidia0", "hostPath": "/nowhere/nvidia0"}]},
        {"deviceNodes": [{"path": "/dev/nvidia0", "hostPath": "/etc/hostname"}]},
        {
            "mounts": [
                {"hostPath": "/nowhere/libcuda.so.1", "containerPath": "/usr/lib/libcuda.so.1", "options": ["bind"]}
            ]
        },
        {"hooks": [{"hookName": "createContainer", "path": "/nowhere/nvidia-cdi-hook", "args": ["nvidia-cdi-hook"]}]},
    ],
    ids=["no node", "a file for a node", "no file to mount", "no hook"],
)
def test_host_paths_that_lead_nowhere_end_the_container(host, variables, node, edits):
    """The specification is valid, so only starting a container shows it; nvmock_cdi_spec looks at the node before."""
    write(node, _change(lambda spec, device: _set(device, containerEdits=edits)))
    assert run(host, variables, node).rc != 0
