# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The nodes, made once, and the tables of what was compared, which are printed at the end."""

from __future__ import annotations

import pytest

from .known_differences import KNOWN
from .node import Node


class Tables:
    """What the tests have compared, and how it ended."""

    def __init__(self):
        self.specifications = []  # (toolkit, machine, GPUs, dev root, bytes, result), all texts
        self.hooks = {}  # (toolkit, GPUs, hook) -> {image: result}

    def print(self, line):
        """Say all by calling *line* for each."""
        if self.specifications:
            heads = ("toolkit", "machine", "GPUs", "dev root", "bytes", "specification")
            _print(line, [heads, *self.specifications])
            equal = sum(row[-1] == "equal" for row in self.specifications)
            line(f"{equal} of {len(self.specifications)} specifications are equal, byte for byte")
            line("")
        if self.hooks:
            images = list(dict.fromkeys(image for results in self.hooks.values() for image in results))
            rows = [(*key, *(results.get(image, "") for image in images)) for key, results in self.hooks.items()]
            _print(line, [("toolkit", "GPUs", "hook", *images), *rows])
            results = [result for results in self.hooks.values() for result in results.values()]
            line(f"{results.count('equal')} of {len(results)} containers are equal, {results.count('known')} but for:")
            for difference in KNOWN:
                line(f"  {', '.join(difference.images)}: {difference.path}: {difference.why}")


def _print(line, rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        line("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())


TABLES = pytest.StashKey[Tables]()


def pytest_configure(config):
    config.stash[TABLES] = Tables()


def pytest_terminal_summary(terminalreporter, config):
    terminalreporter.section("NVIDIA's programs and ours")
    config.stash[TABLES].print(terminalreporter.write_line)


@pytest.fixture
def tables(request):
    """The tables, to add to."""
    return request.config.stash[TABLES]


@pytest.fixture(scope="session")
def nodes(tmp_path_factory):
    """Maker of nodes: nodes(machine, layout)."""
    made = {}

    def node(machine, layout):
        key = (machine, layout)
        if key not in made:
            made[key] = Node(tmp_path_factory.mktemp(f"{machine}-{layout}"), machine, layout)
        return made[key]

    return node
