# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What is shipped is what the sources make, is small, and needs nothing of a node."""

from __future__ import annotations

import struct

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils import native
from ansible_collections.nvmock.gpu.plugins.module_utils.errors import ParameterError

from .conftest import build_native, recorded_versions, same_compiler

BOTH = pytest.mark.parametrize("architecture", native.ARCHITECTURES)
EACH = pytest.mark.parametrize("program", native.PROGRAMS)


@BOTH
@EACH
def test_the_same_compiler_makes_the_same_bytes(tmp_path, program, architecture):
    same = same_compiler(program, architecture)
    if same is None:
        pytest.skip(f"no compiler: install gcc-{architecture.replace('_', '-')}-linux-gnu")
    if not same:
        made_by = " and ".join(recorded_versions(program, architecture))
        pytest.skip(f"made by {made_by}, which is not what is here: the fresh build's behaviour is tested instead")
    with open(build_native.build(program, architecture, str(tmp_path)), "rb") as handle:
        assert handle.read() == native.binary(program, architecture), "run scripts/build-native"


@BOTH
@EACH
def test_small_and_needs_nothing(program, architecture):
    content = native.binary(program, architecture)
    # nvidia-smi has the tables and texts of all driver branches; NVML has faults, and MIG at run time.
    sizes = {native.SMI: 210, native.NVML: 100, native.CUDA: 90}
    assert len(content) < sizes.get(program, 60) * 1024
    assert content[:5] == b"\x7fELF\x02"
    machine, offset, size, count = (
        struct.unpack_from(form, content, at)[0] for form, at in (("<H", 18), ("<Q", 32), ("<H", 54), ("<H", 56))
    )
    assert machine == {"x86_64": 62, "aarch64": 183}[architecture]
    headers = [struct.unpack_from("<II", content, offset + size * index) for index in range(count)]
    kinds = [kind for kind, _flags in headers]
    assert 3 not in kinds, "it wants a dynamic loader"
    assert (2 in kinds) == (program in native.LIBRARIES)
    loaded = [flags for kind, flags in headers if kind in (1, 0x6474E551)]
    assert all(flags & 3 != 3 for flags in loaded), "memory that can be written and run"


@BOTH
@pytest.mark.parametrize("library", native.LIBRARIES)
def test_a_library_needs_no_other(library, architecture):
    content = native.binary(library, architecture)
    headers = [
        struct.unpack_from("<II6Q", content, 64 + 56 * index)
        for index in range(struct.unpack_from("<H", content, 56)[0])
    ]
    (dynamic,) = [header for header in headers if header[0] == 2]
    entries = list(struct.iter_unpack("<2Q", content[dynamic[2] : dynamic[2] + dynamic[5]]))
    tags = {tag for tag, _value in entries}
    assert 1 not in tags and 14 in tags, "DT_NEEDED, or no DT_SONAME"
    assert 23 not in tags and 22 not in tags, "calls through a table that is filled late, or relocations of code"


def test_an_unknown_architecture_is_one_line():
    with pytest.raises(ParameterError) as raised:
        native.binary(native.CDI_HOOK, "riscv64")
    assert "riscv64" in str(raised.value) and "hook_mode=none" in str(raised.value)
    assert "\n" not in str(raised.value)
