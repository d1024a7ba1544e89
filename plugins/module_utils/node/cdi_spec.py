# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The CDI specification of a mock node: the generator of :mod:`..nvcdi` with the machine's facts and the node's files.

The kernel of a real node shows in /proc and /sys what a mock's kernel can't: the capability minors of MIG devices, and the
DRM nodes of a PCI device. These facts are part of the view of the node for which the specification is made.
"""

from __future__ import annotations

import os

from .. import parameters
from ..cdi.spec import all_edits
from ..errors import GuardError, HostError, ParameterError, SpecError
from ..host import guard
from ..host.converge import Component, plan_for
from ..host.entries import Entry, char_device, directory, file, owned_by
from ..host.manifest import Manifest, read_manifest
from ..host.overlay import OverlayView
from ..host.owner import CDI_SPEC, Owner
from ..host.root import HostRoot
from ..host.view import HostView
from ..layout.devices import DeviceOptions, device_entries
from ..layout.drm import CARD, RENDER
from ..machine import mig
from ..machine.model import Machine
from ..values import Value, value
from . import DEFAULT_SPEC_PATH, DEFAULT_TOOLKIT_ROOT, drm, hook_program
from .components import cdi_spec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..nvcdi.options import Options

_NULL = "/dev/null"


@value
class SpecFile(Value):
    """The file of a specification, and what is installed with it."""

    path: str = DEFAULT_SPEC_PATH
    toolkit_root: str = DEFAULT_TOOLKIT_ROOT  # where the hook program is, or is installed if the node has none
    devices_are_files: bool = False  # regular files replace the device nodes: treat them as device nodes
    uid: int | None = None  # owner of the files; None: the user who creates them
    gid: int | None = None  # group of the files; None: the group of that user
    instance: str = ""  # name of the mock that it belongs to


class Specification:
    """A specification that can be written.

    :arg component: the files, and the hook program if the node has none.
    :arg specs: the specification as plain data, and those that coherent annotations add to it.
    :arg hook_path: the hook program that they name; "" if they name no hook.
    """

    def __init__(self, component: Component, specs: list[dict[str, Any]], hook_path: str) -> None:
        self.component = component
        self.specs = specs
        self.hook_path = hook_path

    @property
    def device_names(self) -> list[str]:
        """The fully qualified device names, in the order of the specifications."""
        return [f"{spec['kind']}={device['name']}" for spec in self.specs for device in spec["devices"]]

    @property
    def cdi_version(self) -> str:
        """The version that the specification needs."""
        return str(self.specs[0]["cdiVersion"])


def spec_path(name: str, value: object) -> str:
    """Return the path of a specification.

    :raises ParameterError: it does not end in .yaml or .json. CDI libraries read no other files.
    """
    path = parameters.absolute_path(name, value)
    if not path.endswith((".yaml", ".json")):
        raise ParameterError(name, value, "a path that ends in .yaml or .json")
    return path


def generate(machine: Machine, view: HostView, options: Options) -> list[tuple[str, dict[str, Any]]]:
    """Return the specifications of *machine* for the node that *view* shows; every door uses this function.

    nvidia-ctk takes some facts from its environment and its kernel. Here they are those of this process.

    :returns: each specification, with what the name of its file gets before the dot (:func:`..nvcdi.generate.generate`).
    """
    from ..cdi.version import minimum_version
    from ..nvcdi import generate as generator
    from ..nvcdi import modes

    uname = os.uname()
    node = {
        "architecture": options.architecture or uname.machine,
        "kernel_release": uname.release,
        "search_path": os.environ.get("PATH", ""),
        "data_dirs": os.environ.get("XDG_DATA_DIRS", ""),
    }
    made = generator.generate(machine, view, options.but(**node))
    if modes.COHERENT_ANNOTATIONS in options.feature_flags:
        # nvidia-ctk sorts the devices by their annotations, and writes them without.
        for _infix, spec in made:
            for device in spec["devices"]:
                device.pop("annotations", None)
            spec["cdiVersion"] = minimum_version(spec)
    return made


def make(
    machine: Machine,
    root: HostRoot,
    options: Options,
    spec_file: SpecFile,
    planned: list[Component],
    take_over: bool = False,
    allow_real_driver: bool = False,
) -> Specification:
    """Return the specification of *machine* for the node at *root*, as the node will be after this run.

    :arg planned: the other components of this run. The view has what their plan creates, and lacks what it removes.
    :arg take_over: whether the run replaces unmanaged files.
    :arg allow_real_driver: whether the run continues on a node with a real driver.
    :raises SpecError: it can't be made, or no runtime would accept it; the message has the reason.
    :raises ParameterError: an option is not allowed.
    :raises HostError: the run can't be made, because something on the node is in the way.
    :raises GuardError: the run can't be made, because of a real driver or unmanaged files.
    """
    from ..cdi.serialize import serialize
    from ..nvcdi.generate import with_infix
    from ..nvcdi.releases import release

    path = spec_path("path", spec_file.path)
    known = read_manifest(root)
    with HostView(root) as now:
        installed = (spec_file.toolkit_root, spec_file.uid, spec_file.gid)
        hook_path, hook_entries = hook_program.choose(now, known, options, *installed)
        hook_version = hook_program.version_of(now, known, hook_path) if hook_path and not hook_entries else None
    options = hook_program.fitted(options, hook_path, hook_version)
    null_entries = _null_device(root, known, spec_file)
    beside = Component(Owner(CDI_SPEC, path, spec_file.instance).tag, hook_entries + null_entries)
    if path in known.owned:
        beside.entries.append(file(path, b""))  # its content follows: it stays, so no removal is planned
    try:
        changes = plan_for(root, [*planned, beside], known, take_over).changes
    except GuardError:
        if not allow_real_driver:
            guard.check_no_real_driver(root, known)  # its message is the one that helps
        raise
    with OverlayView(root, changes) as view:
        facts = _kernel_facts(machine, view, options.dev_root)
        if spec_file.devices_are_files:
            minors = _drm_minors(machine, view, options.dev_root).values()
            pairs = tuple([(card, render) for card, render in minors if card is not None and render is not None])
            dri = len(pairs) == len(machine.gpus)
            nodes = DeviceOptions(uid=spec_file.uid, gid=spec_file.gid, dri=dri, drm_minors=pairs)
            facts += device_entries(machine, options.dev_root, nodes)
        view.add(facts)
        try:
            made = generate(machine, view, options.but(hook_path=hook_path))
        except SpecError:
            _refuse_no_device(machine)
            raise
        sorted_keys = release(options.toolkit_release).sorted_yaml
        contents = {}
        for infix, spec in made:
            place = with_infix(path, infix)
            _refuse_what_runtimes_refuse(view, place, spec)
            missing = hook_program.missing_command(spec, hook_path, hook_version)
            if missing:
                raise SpecError(missing)
            contents[place] = serialize(spec, sorted_keys, path.rpartition(".")[2])
    component = cdi_spec(path, contents, spec_file.uid, spec_file.gid, spec_file.instance)
    specs = [spec for _infix, spec in made]
    if _names_hook(specs[0], hook_path):
        component.entries += hook_entries
    else:
        hook_path = ""
    if any(mount["hostPath"] == _NULL for mount in specs[0]["containerEdits"].get("mounts", ())):
        component.entries += null_entries
    return Specification(component, specs, hook_path)


def _refuse_no_device(machine: Machine) -> None:
    """Say why nothing is in the specification, where nvidia-ctk's message only tells of an empty one."""
    if all(gpu.mig_enabled and not gpu.mig_devices for gpu in machine.gpus):
        layout = ";".join([f"{gpu.index}=" for gpu in machine.gpus])
        raise SpecError(
            f"every GPU is in MIG mode without a MIG device (mig is {layout!r}), and a specification needs a device: make a "
            "MIG device, or turn MIG mode off"
        )


