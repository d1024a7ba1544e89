# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What differs between the releases of nvidia-container-toolkit, as one table.

Facts read from the sources of v1.17.9, v1.18.2, v1.19.1, v1.20.0, v1.20.1 and v1.20.2 and seen in specifications that
these tools wrote (tests/recorded). No other module asks for a release by name.

Names have no patch number up to ``1.20``, which is v1.20.0. v1.20.1 and v1.20.2 write other specifications, so they have
names of their own.
"""

from __future__ import annotations

from ..errors import ParameterError
from ..values import Value, value


@value
class Release(Value):
    """How one release makes a specification."""

    name: str  # ``<major>.<minor>``, or ``<major>.<minor>.<patch>`` from 1.20.1 on
    mount_options: tuple[str, ...]  # options of files that are mounted
    socket_options: tuple[str, ...]  # options of sockets of driver daemons
    sorted_yaml: bool  # keys sorted and 2 blanks (sigs.k8s.io/yaml) instead of field order and 4 blanks (yaml.v3)
    modes: tuple[str, ...]  # modes that the release knows
    default_off_hooks: tuple[str, ...]  # hooks that are made only when enabled by name
    switchable_hooks: tuple[str, ...]  # hooks that can be disabled; empty: all
    management_off_hooks: tuple[str, ...]  # hooks that the management mode leaves out
    empty_ldcache_hook: bool  # update-ldcache is made without folders if there is no library
    isolating_hook: bool  # the hook disable-device-node-modification exists
    profile_hook: bool  # the hook update-application-profile exists
    memory_limits_hook: bool  # the hook apply-cuda-memory-limits exists
    void_mount: bool  # the common edits have a mount that says what ``NVIDIA_VISIBLE_DEVICES=void`` says
    libcuda_dir_env: bool  # ``NVIDIA_CTK_LIBCUDA_DIR`` is set
    soname_links: bool  # links for SONAMEs that the driver libraries have
    exact_special_links: bool  # libcuda.so and its like are linked only for the driver's own version
    version_from_files: bool  # graphics and enable-cuda-compat take the version of the first libcuda found
    ml_fallback: bool  # libnvidia-ml.so locates the driver if libcuda.so is missing
    all_library_dirs: bool  # libraries come from each directory that has some, not only from libcuda's
    resolved_libraries: bool  # the driver libraries' own links are resolved
    once_per_host_path: bool  # a discoverer mounts a host path once
    full_gpu_beside_mig: bool  # a GPU in MIG mode is also a device of its own
    graphics_mig: bool  # MIG devices of profiles with graphics get DRM nodes
    device_facts: bool  # device nodes carry major, minor, mode and group, and additional GIDs are set
    annotations: bool  # the feature flag for coherent annotations works
    ipc_flag: bool  # the feature flag that leaves out sockets works
    mofed_in_driver_root: bool  # InfiniBand devices are looked for below the driver root
    device_ids: bool  # devices can be chosen when generating
    no_device_id: bool  # the device id ``none`` is known
    checked_channels: bool  # IMEX channels must exist and be at most the driver's limit
    graphics_libraries: tuple[str, ...]  # patterns of libraries with versions of their own
    graphics_binaries: tuple[str, ...]  # programs that come with graphics
    graphics_configs: tuple[str, ...]  # files below the configuration directories
    configs_at_share: bool  # these are mounted below /usr/share wherever they were found
    opencl_configs: tuple[str, ...]  # files that are mounted below /etc
    cpu_vulkan_icd: bool  # the ICD file that carries the architecture's name is known
    extra_libraries: tuple[str, ...]  # patterns of driver libraries without the driver's version
    management_libraries: tuple[str, ...]  # libraries that the management mode adds
    firmware: tuple[str, ...]  # patterns of firmware files of the driver's version
    whole_component_roots: bool  # ``transform root`` replaces a prefix only at the end of a path component


_V1_17: dict[str, object] = {
    "name": "1.17",
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
    "memory_limits_hook": False,
    "void_mount": False,
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
    "management_libraries": (),
    "firmware": ("gsp*.bin",),
    "whole_component_roots": False,
}

_V1_18: dict[str, object] = {
    **_V1_17,
    "name": "1.18",
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
    "checked_channels": True,
    "opencl_configs": ("OpenCL/vendors/nvidia.icd",),
    "extra_libraries": ("libnvidia-nvvm70.so.*",),
}

# The development branch after v1.20.0 (d34b3046), known from its source only.
_HEAD: dict[str, object] = {
    **_V1_20,
    "name": "head",
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

_V1_20_1: dict[str, object] = {
    **_HEAD,
    "name": "1.20.1",
    "modes": ("auto", "nvml", "wsl", "management", "gds", "mofed", "csv", "imex", "gdrcopy", "nvswitch", "mig-caps"),
    "memory_limits_hook": True,
    "firmware": ("gsp*.bin", "ucodes*.bin"),
    "whole_component_roots": False,
}

_V1_20_2: dict[str, object] = {
    **_V1_20_1,
    "name": "1.20.2",
    "void_mount": True,
    "management_libraries": ("libnvsdm.so.1", "libibumad.so.3", "libibmad.so.5"),
}

RELEASES = {
    str(facts["name"]): Release(**facts)  # type: ignore[arg-type]
    for facts in (_V1_17, _V1_18, _V1_19, _V1_20, _V1_20_1, _V1_20_2, _HEAD)
}
DEFAULT_RELEASE = "1.20.2"
PUBLISHED = tuple([name for name in RELEASES if name != "head"])

# The first version of nvidia-cdi-hook that has each command, if not all versions have it (CHANGELOG.md of the toolkit).
# Version 1.17 fails on a command that it does not have. Later versions print a warning and do nothing.
COMMANDS_SINCE = {
    "enable-cuda-compat": (1, 17, 5),
    "disable-device-node-modification": (1, 18, 0),
    "update-application-profile": (1, 20, 0),
    "apply-cuda-memory-limits": (1, 20, 1),
}


def release_of_version(version: tuple[int, int, int]) -> str:
    """Return the name of the newest release up to *version*, such as ``1.18`` for 1.18.1; ``""`` if it is too old."""
    names = [name for name in PUBLISHED if tuple(map(int, name.split("."))) <= version]
    return names[-1] if names else ""


def release(name: str) -> Release:
    """Return the release of that name, such as ``1.20.2``; ``""`` is the default release.

    :raises ParameterError: there is none.
    """
    try:
        return RELEASES[name or DEFAULT_RELEASE]
    except KeyError:
        raise ParameterError("toolkit_release", name, "one of " + ", ".join(RELEASES)) from None
