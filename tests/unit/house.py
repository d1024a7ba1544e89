# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The house in numbers, read from the source: ``python3 tests/unit/house.py [--picture] [CHECKOUT]`` prints them.

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


# What happens to ``gpu_node_gpu_count`` on its way to the bytes of /etc/cdi/nvidia.yaml: where it is checked, renamed, given
# to somebody else in another shape, or made into something else. With each stop, what one has to read to follow it there.
_CORE = "plugins/module_utils"
STOPS = (
    ("checked: a number", "roles/gpu_node/meta/argument_specs.yml:gpu_node_gpu_count"),
    ("renamed, and given to the module", "roles/gpu_node/tasks/main.yml:gpu_count"),
    ("checked: a number", f"{_CORE}/module/change.py:MACHINE_OPTIONS {_CORE}/machine/overrides.py:OVERRIDES"),
    ("becomes a keyword argument", f"{_CORE}/machine/overrides.py:machine_from"),
    ("checked: 1 to 64; then the length of Machine.gpus", f"{_CORE}/machine/build.py:build_machine"),
    ("accompanied by the options", f"{_CORE}/node/spec_options.py:options_of {_CORE}/nvcdi/options.py:Options"),
    (
        "kernel facts become entries, laid over the node",
        f"{_CORE}/node/cdi_spec.py:make {_CORE}/node/cdi_spec.py:_kernel_facts",
    ),
    (
        "accompanied by what process and kernel say, and given to a mode",
        f"{_CORE}/node/cdi_spec.py:generate {_CORE}/nvcdi/generate.py:generate {_CORE}/nvcdi/modes.py:resolve",
    ),
    ("looked for on the disk", f"{_CORE}/nvcdi/modes.py:_nvml_devices {_CORE}/nvcdi/devices.py:DeviceFinder.gpu"),
    ("becomes devices", f"{_CORE}/cdi/spec.py:Found.edits {_CORE}/cdi/spec.py:device"),
    (
        "becomes a specification: simplified, checked",
        f"{_CORE}/nvcdi/generate.py:_build {_CORE}/nvcdi/generate.py:_check",
    ),
    ("held against what runtimes refuse", f"{_CORE}/node/cdi_spec.py:_refuse_what_runtimes_refuse"),
    ("becomes bytes", f"{_CORE}/cdi/serialize.py:serialize"),
    ("becomes a component, which travels whole", f"{_CORE}/node/components.py:cdi_spec {_CORE}/node/whole.py:look"),
    (
        "becomes a change, and a file",
        f"{_CORE}/host/converge.py:converge {_CORE}/host/plan.py:make_plan {_CORE}/host/apply.py:apply {_CORE}/host/put.py:put",
    ),
)


def missing_stops(checkout: str = CHECKOUT) -> list[str]:
    """The functions and keys of STOPS that are not there any more."""
    missing = []
    for place in [place for _what, places in STOPS for place in places.split()]:
        path, _colon, name = place.partition(":")
        path = os.path.join(checkout, path)
        try:
            with open(path, encoding="utf-8") as handle:
                text = handle.read()
        except OSError:
            missing.append(place)
            continue
        if path.endswith(".yml"):
            there = any(line.strip().startswith(name + ":") for line in text.splitlines())
        else:
            there = name in _names(ast.parse(text))
        if not there:
            missing.append(place)
    return missing


def _names(tree: ast.AST, above: str = "") -> set[str]:
    """Functions, classes with their methods, and what is assigned at the top."""
    found = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(above + node.name)
            found |= _names(node, f"{above}{node.name}.")
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


AN_OPTION = "library_search_paths"
"""The option of the specification whose places are counted."""


def places_of_an_option(checkout: str = CHECKOUT) -> list[str]:
    """``file:line`` of every line of code, documentation of a module, or role that names the option or its flag."""
    spellings = (AN_OPTION, AN_OPTION[:-1], AN_OPTION[:-1].replace("_", "-"))
    found = []
    for folder in ("plugins", "roles", "bin"):
        for place, _directories, names in os.walk(os.path.join(checkout, folder)):
            for name in sorted(names):
                if name.endswith((".py", ".yml", ".j2")) or name == "gpu-mockctl":
                    path = os.path.join(place, name)
                    with open(path, encoding="utf-8") as handle:
                        for number, line in enumerate(handle, 1):
                            if any(spelling in line for spelling in spellings):
                                found.append(f"{os.path.relpath(path, checkout)}:{number}")
    return sorted(found)


def picture(graph: dict[str, set[str]]) -> str:
    """The rooms by floor, as mermaid; an arrow that follows from two others is left out."""
    found = floors(graph)
    lines = ["flowchart BT"]
    for floor in range(1, max(found.values()) + 1):
        rooms = sorted(name for name in found if found[name] == floor)
        lines.append(f'  subgraph floor{floor}["layer {floor}"]')
        lines += [f"    {name}" for name in rooms]
        lines.append("  end")
    for name in sorted(graph):
        below = graph[name]
        behind = set().union(*(_all_below(graph, other) for other in below))
        lines += [f"  {other} --> {name}" for other in sorted(below - behind)]
    return "\n".join(lines)


def _all_below(graph: dict[str, set[str]], name: str) -> set[str]:
    return graph[name].union(*(_all_below(graph, other) for other in graph[name]))


def main() -> None:
    words = [word for word in sys.argv[1:] if word != "--picture"]
    checkout = words[0] if words else CHECKOUT
    modules = core(checkout)
    graph = arrows(modules)
    if "--picture" in sys.argv:
        print(picture(graph))
        return
    found = floors(graph)
    print(f"rooms {len(graph)}, of them files {sum(1 for name in graph if not modules[name].is_package)}")
    print(f"floors {max(found.values())}, arrows {sum(map(len, graph.values()))}, rooms in circles {circles(graph)}")
    for floor in range(max(found.values()), 0, -1):
        print(f"  {floor}: {', '.join(sorted(name for name in found if found[name] == floor))}")
    print(f"lines of the core {lines(modules)}")
    places = places_of_an_option(checkout)
    print(f"places that name {AN_OPTION}: {len(places)} in {len({place.partition(':')[0] for place in places})} files")
    for place in places:
        print(f"  {place}")
    if checkout == CHECKOUT:
        print(f"stops from gpu_node_gpu_count to the bytes of /etc/cdi/nvidia.yaml: {len(STOPS)}")
        for number, (what, where) in enumerate(STOPS, 1):
            print(f"  {number:2}. {what} ({where})")


if __name__ == "__main__":
    main()
