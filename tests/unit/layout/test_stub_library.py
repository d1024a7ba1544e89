# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The libraries are real shared objects: for ldconfig, for dlopen, for readelf, on both architectures."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import struct
import subprocess

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import ParameterError
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.driver_files import LIBRARIES
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.stub_library import ARCHITECTURES, shared_object

MACHINES = {"x86_64": 62, "aarch64": 183}
LDCONFIG = shutil.which("ldconfig", path=os.environ.get("PATH", "") + ":/sbin:/usr/sbin")


def soname_of(data):
    """The DT_SONAME, found through the program headers as a loader does, and through the sections as debug/elf does."""
    program_at, sections_at = struct.unpack_from("<2Q", data, 32)
    headers, sections = struct.unpack_from("<H", data, 56)[0], struct.unpack_from("<H", data, 60)[0]
    found = []
    for number in range(headers):
        kind, _flags, offset, _address, _physical, size = struct.unpack_from("<2I4Q", data, program_at + 56 * number)
        if kind == 2:
            found.append(_soname(data, offset, size))
    for number in range(sections):
        _name, kind, _flags, _address, offset, size = struct.unpack_from("<2I4Q", data, sections_at + 64 * number)
        if kind == 6:
            found.append(_soname(data, offset, size))
    assert len(found) == 2 and found[0] == found[1]
    return found[0]


def _soname(data, offset, size):
    tags = dict(struct.unpack_from("<2Q", data, offset + at) for at in range(0, size, 16))
    start = tags[5] + tags[14]
    assert tags[5] + tags[10] <= len(data)
    return data[start : data.index(b"\0", start)].decode()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("soname", ["libcuda.so.1", "x", "libnvidia-" + "y" * 200 + ".so.1"])
def test_header_and_soname(architecture, soname):
    data = shared_object(soname, architecture)
    assert data[:7] == b"\x7fELF\x02\x01\x01"
    kind, machine = struct.unpack_from("<2H", data, 16)
    assert (kind, machine) == (3, MACHINES[architecture])
    assert soname_of(data) == soname
    assert len(data) < 1500
    assert data == shared_object(soname, architecture)


def test_unknown_architecture():
    with pytest.raises(ParameterError, match="architecture: 'riscv64' is not allowed: must be one of aarch64, x86_64"):
        shared_object("x", "riscv64")


@pytest.mark.skipif(shutil.which("readelf") is None, reason="readelf (binutils) is not installed")
@pytest.mark.parametrize(("architecture", "shown"), [("x86_64", "X86-64"), ("aarch64", "AArch64")])
def test_readelf_reads_a_stub_library_without_warnings(tmp_path, architecture, shown):
    path = tmp_path / "lib.so"
    path.write_bytes(shared_object("libcuda.so.1", architecture))
    done = subprocess.run(
        ["readelf", "--wide", "--all", str(path)], capture_output=True, text=True, check=True, env={"LC_ALL": "C"}
    )
    assert done.stderr == "", done.stderr
    assert "Library soname: [libcuda.so.1]" in done.stdout
    assert "DYN (Shared object file)" in done.stdout and shown in done.stdout
    assert "warning" not in done.stdout.lower() and "<corrupt" not in done.stdout


@pytest.mark.skipif(platform.machine() not in ARCHITECTURES, reason="no libraries for this machine's architecture")
def test_dlopen(tmp_path):
    for number, name in enumerate(("libcuda.so.1", "libnvidia-ml.so.1")):
        path = tmp_path / f"lib{number}.so"
        path.write_bytes(shared_object(name, platform.machine()))
        library = ctypes.CDLL(str(path))
        with pytest.raises(AttributeError):
            _missing = library.cuInit  # nothing is in it
    (tmp_path / "empty.so").write_bytes(b"")
    with pytest.raises(OSError, match="too short"):
        ctypes.CDLL(str(tmp_path / "empty.so"))


@pytest.mark.skipif(platform.machine() not in ARCHITECTURES, reason="no libraries for this machine's architecture")
@pytest.mark.parametrize("status", [2, 999])
def test_a_function_returns_its_status(tmp_path, status):
    path = tmp_path / "lib.so"
    path.write_bytes(shared_object("libx.so.1", platform.machine(), "xInit", status))
    library = ctypes.CDLL(str(path))
    assert library.xInit(None) == status
    with pytest.raises(AttributeError):
        _missing = library.xShutdown


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_library_with_a_function_is_in_order(tmp_path, architecture):
    path = tmp_path / "lib.so"
    data = shared_object("libx.so.1", architecture, "xInit", 2)
    path.write_bytes(data)
    assert soname_of(data) == "libx.so.1" and len(data) < 1500
    if shutil.which("readelf") is None:
        pytest.skip("readelf (binutils) is not installed")
    done = subprocess.run(
        ["readelf", "--wide", "--all", str(path)], capture_output=True, text=True, check=True, env={"LC_ALL": "C"}
    )
    assert done.stderr == "" and "warning" not in done.stdout.lower() and "<corrupt" not in done.stdout
    assert "xInit" in done.stdout and "RWE" not in done.stdout


@pytest.mark.skipif(LDCONFIG is None, reason="ldconfig is not installed")
@pytest.mark.skipif(platform.machine() not in ARCHITECTURES, reason="no libraries for this machine's architecture")
def test_ldconfig_lists_every_library(tmp_path):
    version = "550.54.15"
    sonames = set()
    for pattern, links, first, last in LIBRARIES:
        name = pattern.format(V=version).rpartition("/")[2]
        soname = links[0].rpartition("/")[2] if links else name
        # ldconfig only looks at names of libraries.
        if first <= 550 <= last and name.startswith("lib"):
            (tmp_path / name).write_bytes(shared_object(soname, platform.machine()))
            sonames.add(soname)
    cache = tmp_path / "cache"
    config = tmp_path / "ld.so.conf"
    config.write_text(f"{tmp_path}\n")
    subprocess.run([LDCONFIG, "-f", str(config), "-C", str(cache)], check=True, capture_output=True)
    listed = subprocess.run([LDCONFIG, "-p", "-C", str(cache)], check=True, capture_output=True, text=True).stdout
    ours = {line.split()[0] for line in listed.splitlines() if f"=> {tmp_path}/" in line}
    assert sonames <= ours
    # And it makes the links that the table has, by the SONAME.
    assert os.readlink(tmp_path / "libcuda.so.1") == f"libcuda.so.{version}"
