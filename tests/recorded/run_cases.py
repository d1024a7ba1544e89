# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Compares what we generate with what NVIDIA's tools wrote.

    python3 tests/recorded/run_cases.py DIR

DIR holds one folder a release: ``<release>/cases.json`` (inputs: tree, environment, options, what NVML tells),
``<release>/<machine>/<case>.yaml`` or ``.json`` (the recorded specification) or ``.error.txt``, and
``trees/<tree>.json`` (the files that the node has). Each tree is rebuilt below a temporary host root, for which root
is needed (device nodes). Specifications are compared as data, with list order. The runner knows no case by name.
Runs of the tool's other commands may lie in ``<release>/transform-root`` and ``<release>/list`` (command_cases.py), those of
a hook in ``<release>/hook-apply-cuda-memory-limits`` (hook_cases.py).

Recorded errors: our message must have the cause and the last context of it, which are the last two parts of
the recorded line between ": "; the words around them are the tool's own.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import sys
import tempfile
import traceback
from types import ModuleType

import yaml

HERE = os.path.dirname(os.path.realpath(__file__))
CHECKOUT = os.path.dirname(os.path.dirname(HERE))

_package = ModuleType("nvmock_gpu")
_package.__path__ = [os.path.join(CHECKOUT, "plugins", "module_utils")]
sys.modules["nvmock_gpu"] = _package
sys.path.insert(0, HERE)

from elf_stub import shared_object

from nvmock_gpu.errors import NvmockError
from nvmock_gpu.host.view import HostView
from nvmock_gpu.machine.model import Gpu, Machine, MigDevice
from nvmock_gpu.nvcdi.generate import generate
from nvmock_gpu.nvcdi.modes import Context, resolve
from nvmock_gpu.nvcdi.options import Options, options_from
from nvmock_gpu.nvcdi.releases import RELEASES
from nvmock_gpu.nvcdi.simplify import simplify

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# NVML's GPU instance profiles with the attribute gfx: 1, 2 and 4 slices (nvml.h).
GRAPHICS_PROFILES = (0xA, 0xB, 0xC)
# Options of a case that say how NVML's facts came about; the facts themselves are recorded.
ABOUT_NVML = ("mig", "fill_bus_id", "minors", "pci_bus_ids", "driver_version", "gpu_count", "addressing_mode")
# Options that decide how the specification is written, not what it says.
ABOUT_THE_FILE = ("format", "output")
TEXTS = ("mode", "driver_root", "dev_root", "ldconfig_path", "vendor")
OTHER_NAMES = {"class": "cdi_class", "nvidia_cdi_hook_path": "hook_path"}
# The vendor and class that the library takes for its modes, if it is told none; else nvidia.com/gpu.
KINDS = {
    "management": ("management.nvidia.com", "gpu"),
    "gds": ("nvidia.com", "gds"),
    "mofed": ("nvidia.com", "mofed"),
    "gdrcopy": ("nvidia.com", "gdrcopy"),
    "nvswitch": ("nvidia.com", "nvswitch"),
    "imex": ("nvidia.com", "imex-channel"),
    "mig-caps": ("nvidia.com", "mig-caps"),
}
LISTS = (
    "device_name_strategies",
    "device_ids",
    "disabled_hooks",
    "enabled_hooks",
    "feature_flags",
    "library_search_paths",
    "config_search_paths",
)


def build_tree(root: str, entries: dict) -> None:
    """Make the files of a recorded tree below ``root``."""
    for path in sorted(entries):
        entry = entries[path]
        target = root + path
        os.makedirs(os.path.dirname(target), exist_ok=True)
        kind = entry["type"]
        if kind == "symlink":
            os.symlink(entry["target"], target)
            continue
        if kind == "dir":
            os.makedirs(target, exist_ok=True)
        elif kind == "file":
            with open(target, "wb") as file:
                file.write(content_of(entry))
        elif kind in ("char", "block"):
            type_bit = 0o020000 if kind == "char" else 0o060000
            os.mknod(target, type_bit | 0o600, os.makedev(entry["major"], entry["minor"]))
        elif kind == "fifo":
            os.mkfifo(target)
        elif kind == "socket":
            bind_socket(target)
        else:
            raise ValueError(f"{path}: unknown type {kind!r} in a tree")
        os.chown(target, entry.get("uid", 0), entry.get("gid", 0))
        os.chmod(target, int(entry["mode"], 8))


def content_of(entry: dict) -> bytes:
    if "content_base64" in entry:
        return base64.b64decode(entry["content_base64"])
    if "elf_soname" in entry:
        return shared_object(entry["elf_soname"])
    return entry.get("content", "").encode()


