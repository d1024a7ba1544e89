# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The modules of compiled programs hold programs and nothing else, and SHA256SUMS and native/toolchain.txt agree with them.

No compiler is needed for that. Whether the programs are what native/ builds is for `scripts/build-native --check`.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys
import zlib

import pytest

from ansible_collections.nvmock.gpu.plugins.module_utils import native

ROOT = pathlib.Path(__file__).resolve().parents[3]
MODULES = ROOT / "plugins" / "module_utils" / "native"
EVERY = [(program, architecture) for architecture in native.ARCHITECTURES for program in native.PROGRAMS]
A_MODULE = "nvidia_cdi_hook_x86_64.py"


def _build_script(path=ROOT / "native" / "build.py"):
    specification = importlib.util.spec_from_file_location("build_native_of_shipped", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


build_native = _build_script()


def _sums():
    lines = (MODULES / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    return {name: digest for digest, name in (line.split("  ") for line in lines)}


def test_sha256sums_covers_every_shipped_program():
    assert _sums() == {
        f"{program}.{architecture}": hashlib.sha256(native.binary(program, architecture)).hexdigest()
        for program, architecture in EVERY
    }


def test_the_program_modules_are_what_the_build_writes():
    assert build_native.check_modules() == []


def test_the_build_and_the_core_know_the_same_programs():
    assert sorted(EVERY) == sorted(
        (program, architecture) for architecture in build_native.ARCHITECTURES for program in build_native.PROGRAMS
    )


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="sha256sum is not available")
def test_sha256sum_accepts_the_extracted_programs(tmp_path):
    subprocess.run(
        [sys.executable, str(ROOT / "native" / "build.py"), "--extract", str(tmp_path / "programs")], check=True
    )
    command = ["sha256sum", "--check", "--strict", str(MODULES / "SHA256SUMS")]
    done = subprocess.run(
        command,
        cwd=tmp_path / "programs",
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert sorted(done.stdout.splitlines()) == sorted(
        f"{program}.{architecture}: OK" for program, architecture in EVERY
    )


@pytest.mark.parametrize("architecture", native.ARCHITECTURES)
def test_the_recorded_tools_are_those_of_the_pinned_packages(architecture):
    """Debian's gcc gives its package's version, that of the cross compiler without "crossN"; ld only the upstream one."""
    lines = (ROOT / "native" / "toolchain.txt").read_text(encoding="ascii").splitlines()
    pins = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    suffix = {"x86_64": "", "aarch64": "-aarch64-linux-gnu"}[architecture]
    package = re.sub(r"cross\d+$", "", pins[f"gcc-12{suffix}"])
    upstream = package.partition("-")[0]
    linker = pins[f"binutils{suffix}"].partition("-")[0]
    for program in native.PROGRAMS:
        made = build_native.shipped(program, architecture)
        assert made.compiler == f"{architecture}-linux-gnu-gcc (Debian {package}) {upstream}"
        assert made.linker == f"GNU ld (GNU Binutils for Debian) {linker}"


def test_git_marks_exactly_the_program_modules_as_generated():
    rules = [line.split() for line in (ROOT / ".gitattributes").read_text(encoding="ascii").splitlines()]
    rules = [rule for rule in rules if rule[0] != "#"]
    assert all(attributes == ["linguist-generated", "-diff"] for _pattern, *attributes in rules)
    marked = {path for pattern, *_attributes in rules for path in ROOT.glob(pattern.lstrip("/"))}
    assert marked == {pathlib.Path(build_native.module_path(*one)) for one in EVERY}


@pytest.fixture
def copy(tmp_path):
    """A build script of its own tree, with the modules in it."""
    (tmp_path / "native").mkdir()
    shutil.copy(ROOT / "native" / "build.py", tmp_path / "native")
    place = tmp_path / "plugins" / "module_utils" / "native"
    place.mkdir(parents=True)
    for path in MODULES.iterdir():
        if path.is_file():
            shutil.copy(path, place)
    script = _build_script(tmp_path / "native" / "build.py")
    assert script.check_modules() == []
    return script, place


def _changed_byte(text):
    """The module with one bit of its program changed, packed as the build packs it."""
    head, data, tail = re.fullmatch(r'(.*DATA = """\n)(.*)(\n"""\n)', text, re.S).groups()
    content = bytearray(zlib.decompress(base64.b64decode(data)))
    content[-1] ^= 1
    packed = base64.b64encode(zlib.compress(bytes(content), 9)).decode()
    return head + "\n".join(packed[at : at + 100] for at in range(0, len(packed), 100)) + tail


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(lambda text: text + "import os\n", "has text that", id="code at the end"),
        pytest.param(lambda text: text.replace("# zlib", "import os\n# zlib"), "has text that", id="code inside"),
        pytest.param(lambda text: text.replace("SIZE = ", "SIZE = 1"), "is not one program of 1", id="another size"),
        pytest.param(lambda text: text.replace("x86_64:", "aarch64:"), "has text that", id="another architecture"),
        pytest.param(lambda text: text.replace('COMPILER = "', 'COMPILER = "\\x41'), "has text that", id="an escape"),
        pytest.param(lambda text: text.replace("\n", "\r\n"), "has text that", id="other line ends"),
        pytest.param(lambda text: text + "é", "can't decode", id="not ASCII"),
        pytest.param(lambda text: re.sub(r"(?<=\n)eN", "AA", text), "can't be unpacked", id="no zlib"),
        pytest.param(
            lambda text: text.replace('\n"""\n', base64.b64encode(b"more").decode() + '\n"""\n'),
            "nvidia_cdi_hook_x86_64.py: DATA",
            id="data behind the program",
        ),
        pytest.param(_changed_byte, "SHA256SUMS: does not have the sums", id="another byte"),
    ],
)
def test_a_changed_module_is_one_line(copy, change, said):
    script, place = copy
    text = (place / A_MODULE).read_text(encoding="ascii")
    (place / A_MODULE).write_bytes(change(text).encode())
    (problem,) = script.check_modules()
    assert said in problem and "\n" not in problem


