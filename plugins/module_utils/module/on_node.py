# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The program that runs a module on a node, with the collection's code and without Ansible's (plugin_utils/sent_module.py sends it).

It comes first, so it imports nothing of the collection before it has installed what came with it.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import MAGIC_NUMBER
from marshal import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

MARK = "nvmock.gpu result: "
"""What the line of the result begins with. Without such a line, the module did not come to its end."""


class Sent:
    """Finds and loads the modules that were sent.

    :arg modules: by name: whether it is a package, the path of its source on the host that sent it, its source, and its code as the
        Python of that host has compiled it, ``None`` if it has not.
    :arg code_is_good: whether this Python can run such code.
    """

    def __init__(self, modules: dict[str, tuple[bool, str, bytes, bytes | None]], code_is_good: bool) -> None:
        self._modules = modules
        self._code_is_good = code_is_good

    def find_spec(self, name: str, path: object = None, target: object = None) -> Any:
        """Return the spec of a module that was sent, and ``None`` for others."""
        if name not in self._modules:
            return None
        is_package, place, _source, _code = self._modules[name]
        return ModuleSpec(name, self, origin=place, is_package=is_package)  # type: ignore[arg-type]

    def create_module(self, spec: Any) -> None:
        """Leave it to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module."""
        _is_package, place, source, code = self._modules[module.__name__]
        exec(loads(code) if code and self._code_is_good else compile(source, place, "exec", 0, True), module.__dict__)


def run(modules: dict[str, tuple[bool, str, bytes, bytes | None]], magic: bytes, request: bytes) -> None:
    """Run a module, and print its result.

    :arg magic: the number of the code's format.
    :arg request: JSON: ``core``, the name of the Python module that has the Ansible module's ``run``; ``stand_in``, that of StandIn;
        ``params``, ``check_mode`` and ``diff``, its arguments.
    """
    sys.meta_path.insert(0, Sent(modules, magic == MAGIC_NUMBER))
    asked = json.loads(request)
    stand_in = import_module(asked["stand_in"])
    try:
        import_module(asked["core"]).run(stand_in.StandIn(asked["params"], asked["check_mode"], asked["diff"]))
    except stand_in.Left as left:
        sys.stdout.write(f"\n{MARK}{json.dumps(left.result)}\n")
        sys.stdout.flush()
