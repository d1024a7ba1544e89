# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Thirty and more ways to damage one artefact of a node that the product has made."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import struct
from collections.abc import Callable

import tree
from nodes import LOCK, MANIFEST

_BIND = 4096
_ACL = "system.posix_acl_default"


class Damage:
    """What mutations have done to a node.

    :ivar top: the host root; *artefacts* are the product's paths in it.
    :ivar outside: a directory outside of the node that nothing may touch.
    :ivar done: what was done, in words.
    :ivar unmanaged: paths that are nobody's but the attacker's: they must stay.
    :ivar same_inode: of these, those that share an inode with an artefact: their content must stay.
    :ivar moved: paths of a directory that was moved and linked to: a run may work there or leave them alone.
    :ivar may_refuse: whether a run may refuse to repair this.
    :ivar may_keep: directories in whose place a link may stay, because an administrator may have moved them.
    """

    def __init__(self, top: str, artefacts: list[str], outside: str, rng) -> None:
        self.top = top
        self.outside = outside
        self.rng = rng
        self.done: list[str] = []
        self.unmanaged: set[str] = set()
        self.same_inode: set[str] = set()
        self.moved: set[str] = set()
        self.may_refuse = False
        self.may_keep: set[str] = set()
        self.manifest_touched = False
        self.lock_touched = False
        self.manifest_hidden = False  # only by a mount
        self._artefacts = artefacts
        self._number = 0

    def name(self) -> str:
        """Return a new name for something unmanaged."""
        self._number += 1
        return f"unmanaged-{self._number}"

    def pick(self, *kinds: str) -> str | None:
        """Return a random artefact of one of these kinds (all kinds if none is named) that can be reached without a link."""
        paths = [path for path in self._artefacts if self._kind(path) and (not kinds or self._kind(path) in kinds)]
        return self.rng.choice(paths) if paths else None

    def _kind(self, path: str) -> str:
        if any(not _is_directory(self.top + parent) for parent in tree.parents(path)):
            return ""
        try:
            mode = os.lstat(self.top + path).st_mode
        except OSError:
            return ""
        if stat.S_ISDIR(mode):
            return "directory"
        if stat.S_ISREG(mode):
            return "file"
        return "link" if stat.S_ISLNK(mode) else "device"

    def clear_path(self, path: str) -> None:
        """Remove an artefact with everything in it."""
        tree.clear(self.top + path)

    def plant(self, path: str, content: bytes = b"unmanaged\n") -> None:
        """Make an unmanaged file."""
        tree.write(self.top + path, content, 0o640)
        self.unmanaged.add(path)

    def unblock(self) -> None:
        """Take back what only hinders: mounts and inode flags."""
        tree.unmount_below(self.top)
        self.manifest_touched = self.manifest_touched and not self.manifest_hidden
        for path in self._artefacts:
            full = self.top + path
            if os.path.lexists(full) and not os.path.islink(full) and stat.S_IFMT(os.lstat(full).st_mode) in _PLAIN:
                tree.set_flags(full, 0)


_PLAIN = (stat.S_IFREG, stat.S_IFDIR)


