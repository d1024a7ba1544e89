# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The hooks of nvidia-cdi-hook, and their arguments (internal/discover/hooks.go)."""

from __future__ import annotations

from ..cdi.spec import hook
from .options import HOOKS_NONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..cdi.spec import Entry
    from .options import Options
    from .releases import Release

DEFAULT_PATH = "/usr/bin/nvidia-cdi-hook"

ALL = "all"
CHMOD = "chmod"
CREATE_SYMLINKS = "create-symlinks"
CUDA_COMPAT = "enable-cuda-compat"
UPDATE_LDCACHE = "update-ldcache"
NO_NODE_MODIFICATION = "disable-device-node-modification"
APPLICATION_PROFILE = "update-application-profile"
MEMORY_LIMITS = "apply-cuda-memory-limits"

NAMES = (
    CREATE_SYMLINKS,
    CUDA_COMPAT,
    UPDATE_LDCACHE,
    NO_NODE_MODIFICATION,
    APPLICATION_PROFILE,
    MEMORY_LIMITS,
    CHMOD,
)

_NEED_ARGUMENTS = (CREATE_SYMLINKS, CHMOD)


class HookMaker:
    """Creates the hooks of one release for the given options.

    :arg off_in_mode: hooks that the mode leaves out (unless enabled by name).
    """

    def __init__(self, release: Release, options: Options, off_in_mode: Sequence[str] = ()) -> None:
        switchable = release.switchable_hooks
        self._disabled = dict.fromkeys((*release.default_off_hooks, *off_in_mode), True)
        # If mounts replace the hooks, all hooks are needed.
        for name in () if options.hook_mode == HOOKS_NONE else options.disabled_hooks:
            if not switchable or name in switchable:
                self._disabled[name] = True
        if not switchable:
            for name in options.enabled_hooks:
                self._disabled[name] = False
        self._path = options.hook_path or DEFAULT_PATH
        self._ldconfig_path = options.ldconfig_path
        base = self._path.rstrip("/").rpartition("/")[2]
        self._fixed = [base, "hook"] if base == "nvidia-ctk" else [base]

    def _off(self, name: str, arguments: Sequence[str]) -> bool:
        if name in self._disabled:
            return self._disabled[name]
        return self._disabled.get(ALL, False) or (name in _NEED_ARGUMENTS and not arguments)

    def make(self, name: str, arguments: Sequence[str] = ()) -> Entry | None:
        """Return a hook; None if it is disabled or has nothing to do.

        :arg arguments: links ``<target>::<link>`` for create-symlinks, directories for chmod and update-ldcache, the
            driver root and a UUID for apply-cuda-memory-limits, otherwise the arguments of the hook's program.
        """
        if self._off(name, arguments):
            return None
        flags: list[str] = []
        if name == CREATE_SYMLINKS:
            for link in arguments:
                flags += ("--link", link)
        elif name == CHMOD:
            flags += ("--mode", "755")
            for path in arguments:
                flags += ("--path", path)
        elif name == UPDATE_LDCACHE:
            if self._ldconfig_path:
                flags += ("--ldconfig-path", self._ldconfig_path)
            for folder in arguments:
                flags += ("--folder", folder)
        elif name == MEMORY_LIMITS:
            flags += ("--driver-root", arguments[0], "--gpu-id", arguments[1])
        else:
            flags += arguments
        # Limits are set on the node, for the container's cgroup. All other hooks work in the container.
        stage = "createRuntime" if name == MEMORY_LIMITS else "createContainer"
        return hook(self._path, [*self._fixed, name, *flags], ["NVIDIA_CTK_DEBUG=false"], stage)
