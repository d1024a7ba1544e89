# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""gpu-mockctl watch on a node with faults: it leaves them on, and says so once."""

from __future__ import annotations

import os
import subprocess
import sys

from test_command_line import CLI

SPEC = "etc/cdi/nvidia.yaml"
MANIFEST = "var/lib/nvidia-mock/manifest.mtree"


def fault(root, *words):
    command = [sys.executable, "-I", "-S", CLI, "fault", *words, "--host-root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def passes(running, count):
    """Wait until some passes have begun and ended."""
    for _pass in range(count + 1):
        before = running.alive.stat().st_mtime_ns
        running.wait_for(lambda before=before: running.alive.stat().st_mtime_ns > before)


def test_a_watch_leaves_faults_on(watch):
    running = watch("--gpu-count", "2")
    running.wait_for(running.ready.exists)
    spec, manifest = running.root / SPEC, running.root / MANIFEST
    before = spec.read_bytes(), manifest.read_bytes()
    assert b",watch:" in before[1]
    # The tag of the watch is at the specification, which leaves its place with the second fault.
    for kind in ("device_node_missing", "spec_missing", "power_brake"):
        fault(running.root, "set", kind)
        passes(running, 2)
        assert kind in fault(running.root) and not os.path.exists(running.root / "dev" / "nvidia0")
    assert not spec.exists() and b"watch:" in manifest.read_bytes()
    fault(running.root, "clear")
    passes(running, 2)
    assert (spec.read_bytes(), manifest.read_bytes()) == before
    out, errors = running.end()
    lines = [line for line in errors.splitlines() if "fault" in line]
    assert len(lines) == len(errors.splitlines()) == 3, errors  # one for each set of faults
    assert "fault spec_missing" in lines[1] and "fault power_brake" in lines[2] and "left on" in lines[2]
    assert "repaired" not in out