def _is_directory(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def _delete(damage: Damage, path: str) -> None:
    os.unlink(damage.top + path)


def _truncate(damage: Damage, path: str) -> None:
    os.truncate(damage.top + path, 0)


def _cut(damage: Damage, path: str) -> None:
    os.truncate(damage.top + path, damage.rng.randrange(os.path.getsize(damage.top + path) + 1))


def _append(damage: Damage, path: str) -> None:
    with open(damage.top + path, "ab") as file:
        file.write(b"more\n" * damage.rng.randint(1, 2000))


def _flip(damage: Damage, path: str) -> None:
    with open(damage.top + path, "r+b") as file:
        content = bytearray(file.read()) or bytearray(b"0")
        content[damage.rng.randrange(len(content))] ^= 1 << damage.rng.randrange(8)
        file.seek(0)
        file.write(content)


def _scribble(damage: Damage, path: str) -> None:
    with open(damage.top + path, "r+b") as file:
        file.write(damage.rng.randbytes(min(os.path.getsize(damage.top + path), 65536)))


def _sparse(damage: Damage, path: str) -> None:
    os.truncate(damage.top + path, 5 << 30)


def _old_times(damage: Damage, path: str) -> None:
    os.utime(damage.top + path, (0, 0), follow_symlinks=False)


def _chmod(damage: Damage, path: str) -> None:
    os.chmod(damage.top + path, damage.rng.randrange(0o1000))


def _chmod_nothing(damage: Damage, path: str) -> None:
    os.chmod(damage.top + path, 0)


def _chmod_special(damage: Damage, path: str) -> None:
    os.chmod(damage.top + path, damage.rng.choice((0o4755, 0o2755, 0o1777, 0o6777)))


def _chown(damage: Damage, path: str) -> None:
    os.lchown(damage.top + path, damage.rng.choice((1, 1000, 65534)), -1)


def _chgrp(damage: Damage, path: str) -> None:
    os.lchown(damage.top + path, -1, damage.rng.choice((1, 1000, 65534)))


def _replace(damage: Damage, path: str, make: Callable[[str], object]) -> None:
    damage.clear_path(path)
    make(damage.top + path)


def _link_inside(damage: Damage, path: str) -> None:
    target = damage.rng.choice(damage._artefacts)
    _replace(damage, path, lambda place: os.symlink(target, place))


def _link_dangling(damage: Damage, path: str) -> None:
    _replace(damage, path, lambda place: os.symlink(damage.rng.choice(("/nowhere", "nowhere", "../../no")), place))


def _link_outside(damage: Damage, path: str) -> None:
    _replace(damage, path, lambda place: os.symlink(damage.outside + "/canary", place))


def _link_climbing(damage: Damage, path: str) -> None:
    up = "../" * 30 + damage.outside.lstrip("/") + "/canary"
    _replace(damage, path, lambda place: os.symlink(up, place))


def _link_loop(damage: Damage, path: str) -> None:
    _replace(damage, path, lambda place: os.symlink(os.path.basename(path), place))


def _fifo(damage: Damage, path: str) -> None:
    _replace(damage, path, os.mkfifo)


def _socket(damage: Damage, path: str) -> None:
    damage.clear_path(path)
    where = os.open(os.path.dirname(damage.top + path), os.O_PATH)
    try:  # the path of a socket may have 108 characters only
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(f"/proc/self/fd/{where}/{os.path.basename(path)}")
    finally:
        os.close(where)


def _empty_directory(damage: Damage, path: str) -> None:
    _replace(damage, path, os.mkdir)


def _full_directory(damage: Damage, path: str) -> None:
    damage.clear_path(path)
    damage.plant(f"{path}/{damage.name()}/file")
    damage.may_refuse = True


def _other_numbers(damage: Damage, path: str) -> None:
    # Numbers of /dev/null's major, so that nothing answers whom a mistake would let open it.
    _replace(damage, path, lambda place: os.mknod(place, stat.S_IFCHR | 0o666, os.makedev(1, 3)))


def _block_device(damage: Damage, path: str) -> None:
    _replace(damage, path, lambda place: os.mknod(place, stat.S_IFBLK | 0o600, os.makedev(7, 250)))


def _plain_file(damage: Damage, path: str) -> None:
    _replace(damage, path, lambda place: tree.write(place, b"in the way\n"))


def _second_name(damage: Damage, path: str) -> None:
    name = f"/{damage.name()}"
    os.link(damage.top + path, damage.top + name, follow_symlinks=False)
    damage.unmanaged.add(name)
    damage.same_inode.add(name)


def _hard_link_of_unmanaged(damage: Damage, path: str) -> None:
    name = f"/{damage.name()}"
    damage.plant(name)
    damage.clear_path(path)
    os.link(damage.top + name, damage.top + path)
    damage.same_inode.add(name)
    if path.endswith("/lock"):  # a lock that somebody else could have made is not used
        damage.manifest_touched = True


def _immutable(damage: Damage, path: str) -> None:
    tree.set_flags(damage.top + path, tree.IMMUTABLE)
    damage.may_refuse = True


def _append_only(damage: Damage, path: str) -> None:
    tree.set_flags(damage.top + path, tree.APPEND_ONLY)
    damage.may_refuse = True


def _mount_over(damage: Damage, path: str) -> None:
    if _is_directory(damage.top + path):
        tree.mount("over", damage.top + path, "tmpfs", 0, "size=64k")
    else:
        tree.mount(damage.outside + "/canary", damage.top + path, None, _BIND)
    damage.may_refuse = True


def _beside(damage: Damage, path: str) -> None:
    damage.plant(f"{os.path.dirname(path)}/{damage.name()}{damage.rng.choice(('', '.so.1', '.conf', '.yaml.bak'))}")


def _directory_beside(damage: Damage, path: str) -> None:
    place = f"{os.path.dirname(path)}/{damage.name()}"
    damage.plant(f"{place}/inner/file")
    damage.unmanaged |= {place, f"{place}/inner"}


def _default_acl(damage: Damage, path: str) -> None:
    entries = [(1, 7, -1), (2, 7, 65534), (4, 5, -1), (16, 7, -1), (32, 5, -1)]
    acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
    os.setxattr(os.path.dirname(damage.top + path) or "/", _ACL, acl)


def _set_group_id(damage: Damage, path: str) -> None:
    place = os.path.dirname(damage.top + path)
    os.chown(place, -1, 1000)
    os.chmod(place, stat.S_IMODE(os.stat(place).st_mode) | stat.S_ISGID)


def _moved_aside(damage: Damage, path: str) -> None:
    name = f"{os.path.dirname(path)}/{damage.name()}"
    os.rename(damage.top + path, damage.top + name)
    damage.unmanaged.add(name)


def _swapped(damage: Damage, path: str) -> None:
    other = damage.pick("file", "link", "device")
    if other is None or MANIFEST in (path, other):
        return
    os.rename(damage.top + path, damage.top + path + ".x")
    if other != path:
        os.rename(damage.top + other, damage.top + path)
    os.rename(damage.top + path + ".x", damage.top + other)


def _tree_deleted(damage: Damage, path: str) -> None:
    damage.clear_path(path)


def _directory_dangling(damage: Damage, path: str) -> None:
    _replace(damage, path, lambda place: os.symlink("/nowhere", place))


def _directory_to_inside(damage: Damage, path: str) -> None:
    place = f"/{damage.name()}"
    damage.plant(f"{place}/libcuda.so.1")
    damage.unmanaged.add(place)
    _replace(damage, path, lambda full: os.symlink(place, full))
    damage.may_refuse = True
    damage.may_keep |= {path, place}


def _directory_to_outside(damage: Damage, path: str) -> None:
    up = "../" * 30 + damage.outside.lstrip("/")
    _replace(damage, path, lambda place: os.symlink(up, place))
    damage.may_refuse = True


def _directory_moved(damage: Damage, path: str) -> None:
    place = f"/{damage.name()}"
    if os.path.ismount(damage.top + path):
        return
    shutil.move(damage.top + path, damage.top + place)
    os.symlink(place, damage.top + path)
    damage.moved |= {place, *(place + inner for inner in tree.listing(damage.top + place))}
    damage.may_refuse = True
    damage.may_keep |= {path, place}


def _manifest(change: Callable[[str], object]) -> Callable[[Damage, str], None]:
    def mutate(damage: Damage, _path: str) -> None:
        if damage._kind(MANIFEST) == "file":
            change(damage.top + MANIFEST)

    return mutate


def _cut_lines(path: str) -> None:
    with open(path, "rb") as file:
        lines = file.readlines()
    with open(path, "wb") as file:
        file.writelines(lines[: len(lines) // 2])


def _drop_a_line(path: str) -> None:
    with open(path, "rb") as file:
        lines = file.readlines()
    del lines[len(lines) // 2 : len(lines) // 2 + 1]  # nothing of a file that another mutation has emptied
    with open(path, "wb") as file:
        file.writelines(lines)


NOT_DIRECTORIES = ("file", "link", "device")
_ANY = (*NOT_DIRECTORIES, "directory")

# name -> (kinds of artefacts that it is for, what it does)
MUTATIONS: dict[str, tuple[tuple[str, ...], Callable[[Damage, str], None]]] = {
    "deleted": (NOT_DIRECTORIES, _delete),
    "truncated": (("file",), _truncate),
    "cut": (("file",), _cut),
    "appended": (("file",), _append),
    "a bit flipped": (("file",), _flip),
    "overwritten": (("file",), _scribble),
    "made 5 GiB sparse": (("file",), _sparse),
    "of 1970": (_ANY, _old_times),
    "chmod": (("file", "device", "directory"), _chmod),
    "chmod 0": (("file", "device", "directory"), _chmod_nothing),
    "chmod special": (("file", "device", "directory"), _chmod_special),
    "chown": (_ANY, _chown),
    "chgrp": (_ANY, _chgrp),
    "a link inside": (NOT_DIRECTORIES, _link_inside),
    "a dangling link": (NOT_DIRECTORIES, _link_dangling),
    "a link outside": (NOT_DIRECTORIES, _link_outside),
    "a climbing link": (NOT_DIRECTORIES, _link_climbing),
    "a link to itself": (NOT_DIRECTORIES, _link_loop),
    "a FIFO": (_ANY, _fifo),
    "a socket": (_ANY, _socket),
    "an empty directory": (NOT_DIRECTORIES, _empty_directory),
    "a full directory": (NOT_DIRECTORIES, _full_directory),
    "a device of other numbers": (_ANY, _other_numbers),
    "a block device": (_ANY, _block_device),
    "a plain file": (("link", "device", "directory"), _plain_file),
    "with a second name": (("file", "device"), _second_name),
    "a hard link of an unmanaged file": (NOT_DIRECTORIES, _hard_link_of_unmanaged),
    "an unmanaged file beside": (_ANY, _beside),
    "an unmanaged directory beside": (_ANY, _directory_beside),
    "below a default ACL": (_ANY, _default_acl),
    "below a set-group-ID directory": (_ANY, _set_group_id),
    "moved aside": (NOT_DIRECTORIES, _moved_aside),
    "swapped": (NOT_DIRECTORIES, _swapped),
    "deleted with everything in it": (("directory",), _tree_deleted),
    "a directory as a dangling link": (("directory",), _directory_dangling),
    "a directory as a link inside": (("directory",), _directory_to_inside),
    "a directory as a link outside": (("directory",), _directory_to_outside),
    "a directory moved and linked": (("directory",), _directory_moved),
    "the manifest deleted": (_ANY, _manifest(os.unlink)),
    "the manifest cut": (_ANY, _manifest(_cut_lines)),
    "the manifest without a line": (_ANY, _manifest(_drop_a_line)),
    "the manifest writable by all": (_ANY, _manifest(lambda path: os.chmod(path, 0o666))),
    # What hinders all others comes last.
    "immutable": (("file", "directory"), _immutable),
    "append-only": (("file", "directory"), _append_only),
    "mounted over": (("file", "directory", "device"), _mount_over),
}
_LAST = ("immutable", "append-only", "mounted over")
# Where a lost manifest stops being repairable is the product's to say: what it lists may be damaged as well.
_HOUSE = [*tree.parents(MANIFEST), MANIFEST]


def mutate(damage: Damage) -> None:
    """Make 1 to 5 random mutations."""
    names = damage.rng.choices(list(MUTATIONS), k=damage.rng.randint(1, 5))
    names.sort(key=lambda name: name in _LAST)
    for name in names:
        kinds, change = MUTATIONS[name]
        path = damage.pick(*kinds)
        if path is None:
            continue
        before = _house(damage)
        try:
            change(damage, path)
        except OSError as error:  # an earlier mutation is in the way
            damage.done.append(f"({name}: {error.strerror})")
            continue
        damage.done.append(f"{'' if name.startswith('the manifest') else path + ' '}{name}")
        if before != _house(damage):
            damage.manifest_hidden = name == "mounted over" and (damage.manifest_hidden or not damage.manifest_touched)
            damage.manifest_touched = True
    # A node whose manifest is gone or cut short is taken back, if nothing else is wrong with it.
    if damage.manifest_touched and damage.done not in (["the manifest deleted"], ["the manifest cut"]):
        damage.may_refuse = True
    # What is not the lock may be somebody's, and whoever held the lock would not know of another one.
    damage.lock_touched = not _is_lock(damage.top + LOCK)
    damage.may_refuse = damage.may_refuse or damage.lock_touched


def _is_lock(path: str) -> bool:
    """Whether it is an empty file, or nothing is there."""
    try:
        status = os.lstat(path)
    except OSError:
        return True
    return stat.S_ISREG(status.st_mode) and not status.st_size and not status.st_uid


def _house(damage: Damage) -> list[object]:
    found: list[object] = []
    for path in _HOUSE:
        try:
            status = os.lstat(damage.top + path)
        except OSError:
            found.append(None)
            continue
        size = status.st_mtime_ns if path == MANIFEST else 0
        found.append((status.st_mode, status.st_uid, status.st_gid, status.st_ino, size))
    return found
