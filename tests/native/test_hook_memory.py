# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""apply-cuda-memory-limits of nvidia-cdi-hook: what it refuses, as NVIDIA's does, and that it does nothing else.

Recorded runs of NVIDIA's program are compared in tests/recorded.
"""

from __future__ import annotations

import json
import os

import pytest

from .conftest import one_line

REQUEST, LIMIT = "NVIDIA_GPU_MEMORY_REQUEST", "NVIDIA_GPU_MEMORY_LIMIT"
MOST = (1 << 64) - 1 >> 20  # MiB
CALL = ("apply-cuda-memory-limits", "--driver-root", "/none", "--gpu-id", "GPU-1")


class Container:
    """A bundle without a root filesystem, which this hook does not look at."""

    def __init__(self, hook, bundle):
        self.hook = hook
        self.place = bundle.root.parent
        self.state = bundle.state
        bundle.root.rmdir()

    def configure(self, text):
        (self.place / "config.json").write_text(text)

    def run(self, *variables, call=CALL):
        """Run the hook of a container with these variables."""
        process = {"user": {"uid": 0}, "args": ["x"], "env": list(variables)}
        self.configure(json.dumps({"ociVersion": "1.2.1", "process": process, "root": {"path": "rootfs"}}))
        return self.hook(*call, state=self.state)


@pytest.fixture
def container(nvidia_cdi_hook, bundle):
    return Container(nvidia_cdi_hook, bundle)


def silent(done):
    return (done.returncode, done.stdout, done.stderr) == (0, "", "")


def one_warning(done, word):
    """The container starts, and one line says *word*."""
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (0, "", 1), done
    assert word in done.stderr
    return True


def test_without_the_variables(container):
    assert silent(container.run())
    assert silent(container.run("PATH=/bin", f"{LIMIT}X=1", f"X{LIMIT}=1", f"{LIMIT.lower()}=x", LIMIT[:-1], "=", ""))
    for text in ("{}", "null", '{"process":null}', '{"process":{}}', '{"process":{"env":null}}', '{"process":{}} x'):
        container.configure(text)
        assert silent(container.hook(*CALL, state=container.state)), text


def test_the_hooks_own_environment_does_not_count(container):
    container.hook.command = ["env", f"{LIMIT}=x", *container.hook.command]
    assert silent(container.run())


@pytest.mark.parametrize(
    "variables",
    [
        (f"{LIMIT}=0",), (f"{REQUEST}=1024",), (f"{REQUEST}=4096", f"{LIMIT}=4096"), (f"{LIMIT}={MOST}",), (f"{LIMIT}=0010",),
        (f"{LIMIT}=0", f"{REQUEST}=0"), (f"{LIMIT}=5", "A=b", f"{LIMIT}=x", f"{REQUEST}=5", REQUEST),
        (f"{REQUEST}={MOST}",),
    ],
)  # fmt: skip
def test_with_the_variables(container, variables):
    assert one_warning(container.run(*variables), "not simulated")


@pytest.mark.parametrize("name", [REQUEST, LIMIT])
@pytest.mark.parametrize(
    "value",
    ["", "x", "4Gi", "1.5", "+5", "-1", " 1", "1 ", "0x10", "1_000", "1e3", str(MOST + 1), str(1 << 64), "9" * 5000, "\n"],
)  # fmt: skip
def test_what_is_no_number_of_mebibytes(container, name, value):
    one_line(container.run(f"{name}={value}"), f"{name}=", str(MOST))


def test_bad_combinations(container):
    one_line(container.run(f"{REQUEST}=11", f"{LIMIT}=10"), f"{REQUEST}=11", f"{LIMIT}=10")
    one_line(container.run(LIMIT), f"{LIMIT}=:")  # there, without a value
    one_line(container.run(LIMIT, f"{LIMIT}=5"), f"{LIMIT}=:")  # the first counts
    one_line(container.run(f"{LIMIT}=x", f"{REQUEST}=y"), f"{REQUEST}=y")  # the request goes first


@pytest.mark.parametrize("ids", [[""], [" "], ["\t\n"], ["GPU-1", ""], ["GPU-1,"], [",GPU-1"], ["a,,b"], ["a, ,b"]])
def test_blank_ids(container, ids):
    call = (CALL[0], *(f"--gpu-id={one}" for one in ids))
    one_line(container.run(call=call), "--gpu-id", "must not be empty")


def test_the_command_line(container):
    one_line(container.run(call=CALL[:3]), "--gpu-id", "at least one")
    one_line(container.run(call=(*CALL, "--bogus")), "--bogus")
    for call in (
        (*CALL, "--gpu-id", "GPU-2,GPU-3"),
        ("hook", CALL[0], "-gpu-id", "GPU-1"),
        (CALL[0], "word", "--driver-root=", "--gpu-id=GPU-1", "--"),
    ):
        assert silent(container.run(call=call))
        assert one_warning(container.run(f"{LIMIT}=5", call=call), "not simulated")
    assert "apply-cuda-memory-limits" in container.run(call=(CALL[0], "--help")).stdout


@pytest.mark.parametrize("state", ["", " ", "{", "[]", "1", '{"bundle":1}', '{"bundle":["/x"]}', b"\xff", '{"a":tru}'])
def test_states_that_can_not_be_read(container, state):
    one_line(container.hook(*CALL, state=state), "state")


def test_the_state_may_come_from_a_file(container):
    container.run()
    path = container.place / "state"
    path.write_text(container.state + "more, which is not looked at")
    assert silent(container.hook(*CALL, "--container-spec", str(path)))
    one_line(
        container.hook(*CALL, "--container-spec", f"{path}-none", state=container.state), "state-none", "No such file"
    )
    assert silent(container.hook(*CALL, "--container-spec=-", state=container.state))


@pytest.mark.parametrize(
    "text",
    [None, "", "[]", "x", '{"process":1}', '{"process":[]}', '{"process":{"env":"x"}}', '{"process":{"env":{}}}',
     '{"process":{"env":[1]}}', '{"process":{"env":{"[]":"x"}}}', '{"process":{"env":["A=b"]}'],
)  # fmt: skip
def test_configurations_that_can_not_be_read(container, text):
    """As with NVIDIA's, the container starts all the same."""
    path = container.place / "config.json"
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    assert one_warning(container.hook(*CALL, state=container.state), "config.json")


def test_a_state_without_a_bundle(container, monkeypatch, tmp_path):
    """The configuration is then that of the working directory."""
    place = tmp_path / "elsewhere"
    place.mkdir()
    monkeypatch.chdir(place)
    for state in ("{}", "null", '{"bundle":null}', '{"bundle":""}'):
        assert one_warning(container.hook(*CALL, state=state), "config.json")
    container.run(f"{LIMIT}=x")
    os.rename(container.place / "config.json", place / "config.json")
    one_line(container.hook(*CALL, state="{}"), LIMIT)
