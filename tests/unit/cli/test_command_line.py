# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""gpu-mockctl as a user has it: its flags, what it prints, what it makes, and how it refuses."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
CLI = os.path.join(ROOT, "bin", "gpu-mockctl")


def run(*arguments, **environment):
    command = [sys.executable, "-I", "-S", CLI, *arguments]
    clean = {name: value for name, value in os.environ.items() if name not in ("MACHINE_TYPE", "ALLOW_UNSUPPORTED")}
    return subprocess.run(command, capture_output=True, text=True, env={**clean, **environment}, check=False)


def refused(done, status=2):
    assert done.returncode == status, done.stdout + done.stderr
    assert done.stderr.startswith("gpu-mockctl: ")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def make(host_root, *arguments, **environment):
    done = run("--host-root", str(host_root), "--device-files", "auto", *arguments, **environment)
    assert done.returncode == 0, done.stderr
    return done


def snapshot(root):
    found = {}
    for directory, names, files in os.walk(root):
        for name in names + files:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            content = None
            if os.path.islink(path):
                content = os.readlink(path)
            elif os.path.isfile(path):
                with open(path, "rb") as handle:
                    content = handle.read()
            found[path] = (status.st_mode, status.st_uid, status.st_gid, status.st_rdev, content)
    return found


def test_the_script_runs_by_itself():
    assert subprocess.run([CLI, "machines"], capture_output=True, text=True, check=True).stdout.startswith("dgxa100 ")


@pytest.mark.parametrize(
    "redirection, status, said",
    [(">/dev/full", 1, "gpu-mockctl: standard output: No space left on device\n"), (">&-", 0, ""), ("| true", 0, "")],
)
def test_a_standard_output_that_takes_nothing(redirection, status, said):
    command = ["sh", "-c", f"'{sys.executable}' -I -S '{CLI}' --help {redirection}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", said)


def test_a_closed_standard_error_leaves_the_status():
    command = ["sh", "-c", f"'{sys.executable}' -I -S '{CLI}' no-such-command 2>&-"]
    assert subprocess.run(command, check=False).returncode == 2


def test_help_names_every_flag_of_the_go_tool():
    text = run("--help").stdout
    for flag in ("mode", "base", "driver-root", "cdi-output", "machine", "with-dri", "with-hook", "toolkit-root"):
        assert f"--{flag}" in text
    assert run("-h").stdout == run("help").stdout == text


def test_every_command_has_help():
    for command in ("verify", "machines"):
        assert run(command, "--help").stdout.count("\n") > 5


@pytest.mark.parametrize(
    "words", [["-mode", "fs"], ["--mode=fs"], ["-mode=cdi", "--mode", "fs"], ["--mode", "fs", "--with-dri=false"]]
)
def test_flags_are_written_as_go_users_write_them(tmp_path, words):
    make(tmp_path, *words)
    assert (tmp_path / "run/nvidia/driver/proc/driver/nvidia/version").is_file()
    assert not (tmp_path / "etc/cdi").exists()
    assert not (tmp_path / "dev").exists()


@pytest.mark.parametrize("mode", ["bogus", "", "FS", "fs,bogus", "fs,,cdi"])
def test_an_unknown_mode_is_an_error_and_does_nothing(tmp_path, mode):
    assert "must be a comma separated list of fs, cdi, all" in refused(
        run("--host-root", str(tmp_path), "--mode", mode)
    )
    assert os.listdir(tmp_path) == []


def test_blanks_in_the_mode_are_forgiven(tmp_path):
    make(tmp_path, "--mode", "fs, cdi")
    assert (tmp_path / "etc/cdi/nvidia.yaml").is_file()
    assert (tmp_path / "run/nvidia/driver").is_dir()


def test_stray_arguments_are_errors(tmp_path):
    assert "unknown command 'fs'" in refused(run("fs"))
    assert "unexpected argument 'fs'" in refused(run("--host-root", str(tmp_path), "fs"))
    assert "did you mean --driver-root" in refused(run("--driver-rot", "/x"))
    assert "--base needs a value" in refused(run("--base"))


