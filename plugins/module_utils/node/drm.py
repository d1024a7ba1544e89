# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Which DRM nodes the GPUs of a node have, beside those of other graphics cards.

The links in /dev/dri/by-path tell which card belongs to which PCI device, like on a real node. So a run keeps the numbers of
an earlier one, and a specification names the nodes of the GPUs only.
"""

from __future__ import annotations

from ..errors import HostError
from ..host.manifest import Owned, read_manifest
from ..host.owner import instance_of
from ..host.root import HostRoot
from ..layout import drm
from ..layout.devices import DeviceOptions
from ..machine.model import Machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_CLASS = "/sys/class/drm"


def directory_of(dev_root: str) -> str:
    """Return the directory of DRM nodes below *dev_root*; ``/`` for the node's own /dev."""
    return ("" if dev_root == "/" else dev_root) + "/dev/dri"


def linked(
    machine: Machine, directory: str, read_link: Callable[[str], str | None]
) -> dict[str, tuple[int | None, int | None]]:
    """Return PCI bus ID -> (minor of the card, minor of the render node), as the links in *directory* tell.

    :arg read_link: returns the target of a link, None if there is no link.
    """
    found = {}
    for gpu in machine.gpus:
        minors: list[int | None] = []
        for kind, suffix in ((drm.CARD, "card"), (drm.RENDER, "render")):
            target = read_link(f"{directory}/by-path/pci-{gpu.pci_bus_id}-{suffix}") or ""
            name = target.removeprefix("../")
            minors.append(drm.minor_of(name) if name.startswith(kind) else None)
        found[gpu.pci_bus_id] = (minors[0], minors[1])
    return found


def numbered(
    root: HostRoot, options: DeviceOptions, machine: Machine, dev_roots: list[str], instance: str = ""
) -> DeviceOptions:
    """Return *options* with the minors of the DRM nodes: those of an earlier run, otherwise the lowest free ones.

    :arg dev_roots: the directories whose ``dev`` will have the nodes. A minor is the same in all of them.
    :arg instance: name of the mock, whose earlier run it is.
    :raises HostError: a directory can't be read.
    """
    if not options.dri:
        return options
    owned = read_manifest(root).owned
    taken = _in_kernel(root)
    if root.path != "/" and not options.regular_files:
        # Device nodes in a directory open the devices of this machine.
        with HostRoot("/") as this_machine:
            taken |= _in_kernel(this_machine)
    directories = list(dict.fromkeys([directory_of(dev_root) for dev_root in ["/", *dev_roots]]))
    kept: dict[str, tuple[int | None, int | None]] = {}
    if _is_same_machine(machine, owned, directories, instance):
        for directory in directories:
            for bus_id, minors in linked(machine, directory, lambda path: _link(root, owned, path)).items():
                before = kept.get(bus_id, (None, None))
                kept[bus_id] = tuple(now if old is None else old for old, now in zip(before, minors))  # type: ignore[assignment]
    others = {name for directory in directories for name in root.names(directory) if f"{directory}/{name}" not in owned}
    mine = {minor for minors in kept.values() for minor in minors}
    taken |= {minor for minor in map(drm.minor_of, others) if minor is not None and minor not in mine}
    bus_ids = [gpu.pci_bus_id for gpu in machine.gpus]
    return options.but(drm_minors=drm.choose(bus_ids, kept, taken))


def _is_same_machine(machine: Machine, owned: dict[str, Owned], directories: list[str], instance: str) -> bool:
    """Whether the GPUs of the earlier run are these, or more or fewer of them. Another machine may have some of their bus IDs."""
    places = tuple([f"{directory}/by-path/pci-" for directory in directories])
    before = {
        path.rpartition("/pci-")[2].rpartition("-")[0]
        for path, known in owned.items()
        if path.startswith(places) and any(instance_of(tag) == instance for tag in known.tags)
    }
    now = {gpu.pci_bus_id for gpu in machine.gpus}
    return before <= now or now <= before


def _in_kernel(root: HostRoot) -> set[int]:
    """The minors of the kernel's own DRM devices; none if there is no sysfs that can be read."""
    try:
        return {minor for minor in map(drm.minor_of, root.names(_CLASS)) if minor is not None}
    except HostError:
        return set()


def _link(root: HostRoot, owned: dict[str, Owned], path: str) -> str | None:
    """Return the target of a link. A managed link that was changed or deleted has the target that it had before."""
    entry = root.observe(path)
    known = owned.get(path)
    if known is not None and (entry is None or not known.is_as_made(entry)) and known.target is not None:
        return known.target
    return None if entry is None else entry.target
