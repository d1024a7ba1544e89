# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What people can give the product, read from what it says of itself: --help, and the documentation of the modules."""

from __future__ import annotations

import ast
import os
import re
import subprocess

import yaml
from product import CTL, ROOT

Flag = tuple[str, str]
"""(name with dashes, its choices or VALUE; empty for a switch)"""


def flags(*command: str) -> list[Flag]:
    """Return the flags of a command of gpu-mockctl, by its help."""
    done = subprocess.run([CTL, *command, "--help"], capture_output=True, text=True, check=True)
    found = dict(re.findall(r"(?m)^ {2}(--[a-z][a-z-]*)(?: ([A-Z_]+|\S+\|\S+|\{\S+\}))?(?=\s|$)", done.stdout))
    return sorted(found.items())


def options(module: str) -> dict[str, dict[str, object]]:
    """Return the documented options of a module, those of its fragments included."""
    documentation = _text(os.path.join(ROOT, "plugins", "modules", f"{module}.py"))
    fragments = documentation.get("extends_documentation_fragment", [])
    found: dict[str, dict[str, object]] = {}
    for fragment in [fragments] if isinstance(fragments, str) else fragments:
        name, _dot, part = fragment.removeprefix("nvmock.gpu.").partition(".")
        path = os.path.join(ROOT, "plugins", "doc_fragments", name + ".py")
        found.update(_text(path, part.upper() or "DOCUMENTATION").get("options", {}))
    found.update(documentation.get("options", {}))
    return found


def _text(path: str, name: str = "DOCUMENTATION") -> dict[str, dict[str, dict[str, object]]]:
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == [name]:
            return yaml.safe_load(ast.literal_eval(node.value))
    return {}