def test_the_machine_comes_from_flag_then_environment(tmp_path):
    for expected, arguments, environment in (
        ("dgxa100", [], {}),
        ("dgxh100", [], {"MACHINE_TYPE": "dgxh100"}),
        ("dgxb200", ["--machine", "dgxb200"], {"MACHINE_TYPE": "dgxh100"}),
    ):
        done = make(tmp_path, "--output", "json", "--check", *arguments, **environment)
        assert json.loads(done.stdout)["machine"] == expected


def test_an_unknown_machine_lists_the_known_ones_or_falls_back(tmp_path):
    message = refused(run("--host-root", str(tmp_path), "--machine", "dgxz900"))
    assert "dgxa100, dgxa100-80gb, dgxb200, dgxh100, dgxh200" in message
    refused(run("--host-root", str(tmp_path), "--machine", "dgxz900", ALLOW_UNSUPPORTED="1"))
    make(tmp_path, "--machine", "dgxz900", "--mode", "fs", ALLOW_UNSUPPORTED="true")
    gpus = sorted(os.listdir(tmp_path / "run/nvidia/driver/proc/driver/nvidia/gpus"))
    assert gpus == [f"0000:{bus:02x}:00.0" for bus in range(0x81, 0x89)]
    text = (tmp_path / "run/nvidia/driver/proc/driver/nvidia/gpus/0000:83:00.0/information").read_text()
    assert "GPU UUID: \t GPU-00000003-0003-0003-0003-000000000003\n" in text


def test_check_predicts_what_the_run_does(tmp_path):
    before = snapshot(tmp_path)
    predicted = json.loads(make(tmp_path, "--check", "--output", "json", "--with-dri", "--with-hook").stdout)
    assert snapshot(tmp_path) == before
    real = json.loads(make(tmp_path, "--output", "json", "--with-dri", "--with-hook").stdout)
    assert predicted["created"] == real["created"]
    housing = {"/var/lib/nvidia-mock/manifest.mtree", "/var/lib/nvidia-mock/lock"}
    assert {path[len(str(tmp_path)) :] for path in snapshot(tmp_path)} - housing == set(real["created"])
    shrunk = json.loads(
        make(tmp_path, "--check", "--output", "json", "--with-dri", "--with-hook", "--gpu-count", "3").stdout
    )
    done = json.loads(make(tmp_path, "--output", "json", "--with-dri", "--with-hook", "--gpu-count", "3").stdout)
    for word in ("created", "updated", "removed"):
        assert shrunk[word] == done[word]
    assert done["removed"]


def test_a_second_run_says_so_and_a_removal_is_exact(tmp_path):
    before = snapshot(tmp_path)
    first = make(tmp_path, "--with-hook").stdout
    assert "mock filesystem (fs mode) written under /run/nvidia/driver (8 GPUs)\n" in first
    assert "mock driver tree written to /var/lib/nvidia-mock/driver\n" in first
    assert "CDI spec written to /etc/cdi/nvidia.yaml\n" in first
    made = snapshot(tmp_path)
    assert make(tmp_path, "--with-hook").stdout.endswith("0 created, 0 updated, 0 removed: up to date\n")
    assert snapshot(tmp_path) == made
    assert "mock GPU node removed" in make(tmp_path, "--remove").stdout
    assert snapshot(tmp_path) == before
    assert "nothing to remove" in make(tmp_path, "--remove").stdout


def test_modes_do_not_undo_each_other(tmp_path):
    make(tmp_path)
    made = snapshot(tmp_path)
    make(tmp_path, "--mode", "fs")
    make(tmp_path, "--mode", "cdi")
    assert snapshot(tmp_path) == made
    make(tmp_path, "--remove", "--mode", "fs")
    assert not (tmp_path / "run").exists()
    assert (tmp_path / "etc/cdi/nvidia.yaml").exists()


