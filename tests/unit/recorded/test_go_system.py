# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Recorded runs of the Go system against ours: the same node, but for the table of deliberate differences."""

from __future__ import annotations

import json
import os
from fnmatch import fnmatchcase

import pytest
from go_differences import ALL, BASE, DIFFERENCES, ROOT

from ansible_collections.nvmock.gpu.plugins.module_utils.host.entries import CHAR, DIRECTORY, FILE, SYMLINK
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.devices import DeviceOptions
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.driver_tree import DriverTreeOptions
from ansible_collections.nvmock.gpu.plugins.module_utils.machine.build import build_machine
from ansible_collections.nvmock.gpu.plugins.module_utils.node import components

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDED = os.path.join(HERE, "..", "..", "recorded", "go-system")
DOCUMENT = os.path.join(HERE, "..", "..", "..", "docs", "differences-from-go-system.md")
SPEC = "/etc/cdi/nvidia.yaml"
_LETTERS = {DIRECTORY: "d", FILE: "f", SYMLINK: "l", CHAR: "c"}


def theirs(run):
    """Path -> facts of a recorded run."""
    with open(os.path.join(RECORDED, run, "files.json"), encoding="utf-8") as handle:
        texts = json.load(handle)
    facts = {}
    with open(os.path.join(RECORDED, run, "tree.txt"), encoding="utf-8") as handle:
        for line in handle:
            kind, mode, owner, special, path, *target = line.split()
            facts[path] = {"type": kind, "mode": mode, "owner": owner}
            if kind == "l":
                facts[path]["target"] = target[1]
            elif kind == "c":
                facts[path]["device"] = special
            elif kind == "f":
                text = texts.get(path)
                facts[path]["content"] = f"<{special} bytes>" if text is None else text
    return facts


def ours(run):
    """The same of what we would make."""
    # The Go system took its fallback for dgxh100, which we know; any unknown name gives the fallback.
    machine = (
        build_machine("unknown", allow_unsupported=True) if "fallback" in run else build_machine("go-nvml-dgxa100")
    )
    options = DeviceOptions(uid=0, gid=0, dri=run == "cdi-with-dri")
    if run.startswith("cdi"):
        wanted = [components.dev_root_devices(machine, BASE, place, options, False) for place in ("/", ROOT)]
        wanted.append(components.driver_tree(machine, ROOT, DriverTreeOptions(uid=0, gid=0)))
        wanted.append(components.cdi_spec(SPEC, {SPEC: b""}, 0, 0))
    else:
        wanted = [components.devices(machine, BASE, options, "x86_64", False)]
    facts = {}
    for entry in (entry for component in wanted for entry in component.entries):
        parent = os.path.dirname(entry.path)
        while parent not in ("/", "/dev"):
            facts.setdefault(parent, {"type": "d", "mode": "0755", "owner": "0:0"})
            parent = os.path.dirname(parent)
        mode = "----" if entry.mode is None else f"{entry.mode:04o}"
        fact = {"type": _LETTERS[entry.kind], "mode": mode, "owner": f"{entry.uid}:{entry.gid}"}
        if entry.kind == SYMLINK:
            fact["target"] = entry.target
        elif entry.kind == CHAR:
            fact["device"] = f"{entry.major}:{entry.minor}"
        elif entry.kind == FILE:
            text = entry.content.decode("latin-1")
            fact["content"] = text if text.isprintable() or "\n" in text[:200] else f"<{len(text)} bytes>"
            if not text:
                fact["content"] = "<0 bytes>"
        facts[entry.path] = fact
    # The specification is compared in the tests of CDI; here it only has to be there and to be another.
    if SPEC in facts:
        facts[SPEC]["content"] = "<ours>"
    return facts


def fields(text):
    """The facts in a procfs text."""
    pairs = (line.partition(":") for line in text.split("\n"))
    return {key.strip(): value.strip() for key, colon, value in pairs if colon}


def aspects(there, here):
    """What differs between two facts about a path."""
    if here is None:
        return ["only there"]
    if there is None:
        return ["only here"]
    if there["type"] != here["type"]:
        return ["type"]
    found = [
        aspect for aspect in ("mode", "owner", "device", "target", "content") if there.get(aspect) != here.get(aspect)
    ]
    if "content" in found and ":" in there["content"]:
        mine = fields(here["content"])
        found += [f"field {key}" for key, value in fields(there["content"]).items() if mine.get(key) != value]
    return found


def differences(run):
    there, here = theirs(run), ours(run)
    return [(path, aspect) for path in sorted({*there, *here}) for aspect in aspects(there.get(path), here.get(path))]


def _covers(row, run, path, aspect):
    return run in row[0] and row[2] == aspect and fnmatchcase(path, row[1])


@pytest.mark.parametrize("run", ALL)
def test_every_difference_is_in_the_table(run):
    unknown = [item for item in differences(run) if not any(_covers(row, run, *item) for row in DIFFERENCES)]
    assert unknown == []


@pytest.mark.parametrize("row", DIFFERENCES, ids=lambda row: f"{row[1]} {row[2]}")
def test_every_row_of_the_table_applies(row):
    for run in row[0]:
        assert any(_covers(row, run, *item) for item in differences(run)), run


@pytest.mark.parametrize("run", ALL)
def test_the_comparison_is_not_empty(run):
    """Most of what the Go system made is there and the same in type, owner, device numbers and link targets."""
    there, here = theirs(run), ours(run)
    same = [path for path in there if path in here and there[path]["type"] == here[path]["type"]]
    assert len(same) > 30 if run.startswith("fs") else len(same) > 25
    for path in same:
        for aspect in ("owner", "device", "target"):
            assert there[path].get(aspect) == here[path].get(aspect), path
    kinds = {there[path]["type"] for path in same}
    assert kinds >= ({"c", "d", "f"} if "fs" in run else {"d", "f", "l"})


def rows_as_markdown():
    lines = ["| Runs | Path | What | Go system | nvmock.gpu | Why |", "|---|---|---|---|---|---|"]
    for runs, path, aspect, there, here, why in DIFFERENCES:
        lines.append(f"| {', '.join(runs)} | `{path}` | {aspect} | {there} | {here} | {why} |")
    return "\n".join(lines) + "\n"


def test_the_document_shows_the_table():
    with open(DOCUMENT, encoding="utf-8") as handle:
        assert rows_as_markdown().replace("<", "&lt;") in handle.read(), (
            "docs/differences-from-go-system.md is out of date"
        )
