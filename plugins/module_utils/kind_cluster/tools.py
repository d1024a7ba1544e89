# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The container engine, kind and kubectl: whether they are installed and new enough."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..errors import ParameterError
from .answer import Answer

_KIND = re.compile(r"kind (?:version )?v?([0-9]+\.[0-9]+\.[0-9]+)")
_KUBECTL = re.compile(r'gitVersion": *"v([0-9]+\.[0-9]+\.[0-9]+)')
_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})*")
_INSTALL = {
    "docker": "sudo apt-get install docker.io, or see https://docs.docker.com/engine/install/",
    "podman": "sudo apt-get install podman",
}


def engine_problem(provider: str, answer: Answer) -> str:
    """Return the problem of an engine with this answer, and its solution; empty if it works."""
    if answer.status == 0:
        return ""
    if answer.missing:
        return f"{provider} is not on the PATH: install it ({_INSTALL[provider]})"
    if "permission denied" in answer.stderr.lower():
        return (
            f"no permission on the socket of {provider}: join its group (sudo usermod -aG {provider} $USER, then log in again) or"
            " run as root"
        )
    return (
        f"the {provider} daemon does not answer: start it (sudo systemctl start {provider}) or set DOCKER_HOST to a running one;"
        f" its message: {answer.reason('no answer')}"
    )


class Tool(NamedTuple):
    """A tool on the PATH: its version, empty if it is missing, and whether it is new enough."""

    version: str
    good: bool


def kind(output: str, minimum: str) -> Tool:
    """Parse the output of ``kind --version``."""
    return _tool(_KIND, output, "kind_minimum", minimum)


def kubectl(output: str, minimum: str) -> Tool:
    """Parse the output of ``kubectl version --client --output json``."""
    return _tool(_KUBECTL, output, "kubectl_minimum", minimum)


def _tool(pattern: re.Pattern[str], output: str, parameter: str, minimum: str) -> Tool:
    if _VERSION.fullmatch(minimum) is None:
        raise ParameterError(parameter, minimum, "a version such as 0.20.0")
    found = pattern.search(output)
    return Tool(found[1], _numbers(found[1]) >= _numbers(minimum)) if found else Tool("", False)


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def lacks(provider: str, engine_answers: bool, tools: dict[str, tuple[Tool, str]]) -> list[str]:
    """Return what is missing for a cluster.

    :arg tools: name -> (the tool, the oldest supported version).
    """
    missing = [] if engine_answers else [f"a running {provider} engine"]
    for name, (tool, minimum) in tools.items():
        if not tool.version:
            missing.append(name)
        elif not tool.good:
            missing.append(f"{name} {minimum} or newer")
    return missing
