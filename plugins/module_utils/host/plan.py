# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The difference between what should be on a node and what is there. Pure: looks through the functions it is given.

The plan is what check mode and diff mode show and what apply carries out; there is no other list.
"""

from __future__ import annotations

from ..errors import GuardError, HostError
from ..values import Value
from . import manifest as manifests
from .entries import ASIDE, CHAR, DIRECTORY, FILE, SYMLINK, Entry, differences
from .entries import directory as a_directory
from .hidden import kept_name
from .manifest import Manifest, Owned
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


class Plan:
    """Changes in the order in which they are to be made, and the manifests of before and after them."""

    def __init__(self, changes: list[Change], before: Manifest, after: Manifest) -> None:
        self.changes = changes
        self.before = before
        self.after = after

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to write, not even the manifest."""
        if self.changes or self.before.in_progress:
            return False
        return self.after.to_bytes() == self.before.to_bytes()

    @property
    def during(self) -> Manifest:
        """The manifest while the changes are being made: everything that is or may become ours."""
        owned = dict(self.before.owned)
        for path, new in self.after.owned.items():
            old = owned.get(path)
            if old is None:
                owned[path] = new
            else:
                owned[path] = Owned(new.kind, old.tags | new.tags, new.replaced or old.replaced)
        return Manifest(owned, in_progress=True)


def make_plan(
    wanted: dict[str, list[Entry]],
    known: Manifest,
    observe: Callable[[str], Entry | None],
    names: Callable[[str], list[str]],
    is_directory: Callable[[str], bool],
    take_over: bool = False,
    exclusive: tuple[str, ...] = (),
) -> Plan:
    """Compare *wanted* with the node.

    :arg wanted: for each component (a tag) everything that it wants; components that are not named are left as they are.
    :arg known: the manifest.
    :arg observe: what is at a path.
    :arg names: the names in a directory.
    :arg is_directory: whether a path is a directory or a link to one.
    :arg take_over: replace files that are not ours, remembering them for the removal.
    :arg exclusive: directories that must be ours or empty.
    :raises HostError: something stands in the way that is not ours to move.
    :raises GuardError: files that are not ours are where ours should be.
    """
    planner = _Planner(known, set(wanted), observe, names, is_directory, take_over)
    desired, tags = _merge(wanted)
    planner.guard_exclusive(exclusive, tags)
    foreign: list[str] = []
    for path in sorted(desired):
        planner.want(desired[path], tags[path], foreign)
    if foreign:
        more = f" (and {len(foreign) - 1} more)" if len(foreign) > 1 else ""
        raise GuardError(
            f"{foreign[0]}{more} exists and was not made by nvmock.gpu: remove it, or say take_over to have it replaced "
            "now and put back on removal"
        )
    planner.drop(desired)
    planner.house_manifest()
    return Plan(planner.changes, known, planner.after)


def _merge(wanted: dict[str, list[Entry]]) -> tuple[dict[str, Entry], dict[str, frozenset[str]]]:
    """Join the components' wishes, adding the directories that things lie in."""
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
                above.uid, above.gid = owner.uid, owner.gid
                desired[parent] = above
                tags[parent] = set()
            tags[parent] |= tags[path]
            parent = split(parent)[0]
    return desired, {path: frozenset(names) for path, names in tags.items()}


