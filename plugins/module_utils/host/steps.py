# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""The steps of a transaction. Each is staged, moved, and then either cleaned up or undone.

Only staging needs space. A move renames, and what was there goes aside under a hidden name in the same directory. So
undoing is renaming back, which needs neither space nor another right than the move did. To undo, a step looks at which
names exist, so an interruption at any point does no harm.
"""

from __future__ import annotations

import errno
import os
import stat

from .entries import DIRECTORY, FILE, SYMLINK, Entry
from .put import Unsynced, create, fit, open_directory, status_of, sync_directory, unlink
from .root import HostRoot, join, split

_NOT_EMPTY = (errno.ENOTEMPTY, errno.EEXIST)


class Step:
    """One thing that appears, is replaced, or goes.

    :arg directory: descriptor of the directory that it is in.
    :arg path: its path on the node, for messages.
    :arg before: what is there now, None for nothing.
    :arg staged: hidden name of what takes its place; None if it only goes. It need not be there before it is staged.
    :arg aside: hidden name for what is there now.
    :arg keeps: what is there now stays under the hidden name for good (it was taken over).
    """

    __slots__ = ("path", "_directory", "_name", "_before", "_staged", "_aside", "_keeps", "_begun", "_gone", "_later")

    def __init__(
        self, directory: int, path: str, before: Entry | None, staged: str | None, aside: str, keeps: bool = False
    ) -> None:
        self.path = path
        self._directory = directory
        self._name = split(path)[1]
        self._before = before
        self._staged = staged
        self._aside = aside
        self._keeps = keeps
        self._begun = False
        self._gone = False  # a directory that can't be renamed (overlay) was removed in place
        self._later = False  # a directory that can't be renamed goes when all in it is gone

    @property
    def touches(self) -> tuple[int, ...]:
        """The directories whose entries it changes."""
        return (self._directory,)

    def stage(self, entry: Entry, unsynced: Unsynced) -> None:
        """Make what takes the place.

        :raises OSError: the filesystem refused.
        """
        if self._staged is None:
            raise AssertionError("nothing is staged")
        create(self._directory, entry, self._staged, unsynced)
        if entry.kind != FILE:
            fit(self._directory, self._staged, entry)

    def move(self) -> None:
        """Put aside what is there, and show what takes its place.

        :raises OSError: the filesystem refused.
        """
        self._begun = True
        if self._before is not None:
            self._put_aside(self._before)
        if self._staged is not None:
            self._rename(self._staged, self._name)

    def _put_aside(self, before: Entry) -> None:
        if self._staged is not None and before.kind != DIRECTORY and not self._shows_directory():
            try:  # a second name, so that the place is never empty
                os.link(
                    self._name,
                    self._aside,
                    src_dir_fd=self._directory,
                    dst_dir_fd=self._directory,
                    follow_symlinks=False,
                )
                return
            except OSError:
                pass  # no hard links on this filesystem, or not to this file
        try:
            self._rename(self._name, self._aside)
        except FileNotFoundError:
            pass  # it vanished meanwhile
        except OSError as error:
            if error.errno != errno.EXDEV or before.kind != DIRECTORY:
                raise
            # On overlayfs a directory of a lower layer can't be renamed.
            try:
                os.rmdir(self._name, dir_fd=self._directory)
                self._gone = True
            except OSError as refused:
                if refused.errno not in _NOT_EMPTY or self._staged is not None:
                    raise
                self._later = True

    def _shows_directory(self) -> bool:
        return False

    def clean(self) -> bool:
        """Remove for good what was put aside; return whether there was something to remove.

        :raises OSError: the filesystem refused.
        """
        if self._before is None or self._keeps or self._gone:
            return False
        if self._before.kind != DIRECTORY:
            return unlink(self._directory, self._aside)
        name = self._name if self._later else self._aside
        try:
            os.rmdir(name, dir_fd=self._directory)
        except FileNotFoundError:
            return False
        except OSError as error:
            if error.errno not in _NOT_EMPTY:
                raise
            if not self._later:  # somebody has put something into it meanwhile
                self._rename(self._aside, self._name)
        return True

    def undo(self) -> None:
        """Bring back what was there, and remove what was staged.

        :raises OSError: the filesystem refused.
        """
        if self._begun:
            self._move_back()
        self._discard()

    def _move_back(self) -> None:
        if self._gone and self._before is not None:
            if self._staged is not None and self._shown():
                self._rename(self._name, self._staged)
            os.mkdir(self._name, self._before.mode or 0, dir_fd=self._directory)
            fit(self._directory, self._name, self._before)
            return
        here = status_of(self._directory, self._name)
        aside = status_of(self._directory, self._aside) if self._before is not None else None
        if aside is not None:
            if here is not None and (here.st_dev, here.st_ino) == (aside.st_dev, aside.st_ino):
                os.unlink(self._aside, dir_fd=self._directory)
                return
            if here is not None and self._staged is not None:
                self._take_from_place(here, stat.S_ISDIR(aside.st_mode))
            self._rename(self._aside, self._name)
        elif self._before is None and here is not None and self._shown():
            if self._staged is None:
                raise AssertionError("nothing is staged")
            self._rename(self._name, self._staged)

    def _shown(self) -> bool:
        """Whether what was staged has been renamed to its place."""
        return self._staged is not None and status_of(self._directory, self._staged) is None

    def _take_from_place(self, here: os.stat_result, comes_directory: bool) -> None:
        """Take back what was shown, where a rename would not replace it."""
        if comes_directory or stat.S_ISDIR(here.st_mode):
            if self._staged is None:
                raise AssertionError("nothing is staged")
            self._rename(self._name, self._staged)

    def _discard(self) -> None:
        if self._staged is not None:
            unlink(self._directory, self._staged)

    @property
    def left(self) -> str:
        """The paths that may be left over after an undo that failed, joined."""
        found = [self.path]
        for name in (self._staged, self._aside):
            try:
                if name is not None and status_of(self._directory, name) is not None:
                    found.append(join(split(self.path)[0], name))
            except OSError:
                pass  # what can't be looked at can't be named
        return ", ".join(found)

    def _rename(self, source: str, target: str) -> None:
        os.rename(source, target, src_dir_fd=self._directory, dst_dir_fd=self._directory)


class Return(Step):
    """What was taken over comes back to its place; *staged* is the name that it was kept under."""

    __slots__ = ()

    def clean(self) -> bool:
        # With two names of one file the rename has done nothing, and the second name is left over.
        if self._staged is not None:
            unlink(self._directory, self._staged)
        return super().clean()

    def _take_from_place(self, here: os.stat_result, comes_directory: bool) -> None:
        """The file goes back to where it was kept, whatever replaces it."""
        if self._staged is None:
            raise AssertionError("nothing is staged")
        if status_of(self._directory, self._staged) is None:
            self._rename(self._name, self._staged)

    def _discard(self) -> None:
        """It stays where it was kept."""


class Tree(Step):
    """A new directory with all that goes into it: made under the hidden name, and shown by one rename."""

    __slots__ = ("inside", "descriptors", "_root", "_directories", "_made")

    def __init__(
        self, root: HostRoot, directory: int, path: str, before: Entry | None, staged: str, aside: str
    ) -> None:
        super().__init__(directory, path, before, staged, aside)
        self.inside = path + "/"
        self._root = root
        self.descriptors: dict[str, int] = {}  # real path -> descriptor
        self._directories: dict[str, int] = {}  # path as it was planned -> descriptor
        self._made: list[tuple[int, str, bool]] = []

    @property
    def touches(self) -> tuple[int, ...]:
        return (*self._directories.values(), self._directory)

    def stage(self, entry: Entry, unsynced: Unsynced) -> None:
        super().stage(entry, unsynced)
        if self._staged is None:
            raise AssertionError("nothing is staged")
        self._open(self._directory, self._staged, entry.path)

    def add(self, entry: Entry, unsynced: Unsynced) -> None:
        """Make something in the tree. Nobody sees it yet, so it is made at its place.

        :raises OSError: the filesystem refused.
        """
        parent, name = split(entry.path)
        directory = self._directories[parent]
        self._made.append((directory, name, entry.kind == DIRECTORY))
        create(directory, entry, name, unsynced)
        own = entry.uid in (None, os.geteuid()) and entry.gid in (None, os.getegid())
        if entry.kind != FILE and not (entry.kind == SYMLINK and own):
            fit(directory, name, entry)
        if entry.kind == DIRECTORY:
            self._open(directory, name, entry.path)

    def _open(self, directory: int, name: str, path: str) -> None:
        handle = open_directory(directory, name)
        self._root.reach(path, handle)
        self._directories[path] = handle
        self.descriptors[self._root.real(path) or path] = handle

    def _shows_directory(self) -> bool:
        return True

    def _discard(self) -> None:
        """Remove only what this run made. If somebody has put something into it, the tree goes back to its place."""
        if self._staged is None:
            raise AssertionError("nothing is staged")
        if status_of(self._directory, self._staged) is None:
            return
        try:
            while self._made:
                directory, name, is_directory = self._made[-1]
                if not is_directory:
                    unlink(directory, name)
                elif status_of(directory, name) is not None:
                    os.rmdir(name, dir_fd=directory)
                self._made.pop()
            os.rmdir(self._staged, dir_fd=self._directory)
        except OSError as error:
            if self._begun and error.errno in _NOT_EMPTY and status_of(self._directory, self._name) is None:
                self._rename(self._staged, self._name)
            raise


class Attributes:
    """The owner and the mode of a directory that stays, or of a file that is changed in place."""

    __slots__ = ("path", "_directory", "_before", "_after", "_begun")

    def __init__(self, directory: int, before: Entry, after: Entry) -> None:
        self.path = after.path
        self._directory = directory
        self._before = before
        self._after = after
        self._begun = False

    @property
    def touches(self) -> tuple[int, ...]:
        return ()

    def move(self) -> None:
        """:raises OSError: the filesystem refused."""
        self._begun = True
        fit(self._directory, split(self.path)[1], self._after)

    def clean(self) -> bool:
        return False

    def undo(self) -> None:
        """:raises OSError: the filesystem refused."""
        if self._begun:
            fit(self._directory, split(self.path)[1], self._before)

    @property
    def left(self) -> str:
        return self.path


def synced(steps: list[Step | Attributes]) -> None:
    """Wait until the directories that *steps* changed are on the disk, each once.

    :raises OSError: the disk refused.
    """
    for directory in dict.fromkeys([touched for step in steps for touched in step.touches]):
        sync_directory(directory)
