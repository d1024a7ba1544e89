# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The three things that a mock GPU node consists of, each as a component (owner, entries, strict, exclusive).

Doors make components of their parameters and give them to ``host.converge``. Nothing but this file decides what belongs
together, and which components of a node a run replaces or removes.
"""

from __future__ import annotations

import os

from ..errors import HostError
from ..host import guard
from ..host.converge import Component
from ..host.entries import Entry, directory, file, owned_by
from ..host.manifest import read_manifest
from ..host.owner import CDI_SPEC, DEV_ROOT, DEVICES, DRIVER_TREE, Owner
from ..host.root import HostRoot
from ..layout.devices import DRM_MAJOR, NVIDIA_MAJOR, DeviceOptions, device_entries
from ..layout.driver_tree import DriverTreeOptions, driver_tree_entries
from ..layout.procfs import procfs_entries
from ..layout.tmpfiles import tmpfiles_entries
from ..machine.model import Machine
from .places import can_have_made, strict_places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# The instance of specifications that ``cdi generate`` writes beside those of the mocks, which moves none and is not moved. No
# user can give it: a name begins with a letter or digit.
_BESIDE = "_cdi-generate"
_SYSTEMD_RUNS = "/run/systemd/system"


def _component(owner: Owner, entries: list[Entry], exclusive: tuple[str, ...] = ()) -> Component:
    return Component(owner.tag, entries, strict_places(owner), exclusive, _makes(owner))


def _makes(owner: Owner) -> Callable[[str], bool]:
    return lambda path: can_have_made(owner, path)


def devices(
    machine: Machine,
    base: str,
    options: DeviceOptions,
    architecture: str,
    restore_at_boot: bool,
    instance: str = "",
) -> Component:
    """Device nodes and procfs below *base*.

    :arg restore_at_boot: also write the tmpfiles.d file that restores what is on a tmpfs.
    :arg instance: name of the mock, if the node has another, too.
    """
    entries = {entry.path: entry for entry in device_entries(machine, base, options)}
    for entry in procfs_entries(machine, base, architecture, options):
        entries[entry.path] = entry
    for path in (base, base + "/dev"):
        entries[path] = directory(path)
    wanted = _complete(list(entries.values()), base, options, restore_at_boot, instance)
    return _component(Owner(DEVICES, base, instance), wanted, (base,))


def dev_root_devices(
    machine: Machine, base: str, dev_root: str, options: DeviceOptions, restore_at_boot: bool, instance: str = ""
) -> Component:
    """Device nodes in ``<dev_root>/dev``, belonging to the driver root *base*; ``/`` means the node's /dev."""
    entries = device_entries(machine, dev_root, options)
    if dev_root != "/":
        entries += [directory(dev_root), directory(dev_root + "/dev")]
    place = dev_root if dev_root != "/" else "/dev"
    wanted = _complete(entries, place, options, restore_at_boot, instance)
    return _component(Owner(DEV_ROOT, base, instance, dev_root), wanted)


def device_nodes(
    root: HostRoot,
    machine: Machine,
    options: DeviceOptions,
    base: str,
    dev_roots: Iterable[str],
    architecture: str,
    restore: str,
    instance: str = "",
    below_base: bool = True,
) -> list[Component]:
    """Read the node, and return the components with device nodes: below the base, and in each dev root.

    :arg restore: as *when* of :func:`restore_at_boot`.
    :arg below_base: whether there are some below the base. Those of the dev roots belong to it anyway.
    :raises NvmockError: they can't be made on this node.
    """
    if options.dri:
        from . import drm

        places = [*([base] if below_base else []), *dev_roots]
        options = drm.numbered(root, options, machine, places, instance)
    restored = restore_at_boot(root, options, machine, restore)
    found = [devices(machine, base, options, architecture, restored, instance)] if below_base else []
    found += [dev_root_devices(machine, base, place, options, restored, instance) for place in dev_roots]
    return found


def _complete(
    entries: list[Entry], place: str, options: DeviceOptions, restore_at_boot: bool, instance: str
) -> list[Entry]:
    owned_by(entries, options.uid, options.gid)
    if restore_at_boot:
        # What root runs at boot is root's, whoever has the device nodes: its owner could have root do anything.
        entries += owned_by(tmpfiles_entries(entries, place, instance), user_or_root(), user_or_root())
    return sorted(entries, key=lambda entry: entry.path)


def driver_tree(machine: Machine, driver_root: str, options: DriverTreeOptions, instance: str = "") -> Component:
    """A driver installation below *driver_root*."""
    entries = driver_tree_entries(machine, driver_root, options)
    return _component(Owner(DRIVER_TREE, driver_root, instance), entries, (driver_root,))


def cdi_spec(
    path: str, contents: dict[str, bytes], uid: int | None = None, gid: int | None = None, instance: str = ""
) -> Component:
    """A CDI specification, mode 0644 as nvidia-ctk writes it.

    :arg path: the file that the component is named after.
    :arg contents: path -> content of that file and of those that go with it.
    """
    entries = owned_by([file(name, data) for name, data in contents.items()], uid, gid)
    return _component(Owner(CDI_SPEC, path, instance), entries)


