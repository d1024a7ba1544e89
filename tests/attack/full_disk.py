# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""A small filesystem that has any number of blocks or inodes left: all or none, one line, and nothing staged stays."""

from __future__ import annotations

import os
import shutil
import subprocess

import interrupted
import tree
from case import Attack, Case
from product import ctl

_REMOUNT = 32
_LEVELS = 40
_SCENARIOS = ("create on a node with systemd", "change of the machine", "repair", "remove")
_FILESYSTEMS = ("tmpfs", "ext4")
_WHAT = ("blocks", "inodes")
_EXT4_KIB = 6144


class FullDisk(Attack):
    """Each scenario with each number of free blocks and of free inodes, from none to more than it needs."""

    name = "full_disk"
    share = 2.0

    def prepare(self, place: str, seed: int) -> None:
        """Run each scenario once, to know what it needs; make an ext4 image of each start."""
        self._images: dict[str, str] = {}
        filesystems = list(_FILESYSTEMS)
        reason = no_ext4(place)
        if reason:
            filesystems.remove("ext4")
            self.untried["ext4"] = reason
        self._tries: list[tuple[str, str, str, int]] = []
        for number, name in enumerate(_SCENARIOS):
            scenario = interrupted.SCENARIOS[name]
            scenario.prepare(f"{place}/scenario-{number}")
            if scenario.refusal:
                raise RuntimeError(scenario.refusal)
            if "ext4" in filesystems:
                self._images[name] = self._image(place, number, scenario.start)
            made = len(scenario.new.keys() - scenario.old.keys())
            changed = sum(1 for path, facts in scenario.new.items() if scenario.old.get(path) not in (None, facts))
            most = {"inodes": made + 2 * changed + 20, "blocks": 2 * made + 3 * changed + 60}
            for filesystem in filesystems:
                for what in _WHAT:
                    top = most[what] * (3 if (filesystem, what) == ("ext4", "blocks") else 1)
                    levels = sorted({round(top * step / _LEVELS) for step in range(_LEVELS + 1)})
                    self._tries += [(name, filesystem, what, level) for level in levels]

    def _image(self, place: str, number: int, start: str) -> str:
        image, mounted = f"{place}/start-{number}.img", f"{place}/mounted-{number}"
        _make_ext4(image)
        os.mkdir(mounted)
        _mount_image(image, mounted)
        tree.copy(start, mounted + "/node")
        subprocess.run(["umount", mounted], check=True, capture_output=True)
        return image

    def count(self) -> int:
        """Some forty levels for each scenario, filesystem and resource."""
        return len(self._tries)

    def attempt(self, case: Case) -> None:
        """Run with so much left, then with enough."""
        name, filesystem, what, level = self._tries[case.number]
        scenario = interrupted.SCENARIOS[name]
        place = case.path("small")
        os.mkdir(place)
        top = place + "/node"
        if filesystem == "ext4":
            shutil.copy(self._images[name], case.path("image"))
            _mount_image(case.path("image"), place)
            give_back = _fill_ext4(place, what, level)
        else:
            tree.mount("small", place, "tmpfs", 0, "size=32m,nr_inodes=4096,mode=0755")
            tree.copy(scenario.start, top)
            give_back = _limit_tmpfs(place, what, level)
        outcome = ctl(top, *scenario.flags)
        words = f"{name}, {filesystem}, {level} {what} left: "
        found = tree.listing(top)
        if outcome.ok:
            wrong = tree.difference(scenario.new, found)
        else:
            case.check("line", not outcome.complaint, words + outcome.complaint)
            wrong = tree.difference(scenario.old, found)
        case.check(filesystem, not wrong, f"{words}{wrong}; {outcome}")
        if not outcome.ok:
            give_back()
            outcome = ctl(top, *scenario.flags)
            wrong = tree.difference(scenario.new, tree.listing(top))
            case.check("again", outcome.ok and not wrong, f"{words}then enough: {outcome}; {wrong}")


def no_ext4(place: str) -> str:
    """Return why an ext4 filesystem can't be made here."""
    if not shutil.which("mkfs.ext4", path="/usr/sbin:/sbin:/usr/bin:/bin"):
        return "mkfs.ext4 is not installed"
    image = place + "/probe.img"
    try:
        _make_ext4(image)
        os.mkdir(place + "/probe")
        _mount_image(image, place + "/probe")
        tree.unmount(place + "/probe")
    except subprocess.CalledProcessError as error:
        return f"a loop device can't be used: {error.stderr.decode().strip()[:80]}"
    return ""


def _make_ext4(image: str) -> None:
    with open(image, "wb") as file:
        file.truncate(_EXT4_KIB << 10)
    command = ["/sbin/mkfs.ext4", "-q", "-F", "-b", "1024", "-m", "0", "-N", "1024", "-O", "^has_journal", image]
    subprocess.run(command, check=True, capture_output=True)


def _mount_image(image: str, place: str) -> None:
    subprocess.run(["mount", "-o", "loop", image, place], check=True, capture_output=True)


def _fill_ext4(place: str, what: str, level: int):
    """Leave so many blocks or inodes; return what gives them back."""
    filler = place + "/filler"
    os.mkdir(filler)
    now = os.statvfs(place)
    if what == "inodes":
        for number in range(now.f_ffree - level):
            os.mknod(f"{filler}/{number}", 0o100600)
    else:
        with open(filler + "/blocks", "wb") as file:
            left = now.f_bavail - level
            while left > 0:  # the file needs blocks for its own map
                try:
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, min(left, 512) * now.f_frsize)
                except OSError:
                    break
                left = os.statvfs(place).f_bavail - level
    return lambda: shutil.rmtree(filler)


def _limit_tmpfs(place: str, what: str, level: int):
    """Leave so many pages or inodes; return what gives them back."""
    now = os.statvfs(place)
    if what == "inodes":
        limit = f"nr_inodes={now.f_files - now.f_ffree + level}"
    else:
        limit = f"size={max(now.f_blocks - now.f_bfree + level, 1) * now.f_frsize}"
    tree.mount("small", place, None, _REMOUNT, limit)
    return lambda: tree.mount("small", place, None, _REMOUNT, "size=32m,nr_inodes=4096")


ATTACK = FullDisk()
