# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Carry out a plan: the only code of the collection that writes to a node.

Everything is made under a temporary name in its own directory, gets its owner and mode, and is renamed to its place, so
that nothing half-made is ever seen there. The manifest says beforehand what is about to become ours; after a kill at any
point the next run knows what to complete and what to sweep away. After an error everything is put back as it was.
"""

from __future__ import annotations

import errno
import os
import stat

from ..errors import HostError
from . import manifest as manifests
from .entries import CHAR, DIRECTORY, FILE, SYMLINK, Entry
from .manifest import Manifest
from .plan import CREATE, REMOVE, Change, Plan
from .root import HostRoot, join, split

TEMPORARY = ".nvmock.tmp"
"""The one temporary name; one suffices, as the host root is locked. What bears it is ours to remove."""


class MknodError(HostError):
    """Character devices can't be made here."""


def read_manifest(root: HostRoot) -> Manifest:
    """Return the node's manifest; an empty one if there is none.

    :raises HostError: it is damaged or unreadable.
    """
    if root.status(manifests.PATH) is None:
        return Manifest()
    return Manifest.from_bytes(root.read(manifests.PATH))


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
                _remove_temporary(descriptor)
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
    if not plan.changes and not plan.before.in_progress and plan.after.to_bytes() == plan.before.to_bytes():
        return
    umask = os.umask(0)
    done: list[Change] = []
    current = manifests.PATH
    try:
        made = manifests.DIRECTORIES[len(manifests.DIRECTORIES) - len(_housing(root)[1]) :]
        try:
            if plan.changes:
                _store(root, plan.during)
            tree: _NewTree | None = None
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
                tree = _new_tree(root, change)
                if tree is None:
                    _make(root, change)
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
    if isinstance(error, _Mknod):
        return MknodError(
            f"{path}: the character device can't be made (mknod: {error.strerror}): run as root with CAP_MKNOD, or ask "
            f"for regular files with device_files=regular; {outcome}"
        )
    if isinstance(error, HostError):
        return HostError(f"{error}; {outcome}")
    return HostError(f"{path}: {error.strerror or error}; {outcome}")


class _Mknod(OSError):
    """mknod was refused for want of rights."""


def _make(root: HostRoot, change: Change) -> None:
    entry = change.after
    if entry is None:
        _remove(root, change.path)
        return
    before = change.before
    if entry.kind == DIRECTORY and before is not None and before.kind == DIRECTORY:
        _set_directory_attributes(root, entry)
        return
    if change.action == CREATE and entry.kind == DIRECTORY and root.status(entry.path) is not None:
        _set_directory_attributes(root, entry)  # made a moment ago as the manifest's own
        return
    if before is not None and (before.kind == DIRECTORY or entry.kind == DIRECTORY):
        _remove(root, change.path)  # rename replaces neither a directory by a file nor the reverse
    elif before is not None and before.kind == SYMLINK:
        root.forget(change.path)  # it may have led to a directory
    if before is None and entry.kind != FILE and _create_in_place(root, entry):
        return
    put(root, entry)


def _create_in_place(root: HostRoot, entry: Entry) -> bool:
    """Make a directory, link or device at its place in one call, if it is born with the right owner and mode there.

    That is as atomic as a rename, and half as dear. Return whether it was done.
    """
    parent, name = split(entry.path)
    directory = root.directory(parent)
    if directory is None or entry.uid not in (None, os.geteuid()) or entry.gid not in (None, os.getegid()):
        return False
    if os.fstat(directory).st_mode & stat.S_ISGID:
        return False
    _create(directory, entry, name)
    if entry.kind == SYMLINK:
        return True
    status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    if stat.S_IMODE(status.st_mode) == entry.mode:
        return True
    _remove(root, entry.path)  # a default ACL gave it another mode
    return False


class _NewTree:
    """A directory that is new, with all that goes into it: made under the temporary name and shown in one rename."""

    def __init__(self, parent: int, path: str) -> None:
        self._parent = parent
        self._name = split(path)[1]
        self.inside = path + "/"

    def make(self, root: HostRoot, change: Change) -> None:
        """Make what goes into it: nobody sees it yet, so a file needs no rename of its own."""
        entry = change.after
        if entry is not None and entry.kind == FILE:
            parent, name = split(entry.path)
            directory = root.directory(parent)
            if directory is not None:
                _create(directory, entry, name)
                return
        _make(root, change)

    def show(self) -> None:
        os.rename(TEMPORARY, self._name, src_dir_fd=self._parent, dst_dir_fd=self._parent)


def _new_tree(root: HostRoot, change: Change) -> _NewTree | None:
    """Begin a new tree if *change* makes a directory, and that is born with the right owner and mode."""
    entry = change.after
    if entry is None or change.before is not None or entry.kind != DIRECTORY or root.status(entry.path) is not None:
        return None
    parent, _name = split(entry.path)
    directory = root.directory(parent)
    if directory is None:
        return None
    _remove_temporary(directory)
    hidden = Entry(join(parent, TEMPORARY), DIRECTORY, entry.mode, entry.uid, entry.gid)
    if not _create_in_place(root, hidden):
        return None
    root.reach_through(entry.path, TEMPORARY)
    return _NewTree(directory, entry.path)