def owners_of(root: HostRoot) -> list[Owner]:
    """Return the owners in the node's manifest, sorted by tag."""
    owners = [Owner.from_tag(tag) for tag in sorted(read_manifest(root).tags)]
    return [owner for owner in owners if owner is not None]


def tree_owner(root: HostRoot, driver_root: str) -> Owner | None:
    """Return whose the driver installation at *driver_root* is, None if the manifest has none there."""
    return next((owner for owner in owners_of(root) if owner.part == DRIVER_TREE and owner.path == driver_root), None)


def owners_in(wanted: Iterable[Component]) -> list[Owner]:
    """Return the owners of these components, without those that are no part of a mock."""
    owners = [Owner.from_tag(component.owner) for component in wanted]
    return [owner for owner in owners if owner is not None]


def removed(tags: Iterable[str]) -> list[Component]:
    """The components with these tags as they are removed: without entries."""
    result = []
    for tag in tags:
        owner = Owner.from_tag(tag)
        makes = None if owner is None else _makes(owner)
        result.append(Component(tag, [], strict_places(owner), (), makes))
    return result


def moved(root: HostRoot, wanted: Iterable[Owner], parts: frozenset[str], instance: str = "") -> list[Component]:
    """Return what the run removes because the mock moves: the components that *wanted* takes the place of.

    A node has one mock without a name, and one of each name. So a run with other paths moves it.

    :arg wanted: the components that the run makes.
    :arg parts: the parts that the run makes or removes.
    :arg instance: the mock's name.
    :raises HostError: a path is that of another mock on this node.
    """
    new = {owner.tag for owner in wanted}
    places = {(owner.part, owner.path) for owner in wanted if owner.part != DEV_ROOT}
    gone = []
    for owner in owners_of(root):
        if owner.instance != instance:
            if (owner.part, owner.path) in places:
                raise HostError(_of_another_mock(owner))
        elif owner.part in parts and owner.tag not in new:
            gone.append(owner.tag)
    return removed(gone)


def instance_of_spec(root: HostRoot, path: str) -> str:
    """Return the name of the mock whose specification is at *path*; of a new one that of those beside the mocks."""
    for owner in owners_of(root):
        if owner.part == CDI_SPEC and owner.path == path:
            return owner.instance
    return _BESIDE


def _of_another_mock(owner: Owner) -> str:
    mock = f"the instance {owner.instance}" if owner.instance else "the mock of this node that has no name"
    return f"{owner.path} belongs to {mock}: name another path, or remove that one first"


def to_remove(
    root: HostRoot, parts: frozenset[str], instance: str | None = None, paths: dict[str, str] | None = None
) -> list[Component]:
    """Return what a removal removes: everything in the manifest, unless it is narrowed.

    :arg parts: only these parts.
    :arg instance: only the mock with this name, "" for the one without.
    :arg paths: part -> path, of DEVICES, DRIVER_TREE and CDI_SPEC: only mocks that have this part there, and of that part
        only what is there. A part that no mock has narrows nothing.
    """
    owners = [owner for owner in owners_of(root) if instance is None or owner.instance == instance]
    for part, path in (paths or {}).items():
        # The device nodes in a dev root go with their base.
        family = (DEVICES, DEV_ROOT) if part == DEVICES else (part,)
        if not any(owner.part in family for owner in owners):
            continue
        matching = {owner.instance for owner in owners if owner.part in family and owner.path == path}
        owners = [
            owner for owner in owners if owner.instance in matching and (owner.part not in family or owner.path == path)
        ]
    return removed([owner.tag for owner in owners if owner.part in parts])


def user_or_root(number: int | None = None) -> int | None:
    """Return the owner or group of what is made: *number*; without one root's if the process is root's, otherwise None."""
    return 0 if number is None and os.geteuid() == 0 else number


def wants_regular_files(device_files: str) -> bool:
    """Whether regular files are made instead of device nodes: by request, or with ``auto`` where mknod is not permitted."""
    return device_files == "regular" or (device_files == "auto" and not guard.may_mknod())


def restore_at_boot(root: HostRoot, options: DeviceOptions, machine: Machine, when: str = "auto") -> bool:
    """Look whether device nodes may be made on the node, and whether they are restored after a restart.

    :arg when: ``always``, ``never``, or ``auto``: where systemd is the node's init (sd_booted(3)).
    :raises ParameterError: a device major that the options choose belongs to another driver.
    :raises GuardError: a registered major belongs to another driver.
    """
    if not options.regular_files:
        guard.check_majors(root, majors(machine, options), registered_majors(options))
    return when == "always" or (when == "auto" and root.is_directory(_SYSTEMD_RUNS))


def majors(machine: Machine, options: DeviceOptions) -> dict[str, tuple[int, str]]:
    """Return the device majors that the options choose, for ``guard.check_majors``."""
    wanted = {"uvm_major": (options.uvm_major, "nvidia")}
    if any(gpu.mig_enabled for gpu in machine.gpus):
        wanted["caps_major"] = (options.caps_major, "nvidia")
    return wanted


def registered_majors(options: DeviceOptions) -> dict[int, str]:
    """Return the majors that no option changes, and how the names of their drivers begin, for ``guard.check_majors``."""
    return {NVIDIA_MAJOR: "nvidia", **({DRM_MAJOR: "drm"} if options.dri else {})}
