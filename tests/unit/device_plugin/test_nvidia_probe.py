# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What the role device_plugin asks of a node before it installs NVIDIA's plugin."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from plugin_support import ROOT

# As the role runs it: the text, with python -c.
with open(os.path.join(ROOT, "roles", "device_plugin", "files", "nvidia_probe.py"), encoding="utf-8") as file:
    PROBE = file.read()
HOOK = "usr/local/nvidia-container-toolkit/bin/nvidia-cdi-hook"


@pytest.fixture
def probe(node):
    """A function: the exit status and the one line of the probe on a node in a directory."""

    def run(root=None, hook=None):
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                PROBE,
                root or node.path("var/lib/nvidia-mock/driver"),
                node.path(HOOK) if hook is None else hook,
            ],
            env={"NVMOCK_DEV": node.path("dev")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == "" and done.stdout.count("\n") == 1
        return done.returncode, done.stdout.strip()

    return run


def test_a_node_that_has_everything(node, probe):
    node.make("--with-hook")
    status, first = probe()
    assert status == 0
    assert probe() == (0, first)
    node.make("--with-hook", "--gpu-count", "2")
    status, second = probe()
    assert status == 0 and first != second


def test_the_probe_names_what_is_missing(node, probe):
    node.make("--with-hook")
    library = node.path("var/lib/nvidia-mock/driver/lib64/libnvidia-ml.so.1")
    assert probe(root=node.path("none")) == (1, f"there is no libnvidia-ml.so.1 below {node.path('none')}")
    assert probe(hook="/none") == (
        1,
        "there is no program /none, which the CDI specification of NVIDIA's plugin names as its hook",
    )
    assert probe(hook="")[0] == 0
    os.rename(node.path("dev"), node.path("dev.away"))
    assert probe() == (1, f"{library} finds no GPU")
    os.rename(node.path("dev.away"), node.path("dev"))
    with open(library, "wb"):
        pass
    status, line = probe()
    assert status == 1 and line.endswith("file too short")


def test_mig_mode_and_cdi(node, probe):
    node.make("--with-hook", "--gpu-count", "2", "--mig", "1=3g.20gb")
    assert probe() == (
        1,
        "GPU 1 is in MIG mode, of which NVIDIA's plugin makes no CDI specification here",
    )
    assert probe(hook="")[0] == 0
