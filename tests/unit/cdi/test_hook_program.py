# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Which program a specification names as its hook, and whether that program can serve it."""

from __future__ import annotations

import os

import pytest
from cdi_support import DRIVER, complete

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import GuardError, HostError, SpecError
from ansible_collections.nvmock.gpu.plugins.module_utils.host.converge import Component
from ansible_collections.nvmock.gpu.plugins.module_utils.host.root import HostRoot
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.node import cdi_spec, hook_program
from ansible_collections.nvmock.gpu.plugins.module_utils.nvcdi.options import Options

MANAGED = "/usr/local/nvidia-container-toolkit/bin/nvidia-cdi-hook"
USR_BIN = "/usr/bin/nvidia-cdi-hook"


def make(root, **options):
    options = {"mode": "nvml", "driver_root": DRIVER, "dev_root": "/", "architecture": "x86_64", **options}
    planned = [Component("all", complete())]
    with HostRoot(str(root)) as opened:
        return cdi_spec.make(
            build_machine(gpu_count=2, uuid_seed="s"), opened, Options(**options), cdi_spec.SpecFile(), planned
        )


def program(top, path, text="#!/bin/sh\n", mode=0o755):
    place = top / path[1:]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    place.chmod(mode)
    return place


def installs(spec):
    return MANAGED in [entry.path for entry in spec.component.entries]


def test_a_program_of_the_node_is_used(tmp_path):
    program(tmp_path, USR_BIN)
    spec = make(tmp_path)
    assert spec.hook_path == USR_BIN and not installs(spec)


def test_a_link_to_a_program_is_a_program(tmp_path):
    program(tmp_path, "/opt/toolkit/hook")
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / USR_BIN[1:]).symlink_to("/opt/toolkit/hook")
    assert make(tmp_path).hook_path == USR_BIN


@pytest.mark.parametrize("what", ["directory", "not executable", "dangling", "pipe"])
def test_what_can_not_be_executed_is_not_used(tmp_path, what):
    place = tmp_path / USR_BIN[1:]
    place.parent.mkdir(parents=True)
    if what == "directory":
        place.mkdir()
    elif what == "not executable":
        program(tmp_path, USR_BIN, mode=0o644)
    elif what == "dangling":
        place.symlink_to("/nowhere")
    else:
        os.mkfifo(place, 0o777)
    spec = make(tmp_path)
    assert spec.hook_path == MANAGED and installs(spec)
    program(tmp_path, "/bin/nvidia-cdi-hook")
    assert make(tmp_path).hook_path == "/bin/nvidia-cdi-hook"


def test_in_the_place_of_the_managed_program(tmp_path):
    place = tmp_path / MANAGED[1:]
    place.mkdir(parents=True)
    with pytest.raises(HostError, match="is a directory, but a file must be there"):
        make(tmp_path)
    place.rmdir()
    program(tmp_path, MANAGED, mode=0o644)
    with pytest.raises(GuardError, match=MANAGED):
        make(tmp_path)
    program(tmp_path, USR_BIN)
    assert make(tmp_path).hook_path == USR_BIN


@pytest.mark.parametrize("how", ["directory", "not executable"])
def test_a_path_that_was_given(tmp_path, how):
    place = program(tmp_path, "/opt/hook", mode=0o644)
    if how == "directory":
        place.unlink()
        place.mkdir()
    with pytest.raises(SpecError, match="the hook /opt/hook is not an executable file"):
        make(tmp_path, hook_path="/opt/hook")


def test_verify_reports_a_hook_that_is_no_program(tmp_path):
    for entry in complete():
        if entry.kind == "file":
            (tmp_path / entry.path[1:]).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / entry.path[1:]).write_bytes(entry.content)
    program(tmp_path, USR_BIN)
    content = (
        b'{"cdiVersion": "0.5.0", "kind": "a.b/gpu", "devices": [{"name": "0", "containerEdits": {"hooks": '
        b'[{"hookName": "createContainer", "path": "/usr/bin/nvidia-cdi-hook", "args": ["nvidia-cdi-hook", "chmod"]}]}}]}'
    )
    with HostRoot(str(tmp_path)) as root:
        assert cdi_spec.problems(root, "/etc/cdi/a.json", content) == []
    (tmp_path / USR_BIN[1:]).chmod(0o644)
    with HostRoot(str(tmp_path)) as root:
        found = cdi_spec.problems(root, "/etc/cdi/a.json", content)
    assert len(found) == 1 and "is not an executable file" in found[0]


# -- its release ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, version",
    [
        ("NVIDIA CDI Hook version 1.17.9\ncommit: 0123\n", (1, 17, 9)),
        ("NVIDIA CDI Hook version 1.20.0-rc.1\n", (1, 20, 0)),
        ("nvidia-cdi-hook version v1.20.2 (nvmock.gpu)\n", (1, 20, 2)),
        ("NVIDIA Container Toolkit CLI version 1.18.2\n", (1, 18, 2)),
        ("", None),
        ("usage: hook", None),
        ("x version ", None),
        ("x version 1.20", None),
        ("x version one.two.three", None),
        ("x version 1.²0.3", None),
    ],
)
def test_the_version_in_an_answer(text, version):
    assert hook_program._version_in(text) == version


