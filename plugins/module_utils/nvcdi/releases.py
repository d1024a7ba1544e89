# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What differs between the releases of nvidia-container-toolkit, as one table.

Facts read from the sources of v1.17.9, v1.18.2, v1.19.1 and v1.20.0 and seen in specifications that these tools wrote
(tests/recorded). No other module asks for a release by name.
"""

from __future__ import annotations

from ..errors import ParameterError
from ..values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Release(Value):
    """How one release makes a specification.

    :arg name: ``<major>.<minor>``.
    :arg current_version: version that a specification gets which is not saved (the newest the library knows).
    :arg mount_options: options of files that are mounted.
    :arg socket_options: options of sockets of driver daemons.
    :arg sorted_yaml: keys sorted and 2 blanks (sigs.k8s.io/yaml) instead of field order and 4 blanks (yaml.v3).
    :arg modes: modes that the release knows.
    :arg default_off_hooks: hooks that are made only when enabled by name.
    :arg switchable_hooks: hooks that can be disabled; empty: all.
    :arg management_off_hooks: hooks that the management mode leaves out.
    :arg empty_ldcache_hook: update-ldcache is made without folders if there is no library.
    :arg isolating_hook: the hook disable-device-node-modification exists.
    :arg profile_hook: the hook update-application-profile exists.
    :arg libcuda_dir_env: ``NVIDIA_CTK_LIBCUDA_DIR`` is set.
    :arg soname_links: links for SONAMEs that the driver libraries have.
    :arg exact_special_links: libcuda.so and its like are linked only for the driver's own version.
    :arg version_from_files: graphics and enable-cuda-compat take the version of the first libcuda found.
    :arg ml_fallback: libnvidia-ml.so locates the driver if libcuda.so is missing.
    :arg all_library_dirs: libraries come from each directory that has some, not only from libcuda's.
    :arg resolved_libraries: the driver libraries' own links are resolved.
    :arg once_per_host_path: a discoverer mounts a host path once.
    :arg full_gpu_beside_mig: a GPU in MIG mode is also a device of its own.
    :arg graphics_mig: MIG devices of profiles with graphics get DRM nodes.
    :arg device_facts: device nodes carry major, minor, mode and group, and additional GIDs are set.
    :arg devices_may_be_files: the testing variable makes regular files count as devices.
    :arg annotations: the feature flag for coherent annotations works.
    :arg ipc_flag: the feature flag that leaves out sockets works.
    :arg mofed_in_driver_root: InfiniBand devices are looked for below the driver root.
    :arg device_ids: devices can be chosen when generating.
    :arg no_device_id: the device id ``none`` is known.
    :arg checked_channels: IMEX channels must exist and be at most the driver's limit.
    :arg graphics_libraries: patterns of libraries with versions of their own.
    :arg graphics_binaries: programs that come with graphics.
    :arg graphics_configs: files below the configuration directories.
    :arg configs_at_share: these are mounted below /usr/share wherever they were found.
    :arg opencl_configs: files that are mounted below /etc.
    :arg cpu_vulkan_icd: the ICD file that carries the architecture's name is known.
    :arg extra_libraries: patterns of driver libraries without the driver's version.
    :arg whole_component_roots: ``transform root`` replaces a prefix only at the end of a path component.
    """

    __slots__ = (
        "name",
        "current_version",
        "mount_options",
        "socket_options",
        "sorted_yaml",
        "modes",
        "default_off_hooks",
        "switchable_hooks",
        "management_off_hooks",
        "empty_ldcache_hook",
        "isolating_hook",
        "profile_hook",
        "libcuda_dir_env",
        "soname_links",
        "exact_special_links",
        "version_from_files",
        "ml_fallback",
        "all_library_dirs",
        "resolved_libraries",
        "once_per_host_path",
        "full_gpu_beside_mig",
        "graphics_mig",
        "device_facts",
        "devices_may_be_files",
        "annotations",
        "ipc_flag",
        "mofed_in_driver_root",
        "device_ids",
        "no_device_id",
        "checked_channels",
        "graphics_libraries",
        "graphics_binaries",
        "graphics_configs",
        "configs_at_share",
        "opencl_configs",
        "cpu_vulkan_icd",
        "extra_libraries",
        "whole_component_roots",
    )

    if TYPE_CHECKING:
        # Set by name from the table below; mypy can't see that.
        def __getattr__(self, name: str) -> Any: ...

    def __init__(self, facts: dict[str, object]) -> None:
        for name in self.__slots__:
            setattr(self, name, facts[name])


_V1_17: dict[str, object] = {
    "name": "1.17",
    "current_version": "0.8.0",
    "mount_options": ("ro", "nosuid", "nodev", "bind"),
    "socket_options": ("ro", "nosuid", "nodev", "bind", "noexec"),
    "sorted_yaml": True,
    "modes": ("auto", "nvml", "wsl", "management", "gds", "mofed", "csv"),
    "default_off_hooks": (),
    "switchable_hooks": ("enable-cuda-compat",),
    "management_off_hooks": ("enable-cuda-compat",),
    "empty_ldcache_hook": True,
    "isolating_hook": False,
    "profile_hook": False,
    "libcuda_dir_env": False,
    "soname_links": False,
    "exact_special_links": True,
    "version_from_files": True,
    "ml_fallback": False,
    "all_library_dirs": False,
    "resolved_libraries": False,
    "once_per_host_path": True,
    "full_gpu_beside_mig": True,
    "graphics_mig": False,
    "device_facts": False,
    "devices_may_be_files": False,
    "annotations": False,
    "ipc_flag": False,
    "mofed_in_driver_root": True,
    "device_ids": False,
    "no_device_id": False,
    "checked_channels": False,
    "graphics_libraries": ("libnvidia-egl-gbm.so.*.*", "libnvidia-egl-wayland.so.*.*"),
    "graphics_binaries": (),
    "graphics_configs": (
        "glvnd/egl_vendor.d/10_nvidia.json",
        "egl/egl_external_platform.d/15_nvidia_gbm.json",
        "egl/egl_external_platform.d/10_nvidia_wayland.json",
        "nvidia/nvoptix.bin",
        "X11/xorg.conf.d/10-nvidia.conf",
        "X11/xorg.conf.d/nvidia-drm-outputclass.conf",
    ),
    "configs_at_share": False,
    "opencl_configs": (),
    "cpu_vulkan_icd": False,
    "extra_libraries": (),
    "whole_component_roots": False,
}

_V1_18: dict[str, object] = {
    **_V1_17,
    "name": "1.18",
    "current_version": "1.1.0",
    "mount_options": ("ro", "nosuid", "nodev", "rbind", "rprivate"),
    "socket_options": ("nosuid", "nodev", "rbind", "rprivate", "noexec"),
    "sorted_yaml": False,
    "modes": ("auto", "nvml", "wsl", "management", "gds", "mofed", "csv", "imex", "gdrcopy"),
    "default_off_hooks": ("chmod",),
    "switchable_hooks": (),
    "management_off_hooks": ("enable-cuda-compat", "disable-device-node-modification"),
    "isolating_hook": True,
    "libcuda_dir_env": True,
    "soname_links": True,
    "exact_special_links": False,
    "version_from_files": False,
    "once_per_host_path": False,
    "full_gpu_beside_mig": False,
    "devices_may_be_files": True,
    "annotations": True,
    "device_ids": True,
    "cpu_vulkan_icd": True,
}

_V1_19: dict[str, object] = {
    **_V1_18,
    "name": "1.19",
    "modes": ("auto", "nvml", "wsl", "management", "gds", "mofed", "csv", "imex", "gdrcopy", "nvswitch"),
    "ml_fallback": True,
    "resolved_libraries": True,
    "graphics_mig": True,
    "device_facts": True,
    "devices_may_be_files": False,
    "ipc_flag": True,
    "mofed_in_driver_root": False,
    "no_device_id": True,
    "graphics_libraries": (
        "libnvidia-egl-gbm.so.*.*",
        "libnvidia-egl-wayland.so.*.*",
        "libnvidia-egl-wayland2.so.*.*",
    ),
    "graphics_configs": (
        "glvnd/egl_vendor.d/10_nvidia.json",
        "egl/egl_external_platform.d/15_nvidia_gbm.json",
        "egl/egl_external_platform.d/10_nvidia_wayland.json",
        "egl/egl_external_platform.d/09_nvidia_wayland2.json",
        "nvidia/nvoptix.bin",
        "X11/xorg.conf.d/10-nvidia.conf",
        "X11/xorg.conf.d/nvidia-drm-outputclass.conf",
    ),
}

_V1_20: dict[str, object] = {
    **_V1_19,
    "name": "1.20",
    "management_off_hooks": ("disable-device-node-modification",),
    "empty_ldcache_hook": False,
    "profile_hook": True,
    "all_library_dirs": True,
    "opencl_configs": ("OpenCL/vendors/nvidia.icd",),
    "extra_libraries": ("libnvidia-nvvm70.so.*",),
}

# The development branch after v1.20.0 (d34b3046), known from its source only.
_HEAD: dict[str, object] = {
    **_V1_20,
    "name": "head",
    "checked_channels": True,
    "graphics_libraries": (
        "libnvidia-egl-gbm.so.*.*",
        "libnvidia-egl-wayland.so.*.*",
        "libnvidia-egl-wayland2.so.*.*",
        "libnvidia-egl-xcb.so.*.*",
        "libnvidia-egl-xlib.so.*.*",
    ),
    "graphics_binaries": ("nvidia-xconfig",),
    "graphics_configs": (
        "glvnd/egl_vendor.d/10_nvidia.json",
        "egl/egl_external_platform.d/15_nvidia_gbm.json",
        "egl/egl_external_platform.d/10_nvidia_wayland.json",
        "egl/egl_external_platform.d/09_nvidia_wayland2.json",
        "egl/egl_external_platform.d/20_nvidia_xcb.json",
        "egl/egl_external_platform.d/20_nvidia_xlib.json",
        "nvidia/nvoptix.bin",
        "X11/xorg.conf.d/10-nvidia.conf",
        "X11/xorg.conf.d/nvidia-drm-outputclass.conf",
    ),
    "configs_at_share": True,
    "whole_component_roots": True,
}

RELEASES = {str(facts["name"]): Release(facts) for facts in (_V1_17, _V1_18, _V1_19, _V1_20, _HEAD)}
DEFAULT_RELEASE = "1.20"


def release(name: str) -> Release:
    """The release of that name, e.g. ``1.20``.

    :raises ParameterError: there is none.
    """
    try:
        return RELEASES[name]
    except KeyError:
        raise ParameterError("toolkit_release", name, "one of " + ", ".join(RELEASES)) from None
