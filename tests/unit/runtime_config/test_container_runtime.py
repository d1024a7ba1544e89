# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The module on files of its own, with stand-ins for the runtimes' programs: they answer from the files, as real ones do."""

from __future__ import annotations

import json
import os

import pytest

from ansible_collections.nvmock.gpu.plugins.modules import nvmock_container_runtime

patch_module_args = pytest.importorskip("ansible.module_utils.testing", reason="ansible-core 2.19+").patch_module_args

T2 = '[plugins."io.containerd.grpc.v1.cri"]\n'
T3 = '[plugins."io.containerd.cri.v1.runtime"]\n'
OLD = "version = 2\n" + T2 + "  enable_cdi = false\n"
DIRS = 'cdi_spec_dirs = ["/etc/cdi", "/var/run/cdi"]'

# It prints the file it is given as its whole answer, with the directories: good enough for a file that has one table.
CONTAINERD = f"""
case $1 in
  --version) echo containerd github.com/containerd/containerd 1.7.24 ;;
  *) [ -z "$REFUSES" ] || {{ echo no such key >&2; exit 1; }}
     [ -e "$2" ] && sed 's/enable_cdi/cdi = 0\\n  enable_cdi/' "$2"; echo '  {DIRS}' ;;
esac
"""
DEAF = CONTAINERD.replace("sed 's/enable_cdi/cdi = 0\\n  enable_cdi/'", "sed s/true/false/")
STUBBORN = f"[ $1 = --version ] && echo containerd 1.7.24 || printf '%s' '{T2}enable_cdi = true\n{DIRS}\n'"
DOCKERD = 'case $1 in --version) echo Docker version 26.1.5, build 0 ;; *) grep -q "$GOOD" "$3" || { echo bad >&2; exit 1; } ;; esac'


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    """Run the module on files below the test's directory, with these programs; gives its result."""
    place = tmp_path / "bin"
    place.mkdir()
    monkeypatch.setenv("PATH", f"{place}:/usr/bin:/bin")

    def call(programs=None, check=False, diff=False, **params):
        for name, text in (programs or {}).items():
            (place / name).write_text("#!/bin/sh\n" + text + "\n")
            (place / name).chmod(0o755)
        args = {
            "state_directory": str(tmp_path / "var/state"),
            "containerd_config": str(tmp_path / "etc/containerd/config.toml"),
            "docker_config": str(tmp_path / "etc/docker/daemon.json"),
            "crio_drop_in": str(tmp_path / "etc/crio/crio.conf.d/99.conf"),
            "podman_drop_in": str(tmp_path / "etc/containers/containers.conf.d/99.conf"),
            "_ansible_check_mode": check,
            "_ansible_diff": diff,
            **params,
        }
        with patch_module_args(args), pytest.raises(SystemExit):
            nvmock_container_runtime.main()
        return json.loads(capsys.readouterr().out)

    return call


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "etc/containerd/config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(OLD)
    return path


def tree(top):
    return {
        str(path.relative_to(top)): path.read_bytes() if path.is_file() else None
        for path in top.rglob("*")
        if "bin" not in path.parts
    }


def test_asked_decided_edited_and_asked_again(run, config, tmp_path):
    before = tree(tmp_path)
    asked = {"programs": {"containerd": CONTAINERD}, "names": ["containerd"]}
    seen = run(**asked, check=True, diff=True)
    assert seen["changed"] and seen["diff"][0]["after"] == OLD.replace("false", "true") and tree(tmp_path) == before
    first = run(**asked)
    assert first["runtimes"]["containerd"] == {
        "version": "1.7.24",
        "changed": True,
        "paths": [str(config)],
        "changed_keys": ["plugins.io.containerd.grpc.v1.cri.enable_cdi"],
        "reason": f"CDI is disabled in containerd 1.7.24 ({config}, line 3): enable_cdi set in {config}",
    }
    second = run(**asked)
    assert not second["changed"] and second["reasons"] == [
        f"CDI is enabled in containerd 1.7.24 ({config}, line 3): nothing to change"
    ]
    assert run(state="absent", check=True)["changed"] and config.read_text() != OLD
    assert run(state="absent")["runtimes"]["containerd"]["paths"] == [str(config)]
    assert tree(tmp_path) == before and not run(state="absent")["changed"]


def test_what_the_runtime_refuses_changes_nothing(run, config, tmp_path, monkeypatch):
    monkeypatch.setenv("REFUSES", "yes")
    before = tree(tmp_path)
    result = run({"containerd": CONTAINERD}, names=["containerd"])
    assert result["failed"] and result["msg"] == (
        f"{config}: not changed, because 'containerd --config %s config dump' refuses the new file: no such key"
    )
    assert tree(tmp_path) == before


def test_what_does_not_count_is_put_back(run, config, tmp_path):
    """A containerd that goes on saying that CDI is off, whatever is in the file."""
    before = tree(tmp_path)
    result = run({"containerd": DEAF}, names=["containerd"])
    assert (
        "restored, because 'containerd config dump' does not show CDI enabled for /etc/cdi after the change"
        in result["msg"]
    )
    assert tree(tmp_path) == before
    assert run(names=["containerd"], verify=False)["changed"] and config.read_text() == OLD.replace("false", "true")


