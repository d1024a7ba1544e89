# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The search paths for files of a driver installation, and which files are accepted.

After the locators of nvidia-container-toolkit (pkg/lookup). Paths in and out are the node's own; everything is read
through a :class:`HostView`.
"""

from __future__ import annotations

from ..host.glob import has_magic, matches
from ..host.view import HostView, clean

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..host.view import Status

_LIBRARY_DIRS = (
    "/",
    "/usr/lib64",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu/nvidia/current",
    "/usr/lib/aarch64-linux-gnu/nvidia/current",
    "/lib64",
    "/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/lib/x86_64-linux-gnu/nvidia/current",
    "/lib/aarch64-linux-gnu/nvidia/current",
)
BINARY_DIRS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
# As many as Linux follows in one path.
_MOST_LINKS = 40
_DATA_DIRS = ("/usr/local/share", "/usr/share")


def without_root(path: str, root: str) -> str:
    """Return the path relative to ``root``. A plain prefix is removed, as the tool does."""
    return path if root == "/" else path[len(root) :] if path.startswith(root) else path


def below(root: str, path: str) -> str:
    """Return the place of *path* in *root*."""
    return f"{root.rstrip('/')}/{path.lstrip('/')}"


def _is_file(status: Status | None) -> bool:
    return status is not None and not status.is_dir


def _is_executable(status: Status | None) -> bool:
    return status is not None and not status.is_dir and status.mode & 0o111 != 0


def _is_dir(status: Status | None) -> bool:
    return status is not None and status.is_dir


def _split(paths: Iterable[str]) -> tuple[str, ...]:
    """Split the elements, which can be lists like ``PATH``."""
    return tuple([part for path in paths for part in path.split(":") if part])


class Locators:
    """The ways to find something of one driver installation.

    :arg view: the node.
    :arg root: the driver root, as given.
    :arg search_path: value of ``PATH``.
    :arg data_dirs: value of ``XDG_DATA_DIRS``.
    :arg library_paths: absolute directories that replace the usual places of libraries.
    :arg config_paths: the same for configuration files.
    """

    def __init__(
        self,
        view: HostView,
        root: str,
        search_path: str = "",
        data_dirs: str = "",
        library_paths: Sequence[str] = (),
        config_paths: Sequence[str] = (),
    ) -> None:
        self.view = view
        self.root = root
        self._library_paths = _split(library_paths)
        self._config_paths = _split(config_paths)
        self._data_dirs = _split((data_dirs,)) or _DATA_DIRS
        paths = _split((search_path,))
        binary_dirs = paths + tuple([path for path in BINARY_DIRS if path not in paths])
        self._binary_dirs = [below(root, path) for path in binary_dirs] if root != "/" else []
        self._binary_dirs.extend(binary_dirs)
        self._cached: list[str] | None = None
        # Prefix -> what is put in front of "/" and a pattern; None if nothing can be there.
        self._bases: dict[str, str | None] = {}
        self._library_places = [below(root, place) for place in _LIBRARY_DIRS]
        self._config_places = [below(root, place) for place in ("/etc", *self._data_dirs)]
        self._libraries: dict[str, list[str]] = {}

    def files(self, pattern: str, prefixes: Iterable[str] = ("/",), first: bool = False) -> list[str]:
        """Files (not directories) below the driver root."""
        return self._search(pattern, (below(self.root, prefix) for prefix in prefixes), _is_file, first)

    def directories(self, pattern: str) -> list[str]:
        """Directories below the driver root."""
        return self._search(pattern, (self.root,), _is_dir)

    def executable(self, name: str) -> list[str]:
        """Return the first program with that name. The driver root precedes the node itself."""
        return self._search(name, self._binary_dirs, _is_executable, first=True)

    def config(self, name: str) -> list[str]:
        """Return the configuration file with that name in the first directory that has it."""
        if self._config_paths:
            return self._search(name, self._config_paths, _is_file)
        return self._search(name, self._config_places, _is_file)

    def libraries(self, pattern: str) -> list[str]:
        """Return libraries with resolved links, without duplicates, from ld.so.cache if the usual directories have none."""
        if self._library_paths:
            return self.resolved(self._search(pattern, self._library_paths, _is_file))
        if pattern not in self._libraries:
            self._libraries[pattern] = self.resolved(self._search(pattern, self._library_places, _is_file))
        found = self._libraries[pattern]
        if found:
            return list(found)
        return [path for path in self._in_ldcache() if matches(pattern, path.rpartition("/")[2])]

    def char_devices(self, dev_root: str, pattern: str) -> list[str]:
        """Return character devices below the dev root. Links to a device are ignored."""
        paths = (*self._candidates(pattern, dev_root), *self._candidates(pattern, f"{dev_root}/dev"))
        return [path for path in paths if self.view.is_char_device(path)]

    def resolved(self, paths: Iterable[str]) -> list[str]:
        """Return the paths with resolved links, without duplicates, in order."""
        real = [self.view.realpath(path) for path in paths]
        return list(dict.fromkeys([path for path in real if path is not None]))

    def _candidates(self, pattern: str, prefix: str) -> Iterable[str]:
        """Return the paths below *prefix* that match, whatever is there, and if anything is there."""
        if prefix not in self._bases:
            place = clean(prefix).rstrip("/")
            self._bases[prefix] = place if has_magic(place) or self.view.exists(place or "/") else None
        base = self._bases[prefix]
        if base is None:
            return ()
        path = clean(below(base, pattern))
        return self.view.glob(path) if has_magic(path) else (path,)

    def _search(
        self,
        pattern: str,
        prefixes: Iterable[str],
        accepts: Callable[[Status | None], bool],
        first: bool = False,
    ) -> list[str]:
        found: list[str] = []
        for prefix in prefixes:
            if prefix in self._bases and self._bases[prefix] is None:
                continue  # almost every one
            for path in self._candidates(pattern, prefix):
                if accepts(self.view.stat(path)):
                    found.append(path)
                    if first:
                        return found
        return found

    def _in_ldcache(self) -> list[str]:
        if self._cached is None:
            from .ldcache import libraries as ldcache_libraries

            content = self.view.read_bytes(f"{self.root}/etc/ld.so.cache")
            entries = ldcache_libraries(content) if content else []
            self._cached = self.resolved(self._without_links(path) for _name, path in entries)
        return self._cached

    def _without_links(self, path: str) -> str:
        """Return the final target of a cached library. Absolute links are relative to the driver root."""
        for _step in range(_MOST_LINKS):
            target = self.view.readlink(clean(f"{self.root}/{path}"))
            if target is None:
                break
            path = target if target.startswith("/") else f"{path.rpartition('/')[0]}/{target}"
        return clean(f"{self.root}/{path}")
