# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The programs under test: those that are shipped, and a fresh build where this machine's compiler makes other bytes."""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import json
import os
import pathlib
import platform
import shutil
import stat
import struct
import subprocess

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils import native

ROOT = pathlib.Path(__file__).resolve().parents[2]


def _build_script():
    specification = importlib.util.spec_from_file_location("build_native", ROOT / "native" / "build.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


build_native = _build_script()

# As on a kernel before 5.6.
OLD_KERNEL = "without-openat2"


def no_openat2():
    """From here on openat2(2) and mount_setattr(2) are not implemented for this process and its children (seccomp)."""
    openat2, mount_setattr, error = 437, 442, 38  # the same on all architectures; ENOSYS
    tests = ((0x15, 1, 0, openat2), (0x15, 0, 1, mount_setattr))
    code = ((0x20, 0, 0, 0), *tests, (0x06, 0, 0, 0x00050000 | error), (0x06, 0, 0, 0x7FFF0000))
    filters = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in code))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(code), ctypes.addressof(filters)))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in ((38, 1, 0, 0, 0), (22, 2, program, 0, 0)):  # PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP
        if libc.prctl(*arguments):
            raise OSError(ctypes.get_errno(), "prctl")


def recorded_versions(program, architecture):
    """The compiler and linker that made what is shipped."""
    name = build_native.module_name(program, architecture)
    module = importlib.import_module(f"{native.__name__}.{name}")
    return module.COMPILER, module.LINKER


def same_compiler(program, architecture):
    """None if there is no compiler, else whether it is the one that made what is shipped."""
    if not build_native.compiler(architecture):
        return None
    return build_native.versions(architecture) == recorded_versions(program, architecture)


def _variants(program):
    for architecture in native.ARCHITECTURES:
        yield architecture, "shipped"
        if program == native.CDI_HOOK and architecture == platform.machine():
            yield architecture, OLD_KERNEL
        if same_compiler(program, architecture) is False:
            yield architecture, "fresh"


def pytest_generate_tests(metafunc):
    for program in native.PROGRAMS:
        fixture = program.replace("-", "_")
        if fixture in metafunc.fixturenames:
            variants = list(_variants(program))
            metafunc.parametrize(fixture, variants, indirect=True, ids=["-".join(one) for one in variants])
    for fixture, library in (("nvml_image", native.NVML), ("cuda_image", native.CUDA)):
        if fixture in metafunc.fixturenames:
            variants = [variant for architecture, variant in _variants(library) if architecture == platform.machine()]
            metafunc.parametrize(fixture, variants or [None], indirect=True, scope="session")


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """Maker of a program's path: programs(name, architecture, variant)."""
    place = tmp_path_factory.mktemp("programs")
    made = {}

    def path_of(name, architecture, variant):
        key = (name, architecture, variant)
        if key not in made:
            if variant == "fresh":
                path = pathlib.Path(build_native.build(name, architecture, str(place)))
            else:
                path = place / f"{name}.{architecture}.shipped"
                path.write_bytes(native.binary(name, architecture))
            path.chmod(0o755)
            made[key] = path
        return made[key]

    return path_of


def runner(architecture):
    """The command that runs programs of *architecture* here; skips the test if there is none."""
    if architecture == platform.machine():
        return []
    for name in (f"qemu-{architecture}-static", f"qemu-{architecture}"):
        if shutil.which(name):
            return [shutil.which(name)]
    pytest.skip(f"this machine can't run {architecture} programs: install qemu-user-static")
    return []


class Image(bytes):
    """Bytes that a failed test does not print."""

    def __repr__(self):
        return f"<{len(self)} bytes>"


def _image_of(library, request, programs):
    """The bytes of the library that this machine can load, without facts."""
    if request.param is None:
        pytest.skip(f"there is no library for {platform.machine()}")
    return Image(programs(library, platform.machine(), request.param).read_bytes())


@pytest.fixture(scope="session")
def nvml_image(request, programs):
    return _image_of(native.NVML, request, programs)


@pytest.fixture(scope="session")
def cuda_image(request, programs):
    return _image_of(native.CUDA, request, programs)


@pytest.fixture
def libnvidia_ml(request, programs):
    """An architecture, and the bytes of its library without facts."""
    architecture, variant = request.param
    return architecture, Image(programs(native.NVML, architecture, variant).read_bytes())


@pytest.fixture
def libcuda(request, programs):
    """An architecture, and the bytes of its library without facts."""
    architecture, variant = request.param
    return architecture, Image(programs(native.CUDA, architecture, variant).read_bytes())


class Bundle:
    """An OCI bundle with an empty root filesystem, beside things that are none of the container's business."""

    def __init__(self, place):
        self.place = place
        self.root = place / "bundle" / "rootfs"
        self.root.mkdir(parents=True)
        self.outside = place / "outside"
        self.outside.mkdir()
        (self.outside / "file").write_text("kept\nModifyDeviceFiles: 1\n")
        (self.outside / "file").chmod(0o640)
        (self.outside / "directory").mkdir(mode=0o700)
        self.configure({"ociVersion": "1.0.2", "root": {"path": "rootfs"}})

    def configure(self, configuration):
        (self.place / "bundle" / "config.json").write_text(json.dumps(configuration))

    @property
    def state(self):
        return json.dumps({"ociVersion": "1.0.2", "id": "c", "status": "created", "bundle": str(self.place / "bundle")})

    def snapshot(self):
        """Everything but the root filesystem: kind, mode, content."""
        seen = {}
        for place, directories, names in os.walk(self.place):
            if place == str(self.root.parent):
                directories.remove("rootfs")
            for name in [".", *directories, *names]:
                path = os.path.join(place, name)
                status = os.lstat(path)
                content = None
                if stat.S_ISREG(status.st_mode):
                    content = pathlib.Path(path).read_bytes()
                elif stat.S_ISLNK(status.st_mode):
                    content = os.readlink(path)
                seen[path] = (status.st_mode, content)
        return seen


@pytest.fixture
def bundle(tmp_path):
    return Bundle(tmp_path)


class Hook:
    """nvidia-cdi-hook of one architecture, run in a mount namespace of its own where *private*."""

    def __init__(self, path, architecture, prepare=None):
        self.prepare = prepare
        self.command = [*runner(architecture), str(path)]
        self.emulated = len(self.command) > 1

    def __call__(self, *arguments, state="", private=False, before=None):
        command = [*self.command, *arguments]
        if before is not None or private:
            command = ["unshare", "--mount", "sh", "-ec", f'{before or ""}\n"$@"', "sh", *command]
        data = state if isinstance(state, bytes) else state.encode()
        done = subprocess.run(
            command,
            input=data,
            capture_output=True,
            timeout=90,
            check=False,
            env={"PATH": os.environ["PATH"]},
            preexec_fn=self.prepare,
        )
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        return done


@pytest.fixture
def nvidia_cdi_hook(request, programs):
    architecture, variant = request.param
    path = programs("nvidia-cdi-hook", architecture, variant)
    return Hook(path, architecture, no_openat2 if variant == OLD_KERNEL else None)


def one_line(done, *words):
    """The run failed, with one line that has these words."""
    assert done.returncode == 1 and done.stdout == "", done
    assert len(done.stderr.splitlines()) == 1 and done.stderr.endswith("\n"), done.stderr
    for word in words:
        assert word in done.stderr
