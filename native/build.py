# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Build the sources in native/ and write the programs to plugins/module_utils/native, as modules that Ansible copies to a node.

    scripts/build-native                build, and write the modules and SHA256SUMS
    scripts/build-native --into DIR     build only: DIR/<program>.<architecture>
    scripts/build-native --check        build, compare with the modules and SHA256SUMS, write nothing
    scripts/build-native --extract DIR  write what the modules hold: DIR/<program>.<architecture>; nothing is built

Building needs Debian's gcc, and gcc-aarch64-linux-gnu or gcc-x86-64-linux-gnu for the other architecture. The same
compiler and linker make the same bytes; each module names the ones that made it. Without a compiler for an architecture,
nothing is written for it and the exit status is 1.

--check prints one line per difference and exits with status 1 if there is any. A compiler or linker of another version
than the one that a module names is a difference.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zlib
from typing import NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCES = os.path.join(ROOT, "native")
MODULES = os.path.join(ROOT, "plugins", "module_utils", "native")
SUMS = "SHA256SUMS"

ARCHITECTURES = ("x86_64", "aarch64")

_COMMON = ("start", "system", "text", "memory", "message")
_LIBRARY_COMMON = ("text", "memory", "device_nodes", "bus_id")
PROGRAMS = {
    "nvidia-cdi-hook": (
        *_COMMON,
        *("json", "flags", "directory", "in_root", "container", "ldconfig", "hook"),
        *("hook_symlinks", "hook_ldcache", "hook_compat", "hook_chmod", "hook_params", "hook_profile", "hook_memory"),
    ),
    "driver-program": (*_COMMON, "payload", "output", "driver_program"),
    "nvidia-smi": (
        *(*_COMMON, "payload", "output", "clock", "smi_program", "smi", "smi_document", "smi_report", "smi_query"),
        *(
            "smi_elements",
            "smi_options",
            "smi_run",
            "smi_choose",
            "smi_list",
            "smi_table",
            "smi_change",
            "smi_sub",
            "smi_place",
        ),
        *("smi_topo", "smi_nvlink", "smi_mig", "smi_mig_command", "smi_dmon", "smi_policy", "smi_absent"),
        *("state", "state_values", "state_write", "processes", "smi_state", "smi_processes"),
    ),
    "libnvidia-ml": (
        *_LIBRARY_COMMON,
        *("nvml_facts", "nvml_handles", "nvml_numbers", "nvml_time", "nvml_init", "nvml_system"),
        *("nvml_find", "nvml_device", "nvml_modes", "nvml_memory", "nvml_load", "nvml_processes", "nvml_temperature"),
        *("nvml_power", "nvml_clocks", "nvml_pcie", "nvml_ecc", "nvml_inforom", "nvml_platform", "nvml_conf_compute"),
        *("nvml_mig", "nvml_gpu_instance", "nvml_compute_instance", "nvml_nvlink", "nvml_events", "nvml_affinity"),
        *("nvml_fields", "nvml_gpm", "nvml_settings", "nvml_export_table", "nvml_unsupported", "nvml_state"),
        *("state", "state_values", "state_write", "processes", "lock"),
    ),
    "libcuda": (
        *_LIBRARY_COMMON,
        *("lock", "cuda_facts", "cuda_init", "cuda_visible", "cuda_device", "cuda_context", "cuda_errors"),
        *("cuda_proc_address", "cuda_unsupported"),
    ),
}

_FLAGS = (
    *("-std=gnu11", "-Os", "-Wall", "-Wextra", "-Werror"),
    # No C library, and nothing that instructions do not need.
    *("-nostdlib", "-ffreestanding", "-fno-builtin", "-fno-stack-protector"),
    *("-fno-asynchronous-unwind-tables", "-fno-unwind-tables", "-fno-ident", "-fno-tree-loop-distribute-patterns"),
    *("-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections", "-Wl,--build-id=none"),
    *("-Wl,-z,norelro", "-Wl,-z,noexecstack", "-s"),
)
_EXECUTABLE = ("-static", "-fno-pie", "-no-pie", "-Wl,-z,noseparate-code")
# Calls within the library can't be redirected by other libraries of the process, and no symbol is left undefined.
_LIBRARY = (
    *("-shared", "-fPIC", "-fno-plt", "-fvisibility=hidden", "-Wl,-Bsymbolic", "-Wl,--hash-style=gnu"),
    *("-Wl,-T,library.ld", "-Wl,-z,defs"),
)
FLAGS = {
    "nvidia-cdi-hook": (*_FLAGS, *_EXECUTABLE),
    "driver-program": (*_FLAGS, *_EXECUTABLE),
    "nvidia-smi": (*_FLAGS, *_EXECUTABLE),
    "libnvidia-ml": (*_FLAGS, *_LIBRARY, "-Wl,-soname,libnvidia-ml.so.1"),
    "libcuda": (*_FLAGS, *_LIBRARY, "-Wl,-soname,libcuda.so.1"),
}
# Atomic operations would be calls of libgcc.
_OF_ARCHITECTURE = {"x86_64": (), "aarch64": ("-mno-outline-atomics",)}

