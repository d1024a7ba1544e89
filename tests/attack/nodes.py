# Copyright (c) 2026, the nvmock.gpu authors
# SPDX-License-Identifier: Apache-2.0
"""Nodes to attack: what is on them before the product comes, and the options that it is started with."""

from __future__ import annotations

import os
import stat

import tree
from product import ctl

BASES = ("empty", "used", "systemd")
_SPECIFICATION = b"""\
cdiVersion: 0.5.0
kind: vendor.example/device
devices:
  - name: one
    containerEdits:
      env:
        - OTHER=1
containerEdits: {}
"""
STATE = "/var/lib/nvidia-mock"
MANIFEST = STATE + "/manifest.mtree"
LOCK = STATE + "/lock"


# Links of a node: what is behind them has two names.
_LINKS = (("/run", "/var/run"), ("/mnt/opt", "/opt"), ("/usr/lib", "/lib"))


def spellings(path: str) -> list[str]:
    """Return the paths by which a message may name *path*."""
    return [path, *(link + path[len(place) :] for place, link in _LINKS if (path + "/").startswith(place + "/"))]


def is_named(path: str, said: str) -> bool:
    """Whether an output names *path*, or a directory above it as a whole."""
    places = (path, *(parent for parent in tree.parents(path) if parent.count("/") > 2))
    return any(name in said for place in places for name in spellings(place))


def unknowable(path: str, facts: tuple[str, str, str]) -> bool:
    """Whether nobody knows, once the manifest is gone, if the product has made this: then it stays.

    Such are directories, and what the product uses where it finds it: /dev/null and the hook program.
    """
    return facts[0] == "directory" or path.rpartition("/")[2] in ("null", "nvidia-cdi-hook")


def make_base(kind: str, top: str) -> None:
    """Make the directory *top* a node without the product: one of :data:`BASES`."""
    os.mkdir(top)
    os.chmod(top, 0o755)
    if kind == "empty":
        return
    for path, mode in (
        ("/dev", 0o755),
        ("/etc", 0o755),
        ("/etc/cdi", 0o750),
        ("/home", 0o755),
        ("/mnt", 0o755),
        ("/mnt/opt", 0o755),
        ("/run", 0o755),
        ("/var", 0o755),
        ("/var/lib", 0o711),
        ("/var/lib/other", 0o700),
        ("/usr", 0o755),
        ("/usr/lib", 0o755),
    ):
        os.mkdir(top + path)
        os.chmod(top + path, mode)
    tree.write(top + "/etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
    tree.write(top + "/etc/shadow", b"root:!:1::::::\n", 0o600)
    tree.write(top + "/etc/cdi/other.yaml", _SPECIFICATION, 0o640)
    tree.write(top + "/var/lib/other/data", b"\0\1", 0o600)
    os.mknod(top + "/dev/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    os.chmod(top + "/dev/null", 0o666)
    os.symlink("usr/lib", top + "/lib")
    os.symlink("/run", top + "/var/run")
    os.symlink("mnt/opt", top + "/opt")
    if kind == "systemd":
        os.makedirs(top + "/run/systemd/system")


class Made:
    """A node that was made once, for tries to copy: its options, and its listings before and after."""

    def __init__(self, top: str, base: str, flags: tuple[str, ...]) -> None:
        self.top = top
        self.flags = flags
        make_base(base, top)
        self.base = tree.listing(top)
        outcome = ctl(top, *flags)
        if not outcome.ok:
            raise RuntimeError(f"the node with {' '.join(flags)} can't be made: {outcome}")
        self.fresh = tree.listing(top)

    @property
    def artefacts(self) -> list[str]:
        """The paths that the product has made."""
        return sorted(self.fresh.keys() - self.base.keys())


_DRIVERS = ("535.104.05", "550.54.15", "570.124.06")
_MACHINES = ("dgxa100", "dgxh100", "dgxh200", "dgxb200")
_BASE_PATHS = ("/run/nvidia/driver", "/run/a-b", "/run/a@b", "/var/run/nvidia/driver", "/opt/mock", "/srv/a b/mock")
_DRIVER_ROOTS = ("/var/lib/nvidia-mock/driver", "/run/nvidia/dr", "/var/run/nvidia/dr", "/opt/driver", "/srv/driver")
_OUTPUTS = ("/etc/cdi/nvidia.yaml", "/var/run/cdi/nvidia.yaml", "/etc/cdi/mock.json", "/run/cdi/nvidia.json")


def random_flags(rng, paths: bool) -> tuple[str, ...]:
    """Return a random set of options that are all allowed.

    :arg paths: also options that say where something is on the node.
    """
    flags = ["--machine", rng.choice(_MACHINES), "--gpu-count", str(rng.choice((1, 2, 4, 8)))]
    if rng.random() < 0.5:
        flags += ["--driver-version", rng.choice(_DRIVERS)]
    if rng.random() < 0.4:
        flags.append("--with-dri")
    if rng.random() < 0.4:
        flags.append("--with-hook")
    if rng.random() < 0.25:
        flags += ["--device-files", "regular"]
    if rng.random() < 0.2:
        flags += ["--uuid-seed", f"seed {rng.randrange(3)}"]
    if flags[1] == "dgxa100" and rng.random() < 0.4:
        flags += ["--mig", "0=3g.20gb,1g.5gb"]
    if paths:
        for flag, values in (("--base", _BASE_PATHS), ("--driver-root", _DRIVER_ROOTS), ("--cdi-output", _OUTPUTS)):
            if rng.random() < 0.4:
                flags += [flag, rng.choice(values)]
        if "--with-hook" in flags and rng.random() < 0.3:
            flags += ["--toolkit-root", "/opt/toolkit"]
    return tuple(flags)