def test_a_missing_module_and_one_too_many_are_named(copy):
    script, place = copy
    (place / A_MODULE).rename(place / "smuggled_x86_64.py")
    missing, unexpected = script.check_modules()
    assert A_MODULE in missing and "No such file" in missing
    assert "smuggled_x86_64.py: scripts/build-native does not write" in unexpected


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_text("0" * 64 + "  hook\n")])
def test_missing_or_other_sums_are_one_line(copy, spoil):
    script, place = copy
    spoil(place / "SHA256SUMS")
    (problem,) = script.check_modules()
    assert "SHA256SUMS" in problem


def test_a_module_with_the_same_bytes_and_tools_is_not_written(copy):
    script, place = copy
    one = ("nvidia-cdi-hook", "x86_64")
    made = script.shipped(*one)
    path = place / A_MODULE
    # What another zlib would write for the same bytes.
    packed = base64.b64encode(zlib.compress(made.content, 1)).decode()
    path.write_text(re.sub(r'(?s)(?<=DATA = """\n).*(?=\n"""\n)', packed, path.read_text()))
    before = path.read_bytes()
    assert not script.write_module(*one, made)
    assert path.read_bytes() == before
    other = made._replace(content=made.content + b"\0")
    assert script.write_module(*one, other)
    assert script.shipped(*one) == other
    newer = other._replace(compiler="x86_64-linux-gnu-gcc (Debian 99) 99")
    assert script.write_module(*one, newer), "the module names the tools that made the bytes"
    assert script.shipped(*one) == newer


def _tools(place, gcc="x86_64-linux-gnu-gcc (Debian 99.1-1) 99.1.0", ld="GNU ld 99"):
    """Stand-ins of both compilers and of their linker: they answer --version with *gcc* and *ld*, and build other bytes."""
    place.mkdir()
    for name, words in (("x86_64-linux-gnu-gcc", gcc), ("aarch64-linux-gnu-gcc", gcc), ("ld", ld)):
        answers = f'case $1 in --version) echo "{words}" ;; -print-prog-name=ld) echo "{place}/ld" ;; esac'
        builds = 'while [ $# -gt 1 ]; do if [ "$1" = -o ]; then echo built >"$2"; fi; shift; done'
        (place / name).write_text(f"#!/bin/sh\n{answers}\n{builds}\n")
        (place / name).chmod(0o755)
    return place


def _check(script, path):
    return subprocess.run(
        [sys.executable, os.path.join(script.SOURCES, "build.py"), "--check"],
        env={"PATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_check_names_another_compiler_and_linker_version(copy, tmp_path):
    script, _place = copy
    pinned = script.shipped("nvidia-cdi-hook", "x86_64")
    done = _check(script, _tools(tmp_path / "tools"))
    assert done.returncode == 1 and done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 4
    assert lines[:2] == [
        "build-native: x86_64: the compiler is x86_64-linux-gnu-gcc (Debian 99.1-1) 99.1.0, "
        f"but the pinned one is {pinned.compiler}",
        f"build-native: x86_64: the linker is GNU ld 99, but the pinned one is {pinned.linker}",
    ]


def test_check_fails_for_every_program_of_other_bytes(copy, tmp_path):
    script, _place = copy
    pinned = script.shipped("nvidia-cdi-hook", "x86_64")
    done = _check(script, _tools(tmp_path / "tools", pinned.compiler, pinned.linker))
    assert done.returncode == 1 and done.stdout == ""
    built = hashlib.sha256(b"built\n").hexdigest()
    for program in native.PROGRAMS:
        (line,) = [line for line in done.stderr.splitlines() if f" {program}.x86_64: " in line]
        assert f"native/ builds SHA-256 {built}, but " in line and _sums()[f"{program}.x86_64"] in line


def test_check_fails_without_compilers(copy, tmp_path):
    script, _place = copy
    done = _check(script, tmp_path / "nothing")
    assert done.returncode == 1 and done.stdout == ""
    assert [line.split(":")[1] for line in done.stderr.splitlines()] == [" x86_64", " aarch64"]
    assert all("linux-gnu-gcc on the PATH: install Debian's gcc" in line for line in done.stderr.splitlines())


def test_a_compiler_that_fails_is_one_line(copy, tmp_path):
    script, _place = copy
    tools = _tools(tmp_path / "tools")
    (tools / "x86_64-linux-gnu-gcc").write_text("#!/bin/sh\nexit 3\n")
    lines = _check(script, tools).stderr.splitlines()
    assert f"build-native: nvidia-cdi-hook.x86_64: {tools}/x86_64-linux-gnu-gcc failed" in lines
