# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The product as people start it: gpu-mockctl and the modules, as processes."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CTL = os.path.join(ROOT, "bin", "gpu-mockctl")
_SEED = ("--uuid-seed", "attack")
# A run takes a tenth of a second. Ten minutes of a busy machine are no hang, so what counts is the processor's time.
WALL_SECONDS = 120
CPU_SECONDS = 30


class Outcome:
    """How a process ended: exit status (negative for a signal), output, CPU seconds; *hung* if it had to be killed."""

    def __init__(self, status: int, out: str, err: str, cpu: float, hung: bool) -> None:
        self.status = status
        self.out = out
        self.err = err
        self.cpu = cpu
        self.hung = hung

    @property
    def ok(self) -> bool:
        """Whether the exit status is 0."""
        return self.status == 0

    @property
    def said(self) -> str:
        """Everything that was printed."""
        return self.out + self.err

    @property
    def traceback(self) -> bool:
        """Whether Python's or C's way to die can be seen."""
        return "Traceback (most recent call last)" in self.said or self.status < 0

    @property
    def complaint(self) -> str:
        """What is wrong with it as a refusal, which must be one line; an empty text if nothing is."""
        if self.hung:
            return "no end was seen"
        if self.traceback:
            return f"status {self.status}, " + (self.err.strip().rpartition("\n")[2] or "no message")
        lines = self.err.strip("\n").split("\n")
        if self.status not in (1, 2) or len(lines) != 1 or not lines[0].strip():
            return f"status {self.status}, {len(lines)} lines: {self.err.strip()[:200]}"
        return ""

    def __str__(self) -> str:
        return f"status {self.status}: {self.err.strip()[:300] or self.out.strip()[-100:]}"


def start(
    command: list[str], environment: dict[str, str] | None = None, limits: bool = False, **options: object
) -> subprocess.Popen[bytes]:
    """Start a command with a clean environment.

    :arg limits: end it after :data:`CPU_SECONDS`, and give it at most 2 GiB of address space.
    """
    env = {"PATH": os.path.dirname(sys.executable) + ":/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
    env.update(environment or {})

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))

    return subprocess.Popen(command, env=env, cwd="/", preexec_fn=limit if limits else None, **options)


def finish(process: subprocess.Popen[bytes], out: object, err: object, seconds: float = WALL_SECONDS) -> Outcome:
    """Wait for a process whose output goes to the files *out* and *err*."""
    hung = False
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        hung = True
        process.kill()
        process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    texts = []
    for file in (out, err):
        file.seek(0)
        texts.append(file.read(1 << 20).decode("utf-8", "backslashreplace"))
    return Outcome(process.returncode, texts[0], texts[1], cpu, hung)


class Running:
    """A process that was started and is waited for later."""

    def __init__(self, command: list[str], **options: object) -> None:
        self._out, self._err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 (closed by wait)
        self.process = start(command, stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._err, **options)

    def wait(self, seconds: float = WALL_SECONDS) -> Outcome:
        """Wait for its end."""
        try:
            return finish(self.process, self._out, self._err, seconds)
        finally:
            self._out.close()
            self._err.close()


def ctl_command(host_root: str, *flags: str, program: str = CTL) -> list[str]:
    """Return the command line of gpu-mockctl for a node; UUIDs come from a fixed seed unless *flags* name one."""
    words = list(flags)
    subcommand: list[str] = []
    while words and not words[0].startswith("-") and (not subcommand or subcommand in (["cdi"], ["cdi", "transform"])):
        subcommand.append(words.pop(0))
    place = () if subcommand == ["machines"] else ("--host-root", host_root)
    seed = () if subcommand or "--uuid-seed" in words else _SEED
    return [program, *subcommand, *place, *seed, *words]


def ctl(host_root: str, *flags: str, program: str = CTL, **options: object) -> Outcome:
    """Run gpu-mockctl on a node and wait for its end."""
    return Running(ctl_command(host_root, *flags, program=program), **options).wait()


def changes(outcome: Outcome) -> dict[str, object] | None:
    """Return what a run with ``--output json`` says that it changed; None if it says nothing of the kind."""
    try:
        facts = json.loads(outcome.out)
        return {key: facts[key] for key in ("changed", "created", "updated", "removed")}
    except (ValueError, KeyError, TypeError):
        return None


def module(name: str, parameters: dict[str, object], check: bool = False, **options: object) -> Outcome:
    """Run a module of the collection as Ansible does: a process that reads its arguments as JSON."""
    arguments = {"ANSIBLE_MODULE_ARGS": {**parameters, "_ansible_check_mode": check, "_ansible_diff": True}}
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(arguments, file)
        file.flush()
        command = [sys.executable, "-m", f"ansible_collections.nvmock.gpu.plugins.modules.{name}", file.name]
        environment = {"PYTHONPATH": os.path.join(ROOT, ".build"), "HOME": "/nonexistent"}
        return Running(command, environment=environment, **options).wait()
