# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The arrows of the house (docs/architecture.md), read from the source: who may import whom, and who may touch a disk."""

from __future__ import annotations

import ast
import os

import house
import pytest

PLUGINS = os.path.join(house.CHECKOUT, "plugins")
MODULES = house.core()
DOORS = {
    **house.read(os.path.join(PLUGINS, "modules")),
    **{f"action.{name}": source for name, source in house.read(os.path.join(PLUGINS, "action")).items()},
}
DEVICE_PLUGIN = house.read(os.path.join(house.CHECKOUT, "device_plugin"))
DRA_DRIVER = house.read(os.path.join(house.CHECKOUT, "dra_driver"))

# What each room may import of the core, by prefix (relative to module_utils). A file beside the rooms is a room of its own.
GROUND = ("errors", "values", "parameters")
MAY = {
    "errors": (),
    "values": (),
    "parameters": ("errors",),
    "machine": (*GROUND, "machine"),
    "native": ("errors", "native"),
    "host": ("errors", "values", "host"),
    "layout": ("errors", "values", "machine", "host.entries", "native", "layout"),
    "cdi": ("errors", "values", "host.view", "cdi"),
    "nvcdi": ("errors", "values", "machine", "host.view", "host.glob", "cdi", "nvcdi"),
    "runtime_config": ("errors", "runtime_config"),
    "kind_cluster": ("errors", "kind_cluster"),
    "node": (*GROUND, "machine", "layout", "host", "cdi", "nvcdi", "native", "node"),
    "module": ("errors", "parameters", "machine", "layout", "host", "node", "runtime_config", "kind_cluster", "module"),
    "cli": ("errors", "parameters", "machine", "layout", "host", "cdi", "nvcdi", "node", "native", "cli"),
}
# The same for what stands on the core: the Ansible modules, the device plugin, and the DRA driver, which reads the node with the plugin.
DOORS_MAY = ("errors", "parameters", "machine", "layout", "host", "node", "runtime_config", "module")
STATE = tuple(
    f"layout.{name}" for name in ("driver_tree", "state_faults", "state_file", "state_settings", "state_values")
)
DEVICE_PLUGIN_MAY = ("errors", "machine", "layout.devices", *STATE, "host.view", "cdi")
DRA_DRIVER_MAY = (
    "errors", "machine", "layout.nvml_facts", "layout.state_faults", "host.root", "host.view", "cdi", "node.mig_cut",
)  # fmt: skip

# Modules that gpu-mockctl loads at every start: what costs more than the run itself must not be imported at their top.
SLOW = {"dataclasses", "typing", "pathlib", "re", "json", "yaml", "subprocess", "shutil", "tempfile", "enum", "logging"}
# The doors and what runs behind options of their own may import what they like.
NOT_AT_START = ("module", "runtime_config", "kind_cluster")

MUTATING = {
    "mkdir", "makedirs", "mknod", "mkfifo", "symlink", "link", "rename", "replace", "unlink", "remove", "rmdir",
    "removedirs", "renames", "chmod", "chown", "lchown", "fchmod", "fchown", "truncate", "ftruncate", "utime", "setxattr",
    "removexattr", "write", "pwrite", "sendfile", "rmtree", "copyfile", "copy", "copy2", "copytree", "move",
}  # fmt: skip

# What changes a file system. The faults of tests/unit/host strike in those of host (and in root): see host_support. The
# others write files that are not the host root's: what lies beside the command, and the files of container runtimes.
WRITERS = {
    "host.apply", "host.housing", "host.in_place", "host.kernel_log", "host.lock", "host.put", "host.steps", "host.sweep",
    "cli.import_command", "cli.probe_files", "runtime_config.store", "kind_cluster.record_file",
}  # fmt: skip

