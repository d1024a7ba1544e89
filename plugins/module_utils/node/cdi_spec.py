# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The CDI specification of a mock node: the generator of :mod:`.cdi` fed with the machine's facts and the node's files.

A real node's kernel tells in /proc and /sys what a mock's can't: the capability minors of MIG devices and the DRM nodes
of a PCI device. These facts are laid over the view of the node while the specification is made.
"""

from __future__ import annotations

import os

from .. import parameters
from ..errors import HostError, ParameterError, SpecError
from ..host.converge import Component
from ..host.entries import DIRECTORY, Entry, char_device, directory, file, owned_by
from ..host.manifest import Manifest, read_manifest
from ..host.overlay import OverlayView
from ..host.root import HostRoot
from ..layout.devices import DeviceOptions, device_entries
from ..layout.drm import CARD, RENDER
from ..machine import mig
from ..machine.model import Machine
from ..native import CDI_HOOK, binary
from ..values import Value, value
from . import DEFAULT_SPEC_PATH, DEFAULT_TOOLKIT_ROOT, drm
from .components import cdi_spec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..host.view import HostView
    from ..nvcdi.options import Options

_NULL = "/dev/null"


@value
class SpecFile(Value):
    """The file that a specification goes into, and what goes onto the node with it."""

    path: str = DEFAULT_SPEC_PATH
    toolkit_root: str = DEFAULT_TOOLKIT_ROOT  # where the hook program is, or is installed if the node has none
    # Regular files stand in for the device nodes: take them for what they stand for.
    devices_are_files: bool = False
    uid: int | None = None  # owner of what is written; None leaves it to whoever writes
    gid: int | None = None  # group, likewise


class Specification:
    """A specification that can be written.

    :arg component: what is to be on the node: the files, and the hook program if it is to be installed.
    :arg specs: the specification as plain data, and those that coherent annotations add to it.
    :arg hook_path: the hook program that they name, "" if none.
    """

    def __init__(self, component: Component, specs: list[dict[str, Any]], hook_path: str) -> None:
        self.component = component
        self.specs = specs
        self.hook_path = hook_path

    @property
    def device_names(self) -> list[str]:
        """The fully qualified device names, in the specifications' order."""
        return [f"{spec['kind']}={device['name']}" for spec in self.specs for device in spec["devices"]]

    @property
    def cdi_version(self) -> str:
        """The version that the specification needs."""
        return str(self.specs[0]["cdiVersion"])


def spec_path(name: str, value: object) -> str:
    """Return the path of a specification; it ends in .yaml or .json, as CDI libraries read no other files.

    :raises ParameterError: it does not.
    """
    path = parameters.absolute_path(name, value)
    if not path.endswith((".yaml", ".json")):
        raise ParameterError(name, value, "a path that ends in .yaml or .json")
    return path


def generate(machine: Machine, view: HostView, options: Options) -> list[tuple[str, dict[str, Any]]]:
    """Make the specifications of *machine* on the node that *view* shows; every door comes through here.

    What nvidia-ctk takes from its environment and its kernel is the process's and this machine's.

    :returns: each specification, with what its file's name gets before the dot (:func:`..nvcdi.generate.generate`).
    """
    from ..nvcdi import generate as generator

    uname = os.uname()
    node = {
        "architecture": options.architecture or uname.machine,
        "kernel_release": uname.release,
        "search_path": os.environ.get("PATH", ""),
        "data_dirs": os.environ.get("XDG_DATA_DIRS", ""),
    }
    return generator.generate(machine, view, options.but(**node))


def make(
    machine: Machine, root: HostRoot, options: Options, spec_file: SpecFile, planned: list[Component]
) -> Specification:
    """Make the specification of *machine* for the node at *root*.

    :arg planned: what this run will make besides: it counts as being there, and what it removes as gone.
    :raises SpecError: it can't be made, or no runtime would take it; the message says why.
    :raises ParameterError: an option is not allowed.
    """
    from ..cdi.serialize import serialize
    from ..nvcdi.generate import with_infix
    from ..nvcdi.releases import release

    path = spec_path("path", spec_file.path)
    known = read_manifest(root)
    hook_path, hook_entries = _hook(root, known, options, spec_file)
    null_entries = _null_device(root, known, spec_file)
    view = _view(machine, root, known, options, spec_file, planned, hook_entries + null_entries)
    made = generate(machine, view, options.but(hook_path=hook_path))
    sorted_keys = release(options.toolkit_release).sorted_yaml
    contents = {}
    for infix, spec in made:
        place = with_infix(path, infix)
        _refuse_what_runtimes_refuse(view, place, spec)
        contents[place] = serialize(spec, sorted_keys, path.rpartition(".")[2])
    component = cdi_spec(path, contents, spec_file.uid, spec_file.gid)
    specs = [spec for _infix, spec in made]
    if _names_hook(specs[0], hook_path):
        component.entries += hook_entries
    else:
        hook_path = ""
    if any(mount["hostPath"] == _NULL for mount in specs[0]["containerEdits"].get("mounts", ())):
        component.entries += null_entries
    return Specification(component, specs, hook_path)


