# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Run hooks as a runtime does before a container starts, and say on standard output, in JSON, what they left.

    python3 in_container.py ROOTFS STATE < CALLS

ROOTFS is made a mount point with the machine's /proc in it, so this must run in a mount namespace of its own. CALLS is a list of
command lines, in JSON; each gets the text STATE on standard input. What is said: {"statuses": [0, ...], "messages": [text, ...],
"before": TREE, "after": TREE}, where a TREE is {path: [type, mode, content or link target or device number]}.
"""

import json
import os
import pathlib
import stat
import subprocess
import sys

PARAMS = "driver/nvidia/params"


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def prepare(root):
    """As the runtime and the kernel module have prepared it; nvidia-cdi-hook reads the params of the machine, not the container's."""
    mount("--bind", root, root)
    mount("-t", "tmpfs", "tmpfs", "/proc/driver")
    path = pathlib.Path("/proc", PARAMS)
    path.parent.mkdir(parents=True)
    path.write_text("ResmanDebugLevel: 4294967295\nModifyDeviceFiles: 1\nDeviceFileUID: 0\n")
    mount("--rbind", "/proc", os.path.join(root, "proc"))


def entry(path):
    status = os.lstat(path)
    content = None
    if stat.S_ISLNK(status.st_mode):
        content = os.readlink(path)
    elif stat.S_ISREG(status.st_mode):
        content = pathlib.Path(path).read_bytes().decode("latin-1")
    elif stat.S_ISCHR(status.st_mode):
        content = [os.major(status.st_rdev), os.minor(status.st_rdev)]
    return [stat.S_IFMT(status.st_mode), stat.S_IMODE(status.st_mode), content]


def tree(root):
    seen = {"proc/" + PARAMS: entry(os.path.join(root, "proc", PARAMS))}
    for place, directories, names in os.walk(root):
        if place == root:
            directories.remove("proc")
        for name in directories + names:
            path = os.path.join(place, name)
            seen[os.path.relpath(path, root)] = entry(path)
    return seen


def main():
    root, state = sys.argv[1:]
    prepare(root)
    before = tree(root)
    done = [
        subprocess.run(call, input=state, capture_output=True, text=True, check=False, timeout=60)
        for call in json.load(sys.stdin)
    ]
    said = {
        "statuses": [one.returncode for one in done],
        "messages": [one.stderr for one in done],
        "before": before,
        "after": tree(root),
    }
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
