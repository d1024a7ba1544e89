# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The files for graphics: EGL, Vulkan, X.Org and OpenCL files of the driver (internal/discover/graphics.go)."""

from __future__ import annotations

from ..cdi.spec import mount
from ..errors import SpecError
from .hooks import CREATE_SYMLINKS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..cdi.spec import Entry, Found
    from .driver import Driver
    from .hooks import HookMaker

_ALLOCATOR = "libnvidia-allocator.so"
_VULKAN_PRODUCER = "libnvidia-vulkan-producer.so"
_GLX_SERVER = "libglxserver_nvidia.so"

_XORG_ROOTS = ("/usr/lib/xorg", "/usr/lib64/xorg", "/usr/X11R6/lib", "/usr/X11R6/lib64")
_XORG_MODULES = ("modules/drivers", "modules/extensions", "modules/updates/drivers", "modules/updates/extensions")

_VULKAN = (
    "vulkan/icd.d/nvidia_icd.json",
    "vulkan/icd.d/nvidia_layers.json",
    "vulkan/implicit_layer.d/nvidia_layers.json",
)
# What Go calls amd64 and arm64, by `uname -m`.
_VULKAN_BY_CPU = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


def discover_graphics(driver: Driver, hooks: HookMaker, found: Found) -> None:
    """Add the files for graphics. Missing files are left out, because the tool only warns."""
    try:
        version = driver.graphics_version
        directories = driver.graphics_dirs
    except SpecError:
        return
    libraries = _libraries(driver, version, directories)
    found.mounts += [entry for entry in libraries if _name(entry) != f"{_ALLOCATOR}.{version}"]
    links = _links(libraries, version)
    if links:
        found.add_hook(hooks.make(CREATE_SYMLINKS, links))
    found.mounts += driver.mounts(driver.locators.executable, driver.release.graphics_binaries)
    found.mounts += _configs(driver)


def _name(entry: Entry) -> str:
    path: str = entry["containerPath"]
    return path.rpartition("/")[2]


def _libraries(driver: Driver, version: str, directories: list[str]) -> list[Entry]:
    names = (*driver.release.graphics_libraries, f"{_ALLOCATOR}.{version}", f"{_VULKAN_PRODUCER}.{version}")
    places = []
    for directory in directories:
        places.append(f"{directory}/nvidia/xorg")
        places += [f"{directory}/xorg/{module}" for module in _XORG_MODULES]
    places += [f"{root}/{module}" for root in _XORG_ROOTS for module in _XORG_MODULES]

    def in_xorg(name: str) -> list[str]:
        return driver.locators.files(name, places, first=True)

    return driver.mounts(driver.locators.libraries, names) + driver.mounts(
        in_xorg, ("nvidia_drv.so", f"{_GLX_SERVER}.{version}")
    )


def _links(libraries: Iterable[Entry], version: str) -> list[str]:
    links = []
    for entry in libraries:
        directory, _slash, name = entry["containerPath"].rpartition("/")
        if name == f"{_ALLOCATOR}.{version}":
            links.append(f"../libnvidia-allocator.so.1::{directory}/gbm/nvidia-drm_gbm.so")
        elif name == f"{_VULKAN_PRODUCER}.{version}":
            links.append(f"{name}::{directory}/{_VULKAN_PRODUCER}")
        elif name == f"{_GLX_SERVER}.{version}":
            links.append(f"{name}::{directory}/{_GLX_SERVER}")
    return links


def _configs(driver: Driver) -> list[Entry]:
    release = driver.release
    if release.configs_at_share:
        mounts = _mounts_at(driver, "/usr/share", driver.locators.config, release.graphics_configs)
    else:
        mounts = driver.mounts(driver.locators.config, release.graphics_configs)
    mounts += _mounts_at(driver, "/etc", driver.locators.config, release.opencl_configs)

    def config_or_root(name: str) -> list[str]:
        return driver.locators.config(name) or driver.locators.files(name)

    vulkan = list(_VULKAN)
    cpu = _VULKAN_BY_CPU.get(driver.options.architecture)
    if release.cpu_vulkan_icd and cpu:
        vulkan.append(f"vulkan/icd.d/nvidia_icd.{cpu}.json")
    return mounts + _mounts_at(driver, "/etc", config_or_root, vulkan)


def _mounts_at(driver: Driver, directory: str, locate: Callable[[str], list[str]], names: Iterable[str]) -> list[Entry]:
    """Mounts of the first hit of each name, at a fixed place in the container."""
    found = []
    for name in names:
        for path in locate(name)[:1]:
            found.append(mount(path, f"{directory}/{name}", driver.release.mount_options))
    return found
