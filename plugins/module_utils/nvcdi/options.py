# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What a specification is asked to be. The defaults are nvidia-container-toolkit's."""

from __future__ import annotations

from ..errors import ParameterError
from ..values import Value
from .releases import DEFAULT_RELEASE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_HOOK_PATH = "/usr/bin/nvidia-cdi-hook"
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

SAVED = "saved"
GETSPEC = "getspec"
FLAVOURS = (SAVED, GETSPEC)

HOOKS_TOOLKIT = "toolkit"
HOOKS_NONE = "none"
HOOK_MODES = (HOOKS_TOOLKIT, HOOKS_NONE)

STRATEGIES = ("index", "uuid", "type-index")


class CdiOptions(Value):
    """How to make a specification.

    :arg mode: auto, nvml, management, gds, mofed, gdrcopy, nvswitch or imex.
    :arg driver_root: the driver installation's root; ``""`` is ``/``.
    :arg dev_root: where ``/dev`` is; ``""`` takes the driver root.
    :arg nvidia_cdi_hook_path: the hooks' program on the node; ``""`` takes the tool's default.
    :arg ldconfig_path: for update-ldcache, e.g. ``@/sbin/ldconfig.real``.
    :arg vendor: ``""`` takes nvidia.com (``getspec`` in management mode: management.nvidia.com).
    :arg cdi_class: ``""`` takes gpu (``getspec``: what belongs to the mode, e.g. gds).
    :arg device_name_strategies: any of index, uuid, type-index; ``()`` takes index and uuid (``getspec``: index).
    :arg device_ids: devices to have: index, ``<index>:<mig index>``, UUID, ``all``, ``none``, IMEX channels.
    :arg all_device: a device ``all`` with the edits of all devices; None: yes if saved.
    :arg disabled_hooks: names, or ``all``.
    :arg enabled_hooks: names that are made although disabled.
    :arg feature_flags: the tool's feature flags.
    :arg library_search_paths: where to look for libraries instead of the usual places (the node's paths).
    :arg config_search_paths: the same for configuration files.
    :arg toolkit_release: a name in :data:`.releases.RELEASES`.
    :arg flavour: ``saved`` is what ``nvidia-ctk cdi generate`` writes (minimum version, checked); ``getspec`` is
        what the library returns to programs.
    :arg hook_mode: ``toolkit``; or ``none``: no hooks, every name of a library is a mount of its own.
    :arg search_path: the node's ``PATH``.
    :arg data_dirs: the node's ``XDG_DATA_DIRS``.
    :arg kernel_release: ``uname -r`` of the node, for firmware; ``""`` leaves those directories out.
    :arg architecture: machine name as ``uname -m``, for names of Vulkan files.
    :arg devices_are_files: v1.18's ``__NVCT_TESTING_DEVICES_ARE_FILES``.
    :arg mig_minors: minor numbers of MIG capabilities by path (``gpu0/gi1/access``); None reads the node's
        ``/proc/driver/nvidia-caps/mig-minors``.
    """

    __slots__ = (
        "mode",
        "driver_root",
        "dev_root",
        "nvidia_cdi_hook_path",
        "ldconfig_path",
        "vendor",
        "cdi_class",
        "device_name_strategies",
        "device_ids",
        "all_device",
        "disabled_hooks",
        "enabled_hooks",
        "feature_flags",
        "library_search_paths",
        "config_search_paths",
        "toolkit_release",
        "flavour",
        "hook_mode",
        "search_path",
        "data_dirs",
        "kernel_release",
        "architecture",
        "devices_are_files",
        "mig_minors",
    )

    def __init__(
        self,
        mode: str = "auto",
        driver_root: str = "",
        dev_root: str = "",
        nvidia_cdi_hook_path: str = "",
        ldconfig_path: str = "",
        vendor: str = "",
        cdi_class: str = "",
        device_name_strategies: tuple[str, ...] = (),
        device_ids: tuple[str, ...] = (),
        all_device: bool | None = None,
        disabled_hooks: tuple[str, ...] = (),
        enabled_hooks: tuple[str, ...] = (),
        feature_flags: tuple[str, ...] = (),
        library_search_paths: tuple[str, ...] = (),
        config_search_paths: tuple[str, ...] = (),
        toolkit_release: str = DEFAULT_RELEASE,
        flavour: str = SAVED,
        hook_mode: str = HOOKS_TOOLKIT,
        search_path: str = DEFAULT_PATH,
        data_dirs: str = "",
        kernel_release: str = "",
        architecture: str = "x86_64",
        devices_are_files: bool = False,
        mig_minors: Mapping[str, int] | None = None,
    ) -> None:
        """:raises ParameterError: a choice that does not exist."""
        if flavour not in FLAVOURS:
            raise ParameterError("flavour", flavour, "one of " + ", ".join(FLAVOURS))
        if hook_mode not in HOOK_MODES:
            raise ParameterError("hook_mode", hook_mode, "one of " + ", ".join(HOOK_MODES))
        for strategy in device_name_strategies:
            if strategy not in STRATEGIES:
                raise ParameterError("device_name_strategies", strategy, "of " + ", ".join(STRATEGIES))
        self.mode = mode
        self.driver_root = driver_root or "/"
        self.dev_root = dev_root or self.driver_root
        self.nvidia_cdi_hook_path = nvidia_cdi_hook_path or DEFAULT_HOOK_PATH
        self.ldconfig_path = ldconfig_path
        self.vendor = vendor
        self.cdi_class = cdi_class
        self.device_name_strategies = device_name_strategies or (
            ("index",) if flavour == GETSPEC else ("index", "uuid")
        )
        self.device_ids = device_ids
        self.all_device = flavour == SAVED if all_device is None else all_device
        self.disabled_hooks = disabled_hooks
        self.enabled_hooks = enabled_hooks
        self.feature_flags = feature_flags
        self.library_search_paths = library_search_paths
        self.config_search_paths = config_search_paths
        self.toolkit_release = toolkit_release
        self.flavour = flavour
        self.hook_mode = hook_mode
        self.search_path = search_path
        self.data_dirs = data_dirs
        self.kernel_release = kernel_release
        self.architecture = architecture
        self.devices_are_files = devices_are_files
        self.mig_minors = mig_minors
