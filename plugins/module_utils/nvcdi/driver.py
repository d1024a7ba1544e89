# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""One driver installation: its version, the directories of its libraries, and mounts of its files.

After internal/lookup/root and internal/discover/mounts.go of nvidia-container-toolkit.
"""

from __future__ import annotations

from ..cdi.spec import mount
from ..errors import SpecError
from ..host.view import clean
from .locators import Locators, without_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..cdi.spec import Entry
    from ..host.view import HostView
    from .options import Options
    from .releases import Release

_CUDA = "libcuda.so."
_ML = "libnvidia-ml.so."


class Driver:
    """A driver root as one release sees it.

    :arg version: the version from NVML. If ``""``, the version of the first libcuda is used.
    """

    def __init__(self, version: str, view: HostView, options: Options, release: Release) -> None:
        self.view = view
        self.options = options
        self.release = release
        self.root = options.driver_root or "/"
        self.locators = Locators(
            view,
            self.root,
            options.search_path,
            options.data_dirs,
            options.library_search_paths,
            options.config_search_paths,
        )
        self._mount_root = clean(self.root)
        self._told_version = version
        self._located: tuple[str, str] | None = None
        self._directories: list[str] | None = None

    @property
    def version(self) -> str:
        """The driver's version.

        :raises SpecError: it is not given and there is no library with it.
        """
        return self._told_version or self._locate()[1]

    @property
    def graphics_version(self) -> str:
        """The version that graphics and enable-cuda-compat take."""
        if self.release.version_from_files:
            found = self.locators.libraries(_CUDA + "*.*")
            if found:
                return found[0].rpartition("/")[2][len(_CUDA) :]
            return "*.*"
        return self.version

    @property
    def library_dirs(self) -> list[str]:
        """The directories that hold libraries of the driver's version, below the driver root.

        :raises SpecError: the driver is not found in this version.
        """
        if self._directories is None:
            first, version = self._locate()
            paths = [first]
            if self.release.all_library_dirs:
                paths = self.locators.libraries(f"lib*.so.{version}")
            self._directories = self._dirs_of(paths)
        return self._directories

    @property
    def graphics_dirs(self) -> list[str]:
        """Return the parent directories of X.Org modules."""
        if self.release.version_from_files:
            return self._dirs_of(self.locators.libraries(_CUDA + "*.*")[:1])
        return self.library_dirs

    def mounts(
        self,
        locate: Callable[[str], list[str]],
        names: Iterable[str],
        options: tuple[str, ...] = (),
    ) -> list[Entry]:
        """Mounts of everything that ``locate`` finds for the names, at its place below the driver root."""
        found: list[Entry] = []
        seen: set[str] = set()
        for name in names:
            for path in locate(name):
                if self.release.once_per_host_path and path in seen:
                    continue
                seen.add(path)
                found.append(mount(path, self.container_path(path), options or self.release.mount_options))
        return found

    def container_path(self, path: str) -> str:
        return without_root(path, self._mount_root) or path

    def in_library_dirs(self, pattern: str, subdirectories: Iterable[str] = ()) -> list[str]:
        """Libraries that match, from the library directories only."""
        places = list(self.library_dirs)
        for name in subdirectories:
            places.extend([f"{place}/{name}" for place in self.library_dirs])
        found = self.locators.files(pattern, places)
        return self.locators.resolved(found) if self.release.resolved_libraries else found

    def below_root(self, path: str) -> str:
        """The path as the tool strips it: with the driver root exactly as it was given."""
        return without_root(path, self.root)

    def _dirs_of(self, paths: Iterable[str]) -> list[str]:
        found = [path.rpartition("/")[0] or "/" for path in paths]
        return [self.below_root(path) for path in dict.fromkeys(found)]

    def _locate(self) -> tuple[str, str]:
        """Return the library that identifies the driver, and the version in its name."""
        if self._located is None:
            problems = []
            for library in (_CUDA, _ML) if self.release.ml_fallback else (_CUDA,):
                pattern = library + (self._told_version or "*.*")
                found = self.locators.libraries(pattern)
                if found:
                    name = found[0].rpartition("/")[2]
                    self._located = found[0], name[len(library) :]
                    break
                problems.append(f'failed to locate "{library}": {pattern}: not found')
            else:
                raise SpecError("failed to create discoverer for driver libraries: " + "; ".join(problems))
        return self._located
