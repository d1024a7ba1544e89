# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the collection refuses, containerd also refuses: a specification with one error, compared with the same one without it.

And what becomes of CDI where somebody's configuration has it off.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import time

import pytest
from bad_specs import BAD, DEVICE, GOOD, NOWHERE, OTHER, TOO_LOW
from conftest import PROJECT
from cri import Refused

ONLY_ON = "nvmock-molecule-worker"
CONFIG = "/etc/containerd/config.toml"
ETC, VAR_RUN = "/etc/cdi", "/var/run/cdi"


class Specs:
    """Specifications on the node, and the same ones in a directory for gpu-mockctl.

    containerd notices files a moment after they are written. So each write is followed by a witness: a good specification
    of a name that was not there before. Once containerd has that device, it has read what was there before it.
    """

    _numbers = itertools.count()

    def __init__(self, host, directory):
        self._host = host
        self._directory = directory
        self._written = []
        self._had_var_run = host.file(VAR_RUN).exists

    def write(self, path, spec):
        self._put(path, spec)
        self.witness = f"example.com/witness{next(self._numbers)}=0"
        witness = {**GOOD, "kind": self.witness.partition("=")[0], "containerEdits": {}}
        self._put(f"{os.path.dirname(path)}/witness.json", witness)

    def _put(self, path, spec):
        text = json.dumps(spec)
        here = self._directory + path
        os.makedirs(os.path.dirname(here), exist_ok=True)
        with open(here, "w", encoding="ascii") as file:
            file.write(text)
        self._written.append(path)
        self._host.check_output("mkdir -p %s && printf %%s %s >%s", os.path.dirname(path), text, path)

    def ours(self, command="validate"):
        """The output of gpu-mockctl cdi for the directory."""
        call = [sys.executable, os.path.join(PROJECT, "bin", "gpu-mockctl"), "cdi", command]
        return subprocess.run([*call, "--host-root", self._directory], capture_output=True, text=True, check=False)

    def remove(self):
        self._host.check_output("rm -f " + " ".join(self._written))
        if not self._had_var_run:
            self._host.check_output("if [ -d %s ]; then rmdir %s; fi", VAR_RUN, VAR_RUN)


@pytest.fixture
def specs(host, tmp_path):
    specs = Specs(host, str(tmp_path))
    yield specs
    specs.remove()


@pytest.fixture
def start(containerd, image, specs):
    """Start a container with the device after containerd has read what was written."""

    def call():
        end = time.monotonic() + 10
        while True:
            try:
                return containerd.start(image, [DEVICE, specs.witness])
            except Refused as error:
                if specs.witness not in str(error) or time.monotonic() > end:
                    raise
            time.sleep(0.05)

    return call


def release_of_containerd(host):
    """(major, minor)"""
    found = re.search(r" v?([0-9]+)[.]([0-9]+)[.]", host.check_output("containerd --version"))
    return int(found[1]), int(found[2])


UNRESOLVABLE = rf"unresolvable CDI devices {DEVICE}$"


def test_the_good_one_is_taken_by_both(containerd, specs, start):
    specs.write(f"{ETC}/test.json", GOOD)
    assert specs.ours().returncode == 0
    status, said = containerd.run(start(), "test -c /dev/nvidia0 && echo $NVIDIA_VISIBLE_DEVICES")
    assert (status, said) == (0, "void\n")


@pytest.mark.parametrize("name", [*BAD, "too low a version"])
def test_a_bad_one_is_refused_by_both(specs, start, name):
    spec, said = BAD.get(name, (TOO_LOW, "the spec version must be at least v0.5.0"))
    specs.write(f"{ETC}/test.json", spec)
    check = specs.ours()
    assert check.returncode == 1
    assert said in check.stdout
    with pytest.raises(Refused, match=UNRESOLVABLE):
        start()


def test_a_device_of_two_files_is_lost_to_both(specs, start):
    specs.write(f"{ETC}/test.json", GOOD)
    specs.write(f"{ETC}/again.json", GOOD)
    check = specs.ours()
    assert check.returncode == 1
    assert f'conflicting device "{DEVICE}"' in check.stdout
    with pytest.raises(Refused, match=UNRESOLVABLE):
        start()


def test_a_specification_in_var_run_shadows_for_both(containerd, specs, start):
    specs.write(f"{ETC}/test.json", GOOD)
    specs.write(f"{VAR_RUN}/other.json", OTHER)
    said = f'device "{DEVICE}" of {ETC}/test.json is hidden by {VAR_RUN}/other.json'
    assert said in specs.ours("list").stderr
    assert containerd.run(start(), "echo $NVIDIA_VISIBLE_DEVICES") == (0, "other\n")


SAID = {
    "no node": "failed to stat CDI host device",
    "a file for a node": "not a device node",
    "no file to mount": "/nowhere/libcuda.so.1",
    "no hook": "/nowhere/nvidia-cdi-hook",
}


@pytest.mark.parametrize("name", NOWHERE)
def test_host_paths_that_lead_nowhere_end_the_container(specs, start, name):
    """The specification is valid, so only starting a container shows it. nvmock_cdi_spec checks the node before it writes."""
    specs.write(f"{ETC}/test.json", NOWHERE[name])
    with pytest.raises(Refused, match=SAID[name]):
        start()


def test_a_configuration_that_has_cdi_off(host, containerd, image):
    """containerd 2.4 and later ignore the key: CDI stays enabled. (The scenario runtimes shows what 1.7 does.)"""

    def nodes():
        return containerd.run(containerd.start(image, ["nvidia.com/gpu=0"]), "ls /dev | grep nvidia0")[1]

    always_on = release_of_containerd(host) >= (2, 4)
    assert nodes() == "nvidia0\n"
    try:
        host.check_output(f"cp -a {CONFIG} {CONFIG}.kept && sed -i '/enable_cdi/d' {CONFIG}")
        host.check_output(f"sed -i '/io.containerd.grpc.v1.cri\"]/a enable_cdi = false' {CONFIG}")
        assert "\nenable_cdi = false\n" in host.file(CONFIG).content_string
        host.check_output("systemctl restart containerd")
        assert nodes() == ("nvidia0\n" if always_on else "")
    finally:
        host.check_output(f"mv {CONFIG}.kept {CONFIG} && systemctl restart containerd")
    assert nodes() == "nvidia0\n"