def test_all_or_none(run, config, tmp_path, monkeypatch):
    """Docker refuses its file after containerd's was written."""
    monkeypatch.setenv("GOOD", "nothing")
    before = tree(tmp_path)
    programs = {"containerd": CONTAINERD, "dockerd": DOCKERD}
    result = run(programs, names=["containerd", "docker"])
    assert (
        "daemon.json: not changed, because 'dockerd --validate --config-file %s' refuses the new file: bad"
        in result["msg"]
    )
    assert tree(tmp_path) == before
    monkeypatch.setenv("GOOD", "cdi")
    result = run(programs, names=["docker", "containerd"])
    assert not result.get("failed"), result
    assert sorted(result["runtimes"]) == ["containerd", "docker"]


def test_undone_is_what_this_run_did_and_no_more(run, config, tmp_path):
    versions = {"versions": {"containerd": "1.7.24"}, "names": ["containerd"]}
    assert run(**versions)["changed"]
    before = tree(tmp_path)
    more = {"names": ["containerd"], "cdi_spec_dirs": ["/etc/cdi", "/opt/cdi"]}
    assert "restored" in run({"containerd": STUBBORN}, **more)["msg"]
    assert tree(tmp_path) == before
    run(state="absent")
    assert config.read_text() == OLD and sorted(os.listdir(tmp_path)) == ["bin", "etc"]


def test_a_drop_in_and_its_directory_go_again(run, config, tmp_path):
    config.write_text('version = 3\nimports = ["conf.d/*.toml"]\n' + T3 + "enable_cdi = false\n")
    before = tree(tmp_path)
    asked = {"versions": {"containerd": "2.1.9"}, "names": ["containerd"]}
    drop_in = config.parent / "conf.d/zz-nvmock-cdi.toml"
    assert run(**asked)["runtimes"]["containerd"]["paths"] == [str(drop_in)]
    assert drop_in.read_text() == "version = 3\n\n" + T3 + "enable_cdi = true\n" and not run(**asked)["changed"]
    more = run(**asked, cdi_spec_dirs=["/opt/cdi"])
    assert more["changed"] and '["/etc/cdi", "/var/run/cdi", "/opt/cdi"]' in drop_in.read_text()
    assert run(state="absent")["runtimes"]["containerd"]["paths"] == [str(drop_in)]
    assert tree(tmp_path) == before


def test_a_record_of_an_older_version_is_put_back(run, config, tmp_path):
    """Which had the original beside it, and did not say whose file it is."""
    run(versions={"containerd": "1.7.24"}, names=["containerd"])
    (path,) = (tmp_path / "var/state").glob("*.json")
    record = json.loads(path.read_text())
    assert record.pop("runtime") == "containerd"
    path.write_text(json.dumps(record))
    assert run(state="absent")["changed"]
    assert config.read_text() == OLD and not (tmp_path / "var").exists()


def test_auto_leaves_alone_what_knows_no_cdi_and_what_is_not_there(run, config):
    result = run({"dockerd": "echo Docker version 20.10.24, build 0"})
    here = result["runtimes"]
    assert not result["changed"] and not {"crio"} & set(here)
    assert here["docker"]["reason"] == "docker 20.10.24 does not support CDI (25.0.0 or newer does): not changed"


@pytest.mark.parametrize(
    ("programs", "params", "message"),
    [
        ({}, {"names": ["crio"]}, "names: crio can't be run: install it, or leave it out"),
        ({"crio": "echo crio"}, {"names": ["crio"]}, "names: crio reports no version: set it in 'versions'"),
        (
            {"dockerd": "echo 20.10.24", "containerd": "echo 1.6.20"},
            {"names": ["containerd", "docker"]},
            "names: containerd 1.6.20 does not support CDI (1.7.0 or newer does), "
            "docker 20.10.24 does not support CDI (25.0.0 or newer does)",
        ),
        (
            {},
            {"names": ["dockerd"]},
            "names: 'dockerd' is not allowed: must be made of containerd, docker, crio, podman",
        ),
        (
            {},
            {"names": ["auto", "crio"]},
            "names: 'auto' is not allowed: must be made of containerd, docker, crio, podman",
        ),
        (
            {},
            {"versions": {"runc": "1"}},
            "versions: 'runc' is not allowed: must be made of containerd, docker, crio, podman",
        ),
        (
            {},
            {"versions": {"crio": "new"}},
            "versions.crio: 'new' is not allowed: must be numbers with dots between them, as in 1.7.24",
        ),
        ({}, {"cdi_spec_dirs": ["cdi"]}, "cdi_spec_dirs: 'cdi' is not allowed: must be absolute paths"),
    ],
)
def test_one_line_that_names_what_is_wrong(run, programs, params, message):
    result = run(programs, **params)
    assert result["failed"] and result["msg"] == message


def test_bad_files_are_named(run, config, tmp_path):
    config.write_text("version = 2\na =\n")
    said = run(versions={"containerd": "1.7.24"}, names=["containerd"])["msg"]
    assert said == f"{config}: line 2: a value is missing"
    daemon = tmp_path / "etc/docker/daemon.json"
    daemon.parent.mkdir()
    daemon.write_text("[]")
    assert run(versions={"docker": "26.1.5"}, names=["docker"])["msg"] == f"{daemon}: not a JSON object"
