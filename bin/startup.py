# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Starts gpu-mockctl in two thirds of the time: the modules of a command in one file, as Python has compiled them.

A run imports a hundred modules. Python looks for each of them in its directory and reads two files, which takes a quarter of the run.
So the first run of a command writes the code of its modules into ``__pycache__``, where Python keeps the same code module by module.
Later runs read it, unless a source has another time or size than then (as Python does with its own files, PEP 552), it is from
another Python, or it is damaged. Where it can't be written, everything works without it.

The programs for nodes are modules, too, packed as text. The file has them as they are used.
"""

from __future__ import annotations

import os
import sys
from marshal import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, ModuleType
    from typing import Any

_MOST = 1 << 26
"""No file is larger, in bytes."""
_FEW = 3
"""So many modules a run may need in addition, such as that of its machine type. If it needs more, they come into the file."""


class _Spec(type(__spec__)):  # type: ignore[misc]  # importlib.machinery.ModuleSpec, without the time that its import takes
    """The spec of a module that was not searched for.

    Python compares the parent at each relative import, and a run has hundreds.
    """

    parent = ""


class Startup:
    """The modules of one command.

    :arg package: the name of the core's package, which exists.
    :arg path: the file, without the end of its name, which depends on the Python that reads it.
    :arg programs: the name of the package of packed programs, which puts those that it has unpacked into its dict ``unpacked``.
    """

    def __init__(self, package: str, path: str, programs: str) -> None:
        self._programs = programs
        self._path = f"{path}.{sys.implementation.cache_tag}.bundle"
        self._recorder = _Recorder(package)
        self._known: list[tuple[str, str, tuple[int, int], Any]] = []

    def load(self) -> None:
        """Import the modules of the file, and record which ones are imported otherwise from now on."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                content = os.read(descriptor, _MOST)
            finally:
                os.close(descriptor)
            python, modules, unpacked = loads(content)
            if python == sys.version and not [True for row in modules if _stamp(row[1]) != row[2]]:
                self._known = modules
        except (OSError, ValueError, EOFError, TypeError, IndexError):
            pass  # none, or not one of these
        sys.meta_path.insert(0, self._recorder)
        for name, path, _then, code in self._known:
            if code is not None and name not in sys.modules:
                _run(name, path, code)
        if self._known and unpacked:
            sys.modules[self._programs].unpacked.update(unpacked)

    def save(self) -> None:
        """Write the file, if it does not have almost all of the modules that were imported."""
        new = self._recorder.complete
        if sys.dont_write_bytecode or len(new) <= _FEW:
            return
        try:
            rows = [(name, loader.path, _stamp(loader.path), self._code(name, loader)) for name, loader in new]
            programs = sys.modules.get(self._programs)
            unpacked = programs.unpacked if programs else {}
            staged = f"{self._path}.{os.getpid()}"
            descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(dumps((sys.version, self._known + rows, unpacked)))
                os.replace(staged, self._path)
            except OSError:
                os.unlink(staged)
        except OSError:
            pass  # a directory that can't be written: nothing is lost but time

    def _code(self, name: str, loader: Any) -> CodeType | None:
        """Return the code of a module, None if it is a packed program, of which only the stamp is needed."""
        return None if name.startswith(f"{self._programs}.") else _without_lines(loader.get_code(name))


class _Recorder:
    """Finds the modules of a package as Python does, and notes the order in which they become complete.

    :arg package: the name of the package.
    :ivar complete: name and loader of each module.
    """

    def __init__(self, package: str) -> None:
        self.complete: list[tuple[str, Any]] = []
        self._beginning = package + "."

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> Any:
        """Return the spec of a module of the package, and None for others."""
        if not name.startswith(self._beginning):
            return None
        from importlib.machinery import PathFinder

        found: Any = PathFinder.find_spec(name, path, target)
        if found is not None:
            found.loader = _Loader(found.loader, self.complete)
        return found


class _Loader:
    """Python's loader of a module, which also notes when the module is complete."""

    def __init__(self, loader: Any, complete: list[tuple[str, Any]]) -> None:
        self._loader = loader
        self._complete = complete

    def create_module(self, spec: Any) -> Any:
        """Return what the loader returns."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module."""
        self._loader.exec_module(module)
        self._complete.append((module.__name__, self._loader))


def _run(name: str, path: str, code: CodeType) -> None:
    """Import one module. What it imports is there, or Python finds it."""
    is_package = path.endswith("/__init__.py")
    parent, _dot, last = name.rpartition(".")
    module = type(sys)(name)
    module.__spec__ = _Spec(name, None, origin=path, is_package=is_package)
    module.__package__ = module.__spec__.parent = name if is_package else parent
    if is_package:
        module.__path__ = module.__spec__.submodule_search_locations = [path[: -len("/__init__.py")]]
    sys.modules[name] = module
    exec(code, module.__dict__)
    above = sys.modules.get(parent)
    if above is not None:
        setattr(above, last, module)


def _without_lines(code: CodeType) -> CodeType:
    """Return code without its table of source lines, a fifth of it, which gpu-mockctl never prints."""
    if not hasattr(code, "co_linetable"):  # Python 3.9
        return code
    inner = [_without_lines(item) if isinstance(item, type(code)) else item for item in code.co_consts]
    return code.replace(co_consts=tuple(inner), co_linetable=b"")


def _stamp(path: str) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_mtime_ns, status.st_size