def test_with_hook_decides_on_hooks_and_installs_the_program(tmp_path):
    make(tmp_path, "--toolkit-root", "/opt/toolkit")
    assert "hooks:" not in (tmp_path / "etc/cdi/nvidia.yaml").read_text()
    make(tmp_path, "--toolkit-root", "/opt/toolkit", "--with-hook")
    assert "path: /opt/toolkit/bin/nvidia-cdi-hook\n" in (tmp_path / "etc/cdi/nvidia.yaml").read_text()
    assert os.access(tmp_path / "opt/toolkit/bin/nvidia-cdi-hook", os.X_OK)
    make(tmp_path, "--toolkit-root", "/opt/toolkit")
    assert not (tmp_path / "opt").exists()


def test_a_real_hook_program_is_used_and_never_touched(tmp_path):
    real = tmp_path / "usr/bin/nvidia-cdi-hook"
    real.parent.mkdir(parents=True)
    real.write_text("real")
    real.chmod(0o755)
    make(tmp_path, "--with-hook")
    assert "path: /usr/bin/nvidia-cdi-hook\n" in (tmp_path / "etc/cdi/nvidia.yaml").read_text()
    assert not (tmp_path / "usr/local").exists()
    make(tmp_path, "--remove")
    assert real.read_text() == "real"


def test_a_warning_is_one_line_and_no_failure(tmp_path):
    write = {"vendor": "0x10de", "class": "0x030200"}
    card = tmp_path / "sys/bus/pci/devices/0000:c3:00.0"
    card.mkdir(parents=True)
    for name, text in write.items():
        (card / name).write_text(text + "\n")
    done = make(tmp_path, "--gpu-count", "1", "--mode", "fs")
    lines = [line for line in done.stderr.splitlines() if "0000:c3:00.0" in line]
    assert len(lines) == 1 and lines[0].startswith("gpu-mockctl: warning: PCI device 0000:c3:00.0 is a real NVIDIA GPU")
    assert "0000:c3:00.0" not in make(tmp_path, "--remove").stderr


def test_with_dri_reaches_the_specification(tmp_path):
    make(tmp_path, "--with-dri", "--gpu-count", "1")
    assert "path: /dev/dri/renderD128\n" in (tmp_path / "etc/cdi/nvidia.yaml").read_text()


def test_mig_devices_are_in_the_specification(tmp_path):
    facts = json.loads(make(tmp_path, "--gpu-count", "1", "--mig", "0=3g.20gb,1g.5gb", "--output", "json").stdout)
    assert {"nvidia.com/gpu=0:0", "nvidia.com/gpu=0:1", "nvidia.com/gpu=all"} < set(facts["cdi_devices"])
    assert "nvidia.com/gpu=0" not in facts["cdi_devices"]


def test_a_machine_file_in_yaml_and_json(tmp_path):
    yaml_file, json_file = tmp_path / "m.yaml", tmp_path / "m.json"
    yaml_file.write_text("base: dgxa100\nproduct_name: NVIDIA A30\ngpu_count: 2\n")
    json_file.write_text('{"base": "dgxa100", "product_name": "NVIDIA A30", "gpu_count": 2}')
    node = tmp_path / "node"
    node.mkdir()
    results = [
        json.loads(make(node, "--machine-file", str(path), "--check", "--output", "json").stdout)
        for path in (yaml_file, json_file)
    ]
    assert results[0] == results[1]
    assert [gpu["name"] for gpu in results[0]["gpus"]] == ["NVIDIA A30"] * 2
    yaml_file.write_text("base: [")
    refused(run("--host-root", str(node), "--machine-file", str(yaml_file)))
    refused(run("--host-root", str(node), "--machine-file", "/nowhere.yaml"))


