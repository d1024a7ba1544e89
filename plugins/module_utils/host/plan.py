# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The difference between what should be on a node and what is there. Pure: looks through the functions that it gets.

The plan is what check mode and diff mode show and what apply does; there is no other list.
"""

from __future__ import annotations

from ..errors import GuardError, HostError
from ..values import Value
from . import manifest as manifests
from .entries import ASIDE, CHAR, DIRECTORY, FILE, SYMLINK, Entry, differences
from .entries import directory as a_directory
from .hidden import kept_name
from .left import IN_USE, Left
from .looking import Node
from .manifest import Manifest, Owned, facts
from .owner import instance_of
from .root import join, split

_HOUSING = frozenset(("manifest",))

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

CREATE = "create"
UPDATE = "update"
REMOVE = "remove"

_KIND_WORDS = {DIRECTORY: "a directory", FILE: "a file", SYMLINK: "a symbolic link", CHAR: "a character device"}


class Change(Value):
    """One difference.

    :arg action: CREATE, UPDATE or REMOVE.
    :arg path: path on the node.
    :arg before: what is there; None for CREATE.
    :arg after: what will be there; None for REMOVE.
    :arg what: for UPDATE what differs, see :func:`entries.differences`; "origin" if only who made it does.
    """

    __slots__ = ("action", "path", "before", "after", "what")

    def __init__(
        self, action: str, path: str, before: Entry | None, after: Entry | None, what: tuple[str, ...] = ()
    ) -> None:
        self.action = action
        self.path = path
        self.before = before
        self.after = after
        self.what = what


class Changes(list["Change"]):
    """The changes of a run.

    :arg changes: them, in order.
    :arg left: what the run should have removed and did not touch.
    :arg staying: the components that have something on the node after the run.
    """

    def __init__(
        self,
        changes: list[Change] | tuple[Change, ...] = (),
        left: tuple[Left, ...] = (),
        staying: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(changes)
        self.left = left
        self.staying = staying

    @property
    def half_done(self) -> list[Left]:
        """What stays although a component wants it no longer: it was changed since it was made."""
        return [left for left in self.left if left.is_managed]


class Plan:
    """Changes in the order in which they are made, and the manifests of before and after them."""

    def __init__(self, changes: list[Change], before: Manifest, after: Manifest, left: tuple[Left, ...] = ()) -> None:
        self.changes = Changes(changes, left, frozenset(after.tags - _HOUSING))
        self.before = before
        self.after = after

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to write, not even the manifest."""
        if self.changes or self.before.in_progress or not self.before.is_held:
            return False
        return self.after.to_bytes() == self.before.to_bytes()

    @property
    def during(self) -> Manifest:
        """The manifest while the changes are made: everything that is or may become nvmock.gpu's, in each of its states."""
        owned = dict(self.before.owned)
        for path, new in self.after.owned.items():
            old = owned.get(path)
            if old is None:
                owned[path] = new
            else:
                made = new.made + tuple([other for other in old.made if other not in new.made])
                owned[path] = Owned(new.kind, old.tags | new.tags, new.replaced or old.replaced, made)
        for change in self.changes:
            now = owned.get(change.path)
            if change.action == UPDATE and change.before is not None and now is not None and now.replaced is None:
                # What the run is about to overwrite may be removed after a kill as well.
                other = facts(change.before)
                if other and other not in now.made:
                    owned[change.path] = Owned(now.kind, now.tags, None, (*now.made, other))
        faults = tuple(sorted({*self.before.faults, *self.after.faults}))
        return Manifest(owned, in_progress=True, faults=faults)


