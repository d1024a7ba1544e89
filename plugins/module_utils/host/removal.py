# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What leaves a node: what was made is compared with what is there, and what differs is left and named.

A removal is as strict as a creation. No link is followed where a creation would refuse one, nothing is deleted that was
changed since it was made, and nothing whose place the component can't have made something at. What is left stays in the
manifest, so that the next run knows of it.
"""

from __future__ import annotations

from .entries import ASIDE, DIRECTORY, FILE, SYMLINK, Entry, differences
from .entries import directory as a_directory
from .left import A_LINK, CHANGED, IN_USE, MOVED, NOT_OF_A_COMPONENT, Left
from .looking import Node
from .manifest import Manifest, Owned
from .root import join, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_SET_ID = 0o6000


class Removal:
    """Plans the removal of paths.

    :arg node: the node.
    :arg after: the manifest after the run; gets what is left.
    :arg makes: for each component that loses something, whether it can have made something at a path.
    :arg create: plans that something comes back where nothing is.
    :arg update: plans that something comes back in the place of another.
    :arg remove: plans a removal.
    """

    def __init__(
        self,
        node: Node,
        after: Manifest,
        makes: dict[str, Callable[[str], bool] | None],
        create: Callable[[str, Entry], None],
        update: Callable[[str, Entry, Entry], None],
        remove: Callable[[str, Entry], None],
    ) -> None:
        self.left: list[Left] = []
        self._node = node
        self._after = after
        self._makes = makes
        self._create, self._update, self._remove = create, update, remove
        self._leaving: set[str] = set()  # places
        self._staying: set[str] = set()  # places
        self._used: set[str] = set()  # directories with something below them that is left
        self._links: dict[str, int] = {}

    def plan(self, gone: dict[str, Owned]) -> None:
        """Plan for *gone*, which the components want no longer: files first, then directories, deepest first."""
        for path in gone:
            del self._after.owned[path]
        self._staying = {self._node.place(path) for path in self._after.owned}
        directories = []
        for path in sorted(gone, reverse=True):
            if gone[path].kind == DIRECTORY:
                directories.append(path)
            elif not self._is_behind_a_link(path, gone[path]):
                self._plan_one(path, gone[path])
        directories.sort(key=self._node.place, reverse=True)
        for path in directories:
            if not self._is_behind_a_link(path, gone[path]):
                self._plan_directory(path, gone[path])
        self.left += [Left(link, A_LINK, below) for link, below in sorted(self._links.items())]
        self.left.sort(key=lambda left: left.path)

    def _is_behind_a_link(self, path: str, owned: Owned) -> bool:
        reached = self._node.reach(split(path)[0])
        if not isinstance(reached, str):
            return False
        self._links[reached] = self._links.get(reached, 0) + 1
        self._keep(path, owned)
        return True

    def _keep(self, path: str, owned: Owned) -> None:
        """Leave *path* in the manifest, and the directories above it."""
        self._after.owned[path] = owned
        while path != "/":
            path = split(path)[0]
            self._used.add(path)

    def _leave(self, path: str, owned: Owned, why: str) -> None:
        self.left.append(Left(path, why))
        self._keep(path, owned)

    def _observe(self, path: str) -> Entry | None:
        return self._node.observe(path) if self._node.reach(split(path)[0]) is True else None

    def _plan_one(self, path: str, owned: Owned) -> None:
        place = self._node.place(path)
        if place in self._staying or place in self._leaving:
            return  # the same thing has another name
        found = self._observe(path)
        before = self._what_comes_back(path, owned)
        if found is None and before is None:
            return
        if not self._may_have_made(path, owned):
            self._leave(path, owned, NOT_OF_A_COMPONENT)
        elif found is None and before is not None:
            if self._make_directories(split(path)[0]):
                self._create(path, _harmless(before))
            else:
                self._leave(path, owned, CHANGED)
        elif found is not None and before is not None and not differences(found, before):
            if owned.replaced is not before:  # the other file of the two is still aside
                self._update(path, found, before)
        elif found is None or not self._is_removable(path, owned, found):
            self._leave(path, owned, CHANGED)
        elif before is not None:
            self._update(path, found, _harmless(before) if before is owned.replaced else before)
        else:
            self._leaving.add(place)
            self._remove(path, found)

    def _what_comes_back(self, path: str, owned: Owned) -> Entry | None:
        """What was at *path* before nvmock.gpu; None if nothing was, or it is lost. Version 1 had it in the manifest."""
        replaced = owned.replaced
        if replaced is None or replaced.kind != ASIDE:
            return replaced
        kept = self._observe(join(split(path)[0], replaced.target or ""))
        return None if kept is None else kept.but(path=path)

    def _is_removable(self, path: str, owned: Owned, found: Entry) -> bool:
        if found.kind == DIRECTORY:
            # Container engines make an empty directory where the source of a mount is missing.
            return not self._node.names(path)
        return owned.is_as_made(found)

    def _may_have_made(self, path: str, owned: Owned) -> bool:
        checks = [self._makes[tag] for tag in owned.tags if tag in self._makes]
        return any(check is None or check(path) for check in checks)

    def _make_directories(self, path: str) -> bool:
        """Plan the missing directories for something that comes back; return whether nothing is in their way."""
        if path == "/" or path in self._node.new or self._node.reach(path) is True:
            return True
        if self._observe(path) is not None or not self._make_directories(split(path)[0]):
            return False
        self._node.new.add(path)
        self._create(path, a_directory(path))
        return True

    def _plan_directory(self, path: str, owned: Owned) -> None:
        place = self._node.place(path)
        found = self._observe(path)
        if path in self._used:
            self._keep(path, owned)
            if found is not None and found.kind == SYMLINK and self._node.is_strict(path):
                return  # named with what is below it
        if found is None or place in self._staying or place in self._leaving or path in self._used:
            return
        if found.kind == SYMLINK and not self._node.is_strict(path) and self._node.is_directory(path):
            self.left.append(Left(path, MOVED))  # by whoever administers the node
            return
        if found.kind == DIRECTORY:
            if not all(join(place, name) in self._leaving for name in self._node.names(path)):
                self._name_used(path, place)
                return
        elif not owned.is_as_made(found):
            self._leave(path, owned, A_LINK if found.kind == SYMLINK else CHANGED)
            return
        self._leaving.add(place)
        self._remove(path, found)

    def _name_used(self, path: str, place: str) -> None:
        """Name a directory that is not empty, but for those above it, and those in which other components have something."""
        below, below_path = place + "/", path + "/"
        has_others = any(other.startswith(below) for other in self._staying)
        if not has_others and not any(left.path.startswith(below_path) for left in self.left):
            self.left.append(Left(path, IN_USE))


def _harmless(entry: Entry) -> Entry:
    """Return *entry* without set-user-ID and set-group-ID bits: its content is only as good as the manifest that has it."""
    if entry.mode is None or not entry.mode & _SET_ID or entry.kind != FILE:
        return entry
    return Entry(entry.path, FILE, entry.mode & ~_SET_ID, entry.uid, entry.gid, entry.content)