def test_verify_passes_on_a_good_node_and_names_what_is_broken(tmp_path):
    make(tmp_path, "--with-hook")
    good = run("verify", "--host-root", str(tmp_path), "--device-files", "auto")
    assert good.returncode == 0, good.stderr
    for line in (
        "ALL CHECKS PASSED",
        "✓ CDI spec exists",
        "✓ Mock driver libraries present",
        "✓ Mock binaries present",
        "✓ CDI smoke test PASSED",
    ):
        assert line in good.stdout.split("\n")
    (tmp_path / "run/nvidia/driver/dev/nvidia3").unlink()
    (tmp_path / "var/lib/nvidia-mock/driver/bin/nvidia-smi").chmod(0o644)
    bad = run("verify", "--host-root", str(tmp_path), "--device-files", "auto")
    assert bad.returncode == 1
    assert "FAILED: /run/nvidia/driver/dev/nvidia3: missing\n" in bad.stderr
    assert "bin/nvidia-smi: not an executable file\n" in bad.stderr
    assert "ALL CHECKS PASSED" not in bad.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        (["--gpu-count", "0"], 2, "--gpu-count: '0' is not allowed: must be a whole number from 1 to 64"),
        (["--gpu-count", "sixty"], 2, "--gpu-count"),
        (["--base", "relative"], 2, "--base"),
        (["--driver-root", "/a/../b"], 2, "--driver-root"),
        (["--cdi-output", "/etc/cdi/nvidia.txt"], 2, "--cdi-output: '/etc/cdi/nvidia.txt' is not allowed"),
        (["--pci-bus-ids", "nonsense"], 2, "--pci-bus-ids"),
        (["--uuids", "GPU-1"], 2, "--uuids"),
        (["--mig", "0"], 2, "--mig"),
        (["--mig", "0=9g.90gb"], 2, "--mig[0]: '9g.90gb' is not allowed: must be one of 1g.5gb"),
        (["--mig", "x=1g.5gb"], 2, "--mig (GPU index): 'x' is not allowed"),
        (["--machine-file", "/etc/hostname"], 2, "--machine-file: "),
        (["--mig", "0=7g.40gb,1g.5gb"], 2, "no space left for 1g.5gb"),
        (["--driver-version", "new"], 2, "--driver-version"),
        (["--with-dri=perhaps"], 2, "--with-dri"),
        (["--output", "xml"], 2, "--output"),
        (["--host-root", "/nowhere/at/all"], 1, "does not exist"),
    ],
)
def test_bad_input_gets_one_line_and_changes_nothing(tmp_path, arguments, status, word):
    assert word in refused(run("--host-root", str(tmp_path), "--device-files", "auto", *arguments), status)
    assert os.listdir(tmp_path) == []


FLAGS = [
    "gpu-count",
    "product-name",
    "pci-bus-ids",
    "uuids",
    "uuid-seed",
    "driver-version",
    "mig",
    "base",
    "driver-root",
    "machine",
]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    flag=st.sampled_from(FLAGS),
    value=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40),
)
def test_any_value_of_a_flag_gives_one_line_or_a_plan(tmp_path, flag, value):
    done = run("--host-root", str(tmp_path), "--device-files", "regular", "--check", f"--{flag}={value}")
    assert done.returncode in (0, 1, 2)
    assert "Traceback" not in done.stderr
    if done.returncode:
        assert done.stderr.count("\n") == 1
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("path", ["/dev/nvidia0/x.yaml", "/var/lib/nvidia-mock/manifest.mtree/x.yaml"])
@pytest.mark.parametrize("check", [(), ("--check",)])
def test_a_specification_below_a_file_is_refused_before_anything_is_done(tmp_path, path, check):
    """The same words each time, with --check as well, and nothing is left."""
    words = set()
    for _time in range(3):
        done = run("--host-root", str(tmp_path), "--device-files", "auto", "--cdi-output", path, *check)
        words.add(refused(done, 1))
        assert snapshot(tmp_path) == {}
    assert len(words) == 1
    (line,) = words
    assert re.fullmatch(f"gpu-mockctl: {path} can't be made: .* is a .*, not a directory\n", line)


def test_an_unexpected_error_is_one_line(monkeypatch, capsys):
    from ansible_collections.nvmock.gpu.plugins.module_utils import cli

    def fail(_argv):
        raise MemoryError("no\nmemory")

    monkeypatch.setattr(cli, "_dispatch", fail)
    assert cli.main([]) == 1
    assert capsys.readouterr().err == "gpu-mockctl: unexpected error: MemoryError: no memory\n"
