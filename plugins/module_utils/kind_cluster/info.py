# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Gets the state from the engine, the tools, the record and the nodes."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Optional

from ..errors import NvmockError
from . import containers as containers_of
from . import host, tools
from . import record as records
from .answer import Answer

Ask = Callable[[Sequence[Sequence[str]], int], "list[Answer]"]

# In seconds. A node that was just started can be slow.
_TOOL_SECONDS = 30
_NODE_SECONDS = 60


class Question(NamedTuple):
    """The options of the module nvmock_kind_cluster_info."""

    name: str
    provider: str
    record: str
    create_seconds: int
    kubeconfig: str
    kubeconfig_merge: bool
    kind_minimum: str
    kubectl_minimum: str
    roles: Sequence[str]
    python_probe: Sequence[str]
    config: Optional[Mapping[str, Any]] = None


def gather(question: Question, ask_all: Ask) -> dict[str, Any]:
    """Return the result of the module.

    :arg ask_all: runs commands in parallel: (commands, seconds) -> answers.
    :raises NvmockError: the record or the output of the engine can't be read.
    """
    provider = question.provider
    label = f"label={containers_of.LABEL_CLUSTER}={question.name}"
    listed, kind_says, kubectl_says = ask_all(
        [
            [provider, "ps", "--all", "--quiet", "--no-trunc", "--filter", label],
            ["kind", "--version"],
            ["kubectl", "version", "--client", "--output", "json"],
        ],
        _TOOL_SECONDS,
    )
    kind = tools.kind(kind_says.stdout, question.kind_minimum)
    kubectl = tools.kubectl(kubectl_says.stdout, question.kubectl_minimum)
    wanted = {"kind": (kind, question.kind_minimum), "kubectl": (kubectl, question.kubectl_minimum)}
    record = records.read(_text(question.record), question.record)
    containers = _containers(question, listed, ask_all)
    standing = records.standing(containers, record, question.create_seconds)
    nodes = containers_of.nodes(containers)
    unwell = containers_of.not_running(nodes)
    # The caller fails if a node is not running, so the other nodes are not queried.
    pythons, problem = ({}, "") if unwell else _pythons(question, nodes, ask_all)
    merged_path = os.path.expanduser(os.path.expandvars(record["kubeconfig"]))
    return {
        "engine_problem": tools.engine_problem(provider, listed),
        "tools": {"kind": kind._asdict(), "kubectl": kubectl._asdict()},
        "lacks": tools.lacks(provider, listed.status == 0, wanted),
        **standing._asdict(),
        "usable": standing.usable,
        "stays": standing.stays,
        "known": standing.half_made or records.is_known(containers, record),
        "containers": {one.name: one.id for one in containers},
        "nodes": [one._asdict() for one in nodes],
        "node_image": _node_image(standing, record, nodes),
        "shape": containers_of.shape(one.role for one in nodes),
        "shape_wanted": containers_of.shape(question.roles),
        "not_running": [one._asdict() for one in unwell],
        "cure": containers_of.cure(provider, unwell),
        "pythons": pythons,
        "python_problem": problem,
        "record": record,
        "kubeconfig_good": records.kubeconfig_is_good(
            {**record, "kubeconfig": merged_path},
            containers,
            question.kubeconfig,
            question.kubeconfig_merge,
            _file(question.kubeconfig),
        ),
        "host": _host(question._replace(config=None) if standing.usable else question, ask_all),
    }


# What tells where the engine keeps its data, and the name of its machine.
_ABOUT = {"docker": "{{.DockerRootDir}}\t{{.Name}}", "podman": "{{.Store.GraphRoot}}\t{{.Host.Hostname}}"}


def _host(question: Question, ask_all: Ask) -> dict[str, Any]:
    """What this machine has to say to the cluster that will be created; nothing if the engine runs on another machine."""
    facts, judgement = host.Facts(), host.Judgement([], [])
    if question.config is not None:
        [about] = ask_all([[question.provider, "info", "--format", _ABOUT[question.provider]]], _TOOL_SECONDS)
        directory, _tab, name = about.stdout.strip().partition("\t")
        if about.status == 0 and name == os.uname().nodename:
            facts = host.look(question.config, directory)
            judgement = host.judge(facts, question.config)
    return {"devices": list(facts.devices), **judgement._asdict()}


def _containers(question: Question, listed: Answer, ask_all: Ask) -> list[containers_of.Container]:
    ids = listed.stdout.split() if listed.status == 0 else []
    if not ids:
        return []
    [inspected] = ask_all([[question.provider, "inspect", "--type", "container", *ids]], _TOOL_SECONDS)
    if inspected.status != 0:
        raise NvmockError(
            f"kind_cluster: {question.provider} can't inspect the containers of cluster {question.name}:"
            f" {inspected.reason('no answer')}"
        )
    return containers_of.read(inspected.stdout)


def _pythons(question: Question, nodes: Sequence[containers_of.Container], ask_all: Ask) -> tuple[dict[str, str], str]:
    """Return the path of the Python per container, and an error message if a node does not answer."""
    if not question.python_probe:
        return {}, ""
    commands = [[question.provider, "exec", one.name, "/bin/sh", "-c", *question.python_probe] for one in nodes]
    answers = ask_all(commands, _NODE_SECONDS)
    problems = [answer.reason("no output") for answer in answers if answer.status != 0]
    found = {one.name: answer.stdout.strip() for one, answer in zip(nodes, answers) if answer.stdout.strip()}
    return found, problems[0] if problems else ""


def _node_image(standing: records.Standing, record: dict[str, Any], nodes: Sequence[containers_of.Container]) -> str:
    """Return the cluster's node image: from the record if the cluster is managed, otherwise from its first container."""
    if standing.owned and record["node_image"]:
        return str(record["node_image"])
    return nodes[0].image_name if nodes else ""


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise NvmockError(f"kind_cluster: the record {path} can't be read: {error.strerror}") from None


def _file(path: str) -> Optional[records.File]:
    try:
        with open(path, "rb") as file:
            # ansible.builtin.stat returns the same checksum.
            checksum = hashlib.sha1(file.read(), usedforsecurity=False).hexdigest()
            return records.File(checksum, stat.S_IMODE(os.fstat(file.fileno()).st_mode))
    except OSError:
        return None
