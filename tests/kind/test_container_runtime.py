# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Role container_runtime on a directory, for runtimes that are not installed here. Needs no container engine."""

from __future__ import annotations

import json
import sys

import pytest

VERSIONS = {"containerd": "1.7.24", "docker": "26.1.0", "crio": "1.30.0", "podman": "5.5.0"}
CONTAINERD = (
    'version = 2\n# of the distribution\n[plugins."io.containerd.grpc.v1.cri"]\n  sandbox_image = "pause:3.9"\n'
)


def files(root):
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def node(tmp_path):
    for name, text in {"containerd/config.toml": CONTAINERD, "docker/daemon.json": '{"debug": true}\n'}.items():
        path = tmp_path / "etc" / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return tmp_path


def test_each_runtime_reads_specifications_and_is_put_back(play, node):
    before = files(node)
    variables = {
        "root": str(node),
        "container_runtime_versions": VERSIONS,
        "container_runtime_cdi_spec_dirs": ["/etc/cdi", "/opt/cdi"],
    }
    assert play("runtime_directory.yml", "--check", **variables).changed > 0
    assert files(node) == before
    run = play("runtime_directory.yml", **variables)
    assert run.rc == 0, run.output
    now = files(node)
    assert "enable_cdi = true" in now["etc/containerd/config.toml"]
    assert '"/opt/cdi"' in now["etc/containerd/config.toml"] and "pause:3.9" in now["etc/containerd/config.toml"]
    docker = json.loads(now["etc/docker/daemon.json"])
    assert docker["debug"] is True and docker["features"]["cdi"] is True and "/opt/cdi" in docker["cdi-spec-dirs"]
    assert "/opt/cdi" in now["etc/crio/crio.conf.d/99-nvmock-cdi.conf"]
    assert '["/opt/cdi", {append = true}]' in now["etc/containers/containers.conf.d/99-nvmock-cdi.conf"]
    assert play("runtime_directory.yml", **variables).changed == 0
    gone = play("runtime_directory.yml", **variables, container_runtime_state="absent")
    assert gone.rc == 0, gone.output
    assert files(node) == before


def test_a_drop_in_where_the_file_imports_a_directory(play, node):
    """What switches CDI off is in another drop-in; neither that one nor the main file is touched."""
    place = node / "etc/containerd/conf.d"
    place.mkdir()
    (place / "10-vendor.toml").write_text("version = 3\n" + TABLE_3)
    (node / "etc/containerd/config.toml").write_text('version = 3\nimports = ["conf.d/*.toml"]\n')
    before = files(node)
    variables = {"root": str(node), "container_runtime_versions": {"containerd": "2.1.9"}}
    run = play("runtime_directory.yml", **variables)
    assert run.rc == 0, run.output
    now = files(node)
    drop_in = now.pop("etc/containerd/conf.d/zz-nvmock-cdi.toml")
    assert drop_in == "version = 3\n\n" + ON_3.replace("  enable", "enable")
    assert {name: text for name, text in now.items() if name in before} == before
    said = run.task("Show what was done and why")["localhost"]["_container_runtime_done.reasons"]
    assert said == [
        f"CDI is disabled in containerd 2.1.9 ({place}/10-vendor.toml, line 3): enable_cdi set in {place}/zz-nvmock-cdi.toml"
    ]
    assert play("runtime_directory.yml", **variables).changed == 0
    assert play("runtime_directory.yml", **variables, container_runtime_state="absent").changed == 1
    assert files(node) == before


TABLE_2 = '[plugins."io.containerd.grpc.v1.cri"]\n  enable_cdi = false\n'
TABLE_3 = '[plugins."io.containerd.cri.v1.runtime"]\n  enable_cdi = false\n'
ON_2, ON_3 = TABLE_2.replace("false", "true"), TABLE_3.replace("false", "true")
OTHER = ["/etc/cdi", "/opt/cdi"]
PLACES = {"containerd": "etc/containerd/config.toml", "docker": "etc/docker/daemon.json"}

