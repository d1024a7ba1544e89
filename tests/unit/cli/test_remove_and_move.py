# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""gpu-mockctl: what a removal removes and says, how a mock moves, and two mocks on one node."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from test_command_line import make, refused, run, snapshot

PATHS = ["--base", "/opt/base", "--driver-root", "/opt/drv", "--cdi-output", "/var/run/cdi/gpu.yaml"]
BLUE = ["--instance", "blue", "--base", "/run/blue", "--driver-root", "/opt/blue", "--cdi-output", "/etc/blue/b.yaml"]
MANIFEST = "var/lib/nvidia-mock/manifest.mtree"


def remove(host_root, *arguments, status=0):
    done = run("--host-root", str(host_root), "--remove", *arguments)
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize("narrowed", [[], PATHS, PATHS[:2], PATHS[2:4], PATHS[4:]], ids=len)
def test_a_removal_removes_whatever_the_paths_were(tmp_path, narrowed):
    before = snapshot(tmp_path)
    make(tmp_path, "--gpu-count", "1", "--with-hook", "--toolkit-root", "/opt/tk", *PATHS)
    assert remove(tmp_path, *narrowed).stdout.startswith("mock GPU node removed\n")
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("flag", ["--base", "--driver-root", "--cdi-output"])
def test_a_path_that_nothing_is_at_removes_nothing_and_names_what_stays(tmp_path, flag):
    make(tmp_path, "--gpu-count", "1")
    before = snapshot(tmp_path)
    said = remove(tmp_path, flag, "/opt/x.yaml").stdout
    assert snapshot(tmp_path) == before
    assert said.startswith("nothing of this to remove\n")
    assert "stays: driver installation /var/lib/nvidia-mock/driver\n" in said
    assert "stays: CDI specification /etc/cdi/nvidia.yaml\n" in said
    assert "removed\n" not in said.replace("0 removed", "")


def test_a_file_in_the_place_of_the_driver_root_is_replaced(tmp_path):
    make(tmp_path, "--gpu-count", "1")
    before = snapshot(tmp_path)
    driver_root = tmp_path / "var/lib/nvidia-mock/driver"
    shutil.rmtree(driver_root)
    driver_root.write_text("in the way")
    make(tmp_path, "--gpu-count", "1")
    assert snapshot(tmp_path) == before


def test_a_mode_removes_a_part_and_says_so(tmp_path):
    make(tmp_path, "--gpu-count", "1")
    said = remove(tmp_path, "--mode", "cdi").stdout
    assert said.startswith("mock GPU node removed in part\nstays: device nodes and procfs below /run/nvidia/driver\n")
    assert remove(tmp_path, "--mode", "cdi").stdout.startswith("nothing of this to remove\nstays: ")
    assert remove(tmp_path, "--check").stdout.startswith("mock GPU node would be removed\n")
    assert remove(tmp_path).stdout.startswith("mock GPU node removed\n")
    assert os.listdir(tmp_path) == []


def test_what_was_changed_stays_and_is_named_and_the_status_says_so(tmp_path):
    make(tmp_path, "--gpu-count", "1")
    spec = tmp_path / "etc/cdi/nvidia.yaml"
    spec.write_text("mine")
    for arguments in (["--check"], [], []):
        done = remove(tmp_path, *arguments, status=1)
        assert done.stderr == ("gpu-mockctl: /etc/cdi/nvidia.yaml was changed since it was made: left as it is\n")
        assert "removed\n" not in done.stdout.splitlines(True)[0]
        assert "CDI specification /etc/cdi/nvidia.yaml" in done.stdout
        assert spec.read_text() == "mine"
    facts = json.loads(remove(tmp_path, "--output", "json", status=1).stdout)
    assert facts["left"] == [{"path": "/etc/cdi/nvidia.yaml", "reason": "was changed since it was made"}]
    assert facts["staying"] == ["cdi_spec:/etc/cdi/nvidia.yaml"]
    spec.unlink()
    assert remove(tmp_path).stderr == ""
    assert os.listdir(tmp_path) == []


def test_a_directory_that_others_use_is_named_and_does_not_count(tmp_path):
    make(tmp_path, "--gpu-count", "1")
    (tmp_path / "var/lib/nvidia-mock/driver/lib64/mine").write_text("")
    done = remove(tmp_path)
    assert done.stdout.startswith("mock GPU node removed\n")
    assert done.stderr == (
        "gpu-mockctl: /var/lib/nvidia-mock/driver/lib64 has files in it that nvmock.gpu did not make: left as it is\n"
    )


def test_a_driver_root_that_became_a_link_is_not_followed(tmp_path):
    """GPU operators make /run/nvidia/driver a link to / on nodes that have the driver themselves."""
    make(tmp_path, "--gpu-count", "1", "--mode", "fs")
    before = snapshot(tmp_path / "run/nvidia/driver")
    (tmp_path / "run/nvidia/driver/dev").rename(tmp_path / "dev")
    shutil.rmtree(tmp_path / "run/nvidia/driver")
    (tmp_path / "run/nvidia/driver").symlink_to("/")
    real = snapshot(tmp_path)
    assert len(before) > 5
    assert "/run/nvidia/driver is a symbolic link now: left as it is, with" in remove(tmp_path, status=1).stderr
    left = snapshot(tmp_path)
    assert left.keys() == real.keys()
    assert {path for path in left if left[path] != real[path]} <= {str(tmp_path / MANIFEST)}


