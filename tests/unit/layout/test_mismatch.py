# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Libraries that do not fit the kernel module, and programs that only say something."""

from __future__ import annotations

import ctypes
import os
import platform
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.nvmock.gpu.plugins.module_utils import native
from ansible_collections.nvmock.gpu.plugins.module_utils.errors import ParameterError
from ansible_collections.nvmock.gpu.plugins.module_utils.layout import mismatch
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.stub_library import returning, shared_object
from ansible_collections.nvmock.gpu.plugins.module_utils.layout.stub_program import saying

HERE = {"AMD64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
LIBRARIES = ((native.NVML, mismatch.NVML_INITS, 18), (native.CUDA, mismatch.CUDA_INITS, 803))


@pytest.mark.parametrize("architecture", native.ARCHITECTURES)
@pytest.mark.parametrize("name, functions, status", LIBRARIES)
def test_only_the_first_instructions_differ(architecture, name, functions, status):
    image = native.binary(name, architecture)
    changed = mismatch.failing(image, functions, status)
    code = returning(status, architecture)
    at = next(at for at, (one, other) in enumerate(zip(image, changed)) if one != other)
    start = changed.index(code, max(at - len(code), 0))
    assert len(changed) == len(image)
    assert changed[:start] == image[:start] and changed[start + len(code) :] == image[start + len(code) :]


@pytest.mark.skipif(HERE not in native.ARCHITECTURES, reason="no library for this architecture")
def test_what_programs_get(tmp_path):
    """Every way to initialize NVML leads to the function that fails; the texts of errors are there."""
    for name, functions, status in LIBRARIES:
        (tmp_path / name).write_bytes(mismatch.failing(native.binary(name, HERE), functions, status))
    nvml = ctypes.CDLL(str(tmp_path / native.NVML))
    assert (nvml.nvmlInit(), nvml.nvmlInit_v2(), nvml.nvmlInitWithFlags(0)) == (18, 18, 18)
    nvml.nvmlErrorString.restype = ctypes.c_char_p
    assert nvml.nvmlErrorString(18) == b"Driver/library version mismatch"
    assert nvml.nvmlDeviceGetCount_v2(ctypes.byref(ctypes.c_uint())) == 1  # uninitialized
    assert ctypes.CDLL(str(tmp_path / native.CUDA)).cuInit(0) == 803


@pytest.mark.parametrize("image", [b"", b"\x7fELF", b"#!/bin/sh\n", shared_object("libx.so.1", "x86_64")])
def test_other_files_stay_as_they_are(image):
    assert mismatch.failing(image, mismatch.NVML_INITS, 18) == image


@given(st.text("abc \n'%\\", max_size=300), st.integers(0, 255))
def test_a_program_says_its_text(text, status):
    for architecture in native.ARCHITECTURES:
        assert saying(text, status, architecture).endswith(text.encode("ascii"))


@pytest.mark.parametrize("architecture", native.ARCHITECTURES)
def test_a_program_runs(tmp_path, architecture):
    program = tmp_path / "program"
    program.write_bytes(saying("one\ntwo\n", 18, architecture))
    program.chmod(0o755)
    emulator = [] if architecture == HERE else [shutil.which(f"qemu-{architecture}-static") or "no emulator"]
    if emulator == ["no emulator"]:
        pytest.skip(f"neither a CPU nor an emulator for {architecture}")
    done = subprocess.run([*emulator, str(program)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (18, "one\ntwo\n", "")
    with open(os.devnull, "w", encoding="ascii") as nowhere:
        assert subprocess.run([*emulator, str(program)], stdout=nowhere, check=False).returncode == 18


def test_an_unknown_architecture():
    with pytest.raises(ParameterError, match="architecture"):
        saying("", 0, "riscv64")
