# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Carry out a plan, all or none.

The manifest says beforehand what is about to become ours; after a kill at any point the next run knows what to complete
and what to sweep away. After an error everything is put back as it was.
"""

from __future__ import annotations

import os

from ..errors import HostError
from . import manifest as manifests
from .entries import FILE, Entry
from .manifest import Manifest
from .plan import REMOVE, Change, Plan
from .put import TEMPORARY, MknodRefused, NewTree, create, make, new_tree, put, remove, remove_temporary, take_back
from .root import HostRoot, join, split


class MknodError(HostError):
    """Character devices can't be made here."""


def sweep(root: HostRoot, known: Manifest) -> None:
    """Remove temporary files that a killed run left behind.

    :raises HostError: they can't be removed.
    """
    if root.status(manifests.PATH) is None:
        places = {_housing(root)[0]}
    elif known.in_progress:
        places = {split(path)[0] for path in known.owned} | set(manifests.DIRECTORIES) | {"/"}
    else:
        places = {manifests.STATE_DIRECTORY}  # killed while the manifest was about to say "in progress"
    for place in sorted(places):
        try:
            descriptor = root.directory(place)
        except HostError:
            continue  # not a directory any more: nothing of ours is in it
        try:
            if descriptor is not None and _has_temporary(descriptor):
                remove_temporary(descriptor)
        except OSError as error:
            raise HostError(
                f"{join(place, TEMPORARY)}: left by a killed run, can't be removed: {error.strerror}"
            ) from None


def _has_temporary(directory: int) -> bool:
    try:
        os.stat(TEMPORARY, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def apply(root: HostRoot, plan: Plan) -> None:
    """Make the changes of *plan*, all or none.

    :raises MknodError: the process may not make character devices; nothing was changed.
    :raises HostError: the filesystem refused something; nothing was changed, or the message says what could not be undone.
    """
    before = plan.before
    if not plan.changes and not before.in_progress and before.is_held and plan.after.to_bytes() == before.to_bytes():
        return
    umask = os.umask(0)
    done: list[Change] = []
    current = manifests.PATH
    try:
        made = manifests.DIRECTORIES[len(manifests.DIRECTORIES) - len(_housing(root)[1]) :]
        try:
            if plan.changes:
                _store(root, plan.during)
            tree: NewTree | None = None
            for change in plan.changes:
                current = change.path
                done.append(change)
                if change.path in manifests.DIRECTORIES and change.action == REMOVE:
                    continue  # those go with the manifest
                if tree is not None and change.path.startswith(tree.inside):
                    tree.make(root, change)
                    continue
                if tree is not None:
                    tree.show()
                tree = new_tree(root, change)
                if tree is None:
                    make(root, change)
            if tree is not None:
                tree.show()
            current = manifests.PATH
            if plan.after.owned:
                _store(root, plan.after)
            else:
                _remove_store(root, [change.path for change in plan.changes if change.action == REMOVE])
        except (OSError, HostError) as error:  # a HostError comes from looking at what changed under our hands
            left = _undo(root, done, plan.before, made)
            raise _explain(current, error, left) from None
    finally:
        os.umask(umask)


def _explain(path: str, error: OSError | HostError, left: list[str]) -> HostError:
    outcome = "nothing was changed" if not left else "could not be undone: " + ", ".join(left)
    if isinstance(error, MknodRefused):
        return MknodError(
            f"{path}: the character device can't be made (mknod: {error.strerror}): run as root with CAP_MKNOD, or ask "
            f"for regular files with device_files=regular; {outcome}"
        )
    if isinstance(error, HostError):
        return HostError(f"{error}; {outcome}")
    return HostError(f"{path}: {error.strerror or error}; {outcome}")


def _undo(root: HostRoot, done: list[Change], before: Manifest, made: tuple[str, ...]) -> list[str]:
    """Take back the changes in reverse order; return the paths where that failed.

    :arg made: directories of the manifest that were missing before.
    """
    left: list[str] = []
    # Temporaries first: a directory that is to go must be empty.
    for place in {split(change.path)[0] for change in done} | {"/", *manifests.DIRECTORIES}:
        try:
            descriptor = root.directory(place)
            if descriptor is not None:
                remove_temporary(descriptor)
        except (OSError, HostError):
            left.append(join(place, TEMPORARY))
    try:
        if before.owned and root.status(manifests.PATH) is None:  # removed already, with what it lies in
            _store(root, Manifest(before.owned, in_progress=True))
    except (OSError, HostError):
        left.append(manifests.PATH)
    for change in reversed(done):
        try:
            if change.path not in made:
                take_back(root, change)
        except (OSError, HostError):
            left.append(change.path)
    if left:
        return left  # the manifest goes on saying "in progress", so that the next run looks at everything
    try:
        if not before.owned:
            if root.status(manifests.PATH) is not None:
                _remove_store(root, list(made))
        elif root.read(manifests.PATH) != before.to_bytes():
            _store(root, before)
    except (OSError, HostError):
        left.append(manifests.PATH)
    return left


def _housing(root: HostRoot) -> tuple[str, list[str]]:
    """Return the deepest directory on the way to the manifest that exists, and the names missing below it."""
    place = "/"
    for path in manifests.DIRECTORIES:
        if root.directory(path) is None:
            return place, [split(lower)[1] for lower in manifests.DIRECTORIES[manifests.DIRECTORIES.index(path) :]]
        place = path
    return place, []


def _opened(root: HostRoot, place: str) -> int:
    directory = root.directory(place)
    if directory is None:
        raise HostError(f"{place}: vanished while it was worked in")
    return directory


def _store(root: HostRoot, manifest: Manifest) -> None:
    """Write the manifest; missing directories appear together with it, in one rename."""
    place, missing = _housing(root)
    if not missing:
        put(root, Entry(manifests.PATH, FILE, mode=0o644, content=manifest.to_bytes()))
        return
    directory = _opened(root, place)
    remove_temporary(directory)
    os.mkdir(TEMPORARY, 0o755, dir_fd=directory)
    handle = os.open(TEMPORARY, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        os.fchmod(handle, 0o755)  # a set-group-id directory hands its bit down
        for name in missing[1:]:
            os.mkdir(name, 0o755, dir_fd=handle)
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=handle)
            os.close(handle)
            handle = inner
            os.fchmod(handle, 0o755)
        create(handle, Entry(manifests.PATH, FILE, mode=0o644, content=manifest.to_bytes()))
        os.rename(TEMPORARY, split(manifests.PATH)[1], src_dir_fd=handle, dst_dir_fd=handle)
    finally:
        os.close(handle)
    os.rename(TEMPORARY, missing[0], src_dir_fd=directory, dst_dir_fd=directory)


def _remove_store(root: HostRoot, removed: list[str]) -> None:
    """Remove the manifest and those of its directories that are in *removed*, out of sight in one rename."""
    ours = [path for path in manifests.DIRECTORIES if path in removed]
    if not ours:
        remove(root, manifests.PATH)
        return
    parent, name = split(ours[0])
    directory = _opened(root, parent)
    root.forget(ours[0])
    os.rename(name, TEMPORARY, src_dir_fd=directory, dst_dir_fd=directory)
    remove_temporary(directory)
