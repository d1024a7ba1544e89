# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Faults of a node's files: put them on, take them off, list them. The manifest has them.

A run that makes the node makes it with its faults (with_faults.py). To put a fault on, or to take it off, needs none of the options of that
run: what is on the node and below HEALTHY says what the node is like without faults.
"""

from __future__ import annotations

from ..errors import HostError, ParameterError
from ..host import manifest as manifests
from ..host.converge import Component, change
from ..host.entries import DIRECTORY, Entry
from ..host.manifest import HEALTHY, Manifest, facts, read_manifest
from ..host.owner import CDI_SPEC, Owner, instance_of
from ..host.plan import Changes
from ..host.root import HostRoot
from ..machine.file import PATH as MACHINE_FILE
from ..machine.model import Machine
from .components import owners_of, tree_owner
from .file_fault_effects import faulted, made_paths
from .file_fault_kinds import KINDS, STEPS, FileFault, kind_of, read_fault
from .places import can_have_made, strict_places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Edit = Callable[[list[FileFault]], list[FileFault]]

_BELOW = HEALTHY + "/"
_RUN_AGAIN = "run nvmock.gpu again with the options that made the node"


def faults_of(texts: tuple[str, ...], instance: str) -> list[FileFault]:
    """Return the faults of a mock, in the order of the kinds.

    :arg texts: the faults that a manifest has.
    :raises HostError: one is damaged, or of a kind that this version does not know.
    """
    found = {}
    for text in texts:
        word, _blank, rest = text.partition(" ")
        if word.partition(".")[2] != instance:
            continue
        try:
            fault = read_fault(rest)
        except ValueError:
            raise HostError(
                f"{manifests.PATH}: has the fault {rest!r}, which this nvmock.gpu does not know: use a newer one"
            ) from None
        found[fault.kind] = fault
    return [found[kind.name] for kind in KINDS if kind.name in found]


def _texts(faults: list[FileFault], instance: str) -> tuple[str, ...]:
    return tuple([f"{_word(kind_of(fault.kind).part, instance)} {fault.text}" for fault in faults])


def _word(part: str, instance: str) -> str:
    return f"{part}.{instance}" if instance else part


def faulty_components(root: HostRoot, machine: Machine, wanted: list[Component]) -> list[Component]:
    """Return the components of a run as they are while the faults of the node are on."""
    known = read_manifest(root)
    result = []
    for component in wanted:
        owner = Owner.from_tag(component.owner)
        faults = [] if owner is None else faults_of(known.faults, owner.instance)
        if owner is not None and faults and component.entries:
            component = component.but(entries=faulted(component.entries, owner, faults, machine))
        result.append(component)
    return result


def healed_components(root: HostRoot, machine: Machine, instance: str) -> list[Component]:
    """Return the device nodes and the driver installation of a mock as they would be without faults.

    For a run that makes a specification alone: it is that of the healthy node.
    """
    faults = FileFaults(root, instance, machine)
    found = faults.components(root, faults.now(), [])
    return [component for component in found if component.owner.partition(":")[0].partition(".")[0] != CDI_SPEC]


def file_fault(kind: str, gpus: list[int] | None, all_gpus: list[int], step: object) -> FileFault:
    """Return the fault that a user describes.

    :arg kind: one of FILE_NAMES.
    :arg gpus: the GPUs that the user names, or None.
    :arg step: as given, None if it is not given.
    :raises ParameterError: a value is not allowed.
    """
    if step is not None and kind != "driver_upgrade":
        raise ParameterError("fault.step", step, f"left out for {kind}: it belongs to driver_upgrade")
    number = 0
    if kind == "driver_upgrade":
        number = 1 if step is None else int(str(step)) if str(step) in ("1", "2") else 0
        if number not in STEPS:
            raise ParameterError("fault.step", step, "1 or 2")
    refuse_gpus(kind, gpus)
    if kind_of(kind).is_of_gpus:
        return FileFault(kind, tuple(sorted(all_gpus if gpus is None else gpus)))
    return FileFault(kind, (), number)


def refuse_gpus(kind: str, gpus: list[int] | None) -> None:
    """:raises ParameterError: GPUs are named for a fault of the node."""
    if gpus is not None and not kind_of(kind).is_of_gpus:
        raise ParameterError("gpus", gpus, f"left out for {kind}: it is a fault of the node, not of a GPU")


def injected(fault: FileFault) -> Edit:
    """Return the edit that puts a fault on. GPUs that have it already keep it."""

    def edit(faults: list[FileFault]) -> list[FileFault]:
        old = [one for one in faults if one.kind == fault.kind]
        gpus = tuple(sorted({*fault.gpus, *(gpu for one in old for gpu in one.gpus)}))
        return _sorted([*(one for one in faults if one.kind != fault.kind), fault.but(gpus=gpus)])

    return edit


def healed(gpus: list[int] | None, kinds: list[str] | None) -> Edit:
    """Return the edit that takes faults off.

    :arg gpus: None for all GPUs and the node.
    :arg kinds: None for all.
    """

    def edit(faults: list[FileFault]) -> list[FileFault]:
        result = []
        for one in faults:
            if kinds is not None and one.kind not in kinds:
                result.append(one)
            elif gpus is not None and one.gpus:
                rest = tuple([gpu for gpu in one.gpus if gpu not in gpus])
                result += [one.but(gpus=rest)] if rest else []
            elif gpus is not None:
                result.append(one)
        return result

    return edit


def _sorted(faults: list[FileFault]) -> list[FileFault]:
    order = [kind.name for kind in KINDS]
    return sorted(faults, key=lambda fault: order.index(fault.kind))


def instance_of_tree(root: HostRoot, driver_root: str) -> str:
    """Return the name of the mock that has a driver installation.

    :raises HostError: the manifest has no such driver installation.
    """
    owner = tree_owner(root, driver_root)
    if owner is None:
        raise HostError(f"{driver_root}: is not in {manifests.PATH}: {_RUN_AGAIN}")
    return owner.instance


class FileFaults:
    """The faults of the files of one mock.

    :arg root: an open host root.
    :arg instance: the mock's name.
    :arg machine: the machine of its machine file.
    """

    def __init__(self, root: HostRoot, instance: str, machine: Machine) -> None:
        self._root = root
        self._instance = instance
        self._machine = machine

    def now(self) -> list[FileFault]:
        """Return the faults that are on."""
        return faults_of(read_manifest(self._root).faults, self._instance)

    def change(self, edit: Edit, new: FileFault | None = None, check: bool = False) -> tuple[bool, Changes]:
        """Let *edit* change the faults, and make the node accordingly; return whether anything differs, and what was changed.

        :arg new: the fault that is put on: the node must be able to have it.
        :arg check: change nothing.
        :raises ParameterError: the node can't have the fault.
        :raises HostError: a file that the fault needs is not as it was made; nothing was changed.
        """

        differs: list[bool] = []

        def look(root: HostRoot) -> list[Component]:
            before = self.now()
            after = edit(before)
            differs[:] = [before != after]
            return self.components(root, before, after, new)

        def faults(texts: tuple[str, ...]) -> tuple[str, ...]:
            others = [text for text in texts if text.partition(" ")[0].partition(".")[2] != self._instance]
            return tuple(sorted([*others, *_texts(edit(faults_of(texts, self._instance)), self._instance)]))

        changes = change(self._root, look, check=check, allow_real_driver=True, faults=faults)
        return differs[0] or bool(changes), changes

    def components(
        self, root: HostRoot, before: list[FileFault], after: list[FileFault], new: FileFault | None = None
    ) -> list[Component]:
        """Return the components of what differs between two lists of faults.

        :arg before: the faults that are on.
        :arg after: those that shall be.
        :arg new: the fault that is put on.
        """
        known = read_manifest(root)
        result: list[Component] = []
        is_possible = new is None
        for owner in owners_of(root):
            if owner.instance != self._instance:
                continue
            healthy = self._healthy(root, known, owner, before)
            if new is not None and self._entries(healthy, owner, [new]) != healthy:
                is_possible = True
            old, now = self._entries(healthy, owner, before), self._entries(healthy, owner, after)
            changed = {path for path in {*old, *now} if old.get(path) != now.get(path)}
            if known.in_progress:  # a killed run may have done a part of it
                paths = {*old, *now, *healthy}
                changed = {path for path in paths if not healthy.get(path) == old.get(path) == now.get(path)}
            if changed:
                self._refuse(known, healthy, changed)
                made = made_paths(before, owner, self._originals(known, owner), self._machine)
                result.append(_component(known, owner, healthy, changed, now, made))
        if new is not None and not is_possible:
            raise ParameterError("fault.kind", new.kind, f"left out: this node does not have {kind_of(new.kind).needs}")
        return [*result, *self._anchored(root, known, result)]

    def _entries(self, healthy: dict[str, Entry], owner: Owner, faults: list[FileFault]) -> dict[str, Entry]:
        entries = faulted(list(healthy.values()), owner, faults, self._machine)
        return {entry.path: entry for entry in entries if entry.kind != DIRECTORY}

    def _originals(self, known: Manifest, owner: Owner) -> list[str]:
        tag = owner.tag
        return [
            path[len(HEALTHY) :]
            for path, owned in known.owned.items()
            if path.startswith(_BELOW) and owned.kind != DIRECTORY and tag in owned.tags
        ]

    def _healthy(self, root: HostRoot, known: Manifest, owner: Owner, faults: list[FileFault]) -> dict[str, Entry]:
        """Return what a component has without its faults, by path; directories are left out."""
        originals = self._originals(known, owner)
        made = made_paths(faults, owner, originals, self._machine)
        found = {}
        for path, owned in known.owned.items():
            if owned.kind == DIRECTORY or owner.tag not in owned.tags or path.startswith(_BELOW) or path in made:
                continue
            entry = root.seen(path)
            if entry is not None:
                found[path] = entry
        for path in originals:
            kept = root.seen(HEALTHY + path)
            if kept is None:  # a run was killed before the healthy entry left its place, or when it was back
                here = root.seen(path)
                kept = here if here is not None and facts(here) in known.owned[HEALTHY + path].made else None
            if kept is None:
                raise HostError(f"{HEALTHY}{path}: is missing: {_RUN_AGAIN}, then take the fault off")
            found[path] = kept.but(path=path)
        return found

    def _refuse(self, known: Manifest, healthy: dict[str, Entry], changed: set[str]) -> None:
        """Refuse to change what others have made of a file, and what another mock needs as well."""
        for path in sorted(changed):
            owned = known.owned.get(path)
            if owned is not None:
                others = [
                    tag for tag in sorted(owned.tags) if Owner.from_tag(tag) and instance_of(tag) != self._instance
                ]
                if others:
                    raise HostError(f"{path} is also part of {others[0]}: a fault would be one of both mocks")
            kept = known.owned.get(HEALTHY + path, owned)
            if path in healthy and kept is not None and not kept.is_as_made(healthy[path]):
                raise HostError(f"{path}: is not as nvmock.gpu made it: {_RUN_AGAIN}, which repairs it")

    def _anchored(self, root: HostRoot, known: Manifest, changed: list[Component]) -> list[Component]:
        """Return what keeps a watch's tag in the manifest if the file that has it leaves its place: the machine file gets it."""
        places = {entry.path for component in changed for entry in component.entries}
        gone = {path for component in changed for path in _dropped(known, component) if path not in places}
        tags = {tag for path in gone for tag in known.owned[path].tags if Owner.from_tag(tag) is None and ":" in tag}
        for path, owned in known.owned.items():
            entry = root.seen(path) if tags and path.endswith(f"/{MACHINE_FILE}") else None
            if entry is not None and any(instance_of(tag) == self._instance for tag in owned.tags):
                return [Component(tag, [entry]) for tag in sorted(tags)]
        return []


