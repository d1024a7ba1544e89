# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""gpu-mockctl verify: check that the node looks like a GPU node."""

from __future__ import annotations

import sys

from ..host.root import HostRoot
from ..node.components import wants_regular_files
from ..node.verify import Outcome, verify_cdi, verify_faults, verify_filesystem
from .flags import TEXT, Flag, help_text, parse
from .machine_flags import absolute, host_root, node_flags

_USED = ("base", "driver-root", "cdi-output", "host-root", "device-files")


def run(argv: list[str]) -> int:
    """Print which checks passed and failed. Return 0 if all passed, otherwise 1."""
    flags = [
        Flag("mode", TEXT, "all", "what to check", ("fs", "cdi", "all")),
        *(flag for flag in node_flags() if flag.name in _USED),
        Flag("output", TEXT, "text", "output format", ("text", "json")),
    ]
    values = parse(flags, argv)
    if values is None:
        about = "Checks device nodes, procfs, driver installation and CDI spec of this node."
        sys.stdout.write(help_text("gpu-mockctl verify [flags]", about, flags))
        return 0
    mode = values.text("mode")
    files = values.text("device-files")
    lines: list[str] = []
    problems: list[str] = []
    with HostRoot(host_root(values)) as root:
        outcomes: list[Outcome] = []
        if mode in ("fs", "all"):
            outcomes.append(verify_filesystem(root, absolute(values, "base"), wants_regular_files(files)))
        if mode in ("cdi", "all"):
            outcomes.append(verify_cdi(root, absolute(values, "driver-root"), absolute(values, "cdi-output")))
        outcomes.append(verify_faults(root, absolute(values, "driver-root")))
    for outcome in outcomes:
        lines += outcome.lines
        problems += outcome.problems
    if values.text("output") == "json":
        import json

        json.dump({"passed": not problems, "lines": lines, "problems": problems}, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.write("".join(line + "\n" for line in lines))
        sys.stderr.write("".join(f"FAILED: {problem}\n" for problem in problems))
    return 1 if problems else 0
