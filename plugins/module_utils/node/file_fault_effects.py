# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Faults of a node's files: what they make of the entries that a component wants.

While a fault is on, what it makes is what the component wants: plan, apply and removal know of no faults. A healthy entry that the fault
removes or changes is wanted below :data:`HEALTHY`, under its whole path. So a fault can be put on and taken off without the options of
the run that made the node, and what comes back is what was there.

The result depends on the set of the faults alone, not on their order.
"""

from __future__ import annotations

from ..host.entries import CHAR, FILE, SYMLINK, Entry, directory, file
from ..host.manifest import HEALTHY
from ..host.owner import CDI_SPEC, DEV_ROOT, DEVICES, DRIVER_TREE, Owner
from ..host.root import split
from ..layout.mismatch import CUDA_INITS, CUDA_MISMATCH, NVML_INITS, NVML_MISMATCH, architecture_of, failing
from ..layout.state_file import NAME as STATE_FILE
from ..layout.stub_program import saying
from ..layout.tmpfiles import DIRECTORY_OF_FILES, restored_otherwise
from ..machine.model import Machine
from .file_fault_kinds import KINDS, FileFault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Files = dict[str, Entry]

SHADOWS = "/var/run/cdi"
"""The directory of specifications with the highest priority."""
WRONG_MAJOR = 240
"""Of the range for local use (Documentation/admin-guide/devices.txt): no driver has it."""
_SMI_MISMATCH = "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: {nvml}\n"
# What nvidia-smi says without its library, with the status that its manual page has for it.
_SMI_NO_LIBRARY = (
    "NVIDIA-SMI couldn't find libnvidia-ml.so library in your system. Please make sure that the NVIDIA Display Driver is properly "
    "installed and present in your system.\n"
    "Please also try adding directory that contains libnvidia-ml.so to your system PATH.\n"
)
_NO_LIBRARY = 12
_OTHER_DIGITS = bytes.maketrans(b"0123456789abcdef", b"123456789abcdef0")


def later_version(version: str) -> str:
    """Return a driver version of the same length and branch that is not *version*: the next one, if there is one."""
    return _beside(version, 1)


def earlier_version(version: str) -> str:
    """Return a driver version of the same length and branch that is not *version*: the one before it, if there is one."""
    return _beside(version, -1)


def _beside(version: str, step: int) -> str:
    first, dot, last = version.rpartition(".")
    for number in (int(last) + step, int(last) - step):
        if number >= 0 and len(f"{number:0{len(last)}d}") == len(last):
            return f"{first}{dot}{number:0{len(last)}d}"
    return version


def faulted(entries: list[Entry], owner: Owner, faults: Iterable[FileFault], machine: Machine) -> list[Entry]:
    """Return what a component wants while *faults* are on.

    :arg entries: what it wants without them.
    :arg owner: whose they are.
    :arg machine: the driver version and the minors of the GPUs are of interest.
    """
    healthy = {entry.path: entry for entry in entries}
    files = dict(healthy)
    by_kind = {fault.kind: fault for fault in faults}
    for kind in KINDS:
        if kind.name in by_kind:
            _apply(kind.name, by_kind[kind.name], files, owner, machine)
    kept = [entry.but(path=HEALTHY + path) for path, entry in healthy.items() if files.get(path) is not entry]
    for path, entry in healthy.items():
        place = split(path)[0]
        if path not in files and place not in files:  # what was in a directory is gone, the directory is not
            files[place] = directory(place, implicit=True).but(uid=entry.uid, gid=entry.gid)
    return [*files.values(), *kept]


def made_paths(faults: Iterable[FileFault], owner: Owner, originals: Iterable[str], machine: Machine) -> set[str]:
    """Return the paths that exist only because of faults, beside those of :data:`HEALTHY`.

    :arg originals: the paths of the healthy entries that are in HEALTHY.
    """
    kinds = {fault.kind for fault in faults}
    made: set[str] = set()
    if owner.part == CDI_SPEC and "spec_duplicate" in kinds:
        made.add(_duplicate(owner.path))
    if owner.part == CDI_SPEC and "spec_shadowed" in kinds:
        made.add(_shadow(owner.path))
    if owner.part == DRIVER_TREE and "driver_upgrade" in kinds:
        made.update({_renamed(path, owner, machine) for path in originals} - set(originals))
    return made


def _apply(kind: str, fault: FileFault, files: Files, owner: Owner, machine: Machine) -> None:
    if owner.part in (DEVICES, DEV_ROOT):
        if kind.startswith("device_node_"):
            for gpu in fault.gpus:
                if gpu < len(machine.gpus):
                    _change_node(kind, f"/dev/nvidia{machine.gpus[gpu].minor}", files)
        elif kind == "driver_upgrade" and fault.step > 1:
            _upgrade_procfs(files, owner, machine.driver_version)
    elif owner.part == DRIVER_TREE:
        _change_tree(kind, fault, files, owner, machine)
    elif kind == "driver_upgrade":
        if fault.step > 1:
            _change_specs(files, owner, lambda text: _of_version(text, machine, later_version(machine.driver_version)))
    elif kind == "hook_missing":
        for path in [path for path in files if path.endswith("/bin/nvidia-cdi-hook")]:
            del files[path]
    else:
        _change_spec(kind, files, owner, machine)


# -- device nodes -----------------------------------------------------------------------------------------------------


def _change_node(kind: str, end: str, files: Files) -> None:
    for path in [path for path in files if path.endswith(end)]:
        node: Entry | None = files[path]
        if node is None or node.kind not in (CHAR, FILE):
            continue
        if kind == "device_node_missing":
            del files[path]
            node = None
        elif node.kind != CHAR:
            continue
        elif kind == "device_node_wrong_major":
            node = files[path] = node.but(major=WRONG_MAJOR)
        else:
            node = files[path] = node.but(mode=0)
        for name, one in files.items():
            if name.startswith(DIRECTORY_OF_FILES + "/") and one.content is not None:
                content = restored_otherwise(one.content, path, node)
                if content != one.content:
                    files[name] = one.but(content=content)


def _upgrade_procfs(files: Files, owner: Owner, version: str) -> None:
    """The kernel module of an upgraded driver, in procfs and in what restores it at boot."""
    place = owner.path if owner.part == DEVICES else owner.dev_root
    if version in place:
        return
    for path, entry in files.items():
        if (
            entry.kind == FILE
            and entry.content
            and ("/proc/driver/nvidia/" in path or path.startswith(DIRECTORY_OF_FILES + "/"))
        ):
            content = entry.content.replace(version.encode("ascii"), later_version(version).encode("ascii"))
            if content != entry.content:
                files[path] = entry.but(content=content)


# -- driver installation ----------------------------------------------------------------------------------------------


def _change_tree(kind: str, fault: FileFault, files: Files, owner: Owner, machine: Machine) -> None:
    if kind == "driver_upgrade":
        _upgrade_tree(fault.step, files, owner, machine)
    elif kind == "library_other_version":
        for path in _libraries(files, "libnvidia-ml.so."):
            other = _of_other_version(files[path], machine, NVML_INITS, NVML_MISMATCH)
            if other is not None:
                files[path] = other
                _let_smi_say(files, _SMI_MISMATCH.format(nvml=_nvml_version(machine)), NVML_MISMATCH)
    elif kind == "library_missing":
        found = _libraries(files, "libnvidia-ml.so.")
        for path in found:
            del files[path]
        if found:
            _let_smi_say(files, _SMI_NO_LIBRARY, _NO_LIBRARY)
    elif kind == "driver_half_removed":
        for path in list(files):
            parent, name = split(path)
            is_program = parent.endswith("/bin") and files[path].kind in (FILE, SYMLINK)
            if is_program or name.startswith("libcuda.so"):
                del files[path]


def _upgrade_tree(step: int, files: Files, owner: Owner, machine: Machine) -> None:
    if not any(architecture_of(files[path].content or b"") for path in _libraries(files, "libnvidia-ml.so.")):
        return
    old, new = machine.driver_version, later_version(machine.driver_version)
    for path in list(files):
        entry = files[path]
        if entry.kind not in (FILE, SYMLINK) or _is_state(path, machine):
            continue
        place = _renamed(path, owner, machine)
        changed = entry
        if place != path:
            changed = changed.but(path=place)
        if entry.kind == SYMLINK and old in (entry.target or ""):
            changed = changed.but(target=(entry.target or "").replace(old, new))
        name = split(path)[1]
        if entry.content and (name.startswith("lib") or path.endswith(f"/bin/{name}")):
            content = _of_version(entry.content, machine, new)
            if step == 1 and name.startswith("libnvidia-ml.so."):
                content = failing(content, NVML_INITS, NVML_MISMATCH)
            elif step == 1 and name.startswith("libcuda.so."):
                content = failing(content, CUDA_INITS, CUDA_MISMATCH)
            if content != entry.content:
                changed = changed.but(content=content)
        if changed is not entry:
            del files[path]
            files[place] = changed
    if step == 1:
        _let_smi_say(files, _SMI_MISMATCH.format(nvml=_nvml_version(machine)), NVML_MISMATCH)


def _renamed(path: str, owner: Owner, machine: Machine) -> str:
    """The path of a file of the driver installation after an upgrade."""
    below = path[len(owner.path) :] if path.startswith(owner.path) else path
    if _is_state(path, machine):
        return path
    new = below.replace(machine.driver_version, later_version(machine.driver_version))
    return path[: len(path) - len(below)] + new


def _is_state(path: str, machine: Machine) -> bool:
    """Whether programs hold the file: its name is that of the driver that made it, whatever the libraries are."""
    return split(path)[1] == STATE_FILE.format(V=machine.driver_version)


def _of_version(content: bytes, machine: Machine, version: str) -> bytes:
    """Content that names another driver version of the same length, but the same state file."""
    old, new = machine.driver_version.encode("ascii"), version.encode("ascii")
    state = STATE_FILE.format(V=machine.driver_version).encode("ascii")
    return state.join([part.replace(old, new) for part in content.split(state)])


def _of_other_version(entry: Entry, machine: Machine, functions: tuple[str, ...], status: int) -> Entry | None:
    content = entry.content or b""
    if entry.kind != FILE or not architecture_of(content):
        return None
    changed = failing(_of_version(content, machine, later_version(machine.driver_version)), functions, status)
    return None if changed == content else entry.but(content=changed)


def _libraries(files: Files, begin: str) -> list[str]:
    return [path for path, entry in files.items() if entry.kind == FILE and split(path)[1].startswith(begin)]


def _let_smi_say(files: Files, text: str, status: int) -> None:
    for path in [path for path in files if path.endswith("/bin/nvidia-smi")]:
        entry = files[path]
        architecture = architecture_of(entry.content or b"")
        if entry.kind == FILE and architecture:
            files[path] = entry.but(content=saying(text, status, architecture))


def _nvml_version(machine: Machine) -> str:
    return ".".join(later_version(machine.driver_version).split(".")[:2])


# -- specification ----------------------------------------------------------------------------------------------------


def _duplicate(path: str) -> str:
    stem, _dot, ending = path.rpartition(".")
    return f"{stem}.duplicate.{ending}"


def _shadow(path: str) -> str:
    return f"{SHADOWS}/{split(path)[1]}"


def _change_spec(kind: str, files: Files, owner: Owner, machine: Machine) -> None:
    """What happens to the specifications, of which *owner* names the main one."""
    main = files.get(owner.path)
    content = b"" if main is None else main.content or b""
    if kind == "spec_stale":
        _change_specs(files, owner, lambda text: _of_other_gpus(_of_earlier(text, machine)))
    elif kind == "spec_invalid":
        _change_specs(files, owner, _cut)
    elif kind == "spec_missing":
        for path in _specs(files, owner):
            del files[path]
    elif main is not None and kind == "spec_duplicate":
        path = _duplicate(owner.path)
        files[path] = main.but(path=path)
    elif main is not None and kind == "spec_shadowed" and split(owner.path)[0] == "/etc/cdi":
        made = file(_shadow(owner.path), _of_earlier(content, machine))
        files[made.path] = made.but(uid=main.uid, gid=main.gid)


def _specs(files: Files, owner: Owner) -> list[str]:
    """The specifications of the component: the main one, and those that coherent annotations add, but no duplicate."""
    place = split(owner.path)[0]
    others = (_duplicate(owner.path), _shadow(owner.path))
    return [
        path
        for path, entry in files.items()
        if split(path)[0] == place and entry.kind == FILE and path.endswith((".yaml", ".json")) and path not in others
    ]


def _change_specs(files: Files, owner: Owner, change: Callable[[bytes], bytes]) -> None:
    for path in _specs(files, owner):
        before = files[path].content
        after = None if before is None else change(before)
        if after != before:
            files[path] = files[path].but(content=after)


def _of_earlier(content: bytes, machine: Machine) -> bytes:
    return _of_version(content, machine, earlier_version(machine.driver_version))


def _of_other_gpus(content: bytes) -> bytes:
    """Content with other UUIDs of GPUs and MIG devices: each digit is the next one."""
    import re

    uuid = rb"(GPU|MIG)-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    return re.sub(uuid, lambda found: found[1] + b"-" + found[2].translate(_OTHER_DIGITS), content)


def _cut(content: bytes) -> bytes:
    """Half of the content, and a bracket that nothing closes: no YAML or JSON, wherever the cut is."""
    return content[: len(content) // 2].rpartition(b"\n")[0] + b"\n["
