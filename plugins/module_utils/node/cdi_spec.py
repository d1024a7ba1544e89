# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The CDI specification of a mock node: the generator of :mod:`.cdi` fed with the machine's facts and the node's files.

A real node's kernel tells in /proc and /sys what a mock's can't: the capability minors of MIG devices and the DRM nodes
of a PCI device. These facts are laid over the view of the node while the specification is made.
"""

from __future__ import annotations

from .. import parameters
from ..errors import HostError, ParameterError, SpecError
from ..host.entries import DIRECTORY, Entry, directory, file, owned_by
from ..host.overlay import OverlayView
from ..host.root import HostRoot
from ..layout.devices import RENDER_OFFSET, DeviceOptions, device_entries
from ..machine import mig
from ..machine.model import Machine
from ..values import Value
from .components import DEFAULT_DRIVER_ROOT, DEFAULT_SPEC_PATH, DEFAULT_TOOLKIT_ROOT, Component, cdi_spec, cdi_spec_tag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..host.view import HostView

MODES = ("nvml", "management", "gds", "mofed", "gdrcopy", "imex", "nvswitch")
RELEASES = ("1.17", "1.18", "1.19", "1.20")
HOOK_NAME = "nvidia-cdi-hook"

_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


class SpecOptions(Value):
    """What the specification is to be; the module nvmock_cdi_spec documents each.

    :arg hook_path: a hook program that is on the node; None: the toolkit's, or ours, installed if there is none.
    :arg devices_are_files: regular files stand in for the device nodes: take them for what they stand for.
    :arg uid: owner of what is written; None leaves it to whoever writes.
    """

    __slots__ = (
        "path",
        "mode",
        "driver_root",
        "dev_root",
        "device_name_strategies",
        "device_ids",
        "all_device",
        "vendor",
        "device_class",
        "hook_mode",
        "toolkit_root",
        "hook_path",
        "enabled_hooks",
        "disabled_hooks",
        "ldconfig_path",
        "feature_flags",
        "library_search_paths",
        "config_search_paths",
        "toolkit_release",
        "devices_are_files",
        "architecture",
        "uid",
        "gid",
    )

    def __init__(
        self,
        path: str = DEFAULT_SPEC_PATH,
        mode: str = "nvml",
        driver_root: str = DEFAULT_DRIVER_ROOT,
        dev_root: str = "/",
        device_name_strategies: tuple[str, ...] = ("index", "uuid"),
        device_ids: tuple[str, ...] | None = None,
        all_device: bool = True,
        vendor: str = "nvidia.com",
        device_class: str = "gpu",
        hook_mode: str = "toolkit",
        toolkit_root: str = DEFAULT_TOOLKIT_ROOT,
        hook_path: str | None = None,
        enabled_hooks: tuple[str, ...] = (),
        disabled_hooks: tuple[str, ...] = (),
        ldconfig_path: str = "",
        feature_flags: tuple[str, ...] = (),
        library_search_paths: tuple[str, ...] = (),
        config_search_paths: tuple[str, ...] = (),
        toolkit_release: str = RELEASES[-1],
        devices_are_files: bool = False,
        architecture: str = "x86_64",
        uid: int | None = None,
        gid: int | None = None,
    ) -> None:
        self.path = path
        self.mode = mode
        self.driver_root = driver_root
        self.dev_root = dev_root
        self.device_name_strategies = device_name_strategies
        self.device_ids = device_ids
        self.all_device = all_device
        self.vendor = vendor
        self.device_class = device_class
        self.hook_mode = hook_mode
        self.toolkit_root = toolkit_root
        self.hook_path = hook_path
        self.enabled_hooks = enabled_hooks
        self.disabled_hooks = disabled_hooks
        self.ldconfig_path = ldconfig_path
        self.feature_flags = feature_flags
        self.library_search_paths = library_search_paths
        self.config_search_paths = config_search_paths
        self.toolkit_release = toolkit_release
        self.devices_are_files = devices_are_files
        self.architecture = architecture
        self.uid = uid
        self.gid = gid


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


def make(machine: Machine, root: HostRoot, options: SpecOptions, planned: list[Component]) -> Specification:
    """Make the specification of *machine* for the node at *root*.

    :arg planned: what this run will make besides: it counts as being there, and what it removes as gone.
    :raises SpecError: it can't be made, or no runtime would take it; the message says why.
    :raises ParameterError: an option is not allowed.
    """
    from ..cdi.serialize import serialize
    from ..nvcdi.generate import generate_all, with_infix
    from ..nvcdi.options import CdiOptions
    from ..nvcdi.releases import release

    path = spec_path("path", options.path)
    hook_path, hook_entries = _hook(root, options)
    view = _view(machine, root, options, planned, hook_entries)
    made = generate_all(
        machine,
        view,
        CdiOptions(
            mode=options.mode,
            driver_root=options.driver_root,
            dev_root=options.dev_root,
            nvidia_cdi_hook_path=hook_path,
            ldconfig_path=options.ldconfig_path,
            vendor=options.vendor,
            cdi_class=options.device_class,
            device_name_strategies=options.device_name_strategies,
            device_ids=options.device_ids or (),
            all_device=options.all_device,
            disabled_hooks=options.disabled_hooks,
            enabled_hooks=options.enabled_hooks,
            feature_flags=options.feature_flags,
            library_search_paths=options.library_search_paths,
            config_search_paths=options.config_search_paths,
            toolkit_release=options.toolkit_release,
            hook_mode=options.hook_mode,
            architecture=options.architecture,
        ),
    )
    sorted_keys = release(options.toolkit_release).sorted_yaml
    component = Component(cdi_spec_tag(path), [])
    for infix, spec in made:
        place = with_infix(path, infix)
        _refuse_what_runtimes_refuse(view, place, spec)
        content = serialize(spec, sorted_keys, path.rpartition(".")[2])
        component.entries += cdi_spec(place, content, options.uid, options.gid).entries
    specs = [spec for _infix, spec in made]
    if _names_hook(specs[0], hook_path):
        component.entries += hook_entries
    else:
        hook_path = ""
    return Specification(component, specs, hook_path)


def assumed_entries(machine: Machine, root: HostRoot, options: SpecOptions) -> list[Component]:
    """Return device nodes and a driver installation in their default form, as far as the node does not have them yet.

    For check mode, where the tasks before this one have made nothing.
    """
    from ..layout.driver_tree import DriverTreeOptions, driver_tree_entries

    wanted = device_entries(machine, options.dev_root, DeviceOptions(uid=options.uid, gid=options.gid))
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


def _library_places(options: SpecOptions) -> tuple[str, ...]:
    return ("lib64", "usr/lib64", f"usr/lib/{options.architecture}-linux-gnu")


def _hook(root: HostRoot, options: SpecOptions) -> tuple[str, list[Entry]]:
    """Return the path of the hook program, and the entries that install it if the node has none."""
    if options.hook_mode != "toolkit":
        return "", []
    if options.hook_path is not None:
        return parameters.absolute_path("hook_path", options.hook_path), []
    ours = f"{options.toolkit_root}/bin/{HOOK_NAME}"
    if root.status(ours) is None or _is_ours(root, ours):
        for place in _PATH:
            theirs = f"{place}/{HOOK_NAME}"
            if root.status(theirs) is not None and not _is_ours(root, theirs):
                return theirs, []
        from ..native import binary

        entries = [directory(f"{options.toolkit_root}/bin"), file(ours, binary(HOOK_NAME, options.architecture), 0o755)]
        return ours, owned_by(entries, options.uid, options.gid)
    return ours, []


def _is_ours(root: HostRoot, path: str) -> bool:
    from ..host.apply import read_manifest

    return path in read_manifest(root).owned


def _names_hook(spec: dict[str, Any], hook_path: str) -> bool:
    edits = [spec.get("containerEdits", {})] + [device["containerEdits"] for device in spec["devices"]]
    return any(hook["path"] == hook_path for edit in edits for hook in edit.get("hooks", ()))


def _view(
    machine: Machine, root: HostRoot, options: SpecOptions, planned: list[Component], hook_entries: list[Entry]
) -> OverlayView:
    entries = [entry for component in planned for entry in component.entries]
    gone: set[str] = set()
    if planned:
        from ..host.apply import read_manifest

        tags = {component.tag for component in planned}
        staying = {entry.path for entry in entries}
        known = read_manifest(root).owned
        gone = {
            path
            for path, owned in known.items()
            if owned.kind != DIRECTORY and owned.tags <= tags and path not in staying
        }
    facts = _kernel_facts(machine, root, options.dev_root, entries)
    if options.devices_are_files:
        dri = any("/drm/" in fact.path for fact in facts)
        facts += device_entries(machine, options.dev_root, DeviceOptions(uid=options.uid, gid=options.gid, dri=dri))
    return OverlayView(root.path, entries + facts + hook_entries, gone)


def _kernel_facts(machine: Machine, root: HostRoot, dev_root: str, planned: list[Entry]) -> list[Entry]:
    """What the driver would show in /proc and /sys, where nobody can write."""
    facts: list[Entry] = []
    enabled = [gpu.minor for gpu in machine.gpus if gpu.mig_enabled]
    if enabled:
        lines = [f"{name} {minor}\n" for name, minor in mig.capability_minors(enabled).items()]
        facts.append(file("/proc/driver/nvidia-caps/mig-minors", "".join(lines).encode("ascii")))
    dev = ("" if dev_root == "/" else dev_root) + "/dev/dri"
    paths = {entry.path for entry in planned}
    for gpu in machine.gpus:
        place = f"/sys/bus/pci/devices/{gpu.pci_bus_id}/drm"
        for name in (f"card{gpu.minor}", f"renderD{RENDER_OFFSET + gpu.minor}"):
            if f"{dev}/{name}" in paths or root.status(f"{dev}/{name}") is not None:
                facts.append(directory(f"{place}/{name}"))
    return facts


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
