# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Carry out a plan, all or none.

1. Announce: the manifest names all that is about to be made, and is marked "in progress".
2. Stage: all new content is made beside its place. A full disk shows here.
3. Move: what is there goes aside, what is new takes its place, by renames only.
4. Clean up: what went aside is removed.
5. Finish: the manifest of the new state replaces the announced one, or goes with the directories made for it.

An error in the first three, or before anything is lost in the fourth, ends with everything renamed back. A run that is killed
leaves the manifest "in progress"; the next run removes what has the hidden names, and completes what is missing.
"""

from __future__ import annotations

import os

from ..errors import HostError
from . import housing
from . import lock as locking
from . import manifest as manifests
from .entries import ASIDE, DIRECTORY, FILE, Entry
from .hidden import staged_prefix
from .lock import Lock
from .manifest import Manifest
from .plan import REMOVE, Change, Plan
from .put import MknodRefused, Unsynced, create, status_of, sync_directory, unlink
from .root import HostRoot, join, split
from .steps import Attributes, Return, Step, Tree, synced

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class MknodError(HostError):
    """Character devices can't be made here."""


def apply(root: HostRoot, plan: Plan, lock: Lock) -> None:
    """Make the changes of *plan*, all or none.

    :arg lock: is held; if the node has no lock file yet, this makes it.
    :raises MknodError: the process may not make character devices; nothing was changed.
    :raises HostError: the filesystem refused something; nothing was changed, or the message says what could not be undone.
    :raises Overtaken: another run made the directory of the manifest first; nothing was changed.
    """
    work = _Transaction(root, plan, lock)
    umask = os.umask(0)
    try:
        work.run()
    except locking.Overtaken:
        raise
    except BaseException as error:
        outcome = f"everything else is done; {_RERUN}"
        if not work.is_final:
            left = work.undo()
            outcome = "could not be undone: " + ", ".join(left) if left else "nothing was changed"
        if isinstance(error, Exception):
            raise _explain(work.current, error, outcome) from None
        raise
    finally:
        work.close()
        os.umask(umask)


_RERUN = "run the same command again to complete it"


def _explain(path: str, error: BaseException, outcome: str) -> HostError:
    if isinstance(error, MknodRefused):
        return MknodError(
            f"{path}: the character device can't be made (mknod: {error.strerror}): run as root with CAP_MKNOD, or ask "
            f"for regular files with device_files=regular; {outcome}"
        )
    if isinstance(error, HostError):
        return HostError(f"{error}; {outcome}")
    if isinstance(error, OSError):
        return HostError(f"{path}: {error.strerror or error}; {outcome}")
    words = " ".join(f"{type(error).__name__}: {error}".split())
    return HostError(f"{path}: {words}; {outcome}")