_TEMPLATE = '''# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""{program} for {architecture}: made by scripts/build-native from native/, not to be edited."""

from __future__ import annotations

COMPILER = "{compiler}"
LINKER = "{linker}"
SIZE = {size}
# zlib, base64
DATA = """
{data}
"""
'''


class BuildError(Exception):
    """Something can't be built or read; the message is one line."""


class Made(NamedTuple):
    """A program's bytes, and the version lines of the compiler and linker that built them."""

    content: bytes
    compiler: str
    linker: str


def compiler(architecture: str) -> str | None:
    """Return the path of the compiler for *architecture*, None if it is missing."""
    return shutil.which(f"{architecture}-linux-gnu-gcc")


def _needed_compiler(architecture: str) -> str:
    found = compiler(architecture)
    if found is None:
        package = "gcc" if platform.machine() == architecture else f"gcc-{architecture.replace('_', '-')}-linux-gnu"
        raise BuildError(f"{architecture}: no {architecture}-linux-gnu-gcc on the PATH: install Debian's {package}")
    return found


def versions(architecture: str) -> tuple[str, str]:
    """Return the version lines of the compiler and the linker.

    :raises BuildError: there is no compiler for *architecture*, or it or its linker can't be run.
    """
    found = _needed_compiler(architecture)
    linker = _output(found, "-print-prog-name=ld").strip()
    return _output(found, "--version").splitlines()[0], _output(linker, "--version").splitlines()[0]


