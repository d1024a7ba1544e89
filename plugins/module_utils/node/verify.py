# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Checks whether a node looks like a GPU node, for ``gpu-mockctl verify`` and the module nvmock_verify.

They include the checks of GPU Mock on kind's verify script and smoke Job. Further checks are device numbers and modes, the
targets of links, and whether a CDI library would load the specification and its host paths exist. They read the node only,
and do not know which options it was made with.
"""

from __future__ import annotations

from ..errors import HostError
from ..host.entries import CHAR, FILE, SYMLINK, Entry
from ..host.root import HostRoot
from ..layout.devices import CONTROL_NODES, NVIDIA_MAJOR, UVM_NODES
from ..values import Value, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# The major of nvidia-uvm is dynamic.
_NODES = (
    *((name, NVIDIA_MAJOR, minor) for name, minor in CONTROL_NODES),
    *((name, None, minor) for name, minor in UVM_NODES),
)
_INFORMATION_FIELDS = ("Model:", "GPU UUID:", "Bus Location:", "Device Minor:")
_LIBRARY_DIRECTORIES = ("lib64", "usr/lib64", "usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu")
_LIBRARIES = (
    "libcuda",
    "libnvidia-ml",
    "libnvidia-encode",
    "libnvcuvid",
    "libnvidia-ptxjitcompiler",
    "libnvidia-fatbinaryloader",
)
_PROGRAM_DIRECTORIES = ("bin", "usr/bin")
_PROGRAMS = ("nvidia-smi", "nvidia-debugdump", "nvidia-persistenced", "nvidia-modprobe")


@value
class Outcome(Value):
    """The result of a verification."""

    lines: list[str]  # the checks that passed, in the words of GPU Mock on kind
    problems: list[str]  # one line for each problem


def verify_filesystem(root: HostRoot, base: str, regular_files: bool = False) -> Outcome:
    """Check the device nodes and procfs below *base*.

    :arg regular_files: whether regular files replace the device nodes.
    """
    problems: list[str] = []
    gpus = _information_files(root, base, problems)
    for minor in sorted(gpus.values()):
        _check_node(root, f"{base}/dev/nvidia{minor}", NVIDIA_MAJOR, minor, regular_files, problems)
    for name, major, minor in _NODES:
        _check_node(root, f"{base}/dev/{name}", major, minor, regular_files, problems)
    version = _read(root, f"{base}/proc/driver/nvidia/version", problems)
    if version is not None and not version.startswith("NVRM version: NVIDIA UNIX "):
        problems.append(f"{base}/proc/driver/nvidia/version: does not begin with 'NVRM version: NVIDIA UNIX'")
    for name in ("params", "registry"):
        _read(root, f"{base}/proc/driver/nvidia/{name}", problems)
    if problems:
        return Outcome([], problems)
    return Outcome([f"{len(gpus)} GPUs below {base}", "ALL CHECKS PASSED"], [])


def verify_cdi(root: HostRoot, driver_root: str, spec_path: str) -> Outcome:
    """Check the driver installation and the CDI specification."""
    lines: list[str] = []
    problems: list[str] = []
    before = 0
    checks: tuple[tuple[str, Callable[[], None]], ...] = (
        ("✓ CDI spec exists", lambda: _check_spec(root, spec_path, problems)),
        ("✓ Mock driver libraries present", lambda: _check_libraries(root, driver_root, problems)),
        ("✓ Mock binaries present", lambda: _check_programs(root, driver_root, problems)),
    )
    for line, check in checks:
        check()
        if len(problems) == before:
            lines.append(line)
        before = len(problems)
    if not problems:
        lines.append("✓ CDI smoke test PASSED")
    return Outcome(lines, problems)


def verify_faults(root: HostRoot, driver_root: str) -> Outcome:
    """Check that no faults are on the GPUs."""
    from .fault_report import faults_on

    return Outcome(
        [],
        [f"{text}: take it off with nvmock_fault or gpu-mockctl fault clear" for text in faults_on(root, driver_root)],
    )


def _information_files(root: HostRoot, base: str, problems: list[str]) -> dict[str, int]:
    """Return the device minors in the information files of procfs, by PCI bus id."""
    place = f"{base}/proc/driver/nvidia/gpus"
    found: dict[str, int] = {}
    for bus_id in root.names(place):
        path = f"{place}/{bus_id}/information"
        text = _read(root, path, problems)
        if text is None:
            continue
        fields = dict(line.split(":", 1) for line in text.split("\n") if ":" in line)
        missing = [field for field in _INFORMATION_FIELDS if field[:-1] not in fields]
        if missing:
            problems.append(f"{path}: without {', '.join(missing)}")
        elif fields["Bus Location"].strip() != bus_id:
            problems.append(f"{path}: Bus Location is {fields['Bus Location'].strip()}, not {bus_id}")
        elif not fields["Device Minor"].strip().isdigit():
            problems.append(f"{path}: Device Minor is {fields['Device Minor'].strip()!r}, not a number")
        else:
            found[bus_id] = int(fields["Device Minor"])
    if not found and not problems:
        problems.append(f"{place}: no GPUs found")
    return found


def _check_node(
    root: HostRoot, path: str, major: int | None, minor: int, regular_files: bool, problems: list[str]
) -> None:
    entry = _observe(root, path, problems)
    if entry is None:
        return
    if regular_files:
        if entry.kind != FILE:
            problems.append(f"{path}: not a regular file")
        return
    if entry.kind != CHAR:
        problems.append(f"{path}: not a character device")
        return
    if (major is not None and entry.major != major) or entry.minor != minor:
        problems.append(f"{path}: device {entry.major}:{entry.minor}, not {major or 'N'}:{minor}")
    if (entry.mode or 0) & 0o600 != 0o600:
        problems.append(f"{path}: mode {entry.mode:04o} does not let its owner read and write")


def _check_spec(root: HostRoot, path: str, problems: list[str]) -> None:
    entry = _observe(root, path, problems)
    if entry is None:
        return
    if entry.kind != FILE or not entry.content:
        problems.append(f"{path}: not a file with something in it")
        return
    from . import cdi_spec

    problems += cdi_spec.problems(root, path, entry.content)


def _check_libraries(root: HostRoot, driver_root: str, problems: list[str]) -> None:
    place = _first_directory(root, driver_root, _LIBRARY_DIRECTORIES, "libcuda.so.1")
    if place is None:
        problems.append(f"{driver_root}: no library directory with libcuda.so.1 in it")
        return
    versions = set()
    for stem in _LIBRARIES:
        # libx.so -> libx.so.1 -> libx.so.<version>
        path = f"{place}/{stem}.so"
        for _step in range(2):
            entry = _observe(root, path, problems)
            if entry is None:
                break
            if entry.kind != SYMLINK or "/" in (entry.target or ""):
                problems.append(f"{path}: not a link to a library beside it")
                break
            path = f"{place}/{entry.target}"
        else:
            entry = _observe(root, path, problems)
            if entry is not None and entry.kind != FILE:
                problems.append(f"{path}: not a file")
            versions.add(path.rpartition(".so.")[2])
    if len(versions) > 1:
        problems.append(f"{place}: libraries of several driver versions: {', '.join(sorted(versions))}")


def _check_programs(root: HostRoot, driver_root: str, problems: list[str]) -> None:
    place = _first_directory(root, driver_root, _PROGRAM_DIRECTORIES, "nvidia-smi")
    if place is None:
        problems.append(f"{driver_root}: no directory with nvidia-smi in it")
        return
    for name in _PROGRAMS:
        entry = _observe(root, f"{place}/{name}", problems)
        if entry is not None and (entry.kind != FILE or not (entry.mode or 0) & 0o111):
            problems.append(f"{place}/{name}: not an executable file")


def _first_directory(root: HostRoot, top: str, candidates: tuple[str, ...], name: str) -> str | None:
    for candidate in candidates:
        if root.status(f"{top}/{candidate}/{name}") is not None:
            return f"{top}/{candidate}"
    return None


def _observe(root: HostRoot, path: str, problems: list[str]) -> Entry | None:
    try:
        entry = root.observe(path)
    except HostError as error:
        problems.append(str(error))
        return None
    if entry is None:
        problems.append(f"{path}: missing")
    return entry


def _read(root: HostRoot, path: str, problems: list[str]) -> str | None:
    entry = _observe(root, path, problems)
    if entry is None:
        return None
    if entry.kind != FILE or entry.content is None:
        problems.append(f"{path}: not a file")
        return None
    return entry.content.decode("utf-8", "replace")