class _Transaction:
    def __init__(self, root: HostRoot, plan: Plan, lock: Lock) -> None:
        self.current = manifests.PATH
        self.is_final = False  # something is lost for good: there is only the way forward
        self._root = root
        self._plan = plan
        self._lock = lock
        self._prefix = staged_prefix()
        self._count = 0
        self._unsynced = Unsynced()
        self._steps: list[Step | Attributes] = []
        self._trees: list[Tree] = []
        self._made: tuple[str, ...] = ()  # directories of the manifest that this run made
        self._has_made_lock = False
        self._manifest: Step | None = None
        self._trial: str | None = None  # hidden name for the lock file
        self._final: str | None = None  # hidden name of the manifest of the new state
        during = plan.during
        self._during = Manifest(during.owned, in_progress=True, staged=self._prefix, faults=during.faults)
        # Those of the manifest's directories that go with it.
        removed = {change.path for change in plan.changes if change.action == REMOVE}
        self._going = () if plan.after.owned else tuple(path for path in manifests.DIRECTORIES if path in removed)

    def run(self) -> None:
        """:raises OSError, HostError, Overtaken: it did not work."""
        self._announce()
        self._stage()
        self._move()
        self._clean()
        self._finish()

    # -- 1. announce --------------------------------------------------------------------------------------------------

    def _announce(self) -> None:
        place, missing = housing.missing_directories(self._root)
        if missing:
            self._show_housing(place, missing)
        directory = _opened(self._root, manifests.STATE_DIRECTORY)
        if self._lock.is_missing:
            self._lock.adopt(locking.make(directory))
            self._has_made_lock = True
        if self._plan.changes and not missing:
            before = housing.manifest_file(b"") if status_of(directory, housing.MANIFEST) is not None else None
            self._manifest = Step(directory, manifests.PATH, before, self._name(), self._name())
            self._manifest.stage(housing.manifest_file(self._during.to_bytes()), self._unsynced)
            self._unsynced.sync()
            self._manifest.move()
            sync_directory(directory)
        if self._plan.after.owned:
            self._final = self._name()
            content = self._plan.after.to_bytes()
            create(directory, housing.manifest_file(content), self._final, self._unsynced)
            manifests.remember(content, self._plan.after)

    def _show_housing(self, place: str, missing: list[str]) -> None:
        """Make the manifest's directories with the manifest and the lock in them, and show them in one rename."""
        directory = _opened(self._root, place)
        name = self._name()
        try:
            lock = housing.make(directory, name, missing, self._during, self._unsynced)
        except BaseException:
            housing.remove(directory, name)
            raise
        try:
            os.rename(name, missing[0], src_dir_fd=directory, dst_dir_fd=directory)
        except OSError as error:
            os.close(lock)
            housing.remove(directory, name)
            if error.errno in housing.NOT_EMPTY:
                raise locking.Overtaken from None
            raise
        self._made = manifests.DIRECTORIES[len(manifests.DIRECTORIES) - len(missing) :]
        self._lock.adopt(lock)
        sync_directory(directory)

    # -- 2. stage -----------------------------------------------------------------------------------------------------

    def _stage(self) -> None:
        tree: Tree | None = None
        for change in self._plan.changes:
            self.current = change.path
            entry = change.after
            if change.path in self._made or change.path in self._going:
                if entry is not None and change.path in self._made:
                    self._steps.append(Attributes(self._parent(change.path), entry, entry))
            elif tree is not None and entry is not None and change.path.startswith(tree.inside):
                tree.add(entry, self._unsynced)
            else:
                tree = self._stage_one(change)
        self._unsynced.sync()

    def _stage_one(self, change: Change) -> Tree | None:
        entry, before, path = change.after, change.before, change.path
        if entry is None and self._root.directory(split(path)[0]) is None:
            return None  # it is gone with its directory already
        directory = self._parent(path)
        if entry is not None and entry.kind == DIRECTORY:
            if before is not None and before.kind == DIRECTORY:
                self._steps.append(Attributes(directory, before, entry))
                return None
            return self._stage_tree(directory, entry, before)
        if entry is not None and before is not None and _stays(entry, before, change.what):
            self._steps.append(Attributes(directory, before, entry))
            return None
        kept = self._kept(path)
        step: Step
        if entry is None:
            step = Step(directory, path, before, None, self._name())
            self._steps.append(step)
        elif kept is not None and path not in self._plan.after.owned:
            self._steps.append(Return(directory, path, before, kept, self._name()))
        else:
            taken = self._taken(path)
            step = Step(directory, path, before, self._name(), taken or self._name(), taken is not None)
            self._steps.append(step)
            step.stage(entry, self._unsynced)
        return None

    def _stage_tree(self, directory: int, entry: Entry, before: Entry | None) -> Tree | None:
        parent, name = split(entry.path)
        real = join(self._root.real(parent) or parent, name)
        for tree in self._trees:
            if real in tree.descriptors:  # the same directory under two names
                self._root.reach(entry.path, os.dup(tree.descriptors[real]))
                return None
        tree = Tree(self._root, directory, entry.path, before, self._name(), self._name())
        self._steps.append(tree)
        self._trees.append(tree)
        tree.stage(entry, self._unsynced)
        return tree

    def _kept(self, path: str) -> str | None:
        """The hidden name of what was taken over at *path*, before this run."""
        item = self._plan.before.owned.get(path)
        return None if item is None or item.replaced is None or item.replaced.kind != ASIDE else item.replaced.target

    def _taken(self, path: str) -> str | None:
        """The hidden name for what this run takes over at *path*."""
        item = self._plan.after.owned.get(path)
        if item is None or item.replaced is None or item.replaced.kind != ASIDE:
            return None
        return None if self._kept(path) == item.replaced.target else item.replaced.target

    def _parent(self, path: str) -> int:
        return _opened(self._root, split(path)[0])

    def _name(self) -> str:
        self._count += 1
        return f"{self._prefix}{self._count}"

    # -- 3. move ------------------------------------------------------------------------------------------------------

    def _move(self) -> None:
        for step in self._steps:
            self.current = step.path
            step.move()
        if self._final is None:
            self.current = locking.PATH
            self._trial = self._name()
            directory = _opened(self._root, manifests.STATE_DIRECTORY)
            _try_removal(directory, locking.NAME, self._trial)
            _end_trial(directory, locking.NAME, self._trial)
        for path in self._going:
            self.current = path
            _check_removal(self._parent(path), split(path)[1])
        synced(self._steps)

    # -- 4. clean up --------------------------------------------------------------------------------------------------

    def _clean(self) -> None:
        for step in self._steps:
            self.current = step.path
            try:
                self.is_final = step.clean() or self.is_final
            except OSError:
                if not self.is_final:
                    raise
                step.clean()  # an error that passes is no error

    # -- 5. finish ----------------------------------------------------------------------------------------------------

    def _finish(self) -> None:
        self.current = manifests.PATH
        if self._going:
            self._without_way_back(self._clean_manifest)
            parent, name = self._parent(self._going[0]), split(self._going[0])[1]
            hidden = self._name()
            self._without_way_back(lambda: housing.hide_and_remove(parent, name, hidden))
            return
        directory = _opened(self._root, manifests.STATE_DIRECTORY)
        if self._final is None:
            self._without_way_back(self._clean_manifest)
            self._without_way_back(lambda: unlink(directory, housing.MANIFEST))
            self._without_way_back(lambda: unlink(directory, locking.NAME))
        else:
            final = self._final
            self._without_way_back(
                lambda: os.rename(final, housing.MANIFEST, src_dir_fd=directory, dst_dir_fd=directory)
            )
            self._without_way_back(self._clean_manifest)
        self._without_way_back(lambda: sync_directory(directory))

    def _clean_manifest(self) -> None:
        if self._manifest is not None:
            self._manifest.clean()

    def _without_way_back(self, action: Callable[[], object]) -> None:
        """Do what can't be undone; an error that passes is no error once something else is final."""
        try:
            action()
        except OSError:
            if not self.is_final:
                raise
            action()
        self.is_final = True

    # -- undo ---------------------------------------------------------------------------------------------------------

    def undo(self) -> list[str]:
        """Undo the steps in reverse order; return the paths where that failed, and those left over."""
        self._unsynced.close()
        left = [step.left for step in self._undo_steps()]
        try:
            if self._trial is not None:
                _end_trial(_opened(self._root, manifests.STATE_DIRECTORY), locking.NAME, self._trial)
            if self._final is not None:
                unlink(_opened(self._root, manifests.STATE_DIRECTORY), self._final)
        except (OSError, HostError):
            left.append(join(manifests.STATE_DIRECTORY, self._final or self._trial or ""))
        try:
            if left:  # the manifest goes on saying "in progress", so that the next run looks at everything
                self._clean_manifest()
                return left
            if self._made:
                housing.hide_and_remove(self._parent(self._made[0]), split(self._made[0])[1], self._name())
            elif self._manifest is not None:
                self._manifest.undo()
            if self._has_made_lock:
                unlink(_opened(self._root, manifests.STATE_DIRECTORY), locking.NAME)
        except (OSError, HostError):
            left.append(manifests.PATH if self._manifest is None else self._manifest.left)
        return left

    def _undo_steps(self) -> list[Step | Attributes]:
        """Return the steps that can't be undone.

        What fails is tried again when others are undone: a full disk has room for the old name of one file when the hidden name of
        another is gone.
        """
        pending = self._steps[::-1]
        while True:
            failed = []
            for step in pending:
                try:
                    step.undo()
                except (OSError, HostError):
                    failed.append(step)
            if not failed or len(failed) == len(pending):
                return failed
            pending = failed

    def close(self) -> None:
        """Close all files; what the root knows of directories is of before."""
        self._unsynced.close()
        self._root.drop()