def make_plan(
    wanted: dict[str, list[Entry]],
    known: Manifest,
    node: Node,
    take_over: bool = False,
    exclusive: tuple[str, ...] = (),
    makes: dict[str, Callable[[str], bool] | None] | None = None,
    keeps: dict[str, frozenset[str]] | None = None,
    faults: tuple[str, ...] | None = None,
) -> Plan:
    """Compare *wanted* with the node.

    :arg wanted: for each component (a tag) everything that it wants; components that are not named stay as they are.
    :arg known: the manifest.
    :arg node: the node.
    :arg take_over: replace unmanaged files, and record them for the removal.
    :arg exclusive: directories that must be managed or empty.
    :arg makes: for each component whether it can have made something at a path, None for anywhere.
    :arg keeps: for a component that wants more than is in *wanted* the paths that stay as they are.
    :arg faults: the faults of the node's files from now on, None for those of before.
    :raises HostError: something is in the way that may not be moved.
    :raises GuardError: unmanaged files are in the way.
    """
    if not any(wanted.values()):
        manifests.refuse_cut(known)
    desired, tags = _merge(wanted)
    planner = _Planner(desired, known, node, set(wanted), take_over, exclusive, keeps or {})
    planner.guard_exclusive(tags)
    for path in _ordered(desired):
        planner.want(desired[path], tags[path])
    planner.settle_strangers(tags)
    planner.drop(dict.fromkeys(wanted) if makes is None else makes)
    planner.house_manifest()
    planner.set_faults(known.faults if faults is None else faults)
    return Plan(planner.changes, known, planner.after, tuple(planner.left))


def _ordered(desired: dict[str, Entry]) -> list[str]:
    """Return the paths from the top, those of healthy entries first: at no time is one only where a fault is about to change it."""
    paths = sorted(desired)
    if manifests.HEALTHY not in desired:
        return paths
    return sorted(paths, key=lambda path: not f"{path}/".startswith(manifests.HEALTHY + "/"))


def _merge(wanted: dict[str, list[Entry]]) -> tuple[dict[str, Entry], dict[str, frozenset[str]]]:
    """Join the components' wishes, adding the directories that they are in."""
    desired: dict[str, Entry] = {}
    tags: dict[str, set[str]] = {}
    for tag, entries in wanted.items():
        for entry in entries:
            desired[entry.path] = entry
            tags.setdefault(entry.path, set()).add(tag)
    for path in list(desired):
        owner = desired[path]
        parent = split(path)[0]
        while parent != "/":
            above = desired.get(parent)
            if above is None:
                above = a_directory(parent, implicit=True)
                if parent not in manifests.DIRECTORIES:
                    above.uid, above.gid = owner.uid, owner.gid
                elif owner.uid == owner.gid == 0:  # whoever owns these can exchange the manifest: never another user
                    above.uid = above.gid = 0
                desired[parent] = above
                tags[parent] = set()
            elif tags[parent] >= tags[path]:
                break  # so have the directories above it, or get it when it has its turn
            tags[parent] |= tags[path]
            parent = split(parent)[0]
    return desired, {path: frozenset(names) for path, names in tags.items()}