def test_a_lost_manifest_is_said(tmp_path):
    make(tmp_path, "--gpu-count", "1")
    (tmp_path / MANIFEST).unlink()
    before = snapshot(tmp_path)
    message = refused(run("--host-root", str(tmp_path), "--remove"), 1)
    assert "manifest.mtree does not exist" in message and "run again with the options that made the node" in message
    assert snapshot(tmp_path) == before
    make(tmp_path, "--gpu-count", "1")
    assert snapshot(tmp_path).keys() == {*before, str(tmp_path / MANIFEST)}
    remove(tmp_path)
    # Without a manifest nothing tells that this and the directories were not the node's own.
    assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == [tmp_path / "dev" / "null"]


def test_another_path_moves_the_mock_and_the_diff_shows_it(tmp_path):
    make(tmp_path, "--gpu-count", "1")
    predicted = json.loads(make(tmp_path, "--gpu-count", "1", "--check", "--output", "json", *PATHS).stdout)
    said = make(tmp_path, "--gpu-count", "1", "--diff", *PATHS).stdout
    for line in ("- d 0755 0:0 - /run/nvidia/driver\n", "+ d 0755 0:0 - /opt/base\n"):
        assert line.replace("0:0", f"{os.getuid()}:{os.getgid()}") in said
    assert "/etc/cdi/nvidia.yaml" in predicted["removed"] and "/var/run/cdi/gpu.yaml" in predicted["created"]
    assert not (tmp_path / "run").exists() and not (tmp_path / "etc").exists()
    made = snapshot(tmp_path)
    assert "up to date" in make(tmp_path, "--gpu-count", "1", *PATHS).stdout
    assert snapshot(tmp_path) == made
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    make(fresh, "--gpu-count", "1", *PATHS)
    assert {path[len(str(fresh)) :]: facts for path, facts in snapshot(fresh).items()} == {
        path[len(str(tmp_path)) :]: facts for path, facts in made.items()
    }


def test_a_specification_beside_the_mock_is_not_moved(tmp_path):
    (tmp_path / "etc").mkdir()
    make(tmp_path, "--gpu-count", "1")
    alone = snapshot(tmp_path)
    arguments = ["cdi", "generate", "--host-root", str(tmp_path), "--driver-root", "/var/lib/nvidia-mock/driver"]
    files = ["/etc/cdi/more.json", "/etc/cdi/still-more.json"]
    for number, path in enumerate(files):
        done = run(*arguments, "--dev-root", "/", "--class", f"c{number}", "--output", path)
        assert done.returncode == 0, done.stderr
    made = snapshot(tmp_path)
    assert "up to date" in make(tmp_path, "--gpu-count", "1").stdout
    assert snapshot(tmp_path) == made
    remove(tmp_path, "--cdi-output", files[0])
    remove(tmp_path, "--cdi-output", files[1])
    assert snapshot(tmp_path) == alone


def test_a_specification_moves_within_its_directory(tmp_path):
    """Both files would define the same devices."""
    make(tmp_path, "--gpu-count", "1")
    make(tmp_path, "--gpu-count", "1", "--cdi-output", "/etc/cdi/nvidia.json")
    assert os.listdir(tmp_path / "etc/cdi") == ["nvidia.json"]


def test_two_mocks_have_two_names_and_nothing_flips(tmp_path):
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    before = snapshot(tmp_path)
    make(tmp_path, "--gpu-count", "2")
    alone = snapshot(tmp_path)
    make(tmp_path, "--gpu-count", "1", *BLUE)
    both = snapshot(tmp_path)
    assert sorted(os.listdir(tmp_path / "etc/tmpfiles.d")) == [
        "nvmock-dev.conf",
        "nvmock-run-nvidia-driver.conf",
        "nvmock.blue-dev.conf",
        "nvmock.blue-run-blue.conf",
    ]
    for arguments in (["--gpu-count", "2"], ["--gpu-count", "1", *BLUE]):
        assert "up to date" in make(tmp_path, *arguments).stdout
        assert snapshot(tmp_path) == both
    said = remove(tmp_path, "--instance", "blue").stdout
    assert said.startswith("mock GPU node removed in part\n") and "blue" not in said
    assert snapshot(tmp_path) == alone
    make(tmp_path, "--gpu-count", "1", *BLUE)
    assert remove(tmp_path, "--base", "/run/blue").stdout.count("stays") == 5
    assert snapshot(tmp_path) == alone
    make(tmp_path, "--gpu-count", "1", *BLUE)
    remove(tmp_path)
    assert snapshot(tmp_path) == before


def test_a_second_mock_takes_no_place_of_the_first(tmp_path):
    make(tmp_path, "--gpu-count", "1")
    before = snapshot(tmp_path)
    message = refused(run("--host-root", str(tmp_path), "--device-files", "auto", "--instance", "blue"), 1)
    assert " belongs to the mock of this node that has no name: name another path" in message
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", ["a/b", "-a", ".", "a b", "a:b", "é", "a" * 33, "\n"])
def test_names_that_are_refused(tmp_path, name):
    assert "--instance" in refused(run("--host-root", str(tmp_path), "--instance", name))
    assert os.listdir(tmp_path) == []


def test_one_directory_under_two_names(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "var").mkdir()
    (tmp_path / "var/run").symlink_to("/run")
    before = snapshot(tmp_path)
    arguments = ["--gpu-count", "1", "--base", "/var/run/nvidia/driver", "--cdi-output", "/run/nvidia/driver/x.yaml"]
    make(tmp_path, *arguments)
    made = snapshot(tmp_path)
    assert "up to date" in make(tmp_path, *arguments).stdout
    # The same places by their other name: nothing but the manifest changes.
    arguments[3] = "/run/nvidia/driver"
    assert "0 created, 0 updated, 0 removed" in make(tmp_path, *arguments).stdout
    assert {path for path in made if made[path] != snapshot(tmp_path).get(path)} <= {str(tmp_path / MANIFEST)}
    remove(tmp_path)
    assert snapshot(tmp_path) == before