def _opened(root: HostRoot, place: str) -> int:
    directory = root.directory(place)
    if directory is None:
        raise HostError(f"{place}: vanished during the run")
    return directory


def _try_removal(directory: int, name: str, hidden: str) -> None:
    """Ask whether the file *name* could be removed: what forbids it forbids a second name, and another name.

    :raises OSError: it could not.
    """
    try:
        os.link(name, hidden, src_dir_fd=directory, dst_dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return
    except OSError:  # refused, or there are no hard links on this filesystem
        os.rename(name, hidden, src_dir_fd=directory, dst_dir_fd=directory)


def _end_trial(directory: int, name: str, hidden: str) -> None:
    """Take back what :func:`_try_removal` did.

    :raises OSError: the filesystem refused.
    """
    if status_of(directory, name) is not None:
        unlink(directory, hidden)
    elif status_of(directory, hidden) is not None:
        os.rename(hidden, name, src_dir_fd=directory, dst_dir_fd=directory)


def _check_removal(directory: int, name: str) -> None:
    """Ask whether *name*, which is not empty, could be removed: rmdir(2) refuses a mount point and what else forbids it.

    :raises OSError: it could not.
    """
    try:
        os.rmdir(name, dir_fd=directory)
    except OSError as error:
        if error.errno not in housing.NOT_EMPTY:
            raise


def _stays(entry: Entry, before: Entry, what: tuple[str, ...]) -> bool:
    """Whether a file that others hold only gets another owner or mode."""
    return entry.fixed is not None and before.kind == FILE and "content" not in what
