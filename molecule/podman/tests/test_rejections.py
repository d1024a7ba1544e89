# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the collection refuses, podman also refuses: a specification with one error, compared with the same one without it."""

from __future__ import annotations

import json
import os
import sys

import pytest
from podman_support import MOCKCTL, PROJECT, run_in

sys.path.append(os.path.join(PROJECT, "molecule"))

from bad_specs import BAD, DEVICE, GOOD, NOWHERE, OTHER, TOO_LOW


@pytest.fixture
def node(tmp_path):
    """A host root whose /etc/cdi is visible in the container."""
    (tmp_path / "etc/cdi").mkdir(parents=True)
    (tmp_path / "var/run/cdi").mkdir(parents=True)
    return tmp_path


def write(node, spec, path="etc/cdi/test.json"):
    (node / path).write_text(json.dumps(spec))


def run(host, variables, node, script="true"):
    image, places = variables["podman_image"], (f"{node}/etc/cdi", f"{node}/var/run/cdi")
    return run_in(host, places[0], image, [DEVICE], script, run_specs=places[1])


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
    assert f"unresolvable CDI devices {DEVICE}" in done.stderr


def test_a_version_that_is_too_low_for_its_fields(host, node):
    """The collection and containerd (scenario kind) refuse it. The CDI library in podman 4 does not check it."""
    write(node, TOO_LOW)
    assert "the spec version must be at least v0.5.0" in ours(host, node).stdout


def test_a_device_of_two_files_is_lost_to_both(host, variables, node):
    write(node, GOOD)
    write(node, GOOD, "etc/cdi/again.json")
    check = ours(host, node)
    assert check.rc == 1
    assert f'conflicting device "{DEVICE}"' in check.stdout
    assert f"unresolvable CDI devices {DEVICE}" in run(host, variables, node).stderr


def test_a_specification_in_var_run_shadows_for_both(host, variables, node):
    write(node, GOOD)
    write(node, OTHER, "var/run/cdi/other.json")
    listed = host.run("%s cdi list --host-root %s", MOCKCTL, str(node))
    assert f'device "{DEVICE}" of /etc/cdi/test.json is hidden by /var/run/cdi/other.json' in listed.stderr
    assert run(host, variables, node, "echo $NVIDIA_VISIBLE_DEVICES").stdout == "other\n"


@pytest.mark.parametrize("name", NOWHERE)
def test_host_paths_that_lead_nowhere_end_the_container(host, variables, node, name):
    """The specification is valid, so only starting a container shows it. nvmock_cdi_spec checks the node before it writes."""
    write(node, NOWHERE[name])
    assert run(host, variables, node).rc != 0
