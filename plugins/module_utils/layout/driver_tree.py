# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The files of a driver installation below a driver root: libraries, programs, configuration, firmware."""

from __future__ import annotations

from .. import native
from ..host.entries import Entry, directory, file, symlink, volatile
from ..machine.file import PATH as MACHINE_FILE
from ..machine.file import machine_file_text
from ..machine.model import Machine
from ..values import Value, value
from . import programs
from .cuda_facts import cuda_facts
from .driver_files import EXTRA_LINKS, FILES, LIBRARIES, PROGRAMS
from .nvml_facts import nvml_facts
from .state_file import FIXED, state_file
from .state_file import NAME as STATE_FILE
from .stub_library import shared_object

ELF = "elf"
EMPTY = "empty"
CONTENTS = (ELF, EMPTY)

# SONAME -> a function that programs call without looking whether it exists, and what it returns. nvidia-ctk 1.18 and later does
# so, and goes on without the library if it is not supported (go-nvsandboxutils, NVSANDBOXUTILS_ERROR_NOT_SUPPORTED).
_FUNCTIONS = {"libnvidia-sandboxutils.so.1": ("nvSandboxUtilsInit", 2)}

# The libraries with more than that.
_NVML = "libnvidia-ml.so.1"
_CUDA = "libcuda.so.1"
# Name of the layout -> (library directory, program directory); the first is that of the GPU Mock on kind.
_DIRECTORIES = {
    "lib64": ("lib64", "bin"),
    "usr/lib64": ("usr/lib64", "usr/bin"),
    "debian": ("usr/lib/{arch}-linux-gnu", "usr/bin"),
}
LAYOUTS = tuple(_DIRECTORIES)


@value
class DriverTreeOptions(Value):
    """How to create the tree."""

    layout: str = (
        "lib64"  # the directories of libraries and programs: ``lib64``, ``usr/lib64`` or ``debian`` (multiarch)
    )
    content: str = ELF  # ``elf`` for loadable libraries, ``empty`` for files of 0 bytes, as in NVIDIA's own test data
    architecture: str = "x86_64"  # ``x86_64`` or ``aarch64``
    uid: int | None = None  # owner of everything; if None, the caller decides
    gid: int | None = None  # group; if None, the caller decides


def library_directory(options: DriverTreeOptions) -> str:
    """Return the library directory relative to the driver root."""
    return _DIRECTORIES[options.layout][0].format(arch=options.architecture)


def library_directories() -> list[str]:
    """Return the library directories of all layouts and architectures, relative to the driver root."""
    directories = [libraries for libraries, _programs in _DIRECTORIES.values()]
    return sorted({path.format(arch=arch) for path in directories for arch in native.ARCHITECTURES})


def program_directory(options: DriverTreeOptions) -> str:
    """Return the directory of the programs relative to the driver root."""
    return _DIRECTORIES[options.layout][1]


def state_identity(machine: Machine) -> str:
    """Return what names the GPUs of a machine: their state does not outlive an exchange of them."""
    return " ".join([f"{gpu.name} {gpu.uuid}" for gpu in machine.gpus])


def driver_tree_entries(machine: Machine, driver_root: str, options: DriverTreeOptions) -> list[Entry]:
    """Return the driver installation of *machine* below *driver_root*, by path; directories included."""
    version = machine.driver_version
    branch = int(version.split(".")[0])
    root = "" if driver_root == "/" else driver_root
    libraries = f"{root}/{library_directory(options)}"
    binaries = f"{root}/{program_directory(options)}"

    entries: list[Entry] = []
    for pattern, links, first, last in LIBRARIES:
        if first <= branch <= last:
            entries += _library(libraries, pattern, links, machine, options)
    entries.append(_state(libraries, machine, options))
    for link, target in EXTRA_LINKS:
        entries.append(symlink(f"{libraries}/{link}", target.format(V=version)))
    for name, purpose, mode in PROGRAMS:
        entries.append(file(f"{binaries}/{name}", programs.stub(name, purpose, version, options.architecture), mode))
    entries.append(
        file(
            f"{binaries}/nvidia-smi", programs.nvidia_smi(machine, options.architecture, _from_programs(options)), 0o755
        )
    )
    for pattern, content, first, last in FILES:
        if first <= branch <= last:
            entries.append(file(f"{root}/{pattern.format(V=version)}", _file_content(pattern, content)))
    config = programs.toolkit_config(driver_root)
    entries.append(file(f"{root}/etc/nvidia-container-runtime/config.toml", config))

    entries.append(file(f"{root}/{MACHINE_FILE}", machine_file_text(machine)))

    entries += _directories(root, entries)
    for entry in entries:
        entry.uid, entry.gid = options.uid, options.gid
    return sorted(entries, key=lambda entry: entry.path)


def _library(
    place: str, pattern: str, links: tuple[str, ...], machine: Machine, options: DriverTreeOptions
) -> list[Entry]:
    name = pattern.format(V=machine.driver_version)
    base = name.rpartition("/")[2]
    soname = links[0].rpartition("/")[2] if links else base
    if options.content != ELF:
        content = b""
    elif soname == _NVML:
        content = native.with_facts(native.binary(native.NVML, options.architecture), nvml_facts(machine))
    elif soname == _CUDA:
        content = native.with_facts(native.binary(native.CUDA, options.architecture), cuda_facts(machine))
    else:
        content = shared_object(soname, options.architecture, *_FUNCTIONS.get(soname, ()))
    entries = [file(f"{place}/{name}", content)]
    target = base
    for link in links:
        entries.append(symlink(f"{place}/{link}", target))
        target = link.rpartition("/")[2]
    return entries


def _state(place: str, machine: Machine, options: DriverTreeOptions) -> Entry:
    name = STATE_FILE.format(V=machine.driver_version)
    if options.content != ELF:
        return file(f"{place}/{name}", b"")
    content = state_file(name, options.architecture, len(machine.gpus), state_identity(machine))
    return volatile(f"{place}/{name}", content, FIXED)


def _file_content(path: str, content: str) -> bytes:
    """Return the content of a file. For JSON files the table has the library that they name: each family has one form."""
    if path.endswith(".json"):
        content = programs.loader_manifest(path, content)
    return content.encode("ascii")


def _from_programs(options: DriverTreeOptions) -> list[str]:
    """Return the library directories from the directory of the programs: that of the layout, and those of containers."""
    here = "../" * len(program_directory(options).split("/")) + library_directory(options)
    return list(dict.fromkeys((here, "../lib64", f"../lib/{options.architecture}-linux-gnu")))


def _directories(root: str, entries: list[Entry]) -> list[Entry]:
    """Return all directories between *root* and the entries, including *root* (unless it is /)."""
    paths = {root} if root else set()
    for entry in entries:
        parent = entry.path.rpartition("/")[0]
        while parent and parent != root and parent not in paths:
            paths.add(parent)
            parent = parent.rpartition("/")[0]
    return [directory(path) for path in paths]
