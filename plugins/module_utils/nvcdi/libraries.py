# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The driver's libraries: their mounts, links and hooks (pkg/nvcdi/driver-nvml.go)."""

from __future__ import annotations

from ..errors import SpecError
from ..host.glob import matches
from .hooks import CREATE_SYMLINKS, CUDA_COMPAT, NO_NODE_MODIFICATION, UPDATE_LDCACHE
from .soname import soname

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..cdi.spec import Entry, Found
    from .driver import Driver
    from .hooks import HookMaker

EXPLICIT_LIBRARIES = "enable-explicit-driver-libraries"
_EXPLICIT_NAMES = (
    "libEGL.so",
    "libGL.so",
    "libGLESv1_CM.so",
    "libGLESv2.so",
    "libGLX.so",
    "libGLdispatch.so",
    "libOpenCL.so",
    "libOpenGL.so",
    "libnvidia-api.so",
    "libnvidia-egl-xcb.so",
    "libnvidia-egl-xlib.so",
)
# What the installer links beside the links of sonames: library -> target, "" for the library itself, and link.
_SPECIAL_LINKS = {
    "libcuda": ("libcuda.so.1", "libcuda.so"),
    "libGLX_nvidia": ("", "libGLX_indirect.so.0"),
    "libnvidia-opticalflow": ("libnvidia-opticalflow.so.1", "libnvidia-opticalflow.so"),
}


def discover_libraries(driver: Driver, hooks: HookMaker, found: Found) -> None:
    """Add the driver's libraries.

    :raises SpecError: the driver is not found in its version.
    """
    release = driver.release
    version = driver.version
    mounts = _library_mounts(driver, version)
    found.mounts += mounts

    links = library_links(driver, mounts, version)
    if links:
        found.add_hook(hooks.make(CREATE_SYMLINKS, links))
    compat_version = driver.graphics_version if release.version_from_files else version
    found.add_hook(hooks.make(CUDA_COMPAT, [f"--host-driver-version={compat_version}"]))
    folders = _folders(mounts)
    if folders or release.empty_ldcache_hook:
        found.add_hook(hooks.make(UPDATE_LDCACHE, folders))
    if release.isolating_hook:
        found.add_hook(hooks.make(NO_NODE_MODIFICATION))
    if release.libcuda_dir_env:
        found.env.append("NVIDIA_CTK_LIBCUDA_DIR=" + ":".join(driver.library_dirs))


def _library_mounts(driver: Driver, version: str) -> list[Entry]:
    versioned = [driver.below_root(path) for path in driver.in_library_dirs(f"*.so.{version}", ("vdpau",))]
    mounts = driver.mounts(driver.locators.files, versioned)
    mounts += driver.mounts(driver.in_library_dirs, driver.release.extra_libraries)
    if EXPLICIT_LIBRARIES in driver.options.feature_flags:
        resolved = driver.release.resolved_libraries
        mounts += driver.mounts(driver.in_library_dirs if resolved else driver.locators.libraries, _EXPLICIT_NAMES)
    return mounts


def library_links(driver: Driver, mounts: Iterable[Entry], version: str) -> list[str]:
    """Return the links ``<target>::<link>`` of the driver's installer, in mount order, without duplicates."""
    special_version = version if driver.release.exact_special_links else "*.*"
    links: dict[str, None] = {}
    for path, host_path in {entry["containerPath"]: entry["hostPath"] for entry in mounts}.items():
        directory, _slash, name = path.rpartition("/")
        stem = name.partition(".so.")[0]
        if stem in _SPECIAL_LINKS and matches(f"{stem}.so.{special_version}", name):
            target, link = _SPECIAL_LINKS[stem]
            links[f"{target or name}::{directory}/{link}"] = None
        if driver.release.soname_links and matches("*.*.*", name):
            for target, link in _soname_links(driver, host_path, name):
                links[f"{target}::{directory}/{link}"] = None
    return list(links)


def _soname_links(driver: Driver, host_path: str, name: str) -> list[tuple[str, str]]:
    """Return (target, link) of the SONAME and of the name without version, if the node has such links."""
    content = driver.view.read_bytes(host_path)
    try:
        own_name = soname(content or b"", name)
    except SpecError:
        # The tool warns and continues: empty files are not libraries.
        return []
    directory = host_path.rpartition("/")[0]
    links = []
    if own_name != name and _is_link(driver, directory, own_name):
        links.append((name, own_name))
    bare_name = _bare_name(own_name)
    if bare_name and bare_name != own_name and _is_link(driver, directory, bare_name):
        links.append((own_name, bare_name))
    return links


def _is_link(driver: Driver, directory: str, name: str) -> bool:
    names = driver.view.listdir(directory)  # none if it can't be read
    if names and name not in names and "/" not in name:
        return False  # most libraries have no such link
    status = driver.view.lstat(f"{directory}/{name}")
    return status is not None and status.is_link


def _bare_name(name: str) -> str:
    """The name up to its last ``.so``; empty if it has none (file extensions are cut off until one is ``.so``)."""
    while "." in name:
        stem, _dot, extension = name.rpartition(".")
        if extension == "so":
            return name
        name = stem
    return ""


def _folders(mounts: Iterable[Entry]) -> list[str]:
    """The directories of mounted libraries, in mount order."""
    folders: dict[str, None] = {}
    for entry in mounts:
        directory, _slash, name = entry["containerPath"].rpartition("/")
        # The tool's pattern is lib?*.so*
        if name.startswith("lib") and ".so" in name[4:]:
            folders[directory or "/"] = None
    return list(folders)