# What reads a file system by path. A node is read through descriptors, which host.root alone opens: elsewhere these calls
# need a descriptor (dir_fd), or a line below.
LOOKS = {
    f"os.{name}" for name in ("open", "stat", "lstat", "readlink", "listdir", "scandir", "walk", "fwalk", "access", "statvfs")
} | {
    f"os.path.{name}"
    for name in ("exists", "lexists", "isdir", "isfile", "islink", "ismount", "realpath", "getsize", "getmtime", "samefile")
} | {"open", "io.open", "glob.glob", "glob.iglob", "pathlib.Path", "Path"}  # fmt: skip
# The paths that are not a node's, by module.
MAY_LOOK = {
    "host.lock": {"os.listdir", "os.stat", "open"},  # /proc of this machine: who holds the lock
    "host.root": {"os.open", "os.listdir"},  # the root itself, and names in a directory that is open
    "host.put": {"os.listdir"},  # of a descriptor
    "host.guard": {"open"},  # /proc of the running kernel
    "node.boot": {"open"},  # /proc of the running kernel
    "module.change": {"os.path.isdir"},  # the host root
    "module.node": {"os.path.lexists"},  # the host root
    "cli.node_command": {"os.path.isdir"},  # the host root
    "cli.import_command": {"open"},  # the user's captures and the definition of them
    "cli.machine_flags": {"open"},  # the user's machine file
    "cli.probe_files": {"os.open"},  # the command's own probes
    "runtime_config.store": {"open", "os.listdir", "os.path.isdir", "os.path.realpath"},  # the runtimes' own files
    "module.access": {"open"},  # the kubeconfig and its certificates
    "kind_cluster.info": {"open"},  # this machine's
    "kind_cluster.record_file": {"open"},  # this machine's
    # /proc, /sys and /dev of the machine that will run the node containers
    "kind_cluster.host": {"open", "os.listdir", "os.readlink", "os.stat", "os.statvfs"},
    "device_plugin.__init__": {"os.path.realpath"},  # the checkout
    "device_plugin.api": {"open"},  # a file beside it
    "device_plugin.kubelet_directory": {"os.access", "os.path.isdir"},  # the kubelet's directory
    "device_plugin.one_per_node": {"os.open"},  # the kubelet's directory
    "device_plugin.api_server": {"open", "os.path.exists"},  # the pod's service account
    "device_plugin.check_loop": {"open", "os.path.exists"},  # the ready file
    "device_plugin.service": {"os.listdir", "os.lstat", "os.path.lexists"},  # the kubelet's directory
    "dra_driver.kubelet_api": {"open"},  # a file beside it
    "dra_driver.service": {"os.path.lexists"},  # the kubelet's directory
    # the driver's directory, and that of the claims' specifications, which is its own mount
    "dra_driver.store": {"open", "os.listdir", "os.open", "os.path.exists"},
}


def _covered(imported, allowed):
    return any(imported == prefix or imported.startswith(prefix + ".") for prefix in allowed)


def test_the_core_is_here():
    assert {"host.apply", "layout.devices", "machine.types.dgxa100", "machine.model"} <= set(MODULES)
    assert {"nvmock_cdi_spec", "nvmock_devices"} <= set(DOORS)
    assert {"plugin", "node"} <= set(DEVICE_PLUGIN)


def test_every_room_has_a_rule():
    assert {house.room(name) for name in MODULES if name} == set(MAY)


@pytest.mark.parametrize("name", sorted(filter(None, MODULES)))
def test_a_module_imports_only_what_its_package_may(name):
    allowed = MAY[house.room(name)]
    for imported in house.imports(MODULES[name], MODULES):
        if imported.of_core:
            assert _covered(imported.name, allowed), f"{name} imports {imported.name}: may import {', '.join(allowed)}"
        else:
            assert not imported.name.startswith("ansible"), f"{name} imports {imported.name}: the core knows no Ansible"


@pytest.mark.parametrize(
    "sources, name, allowed",
    [pytest.param(DOORS, name, DOORS_MAY, id=name) for name in sorted(DOORS)]
    + [
        pytest.param(DEVICE_PLUGIN, name, DEVICE_PLUGIN_MAY, id=f"device_plugin.{name}")
        for name in sorted(DEVICE_PLUGIN)
    ]
    + [pytest.param(DRA_DRIVER, name, DRA_DRIVER_MAY, id=f"dra_driver.{name}") for name in sorted(DRA_DRIVER)],
)
def test_arrows_from_outside(sources, name, allowed):
    for imported in house.imports(sources[name], MODULES, inside=False):
        if imported.of_core:
            assert _covered(imported.name, allowed), f"{name} imports {imported.name}: may import {', '.join(allowed)}"


def test_no_rule_allows_an_import_that_does_not_exist():
    """An arrow that nobody uses is taken out of the rules."""
    used = {name: set() for name in MAY}
    rules = dict(MAY)
    for name, source in MODULES.items():
        if name:
            used[house.room(name)] |= {found.name for found in house.imports(source, MODULES) if found.of_core}
    for sources, allowed, title in (
        (DOORS, DOORS_MAY, "modules"),
        (DEVICE_PLUGIN, DEVICE_PLUGIN_MAY, "device_plugin"),
        (DRA_DRIVER, DRA_DRIVER_MAY, "dra_driver"),
    ):
        rules[title] = allowed
        used[title] = {
            found.name
            for source in sources.values()
            for found in house.imports(source, MODULES, inside=False)
            if found.of_core
        }
    unused = [
        f"{title}: {prefix}"
        for title, allowed in rules.items()
        for prefix in allowed
        if prefix != title and not any(_covered(name, (prefix,)) for name in used[title])
    ]
    assert unused == []


def test_the_numbers_of_the_house():
    """They only go down; what would raise one has to say so here."""
    graph = house.arrows(MODULES)
    assert house.circles(graph) == []
    files = [name for name in graph if not MODULES[name].is_package]
    assert len(files) <= 4, files
    # One more than the rooms that were there: kind_cluster holds what was a program in Jinja.
    assert len(graph) <= 14, sorted(graph)
    assert max(house.floors(graph).values()) <= 6


def test_a_value_makes_no_more_stops():
    """From gpu_node_gpu_count to the bytes of the specification; the list is held against the code."""
    assert house.missing_stops() == []
    assert len(house.STOPS) <= 15


