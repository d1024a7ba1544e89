# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""gpu-mockctl watch: it makes, repairs, says so once, answers probes, and leaves as it was told."""

from __future__ import annotations

import os
import signal
import time

import pytest
from test_command_line import make, refused, run, snapshot


def test_it_makes_the_node_that_the_plain_command_makes(watch, tmp_path):
    running = watch()
    running.wait_for(running.ready.exists)
    running.end()
    other = tmp_path / "other"
    other.mkdir()
    make(other, "--uuid-seed", "a")
    made = {path.replace(str(running.root), ""): what for path, what in snapshot(running.root).items()}
    plain = {path.replace(str(other), ""): what for path, what in snapshot(other).items()}
    # Only the manifest says by which command.
    manifest = "/var/lib/nvidia-mock/manifest.mtree"
    *rest, content = made.pop(manifest)
    *plain_rest, plain_content = plain.pop(manifest)
    assert (made, rest) == (plain, plain_rest)
    lines, plain_lines = (
        [line for line in text.decode().splitlines() if not line.startswith("#")] for text in (content, plain_content)
    )
    assert lines != plain_lines
    assert [line.replace(f",watch:{os.uname().nodename}", "") for line in lines] == plain_lines


def test_it_repairs_drift_and_says_so_in_one_line_each(watch):
    running = watch()
    running.wait_for(running.ready.exists)
    spec, library = running.root / "etc/cdi/nvidia.yaml", running.root / "var/lib/nvidia-mock/driver/lib64/libcuda.so.1"
    content = spec.read_bytes()
    spec.write_text("drift")
    library.unlink()
    running.wait_for(lambda: os.path.lexists(library) and spec.read_bytes() == content)
    out, errors = running.end()
    repaired = sorted(line.split()[5] for line in out.splitlines() if line.startswith("repaired "))
    assert repaired == ["/etc/cdi/nvidia.yaml", "/var/lib/nvidia-mock/driver/lib64/libcuda.so.1"]
    assert errors == "" and out.endswith("ended: the node stays as it is\n")
    assert running.process.returncode == 0 and spec.exists()


def test_a_restart_finds_nothing_to_do(watch):
    first = watch()
    first.wait_for(first.ready.exists)
    first.process.kill()
    first.process.wait()
    first.ready.unlink()
    before = snapshot(first.root)
    second = watch()
    second.wait_for(second.ready.exists)
    out, _errors = second.end()
    assert out.splitlines()[0].startswith("mock GPU node: 8 x ")
    assert snapshot(first.root) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_remove_on_exit_leaves_what_was_there(watch, tmp_path, number):
    (tmp_path / "node/etc").mkdir(parents=True)
    (tmp_path / "node/etc/theirs").write_text("kept")
    before = snapshot(tmp_path / "node")
    running = watch("--remove-on-exit")
    running.wait_for(running.ready.exists)
    running.end(number)
    assert snapshot(running.root) == before
    assert not running.ready.exists() and running.process.returncode == 0


def test_an_error_is_printed_once_until_it_is_over(watch, tmp_path):
    obstacle = tmp_path / "node/etc/cdi/nvidia.yaml"
    obstacle.parent.mkdir(parents=True)
    obstacle.write_text("theirs")
    running = watch()
    running.wait_for(running.alive.exists)
    time.sleep(0.5)
    assert not running.ready.exists() and obstacle.read_text() == "theirs"
    obstacle.unlink()
    running.wait_for(running.ready.exists)
    out, errors = running.end()
    assert errors.count("\n") == 1 and "/etc/cdi/nvidia.yaml" in errors and "Traceback" not in errors
    assert "the node is as wanted again" in out


def test_sighup_looks_at_once(watch):
    running = watch("--interval", "3600")
    running.wait_for(running.ready.exists)
    node = running.root / "dev/nvidia0"
    node.unlink()
    running.process.send_signal(signal.SIGHUP)
    running.wait_for(node.exists)


@pytest.mark.parametrize("value", ["0", "-1", "soon", "nan", ""])
def test_a_bad_interval_is_refused(value):
    assert f"--interval: {value!r} is not allowed" in refused(run("watch", "--interval", value))


def test_a_bad_machine_ends_it_at_once(tmp_path):
    assert "--machine" in refused(run("watch", "--host-root", str(tmp_path), "--machine", "nosuch"))
    assert list(tmp_path.iterdir()) == []
