# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Runs where the filesystem refuses something for good. Each function runs in a mount namespace of its own (test_transaction)."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess

from host_support import (
    BASE,
    DRIVER_ROOT,
    MANIFEST,
    SPEC,
    STAGED,
    absent,
    different,
    inhabit,
    present,
    small_node,
    snapshot,
)

from ansible_collections.nvmock.gpu.plugins.module_utils.errors import HostError

_BIG = b"#" * 3 * 4096


def _one(top):
    present(top, _with_text(small_node(1), b"one"))


def _two(top):
    present(top, _with_text(small_node(3), b"two"))


def _none(top):
    absent(top, small_node(3))


def _with_text(wanted, text):
    """Let some files have several pages, so that a disk can be full in the middle of one."""
    for component in wanted:
        for number, entry in enumerate(component.entries):
            if entry.path in (SPEC, f"{DRIVER_ROOT}/bin/nvidia-smi"):
                component.entries[number] = entry.but(content=text + _BIG)
    return wanted


STEPS = {"create": (None, _one), "change": (_one, _two), "remove": (_one, _none)}


def _tmpfs(top, options):
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", top], check=True)


def _refused(run, top):
    """Run; return the message of a refusal, after which the tree must be as before, or None."""
    before = snapshot(top)
    try:
        run(top)
    except HostError as error:
        assert "\n" not in str(error)
        assert "nothing was changed" in str(error), str(error)
        assert different(before, snapshot(top)) == [], (str(error), different(before, snapshot(top)))
        return str(error)
    assert not [path for path in snapshot(top) if STAGED in path]
    return None


def full(top, step, limit):
    """Every number of free pages (or inodes), from none to enough."""
    prepare, run = STEPS[step]
    refused = 0
    for free in range(400):
        _tmpfs(top, "size=4m" if limit == "size" else "nr_inodes=600")
        inhabit(top)
        if prepare is not None:
            prepare(top)
        _fill(top, limit, free)
        message = _refused(run, top)
        if message is not None:
            assert "No space left on device" in message, message
            refused += 1
        _after(top, step)
        subprocess.run(["umount", top], check=True)
        if message is None:
            break
    else:
        raise AssertionError("never enough")
    assert refused or step == "remove", refused


def _fill(top, limit, free):
    """Leave *free* pages or inodes."""
    if limit == "size":
        with open(f"{top}/filler", "wb", buffering=0) as handle, contextlib.suppress(OSError):
            while True:
                handle.write(b"f" * 4096)
        os.truncate(f"{top}/filler", max(0, os.stat(f"{top}/filler").st_size - free * 4096))
        return
    os.mkdir(f"{top}/filler")
    number = 0
    with contextlib.suppress(OSError):
        while True:
            os.close(os.open(f"{top}/filler/{number}", os.O_CREAT | os.O_WRONLY))
            number += 1
    for gone in range(max(0, number - free), number):
        os.unlink(f"{top}/filler/{gone}")


def _after(top, step):
    """Whatever happened: with enough space, the same run works."""
    filler = f"{top}/filler"
    if os.path.isdir(filler):
        shutil.rmtree(filler)
    else:
        os.unlink(filler)
    STEPS[step][1](top)


def immutable(top):
    """chattr +i on each file and directory of the node in turn."""
    os.mkdir(f"{top}/node")
    top = f"{top}/node"
    inhabit(top)
    _one(top)
    paths = sorted(path for path, facts in snapshot(top).items() if facts[0] in (0o040000, 0o100000))
    tried = 0
    for path in paths:
        if not (path.startswith(("/run/", "/var/lib/nvidia-mock")) or path in (SPEC, "/etc/cdi", "/var/lib")):
            continue
        subprocess.run(["chattr", "+i", top + path], check=True)
        try:
            for run in (_two, _none):
                message = _refused(run, top)
                tried += message is not None
                if message is None:
                    subprocess.run(["chattr", "-i", top + path], check=False, capture_output=True)
                    _none(top)
                    _one(top)
                    subprocess.run(["chattr", "+i", top + path], check=True)
        finally:
            subprocess.run(["chattr", "-i", top + path], check=False, capture_output=True)
    assert tried > 20, tried
    _two(top)
    _none(top)


