# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The arrows of the house (docs/architecture.md), read from the source: who may import whom, and who may touch a disk."""

from __future__ import annotations

import ast
import os

import pytest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "plugins")
CORE = os.path.join(ROOT, "module_utils")
PACKAGE = "ansible_collections.nvmock.gpu.plugins.module_utils"

LAYERS = ("layout", "cdi", "host", "machines", "native", "cli")

# What a module of a layer may import of the core, by prefix (relative to module_utils). All may import the basics.
BASICS = ("errors", "record")
FACTS = ("machine", "machine_builder", "machines", "mig", "identity", "checks")
MAY = {
    "layout": (*FACTS, "host.entries", "layout", "native"),
    "cdi": (*FACTS, "host.view", "host.glob", "host.entries", "layout.elf", "cdi"),
    "host": ("host",),
    "machines": ("machines",),
    "native": ("native",),
}

# Modules that gpu-mockctl loads at every start: what costs more than the run itself must not be imported at their top.
SLOW = {"dataclasses", "typing", "pathlib", "re", "json", "yaml", "subprocess", "shutil", "tempfile", "enum", "logging"}
# The doors and what runs behind options of their own may import what they like.
NOT_AT_START = ("module_options", "module_run", "toml_edit", "runtime_config")

MUTATING = {
    "mkdir", "makedirs", "mknod", "mkfifo", "symlink", "link", "rename", "replace", "unlink", "remove", "rmdir",
    "removedirs", "renames", "chmod", "chown", "lchown", "fchmod", "fchown", "truncate", "ftruncate", "utime", "setxattr",
    "removexattr", "write", "pwrite", "sendfile", "rmtree", "copyfile", "copy", "copy2", "copytree", "move",
}  # fmt: skip

# What in host/ changes a file system. The faults of tests/unit/host strike in the first two (and in root): see host_support.
WRITERS = {"host.apply", "host.put", "host.heartbeat"}


def _modules():
    """Dotted name relative to module_utils -> (path, tree)."""
    found = {}
    for place, _directories, names in os.walk(CORE):
        for name in names:
            if name.endswith(".py"):
                path = os.path.join(place, name)
                dotted = os.path.relpath(path, CORE)[:-3].replace(os.sep, ".")
                with open(path, encoding="utf-8") as handle:
                    found[dotted.removesuffix(".__init__")] = (path, ast.parse(handle.read()))
    return found


MODULES = _modules()


def _is_package(name):
    return MODULES[name][0].endswith("__init__.py")


def _imports(name):
    """(imported, at top) of a module: dotted names relative to module_utils, other names as they are."""
    tree = MODULES[name][1]
    package = name if _is_package(name) else name.rpartition(".")[0]
    for node, top in _walk(tree, True):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, top
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".") if package else []
                above = above[: len(above) - (node.level - 1)]
                base = ".".join([*above, base]) if base else ".".join(above)
            elif base.startswith(PACKAGE):
                base = base[len(PACKAGE) + 1 :]
            for alias in node.names:
                inner = f"{base}.{alias.name}" if base else alias.name
                yield (inner if inner in MODULES else base), top


def _walk(node, top):
    """Every node, and whether it runs at import; what only type checkers see does not."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        inner = top and not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        yield child, top
        yield from _walk(child, inner)


def _layer(name):
    first = name.partition(".")[0]
    return first if first in LAYERS else ""


def _covered(imported, allowed):
    return any(imported == prefix or imported.startswith(prefix + ".") for prefix in allowed)


def test_the_core_is_here():
    assert {"host.apply", "layout.devices", "machines.dgxa100", "machine"} <= set(MODULES)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_arrows(name):
    layer = _layer(name)
    for imported, _top in _imports(name):
        if imported not in MODULES:
            assert not imported.startswith("ansible"), f"{name} imports {imported}: the core knows no Ansible"
            continue
        if layer != "cli":
            assert _layer(imported) != "cli", f"{name} imports {imported}: nothing imports the command line"
        if layer in MAY:
            allowed = (*MAY[layer], *BASICS)
            assert _covered(imported, allowed), f"{name} imports {imported}: {layer} may import {', '.join(allowed)}"


def test_nothing_imports_a_module():
    for place, _directories, names in os.walk(ROOT):
        for file in names:
            if file.endswith(".py"):
                with open(os.path.join(place, file), encoding="utf-8") as handle:
                    assert "plugins.modules" not in handle.read(), file


@pytest.mark.parametrize("name", sorted(name for name in MODULES if not name.startswith(NOT_AT_START)))
def test_nothing_slow_at_the_top(name):
    slow = sorted({imported for imported, top in _imports(name) if top and imported.partition(".")[0] in SLOW})
    assert slow == [], f"{name} imports {', '.join(slow)} at its top"


@pytest.mark.parametrize("name", sorted(name for name in MODULES if _layer(name) != "host"))
def test_only_host_changes_a_file_system(name):
    for node in ast.walk(MODULES[name][1]):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
            if called.value.id in ("os", "shutil"):
                assert called.attr not in MUTATING, f"{name}, line {node.lineno}: {called.value.id}.{called.attr}"
                assert (called.value.id, called.attr) != ("os", "open"), f"{name}, line {node.lineno}: os.open"
        elif isinstance(called, ast.Name) and called.id == "open":
            modes = [*node.args[1:2], *(word.value for word in node.keywords if word.arg == "mode")]
            for mode in modes:
                assert isinstance(mode, ast.Constant) and not set(mode.value) & set("wax+"), (
                    f"{name}, line {node.lineno}"
                )


@pytest.mark.parametrize("name", sorted(name for name in MODULES if _layer(name) == "host" and name not in WRITERS))
def test_what_looks_does_not_change(name):
    """In host/, too, only those that are there for it change things."""
    for node in ast.walk(MODULES[name][1]):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        ):
            changes = node.func.value.id == "os" and node.func.attr in MUTATING
            assert not changes, f"{name}, line {node.lineno}: os.{node.func.attr}"


def test_layouts_do_not_look_at_a_node():
    """Pure: no os, no open; Python's own tools for bytes only."""
    for name in MODULES:
        if _layer(name) == "layout":
            imported = {module.partition(".")[0] for module, _top in _imports(name)} - set(LAYERS)
            outside = {module for module in imported if module not in MODULES}
            assert outside <= {"__future__", "struct", "json"}, (name, outside)
