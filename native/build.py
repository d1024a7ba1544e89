# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Build what is in native/ and write it into plugins/module_utils/native, as modules that Ansible carries along.

    scripts/build-native             build and write
    scripts/build-native --into DIR  build only: DIR/<program>.<architecture>

It needs Debian's gcc, and gcc-aarch64-linux-gnu or gcc-x86-64-linux-gnu for the other architecture. The same compiler
and linker make the same bytes; which ones made them stands in each module. Without a compiler for an architecture
nothing is written for it, with a message and exit status 1.
"""

from __future__ import annotations

import argparse
import base64
import os
import shutil
import subprocess
import sys
import tempfile
import zlib

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCES = os.path.join(ROOT, "native")
MODULES = os.path.join(ROOT, "plugins", "module_utils", "native")

ARCHITECTURES = ("x86_64", "aarch64")

_COMMON = ("start", "system", "text", "memory", "message")
PROGRAMS = {
    "nvidia-cdi-hook": (
        *_COMMON,
        *("json", "flags", "directory", "in_root", "container", "ldconfig", "hook"),
        *("hook_symlinks", "hook_ldcache", "hook_compat", "hook_chmod", "hook_params", "hook_profile"),
    ),
    "driver-program": (*_COMMON, "payload", "output", "clock", "driver_program", "smi", "smi_query", "smi_table"),
    "libnvidia-ml": (
        *("text", "memory", "nvml_facts", "nvml_handles", "nvml_init", "nvml_system", "nvml_find", "nvml_device"),
        *("nvml_state", "nvml_mig", "nvml_gpu_instance", "nvml_compute_instance", "nvml_nvlink", "nvml_events"),
        *("nvml_readings", "nvml_affinity", "nvml_fields", "nvml_unsupported"),
    ),
}

_FLAGS = (
    *("-std=gnu11", "-Os", "-Wall", "-Wextra", "-Werror"),
    # No C library, nothing that no instruction needs.
    *("-nostdlib", "-ffreestanding", "-fno-builtin", "-fno-stack-protector"),
    *("-fno-asynchronous-unwind-tables", "-fno-unwind-tables", "-fno-ident", "-fno-tree-loop-distribute-patterns"),
    *("-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections", "-Wl,--build-id=none"),
    *("-Wl,-z,norelro", "-Wl,-z,noexecstack", "-s"),
)
_EXECUTABLE = ("-static", "-fno-pie", "-no-pie", "-Wl,-z,noseparate-code")
# Its own calls stay in it, whatever else the process has loaded, and nothing is left for others to define.
_LIBRARY = (
    *("-shared", "-fPIC", "-fno-plt", "-fvisibility=hidden", "-Wl,-Bsymbolic", "-Wl,--hash-style=gnu"),
    *("-Wl,-soname,libnvidia-ml.so.1", "-Wl,-T,nvml.ld", "-Wl,-z,defs"),
)
FLAGS = {
    "nvidia-cdi-hook": (*_FLAGS, *_EXECUTABLE),
    "driver-program": (*_FLAGS, *_EXECUTABLE),
    "libnvidia-ml": (*_FLAGS, *_LIBRARY),
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


def compiler(architecture: str) -> str | None:
    """Return the path of the compiler for *architecture*, None if there is none."""
    return shutil.which(f"{architecture}-linux-gnu-gcc")


def versions(architecture: str) -> tuple[str, str]:
    """Return the compiler's and the linker's own words about their versions."""
    found = compiler(architecture)
    assert found is not None
    linker = subprocess.run([found, "-print-prog-name=ld"], capture_output=True, text=True, check=True).stdout.strip()
    lines = [
        subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
        for program in (found, linker)
    ]
    return lines[0], lines[1]


def build(program: str, architecture: str, into: str) -> str:
    """Build a program into the directory *into*; return its path."""
    found = compiler(architecture)
    assert found is not None
    path = os.path.join(into, f"{program}.{architecture}")
    sources = [f"{name}.c" for name in PROGRAMS[program]]
    subprocess.run(
        [found, *FLAGS[program], *_OF_ARCHITECTURE[architecture], "-o", path, *sources], check=True, cwd=SOURCES
    )
    return path


def module_name(program: str, architecture: str) -> str:
    """Return the name of the module that holds the program."""
    return f"{program}_{architecture}".replace("-", "_")


def write_module(program: str, architecture: str, content: bytes) -> None:
    """Write the module that holds the program; leave it alone if it holds these bytes already."""
    path = os.path.join(MODULES, module_name(program, architecture) + ".py")
    words = versions(architecture)
    packed = base64.b64encode(zlib.compress(content, 9)).decode("ascii")
    text = _TEMPLATE.format(
        program=program,
        architecture=architecture,
        compiler=words[0],
        linker=words[1],
        size=len(content),
        data="\n".join(packed[at : at + 100] for at in range(0, len(packed), 100)),
    )
    with open(path, "w", encoding="ascii") as handle:
        handle.write(text)
    print(f"{os.path.relpath(path, ROOT)}: {len(content)} bytes")


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", metavar="DIR")
    options = parser.parse_args()
    missing = [architecture for architecture in ARCHITECTURES if not compiler(architecture)]
    with tempfile.TemporaryDirectory() as temporary:
        for architecture in ARCHITECTURES:
            for program in () if architecture in missing else PROGRAMS:
                path = build(program, architecture, options.into or temporary)
                if not options.into:
                    with open(path, "rb") as handle:
                        write_module(program, architecture, handle.read())
    for architecture in missing:
        print(f"build-native: no {architecture}-linux-gnu-gcc: nothing built for {architecture}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
