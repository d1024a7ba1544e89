# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A whole mock in one run: its components in the order in which they need each other, and which part a change belongs to.

gpu-mockctl and the module nvmock_node use it. So a node is changed in one transaction, and is never half of a mock.
"""

from __future__ import annotations

from ..host.converge import Component, strict_of
from ..host.manifest import read_manifest
from ..host.owner import CDI_SPEC, DEV_ROOT, DEVICES, DRIVER_TREE, Owner
from ..host.plan import REMOVE, Changes
from ..host.root import HostRoot, split
from ..layout.devices import DeviceOptions
from ..layout.driver_tree import DriverTreeOptions
from ..machine.model import Machine
from ..values import Value, value
from . import components
from .mig_state import live
from .with_faults import with_faults

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..nvcdi.options import Options
    from .cdi_spec import SpecFile, Specification


@value
class Mock(Value):
    """What a run makes of a node."""

    machine: Machine  # as the options of the run describe it
    base: str  # directory below which device nodes and procfs are; the device nodes in dev roots belong to it
    devices: DeviceOptions
    architecture: str
    instance: str = ""
    below_base: bool = True  # make device nodes and procfs below the base
    dev_roots: tuple[str, ...] = ()  # make device nodes in ``<dev root>/dev``
    restore_at_boot: str = "auto"  # auto, always or never
    driver_root: str = ""  # make a driver installation here; "" for none
    tree: DriverTreeOptions | None = None
    options: Options | None = None  # make a CDI specification; None for none
    spec_file: SpecFile | None = None
    declares_mig: bool = False  # the options say how the GPUs are cut: what was changed at run time is forgotten


class Wanted:
    """What a run wants on the node.

    :arg components: the components, with what the mock has elsewhere, which is removed.
    :arg machine: the machine as its GPUs are cut now.
    :arg spec: the specification, None if the mock has none.
    """

    def __init__(self, components: list[Component], machine: Machine, spec: Specification | None = None) -> None:
        self.components = components
        self.machine = machine
        self.spec = spec


def look(
    root: HostRoot, mock: Mock, parts: frozenset[str], take_over: bool = False, allow_real_driver: bool = False
) -> Wanted:
    """Read the node, and return the components of *mock* on it.

    :arg parts: the parts that the run makes or removes.
    :arg take_over: whether the run replaces unmanaged files.
    :arg allow_real_driver: whether the run continues on a node with a real driver.
    :raises NvmockError: the mock can't be made on this node.
    """
    instance = mock.instance
    machine = live(root, mock.machine, instance, mock.declares_mig)
    wanted = components.device_nodes(
        root,
        machine,
        mock.devices,
        mock.base,
        mock.dev_roots,
        mock.architecture,
        mock.restore_at_boot,
        instance,
        mock.below_base,
    )
    if mock.tree is not None:
        wanted.append(components.driver_tree(machine, mock.driver_root, mock.tree, instance))
    owners = components.owners_in(wanted)
    if mock.options is None or mock.spec_file is None:
        made = with_faults(root, machine, wanted)
        return Wanted([*components.moved(root, owners, parts, instance), *made], machine)

    from . import cdi_spec

    owners.append(Owner(CDI_SPEC, mock.spec_file.path, instance))
    moved = components.moved(root, owners, parts, instance)
    root.be_strict(strict_of(wanted))
    spec = cdi_spec.make(machine, root, mock.options, mock.spec_file, moved + wanted, take_over, allow_real_driver)
    made = with_faults(root, machine, [*wanted, spec.component])
    return Wanted([*moved, *made], machine, spec)


PARTS = (DEVICES, DRIVER_TREE, CDI_SPEC)
"""The parts for people, in the order in which they are made. Device nodes in dev roots are part of the first."""


class Places:
    """Which part of a mock each path belongs to.

    A path of several parts is made with the first of them, and removed with the last. A removal goes the other way.

    :arg root: the node before the run.
    :arg wanted: the components that the run makes or removes.
    :arg removal: whether the run removes parts only.
    """

    def __init__(self, root: HostRoot, wanted: list[Component], removal: bool = False) -> None:
        self._order = PARTS[::-1] if removal else PARTS
        self._known = read_manifest(root).owned
        self._made: dict[str, str] = {}
        for part in PARTS:
            for component in wanted:
                if _part_of(component.owner) == part:
                    for entry in component.entries:
                        self._add(entry.path, part)

    def _add(self, path: str, part: str) -> None:
        while path != "/" and path not in self._made:
            self._made[path] = part
            path = split(path)[0]

    def of(self, path: str, removed: bool) -> str:
        """Return the part of *path*; the first or last part for what belongs to none, such as the manifest's directory."""
        if not removed and path in self._made:
            return self._made[path]
        owned = self._known.get(path)
        parts = set() if owned is None else {_part_of(tag) for tag in owned.tags}
        found = [part for part in self._order if part in parts] or list(self._order)
        return found[-1] if removed else found[0]


def by_part(changes: Changes, places: Places) -> dict[str, Changes]:
    """Return the changes of each part, and what was left of it."""
    return {
        part: Changes(
            [change for change in changes if places.of(change.path, change.action == REMOVE) == part],
            tuple([left for left in changes.left if places.of(left.path, True) == part]),
        )
        for part in PARTS
    }


def _part_of(tag: str) -> str:
    owner = Owner.from_tag(tag)
    return "" if owner is None else DEVICES if owner.part == DEV_ROOT else owner.part