# Each is a host of one run: (runtime, version, directories, file before, file after); None is no file.
CASES = {
    "on": ("containerd", "2.1.9", None, "version = 3\n", "version = 3\n"),
    "no-file-on": ("containerd", "2.1.9", None, None, None),
    "schema-3-off": ("containerd", "2.1.9", None, "version = 3 # mine\n" + TABLE_3, "version = 3 # mine\n" + ON_3),
    "schema-2-off": ("containerd", "2.1.9", None, "version = 2\n" + TABLE_2, "version = 2\n" + ON_2),
    "both-tables": ("containerd", "2.1.9", None, "version = 2\n" + TABLE_2 + TABLE_3, "version = 2\n" + ON_2 + ON_3),
    "no-version-off": ("containerd", "2.1.9", None, "[x]\nversion = 3\n" + TABLE_3, "[x]\nversion = 3\n" + ON_3),
    "no-version-passed-over": ("containerd", "2.1.9", None, "root = '/x'\n" + TABLE_2, "root = '/x'\n" + TABLE_2),
    "no-version-other": (
        "containerd",
        "2.1.9",
        OTHER,
        "root = '/x'\n",
        "root = '/x'\n\n[plugins.\"io.containerd.cri.v1.runtime\"]\n"
        'cdi_spec_dirs = ["/etc/cdi", "/var/run/cdi", "/opt/cdi"]\n',
    ),
    "schema-4-off": ("containerd", "2.3.7", None, "version = 4\n" + TABLE_3, "version = 4\n" + ON_3),
    "always-on": ("containerd", "2.4.2", None, "version = 4\n" + TABLE_3, "version = 4\n" + TABLE_3),
    "no-file": (
        "containerd",
        "2.1.9",
        OTHER,
        None,
        'version = 3\n\n[plugins."io.containerd.cri.v1.runtime"]\ncdi_spec_dirs = ["/etc/cdi", "/var/run/cdi", "/opt/cdi"]\n',
    ),
    "comment-only": (
        "containerd",
        "1.7.24",
        None,
        "# nothing\n",
        'version = 2\n# nothing\n\n[plugins."io.containerd.grpc.v1.cri"]\nenable_cdi = true\n',
    ),
    "schema-1": (
        "containerd",
        "1.7.24",
        None,
        "root = '/x'\n",
        "root = '/x'\n\n[plugins.cri]\nenable_cdi = true\n",
    ),
    "docker-off": ("docker", "28.1.1", None, '{"debug": true}', '{"debug": true, "features": {"cdi": true}}'),
    "docker-on": ("docker", "28.2.0", None, '{"features": {"a": true}}', '{"features": {"a": true}}'),
    "docker-put-off": ("docker", "28.2.0", None, '{"features": {"cdi": false}}', '{"features": {"cdi": true}}'),
}
REFUSED = {
    "old": ("docker", "20.10.24", None, None, "names: docker 20.10.24 does not support CDI (25.0.0 or newer does)"),
    "old-podman": ("podman", "5.4.2", OTHER, None, "cdi_spec_dirs: podman 5.4.2 only reads /etc/cdi and /var/run/cdi"),
    "odd-version": (
        "containerd",
        "new",
        None,
        None,
        "versions.containerd: 'new' is not allowed: must be numbers with dots",
    ),
    "bad-toml": (
        "containerd",
        "1.7.24",
        None,
        "version = 2\na =\n",
        "config.toml: line 2: a value is missing",
    ),
    "bad-json": ("docker", "26.1.5", None, '{"debug": }', "daemon.json: not JSON: Expecting value: line 1 column 11"),
    "bad-version": (
        "dockerd",
        "28.0.0",
        None,
        None,
        "'dockerd' is not allowed: must be made of containerd, docker, crio",
    ),
    "bad-directory": (
        "docker",
        "28.0.0",
        ["cdi"],
        None,
        "cdi_spec_dirs: 'cdi' is not allowed: must be",
    ),
}


@pytest.fixture(scope="module")
def cases(play, tmp_path_factory):
    """One run on a directory for each case, together; gives the run, and what a case's file is then."""
    base = tmp_path_factory.mktemp("cases")
    hosts = {}
    for name, (runtime, version, directories, before, _after) in {**CASES, **REFUSED}.items():
        path = base / name / PLACES.get(runtime, "etc/none")
        path.parent.mkdir(parents=True)
        if before is not None:
            path.write_text(before)
        hosts[name] = {
            "root": str(base / name),
            "container_runtime_versions": {runtime: version},
            "container_runtime_cdi_spec_dirs": directories or ["/etc/cdi"],
            "ansible_python_interpreter": sys.executable,
        }
    inventory = base / "hosts.json"
    inventory.write_text(json.dumps({"cases": {"hosts": hosts}}))
    run = play("runtime_directory.yml", "-i", str(inventory), "--forks=2", nodes="cases")

    def now(name, runtime):
        path = base / name / PLACES.get(runtime, "etc/none")
        return path.read_text() if path.exists() else None

    return run, now


@pytest.mark.parametrize("name", CASES)
def test_the_smallest_change_where_the_runtime_reads_it(cases, name):
    run, now = cases
    runtime, _version, _directories, before, after = CASES[name]
    assert run.data["stats"][name]["failures"] == 0, run.output
    assert now(name, runtime) == after
    assert run.data["stats"][name]["changed"] == int(before != after)


@pytest.mark.parametrize("name", REFUSED)
def test_an_unsupported_case_is_refused_in_one_line(cases, name):
    run, now = cases
    runtime, _version, _directories, before, message = REFUSED[name]
    said = [one["msg"] for one in run.results(name) if one.get("failed")]
    assert len(said) == 1 and message in said[0] and "\n" not in said[0]
    assert now(name, runtime) == before


CRIO = r"""
case $1 in
  --version) echo crio version 1.30.0 ;;
  config) printf '# List of directories\n%scdi_spec_dirs = [\n%s\t"/etc/cdi",\n%s\t"%s",\n%s]\n' HASH HASH HASH DIRECTORY HASH ;;
esac
"""


@pytest.mark.parametrize(("mark", "directory"), [("'# '", "/var/run/cdi"), ("''", "/opt/mine")])
def test_crio_keeps_the_directories_that_it_reads(play, tmp_path, path_with, mark, directory):
    """A stand-in prints what 'crio config' prints: a commented default, or somebody's own list."""
    where = path_with("sh", "tr", crio=CRIO.replace("HASH", mark).replace("DIRECTORY", directory))
    variables = {"root": str(tmp_path), "container_runtime_versions": {}, "container_runtime_names": ["crio"]}
    drop_in = tmp_path / "etc/crio/crio.conf.d/99-nvmock-cdi.conf"
    run = play("runtime_directory.yml", env={"PATH": where}, **variables)
    assert run.rc == 0 and not drop_in.exists(), run.output
    variables["container_runtime_cdi_spec_dirs"] = OTHER
    run = play("runtime_directory.yml", env={"PATH": where}, **variables)
    assert run.rc == 0, run.output
    assert drop_in.read_text() == f'[crio.runtime]\ncdi_spec_dirs = ["/etc/cdi", "{directory}", "/opt/cdi"]\n'