class _Planner:
    def __init__(
        self,
        desired: dict[str, Entry],
        known: Manifest,
        node: Node,
        asked: set[str],
        take_over: bool,
        exclusive: tuple[str, ...],
        keeps: dict[str, frozenset[str]],
    ) -> None:
        self.known = known.owned
        self.after = Manifest(dict(known.owned))
        self.changes: list[Change] = []
        self.left: list[Left] = []
        self._desired = desired
        self._node = node
        self._asked = asked
        self._take_over = take_over
        self._exclusive = exclusive
        self._keeps = keeps
        # What is there and in no manifest: files and the like, and directories.
        self._strangers: list[tuple[Entry, Entry]] = []
        self._found_directories: list[tuple[Entry, Entry]] = []
        self._known_places: dict[str, str] | None = None
        self._planned: dict[str, Entry] = {}  # place -> what will be there

    def guard_exclusive(self, tags: dict[str, frozenset[str]]) -> None:
        """Refuse an unmanaged directory with something in it, such as a real driver installation."""
        for path in self._exclusive:
            if path in tags and path not in self.known and not self._take_over:
                found = self._node.observe(path)
                if found is None or found.kind != DIRECTORY or self._has_moved_in(path, tags[path]):
                    continue
                if self._has_foreign(path) and not self._is_own_work(path):
                    raise GuardError(
                        f"{path} exists, is not empty and was not made by nvmock.gpu (a real driver?): name another "
                        "directory, or set take_over to write into it"
                    )

    def _has_moved_in(self, path: str, tags: frozenset[str]) -> bool:
        """Whether these components already have something below *path*: then the user has agreed to it before."""
        below = path + "/"
        return any(key.startswith(below) and not owned.tags.isdisjoint(tags) for key, owned in self.known.items())

    def _has_foreign(self, path: str) -> bool:
        prefix = "" if path == "/" else path
        return any(
            f"{prefix}/{name}" not in self.known and self._managed_name(f"{prefix}/{name}") is None
            for name in self._node.names(path)
        )

    def _is_own_work(self, path: str) -> bool:
        """Whether a file below *path* is byte-equal to what is wanted there: then only the manifest is missing."""
        below = path + "/"
        for entry in self._desired.values():
            if entry.path.startswith(below) and _tells(entry):
                found = self._node.observe(entry.path)
                if found is not None and facts(found) == facts(entry):
                    return True
        return False

    def _managed_name(self, path: str) -> str | None:
        """Another name in the manifest for what is at *path*, such as /run/x for /var/run/x."""
        if self._known_places is None:
            self._known_places = {self._node.place(known): known for known in self.known}
        return self._known_places.get(self._node.place(path))

    def want(self, entry: Entry, tags: frozenset[str]) -> None:
        """Plan for one wanted entry."""
        path = entry.path
        owned = self.known.get(path)
        # Below a directory that is missing nothing can be: spare the look.
        found = None if path.rpartition("/")[0] in self._node.new else self._node.observe(path)
        if found is not None and owned is None:
            other = self._managed_name(path)
            owned = None if other is None else self.known[other]
        if entry.kind == DIRECTORY:
            self._want_directory(entry, found, owned, tags)
            return
        if owned is not None:
            self._refuse_contradiction(entry, owned)
        if found is None:
            self._plan(CREATE, entry, None)
        elif owned is None:
            if found.kind == DIRECTORY:
                raise HostError(f"{path} is a directory, but {_KIND_WORDS[entry.kind]} must be there: move it away")
            self._strangers.append((entry, found))
            return
        else:
            self._want_changed(entry, found)
        self._own(entry, tags, owned.replaced if owned else None)

    def _want_changed(self, entry: Entry, found: Entry) -> None:
        if found.kind == DIRECTORY and self._node.names(entry.path):
            raise HostError(
                f"{entry.path} is a directory with files in it, but must be {_KIND_WORDS[entry.kind]}: move it"
            )
        if differences(found, entry):
            self._plan(UPDATE, entry, found)

    def _refuse_contradiction(self, entry: Entry, owned: Owned) -> None:
        """Refuse what another mock on this node wants otherwise: each run would undo the other's.

        Files are not compared: that both have is the hook program, and the version that runs last decides on that.
        """
        if entry.kind == FILE and owned.kind == FILE:
            return
        instances = {instance_of(tag) for tag in self._asked}
        others = sorted([tag for tag in owned.tags - self._asked if instance_of(tag) not in instances])
        if others and not owned.is_as_made(entry):
            raise HostError(
                f"{entry.path} is also part of {others[0]}, which wants it otherwise: give both the same options, or name "
                "other places"
            )

    def _plan(self, action: str, entry: Entry, found: Entry | None) -> None:
        """Plan a change, unless the same thing is planned under another name; a directory is planned under each."""
        place = self._node.place(entry.path)
        planned = self._planned.setdefault(place, entry)
        if planned is entry or (entry.kind == DIRECTORY and planned.kind == DIRECTORY):
            what = () if found is None else tuple(differences(found, entry) or ("origin",))
            self.changes.append(Change(action, entry.path, found, entry, what))
        elif facts(planned) != facts(entry):
            raise HostError(f"{planned.path} and {entry.path} are the same place, but must be different things")

    def _want_directory(self, entry: Entry, found: Entry | None, owned: Owned | None, tags: frozenset[str]) -> None:
        path = entry.path
        if found is None:
            self._plan(CREATE, entry, None)
            self._node.new.add(path)
        elif found.kind != DIRECTORY:
            is_followed = found.kind == SYMLINK and entry.implicit and not self._node.is_strict(path)
            is_managed_link = owned is not None and owned.kind == SYMLINK
            if is_followed and not is_managed_link and self._node.is_directory(path):
                return
            # Nothing managed goes through a managed link: it would be lost with the link.
            self._refuse_directory(path, found, owned)
            self._node.new.add(path)
            self.changes.append(Change(UPDATE, path, found, entry, ("type",)))
        elif owned is None:
            self._found_directories.append((entry, found))  # used, not touched
            return
        elif not (entry.implicit and self._staying_tags(path, owned) - _HOUSING) and differences(found, entry):
            # (Another component's directory that is only passed through keeps the mode and owner that it has.)
            self._plan(UPDATE, entry, found)
        self._own(entry, tags, None)

    def _refuse_directory(self, path: str, found: Entry, owned: Owned | None) -> None:
        """Refuse a directory in the place of something unmanaged or of another component's.

        What no other component wants makes room, and so does whatever took the place of a managed directory.
        """
        others = frozenset() if owned is None or owned.kind == DIRECTORY else owned.tags - self._asked
        if owned is not None and not others:
            return
        below = min([other for other in self._desired if other.startswith(path + "/")], default="")
        raise HostError(
            f"{path} is {_KIND_WORDS.get(found.kind, 'no directory')}{f' of {min(others)}' if others else ''}, but must be a "
            f"directory{f' for {below}' if below else ''}: {'name another place' if others else 'move it away'}"
        )

    def _own(self, entry: Entry, tags: frozenset[str], replaced: Entry | None) -> None:
        old = self.known.get(entry.path)
        # Of the components that are asked now, only those count that want the path now.
        kept = tags | self._staying_tags(entry.path, old) if old else tags
        self.after.owned[entry.path] = Owned(entry.kind, kept, replaced, (facts(entry),))

    def _staying_tags(self, path: str, owned: Owned) -> frozenset[str]:
        """The components of a path that the run does not ask, or that keep it as it is."""
        rest = owned.tags - self._asked
        if not self._keeps:
            return rest
        return rest | frozenset([tag for tag in owned.tags if path in self._keeps.get(tag, ())])

    def settle_strangers(self, tags: dict[str, frozenset[str]]) -> None:
        """Decide on what is there and in no manifest: adopt it, take it over, or refuse it.

        A file with text in it that is byte-equal to what is wanted was made by nvmock.gpu, and its manifest was lost. Then
        so was what is equal beside it, and what is in the directories that only nvmock.gpu uses. Device nodes and links
        alone prove nothing: they are the same on a real node.
        """
        adopts = any(_tells(entry) and facts(found) == facts(entry) for entry, found in self._strangers)
        foreign: list[str] = []
        for entry, found in self._strangers:
            path = entry.path
            replaced = None
            if adopts and (
                facts(found) == facts(entry) or path.startswith(tuple([f"{place}/" for place in self._exclusive]))
            ):
                pass
            elif not self._take_over:
                foreign.append(path)
                continue
            else:
                replaced = self._aside(path)
            if replaced is not None or differences(found, entry):
                self._plan(UPDATE, entry, found)
            self._own(entry, tags[path], replaced)
        if foreign:
            more = f" (and {len(foreign) - 1} more)" if len(foreign) > 1 else ""
            raise GuardError(
                f"{foreign[0]}{more} exists and was not made by nvmock.gpu: remove it, or set take_over to replace it now "
                "and restore it on removal"
            )
        if adopts:
            self._adopt_directories(tags)

    def _aside(self, path: str) -> Entry:
        """The name beside *path* under which what is taken over there is kept."""
        parent, name = split(path)
        kept = kept_name(name, lambda other: self._node.observe(join(parent, other)) is not None)
        return Entry(path, ASIDE, target=kept)

    def _adopt_directories(self, tags: dict[str, frozenset[str]]) -> None:
        """Adopt the directories that only nvmock.gpu uses, if nothing unmanaged is in them, deepest first.

        Any other directory may have been there before, such as an empty /run.
        """
        found = self._node.observe(manifests.STATE_DIRECTORY)
        if found is not None and found.kind == DIRECTORY:
            self._found_directories.append((a_directory(manifests.STATE_DIRECTORY), found))
        own = (manifests.STATE_DIRECTORY, *self._exclusive)
        for entry, found in sorted(self._found_directories, key=lambda pair: pair[0].path, reverse=True):
            if not any(entry.path == place or entry.path.startswith(place + "/") for place in own):
                continue
            managed = [
                f"{entry.path}/{name}" in self.after.owned or f"{entry.path}/{name}" in (manifests.PATH, manifests.LOCK)
                for name in self._node.names(entry.path)
            ]
            if all(managed):
                if differences(found, entry):
                    self._plan(UPDATE, entry, found)
                self._own(entry, tags.get(entry.path, _HOUSING), None)

    def drop(self, makes: dict[str, Callable[[str], bool] | None]) -> None:
        """Plan the removal of what these components once wanted and want no longer."""
        gone = {}
        for path, owned in self.known.items():
            if path in self._desired or owned.tags.isdisjoint(self._asked):
                continue
            rest = self._staying_tags(path, owned)
            if rest == owned.tags:
                continue
            if rest:
                self.after.owned[path] = Owned(owned.kind, rest, owned.replaced, owned.made)
            else:
                gone[path] = owned
        if not gone:
            return
        from .removal import Removal

        def create(path: str, entry: Entry) -> None:
            self.changes.append(Change(CREATE, path, None, entry))

        def update(path: str, found: Entry, entry: Entry) -> None:
            self.changes.append(Change(UPDATE, path, found, entry, tuple(differences(found, entry) or ("origin",))))

        def remove(path: str, found: Entry) -> None:
            self.changes.append(Change(REMOVE, path, found, None))

        removal = Removal(self._node, self.after, makes, create, update, remove)
        removal.plan(gone)
        self.left += removal.left

    def set_faults(self, faults: tuple[str, ...]) -> None:
        """Record the faults; one goes with the last of the components that it belongs to."""
        if faults:
            words = {tag.partition(":")[0] for tag in self.after.tags}
            self.after.faults = tuple([fault for fault in sorted(faults) if fault.partition(" ")[0] in words])

    def house_manifest(self) -> None:
        """Plan the directories that the manifest is in.

        Those that were made for it have a tag of their own, so that they outlive every component and go with the last.
        """
        owned = self.after.owned
        needed = any(item.tags != _HOUSING for item in owned.values())
        planned = {change.path for change in self.changes if change.action != REMOVE}
        if needed:
            missing = False
            for path in manifests.DIRECTORIES:
                missing = missing or (self._node.observe(path) is None)
                if path in owned:
                    old = owned[path]
                    owned[path] = Owned(DIRECTORY, old.tags | _HOUSING, None, old.made)
                elif missing:
                    owned[path] = Owned(DIRECTORY, _HOUSING, None, (facts(a_directory(path)),))
                if missing and path not in planned:
                    self.changes.insert(0, Change(CREATE, path, None, a_directory(path)))
            return
        gone = {change.path for change in self.changes if change.action == REMOVE} | {manifests.PATH, manifests.LOCK}
        for path in reversed(manifests.DIRECTORIES):
            if path in owned:
                found = self._node.observe(path)
                if found is None:
                    break
                if any(f"{path}/{name}" not in gone for name in self._node.names(path)):
                    named = any(left.path.startswith(path + "/") for left in self.left)
                    if path == manifests.STATE_DIRECTORY and not named:
                        self.left.append(Left(path, IN_USE))
                    break
                gone.add(path)
                self.changes.append(Change(REMOVE, path, found, None))
        owned.clear()


def _tells(entry: Entry) -> bool:
    """Whether something equal to *entry* can only have been made by nvmock.gpu."""
    return entry.kind == FILE and bool(entry.content)
