# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""MIG mode and instances that nvidia-smi changes: gpu-mockctl watch makes what belongs to them, other runs keep it or take it back."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import time

import pytest
from test_command_line import make, run, snapshot

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root changes the state"),
    pytest.mark.skipif(platform.machine() not in ("x86_64", "aarch64"), reason="no programs for this machine"),
]
SLOW = 10  # seconds that a busy machine may need
DRIVER = "var/lib/nvidia-mock/driver"


def smi(root, *arguments):
    done = subprocess.run(
        [root / DRIVER / "bin/nvidia-smi", *arguments],
        env={**os.environ, "NVMOCK_DEV": str(root / "dev")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done
    return done


def instances(root):
    """What the machine file, the specification, the capabilities and nvidia-smi say about MIG devices."""
    machine = json.loads((root / DRIVER / "etc/nvmock/machine.json").read_text())
    devices = [mig for gpu in machine["gpus"] for mig in gpu["mig_devices"]]
    spec = (root / "etc/cdi/nvidia.yaml").read_text()
    assert all(mig["uuid"] in spec for mig in devices) and spec.count("name: MIG-") in (0, len(devices))
    nodes = sorted(int(path.name[len("nvidia-cap") :]) for path in root.glob("dev/nvidia-caps/*"))
    files = sorted(
        int(path.read_text().split()[1])
        for path in root.glob("run/nvidia/driver/proc/driver/nvidia/capabilities/**/*")
        if path.is_file()
    )
    assert nodes == files
    listed = [line.split("UUID: ")[1].rstrip(")") for line in smi(root, "-L").stdout.splitlines() if "MIG" in line]
    assert listed == [mig["uuid"] for mig in devices]
    return sorted(mig["profile"] for mig in devices)


def test_a_watch_follows(watch):
    running = watch("--interval", "3600")
    running.wait_for(running.ready.exists)
    root = running.root
    running.wait_for(lambda: not smi(root, "-i", "0", "-mig", "1").stderr)  # nothing to warn of
    before = time.monotonic()
    smi(root, "mig", "-i", "0", "-cgi", "9,3g.20gb", "-C")
    assert next(root.glob("dev/nvidia-caps/nvidia-cap*"))  # nvidia-smi has waited
    running.wait_for(lambda: instances_or_none(root) == ["3g.20gb", "3g.20gb"])
    assert time.monotonic() - before < SLOW
    smi(root, "mig", "-i", "0", "-dci")
    smi(root, "mig", "-i", "0", "-dgi", "-gi", "1")
    smi(root, "mig", "-i", "0", "-cci", "0,0", "-gi", "2")
    running.wait_for(lambda: instances_or_none(root) == ["1c.3g.20gb", "1c.3g.20gb"], SLOW)
    smi(root, "mig", "-i", "0", "-dci")
    smi(root, "mig", "-i", "0", "-dgi")
    smi(root, "-i", "0", "-mig", "0")
    running.wait_for(lambda: not (root / "dev/nvidia-caps").exists() and instances_or_none(root) == [], SLOW)
    out, errors = running.end()
    assert errors == "" and "MIG devices: GPU 0: 3g.20gb" in out and "MIG devices: no GPU is in MIG mode" in out


def instances_or_none(root):
    """The same while a run may be at work."""
    try:
        return instances(root)
    except (AssertionError, OSError, ValueError):
        return None


def test_without_a_watch_nvidia_smi_says_so(tmp_path):
    make(tmp_path)
    done = smi(tmp_path, "-i", "0", "-mig", "1")
    assert "gpu-mockctl watch does not run" in done.stderr
    assert not (tmp_path / "dev/nvidia-caps").exists()


@pytest.fixture
def cut(tmp_path):
    """A node whose GPU 0 was cut at run time, with nothing that follows."""
    (tmp_path / "node").mkdir()
    root = tmp_path / "node"
    make(root, "--uuid-seed", "a")
    before = snapshot(root)
    smi(root, "-i", "0", "-mig", "1")
    smi(root, "mig", "-i", "0", "-cgi", "19,14", "-C")
    return root, before


def test_a_run_without_a_layout_keeps_what_was_made(cut):
    root, _before = cut
    make(root, "--uuid-seed", "a")
    assert instances(root) == ["1g.5gb", "2g.10gb"]
    after = snapshot(root)
    assert "up to date" in make(root, "--uuid-seed", "a").stdout
    assert snapshot(root) == after


def test_a_declared_layout_counts(cut, tmp_path):
    root, _before = cut
    make(root, "--uuid-seed", "a")
    make(root, "--uuid-seed", "a", "--mig", "1=7g.40gb")
    assert instances(root) == ["7g.40gb"]
    assert "MIG" not in smi(root, "mig", "-i", "0", "-lgi").stdout.replace("No MIG-enabled devices found.", "")
    smi(root, "mig", "-i", "1", "-dci")
    assert "up to date" not in make(root, "--uuid-seed", "a").stdout  # without a layout: as it is
    make(root, "--uuid-seed", "a", "--mig", "1=7g.40gb")
    assert instances(root) == ["7g.40gb"]
    assert "up to date" in make(root, "--uuid-seed", "a", "--mig", "1=7g.40gb").stdout
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    make(fresh, "--uuid-seed", "a", "--mig", "1=7g.40gb")
    assert without_state(snapshot(root), root) == without_state(snapshot(fresh), fresh)


def without_state(made, root):
    return {path.replace(str(root), ""): what for path, what in made.items() if "mockstate" not in path}


def test_a_removal_takes_all_away(cut, tmp_path):
    root, _before = cut
    make(root, "--uuid-seed", "a")
    made = run("--host-root", str(root), "--remove")
    assert made.returncode == 0
    assert list(root.rglob("*nvidia*")) == []


def test_a_watch_that_starts_again(watch):
    """It keeps what was made at run time, until it is started with another layout."""
    first = watch("--interval", "3600", "--mig", "0=7g.40gb")
    first.wait_for(first.ready.exists)
    root = first.root
    smi(root, "mig", "-i", "0", "-dci")
    first.wait_for(lambda: instances_or_none(root) == [], SLOW)
    first.end()
    first.ready.unlink(missing_ok=True)
    second = watch("--interval", "3600", "--mig", "0=7g.40gb")
    second.wait_for(second.ready.exists)
    assert instances(root) == []
    second.end()
    second.ready.unlink(missing_ok=True)
    third = watch("--interval", "3600", "--mig", "0=1g.5gb,1g.5gb")
    third.wait_for(third.ready.exists)
    assert instances(root) == ["1g.5gb", "1g.5gb"]
