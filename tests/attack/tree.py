# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Directory trees: listings that can be compared, copies, and clearing what an attack has left."""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import os
import stat
import struct

_LIBC = ctypes.CDLL(None, use_errno=True)
_DETACH = 2
_GET_FLAGS, _SET_FLAGS = 0x80086601, 0x40086602
IMMUTABLE, APPEND_ONLY = 0x10, 0x20
_KINDS = {
    stat.S_IFDIR: "directory",
    stat.S_IFREG: "file",
    stat.S_IFLNK: "link",
    stat.S_IFCHR: "char",
    stat.S_IFBLK: "block",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
}
# Larger files are told apart by their size and their beginning.
_MOST_BYTES = 4 << 20

Listing = dict[str, tuple[str, str, str]]
"""Path -> (what it is, mode and owner, identity: inode and times, or nothing).

What it is: the kind, with the digest of the content, the target, or the device numbers.
"""


def listing(top: str, identity: bool = False) -> Listing:
    """Return what is below the directory *top*, without it.

    :arg identity: also inode, modification time and change time, which tell whether something was touched at all.
    """
    found: Listing = {}
    places = [top]
    while places:
        with os.scandir(places.pop()) as items:
            for item in items:
                status = item.stat(follow_symlinks=False)
                kind = _KINDS[stat.S_IFMT(status.st_mode)]
                what = kind
                if kind == "directory":
                    places.append(item.path)
                elif kind == "file":
                    what = f"file {status.st_size} {_digest(item.path, status.st_size)}"
                elif kind == "link":
                    what = f"link {os.readlink(item.path)!r}"
                elif kind in ("char", "block"):
                    what = f"{kind} {os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
                rights = "" if kind == "link" else f"{stat.S_IMODE(status.st_mode):04o} "
                times = f"{status.st_ino} {status.st_mtime_ns} {status.st_ctime_ns}" if identity else ""
                found[item.path[len(top) :]] = (what, f"{rights}{status.st_uid}:{status.st_gid}", times)
    return found


def _digest(path: str, size: int) -> str:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NOATIME)
    try:
        content = os.read(handle, min(size, _MOST_BYTES) + 1)
    finally:
        os.close(handle)
    return hashlib.blake2b(content, digest_size=6).hexdigest()


def difference(expected: Listing, found: Listing, most: int = 3) -> str:
    """Return in words how *found* differs from *expected*; an empty text if it does not."""
    words = []
    for path in sorted(expected.keys() | found.keys()):
        old, new = expected.get(path), found.get(path)
        if old == new:
            continue
        if new is None:
            words.append(f"{path} is missing")
        elif old is None:
            words.append(f"{path} is there ({' '.join(new).strip()})")
        else:
            words.append(f"{path} is {' '.join(new).strip()} instead of {' '.join(old).strip()}")
    more = len(words) - most
    return "; ".join(words[:most]) + (f"; and {more} more" if more > 0 else "")


def parents(path: str) -> list[str]:
    """Return the directories above a path of a listing, from the deepest on, without the top."""
    found = []
    while path.count("/") > 1:
        path = path.rpartition("/")[0]
        found.append(path)
    return found


def copy(source: str, target: str) -> None:
    """Make the directory *target* a copy of *source*, device nodes and owners included; it must not exist."""
    os.mkdir(target, 0o700)
    with os.scandir(source) as items:
        for item in items:
            status = item.stat(follow_symlinks=False)
            place = f"{target}/{item.name}"
            if stat.S_ISDIR(status.st_mode):
                copy(item.path, place)
                continue
            if stat.S_ISLNK(status.st_mode):
                os.symlink(os.readlink(item.path), place)
                os.lchown(place, status.st_uid, status.st_gid)
                continue
            if stat.S_ISREG(status.st_mode):
                with open(item.path, "rb") as file:
                    write(place, file.read())
            else:
                os.mknod(place, status.st_mode, status.st_rdev)
            _set(place, status)
    _set(target, os.lstat(source))


def _set(path: str, status: os.stat_result) -> None:
    os.chown(path, status.st_uid, status.st_gid)
    os.chmod(path, stat.S_IMODE(status.st_mode))


def write(path: str, content: bytes = b"", mode: int = 0o644) -> None:
    """Make a file with the directories above it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
    os.chmod(path, mode)


def set_flags(path: str, flags: int) -> bool:
    """Set the inode flags, as chattr(1) does; return whether the filesystem has them."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        now = struct.unpack("l", fcntl.ioctl(handle, _GET_FLAGS, struct.pack("l", 0)))[0]
        fcntl.ioctl(handle, _SET_FLAGS, struct.pack("l", (now & ~(IMMUTABLE | APPEND_ONLY)) | flags))
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def mount(source: str, target: str, kind: str | None = None, flags: int = 0, data: str | None = None) -> None:
    """mount(2).

    :raises OSError: the kernel refused.
    """
    words = [None if word is None else word.encode() for word in (source, target, kind)]
    if _LIBC.mount(*words, ctypes.c_ulong(flags), None if data is None else data.encode()):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)


def unmount(target: str) -> None:
    """Detach what is mounted on *target*, if something is."""
    _LIBC.umount2(target.encode(), _DETACH)


def unmount_below(top: str) -> None:
    """Detach everything that is mounted below *top*."""
    with open("/proc/self/mounts", encoding="utf-8") as file:
        places = [line.split()[1] for line in file]
    for place in reversed(places):
        if place.startswith(top + "/"):
            unmount(place)


def clear(path: str) -> None:
    """Remove *path* with everything in it, and with what is mounted or immutable there."""
    if not os.path.lexists(path):
        return
    unmount_below(path)
    unmount(path)
    _clear(path)


def _clear(path: str) -> None:
    if os.path.islink(path) or not os.path.isdir(path):
        try:
            os.unlink(path)
        except PermissionError:
            set_flags(path, 0)
            set_flags(os.path.dirname(path), 0)
            os.unlink(path)
        return
    for name in os.listdir(path):
        _clear(f"{path}/{name}")
    try:
        os.rmdir(path)
    except PermissionError:
        set_flags(path, 0)
        set_flags(os.path.dirname(path), 0)
        os.rmdir(path)