def test_a_program_that_does_not_answer(tmp_path, monkeypatch):
    monkeypatch.setattr(hook_program, "_TIME_LIMIT", 0.3)
    assert hook_program._ask(str(program(tmp_path, "/hangs", "#!/bin/sh\nsleep 60\n"))) == ""
    assert hook_program._ask(str(program(tmp_path, "/fails", "#!/bin/sh\nexit 1\n"))) == ""
    assert hook_program._ask(str(program(tmp_path, "/no-program", "\0\0"))) == ""
    loud = program(tmp_path, "/loud", "#!/bin/sh\nhead -c 100000 /dev/zero\n")
    assert len(hook_program._ask(str(loud))) <= 4096


class Asked:
    """A stand-in for the question, which counts."""

    def __init__(self, version):
        self.text = f"NVIDIA CDI Hook version {version}\n"
        self.count = 0

    def __call__(self, _path):
        self.count += 1
        return self.text


@pytest.fixture
def real(tmp_path, monkeypatch):
    """A node with a program of another release, which counts as the node that runs this process."""
    program(tmp_path, USR_BIN)
    monkeypatch.setattr(hook_program, "_answers", {})
    monkeypatch.setattr(hook_program, "_RUNNING", str(tmp_path))

    def of(version):
        asked = Asked(version)
        monkeypatch.setattr(hook_program, "_ask", asked)
        return asked

    return of


def commands(spec):
    edits = [spec["containerEdits"], *(device["containerEdits"] for device in spec["devices"])]
    return {hook["args"][1] for edit in edits for hook in edit.get("hooks", ())}


@pytest.mark.parametrize(
    "version, has",
    [
        ("1.17.4", set()),
        ("1.17.9", {"enable-cuda-compat"}),
        ("1.18.0", {"enable-cuda-compat", "disable-device-node-modification"}),
        ("1.20.0", {"enable-cuda-compat", "disable-device-node-modification", "update-application-profile"}),
        ("1.99.0", set(hook_program.COMMANDS_SINCE)),
    ],
)
def test_the_specification_fits_the_program(tmp_path, real, version, has):
    asked = real(version)
    spec = make(tmp_path)
    assert spec.hook_path == USR_BIN
    assert commands(spec.specs[0]) & set(hook_program.COMMANDS_SINCE) == has
    make(tmp_path)
    assert asked.count == 1, "the answer is remembered"
    (tmp_path / USR_BIN[1:]).write_text("another")
    make(tmp_path)
    assert asked.count == 2, "but not that of another file"


def test_a_release_that_was_given(tmp_path, real):
    real("1.17.9")
    with pytest.raises(SpecError, match=r"is of release 1\.17\.9 and has no command .*: use toolkit_release 1\.17"):
        make(tmp_path, toolkit_release="1.20.2")
    assert make(tmp_path, toolkit_release="1.17")
    newer = tuple(name for name, since in hook_program.COMMANDS_SINCE.items() if since > (1, 17, 9))
    assert make(tmp_path, toolkit_release="1.20.2", disabled_hooks=newer).hook_path == USR_BIN
    real("1.20.2")
    hook_program._answers.clear()
    assert make(tmp_path, toolkit_release="1.18").hook_path == USR_BIN


def test_a_program_that_is_too_old(tmp_path, real):
    real("1.16.2")
    with pytest.raises(SpecError, match=r"is of release 1\.16\.2, but the oldest that is supported is 1\.17"):
        make(tmp_path)
    assert make(tmp_path, hook_mode="none").hook_path == ""


def test_programs_that_are_not_asked(tmp_path, real, monkeypatch):
    asked = real("1.17.9")
    (tmp_path / USR_BIN[1:]).unlink()
    assert installs(make(tmp_path))
    program(tmp_path, USR_BIN)
    monkeypatch.setattr(hook_program, "_RUNNING", "/")
    assert commands(make(tmp_path).specs[0]) >= set(hook_program.COMMANDS_SINCE)
    assert asked.count == 0


def test_verify_reports_a_program_that_is_too_old(tmp_path, real):
    asked = real("1.20.2")
    content = (
        b'{"cdiVersion": "0.5.0", "kind": "a.b/gpu", "devices": [{"name": "0", "containerEdits": {"hooks": [{"hookName": '
        b'"createContainer", "path": "/usr/bin/nvidia-cdi-hook", "args": ["nvidia-cdi-hook", "update-application-profile"]}]}}]}'
    )
    with HostRoot(str(tmp_path)) as root:
        assert cdi_spec.problems(root, "/etc/cdi/a.json", content) == [] and asked.count == 1
        hook_program._answers.clear()
        real("1.17.9")
        (problem,) = cdi_spec.problems(root, "/etc/cdi/a.json", content)
    assert problem.startswith("/etc/cdi/a.json: /usr/bin/nvidia-cdi-hook: is of release 1.17.9 and has no command")