def assumed(machine: Machine, root: HostRoot, options: Options, spec_file: SpecFile) -> Component:
    """Return device nodes and a driver installation in their default form, without what the node has.

    For check mode, in which the tasks before this one have created nothing.
    """
    from ..layout.driver_tree import DriverTreeOptions, driver_tree_entries

    wanted = device_entries(machine, options.dev_root, DeviceOptions(uid=spec_file.uid, gid=spec_file.gid))
    version = machine.driver_version
    tree = driver_tree_entries(machine, options.driver_root, DriverTreeOptions(architecture=options.architecture))
    if any(root.status(f"{options.driver_root}/{place}/libcuda.so.{version}") for place in _library_places(options)):
        tree = []
    missing = [entry for entry in wanted + tree if root.status(entry.path) is None]
    return Component("assumed", missing)


def node_view(machine: Machine, root: HostRoot, dev_root: str) -> HostView:
    """Return the view of the node at *root* with what the driver's kernel modules would show of *machine*."""
    view = OverlayView(root)
    view.add(_kernel_facts(machine, view, dev_root))
    return view


def problems(root: HostRoot, path: str, content: bytes) -> list[str]:
    """Return what is wrong with *content*, the specification in the file *path*; an empty list if a runtime can use it."""
    from ..cdi.read import parse

    try:
        spec = parse(path, content)
        known = read_manifest(root)
        with HostView(root) as view:
            _refuse_what_runtimes_refuse(view, path, spec)
            for hook_path in sorted({hook["path"] for edit in all_edits(spec) for hook in edit.get("hooks") or ()}):
                version = hook_program.version_of(view, known, hook_path)
                missing = hook_program.missing_command(spec, hook_path, version)
                if missing:
                    return [f"{path}: {missing}"]
    except (SpecError, HostError, ParameterError) as error:
        return [str(error)]
    return []