def _dropped(known: Manifest, component: Component) -> list[str]:
    tag = component.owner
    return [path for path, owned in known.owned.items() if tag in owned.tags and path not in component.keeps]


def _component(
    known: Manifest, owner: Owner, healthy: dict[str, Entry], changed: set[str], now: dict[str, Entry], made: set[str]
) -> Component:
    """Return the component with what changed. Everything else of it stays as it is.

    Directories stay, too, but those that only faults need.

    :arg healthy: what the component has without faults.
    :arg now: what it has with the faults that shall be on.
    :arg made: what exists only because of faults that are on.
    """
    tag = owner.tag
    mine = {path: owned for path, owned in known.owned.items() if tag in owned.tags}
    files = {path for path, owned in mine.items() if owned.kind != DIRECTORY}
    keeps = files - changed
    of_faults = {path for path in files if path.startswith(_BELOW) or path in made}
    for path in mine.keys() - files:
        below = path + "/"
        is_of_faults = f"{below}".startswith(_BELOW) or (
            any(one.startswith(below) for one in of_faults) and not any(one.startswith(below) for one in healthy)
        )
        if not is_of_faults or any(one.startswith(below) for one in files - changed):
            keeps.add(path)
    entries = [now[path] for path in sorted(changed) if path in now]
    return Component(tag, entries, strict_places(owner), (), lambda path: can_have_made(owner, path), frozenset(keeps))