def _output(program: str, option: str) -> str:
    try:
        return subprocess.run([program, option], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise BuildError(f"{program} {option}: {error}") from None


def file_name(program: str, architecture: str) -> str:
    """Return the name of the program's own file, which SHA256SUMS and the directories of --into and --extract use."""
    return f"{program}.{architecture}"


def build(program: str, architecture: str, into: str) -> str:
    """Build a program into the directory *into*; return its path.

    :raises BuildError: there is no compiler for *architecture*, or it failed (it says why on stderr).
    """
    found = _needed_compiler(architecture)
    path = os.path.abspath(os.path.join(into, file_name(program, architecture)))
    sources = [f"{name}.c" for name in PROGRAMS[program]]
    command = [found, *FLAGS[program], *_OF_ARCHITECTURE[architecture], "-o", path, *sources]
    try:
        subprocess.run(command, check=True, cwd=SOURCES)
    except (OSError, subprocess.CalledProcessError):
        raise BuildError(f"{file_name(program, architecture)}: {found} failed") from None
    return path


def made_here(program: str, architecture: str, into: str) -> Made:
    """Build a program into the directory *into*; return it.

    :raises BuildError: as *build* and *versions*.
    """
    with open(build(program, architecture, into), "rb") as handle:
        return Made(handle.read(), *versions(architecture))


def module_name(program: str, architecture: str) -> str:
    """Return the name of the module that holds the program."""
    return f"{program}_{architecture}".replace("-", "_")


def module_path(program: str, architecture: str) -> str:
    """Return the path of the module that holds the program."""
    return os.path.join(MODULES, module_name(program, architecture) + ".py")


def write_module(program: str, architecture: str, made: Made) -> bool:
    """Write the module that holds the program; do nothing if it already holds these bytes of these tools.

    Another zlib packs equal bytes differently, so the packed text is not compared.

    :returns: whether it was written.
    """
    try:
        if shipped(program, architecture) == made:
            return False
    except BuildError:
        pass
    packed = base64.b64encode(zlib.compress(made.content, 9)).decode("ascii")
    text = _TEMPLATE.format(
        program=program,
        architecture=architecture,
        compiler=made.compiler,
        linker=made.linker,
        size=len(made.content),
        data="\n".join(packed[at : at + 100] for at in range(0, len(packed), 100)),
    )
    with open(module_path(program, architecture), "w", encoding="ascii") as handle:
        handle.write(text)
    return True


def shipped(program: str, architecture: str) -> Made:
    """Return what the program's module holds. The module is read, not run.

    Reviewers do not see changes of these modules (.gitattributes), so nothing may be in one but what *write_module* puts there.

    :raises BuildError: the module is missing, or its text differs from what *write_module* writes.
    """
    path = module_path(program, architecture)
    try:
        with open(path, encoding="ascii", newline="") as handle:
            text = handle.read()
    except (OSError, UnicodeDecodeError) as error:
        raise BuildError(f"{_shown(path)}: {error}") from None
    form = re.escape(
        _TEMPLATE.format(
            program=program,
            architecture=architecture,
            compiler="@words@",
            linker="@words@",
            size="@size@",
            data="@data@",
        )
    )
    for name, allowed in (("words", r'([^"\\\r\n]+)'), ("size", "([0-9]+)"), ("data", r"([A-Za-z0-9+/=\n]+)")):
        form = form.replace(f"@{name}@", allowed)
    found = re.fullmatch(form, text)
    if not found:
        raise BuildError(f"{_shown(path)}: has text that scripts/build-native does not write")
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(binascii.a2b_base64(found[4].replace("\n", "")))
    except (binascii.Error, zlib.error) as error:
        raise BuildError(f"{_shown(path)}: DATA can't be unpacked: {error}") from None
    if not unpacker.eof or unpacker.unused_data or len(content) != int(found[3]):
        raise BuildError(f"{_shown(path)}: DATA is not one program of {found[3]} bytes")
    return Made(content, found[1], found[2])


def _shown(path: str) -> str:
    return os.path.relpath(path, ROOT)


def _every() -> list[tuple[str, str]]:
    return [(program, architecture) for architecture in ARCHITECTURES for program in PROGRAMS]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def sums() -> str:
    """Return the text of SHA256SUMS for what the modules hold, in the format of sha256sum(1).

    :raises BuildError: as *shipped*.
    """
    return "".join(
        f"{_sha256(shipped(program, architecture).content)}  {file_name(program, architecture)}\n"
        for program, architecture in _every()
    )


def check_modules() -> list[str]:
    """Check the directory of modules without a compiler; return one line per problem."""
    problems = []
    for program, architecture in _every():
        try:
            shipped(program, architecture)
        except BuildError as error:
            problems.append(str(error))
    expected = {"__init__.py", SUMS, *(module_name(*one) + ".py" for one in _every())}
    for name in sorted({*os.listdir(MODULES)} - expected - {"__pycache__"}):
        problems.append(f"{_shown(os.path.join(MODULES, name))}: scripts/build-native does not write such a file")
    if problems:
        return problems
    path = os.path.join(MODULES, SUMS)
    try:
        with open(path, encoding="ascii", newline="") as handle:
            same = handle.read() == sums()
    except (OSError, UnicodeDecodeError) as error:
        return [f"{_shown(path)}: {error}"]
    return [] if same else [f"{_shown(path)}: does not have the sums of the modules' programs"]


def check_builds() -> list[str]:
    """Build everything and compare it with what the modules hold; return the differences, one line each."""
    problems = []
    with tempfile.TemporaryDirectory() as temporary:
        for program, architecture in _every():
            try:
                here, there = made_here(program, architecture, temporary), shipped(program, architecture)
            except BuildError as error:
                problems.append(str(error))
                continue
            other = [
                f"{architecture}: the {tool} is {found}, but the pinned one is {pinned}"
                for tool, found, pinned in zip(("compiler", "linker"), here[1:], there[1:])
                if found != pinned
            ]
            # Bytes of other compiler versions prove nothing about the sources.
            if not other and here.content != there.content:
                other = [
                    f"{file_name(program, architecture)}: native/ builds SHA-256 {_sha256(here.content)}, "
                    f"but {_shown(module_path(program, architecture))} holds {_sha256(there.content)}"
                ]
            problems += other
    return problems


def _write_all(into: str | None) -> list[str]:
    problems = []
    with tempfile.TemporaryDirectory() as temporary:
        for program, architecture in _every():
            try:
                made = made_here(program, architecture, into or temporary)
            except BuildError as error:
                problems.append(str(error))
                continue
            if not into:
                written = write_module(program, architecture, made)
                shown = _shown(module_path(program, architecture))
                print(f"{shown}: {len(made.content)} bytes, {'written' if written else 'unchanged'}")
    if not into:
        try:
            text = sums()
        except BuildError as error:
            return [*problems, f"no {SUMS}: {error}"]
        _write_sums(text)
    return problems


def _write_sums(text: str) -> None:
    path = os.path.join(MODULES, SUMS)
    if os.path.exists(path):
        with open(path, encoding="ascii", errors="replace", newline="") as handle:
            if handle.read() == text:
                return
    with open(path, "w", encoding="ascii") as handle:
        handle.write(text)
    print(f"{_shown(path)}: written")


def _extract(into: str) -> list[str]:
    problems = []
    for program, architecture in _every():
        try:
            content = shipped(program, architecture).content
        except BuildError as error:
            problems.append(str(error))
            continue
        with open(os.path.join(into, file_name(program, architecture)), "wb") as handle:
            handle.write(content)
    return problems


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--into", metavar="DIR")
    choice.add_argument("--check", action="store_true")
    choice.add_argument("--extract", metavar="DIR")
    options = parser.parse_args()
    if options.into or options.extract:
        os.makedirs(options.into or options.extract, exist_ok=True)
    if options.check:
        problems = check_modules() + check_builds()
    elif options.extract:
        problems = _extract(options.extract)
    else:
        problems = _write_all(options.into)
    # Print each problem of an architecture or a module once.
    for problem in dict.fromkeys(problems):
        print(f"build-native: {problem}", file=sys.stderr)
    if options.check and not problems:
        print(f"build-native: {len(_every())} programs and {SUMS} are what native/ builds")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
