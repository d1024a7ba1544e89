# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What a node needs to run a module of the collection without Ansible's code, and the answer.

Ansible packs a module with the files that it imports, its own ones among them. For that it parses all of them in each run of a
playbook, and the node compiles them again, which takes most of the time of a run in which nothing changes. This sends the core of the
collection as it is, with the code that the Python of this host has in memory already, to a node's Python by its standard input.
"""

from __future__ import annotations

import fcntl
import json
import marshal
import os
import sys
import zlib
from importlib.util import MAGIC_NUMBER
from shlex import quote
from typing import Any

from ansible_collections.nvmock.gpu.plugins.module_utils.module import on_node, stand_in

# As in the names of this file's imports: the collection is where these are.
_ABOVE = stand_in.__name__.rsplit(".", 2)[0]
_NOT_FOR_NODES = ("cli", "kind_cluster")
# Any Python 3 reads it.
_MARSHAL_VERSION = 2
_START = """
import marshal, sys, zlib
packed = zlib.decompressobj()
program, modules, magic = marshal.loads(packed.decompress(sys.stdin.buffer.read()))
names = {"__name__": "on_node"}
exec(program, names)
names["run"](modules, magic, packed.unused_data)
"""


def command(interpreter: str) -> str:
    """Return the command that runs what `message` returns as its standard input."""
    return f"{quote(interpreter)} -c {quote(_START.strip())}"


def message(place: str, core: str, params: dict[str, Any], check_mode: bool, diff: bool) -> bytes:
    """Return what the node needs to run a module.

    :arg place: a directory of this run of Ansible, where the packed code is kept until its end. For each core: it has the compiled code
        of what this process has imported for it.
    :arg core: the name of the Python module that has the Ansible module's ``run``.
    """
    asked = {"core": core, "stand_in": stand_in.__name__, "params": params, "check_mode": check_mode, "diff": diff}
    return _packed_once(os.path.join(place, f"{core}.packed")) + json.dumps(asked).encode()


def answer(output: str) -> dict[str, Any] | None:
    """Return the module's result from the output of the command, or ``None`` if it did not come to its end."""
    for line in reversed(output.splitlines()):
        if line.startswith(on_node.MARK):
            result: dict[str, Any] = json.loads(line[len(on_node.MARK) :])
            return result
    return None


def _packed_once(path: str) -> bytes:
    # Ansible has a process for each node.
    with open(path, "a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        packed = file.read()
        if not packed:
            packed = _packed()
            file.write(packed)
    return packed


def _packed() -> bytes:
    """Return the program and the core, with every machine and the programs for each architecture: what it needs, the node knows."""
    top = os.path.dirname(os.path.dirname(stand_in.__file__))
    modules: dict[str, tuple[bool, str, bytes, bytes | None]] = {}
    for place, directories, names in os.walk(top):
        below = [] if place == top else os.path.relpath(place, top).split(os.sep)
        directories[:] = [one for one in directories if below or one not in _NOT_FOR_NODES]
        for name in names:
            if name.endswith(".py"):
                path = os.path.join(place, name)
                is_package = name == "__init__.py"
                dotted = ".".join([_ABOVE, *below] if is_package else [_ABOVE, *below, name[:-3]])
                with open(path, "rb") as file:
                    modules[dotted] = (is_package, path, file.read(), _code(dotted))
    parts = _ABOVE.split(".")
    for number in range(1, len(parts)):
        modules[".".join(parts[:number])] = (True, "", b"", None)
    with open(on_node.__file__, encoding="utf-8") as program:
        content = (program.read(), modules, MAGIC_NUMBER)
    # The programs in it are compressed. More than the fastest level takes more time than it saves.
    return zlib.compress(marshal.dumps(content, _MARSHAL_VERSION), 1)


def _code(name: str) -> bytes | None:
    """Return the code of a module that this process has imported: its loader still has it."""
    loader: Any = getattr(sys.modules.get(name), "__loader__", None)
    code = loader.get_code(name) if hasattr(loader, "get_code") else None
    return None if code is None else marshal.dumps(code)