def assumed_entries(machine: Machine, root: HostRoot, options: Options, spec_file: SpecFile) -> list[Component]:
    """Return device nodes and a driver installation in their default form, as far as the node does not have them yet.

    For check mode, where the tasks before this one have made nothing.
    """
    from ..layout.driver_tree import DriverTreeOptions, driver_tree_entries

    wanted = device_entries(machine, options.dev_root, DeviceOptions(uid=spec_file.uid, gid=spec_file.gid))
    version = machine.driver_version
    tree = driver_tree_entries(machine, options.driver_root, DriverTreeOptions(architecture=options.architecture))
    if any(root.status(f"{options.driver_root}/{place}/libcuda.so.{version}") for place in _library_places(options)):
        tree = []
    missing = [entry for entry in wanted + tree if root.status(entry.path) is None]
    return [Component("assumed", missing)]


def node_view(machine: Machine, root: HostRoot, dev_root: str) -> HostView:
    """Return the node with what the driver's kernel modules would show of *machine*."""
    return OverlayView(root.path, _kernel_facts(machine, root, dev_root, []), set())


def problems(root: HostRoot, path: str, content: bytes) -> list[str]:
    """Return what is wrong with the specification *content* that lies at *path*; empty if a runtime would load it."""
    from ..cdi.read import parse
    from ..host.view import HostView

    try:
        spec = parse(path, content)
        view = HostView(root.path)
        _refuse_what_runtimes_refuse(view, path, spec)
    except (SpecError, HostError, ParameterError) as error:
        return [str(error)]
    return []


def _library_places(options: Options) -> tuple[str, ...]:
    return ("lib64", "usr/lib64", f"usr/lib/{options.architecture}-linux-gnu")


def _hook(root: HostRoot, known: Manifest, options: Options, spec_file: SpecFile) -> tuple[str, list[Entry]]:
    """Return the path of the hook program, and the entries that install it if the node has none."""
    if options.hook_mode != "toolkit":
        return "", []
    if options.hook_path:
        return parameters.absolute_path("hook_path", options.hook_path), []
    found = find_hook(root, known, spec_file.toolkit_root)
    ours = f"{spec_file.toolkit_root}/bin/{CDI_HOOK}"
    if found and found not in known.owned:
        return found, []
    entries = [directory(f"{spec_file.toolkit_root}/bin"), file(ours, binary(CDI_HOOK, options.architecture), 0o755)]
    return ours, owned_by(entries, spec_file.uid, spec_file.gid)


def _null_device(root: HostRoot, known: Manifest, spec_file: SpecFile) -> list[Entry]:
    """Return the entry that makes /dev/null, which specifications mount, where a node in a directory has none."""
    if root.status(_NULL) is not None and _NULL not in known.owned:
        return []
    entry = file(_NULL, b"", 0o666) if spec_file.devices_are_files else char_device(_NULL, 1, 3)
    return owned_by([entry], spec_file.uid, spec_file.gid)


def find_hook(root: HostRoot, known: Manifest, toolkit_root: str) -> str:
    """Return the path of the node's hook program, "" if it has none; another's goes before the one that is ours."""
    from ..nvcdi.locators import BINARY_DIRS

    ours = f"{toolkit_root}/bin/{CDI_HOOK}"
    is_there = root.status(ours) is not None
    if is_there and ours not in known.owned:
        return ours
    for place in BINARY_DIRS:
        theirs = f"{place}/{CDI_HOOK}"
        if root.status(theirs) is not None and theirs not in known.owned:
            return theirs
    return ours if is_there else ""