def bind_socket(path: str) -> None:
    """Make a socket file; bind() takes short paths only, so it works from the directory."""
    before = os.open(".", os.O_RDONLY)
    try:
        os.chdir(os.path.dirname(path))
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.path.basename(path))
    finally:
        os.fchdir(before)
        os.close(before)


def machine_of(case: dict) -> Machine:
    """What NVML told in the case."""
    nvml = case["nvml"] or {}
    migs = case["options"].get("mig") or []
    gpus = [
        Gpu(
            index=gpu["index"],
            minor=gpu["minor"],
            uuid=gpu["uuid"],
            name=gpu["name"],
            pci_bus_id=gpu["nvml_pci_info_bus_id"],
            mig_enabled=gpu["mig_mode"] == "enabled",
            mig_devices=tuple(
                MigDevice(
                    index=mig["mig_index"],
                    uuid=mig["uuid"],
                    gi=mig["gi"],
                    ci=mig["ci"],
                    graphics=mig.get("gi_profile") in GRAPHICS_PROFILES,
                )
                for mig in migs
                if mig["gpu"] == gpu["index"]
            ),
            addressing_mode=case["options"].get("addressing_mode", ""),
        )
        for gpu in nvml.get("gpus") or []
    ]
    cuda = nvml.get("cuda_driver_version", 0)
    return Machine(
        case.get("machine", ""), nvml.get("driver_version", ""), (cuda // 1000, cuda % 1000 // 10), tuple(gpus)
    )


def options_of(case: dict, release: str, kernel_release: str) -> Options:
    given = case["options"]
    env = case.get("env") or {}
    arguments: dict = {name: given[name] for name in (*TEXTS, *LISTS) if name in given}
    for name, ours in OTHER_NAMES.items():
        if name in given:
            arguments[ours] = given[name]
    if given.get("no_all_device"):
        arguments["all_device"] = False
    known = {*TEXTS, *LISTS, *OTHER_NAMES, *ABOUT_NVML, *ABOUT_THE_FILE, "no_all_device", "api"}
    unknown = sorted(set(given) - known)
    if unknown:
        # Should they matter, the specifications will differ.
        print(f"note {case['name']}: options that are passed over: {', '.join(unknown)}")
    if given.get("api") == "getspec":
        mode = given.get("mode", "")
        vendor, cdi_class = KINDS.get(mode, ("nvidia.com", "gpu"))
        library = {"vendor": vendor, "cdi_class": cdi_class, "device_name_strategies": ["index"], "all_device": False}
        library["driver_root"] = "/"
        arguments = {**library, **{name: value for name, value in arguments.items() if value}}
    return options_from(
        {
            **arguments,
            "toolkit_release": release,
            "search_path": env.get("PATH", ""),
            "data_dirs": env.get("XDG_DATA_DIRS", ""),
            "kernel_release": kernel_release,
            "architecture": "x86_64",
        }
    )


def getspec(machine: Machine, view: HostView, options: Options) -> dict:
    """What the library returns to programs: never saved, so neither checked nor given its least version."""
    release = RELEASES[options.toolkit_release]
    context = Context(machine, view, options, release)
    mode = resolve(options.mode, view, release)
    devices = mode.devices(context)
    spec = {
        "cdiVersion": "0.8.0" if release.name == "1.17" else "1.1.0",  # the newest that its CDI library knows
        "kind": f"{options.vendor}/{options.cdi_class}",
        "devices": [dict(device) for device in devices],
        "containerEdits": mode.common(context).edits(),
    }
    simplify(spec)
    # A list that was never made is null in what programs get, not an empty list.
    spec["devices"] = spec["devices"] or None
    return spec


def release_of(version: str) -> str:
    """``v1.20.2`` -> ``1.20.2``, ``v1.20.0`` -> ``1.20``; anything else is the development branch."""
    parts = version.lstrip("v").split(".")
    if len(parts) == 3 and all(part.isdecimal() for part in parts):
        for name in (".".join(parts), ".".join(parts[:2])):
            if name in RELEASES:
                return name
    return "head"


def differences(want: object, got: object, where: str = "") -> list[str]:
    """Each place where two pieces of data differ."""
    if isinstance(want, dict) and isinstance(got, dict):
        found = []
        for key in [*want, *[key for key in got if key not in want]]:
            place = f"{where}.{key}" if where else str(key)
            if key not in got:
                found.append(f"{place}: missing, recorded {want[key]!r}")
            elif key not in want:
                found.append(f"{place}: not recorded, is {got[key]!r}")
            else:
                found += differences(want[key], got[key], place)
        return found
    if isinstance(want, list) and isinstance(got, list):
        found = []
        for index in range(max(len(want), len(got))):
            place = f"{where}[{index}]"
            if index >= len(got):
                found.append(f"{place}: missing, recorded {want[index]!r}")
            elif index >= len(want):
                found.append(f"{place}: not recorded, is {got[index]!r}")
            else:
                found += differences(want[index], got[index], place)
        return found
    if type(want) is type(got) and want == got:
        return []
    return [f"{where or 'whole'}: recorded {want!r}, is {got!r}"]


def error_differences(lines: list[str], message: str) -> list[str]:
    """The recorded error lines whose meaning our message lacks."""
    missing = []
    for line in lines:
        parts = line.replace("FATAL: ", "", 1).split(": ")
        # "<nil>" is a Go error that was not there: it says nothing.
        parts = [part for part in parts if part and part != "<nil>"]
        if not all(part in message for part in parts[-2:]):
            missing.append(f"error: recorded {line!r}, is {message!r}")
    return missing


def run_generation(directory: str, case: dict, view_root: str, release: str, kernel_release: str) -> list[str]:
    """The differences of one case."""
    try:
        machine, view, options = machine_of(case), HostView(view_root), options_of(case, release, kernel_release)
        by_library = case["options"].get("api") == "getspec"
        got = getspec(machine, view, options) if by_library else generate(machine, view, options)[0][1]
    except NvmockError as error:
        if case["exit_code"] == 0:
            return [f"error: recorded none, is {str(error)!r}"]
        return error_differences(case["error"] or [], str(error))
    if case["exit_code"] != 0:
        return [f"error: recorded {case['error']!r}, is none"]
    with open(os.path.join(directory, case["spec"]), encoding="utf-8") as file:
        want = yaml.load(file, Loader=LOADER)
    return differences(want, json.loads(json.dumps(got)))


class Runner:
    """Runs cases and counts; trees are built once."""

    def __init__(self, directory: str, scratch: str) -> None:
        self.directory = directory
        self.scratch = scratch
        self.described: dict[str, str] = {}
        self.passed = 0
        self.failed = 0

    def tree(self, name: str) -> str:
        root = os.path.join(self.scratch, name)
        if not os.path.isdir(root):
            os.mkdir(root)
            with open(os.path.join(self.directory, "trees", name + ".json"), encoding="utf-8") as file:
                build_tree(root, json.load(file)["entries"])
        return root

    def check(self, title: str, found: list[str]) -> None:
        if found:
            self.failed += 1
            print(f"FAILED {title}")
            for line in found:
                print(f"  {line}")
        else:
            self.passed += 1

    def guarded(self, title: str, work) -> None:
        """Count a case; a traceback is a failure of that case only."""
        try:
            found = work()
        except Exception:
            found = traceback.format_exc().splitlines()
        self.check(title, found)

    def generation_cases(self, version: str) -> None:
        path = os.path.join(self.directory, version, "cases.json")
        if not os.path.exists(path):
            return
        with open(path, encoding="utf-8") as file:
            recorded = json.load(file)
        self.described[version] = recorded.get("describe") or version
        release = release_of(self.described[version])
        kernel_release = recorded.get("uname_release", "")
        for case in recorded["cases"]:
            self.guarded(
                f"{version}/{case.get('machine', '')}/{case['name']}",
                lambda case=case: run_generation(
                    self.directory, case, self.tree(case["tree"]), release, kernel_release
                ),
            )

    def run(self) -> None:
        from command_cases import list_cases, transform_cases
        from hook_cases import hook_cases

        for version in sorted(os.listdir(self.directory)):
            if os.path.isdir(os.path.join(self.directory, version)) and version != "trees":
                self.generation_cases(version)
                release = release_of(self.described.get(version, version))
                for title, work in transform_cases(self.directory, version, release, differences):
                    self.guarded(title, work)
                for title, work in list_cases(self.directory, version, self.scratch):
                    self.guarded(title, work)
                for title, work in hook_cases(self.directory, version, self.scratch):
                    self.guarded(title, work)


def main(argv: list[str]) -> int:
    if len(argv) != 1 or not os.path.isdir(argv[0]):
        print("usage: run_cases.py DIR (a folder of recorded cases)", file=sys.stderr)
        return 2
    if os.geteuid() != 0:
        print("run_cases.py: root is needed to make device nodes: run it with sudo or in a container", file=sys.stderr)
        return 2
    scratch = tempfile.mkdtemp(prefix="recorded-")
    try:
        runner = Runner(os.path.abspath(argv[0]), scratch)
        runner.run()
    finally:
        shutil.rmtree(scratch)
    print(f"{runner.passed} passed, {runner.failed} failed")
    return 0 if runner.passed and not runner.failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
