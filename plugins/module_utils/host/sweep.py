# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""What a killed run left behind: hidden names that are removed, and what it put into the manifest too early."""

from __future__ import annotations

import errno
import os
import stat

from ..errors import HostError
from . import housing
from . import manifest as manifests
from .entries import ASIDE
from .hidden import OLD, STAGED
from .manifest import Manifest, Owned
from .put import names_with, remove_hidden, remove_tree
from .root import HostRoot, join, split

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def settled(root: HostRoot, known: Manifest) -> Manifest:
    """Return *known* without the paths that a killed run did not come to take over, or had given back already.

    What was taken over has a hidden name beside its place. If a killed run left no such name, or a second name of the
    same file, then what is at the place is not managed.
    """
    if not known.in_progress:
        return known
    owned = {path: item for path, item in known.owned.items() if not _is_of_others(root, path, item)}
    return known.only(owned)


def _is_of_others(root: HostRoot, path: str, item: Owned) -> bool:
    if item.replaced is None or item.replaced.kind != ASIDE:
        return False
    kept = root.status(join(split(path)[0], item.replaced.target or ""))
    here = root.status(path)
    return kept is None or (here is not None and (kept.st_dev, kept.st_ino) == (here.st_dev, here.st_ino))


def sweep(root: HostRoot, known: Manifest) -> None:
    """Remove what a killed run left behind under hidden names.

    :arg known: the manifest as it was read.
    :raises HostError: it can't be removed.
    """
    if root.status(manifests.PATH) is None:
        _for_each(root, [housing.missing_directories(root)[0]], _remove_unfinished_housing, STAGED)
        return
    _for_each(root, [manifests.STATE_DIRECTORY], _remove_unfinished_manifests, STAGED)
    if not known.in_progress:
        return
    places = sorted({split(path)[0] for path in known.owned} | set(manifests.DIRECTORIES) | {"/"})
    if known.staged:
        _for_each(root, places, remove_hidden, known.staged)
        for path, item in sorted(known.owned.items()):
            if item.replaced is not None and item.replaced.kind == ASIDE and _is_of_others(root, path, item):
                _for_each(root, [split(path)[0]], remove_tree, item.replaced.target or "")
    else:  # killed in an older version
        _for_each(root, places, remove_tree, OLD)


def _for_each(root: HostRoot, places: list[str], remove: Callable[[int, str], None], name: str) -> None:
    for place in places:
        try:
            directory = root.directory(place)
        except HostError:
            continue  # not a directory any more: nothing from nvmock.gpu is in it
        try:
            if directory is not None:
                remove(directory, name)
        except OSError as error:
            raise HostError(f"{place}: what a killed run left there can't be removed: {error.strerror}") from None


def _remove_unfinished_manifests(directory: int, prefix: str) -> None:
    """Remove manifests that were never shown or no longer count; other files that have such a name stay."""
    for name in names_with(directory, prefix):
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
        try:
            regular = stat.S_ISREG(os.fstat(handle).st_mode)
            start = os.read(handle, len(manifests.FIRST_LINE)) if regular else b"?"
        finally:
            os.close(handle)
        if manifests.FIRST_LINE.startswith(start):
            os.unlink(name, dir_fd=directory)


def _remove_unfinished_housing(directory: int, prefix: str) -> None:
    """Remove directories for a manifest that were never shown, or were hidden to be removed; others stay."""
    for name in names_with(directory, prefix):
        try:
            housing.remove(directory, name)
        except OSError as error:
            if error.errno not in (*housing.NOT_EMPTY, errno.ENOTDIR, errno.ELOOP):
                raise
