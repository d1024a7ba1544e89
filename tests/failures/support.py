# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Runs of the playbooks that fail, and the lines of docs/troubleshooting.md.

A line of the page is a text in which ``...`` is any text. A test asks for a line that the page has, provokes the failure, and compares
what is shown.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PAGE = os.path.join(ROOT, "docs", "troubleshooting.md")
MORE = "To see every task, add -v (make up ARGS=-v)."
# What the roles call on this machine, apart from the tools that are replaced.
PROGRAMS = ("sh", "env", "cat", "rm", "ps", "sleep", "uname", "id", "tr", "mkdir", "chmod", "mv", "cp")
TOOLS = {
    "docker": """
case "$1 $2" in
  "info "*) printf '%s\\t%s\\n' "${DOCKER_DATA:-/}" "$(uname -n)" ;;
  "image inspect") for image in ${DOCKER_IMAGES-}; do [ "$image" != "$5" ] || { echo sha256:0123456789abcdef; exit 0; }; done; exit 1 ;;
  "pull "* | "manifest "*) echo "dial tcp: lookup registry-1.docker.io: no such host" >&2; exit 1 ;;
  "build "*) echo "Temporary failure resolving 'deb.debian.org'" >&2; exit 100 ;;
esac
""",
    "kind": """
case "$1" in
  --version) echo "kind version ${KIND_VERSION:-0.33.0}" ;;
  create) echo "ERROR: failed to create cluster: could not find a log line that matches" >&2; exit 1 ;;
esac
""",
    "kubectl": """
case "$*" in
  version*) echo '{"clientVersion": {"gitVersion": "v'${KUBECTL_VERSION:-1.37.0}'"}}' ;;
  *get-contexts*) echo production ;;
esac
""",
}


def page_lines() -> list[str]:
    """The lines that the page names: the first code of each row of its tables."""
    with open(PAGE, encoding="utf-8") as page:
        return re.findall(r"(?m)^\| `([^`]+)` \|", page.read())


def pattern(line: str) -> re.Pattern[str]:
    """A pattern for a line of the page, which finds it anywhere in a text without line breaks."""
    return re.compile(".+".join(re.escape(part) for part in line.split("...")))


class Run:
    """What a run has shown.

    :arg lines: on standard output. ``at``: the second at which each was shown. ``seconds`` it took.
    """

    def __init__(self, status: int, lines: list[str], at: list[float], seconds: float) -> None:
        self.status = status
        self.lines = lines
        self.at = at
        self.seconds = seconds

    def check(self, line: str) -> None:
        """The run has failed with *line*, in at most three lines."""
        assert line in page_lines(), f"docs/troubleshooting.md does not name: {line}"
        start = next((number for number, shown in enumerate(self.lines) if shown.startswith("FAILED on ")), None)
        assert self.status != 0 and start is not None, "\n".join(self.lines)
        told = self.lines[start:]
        assert pattern(line).search(" ".join(told[1].split())), "\n".join(told)
        assert told[2] == MORE and len(told) == 3, "\n".join(told)


def play(place, playbook, *arguments, variables=None, env=None, before="", without=""):
    """Run a playbook of the collection in the directory *place*, like make does.

    :arg before: shell commands that run first, in a mount namespace of their own.
    :arg without: a capability that the run does not have.
    """
    environment = {**os.environ, "ANSIBLE_STDOUT_CALLBACK": "nvmock.gpu.progress", "NO_COLOR": "1", **(env or {})}
    environment.update(PWD=str(place), HOME=str(place), ANSIBLE_CONFIG=os.path.join(ROOT, "ansible.cfg"))
    environment["ANSIBLE_COLLECTIONS_PATH"] = os.path.join(ROOT, ".build")
    path = playbook if os.path.isabs(playbook) else os.path.join(ROOT, "playbooks", playbook)
    command = [sys.executable, "-m", "ansible.cli.playbook", path, "-e", json.dumps(variables or {}), *arguments]
    if without:
        command = ["setpriv", f"--bounding-set=-{without}", f"--inh-caps=-{without}", *command]
    if before:
        shell = f"set -eu\n{before}\nexec {shlex.join(command)}"
        command = [shutil.which("unshare"), "--mount", "--propagation", "private", shutil.which("sh"), "-c", shell]
    start = time.perf_counter()
    with (
        open(os.path.join(place, "stderr"), "w+", encoding="utf-8") as errors,
        subprocess.Popen(
            command,
            cwd=place,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        shown = [(line.rstrip("\n"), time.perf_counter() - start) for line in process.stdout]
    return Run(
        process.returncode, [line for line, _at in shown], [at for _line, at in shown], time.perf_counter() - start
    )


def tools(place, *missing, **changes):
    """Environment in which docker, kind and kubectl are scripts: TOOLS, *changes*, or missing."""
    folder = place / "tools"
    folder.mkdir()
    for program in PROGRAMS:
        os.symlink(shutil.which(program), folder / program)
    for name, script in {**TOOLS, **changes}.items():
        if name not in missing:
            (folder / name).write_text(f"#!/bin/sh\n{script}")
            (folder / name).chmod(0o755)
    return {"PATH": str(folder)}