def _library_places(options: Options) -> tuple[str, ...]:
    return ("lib64", "usr/lib64", f"usr/lib/{options.architecture}-linux-gnu")


def _null_device(root: HostRoot, known: Manifest, spec_file: SpecFile) -> list[Entry]:
    """Return the entry of /dev/null, which specifications mount, if the node is a directory without it."""
    if root.status(_NULL) is not None and _NULL not in known.owned:
        return []
    entry = file(_NULL, b"", 0o666) if spec_file.devices_are_files else char_device(_NULL, 1, 3)
    return owned_by([entry], spec_file.uid, spec_file.gid)


def _names_hook(spec: dict[str, Any], hook_path: str) -> bool:
    return any(hook["path"] == hook_path for edit in all_edits(spec) for hook in edit.get("hooks", ()))


def _kernel_facts(machine: Machine, view: HostView, dev_root: str) -> list[Entry]:
    """Return what the driver would show in /proc and /sys, where nobody can write."""
    facts: list[Entry] = []
    enabled = [gpu.minor for gpu in machine.gpus if gpu.mig_enabled]
    if enabled:
        lines = [f"{name} {minor}\n" for name, minor in mig.capability_minors(enabled).items()]
        facts.append(file("/proc/driver/nvidia-caps/mig-minors", "".join(lines).encode("ascii")))
    for bus_id, minors in _drm_minors(machine, view, dev_root).items():
        for kind, minor in zip((CARD, RENDER), minors):
            if minor is not None:
                facts.append(directory(f"/sys/bus/pci/devices/{bus_id}/drm/{kind}{minor}"))
    return facts


def _drm_minors(machine: Machine, view: HostView, dev_root: str) -> dict[str, tuple[int | None, int | None]]:
    """Return the DRM nodes of each GPU, without those of other graphics cards."""
    return drm.linked(machine, drm.directory_of(dev_root), view.readlink)


def _refuse_what_runtimes_refuse(view: HostView, path: str, spec: dict[str, Any]) -> None:
    """Refuse a specification that conflicts with another, or that names what is missing or can't be executed.

    :raises SpecError: the message has the first reason.
    """
    _refuse_clashes(view, path, spec)
    edits = all_edits(spec)
    hosts = [node.get("hostPath") or node["path"] for edit in edits for node in edit.get("deviceNodes") or ()]
    hosts += [mount["hostPath"] for edit in edits for mount in edit.get("mounts") or ()]
    hooks = dict.fromkeys([hook["path"] for edit in edits for hook in edit.get("hooks") or ()])
    for host_path in dict.fromkeys([*hosts, *hooks]):
        if not view.exists(host_path):
            raise SpecError(f"{path}: the host path {host_path} does not exist on the node: no runtime can use it")
    for hook_path in hooks:
        if not view.is_executable(hook_path):
            raise SpecError(f"{path}: the hook {hook_path} is not an executable file: no container would start")


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