def mounted(top):
    """Something is mounted on each file, device and directory in turn."""
    inhabit(top)
    _one(top)
    paths = [SPEC, f"{DRIVER_ROOT}/bin/nvidia-smi", "/dev/nvidia0", "/var/lib/nvidia-mock", BASE, DRIVER_ROOT]
    for path in paths:
        directory = os.path.isdir(top + path)
        # On itself: of what has other content a removal would leave it, and not try.
        subprocess.run(["mount", "--bind", top + path, top + path], check=True)
        try:
            assert _refused(_none, top) is not None, path
            if not directory:
                _refused(_two, top)
        finally:
            subprocess.run(["umount", top + path], check=True)
    _two(top)
    _none(top)


def odd_kinds(top):
    """A pipe, a socket and a block device in places of the node come back when a later step fails."""
    inhabit(top)
    _one(top)
    places = [f"{top}{path}" for path in ("/dev/nvidia0", SPEC, f"{DRIVER_ROOT}/bin/nvidia-smi")]
    for place in places:
        os.unlink(place)
    os.mkfifo(places[0], 0o620)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(places[1])
    os.mknod(places[2], 0o060600, os.makedev(7, 99))
    inodes = [os.lstat(place).st_ino for place in places]
    last = f"{top}{DRIVER_ROOT}/lib64/libcuda.so.550.54.15"
    os.truncate(last, 1)
    subprocess.run(["chattr", "+i", last], check=True)
    try:
        assert _refused(_one, top) is not None
    finally:
        subprocess.run(["chattr", "-i", last], check=True)
    assert [os.lstat(place).st_ino for place in places] == inodes
    _one(top)
    _none(top)


def overlay(top, whole):
    """A node in a lower layer: changed, and removed to nothing."""
    for name in ("lower", "upper", "work", "node"):
        os.mkdir(f"{top}/{name}")
    lower, node = f"{top}/lower", f"{top}/node"
    if not whole:
        inhabit(lower)
    before = snapshot(lower)
    _one(lower)
    options = f"lowerdir={lower},upperdir={top}/upper,workdir={top}/work"
    subprocess.run(["mount", "-t", "overlay", "-o", options, "none", node], check=True)
    _two(node)
    two = snapshot(node)
    _two(node)
    assert different(two, snapshot(node)) == []
    _one(node)
    subprocess.run(["chattr", "+i", f"{top}/upper/etc/cdi"], check=True)
    try:
        assert _refused(_none, node) is not None
    finally:
        subprocess.run(["chattr", "-i", f"{top}/upper/etc/cdi"], check=True)
    _none(node)
    assert different(before, snapshot(node)) == []
    _one(node)
    _none(node)
    assert different(before, snapshot(node)) == []


def no_way_to_clean_up(top):
    """A directory that takes new names but gives none back (chattr +a): the message names what stays."""
    inhabit(top)
    _one(top)
    subprocess.run(["chattr", "+a", f"{top}/etc/cdi"], check=True)
    before = snapshot(top)
    message = ""
    try:
        _two(top)
    except HostError as error:
        message = str(error)
    assert message, "not refused"
    subprocess.run(["chattr", "-a", f"{top}/etc/cdi"], check=True)
    now = snapshot(top)
    extra = different(before, now)
    assert MANIFEST in extra
    extra.remove(MANIFEST)  # in progress: the next run cleans up
    assert extra, message
    for path in extra:
        assert STAGED in path and path in message, (path, message)
    _two(top)
    assert not [path for path in snapshot(top) if STAGED in path]