def _names_hook(spec: dict[str, Any], hook_path: str) -> bool:
    edits = [spec.get("containerEdits", {})] + [device["containerEdits"] for device in spec["devices"]]
    return any(hook["path"] == hook_path for edit in edits for hook in edit.get("hooks", ()))


def _view(
    machine: Machine,
    root: HostRoot,
    known: Manifest,
    options: Options,
    spec_file: SpecFile,
    planned: list[Component],
    hook_entries: list[Entry],
) -> OverlayView:
    entries = [entry for component in planned for entry in component.entries]
    owners = {component.owner for component in planned}
    staying = {entry.path for entry in entries}
    gone = {
        path
        for path, owned in known.owned.items()
        if owned.kind != DIRECTORY and owned.tags <= owners and path not in staying
    }
    facts = _kernel_facts(machine, root, options.dev_root, entries)
    if spec_file.devices_are_files:
        minors = _drm_minors(machine, root, options.dev_root, entries).values()
        pairs = tuple([(card, render) for card, render in minors if card is not None and render is not None])
        dri = len(pairs) == len(machine.gpus)
        nodes = DeviceOptions(uid=spec_file.uid, gid=spec_file.gid, dri=dri, drm_minors=pairs)
        facts += device_entries(machine, options.dev_root, nodes)
    return OverlayView(root.path, entries + facts + hook_entries, gone)


def _kernel_facts(machine: Machine, root: HostRoot, dev_root: str, planned: list[Entry]) -> list[Entry]:
    """What the driver would show in /proc and /sys, where nobody can write."""
    facts: list[Entry] = []
    enabled = [gpu.minor for gpu in machine.gpus if gpu.mig_enabled]
    if enabled:
        lines = [f"{name} {minor}\n" for name, minor in mig.capability_minors(enabled).items()]
        facts.append(file("/proc/driver/nvidia-caps/mig-minors", "".join(lines).encode("ascii")))
    for bus_id, minors in _drm_minors(machine, root, dev_root, planned).items():
        for kind, minor in zip((CARD, RENDER), minors):
            if minor is not None:
                facts.append(directory(f"/sys/bus/pci/devices/{bus_id}/drm/{kind}{minor}"))
    return facts


def _drm_minors(
    machine: Machine, root: HostRoot, dev_root: str, planned: list[Entry]
) -> dict[str, tuple[int | None, int | None]]:
    """The DRM nodes of each GPU that this run makes, or that are there; those of other graphics cards are none."""
    targets = {entry.path: entry.target for entry in planned if entry.target is not None}

    def read_link(path: str) -> str | None:
        there = None if path in targets else root.observe(path)
        return targets.get(path) if there is None else there.target

    return drm.linked(machine, drm.directory_of(dev_root), read_link)


def _refuse_what_runtimes_refuse(view: HostView, path: str, spec: dict[str, Any]) -> None:
    """Refuse a specification that a CDI library would not load, that clashes with another, or that leads nowhere.

    :raises SpecError: the message names the first reason.
    """
    _refuse_clashes(view, path, spec)
    edits = [spec.get("containerEdits", {})] + [device["containerEdits"] for device in spec["devices"]]
    for edit in edits:
        hosts = [node.get("hostPath") or node["path"] for node in edit.get("deviceNodes", ())]
        hosts += [mount["hostPath"] for mount in edit.get("mounts", ())]
        hosts += [hook["path"] for hook in edit.get("hooks", ())]
        for host_path in hosts:
            if not view.exists(host_path):
                raise SpecError(f"{path}: the host path {host_path} does not exist on the node: no runtime can use it")


def _refuse_clashes(view: HostView, path: str, spec: dict[str, Any]) -> None:
    from ..cdi.registry import DEFAULT_DIRECTORIES, load_registry

    own = path.rpartition("/")[0]
    directories = DEFAULT_DIRECTORIES if own in DEFAULT_DIRECTORIES else (own,)
    registry = load_registry(view, directories, {path: spec})
    for device in spec["devices"]:
        name = f"{spec['kind']}={device['name']}"
        others = [other for other in registry.conflicts.get(name, ()) if other != path]
        if others:
            raise SpecError(f"{others[0]} has the device {name} as well as {path}: neither would be usable; remove one")
        winner = registry.devices.get(name)
        if winner is not None and winner != path:
            raise SpecError(
                f"{winner} takes precedence over {path}: it has the device {name}, too; remove or rename one"
            )