def test_an_option_of_the_specification_is_said_in_few_places():
    places = house.places_of_an_option()
    assert "plugins/module_utils/nvcdi/options.py" in {place.partition(":")[0] for place in places}
    assert len(places) <= 8, places


def test_the_picture_in_the_documentation_is_the_house():
    with open(os.path.join(house.CHECKOUT, "docs", "architecture.md"), encoding="utf-8") as handle:
        text = handle.read()
    picture = house.picture(house.arrows(MODULES))
    assert f"```mermaid\n{picture}\n```" in text, "print it with: python3 tests/unit/house.py --picture"


def test_no_module_leads_back_to_itself():
    graph = {
        name: {found.name for found in house.imports(source, MODULES) if found.of_core}
        for name, source in MODULES.items()
    }
    assert house.circles(graph) == []


def test_nothing_imports_a_module():
    for place, _directories, names in os.walk(PLUGINS):
        for file in names:
            if file.endswith(".py"):
                with open(os.path.join(place, file), encoding="utf-8") as handle:
                    assert "plugins.modules" not in handle.read(), file


@pytest.mark.parametrize("name", sorted(name for name in MODULES if not name.startswith(NOT_AT_START)))
def test_nothing_slow_at_the_top(name):
    found = [imported for imported in house.imports(MODULES[name], MODULES) if imported.top and not imported.typing]
    slow = sorted({imported.name for imported in found if imported.name.partition(".")[0] in SLOW})
    assert slow == [], f"{name} imports {', '.join(slow)} at its top"


@pytest.mark.parametrize("name", sorted(name for name in MODULES if house.room(name) != "host" and name not in WRITERS))
def test_only_host_changes_a_file_system(name):
    for node in ast.walk(MODULES[name].tree):
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


def _sources():
    yield from ((name, source) for name, source in MODULES.items() if name)
    for folder, sources in (("device_plugin", DEVICE_PLUGIN), ("dra_driver", DRA_DRIVER)):
        yield from ((f"{folder}.{name or '__init__'}", source) for name, source in sources.items())


def _called(node):
    """``os.path.isdir`` of such a call; an empty text for a call of something without a plain name."""
    words = []
    part = node.func
    while isinstance(part, ast.Attribute):
        words.insert(0, part.attr)
        part = part.value
    return ".".join([part.id, *words]) if isinstance(part, ast.Name) else ""


def test_a_node_is_read_through_descriptors():
    """No path below a host root is opened by name: a directory can become a link between look and use."""
    looks = {}
    for name, source in _sources():
        for node in ast.walk(source.tree):
            by_path = isinstance(node, ast.Call) and not any(word.arg == "dir_fd" for word in node.keywords)
            if by_path and _called(node) in LOOKS:
                looks.setdefault(name, set()).add(_called(node))
    surplus = {name: calls - MAY_LOOK.get(name, set()) for name, calls in looks.items()}
    assert {name: calls for name, calls in surplus.items() if calls} == {}
    unused = {name: calls - looks.get(name, set()) for name, calls in MAY_LOOK.items()}
    assert {name: calls for name, calls in unused.items() if calls} == {}


def test_nothing_is_joined_to_the_host_root():
    """Neither with +, nor in an f-string (but for messages), nor with os.path.join."""
    for name, source in _sources():
        for node in ast.walk(source.tree):
            parts = []
            if isinstance(node, ast.BinOp):
                parts = [node.left, node.right]
            elif isinstance(node, ast.Call) and _called(node) == "os.path.join":
                parts = node.args
            elif isinstance(node, ast.JoinedStr):
                parts = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
                text = "".join(part.value for part in node.values if isinstance(part, ast.Constant))
                parts = [] if " " in text else parts
            for part in parts:
                words = {word.id for word in ast.walk(part) if isinstance(word, ast.Name)}
                words |= {word.attr for word in ast.walk(part) if isinstance(word, ast.Attribute)}
                of_root = isinstance(part, ast.Attribute) and part.attr == "path" and "root" in words
                assert not of_root and not words & {"host_root", "_host_root"}, f"{name}, line {node.lineno}"


@pytest.mark.parametrize("name", sorted(name for name in MODULES if house.room(name) == "host" and name not in WRITERS))
def test_what_looks_does_not_change(name):
    """In host/, too, only those that are there for it change things."""
    for node in ast.walk(MODULES[name].tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
        ):
            changes = node.func.value.id == "os" and node.func.attr in MUTATING
            assert not changes, f"{name}, line {node.lineno}: os.{node.func.attr}"


def test_layouts_do_not_look_at_a_node():
    """Pure: no os, no open; Python's own tools for bytes only."""
    for name, source in MODULES.items():
        if house.room(name) == "layout":
            found = [imported for imported in house.imports(source, MODULES) if not imported.typing]
            outside = {imported.name for imported in found if not imported.of_core}
            assert outside <= {"__future__", "struct", "json", "zlib", "math", "difflib"}, (name, outside)