class _Planner:
    def __init__(
        self,
        known: Manifest,
        asked: set[str],
        observe: Callable[[str], Entry | None],
        names: Callable[[str], list[str]],
        is_directory: Callable[[str], bool],
        take_over: bool,
    ) -> None:
        self.known = known.owned
        self.after = Manifest(dict(known.owned))
        self.changes: list[Change] = []
        self._asked = asked
        self._observe = observe
        self._names = names
        self._is_directory = is_directory
        self._take_over = take_over
        self._missing: set[str] = set()
        self._directories: dict[str, bool] = {"/": True}

    def guard_exclusive(self, exclusive: tuple[str, ...], tags: dict[str, frozenset[str]]) -> None:
        """Refuse a directory of somebody else's with something in it, such as a real driver installation."""
        for path in exclusive:
            if path in tags and path not in self.known and not self._take_over:
                found = self._observe(path)
                if found is None or found.kind != DIRECTORY or self._has_moved_in(path, tags[path]):
                    continue
                if self._has_foreign(path):
                    raise GuardError(
                        f"{path} exists, is not empty and was not made by nvmock.gpu (a real driver?): name another "
                        "directory, or say take_over to write into it"
                    )

    def _has_moved_in(self, path: str, tags: frozenset[str]) -> bool:
        """Whether these components have something below *path* already: then the user has agreed to it before."""
        below = path + "/"
        return any(key.startswith(below) and not owned.tags.isdisjoint(tags) for key, owned in self.known.items())

    def _has_foreign(self, path: str) -> bool:
        prefix = "" if path == "/" else path
        return any(f"{prefix}/{name}" not in self.known for name in self._names(path))

    def want(self, entry: Entry, tags: frozenset[str], foreign: list[str]) -> None:
        """Plan for one wanted entry; append its path to *foreign* if something else is there that is not ours."""
        path = entry.path
        owned = self.known.get(path)
        parent = split(path)[0]
        # Below a directory that is missing nothing can be: spare the look.
        found = None if parent in self._missing else self._observe(path)
        if entry.kind == DIRECTORY:
            self._want_directory(entry, found, owned, tags)
            return
        replaced = owned.replaced if owned else None
        if found is None:
            self.changes.append(Change(CREATE, path, None, entry))
        else:
            what = differences(found, entry)
            if owned is None:
                if found.kind == DIRECTORY:
                    raise HostError(f"{path} is a directory, but {_KIND_WORDS[entry.kind]} must be there: move it away")
                if not self._take_over:
                    foreign.append(path)
                    return
                parent, name = split(path)
                kept = kept_name(name, lambda other: self._observe(join(parent, other)) is not None)
                replaced = Entry(path, ASIDE, target=kept)
                what = what or ["origin"]
            elif found.kind == DIRECTORY and self._names(path):
                raise HostError(
                    f"{path} is a directory with files in it, but must be {_KIND_WORDS[entry.kind]}: move it"
                )
            if what:
                self.changes.append(Change(UPDATE, path, found, entry, tuple(what)))
        self._own(path, entry.kind, tags, replaced)

    def _want_directory(self, entry: Entry, found: Entry | None, owned: Owned | None, tags: frozenset[str]) -> None:
        path = entry.path
        if found is None:
            self._missing.add(path)
            self.changes.append(Change(CREATE, path, None, entry))
        elif found.kind != DIRECTORY:
            if found.kind == SYMLINK and entry.implicit and self._is_directory(path):
                if owned is None or owned.kind != SYMLINK:
                    return
                # Nothing of ours goes through a link of ours: it would be lost with the link. One that nobody wants any
                # longer makes room.
                if owned.tags - self._asked:
                    raise HostError(f"{path} is a symbolic link of another part of this node, but must be a directory")
            if owned is None:
                raise HostError(
                    f"{path} is {_KIND_WORDS.get(found.kind, 'no directory')}, but a directory must be there"
                )
            self._missing.add(path)
            self.changes.append(Change(UPDATE, path, found, entry, ("type",)))
        elif owned is None:
            return  # somebody else's directory: used, not touched
        elif not (entry.implicit and owned.tags - self._asked):
            # (Another component's directory that we only pass through keeps the mode and owner that it has.)
            what = differences(found, entry)
            if what:
                self.changes.append(Change(UPDATE, path, found, entry, tuple(what)))
        self._own(path, DIRECTORY, tags, None)

    def _own(self, path: str, kind: str, tags: frozenset[str], replaced: Entry | None) -> None:
        old = self.known.get(path)
        # Of the components that are asked now, only those count that want the path now.
        self.after.owned[path] = Owned(kind, tags | (old.tags - self._asked) if old else tags, replaced)

    def drop(self, desired: dict[str, Entry]) -> None:
        """Plan the removal of what these components once wanted and want no longer: files first, deepest first."""
        tags = self._asked
        directories: list[str] = []
        leaving: set[str] = set()
        for path in sorted(self.known, reverse=True):
            owned = self.known[path]
            if path in desired or owned.tags.isdisjoint(tags):
                continue
            rest = owned.tags - tags
            if rest:
                self.after.owned[path] = Owned(owned.kind, rest, owned.replaced)
                continue
            del self.after.owned[path]
            if owned.kind == DIRECTORY:
                directories.append(path)
                continue
            found = self._observe(path) if self._reachable(split(path)[0]) else None
            # An empty directory can be there, too: container engines make one where a mount's source is missing.
            used = found is not None and found.kind == DIRECTORY and bool(self._names(path))
            before = None if owned.replaced is None else self._what_comes_back(path, owned.replaced)
            if before is not None:
                if used:
                    raise HostError(
                        f"{path} is a directory with files in it, but what was there before us must come back: move it"
                    )
                if found is None:
                    self.changes.append(Change(CREATE, path, None, before))
                elif owned.replaced is not before or differences(found, before):
                    what = differences(found, before) or ["origin"]
                    self.changes.append(Change(UPDATE, path, found, before, tuple(what)))
            elif found is not None and not used:
                leaving.add(path)
                self.changes.append(Change(REMOVE, path, found, None))
        self._drop_directories(directories, leaving)

    def _what_comes_back(self, path: str, replaced: Entry) -> Entry | None:
        """What was at *path* before nvmock.gpu; None if it is lost. Older versions wrote it into the manifest."""
        if replaced.kind != ASIDE:
            return replaced
        parent = split(path)[0]
        kept = self._observe(join(parent, replaced.target or "")) if self._reachable(parent) else None
        if kept is not None:
            kept.path = path
        return kept

    def _drop_directories(self, directories: list[str], leaving: set[str]) -> None:
        """Remove our directories that become empty; *directories* are deepest first."""
        for path in directories:
            found = self._observe(path) if self._reachable(split(path)[0]) else None
            if found is None or (found.kind == SYMLINK and self._is_directory(path)):
                continue  # a directory that was moved and linked to is its owner's business
            if found.kind != DIRECTORY or all(f"{path}/{name}" in leaving for name in self._names(path)):
                leaving.add(path)
                self.changes.append(Change(REMOVE, path, found, None))

    def _reachable(self, path: str) -> bool:
        """Whether *path* is a directory, or a link to one: with something else in its place, nothing is below it."""
        known = self._directories.get(path)
        if known is None:
            known = self._reachable(split(path)[0]) and self._is_directory_now(path)
            self._directories[path] = known
        return known

    def _is_directory_now(self, path: str) -> bool:
        found = self._observe(path)
        if found is not None and found.kind == SYMLINK:
            return self._is_directory(path)
        return found is not None and found.kind == DIRECTORY

    def house_manifest(self) -> None:
        """Plan the directories that the manifest itself lies in.

        Those that we made are ours under a tag of their own, so that they outlive every component and go with the last.
        """
        owned = self.after.owned
        needed = any(item.tags != _HOUSING for item in owned.values())
        planned = {change.path for change in self.changes if change.action != REMOVE}
        if needed:
            missing = False
            for path in manifests.DIRECTORIES:
                missing = missing or (self._observe(path) is None)
                if path in owned:
                    owned[path] = Owned(DIRECTORY, owned[path].tags | _HOUSING)
                elif missing:
                    owned[path] = Owned(DIRECTORY, _HOUSING)
                if missing and path not in planned:
                    self.changes.insert(0, Change(CREATE, path, None, a_directory(path)))
            return
        gone = {change.path for change in self.changes if change.action == REMOVE} | {manifests.PATH, manifests.LOCK}
        for path in reversed(manifests.DIRECTORIES):
            if path in owned:
                found = self._observe(path)
                if found is None or any(f"{path}/{name}" not in gone for name in self._names(path)):
                    break
                gone.add(path)
                self.changes.append(Change(REMOVE, path, found, None))
        owned.clear()
