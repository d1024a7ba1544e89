# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The house in numbers, read from the imports: ``python3 tests/unit/house.py [CHECKOUT]`` prints them.

A room is a package of plugins/module_utils, or a file that lies beside the packages. A room's floor is one above the
highest floor that it stands on. What only type checkers import counts, too: a reader follows it all the same.
"""

from __future__ import annotations

import ast
import os
import sys

CHECKOUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PACKAGE = "ansible_collections.nvmock.gpu.plugins.module_utils"
# Names by which others import the core.
NAMES_OF_THE_CORE = (PACKAGE, "nvmock_gpu")


class Source:
    """A Python file: its dotted name below the folder it was read from, its path and its syntax tree."""

    def __init__(self, name: str, path: str) -> None:
        self.path = path
        self.is_package = os.path.basename(path) == "__init__.py"
        self.name = name
        with open(path, encoding="utf-8") as handle:
            self.text = handle.read()
        self.tree = ast.parse(self.text)

    @property
    def package(self) -> str:
        return self.name if self.is_package else self.name.rpartition(".")[0]


def read(folder: str) -> dict[str, Source]:
    """Dotted name relative to *folder* -> source, of all Python files below it."""
    found = {}
    for place, _directories, names in os.walk(folder):
        for name in names:
            if name.endswith(".py"):
                path = os.path.join(place, name)
                dotted = os.path.relpath(path, folder)[:-3].replace(os.sep, ".")
                dotted = "" if dotted == "__init__" else dotted.removesuffix(".__init__")
                found[dotted] = Source(dotted, path)
    return found


def core(checkout: str = CHECKOUT) -> dict[str, Source]:
    """The core's files."""
    return read(os.path.join(checkout, "plugins", "module_utils"))


class Import:
    """One import: what (a dotted name, of the core without its prefix), whether it runs at import, or only type checkers see it."""

    def __init__(self, name: str, of_core: bool, top: bool, typing: bool) -> None:
        self.name = name
        self.of_core = of_core
        self.top = top
        self.typing = typing


def imports(source: Source, modules: dict[str, Source], inside: bool = True) -> list[Import]:
    """The imports of *source*.

    :arg modules: the core's; a name in one of them is told as that module.
    :arg inside: *source* is of the core itself, so that relative imports lead there.
    """
    result = []
    for node, top, typing in _walk(source.tree, True, False):
        if isinstance(node, ast.Import):
            result += [Import(alias.name, False, top, typing) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base, of_core = node.module or "", False
            if node.level:
                above = source.package.split(".") if source.package else []
                base = ".".join([*above[: len(above) - (node.level - 1)], *([base] if base else [])])
                of_core = inside
            else:
                for prefix in NAMES_OF_THE_CORE:
                    if base == prefix or base.startswith(prefix + "."):
                        base, of_core = base[len(prefix) + 1 :], True
            for alias in node.names:
                inner = f"{base}.{alias.name}" if base else alias.name
                result.append(Import(inner if of_core and inner in modules else base, of_core, top, typing))
    return result


def _walk(node: ast.AST, top: bool, typing: bool):
    for child in ast.iter_child_nodes(node):
        hidden = typing or (
            isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING"
        )
        inner = top and not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        yield child, top, hidden
        yield from _walk(child, inner, hidden)


def room(name: str) -> str:
    """The room that a module of the core is in."""
    return name.partition(".")[0]


def arrows(modules: dict[str, Source]) -> dict[str, set[str]]:
    """Room -> the rooms that it imports."""
    found: dict[str, set[str]] = {room(name): set() for name in modules if name}
    for name, source in modules.items():
        for imported in imports(source, modules):
            if name and imported.of_core and imported.name and room(imported.name) != room(name):
                found[room(name)].add(room(imported.name))
    return found


def floors(graph: dict[str, set[str]]) -> dict[str, int]:
    """Room -> floor, 1 for what stands on nothing; rooms of a circle are left out."""
    found: dict[str, int] = {}
    while True:
        ready = [name for name in graph if name not in found and graph[name] <= set(found)]
        if not ready:
            return found
        found.update({name: 1 + max((found[below] for below in graph[name]), default=0) for name in ready})


def circles(graph: dict[str, set[str]]) -> list[str]:
    """The nodes of *graph* that lead back to themselves."""
    result = []
    for start in sorted(graph):
        seen: set[str] = set()
        queue = list(graph[start])
        while queue:
            name = queue.pop()
            if name not in seen:
                seen.add(name)
                queue += graph.get(name, ())
        if start in seen:
            result.append(start)
    return result


def lines(modules: dict[str, Source]) -> int:
    """Lines of the core, the programs in native/ apart."""
    return sum(len(source.text.splitlines()) for name, source in modules.items() if not name.startswith("native."))


def main() -> None:
    modules = core(sys.argv[1] if len(sys.argv) > 1 else CHECKOUT)
    graph = arrows(modules)
    found = floors(graph)
    print(f"rooms {len(graph)}, of them files {sum(1 for name in graph if not modules[name].is_package)}")
    print(f"floors {max(found.values())}, arrows {sum(map(len, graph.values()))}, rooms in circles {circles(graph)}")
    print(f"lines of the core {lines(modules)}")
    for floor in range(max(found.values()), 0, -1):
        print(f"  {floor}: {', '.join(sorted(name for name in found if found[name] == floor))}")


if __name__ == "__main__":
    main()
