# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The file with the modules of a command: it is used only while it is true, and nothing depends on it."""

from __future__ import annotations

import marshal
import os
import shutil
import subprocess
import sys

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


@pytest.fixture
def checkout(tmp_path):
    """What gpu-mockctl consists of, in a directory of its own, without anything compiled."""
    for name in ("bin", "plugins/module_utils"):
        shutil.copytree(os.path.join(ROOT, name), tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def run(checkout, *arguments):
    command = [sys.executable, "-I", "-S", str(checkout / "bin" / "gpu-mockctl"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def bundles(checkout):
    place = checkout / "bin" / "__pycache__"
    return {name.partition(".")[0]: place / name for name in os.listdir(place) if "bundle" in name}


def test_the_second_run_reads_one_file(checkout):
    first = run(checkout, "machines")
    assert list(bundles(checkout)) == ["gpu-mockctl-machines"]
    assert run(checkout, "machines") == first
    traced = subprocess.run(
        [sys.executable, "-I", "-S", "-v", str(checkout / "bin" / "gpu-mockctl"), "machines"],
        capture_output=True,
        text=True,
        check=True,
    )
    imported = [line for line in traced.stderr.splitlines() if line.startswith("import 'nvmock_gpu")]
    assert [line.split("'")[1] for line in imported] == ["nvmock_gpu.startup"]


def test_a_source_that_changed_counts(checkout):
    run(checkout, "machines")
    source = checkout / "plugins" / "module_utils" / "machine" / "types" / "l40s.py"
    source.write_text(source.read_text().replace("NVIDIA L40S", "NVIDIA L40X"))
    assert "NVIDIA L40X" in run(checkout, "machines")[1]
    assert "NVIDIA L40X" in run(checkout, "machines")[1]


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "other", "directory"])
def test_a_file_that_is_no_good_is_replaced(checkout, damage):
    expected = run(checkout, "machines")
    (path,) = bundles(checkout).values()
    good = path.read_bytes()
    path.unlink()
    if damage == "directory":
        path.mkdir()
    else:
        other = marshal.dumps(("3.0", marshal.loads(good)[1]))
        path.write_bytes({"empty": b"", "cut": good[:-100], "text": b"text", "other": other}[damage])
    assert run(checkout, "machines") == expected
    if damage == "directory":
        assert path.is_dir()
        assert len(bundles(checkout)) == 1, "a staged file is left"
    else:
        assert marshal.loads(path.read_bytes()) == marshal.loads(good)  # bytes of references may differ


def test_a_run_that_needs_more_adds_it(checkout, tmp_path):
    node = tmp_path / "node"
    node.mkdir()
    assert run(checkout, "--host-root", str(node), "--remove")[0] == 0
    small = bundles(checkout)["gpu-mockctl"].stat().st_size
    assert run(checkout, "--host-root", str(node), "--device-files", "auto")[0] == 0
    large = bundles(checkout)["gpu-mockctl"].stat().st_size
    assert large > small
    status, out, _error = run(checkout, "--host-root", str(node), "--device-files", "auto")
    assert status == 0 and "0 created, 0 updated, 0 removed" in out
    assert run(checkout, "--host-root", str(node), "--remove")[0] == 0
    assert bundles(checkout)["gpu-mockctl"].stat().st_size >= large


def test_failures_write_none(checkout):
    assert run(checkout, "nothing")[0] == 2
    assert bundles(checkout) == {}


def test_a_directory_that_is_not_writable(checkout):
    place = checkout / "bin" / "__pycache__"
    place.write_text("in the way")
    first = run(checkout, "machines")
    assert first[0] == 0
    assert run(checkout, "machines") == first
    assert place.read_text() == "in the way"