def put(root: HostRoot, entry: Entry) -> None:
    """Make *entry* under the temporary name and rename it to its place.

    :raises OSError: the filesystem refused.
    """
    parent, name = split(entry.path)
    directory = root.directory(parent)
    if directory is None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")
    try:
        _create(directory, entry)
    except FileExistsError:
        _remove_temporary(directory)
        _create(directory, entry)
    if entry.kind != FILE:
        _set_attributes(directory, TEMPORARY, entry)  # set-group-id directories and ACLs give others
    os.rename(TEMPORARY, name, src_dir_fd=directory, dst_dir_fd=directory)


def _create(directory: int, entry: Entry, name: str = TEMPORARY) -> None:
    if entry.kind == FILE:
        mode = entry.mode or 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(name, flags, mode & 0o777, dir_fd=directory)
        try:
            rest = memoryview(entry.content or b"")
            while rest:
                rest = rest[os.write(handle, rest) :]
            status = os.fstat(handle)
            given = (entry.uid, entry.gid) not in ((None, None), (status.st_uid, status.st_gid))
            if given:
                os.fchown(handle, -1 if entry.uid is None else entry.uid, -1 if entry.gid is None else entry.gid)
            if given or stat.S_IMODE(status.st_mode) != mode:  # a change of owner takes mode bits away
                os.fchmod(handle, mode)
        finally:
            os.close(handle)
    elif entry.kind == DIRECTORY:
        os.mkdir(name, entry.mode or 0, dir_fd=directory)
    elif entry.kind == SYMLINK:
        os.symlink(entry.target or "", name, dir_fd=directory)
    elif entry.kind == CHAR:
        try:
            device = os.makedev(entry.major or 0, entry.minor or 0)
            os.mknod(name, stat.S_IFCHR | (entry.mode or 0), device, dir_fd=directory)
        except PermissionError as error:
            raise _Mknod(error.errno, error.strerror) from None
    else:
        raise OSError(errno.EINVAL, "of a kind that can't be made")


def _set_attributes(directory: int, name: str, entry: Entry) -> None:
    """Give what bears *name* the owner and mode of *entry*, where it has others."""
    status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    uid = -1 if entry.uid in (None, status.st_uid) else entry.uid
    gid = -1 if entry.gid in (None, status.st_gid) else entry.gid
    if (uid, gid) != (-1, -1):
        os.chown(name, uid, gid, dir_fd=directory, follow_symlinks=False)
    if entry.mode is not None and stat.S_IMODE(status.st_mode) != entry.mode:
        _change_mode(directory, name, entry.mode)


def _change_mode(directory: int, name: str, mode: int) -> None:
    """chmod that does not follow a link: through a descriptor that was opened without following."""
    handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        os.chmod(f"/proc/self/fd/{handle}", mode)
    finally:
        os.close(handle)


def _set_directory_attributes(root: HostRoot, entry: Entry) -> None:
    parent, name = split(entry.path)
    directory = root.directory(parent)
    if directory is None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")
    _set_attributes(directory, name, entry)


def _remove(root: HostRoot, path: str) -> None:
    parent, name = split(path)
    directory = root.directory(parent)
    if directory is None:
        return
    root.forget(path)
    try:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            os.rmdir(name, dir_fd=directory)
        else:
            os.unlink(name, dir_fd=directory)
    except FileNotFoundError:
        return


def _remove_temporary(directory: int) -> None:
    _remove_tree(directory, TEMPORARY)


def _remove_tree(directory: int, name: str) -> None:
    """Remove *name* and what is in it; only ever called for the temporary name."""
    try:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(status.st_mode):
        os.unlink(name, dir_fd=directory)
        return
    handle = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    try:
        for inner in os.listdir(handle):
            _remove_tree(handle, inner)
    finally:
        os.close(handle)
    os.rmdir(name, dir_fd=directory)


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
                _remove_temporary(descriptor)
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
                _take_back(root, change)
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


def _take_back(root: HostRoot, change: Change) -> None:
    before = change.before
    if before is None:
        _remove(root, change.path)
        return
    if before.kind == FILE and before.content is None:
        raise OSError(errno.EFBIG, "too large to have been kept")
    found = root.status(change.path)
    if before.kind == DIRECTORY and found is not None and stat.S_ISDIR(found.st_mode):
        _set_directory_attributes(root, before)
        return
    if found is not None and (before.kind == DIRECTORY or stat.S_ISDIR(found.st_mode)):
        _remove(root, change.path)
    put(root, before)


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
    _remove_temporary(directory)
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
        _create(handle, Entry(manifests.PATH, FILE, mode=0o644, content=manifest.to_bytes()))
        os.rename(TEMPORARY, split(manifests.PATH)[1], src_dir_fd=handle, dst_dir_fd=handle)
    finally:
        os.close(handle)
    os.rename(TEMPORARY, missing[0], src_dir_fd=directory, dst_dir_fd=directory)


def _remove_store(root: HostRoot, removed: list[str]) -> None:
    """Remove the manifest and those of its directories that are in *removed*, out of sight in one rename."""
    ours = [path for path in manifests.DIRECTORIES if path in removed]
    if not ours:
        _remove(root, manifests.PATH)
        return
    parent, name = split(ours[0])
    directory = _opened(root, parent)
    root.forget(ours[0])
    os.rename(name, TEMPORARY, src_dir_fd=directory, dst_dir_fd=directory)
    _remove_temporary(directory)
