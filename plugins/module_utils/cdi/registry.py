# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The specifications of a node as a runtime sees them (pkg/cdi/cache.go of the CDI library).

Directories have priorities, and the last one takes precedence. If two files of one directory define the same device, it is not
available. A file that can't be loaded is ignored, with its devices.
"""

from __future__ import annotations

from ..errors import SpecError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..host.view import HostView
    from .spec import Spec

DEFAULT_DIRECTORIES = ("/etc/cdi", "/var/run/cdi")
EXTENSIONS = (".yaml", ".json")


class Registry:
    """The loaded specifications.

    :ivar specs: the specifications by path.
    :ivar devices: the path that defines each available device, by qualified name (``nvidia.com/gpu=0``).
    :ivar conflicts: the paths (two or more) of each device that several files of one directory define.
    :ivar shadowed: the paths whose definition of a device is hidden by a directory of higher priority.
    :ivar errors: one line per file that could not be loaded and per conflict.
    """

    __slots__ = ("specs", "devices", "conflicts", "shadowed", "errors")

    def __init__(self) -> None:
        self.specs: dict[str, Spec] = {}
        self.devices: dict[str, str] = {}
        self.conflicts: dict[str, list[str]] = {}
        self.shadowed: dict[str, list[str]] = {}
        self.errors: list[str] = []

    @property
    def names(self) -> list[str]:
        """Return the qualified names of all available devices, sorted."""
        return sorted(self.devices)


def load_registry(
    view: HostView,
    directories: Iterable[str] = DEFAULT_DIRECTORIES,
    instead: dict[str, Spec] | None = None,
) -> Registry:
    """Load all specifications of a node.

    :arg directories: by increasing priority.
    :arg instead: specifications by path that will be written, and are treated as existing files.
    """
    registry = Registry()
    planned = instead or {}
    for directory in directories:
        _load_directory(registry, view, directory, planned)
    for name in registry.conflicts:
        registry.devices.pop(name, None)
    return registry


def _load_directory(registry: Registry, view: HostView, directory: str, planned: dict[str, Spec]) -> None:
    paths = {f"{directory}/{name}" for name in view.listdir(directory)}
    paths |= {path for path in planned if path.rpartition("/")[0] == directory}
    for path in sorted(paths):
        if not path.endswith(EXTENSIONS):
            continue
        if path in planned:
            spec = planned[path]
        else:
            from .read import parse

            status = view.stat(path)
            if status is None or status.is_dir:
                continue
            content = view.read_bytes(path)
            if content is None:
                registry.errors.append(f"{path}: can't be read")
                continue
            try:
                spec = parse(path, content)
            except SpecError as error:
                registry.errors.append(str(error))
                continue
        registry.specs[path] = spec
        for device in spec["devices"]:
            _define(registry, f"{spec['kind']}={device['name']}", path)


def _define(registry: Registry, name: str, path: str) -> None:
    other = registry.devices.get(name)
    if other is None:
        registry.devices[name] = path
    elif other.rpartition("/")[0] == path.rpartition("/")[0]:
        registry.conflicts.setdefault(name, [other]).append(path)
        registry.errors.append(f'conflicting device "{name}" (specs "{path}", "{other}")')
    else:
        registry.shadowed.setdefault(name, []).append(other)
        registry.devices[name] = path
